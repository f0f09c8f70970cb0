/** Time that passes only when everybody waits for it, so that what is tried of times is the same on every machine. */

interface Timer {
  at: number;
  /** Those of one moment fire in the order in which they were set. */
  nth: number;
  everyMs?: number;
  fire(): void;
}

/** What each look at the clock takes: work that waits for nothing must come to its end too. Milliseconds. */
const LOOK_MS = 0.01;

/**
 * Runs `use` with a clock of its own in place of performance.now, setTimeout and setInterval. Whenever nothing is left
 * to do at once, time jumps to the next timer. Only for what waits for timers and promises: what comes from outside, a
 * file or a socket, comes at a time of its own.
 */
export async function inFakeTime<T>(use: () => Promise<T>): Promise<T> {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, now: performance.now };
  const timers = new Map<number, Timer>();
  let [now, nth] = [0, 0];
  const set = (fire: () => void, ms = 0, everyMs?: number) => {
    timers.set(++nth, { at: now + Math.max(ms, 0), nth, fire, ...everyMs === undefined ? {} : { everyMs } });
    return nth;
  };
  const clear = (id: number) => void timers.delete(id);
  const step = () => {
    const [next] = [...timers.values()].sort((a, b) => a.at - b.at || a.nth - b.nth);
    if (!next) return;
    now = Math.max(now, next.at);
    if (next.everyMs === undefined) timers.delete(next.nth);
    else next.at = now + Math.max(next.everyMs, 1);
    next.fire();
  };
  Object.assign(globalThis, {
    setTimeout: (fire: () => void, ms?: number) => set(fire, ms),
    setInterval: (fire: () => void, ms = 0) => set(fire, ms, ms),
    clearTimeout: clear,
    clearInterval: clear,
  });
  performance.now = () => now += LOOK_MS;
  let ended = false;
  try {
    const going = use().finally(() => ended = true);
    going.catch(() => {});
    while (!ended) {
      // A turn of the real event loop: all promises that can be settled are.
      await new Promise<void>((turn) => real.setTimeout(turn, 0));
      if (!ended) step();
    }
    return await going;
  } finally {
    const { now: realNow, ...timing } = real;
    Object.assign(globalThis, timing);
    performance.now = realNow;
  }
}
