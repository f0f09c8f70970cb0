/** Whole runs beside each other, each of which sees what the other has made. */
import assert from "node:assert/strict";
import { withClock } from "../../../fakes/clock.ts";
import type { FakeS3 } from "../../../fakes/s3/mod.ts";
import { platformStore, recordsOf, runOn } from "../run_fixture.ts";

const ownOf = ({ store }: Pick<FakeS3, "store">) =>
  [...store.buckets.keys()].filter((name) => name.startsWith("lakecheck-scratch-"));

Deno.test("two runs at once on machines whose clocks are an hour apart do not touch each other", async () => {
  const begun = Promise.withResolvers<void>();
  const Right = Date;
  const fake = platformStore({
    now: () => new Right(),
    // Else it would not take what the machine with the wrong clock has signed.
    quirks: ["ignores-clock"],
    before: (_, store) => {
      if (ownOf({ store }).length > 0) begun.resolve();
    },
  });
  const results: string[] = [];
  const ran = () =>
    // However slow this machine is.
    runOn(fake, { timeoutMs: 60_000 }, ({ facts }) => {
      const all = recordsOf(facts);
      assert.ok(all.length > 30);
      for (const { trial, result, message } of all) {
        if (result === "failed" || /NoSuchBucket|there is no bucket/.test(message)) {
          results.push(`${trial}: ${message}`);
        }
        if (trial === "s3.sweep") results.push(`${trial}: ${message.replace(/ \(run.*/, "")}`);
      }
    });
  try {
    let running: Promise<void> | undefined;
    await withClock(-61 * 60_000, async () => {
      running = ran();
      await begun.promise;
    });
    const [first] = ownOf(fake);
    await Promise.all([running, ran()]);
    // The fake knows no lifecycle rules, and takes any clock.
    const known = /^s3\.(?:lifecycle|missing-bucket|clock-skew):/;
    assert.deepEqual(results.filter((line) => !known.test(line)).sort(), [
      "s3.sweep: nothing was left",
      `s3.sweep: nothing was left; left alone what other runs are using: ${first}`,
    ]);
    assert.deepEqual(ownOf(fake), []);
  } finally {
    await fake.close();
  }
});
