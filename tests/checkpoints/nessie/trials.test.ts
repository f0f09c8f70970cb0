import assert from "node:assert/strict";
import { apiTrials, behaviourTrials } from "../../../lib/checkpoints/nessie/trials.ts";
import type { NessieApi, Reference } from "../../../lib/clients/nessie/client.ts";
import { type FixtureOptions, tried, withFake } from "./fixture.ts";

Deno.test("every trial holds against a catalog that does what it should, and nothing stays behind", async () => {
  const { value, leftovers, fake } = await withFake([], (context) => tried(context));
  const unwell = value.filter(({ result }) => result !== "passed").map(({ trial, message }) =>
    `${trial}: ${message}`
  );
  assert.deepEqual(unwell, [
    "nessie.iceberg-endpoints: it lists no endpoints; clients take the usual ones for granted",
  ]);
  assert.deepEqual(leftovers, []);
  assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  assert.deepEqual(fake.state.ref("main").hash, [...fake.state.commits.keys()][0], "main was committed to");
});

/** What is wrong with a catalog, the trial that must see it, and what it must call it. */
const FLAWS: [flaw: string, trial: string, reason: string, options?: FixtureOptions][] = [
  ["api-version", "nessie.config", "ApiVersion"],
  ["none", "nessie.config", "OtherDefaultBranch", { wanted: { warehouses: [], defaultBranch: "trunk" } }],
  ["default-tag", "nessie.default-branch", "NoBranch"],
  ["dash-elsewhere", "nessie.default-branch", "OtherDefaultBranch"],
  ["none", "nessie.version", "OtherVersion", {
    wanted: { warehouses: [], image: "n:0.104.1", version: "0.104.1" },
  }],
  ["references-lose", "nessie.references", "Missing"],
  ["references-twice", "nessie.references", "Duplicate"],
  ["references-no-default", "nessie.references", "Missing"],
  ["entries-lose", "nessie.entries", "Missing"],
  ["entries-twice", "nessie.entries", "Duplicate"],
  ["entries-bare", "nessie.entries", "Incomplete"],
  ["contents-rounded", "nessie.contents", "Changed"],
  ["contents-lose", "nessie.contents", "Missing"],
  ["history-oldest-first", "nessie.history", "OtherHistory"],
  ["history-lose", "nessie.history", "OtherHistory"],
  ["history-parent", "nessie.history", "OtherParent"],
  ["history-bare", "nessie.history", "Missing"],
  ["diff-all", "nessie.diff", "Unexpected"],
  ["diff-swapped", "nessie.diff", "OtherDifference"],
  ["prefix-none", "nessie.iceberg-config", "NoPrefix"],
  ["prefix-other", "nessie.iceberg-config", "OtherPrefix"],
  ["uri-other", "nessie.iceberg-config", "OtherAddress"],
  ["warehouse-none", "nessie.warehouse", "NoWarehouse"],
  ["warehouse-any", "nessie.warehouse", "AnyWarehouse"],
  ["warehouse-unknown", "nessie.warehouse", "NoWarehouse"],
  ["warehouse-other", "nessie.warehouse", "OtherLocation"],
  ["endpoints-few", "nessie.iceberg-endpoints", "EndpointsMissing"],
  ["health-down", "nessie.management-health", "Down"],
  ["health-none", "nessie.management-health", "NoHealth"],
  ["health-empty", "nessie.management-health", "NoParts"],
  ["metrics-none", "nessie.metrics", "NoMetrics"],
  ["metrics-missing", "nessie.metrics", "MetricsMissing"],
  ["metrics-stand", "nessie.metrics", "MetricsStand"],
  ["create-elsewhere", "nessie.branch", "OtherCommit"],
  ["create-twice", "nessie.branch", "NotRefused"],
  ["merge-dry-applies", "nessie.merge", "DryRunApplied"],
  ["merge-nothing", "nessie.merge", "NotMerged"],
  ["merge-conflict-ignored", "nessie.merge-conflict", "NotRefused"],
  ["merge-conflict-silent", "nessie.merge-conflict", "KeyNotNamed"],
  ["tag-moves", "nessie.tag", "TagMoved"],
  ["tag-commits", "nessie.tag", "NotRefused"],
  ["time-travel-head", "nessie.time-travel", "OtherState"],
  ["hash-name", "nessie.hash-name", "NotRefused"],
  ["delete-any", "nessie.delete", "NotRefused"],
  ["delete-nothing", "nessie.delete", "NotRefused"],
  ["commit-stays", "nessie.commit", "NotMoved"],
  ["commit-leaks", "nessie.commit", "NotIsolated"],
  ["conflict-ignored", "nessie.conflict", "NotRefused"],
  ["conflict-silent", "nessie.conflict", "KeyNotNamed"],
  ["stale-refused", "nessie.stale-commit", "Blocked"],
  ["namespace-free", "nessie.namespace-needed", "NotRefused"],
  ["commits-lost", "nessie.concurrent-commits", "LostCommit"],
  ["conflict-ignored", "nessie.concurrent-commits", "LostUpdate"],
  ["none", "nessie.replicas", "Stale", { secondPod: fourAnswersBehind }],
];

/** A pod that has kept what a branch was before. */
function fourAnswersBehind(api: NessieApi): Partial<NessieApi> {
  let [kept, asked]: [Promise<Reference> | undefined, number] = [undefined, 0];
  return {
    reference: (name) =>
      ++asked > 4
        ? api.reference(name)
        : kept ??= api.reference(`${name}~1`).catch(() => api.reference("main")),
  };
}

for (const [flaw, trial, reason, options] of FLAWS) {
  Deno.test(`${trial} sees ${flaw === "none" ? reason : flaw}`, async () => {
    const { value } = await withFake([flaw], (context) => tried(context, [trial]), options);
    const seen = value.map((record) => `${record.result} ${record.reason}`);
    assert.ok(seen.includes(`failed ${reason}`), `${seen}: ${value[0]?.message}`);
  });
}

Deno.test("every trial has been seen to fail", () => {
  const seen = new Set(FLAWS.map(([, trial]) => trial));
  const never = [...apiTrials, ...behaviourTrials].map(({ id }) => id).filter((id) => !seen.has(id));
  assert.deepEqual(never, []);
});

Deno.test("where nothing can be known, that is said, and nothing is passed", async () => {
  const options = { wanted: { why: "forbidden" }, management: { why: "an address was given (--url)" } };
  const ids = ["nessie.version", "nessie.management-health", "nessie.metrics"];
  const { value } = await withFake([], (context) => tried(context, ids), options);
  assert.deepEqual(value.map(({ result, message }) => `${result}: ${message}`), [
    "skipped: release 0.99.0 runs; what is asked for is not known: forbidden",
    "skipped: the management port is not asked: an address was given (--url)",
    "skipped: the management port is not asked: an address was given (--url)",
  ]);
  const silent = await withFake(["no-document"], (context) => tried(context, ["nessie.version"]));
  assert.match(silent.value[0]?.message ?? "", /^cannot tell which release runs/);
});

Deno.test("a catalog that refuses to commit is at fault; one that wants a login was not tried", async () => {
  for (
    const [status, errorCode, result] of [[500, "UNKNOWN", "failed"], [403, "FORBIDDEN", "unknown"]] as const
  ) {
    const { value } = await withFake([], (context, fake) => {
      fake.intercept = (_request, url) =>
        url.pathname.endsWith("/commit")
          ? Response.json({ status, errorCode, message: "no", reason: "" }, { status })
          : undefined;
      return tried(context, ["nessie.commit"]);
    });
    assert.equal(value[0]?.result, result);
  }
});

Deno.test("one replica, and pods that are not known, can't be behind each other, and that is said", async () => {
  const one = { workload: { kind: "Deployment", name: "n" }, service: { kind: "Service", name: "n" } };
  const api = { namespace: "lake", service: "n", scheme: "http", port: 1 } as const;
  for (
    const [place, words] of [
      [{ ...one, api, replicas: 1 }, /has one replica/],
      [undefined, /its pods are not known/],
    ] as const
  ) {
    const { value } = await withFake(
      [],
      ({ place: _, ...context }) => tried({ ...context, ...place ? { place } : {} }, ["nessie.replicas"]),
    );
    assert.equal(value[0]?.result, "skipped");
    assert.match(value[0]?.message ?? "", words);
  }
});
