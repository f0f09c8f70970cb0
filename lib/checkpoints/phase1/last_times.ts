/** How long each part took last time, in the user's cache directory: for progress only, so whatever is wrong with it is no fault. */
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../../disk/atomic_file.ts";
import { MOST_BYTES, readLimited } from "../../disk/read_limited.ts";
import { atMost, list, num, oneOf, text, whole } from "../../engine/decode.ts";
import { UsageError } from "../../engine/errors.ts";
import { parseJson } from "../../untrusted/json.ts";

/** One part on one platform. */
export interface LastTime {
  /** The context of the kubeconfig. */
  context: string;
  part: string;
  ms: number;
}

const SCHEMA = "lakecheck.times/v1";
/** Those that were longest not seen are forgotten. */
const MOST_TIMES = 100;
/** A part that took longer was stopped by nobody, or the file lies. */
const LONGEST_MS = 24 * 3_600_000;

const readFile = whole({
  schema: oneOf(SCHEMA),
  times: atMost(MOST_TIMES, list(whole({ context: text(500), part: text(50, 1), ms: num }))),
});

/** Where the file is; undefined where there is no home. */
export function timesPath(env: (name: string) => string | undefined): string | undefined {
  const home = env("HOME") || env("USERPROFILE");
  const cache = env("XDG_CACHE_HOME") || (home ? join(home, ".cache") : undefined);
  return cache ? join(cache, "lakecheck", "times.json") : undefined;
}

/** What these bytes say; of bytes that say something else, nothing. Never throws. */
export function timesIn(bytes: Uint8Array): LastTime[] {
  try {
    const { times = [] } = readFile(parseJson(new TextDecoder().decode(bytes))) ?? {};
    return times.filter(({ ms }) => ms > 0 && ms <= LONGEST_MS);
  } catch {
    // Of an older release, cut off, or somebody else's: then it is not known how long anything took.
    return [];
  }
}

/** With this one, which is the newest. */
export function withTime(times: readonly LastTime[], time: LastTime): LastTime[] {
  const others = times.filter(({ context, part }) => context !== time.context || part !== time.part);
  return [time, ...others].slice(0, MOST_TIMES);
}

export const timesText = (times: readonly LastTime[]): string =>
  `${JSON.stringify({ schema: SCHEMA, times }, null, 2)}\n`;

export async function readTimes(path: string | undefined): Promise<LastTime[]> {
  if (path === undefined) return [];
  const read = await readLimited(path, { maxBytes: MOST_BYTES.times, waitMs: 1000 });
  return read.ok ? timesIn(read.bytes) : [];
}

/** Keeps what is in the file of others. */
export async function keepTime(path: string | undefined, time: LastTime): Promise<void> {
  if (path === undefined) return;
  const bytes = new TextEncoder().encode(timesText(withTime(await readTimes(path), time)));
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, bytes, { flag: "HOME", mode: 0o600 });
  } catch (error) {
    // A home that may not be written to costs an estimate, and no report.
    if (error instanceof UsageError || error instanceof Deno.errors.NotCapable || isOfSystem(error)) return;
    throw error;
  }
}

const isOfSystem = (error: unknown): boolean => error instanceof Error && "code" in error;
