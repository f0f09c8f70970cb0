/** Looks again and again, and says what is new. */
import { CannotLook, UsageError } from "../../engine/errors.ts";
import { refKey } from "../../engine/model.ts";
import { lineOf, type Result } from "./steps.ts";

export interface Watching {
  everyMs: number;
  say(line: string): void;
  sleep(ms: number): Promise<void>;
}

/**
 * Looks until the process is ended. What the first look throws is thrown; from then on a cluster or Connect that is
 * away is told once, and looked for again. Every wait inside of `look` must have a limit of its own.
 */
export async function watch(
  look: () => Promise<Result[]>,
  { everyMs, say, sleep }: Watching,
): Promise<never> {
  const before = new Map<string, string>();
  const tell = (results: readonly Result[]) => {
    for (const result of results) {
      const line = lineOf(result);
      const key = refKey(result.object);
      const again = before.get(key) === line && result.outcome !== "changed";
      const calm = result.outcome === "unchanged" && /^ {2}(created|changed) /.test(before.get(key) ?? "");
      if (!again && !calm) say(line);
      before.set(key, line);
    }
  };
  tell(await look());
  let away: string | undefined;
  while (true) {
    await sleep(everyMs);
    try {
      const results = await look();
      if (away !== undefined) say("It answers again.");
      away = undefined;
      tell(results);
    } catch (error) {
      if (!(error instanceof CannotLook || error instanceof UsageError)) throw error;
      if (away === undefined) {
        say(`${error.message.replace(/\.$/, "")}. It is tried again every ${everyMs / 1000} s.`);
      }
      away = error.message;
    }
  }
}
