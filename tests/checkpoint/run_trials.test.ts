import assert from "node:assert/strict";
import { expect, fail, outcomeOf, skip } from "../../lib/checkpoint/expect.ts";
import { type RunOptions, runTrials } from "../../lib/checkpoint/run_trials.ts";
import { CannotLook, Interrupted } from "../../lib/engine/errors.ts";
import type { Outcome, Trial } from "../../lib/checkpoint/trial.ts";
import { failed, passed } from "../../lib/checkpoint/trial.ts";
import { PATIENT_MS } from "../patience.ts";

const trial = (id: string, run: Trial<null>["run"], needs: string[] = []): Trial<null> => ({
  id,
  title: `Trial ${id}`,
  explain: "A trial of the tests.",
  weight: "critical",
  needs,
  run,
});

const well = () => Promise.resolve(passed("as it should be"));

function run(trials: Trial<null>[], more: Partial<RunOptions> = {}) {
  const signal = more.signal ?? new AbortController().signal;
  return runTrials(trials, null, { trialTimeoutMs: PATIENT_MS, concurrency: 4, ...more, signal });
}

Deno.test("records come in the order of the table, whichever trial ends first", async () => {
  const slow = () => new Promise<Outcome>((resolve) => setTimeout(() => resolve(passed("late")), 20));
  const records = await run([trial("a.slow", slow), trial("a.quick", well)]);
  assert.deepEqual(records.map((record) => record.trial), ["a.slow", "a.quick"]);
});

Deno.test("a trial whose needs failed is skipped, and says which", async () => {
  const records = await run([
    trial("a.put", () => Promise.resolve(failed("WrongBytes", "other bytes came back"))),
    trial("a.copy", () => assert.fail("not to be run"), ["a.put"]),
  ]);
  assert.deepEqual(records.map(({ result }) => result), ["failed", "skipped"]);
  assert.equal(records[1]?.message, "skipped: prerequisite a.put did not pass");
});

Deno.test("what is not as expected ends its trial as failed, with what was observed; what does not apply as skipped", async () => {
  const more = { observed: "200", expected: "412", evidence: "PUT with If-Match" };
  const [record, other] = await run([
    trial("a.put", () => {
      expect(true, "Never", "it is as it should be");
      expect(false, "SilentlyIgnored", "the store ignores a condition", more);
      return well();
    }),
    trial("a.cors", () => skip("no bucket may be made")),
  ]);
  assert.deepEqual({ ...record, durationMs: 0 }, {
    ...failed("SilentlyIgnored", "the store ignores a condition", more),
    trial: "a.put",
    durationMs: 0,
  });
  assert.deepEqual([other?.result, other?.reason], ["skipped", "NotApplicable"]);
});

Deno.test("what an error says of what was tried is asked before it makes the trial unknown", async () => {
  const blind = () => Promise.reject(new CannotLook({ kind: "server-error", message: "409 CONFLICT" }));
  const judge = (error: unknown) =>
    error instanceof CannotLook && error.message.includes("CONFLICT") ? failed("Conflict", "409") : undefined;
  const [record] = await run([trial("a.put", blind)], { judge });
  assert.deepEqual([record?.result, record?.reason], ["failed", "Conflict"]);
});

Deno.test("an outcome of one part of a trial leaves the others", async () => {
  const parts = async () =>
    await Promise.all([outcomeOf(() => fail("Wrong", "this part is wrong")), outcomeOf(well)]);
  const records = await run([trial("a.both", parts)]);
  assert.deepEqual(records.map(({ result }) => result), ["failed", "passed"]);
});

Deno.test("could not look is unknown, with the reason of the failure", async () => {
  const blind = () =>
    Promise.reject(new CannotLook({ kind: "server-error", message: "the store answers 500" }));
  const [record] = await run([trial("a.put", blind)]);
  assert.equal(record?.result, "unknown");
  assert.equal(record?.reason, "ServerError");
  assert.match(record?.message ?? "", /the store answers 500/);
});

Deno.test("a trial that takes too long is unknown", async () => {
  const stuck = Promise.withResolvers<Outcome>();
  const [record] = await run([trial("a.put", () => stuck.promise)], { trialTimeoutMs: 20 });
  assert.equal(record?.result, "unknown");
  assert.equal(record?.reason, "Timeout");
  stuck.resolve(passed("too late"));
});

Deno.test("a bug in a trial ends the checkpoint after the others have ended", async () => {
  let ended = false;
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    ended = true;
    return passed("done");
  };
  const bug = () => Promise.reject(new TypeError("a bug"));
  await assert.rejects(run([trial("a.slow", slow), trial("a.bug", bug)]), /a bug/);
  assert.ok(ended);
});

Deno.test("Ctrl-C ends the checkpoint, after what was under way, with nothing new begun", async () => {
  const stop = new AbortController();
  const begun: string[] = [];
  const first = () => {
    begun.push("first");
    stop.abort(new Interrupted("interrupted"));
    return Promise.reject(new CannotLook({ kind: "unreachable", message: "aborted" }));
  };
  const second = () => {
    begun.push("second");
    return well();
  };
  const options = { signal: stop.signal, concurrency: 1 };
  await assert.rejects(run([trial("a.first", first), trial("a.second", second)], options), Interrupted);
  assert.deepEqual(begun, ["first"]);
});

Deno.test("no more trials run at a time than asked for", async () => {
  let [now, most] = [0, 0];
  const busy = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    return passed("done");
  };
  await run(Array.from({ length: 9 }, (_, i) => trial(`a.${i}`, busy)), { concurrency: 3 });
  assert.equal(most, 3);
});
