/** Time in tests: a slow machine makes them slow, and never wrong. */
import assert from "node:assert/strict";
import process from "node:process";

/** A limit that nothing is to reach, milliseconds: on the slowest machine what takes so long hangs. */
export const PATIENT_MS = 120_000;

/** Waits for as long as it takes until it is so; a condition that never comes fails by name. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENT_MS; !await so(); await soon()) {
    assert.ok(performance.now() < end, `not within ${PATIENT_MS / 1000} s: ${so}`);
  }
}

function soon(): Promise<void> {
  return new Promise((next) => setTimeout(next, 5));
}

/**
 * For a limit that one step of a test has to reach and the steps before it must not: on a machine that is too slow for
 * the first of these limits the next one is tried. The failure of the last one stands.
 */
export async function withinLimits(
  limitsMs: readonly [number, ...number[]],
  test: (limitMs: number) => Promise<void>,
): Promise<void> {
  for (const [i, limitMs] of limitsMs.entries()) {
    try {
      return await test(limitMs);
    } catch (error) {
      if (i === limitsMs.length - 1) throw error;
    }
  }
}

/** What this process has computed since `begin`, milliseconds: unlike time that has passed, it is its own alone. */
export function computedMs(begin: ReturnType<typeof process.cpuUsage>): number {
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}
