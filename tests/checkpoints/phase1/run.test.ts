import assert from "node:assert/strict";
import { timesIn } from "../../../lib/checkpoints/phase1/last_times.ts";
import { runPhase } from "../../../lib/checkpoints/phase1/run.ts";
import { parts } from "../../../lib/checkpoints/phase1/parts.ts";
import { partNames } from "../../../lib/checkpoints/phase1/names.ts";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import { withAsked } from "../../fakes/asked.ts";
import { FACTS, type Told, toyParts } from "./toys.ts";

async function run(told: Told, flags: Record<string, string> = {}, stop = new AbortController()) {
  const heard: string[] = [];
  const at = await Deno.makeTempDir({ prefix: "lakecheck-test-" });
  const path = `${at}/cache/times.json`;
  try {
    const asked = { given: new Map(Object.entries(flags)), signal: stop.signal };
    const once = () => withAsked(asked, (one) => runPhase(toyParts(told, heard), FACTS, one, path));
    const facts = await once();
    const found = facts.sources["phase1.parts"];
    const records = found?.ok && "items" in found ? found.items as Record<string, unknown>[] : [];
    const times = await Deno.readFile(path).then(timesIn, () => []);
    return { facts, records, heard, times, once };
  } finally {
    await Deno.remove(at, { recursive: true });
  }
}

const states = (records: readonly Record<string, unknown>[]) =>
  records.map(({ part, state }) => `${part}: ${state}`);
const [first, ...later] = partNames;

Deno.test("the parts are run in their order, each after all were asked whether they can", async () => {
  const { heard, records, times } = await run({});
  assert.deepEqual(heard.map((line) => line.replace(/:.*/, "")), [
    "check s3 performance-time",
    ...later.map((name) => `check ${name} `),
    ...partNames.map((name) => `run ${name}`),
  ]);
  assert.deepEqual(states(records), partNames.map((name) => `${name}: run`));
  assert.deepEqual(times.map(({ part }) => part), partNames.toReversed());
});

Deno.test("a part whose basics failed, could not be tried or were skipped ends the run, and says why", async () => {
  for (const result of ["failed", "unknown", "skipped"] as const) {
    const { heard, records, facts, times } = await run({ [first ?? "s3"]: { basic: result } });
    assert.deepEqual(states(records), [`${first}: run`, ...later.map((name) => `${name}: not run`)], result);
    assert.ok(!heard.some((line) => later.some((name) => line.startsWith(`run ${name}`))), result);
    const how = { failed: "failed", unknown: "could not be tried", skipped: "did not pass" }[result];
    assert.equal(records[1]?.why, `prerequisite ${first}.basic ${how}: basic is ${result}`);
    for (const name of later) assert.deepEqual(facts.sources[`${name}.toy`], { ok: true, items: [] });
    assert.deepEqual(times, [], "how long it took until it stopped is not how long it takes");
  }
});

Deno.test("what is no basic of a part stops nothing", async () => {
  const { records } = await run({ [first ?? "s3"]: { other: "failed" } });
  assert.deepEqual(states(records), partNames.map((name) => `${name}: run`));
});

Deno.test("a part that was left out is no prerequisite of those after it", async () => {
  const { records, heard } = await run({ [first ?? "s3"]: { basic: "failed" } }, { skip: "s3" });
  assert.deepEqual(states(records)[0], "s3: left out");
  assert.equal(records[0]?.why, "not asked for (--skip s3)");
  assert.ok(heard.includes("run nessie: Part 1 of " + later.length + ": "), heard.join("\n"));
});

Deno.test("Ctrl-C in a part ends the run after that part has cleaned up, and no other begins", async () => {
  const heard: string[] = [];
  const told = toyParts({ s3: new Interrupted("interrupted") }, heard);
  await assert.rejects(
    () => withAsked({}, (asked) => runPhase(told, FACTS, asked, "/nonexistent/times.json")),
    Interrupted,
  );
  assert.deepEqual(heard.filter((line) => line.startsWith("run")).length, 1);
});

Deno.test("Ctrl-C between two parts begins none", async () => {
  const stop = new AbortController();
  const heard: string[] = [];
  const [one, ...others] = toyParts({}, heard);
  assert.ok(one);
  const load = async () => {
    const made = await one.load();
    return {
      ...made,
      run: async (...given: Parameters<typeof made.run>) => {
        stop.abort(new Interrupted("interrupted"));
        return await made.run(...given);
      },
    };
  };
  const run = withAsked(
    { signal: stop.signal },
    (asked) => runPhase([{ ...one, load }, ...others], FACTS, asked, undefined),
  );
  await assert.rejects(run, Interrupted);
  assert.deepEqual(heard.filter((line) => line.startsWith("run")).length, 1);
});

Deno.test("of facts from a file no part is run", async () => {
  const heard: string[] = [];
  const given = new Map([["facts", "f.json"]]);
  assert.equal(await withAsked({ given }, (asked) => runPhase(toyParts({}, heard), FACTS, asked)), FACTS);
  assert.deepEqual(heard, []);
});

Deno.test("what a part can't be asked is said before any part is run", async () => {
  for (
    const [flags, says] of [
      [{ region: "not a region!" }, /--region/],
      [{ "performance-time": "1s" }, /--performance-time must be at least 5s/],
      [{ sample: "none" }, /--sample/],
    ] as const
  ) {
    const run = withAsked(
      { given: new Map(Object.entries(flags)) },
      (asked) => runPhase(parts, FACTS, asked, undefined),
    );
    await assert.rejects(
      run,
      (error) => error instanceof UsageError && says.test(error.message),
      String(says),
    );
  }
});
