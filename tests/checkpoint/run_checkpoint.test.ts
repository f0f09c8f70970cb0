import assert from "node:assert/strict";
import {
  type Checkpoint,
  runCheckpoint,
  type Service,
  trialArea,
} from "../../lib/checkpoint/run_checkpoint.ts";
import {
  failed,
  type Outcome,
  passed,
  type TrialRecord,
  type TrialWords,
} from "../../lib/checkpoint/trial.ts";
import { CannotLook, Interrupted } from "../../lib/engine/errors.ts";
import type { Connection, Facts } from "../../lib/engine/model.ts";
import { withAsked } from "../fakes/asked.ts";
import { PATIENT_MS } from "../patience.ts";

const [TRIALS, NUMBERS, MORE] = [{ id: "toy.trials" }, { id: "toy.numbers" }, { id: "toy.more" }];
const CONNECTION: Connection = { to: "the toy", url: "http://toy", tls: "none" };
const FACTS: Facts = {
  schema: "lakecheck.facts/v1",
  collectedAt: "2026-11-21T13:00:00Z",
  context: "test",
  namespace: "data-platform",
  sources: { pods: { ok: true, items: [] } },
};

const words = (id: string): TrialWords => ({
  id,
  title: id,
  explain: "A trial of the tests.",
  weight: "critical",
});
const trial = (id: string, run: () => Promise<Outcome>) => ({ ...words(id), run });
const lookless = () => Promise.reject(new CannotLook({ kind: "timeout", message: "no answer" }));

type Toy = Checkpoint<{ more: boolean }, Service, string[]>;

/** A checkpoint of two areas, one of which may be left out; `heard` is what happened, in order. */
function toy(heard: string[], signal: AbortSignal, more: Partial<Toy> = {}): Toy {
  return {
    what: "the toy",
    components: () => [],
    wanted: ({ given }) => Promise.resolve({ more: given.has("more") }),
    open: () =>
      Promise.resolve({
        words: "at its address",
        signal,
        connections: () => [CONNECTION],
        close: () => Promise.resolve(void heard.push("closed")),
      }),
    setUp(scratch) {
      heard.push("set up");
      scratch.undo("place", () => Promise.resolve(void heard.push("cleaned up")));
      return Promise.resolve(heard);
    },
    areas: ({ more }) => [
      trialArea(TRIALS, [trial("toy.first", () => Promise.resolve(passed("it does")))]),
      { sources: [TRIALS, NUMBERS], run: () => Promise.resolve({ [NUMBERS.id]: [1, 2] }) },
      { sources: [MORE], ...more ? { run: lookless } : {} },
    ],
    clean: {
      source: TRIALS,
      words: words("toy.clean"),
      outcomes: (_, leftovers) => leftovers.map(({ what, why }) => failed("NotRemoved", `${what}: ${why}`)),
    },
    limits: () => ({ trialMs: PATIENT_MS, undoMs: PATIENT_MS, expectedMs: 1, concurrency: 2 }),
    ...more,
  };
}

async function run(more: Partial<Toy> = {}, flags: [string, string][] = [], stop = new AbortController()) {
  const heard: string[] = [];
  const checkpoint = toy(heard, stop.signal, more);
  const facts = await withAsked(
    { given: new Map(flags), signal: stop.signal },
    (asked) => runCheckpoint(checkpoint, FACTS, asked),
  );
  const items = (id: string) => {
    const found = facts.sources[id];
    return found?.ok && "items" in found ? found.items : found;
  };
  const trials = items(TRIALS.id) as TrialRecord[];
  return { facts, items, heard, trials };
}

Deno.test("areas are tried in their order, then all is cleaned up, then the way is closed", async () => {
  const { facts, items, heard, trials } = await run();
  assert.deepEqual(heard, ["set up", "cleaned up", "closed"]);
  assert.deepEqual(trials.map(({ trial }) => trial), ["toy.first"]);
  assert.deepEqual([items(NUMBERS.id), items(MORE.id), items("pods")], [[1, 2], [], []]);
  assert.deepEqual(facts.connections, [CONNECTION]);
});

Deno.test("an area in which one could not look fails its own sources, and no other", async () => {
  const { items, trials } = await run({}, [["more", ""]]);
  assert.deepEqual(items(MORE.id), { ok: false, failure: { kind: "timeout", message: "no answer" } });
  assert.equal(trials.length, 1);
});

Deno.test("a source of two areas has failed when one of them has", async () => {
  const areas: Toy["areas"] = () => [
    trialArea(TRIALS, [trial("toy.first", () => Promise.resolve(passed("it does")))]),
    { sources: [TRIALS], run: lookless },
    trialArea(TRIALS, [trial("toy.last", () => Promise.resolve(passed("it does")))]),
  ];
  assert.equal((await run({ areas })).facts.sources[TRIALS.id]?.ok, false);
});

Deno.test("a service that nobody reaches, or in which no place could be made, fails what was asked for", async () => {
  for (const more of [{ open: lookless }, { setUp: lookless }]) {
    const { facts, items } = await run(more);
    assert.deepEqual([facts.sources[TRIALS.id]?.ok, facts.sources[NUMBERS.id]?.ok], [false, false]);
    assert.deepEqual(items(MORE.id), []);
  }
});

Deno.test("what could not be cleaned up is a record of its trial", async () => {
  const { trials } = await run({
    setUp(scratch) {
      scratch.undo("bucket b", lookless);
      return Promise.resolve([]);
    },
  });
  assert.deepEqual(trials.at(-1)?.message, "bucket b: no answer");
  assert.deepEqual(trials.at(-1)?.trial, "toy.clean");
});

Deno.test("where nothing can be tried its records stand alone, and nothing is made", async () => {
  const heard: string[] = [];
  const { open } = toy(heard, new AbortController().signal);
  const untried = { [TRIALS.id]: ["no keys"] };
  const ran = await run({ open: async (...given) => ({ ...await open(...given), untried }) });
  assert.deepEqual([ran.items(TRIALS.id), ran.items(NUMBERS.id), ran.heard], [["no keys"], undefined, []]);
});

Deno.test("what breaks the way is tried last, when all else was cleaned up", async () => {
  const seen: string[] = [];
  const { trials } = await run({
    setUp: (scratch) => {
      scratch.undo("place", () => Promise.resolve(void seen.push("cleaned up")));
      return Promise.resolve([]);
    },
    last: () =>
      trialArea(TRIALS, [trial("toy.last", () => {
        seen.push("last");
        return Promise.resolve(passed("it does"));
      })]),
  });
  assert.deepEqual(seen, ["cleaned up", "last"]);
  assert.deepEqual(trials.map(({ trial }) => trial), ["toy.first", "toy.last"]);
});

Deno.test("Ctrl-C cleans up, closes the way and is an interruption, also while it cleans up", async () => {
  for (const when of ["trying", "cleaning"]) {
    const stop = new AbortController();
    const seen: string[] = [];
    const ran = run(
      {
        setUp(scratch) {
          scratch.undo("place", () => {
            if (when === "cleaning") stop.abort(new Interrupted("interrupted"));
            return Promise.resolve(void seen.push("cleaned up"));
          });
          if (when === "trying") stop.abort(new Interrupted("interrupted"));
          return Promise.resolve([]);
        },
      },
      [],
      stop,
    );
    await assert.rejects(ran, Interrupted);
    assert.deepEqual(seen, ["cleaned up"]);
  }
});

Deno.test("facts from a file are left as they are, and finished all the same", async () => {
  const seen: string[] = [];
  const { facts } = await run({ finish: ({ namespace }) => Promise.resolve(void seen.push(namespace)) }, [[
    "facts",
    "f.json",
  ]]);
  assert.equal(facts, FACTS);
  assert.deepEqual(seen, ["data-platform"]);
});
