/**
 * Keeps the resident memory of this process below a number. What lives is bounded by the allowances; this is for what
 * is dead: V8 collects it when it likes, and lets it grow to hundreds of MiB where nothing tells it that there is a limit.
 */
import v8 from "node:v8";
import vm from "node:vm";

export interface MemoryGuard {
  /** Bytes that the process may have. */
  limit: number;
  /** What the process has now, bytes. */
  resident(): number;
  /** Collects what is dead if the limit is near. */
  look(): void;
  /** The most that was seen, bytes. */
  most(): number;
  end(): void;
}

/** What may come between two looks, and what V8 itself needs while it collects. */
const MARGIN = 24 * 1024 * 1024;
/** When collecting frees little, the next try comes after so much more. */
const STEP = 8 * 1024 * 1024;
const LOOK_MS = 50;

/** Looks by itself every 50 ms until `end`; whoever makes much at once looks besides. */
export function memoryGuard(
  limit: number,
  { resident = residentBytes, collect = collector(), lookMs = LOOK_MS }: {
    resident?: () => number;
    collect?: () => void;
    lookMs?: number;
  } = {},
): MemoryGuard {
  const from = limit - MARGIN;
  let next = from;
  let most = 0;
  const seen = () => {
    const now = resident();
    most = Math.max(most, now);
    return now;
  };
  const look = () => {
    if (seen() < next) return;
    collect();
    next = Math.max(from, Math.min(seen() + STEP, limit - STEP));
  };
  const timer = setInterval(look, lookMs);
  return { limit, resident: seen, look, most: () => most, end: () => clearInterval(timer) };
}

const residentBytes = () => Deno.memoryUsage().rss;

/** The collector of V8, which a program is given when it asks V8 for it: https://nodejs.org/api/v8.html#v8setflagsfromstringflags */
function collector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  const gc: unknown = vm.runInNewContext("gc");
  return typeof gc === "function" ? () => void gc() : () => {};
}
