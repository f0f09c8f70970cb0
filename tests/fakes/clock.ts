/** Clocks of tests: a machine whose clock is wrong, and time that passes when a test says so. */
import type { ScratchClock } from "../../lib/checkpoint/scratch.ts";

/** This process's clock is wrong by so much while `during` runs. */
export async function withClock<T>(offMs: number, during: () => Promise<T>): Promise<T> {
  const Right = Date;
  globalThis.Date = new Proxy(Right, {
    construct: (Of, given) => given.length === 0 ? new Of(Right.now() + offMs) : Reflect.construct(Of, given),
    get: (Of, name) => name === "now" ? () => Right.now() + offMs : Reflect.get(Of, name),
  });
  try {
    return await during();
  } finally {
    globalThis.Date = Right;
  }
}

export interface TestTime {
  /** The time of day there. */
  now(): Date;
  /** A stopwatch that runs with it. */
  clock: ScratchClock;
  /**
   * Lets time pass, in steps, so that whoever waits is woken when it is due. Each step ends when those that were woken wait
   * again, however slow this machine is; with `alone`, they are left to what they do.
   */
  pass(ms: number, stepMs?: number, alone?: "alone"): Promise<void>;
}

/** Time that stands still until it is told to pass. */
export function testTime(start = Date.parse("2026-11-21T13:05:00Z")): TestTime {
  let elapsed = 0;
  const waiting = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => new Date(start + elapsed),
    clock: {
      elapsedMs: () => elapsed,
      wait: (ms, signal) =>
        new Promise((resolve) => {
          const one = { until: elapsed + ms, wake: () => (waiting.delete(one), resolve()) };
          waiting.add(one);
          signal.addEventListener("abort", one.wake);
          if (signal.aborted) one.wake();
        }),
    },
    async pass(ms, stepMs = 30_000, alone) {
      for (const end = elapsed + ms; elapsed < end;) {
        elapsed = Math.min(end, elapsed + stepMs);
        const before = waiting.size;
        const due = [...waiting].filter(({ until }) => until <= elapsed);
        for (const { wake } of due) wake();
        while (!alone && waiting.size < before) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  };
}
