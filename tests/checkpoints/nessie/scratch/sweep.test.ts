import assert from "node:assert/strict";
import type { NessieContext } from "../../../../lib/checkpoints/nessie/context.ts";
import { commandOf } from "../../../../lib/checkpoint/next_steps.ts";
import { ownReference, runOf } from "../../../../lib/checkpoints/nessie/scratch/own_reference.ts";
import {
  stillUnclear,
  sweepReferences,
  type SweptReference,
} from "../../../../lib/checkpoints/nessie/scratch/sweep.ts";
import { removeReference } from "../../../../lib/checkpoints/nessie/scratch/remove.ts";
import { cleanOutcomes } from "../../../../lib/checkpoints/nessie/scratch/clean.ts";
import { commit, namespace } from "../../../../lib/checkpoints/nessie/trying.ts";
import type { OwnReference } from "../../../../lib/clients/nessie/client.ts";
import { GRACE_MS, LEASE_MS, markerText } from "../../../../lib/checkpoint/scratch_marker.ts";
import { type TestTime, testTime } from "../../../fakes/clock.ts";
import { type FakeNessie, fakeNessie } from "../../../fakes/nessie/server.ts";
import { withFake } from "../fixture.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RUN = "20200101t0000z-abcd0123";
const NAME = `lakecheck-scratch-${RUN}`;

async function withCatalog(
  use: (fake: FakeNessie, time: TestTime) => Promise<void>,
  flaws: readonly string[] = [],
): Promise<void> {
  const time = testTime();
  const fake = fakeNessie(flaws, undefined, time.now);
  try {
    await use(fake, time);
  } finally {
    await fake.close();
  }
}

/** A run on that catalog; `off` is by how much its machine's clock is wrong. */
async function run<T>(
  [fake, time]: [FakeNessie, TestTime],
  use: (context: NessieContext) => Promise<T>,
  { off = 0, expectedMs = 10 * MINUTE_MS } = {},
): Promise<T> {
  const now = () => new Date(time.now().getTime() + off);
  const { value, leftovers } = await withFake([], use, {
    on: fake,
    scope: { clock: time.clock, now, expectedMs },
  });
  assert.deepEqual(leftovers, []);
  return value;
}

const toolsOf = async ({ nessie, undoNessie, marked, scratch }: NessieContext) => ({
  ...{ api: nessie, undo: undoNessie, now: await marked(), own: scratch.id },
});

const swept = async (context: NessieContext) => await sweepReferences(await toolsOf(context));
const words = (all: readonly SweptReference[]) => all.map(({ name, state }) => `${name} ${state}`).sort();

/** What a killed run leaves: its references are put back after the run has removed them. */
async function killed(
  on: [FakeNessie, TestTime],
  use: (context: NessieContext) => Promise<unknown>,
): Promise<string> {
  const [fake] = on;
  let kept: FakeNessie["state"]["refs"] = new Map();
  const id = await run(on, async (context) => {
    await use(context);
    kept = new Map([...fake.state.refs].map(([name, one]) => [name, { ...one }]));
    return context.scratch.id;
  });
  for (const [name, one] of kept) fake.state.refs.set(name, one);
  return id;
}

/** Puts a branch there whose last commit says this. */
function branchWith({ state }: FakeNessie, name: string, message: string): void {
  const made = state.create("BRANCH", name, state.ref("main"));
  state.commitTo(name, made.hash, message, []);
}

Deno.test("a run that takes hours is left alone by one that begins meanwhile, whatever their clocks say", async () => {
  await withCatalog(async (fake, time) => {
    const on: [FakeNessie, TestTime] = [fake, time];
    for (const off of [-5 * HOUR_MS, 0, 5 * HOUR_MS]) {
      await run(on, async (context) => {
        const branch = await context.makeBranch("long");
        const { id } = context.scratch;
        for (const minutes of [1, 5, 60, 180]) {
          await time.pass(minutes * MINUTE_MS);
          const all = await run(on, swept);
          assert.deepEqual(words(all), [
            `lakecheck-scratch-${id}-long live`,
            `lakecheck-scratch-${id}-marker live`,
          ]);
        }
        assert.ok(fake.state.refs.has(branch.name));
      }, { off });
      assert.deepEqual([...fake.state.refs.keys()], ["main"]);
    }
  });
});

Deno.test("a run that says that it takes an hour is left alone for an hour though nothing renews its marker", async () => {
  await withCatalog(async (fake, time) => {
    const on: [FakeNessie, TestTime] = [fake, time];
    await run(on, async (context) => {
      await context.makeBranch("waiting");
      fake.intercept = (request, url) =>
        request.method === "POST" && url.pathname.includes("-marker")
          ? new Response("", { status: 503 })
          : undefined;
      await time.pass(61 * MINUTE_MS);
      fake.intercept = undefined;
      const all = await run(on, swept);
      assert.deepEqual(all.map(({ state }) => state), ["live", "live"]);
    }, { expectedMs: HOUR_MS });
  });
});

Deno.test("what a killed run left is deleted when its time is over, its branches and tags, the marker last", async () => {
  await withCatalog(async (fake, time) => {
    const on: [FakeNessie, TestTime] = [fake, time];
    const id = await killed(on, async (context) => {
      const base = await context.makeBranch("merge");
      const head = await commit(context, base, "a namespace", [namespace("shop")]);
      await context.makeTag("tag-v1", head);
      await context.makeBranch("empty");
    });
    const names = ["empty", "marker", "merge", "tag-v1"].map((what) => `lakecheck-scratch-${id}-${what}`);
    await time.pass(10 * MINUTE_MS + LEASE_MS + GRACE_MS - MINUTE_MS);
    assert.deepEqual(words(await run(on, swept)), names.map((name) => `${name} live`));
    await time.pass(2 * MINUTE_MS);
    fake.requests.length = 0;
    assert.deepEqual(words(await run(on, swept)), names.map((name) => `${name} removed`));
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
    const deleted = fake.requests.filter((line) => line.startsWith("DELETE") && line.includes(id));
    assert.equal(deleted.length, 4);
    assert.match(deleted.at(-1) ?? "", /-marker@/);
    assert.ok(deleted.every((line) => /@[0-9a-f]{64}$/.test(line)), deleted.join("\n"));
  });
});

const right = `lakecheck ${RUN}: marker ${markerText(RUN, "ci", 1000)}`;

/** Messages of the last commit of a branch with the name of a marker; none of them is one. */
const FOREIGN: Record<string, string | undefined> = {
  "no marker": undefined,
  "of people": "Add the orders of November",
  "of another run": right.replaceAll(RUN, "20200101t0000z-abcd0124"),
  "of this run, in the text of another": right.replace(RUN, "20200101t0000z-abcd0124"),
  "with something before it": ` ${right}`,
  "with something after it": `${right}\nand more`,
  "the year 9999": right.replace(":1}", ":253402300799}"),
  "negative": right.replace(":1}", ":-1}"),
  "very long": right.replace("}", `${" ".repeat(2000)}}`),
};

for (const [what, message] of Object.entries(FOREIGN)) {
  Deno.test(`references with our name and a marker that is foreign (${what}) are told with commands, and kept`, async () => {
    await withCatalog(async (fake, time) => {
      fake.state.create("BRANCH", `${NAME}-merge`, fake.state.ref("main"));
      if (message !== undefined) branchWith(fake, `${NAME}-marker`, message);
      const before = [...fake.state.refs.keys()];
      await time.pass(24 * HOUR_MS, HOUR_MS);
      const told = await run([fake, time], async (context) => {
        const tools = await toolsOf(context);
        const first = await sweepReferences(tools);
        assert.ok(first.length > 0 && first.every(({ state }) => state === "unclear"), JSON.stringify(first));
        const unclear = await stillUnclear(tools, first);
        const end = {
          leftovers: [],
          swept: first,
          unclear,
          before: fake.state.ref("main"),
          mark: "x",
          root: "http://n:1",
        };
        return await cleanOutcomes(context.undoNessie, end);
      });
      assert.deepEqual(told.map(({ reason }) => reason), ["OwnerUnknown"]);
      assert.match(told[0]?.message ?? "", new RegExp(`${NAME}-merge.* left alone: the run has .*marker`));
      assert.match(
        (told[0]?.next ?? []).map(commandOf).join("\n"),
        new RegExp(`curl -X DELETE .*${NAME}-merge@HASH`),
      );
      assert.deepEqual([...fake.state.refs.keys()], before);
    });
  });
}

Deno.test("names that only look like ours are not even told, whatever the server's filter gives", async () => {
  await withCatalog(async (fake, time) => {
    const foreign = [
      "main2",
      "lakecheck-scratch-mine",
      `x${NAME}-merge`,
      `${NAME}0-merge`,
      `${NAME}-Merge`,
      `${NAME}-merge/x`,
      `${NAME}.merge`,
    ];
    for (const name of foreign) {
      fake.state.create("BRANCH", name, fake.state.ref("main"));
      assert.equal(runOf(name), undefined, name);
    }
    branchWith(fake, `${NAME}-marker`, right);
    fake.intercept = (_, url) => {
      if (!url.searchParams.has("filter")) return undefined;
      return Response.json({ references: [...fake.state.refs.values()], hasMore: false });
    };
    await time.pass(24 * HOUR_MS, HOUR_MS);
    assert.deepEqual(words(await run([fake, time], swept)), [`${NAME}-marker removed`]);
    assert.deepEqual([...fake.state.refs.keys()].sort(), ["main", ...foreign].sort());
  });
});

Deno.test("a leftover that somebody has worked on since is kept, also when that happens while it is deleted", async () => {
  await withCatalog(async (fake, time) => {
    const on: [FakeNessie, TestTime] = [fake, time];
    const id = await killed(on, async (context) => {
      for (const what of ["used", "racing", "moved", "left"]) {
        await commit(context, await context.makeBranch(what), "a namespace", [namespace("shop")]);
      }
    });
    const name = (what: string) => `lakecheck-scratch-${id}-${what}`;
    await time.pass(2 * HOUR_MS);
    fake.state.commitTo(name("used"), fake.state.ref(name("used")).hash, "work", []);
    await time.pass(HOUR_MS);
    const work = (what: string) =>
      void fake.state.commitTo(name(what), fake.state.ref(name(what)).hash, "work", []);
    fake.intercept = (request, url) => {
      if (request.method === "DELETE" && url.pathname.includes("racing")) work("racing");
      if (url.pathname.includes("moved") && url.pathname.endsWith("/history")) work("moved");
      return undefined;
    };
    const found = await run(on, async (context) => {
      const tools = await toolsOf(context);
      const all = await sweepReferences(tools);
      return { all, still: await stillUnclear(tools, all) };
    });
    assert.deepEqual(words(found.all), [
      `${name("left")} removed`,
      `${name("marker")} removed`,
      `${name("moved")} unclear`,
      `${name("racing")} unclear`,
      `${name("used")} unclear`,
    ]);
    const kept = ["moved", "racing", "used"].map(name);
    assert.deepEqual(words(found.still), kept.map((one) => `${one} unclear`));
    assert.deepEqual([...fake.state.refs.keys()].sort(), ["main", ...kept].sort());
  });
});

Deno.test("where the catalog's times are not known nothing is deleted", async () => {
  await withCatalog(async (fake, time) => {
    branchWith(fake, `${NAME}-marker`, right);
    await time.pass(24 * HOUR_MS, HOUR_MS);
    assert.deepEqual(words(await run([fake, time], swept)), [`${NAME}-marker unclear`]);
  }, ["commit-timeless"]);
});

Deno.test("a run that had just begun and one that was just ending are not told at the end", async () => {
  await withCatalog(async (fake, time) => {
    fake.state.create("BRANCH", `${NAME}-marker`, fake.state.ref("main"));
    const ending = "lakecheck-scratch-20200101t0000z-abcd0124-x";
    fake.state.create("BRANCH", ending, fake.state.ref("main"));
    const still = await run([fake, time], async (context) => {
      const tools = await toolsOf(context);
      const all = await sweepReferences(tools);
      assert.deepEqual(words(all), [`${NAME}-marker unclear`, `${ending} unclear`]);
      fake.state.commitTo(`${NAME}-marker`, fake.state.ref("main").hash, right, []);
      fake.state.refs.delete(ending);
      return await stillUnclear(tools, all);
    });
    assert.deepEqual(still, []);
    assert.ok(fake.state.refs.has(`${NAME}-marker`));
  });
});

Deno.test("only references of this run, and those of a run that is over, may be deleted", async () => {
  await withFake([], async (context, fake) => {
    const { undoNessie, scratch } = context;
    const main = await undoNessie.reference("main");
    assert.throws(() => ownReference(main, scratch), /main is no scratch reference of run/);
    const other = { ...main, name: `${NAME}-merge` };
    assert.throws(() => ownReference(other, scratch), /is no scratch reference of run/);
    assert.throws(() => ownReference({ ...main, name: `lakecheck-scratch-${scratch.id}0-x` }, scratch));
    assert.throws(() => ownReference({ ...main, name: `x-lakecheck-scratch-${scratch.id}-x` }, scratch));
    await assert.rejects(removeReference(undoNessie, "main", scratch), /no scratch reference/);
    // @ts-expect-error: what was only read from the catalog is not one that may be deleted.
    const wrong: OwnReference = main;
    void wrong;
    assert.ok(fake.state.refs.has("main"));
  });
});

Deno.test("a name that somebody else has taken is not deleted with the run's own", async () => {
  await withCatalog(async (fake, time) => {
    const on: [FakeNessie, TestTime] = [fake, time];
    let taken = "";
    await run(on, async (context) => {
      await context.makeBranch("mine");
      taken = `lakecheck-scratch-${context.scratch.id}-theirs`;
      fake.state.create("BRANCH", taken, fake.state.ref("main"));
      await assert.rejects(context.makeBranch("theirs"), /REFERENCE_ALREADY_EXISTS/);
    });
    assert.deepEqual([...fake.state.refs.keys()], ["main", taken]);
  });
});

Deno.test("a second request for a branch of the run's own does not keep it from being deleted", async () => {
  await withCatalog(async (fake, time) => {
    await run([fake, time], async (context) => {
      await context.makeBranch("mine");
      await assert.rejects(context.makeBranch("mine"), /REFERENCE_ALREADY_EXISTS/);
    });
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  });
});

Deno.test("a catalog that takes no marker is tried all the same, and nothing of others is deleted", async () => {
  await withCatalog(async (fake, time) => {
    branchWith(fake, `${NAME}-marker`, right);
    await time.pass(24 * HOUR_MS, HOUR_MS);
    fake.intercept = (request, url) =>
      request.method === "POST" && url.pathname.includes("/history/commit")
        ? Response.json({ status: 403, errorCode: "FORBIDDEN", message: "no" }, { status: 403 })
        : undefined;
    const all = await run([fake, time], async (context) => {
      await context.makeBranch("x");
      return await swept(context);
    });
    assert.deepEqual(words(all), [`${NAME}-marker unclear`]);
    assert.deepEqual([...fake.state.refs.keys()], ["main", `${NAME}-marker`]);
  });
});
