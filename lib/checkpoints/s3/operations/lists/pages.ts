/** Lists as trials read them: a page, all pages, and what is wrong with the names in them. */
import { expect, fail } from "../../../../checkpoint/expect.ts";
import type { Outcome } from "../../../../checkpoint/trial.ts";
import type { Steps } from "../steps.ts";

/** Pages of a list that never ends by itself. */
const MOST_PAGES = 40;

export interface Page {
  keys: string[];
  prefixes: string[];
  count: number;
  more: boolean;
}

export type Query = { Prefix?: string; Delimiter?: string; MaxKeys?: number; StartAfter?: string };

/** One page, with names without the steps' prefix. */
export async function page(steps: Steps, query: Query, token?: string): Promise<Page & { token?: string }> {
  const { ask, s3, sdk, bucket, prefix } = steps;
  const { Prefix = "", StartAfter, ...more } = query;
  const seen = await ask(
    "ListObjectsV2",
    s3.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix + Prefix,
        StartAfter: StartAfter === undefined ? undefined : prefix + StartAfter,
        ContinuationToken: token,
        ...more,
      }),
    ),
  );
  const short = (key = "") => key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return {
    keys: (seen.Contents ?? []).map(({ Key }) => short(Key)),
    prefixes: (seen.CommonPrefixes ?? []).map((one) => short(one.Prefix)),
    count: seen.KeyCount ?? -1,
    more: seen.IsTruncated ?? false,
    token: seen.NextContinuationToken,
  };
}

/** All pages, to the last. Ends the trial when there is no end, or a page is larger than was asked for. */
export async function pages(
  steps: Steps,
  query: Query,
  between?: (page: number) => Promise<void>,
): Promise<Page[]> {
  const all: Page[] = [];
  const evidence = `ListObjectsV2 with max-keys ${query.MaxKeys} and continuation tokens`;
  let token: string | undefined;
  while (all.length < MOST_PAGES) {
    const one = await page(steps, query, token);
    const { MaxKeys = 1000 } = query;
    expect(one.keys.length + one.prefixes.length <= MaxKeys, "SilentlyIgnored", {
      message: "the store ignores max-keys, and gives more at once than was asked for",
      observed: `${one.keys.length + one.prefixes.length} entries`,
      expected: `at most ${MaxKeys}`,
      evidence,
    });
    all.push(one);
    if (!one.more) return all;
    expect(one.token, "NoToken", "a page says that there are more, and not how to get them", {
      observed: "IsTruncated without NextContinuationToken",
      expected: "a continuation token",
      evidence,
    });
    token = one.token;
    await between?.(all.length);
  }
  fail("EndlessPages", "a list in pages has no end, as if the continuation token were ignored", {
    observed: `more than ${MOST_PAGES} pages`,
    expected: "a last page",
    evidence,
  });
}

/** What two lists of names differ in, for people; undefined when they are the same. */
function difference(got: readonly string[], wanted: readonly string[]): Partial<Outcome> | undefined {
  if (got.join("\n") === wanted.join("\n")) return undefined;
  const twice = got.filter((name, at) => got.indexOf(name) !== at);
  const missing = wanted.filter((name) => !got.includes(name));
  const extra = got.filter((name) => !wanted.includes(name));
  const say = (what: string, names: string[]) => names.length > 0 ? [`${what}: ${names.join(" ")}`] : [];
  const words = [...say("missing", missing), ...say("twice", twice), ...say("not asked for", extra)];
  return {
    observed: words.join("; ") || `another order: ${got.join(" ")}`,
    expected: wanted.join(" ") || "nothing",
  };
}

export function expectNames(
  got: string[],
  wanted: readonly string[],
  reason: string,
  message: string,
  evidence: string,
) {
  const differs = difference(got, wanted);
  expect(!differs, reason, message, { ...differs, evidence });
}

export const sorted = (names: readonly string[]) => [...names].sort((a, b) => a < b ? -1 : 1);
