/**
 * What a checkpoint makes for itself, and how it is cleaned up: in reverse, however the checkpoint ends: well, badly,
 * late, or by Ctrl-C.
 */
import { failureOf } from "../engine/collect.ts";
import { CannotLook } from "../engine/errors.ts";
import { type FoundMarker, judgeMarker, LEASE_MS, type MarkerVerdict, RENEW_MS } from "./scratch_marker.ts";
import { failed, type Outcome, unknown } from "./trial.ts";
import { within } from "./within.ts";

/** What a checkpoint makes for itself, and how it is cleaned up. */
export interface Scratch {
  /** In the names of everything that is made: `20261121t1305z-4f1c09ae`. */
  id: string;
  /** How long from now this run may take, with undoing, in ms: what its markers promise. At least LEASE_MS. */
  leaseMs(): number;
  /**
   * Registers how to clean up what is being made; register first, then make. `how` must do no harm when nothing was
   * made, and must not use a client that ends with the checkpoint's signal. `marker`: it says whose all that is registered
   * after it is, and is kept when something of that is left, so that a later run knows.
   */
  undo(what: string, how: () => Promise<void>, options?: { marker?: boolean }): void;
  /**
   * Registers how a marker (scratch_marker.ts) is written again. That is done every RENEW_MS until the run ends, and never
   * while things are undone. `how` may fail: it is called again when it is due.
   */
  renew(how: () => Promise<void>): void;
}

/** What could not be cleaned up. */
export interface Leftover {
  what: string;
  why: string;
  /** Absent: it could not be removed. */
  reason?: NotCleaned["reason"];
  /** See NotCleaned: nobody may be told to remove by hand what is listed there. */
  listsOthers?: boolean;
}

/** What became of a scratch place of another run. */
export type SweepState =
  | { state: "removed" }
  /** Its run is over, and it was not removed as it should be. */
  | ({ state: "stuck" } & Omit<Leftover, "what">)
  | { state: "live"; host: string; leftMs: number }
  /** Left alone: `why` goes on after "it". */
  | { state: "unclear"; why: string };

/** What a marker says of the run, however its store gives it; one that can't be read leaves its place alone. */
export async function markerVerdict(
  run: string,
  read: () => Promise<FoundMarker | undefined>,
): Promise<MarkerVerdict> {
  try {
    return judgeMarker(await read(), run);
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return { state: "unclear", why: `has no marker that can be read: ${error.failure.message}` };
  }
}

/** What stood in the way of removing a place whose run is over. */
export function stuckBy(error: unknown): SweepState {
  return { state: "stuck", why: failureOf(error).message, ...toldBy(error) };
}

function toldBy(error: unknown): Pick<Leftover, "reason" | "listsOthers"> {
  if (!(error instanceof NotCleaned)) return {};
  const { reason, listsOthers } = error;
  return { reason, ...listsOthers ? { listsOthers } : {} };
}

/**
 * What an undo throws that knows what became of it. `NotSeen`: whether something is left could not be seen.
 * `ListedOutside`: everything is gone, and the store showed things that are not ours, which were left as they are.
 */
export class NotCleaned extends Error {
  override name = "NotCleaned";
  constructor(
    readonly reason: "NotRemoved" | "NotSeen" | "ListedOutside",
    message: string,
    /** A list of the place shows what is not ours: whoever removes by hand what is listed, removes that. */
    readonly listsOthers = false,
  ) {
    super(message);
  }
}

/** What a report says of something that was not cleaned up. */
export function leftoverOutcome({ what, why, reason = "NotRemoved" }: Leftover): Outcome {
  switch (reason) {
    case "NotRemoved":
      return failed(reason, `${what} could not be removed: ${why}`);
    case "NotSeen":
      return unknown(reason, `${what}: whether something is left could not be seen: ${why}`);
    case "ListedOutside":
      return failed(reason, `${what} were removed, but ${why}`, { status: "warning" });
  }
}

export interface ScratchOptions {
  /** Longest wait for one thing to be cleaned up. */
  undoTimeoutMs: number;
  /** How long the run is expected to take, in ms; default: ten minutes. It may take longer. */
  expectedMs?: number;
  now?: () => Date;
  /** For tests. */
  clock?: ScratchClock;
}

/** A stopwatch, and waiting by it. */
export interface ScratchClock {
  /** Grows steadily, from anything on. */
  elapsedMs(): number;
  /** Resolves after that time, or at once when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const CLOCK: ScratchClock = {
  elapsedMs: () => performance.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    }),
};

const EXPECTED_MS = 10 * 60_000;
/** Longest wait for one marker to be written again. */
const RENEWAL_LIMIT_MS = 5_000;

/** Gives a scratch scope to `use`, and cleans everything up when it ends or throws. */
export async function inScratch<T>(
  use: (scratch: Scratch) => Promise<T>,
  { undoTimeoutMs, expectedMs = EXPECTED_MS, now = () => new Date(), clock = CLOCK }: ScratchOptions,
): Promise<{ ended: PromiseSettledResult<T>; leftovers: Leftover[] }> {
  const undos: { what: string; how: () => Promise<void>; marker: boolean }[] = [];
  const started = clock.elapsedMs();
  const heart = heartbeat(clock);
  const scratch: Scratch = {
    id: scratchId(now()),
    leaseMs: () => Math.max(0, expectedMs - (clock.elapsedMs() - started)) + LEASE_MS,
    undo: (what, how, { marker = false } = {}) => void undos.push({ what, how, marker }),
    renew: heart.add,
  };
  const [ended] = await Promise.allSettled([(async () => await use(scratch))()]);
  // What writes a marker while its place is being removed would make the place anew.
  await heart.stop();
  const leftovers: Leftover[] = [];
  for (const { what, how, marker } of undos.reverse()) {
    if (marker && leftovers.some(({ reason }) => reason !== "ListedOutside")) continue;
    try {
      await within(how(), undoTimeoutMs);
    } catch (error) {
      leftovers.push({ what, why: failureOf(error).message, ...toldBy(error) });
    }
  }
  return { ended, leftovers };
}

/** Writes markers again, one round after the other, from the first that is added until it is stopped. */
function heartbeat(clock: ScratchClock): { add(how: () => Promise<void>): void; stop(): Promise<void> } {
  const renewals: (() => Promise<void>)[] = [];
  const over = new AbortController();
  let beating: Promise<void> | undefined;
  const beat = async () => {
    while (!over.signal.aborted) {
      await clock.wait(RENEW_MS, over.signal);
      if (over.signal.aborted) return;
      await Promise.allSettled(renewals.map(async (how) => await within(how(), RENEWAL_LIMIT_MS)));
    }
  };
  return {
    add(how) {
      renewals.push(how);
      beating ??= beat();
    },
    async stop() {
      over.abort();
      await beating;
    },
  };
}

/** Sorts by time, is no secret, and is a part of a bucket's, a branch's and a label's name. */
function scratchId(now: Date): string {
  const time = now.toISOString().slice(0, 16).replace(/[-:]/g, "").toLowerCase();
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${time}z-${random.toString(16).padStart(8, "0")}`;
}
