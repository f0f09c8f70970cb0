import assert from "node:assert/strict";
import { load, type LoadOptions, type Operation } from "../../lib/load/generator.ts";
import { percentileMs } from "../../lib/load/histogram.ts";
import { CannotLook, Interrupted } from "../../lib/engine/errors.ts";
import { inFakeTime } from "../fakes/time.ts";

/** A test in time of its own. */
const timed = (name: string, test: () => Promise<void>) => Deno.test(name, () => inFakeTime(test));

const pause = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

const options = (operation: Operation, more: Partial<LoadOptions> = {}): LoadOptions => ({
  concurrency: 4,
  timeoutMs: 1000,
  signal: new AbortController().signal,
  operation,
  ...more,
});

timed("no more operations are under way at once than workers, and as many", async () => {
  let [now, most] = [0, 0];
  const result = await load(options(async () => {
    most = Math.max(most, ++now);
    await pause(2);
    now--;
    return 10;
  }, { concurrency: 7, requests: 70 }));
  assert.equal(most, 7);
  assert.equal(result.begun, 70);
  assert.equal(result.latency.count, 70);
  assert.equal(result.inWindow, 70);
  assert.equal(result.bytesInWindow, 700);
});

timed("each operation has a number of its own, from the first that was asked for", async () => {
  const seen: number[] = [];
  await load(options((i) => Promise.resolve(void seen.push(i)).then(() => 0), { from: 100, requests: 50 }));
  assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, at) => 100 + at));
});

timed("the rate is right though operations are long against the window", async () => {
  const result = await load(options(async () => {
    await pause(100);
    return 1;
  }, { concurrency: 8, warmupMs: 50, durationMs: 130 }));
  const rate = result.inWindow / result.elapsedMs * 1000;
  assert.ok(rate > 65 && rate < 85, `${rate} a second, of 80`);
  assert.ok(result.latency.count >= 8, "those that outlast the window are counted in the latency");
});

timed("what ends in the warm-up is not counted", async () => {
  const result = await load(options(async (i) => {
    await pause(i < 4 ? 60 : 5);
    return 1;
  }, { warmupMs: 90, durationMs: 60 }));
  assert.ok(percentileMs(result.latency, 1) < 50, `${percentileMs(result.latency, 1)} ms`);
});

timed("an operation that hangs is ended in time and counted as a timeout", async () => {
  const result = await load(options(async (_i, signal) => {
    await pause(10_000, signal);
    return 1;
  }, { timeoutMs: 100, durationMs: 60 }));
  assert.deepEqual(result.errors, { timeout: 4 });
  assert.deepEqual(result.firstErrors, ["no whole answer within 0.1 s"]);
  assert.equal(result.latency.count, 0);
});

timed("a worker goes on after a timeout", async () => {
  const result = await load(options(async (i, signal) => {
    await pause(i === 0 ? 10_000 : 5, signal);
    return 1;
  }, { concurrency: 1, timeoutMs: 100, durationMs: 400 }));
  assert.equal(result.errors.timeout, 1);
  assert.ok(result.latency.count > 5);
});

timed(
  "refusals are counted by kind, their words kept once, and do not make latency look better",
  async () => {
    const result = await load(options(async (i) => {
      await pause(5);
      if (i % 4 === 0) return { kind: "SlowDown", words: "the store asks to slow down" };
      if (i % 4 === 1) throw new CannotLook({ kind: "unreachable", message: "refused the connection" });
      return 1;
    }, { requests: 40 }));
    assert.deepEqual(result.errors, { SlowDown: 10, unreachable: 10 });
    assert.deepEqual(result.firstErrors.toSorted(), [
      "refused the connection",
      "the store asks to slow down",
    ]);
    assert.equal(result.latency.count, 20);
  },
);

timed("a store that refuses at once is not flooded", async () => {
  const result = await load(
    options(() => Promise.resolve({ kind: "SlowDown", words: "no" }), { durationMs: 200 }),
  );
  assert.ok(result.begun <= 4 * 6, `${result.begun} operations`);
});

timed("a bug in an operation ends the load, and is thrown when the others have stopped", async () => {
  let under = 0;
  const going = load(options(async (i) => {
    under++;
    await pause(i === 3 ? 5 : 30);
    under--;
    if (i === 3) throw new TypeError("a bug");
    return 1;
  }, { durationMs: 5000 }));
  await assert.rejects(going, TypeError);
  assert.equal(under, 0);
});

timed("Ctrl-C ends operations under way and throws Interrupted when all have ended", async () => {
  const interruption = new AbortController();
  let under = 0;
  const going = load(options(async (_i, signal) => {
    under++;
    try {
      await pause(10_000, signal);
      return 1;
    } finally {
      under--;
    }
  }, { durationMs: 60_000, timeoutMs: 60_000, signal: interruption.signal }));
  setTimeout(() => interruption.abort(new Interrupted("interrupted")), 50);
  const began = performance.now();
  await assert.rejects(going, Interrupted);
  assert.equal(under, 0);
  assert.ok(performance.now() - began < 1000);
});

timed("a load that was interrupted before it began begins nothing", async () => {
  let begun = 0;
  const signal = AbortSignal.abort(new Interrupted("interrupted"));
  await assert.rejects(load(options(() => Promise.resolve(++begun), { requests: 5, signal })), Interrupted);
  assert.equal(begun, 0);
});

timed("the window closes when so many bytes have been moved", async () => {
  const result = await load(options(async () => {
    await pause(5);
    return 1000;
  }, { concurrency: 1, mostBytes: 5000, durationMs: 10_000 }));
  assert.equal(result.begun, 5);
  assert.ok(result.elapsedMs < 1000);
});

timed("a load without an end is refused", async () => {
  await assert.rejects(load(options(() => Promise.resolve(0))), /without an end/);
});

timed("operations that wait for nothing leave the window its end", async () => {
  const result = await load(options((i) => {
    if (i > 5_000_000) throw new Error("it went on");
    return Promise.resolve(1);
  }, { durationMs: 50 }));
  assert.ok(result.elapsedMs >= 49 && result.elapsedMs < 500, `${result.elapsedMs} ms`);
});
