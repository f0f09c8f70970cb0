/** What a table of words says of each word, in the short form `status Reason`, for tests that ask the judges the same. */
import type { Judgement, KindCheck } from "../../lib/engine/model.ts";

/** What is said of an object; `nothing` means that it is fine. */
export const saying = (judged: Pick<Judgement, "status" | "reason"> | undefined): string =>
  judged ? `${judged.status} ${judged.reason}` : "nothing";

/** The rows of the tables of a check, as `field: word` and what is said. */
export function rowsOf(
  { words = [] }: Pick<KindCheck, "words">,
): [field: string, word: string, said: string][] {
  return words.flatMap(({ field, words }) =>
    words.map(([word, said]) => [field, word, said] as [string, string, string])
  );
}

/** What a verdict means while it has just begun and long after, e.g. `in progress for 60 s, then critical, `Stuck``. */
export function expected(verdict: string): { young: string; old: string } {
  const [before = "", after = before] = verdict.split(", then ");
  return { young: shortOf(before), old: shortOf(after) };
}

function shortOf(verdict: string): string {
  if (/^ok\b/.test(verdict)) return "nothing";
  if (verdict.startsWith("in progress")) return "ok Progressing";
  const [, status, reason] = /^(critical|warning|unknown), `(\w+)`/.exec(verdict) ?? [];
  if (!status) throw new Error(`not a verdict: ${verdict}`);
  return `${status} ${reason}`;
}
