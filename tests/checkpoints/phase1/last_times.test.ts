import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import {
  keepTime,
  type LastTime,
  readTimes,
  timesIn,
  timesPath,
  timesText,
  withTime,
} from "../../../lib/checkpoints/phase1/last_times.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const time = fc.record({
  context: fc.string({ maxLength: 500 }),
  part: fc.string({ minLength: 1, maxLength: 50 }),
  ms: fc.integer({ min: 1, max: 86_400_000 }),
}, { noNullPrototype: true });

Deno.test("whatever a file holds gives no times or times that can be, and never an error", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map(bytesOf),
    fc.record({ schema: fc.constant("lakecheck.times/v1"), times: fc.array(fc.anything()) })
      .map((value) => bytesOf(JSON.stringify(value) ?? "")),
    fc.array(fc.record({ context: fc.string(), part: fc.string(), ms: fc.double() }), { maxLength: 120 })
      .map((times) => bytesOf(JSON.stringify({ schema: "lakecheck.times/v1", times }))),
    fc.array(time, { maxLength: 5 }).chain((times) =>
      fc.nat(400).map((at) => bytesOf(timesText(times)).subarray(0, at))
    ),
  );
  fc.assert(fc.property(anything, (bytes) => {
    for (const { context, part, ms } of timesIn(bytes)) {
      assert.equal(typeof context, "string");
      assert.ok(part.length > 0 && part.length <= 50);
      assert.ok(ms > 0 && ms <= 86_400_000 && Number.isFinite(ms), String(ms));
    }
  }));
});

Deno.test("what is written is read again, the newest first, one for each part of a platform, 100 at most", () => {
  fc.assert(fc.property(fc.array(time, { maxLength: 130 }), (all) => {
    const kept = all.reduce<LastTime[]>(withTime, []);
    assert.deepEqual(timesIn(bytesOf(timesText(kept))), kept);
    assert.ok(kept.length <= 100);
    const last = all.at(-1);
    if (last) assert.deepEqual(kept[0], last);
    const keys = kept.map(({ context, part }) => JSON.stringify([context, part]));
    assert.equal(new Set(keys).size, keys.length);
  }));
});

Deno.test("of more than 100 times the newest are kept", () => {
  const all = Array.from({ length: 150 }, (_, index) => ({ context: `c${index}`, part: "s3", ms: 1 }));
  const kept = all.reduce<LastTime[]>(withTime, []);
  assert.deepEqual([kept.length, kept[0]?.context, kept.at(-1)?.context], [100, "c149", "c50"]);
});

Deno.test("a file that is hostile, too large, no file or nowhere costs an estimate and nothing else", async () => {
  const at = await Deno.makeTempDir({ prefix: "lakecheck-test-" });
  try {
    const path = join(at, "deep", "times.json");
    const one = { context: "lab", part: "s3", ms: 12 };
    await keepTime(path, one);
    await keepTime(path, { ...one, part: "nessie" });
    assert.deepEqual((await readTimes(path)).map(({ part }) => part), ["nessie", "s3"]);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    await Deno.writeTextFile(path, `{"schema":"lakecheck.times/v1","times":[${"[".repeat(5000)}`);
    assert.deepEqual(await readTimes(path), []);
    await Deno.writeTextFile(path, " ".repeat(200_000));
    assert.deepEqual(await readTimes(path), []);
    await keepTime(path, one);
    assert.deepEqual(await readTimes(path), [one]);
    assert.deepEqual(await readTimes(at), []);
    await keepTime(join(path, "below-a-file"), one);
    await keepTime(at, one);
    assert.deepEqual(await readTimes(undefined), []);
    await keepTime(undefined, one);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
});

Deno.test("the file is in the cache of whoever runs it", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(timesPath(env({ HOME: "/home/me" })), "/home/me/.cache/lakecheck/times.json");
  assert.equal(timesPath(env({ USERPROFILE: "/u" })), "/u/.cache/lakecheck/times.json");
  assert.equal(timesPath(env({ XDG_CACHE_HOME: "/x", HOME: "/home/me" })), "/x/lakecheck/times.json");
  assert.equal(timesPath(env({})), undefined);
});
