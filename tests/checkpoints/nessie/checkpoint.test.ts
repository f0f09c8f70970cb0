import assert from "node:assert/strict";
import type { Asked } from "../../../lib/command.ts";
import { commandOf } from "../../../lib/checkpoint/next_steps.ts";
import { cleanOutcomes } from "../../../lib/checkpoints/nessie/scratch/clean.ts";
import { removeReference } from "../../../lib/checkpoints/nessie/scratch/remove.ts";
import { commit, namespace } from "../../../lib/checkpoints/nessie/trying.ts";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import type { Facts } from "../../../lib/engine/model.ts";
import type { TrialRecord } from "../../../lib/checkpoint/trial.ts";
import { withKubeconfig } from "../../clients/kubernetes/fixture.ts";
import { failing } from "../../clients/catalog_fixture.ts";
import { certificateFor } from "../../clients/s3/certificates.ts";
import { closedPort, kubeconfigFor, testAuthority } from "../../fakes/api_server.ts";
import { type FakeNessie, fakeNessie } from "../../fakes/nessie/server.ts";
import { BEGINNING } from "../../fakes/nessie/state.ts";
import { NO_FACTS, validate, withFake } from "./fixture.ts";
import { withAsked } from "../../fakes/asked.ts";

/** Runs the checkpoint against this address, with a kubeconfig of a cluster that does not answer. */
async function validated(
  url: string,
  more: [string, string][] = [],
  signal = new AbortController().signal,
): Promise<Facts> {
  let facts: Facts | undefined;
  await withKubeconfig(kubeconfigFor(`https://127.0.0.1:${await closedPort()}`), async (kubeconfig) => {
    const given = new Map([["url", url], ...more]);
    facts = await withAsked({ given, kubeconfig, signal }, (asked) => validate(NO_FACTS, asked));
  });
  assert.ok(facts);
  return facts;
}

const records = (facts: Facts, id = "nessie.trials"): TrialRecord[] => {
  const found = facts.sources[id];
  assert.ok(found?.ok && "items" in found, JSON.stringify(found));
  return found.items as TrialRecord[];
};

async function withServer<T>(flaws: string[], use: (fake: FakeNessie) => Promise<T>): Promise<T> {
  const fake = fakeNessie(flaws);
  try {
    return await use(fake);
  } finally {
    await fake.close();
  }
}

Deno.test("a given address is tried as a whole, without a cluster, and left as it was", async () => {
  await withServer([], async (fake) => {
    const facts = await validated(`${fake.url}/api/v2/`);
    const failed = records(facts).filter(({ trial, result }) =>
      // How fast it answers is the machine's.
      trial !== "nessie.latency" && (result === "failed" || result === "unknown")
    );
    assert.deepEqual(failed, []);
    assert.ok(records(facts).length > 30, `${records(facts).length} records`);
    const [setup] = records(facts, "nessie.setup") as unknown as { url: string; service?: unknown }[];
    assert.deepEqual([setup?.url, setup?.service], [fake.url, undefined]);
    assert.equal(records(facts, "nessie.performance").length, 9);
    assert.deepEqual([...fake.state.refs.values()], [{ type: "BRANCH", name: "main", hash: BEGINNING }]);
    const integrity = facts.sources["nessie.integrity"];
    assert.ok(integrity?.ok && "items" in integrity);
    const walked = integrity.items as { result: string; message: string }[];
    assert.deepEqual(new Set(walked.map(({ result }) => result)), new Set(["skipped"]));
    assert.match(
      walked[0]?.message ?? "",
      /no cluster is asked, so the keys of the object store are not known/,
    );
  });
});

Deno.test("a catalog that nobody reaches makes every source a failure, and ends nothing", async () => {
  const facts = await validated(`http://127.0.0.1:${await closedPort()}`);
  for (
    const id of [
      "nessie.trials",
      "nessie.performance",
      "nessie.setup",
      "nessie.capabilities",
      "nessie.integrity",
    ]
  ) {
    const found = facts.sources[id];
    assert.ok(found && !found.ok && /nothing listens/.test(found.failure.message), id);
  }
});

Deno.test("without an address, and without a catalog in the facts, that is said", async () => {
  await withKubeconfig(kubeconfigFor("https://127.0.0.1:1"), async (kubeconfig) => {
    const none = { ok: true as const, items: [] };
    const sources = { services: none, deployments: none, statefulsets: none, pods: none };
    const facts = await withAsked(
      { kubeconfig },
      (asked) => validate({ ...NO_FACTS, sources }, asked),
    );
    const found = facts.sources["nessie.trials"];
    assert.ok(found && !found.ok);
    assert.match(
      found.failure.message,
      /no Deployment or StatefulSet here is recognised as Nessie .*\. Next: give the address/,
    );
  });
});

Deno.test("facts from a file are judged as they are", async () => {
  const asked = { given: new Map([["facts", "f.json"]]) } as unknown as Asked;
  assert.equal(await validate(NO_FACTS, asked), NO_FACTS);
});

Deno.test("Ctrl-C ends it, and the scratch branches are gone afterwards", async () => {
  await withServer([], async (fake) => {
    const stop = new AbortController();
    let made = 0;
    fake.intercept = async (request, url) => {
      if (request.method !== "POST" || url.pathname !== "/api/v2/trees" || ++made !== 5) return undefined;
      stop.abort(new Interrupted("interrupted"));
      // The branch is made after its maker was told to stop.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return undefined;
    };
    await assert.rejects(validated(fake.url, [], stop.signal), Interrupted);
    assert.ok(made >= 5);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  });
});

Deno.test("a catalog that answers 503 half-way makes what is left unknown or failed, and cleans up what it can", async () => {
  await withServer([], async (fake) => {
    let commits = 0;
    fake.intercept = (_request, url) =>
      url.pathname.endsWith("/commit") && ++commits > 10
        ? new Response("<html>503</html>", { status: 503 })
        : undefined;
    const facts = await validated(fake.url);
    const results = new Set(records(facts).map(({ result }) => result));
    assert.ok(results.has("unknown") && results.has("passed"));
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  });
});

Deno.test("what could not be removed is named, with the command", async () => {
  const before = { type: "BRANCH" as const, name: "main", hash: BEGINNING };
  await withFake([], async ({ undoNessie }) => {
    const ended = {
      before,
      mark: "lakecheck x",
      root: "http://n:1",
      swept: [{ name: "old", run: "r", state: "stuck" as const, why: "locked" }],
      unclear: [],
    };
    const leftovers = [{ what: "scratch references", why: "lakecheck-scratch-x: it took longer than 10 s" }];
    const [first, second] = await cleanOutcomes(undoNessie, { ...ended, leftovers });
    assert.equal(
      first?.message,
      "scratch references could not be removed: lakecheck-scratch-x: it took longer than 10 s",
    );
    assert.deepEqual((first?.next ?? []).map(commandOf), [
      "curl http://n:1/api/v2/trees/lakecheck-scratch-x   # tells its HASH",
      "curl -X DELETE http://n:1/api/v2/trees/lakecheck-scratch-x@HASH",
    ]);
    assert.equal(second?.message, "old, of an earlier run, could not be removed: locked");
  });
});

Deno.test("a commit of ours on the default branch is critical, and one of others is not ours", async () => {
  await withFake([], async (context) => {
    const before = await context.nessie.reference("main");
    await context.nessie.commit("main", before.hash, "a stranger's", [namespace("theirs")]);
    const ended = {
      before,
      mark: `lakecheck ${context.scratch.id}`,
      root: "",
      swept: [],
      unclear: [],
      leftovers: [],
    };
    const [fine] = await cleanOutcomes(context.undoNessie, ended);
    assert.equal(fine?.result, "passed");
    await commit(context, await context.nessie.reference("main"), "by mistake", [namespace("ours")]);
    const [bad] = await cleanOutcomes(context.undoNessie, ended);
    assert.deepEqual([bad?.reason, bad?.status], ["DefaultBranchChanged", "critical"]);
  });
});

Deno.test("flags that can't be used are refused before anything is asked", async () => {
  for (const more of [["sample", "0"], ["limit", "1.5"], ["url", "ftp://x"]] as [string, string][]) {
    await assert.rejects(validated("http://127.0.0.1:1", [more]), UsageError);
  }
  await assert.rejects(
    validated("http://127.0.0.1:1", [["no-integrity", "true"], ["limit", "5"]]),
    /Keep one of them/,
  );
});

Deno.test("a reference is deleted wherever it stands when it is deleted", async () => {
  await withFake([], async (context, fake) => {
    const made = await context.makeBranch("moving");
    let moved = false;
    fake.intercept = (request) => {
      if (request.method === "DELETE" && !moved) {
        moved = true;
        fake.state.commitTo(made.name, made.hash, "late", []);
      }
      return undefined;
    };
    await removeReference(context.undoNessie, made.name, context.scratch);
    assert.match((await failing(context.nessie.reference(made.name))).message, /404 REFERENCE_NOT_FOUND/);
  });
});

Deno.test("one reference that can't be deleted does not keep the others, and is named", async () => {
  const { leftovers, fake } = await withFake([], async (context, fake) => {
    for (const purpose of ["a", "b", "c"]) await context.makeBranch(purpose);
    fake.intercept = (request, url) =>
      request.method === "DELETE" && url.pathname.includes("-b%40")
        ? Response.json({ status: 403, errorCode: "FORBIDDEN", message: "no" }, { status: 403 })
        : undefined;
  });
  // With the default branch it, and the marker that says whose it is.
  const left = [...fake.state.refs.keys()].map((name) => name.replace(/^lakecheck-scratch-.*-/, ""));
  assert.deepEqual(left.toSorted(), ["b", "main", "marker"]);
  assert.match(leftovers[0]?.why ?? "", /^lakecheck-scratch-\S+-b: could not delete branch .* 403 FORBIDDEN/);
});

Deno.test("over TLS the catalog is tried with the CA that was given, and with another one it is not", async () => {
  const { ca, server } = testAuthority();
  const other = await certificateFor({ name: "other.example", days: 1 });
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-ca-" });
  const fake = fakeNessie([], server);
  try {
    const [right, wrong] = [`${directory}/right.pem`, `${directory}/wrong.pem`];
    await Deno.writeTextFile(right, ca);
    await Deno.writeTextFile(wrong, other.ca);
    const trusted = await validated(fake.url, [["ca", right], ["no-integrity", ""]]);
    assert.ok(records(trusted).every(({ result }) => result !== "unknown"));
    assert.deepEqual(trusted.connections, [{ to: "the catalog", url: fake.url, tls: "verified" }]);
    const { sources } = await validated(fake.url, [["ca", wrong]]);
    const trials = sources["nessie.trials"];
    assert.ok(trials && !trials.ok && trials.failure.kind === "certificate", JSON.stringify(trials));
    assert.match(trials.failure.message, /give its CA with --ca FILE/);
  } finally {
    await fake.close();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file of --resume that can't be read ends the run before the catalog is asked for anything", async () => {
  const heard: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ method, url }) => {
    heard.push(`${method} ${url}`);
    return new Response(null, { status: 404 });
  });
  try {
    await assert.rejects(validated(`http://127.0.0.1:${server.addr.port}`, [["resume", "/dev/zero"]]), {
      name: "UsageError",
      message: "Cannot read /dev/zero: it is a device, and only a regular file is read here. " +
        "Next: give --resume the file of an earlier run, or a new one.",
    });
    assert.deepEqual(heard, []);
  } finally {
    await server.shutdown();
  }
});
