import assert from "node:assert/strict";
import { reported } from "../../../lib/checkpoints/nessie/report.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import { loadFacts } from "../../../lib/disk/facts_file.ts";
import type { Facts, Failure } from "../../../lib/engine/model.ts";

const SCENARIOS = decodeURIComponent(new URL("../../scenarios/", import.meta.url).pathname);
const SOURCES = ["trials", "setup", "performance", "capabilities", "integrity", "integrity-totals"].map((
  name,
) => `nessie.${name}`);
const SETUP = {
  url: "http://nessie.data-platform.svc.cluster.local:19120",
  words: "through a port-forward to Pod data-platform/nessie-0",
  service: { kind: "Service", namespace: "data-platform", name: "nessie" },
  defaultBranch: "main",
  serverVersion: "0.99.0",
};

const idsOf = (source: string) =>
  reported().flatMap(({ checks }) => checks)
    .filter(({ needs, id }) => needs.some((one) => one.id === source) && id !== "nessie.reached").map((
      { id },
    ) => id);

/** Records that all hold, but those that are given. */
const records = (source: string, other: Record<string, object>) =>
  idsOf(source).map((trial) => ({
    trial,
    result: "passed",
    reason: "Holds",
    message: "it holds",
    durationMs: 1,
    ...other[trial],
  }));

/** The facts of a scenario, with what the checkpoint found there; a failure: it could not look at all. */
async function seen(scenario: string, found: Record<string, object> | Failure): Promise<Facts> {
  const facts = await loadFacts(`${SCENARIOS}${scenario}/facts.json.gz`);
  for (const id of SOURCES) {
    facts.sources[id] = "kind" in found && "message" in found ? { ok: false, failure: found as Failure } : {
      ok: true,
      items: id === "nessie.setup"
        ? [SETUP]
        : /trials|capabilities|integrity$/.test(id)
        ? records(id, found as Record<string, object>)
        : [],
    };
  }
  return facts;
}

const report = (facts: Facts) => evaluate("validate:nessie", reported(), facts);
const roots = (facts: Facts) =>
  report(facts).roots.map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`);
const failed = (reason: string) => ({ result: "failed", reason, message: "it does not hold" });
const gone: Failure = { kind: "unreachable", message: "no pod behind Service data-platform/nessie is Ready" };

Deno.test("a catalog on which all holds is healthy, and what was not asked for is skipped", async () => {
  const facts = await seen("healthy", {});
  const asked = { ...facts, sources: { ...facts.sources } };
  const found = asked.sources["nessie.trials"];
  assert.ok(found?.ok && "items" in found);
  found.items = found.items.filter((one) => !/load$|restart/.test((one as { trial: string }).trial));
  const { status, details } = report(asked);
  assert.equal(status, "healthy");
  const checks = details.components.flatMap((one) => one.checks);
  const skipped = checks.filter(({ reason }) => reason === "NotAsked").map(({ check }) => check);
  assert.deepEqual(skipped, ["nessie.restart-loses-nothing", "nessie.load", "nessie.performance-baseline"]);
  assert.equal(checks.find(({ check }) => check === "nessie.reached")?.status, "ok");
});

Deno.test("two trials that fail are two faults", async () => {
  const facts = await seen("healthy", {
    "nessie.conflict": failed("NotRefused"),
    "nessie.entries": failed("Missing"),
  });
  assert.deepEqual(roots(facts), ["CatalogTrial conflict NotRefused", "CatalogTrial entries Missing"]);
});

Deno.test("a catalog that cannot be reached is one fault, and it is what broke the catalog", async () => {
  const cases = [
    ["nessie-service-deleted", "Service nessie Missing"],
    ["postgres-password-changed", "Deployment nessie NoneReady"],
    ["postgres-hibernated", "Cluster nessie-postgres Hibernated"],
    ["bucket-renamed", "S3Bucket iceberg-warehouse NoSuchBucket"],
    ["coredns-stopped", "Service kube-dns NoEndpoints"],
    ["rgw-stopped", "Deployment rook-ceph-rgw-storage-a ScaledToZero"],
    ["network-policy-cut", "NetworkPolicy nessie NetworkPolicyDenies"],
  ] as const;
  for (const [scenario, root] of cases) assert.deepEqual(roots(await seen(scenario, gone)), [root], scenario);
});

Deno.test("a catalog that is well and cannot be reached from here is its own fault", async () => {
  assert.deepEqual(roots(await seen("healthy", gone)), ["Catalog nessie Unreachable"]);
});

Deno.test("a platform without a catalog is one fault, and says what was looked for", async () => {
  const facts = await seen("healthy", {
    kind: "unreachable",
    message: "no Deployment is recognised as Nessie",
  });
  for (const source of ["deployments", "services", "helmreleases"]) {
    const found = facts.sources[source];
    assert.ok(found?.ok && "items" in found);
    found.items = (found.items as { metadata: { name: string } }[]).filter(({ metadata }) =>
      metadata.name !== "nessie"
    );
  }
  const asked = report(facts).roots.filter(({ object }) => object.kind !== "NetworkPolicy");
  assert.deepEqual(asked.map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`), [
    "Deployment * NotFound",
  ]);
});

Deno.test("a part that the catalog calls down is the warehouse's fault", async () => {
  const facts = await seen("healthy", { "nessie.management-health": failed("Down") });
  const probes = facts.sources["nessie.health"];
  assert.ok(probes?.ok && "answers" in probes);
  const checks = [{ name: "Warehouses Object Stores", status: "DOWN" }];
  probes.answers.health = { status: 503, body: { status: "DOWN", checks } };
  const found = report(facts);
  assert.deepEqual(found.roots.filter(({ object }) => object.kind === "CatalogTrial"), []);
  const trial = found.details.components.flatMap(({ checks }) => checks).find(({ check }) =>
    check === "nessie.management-health"
  );
  assert.equal(trial?.role, "symptom");
});

Deno.test("what was measured is a table", async () => {
  const facts = await seen("healthy", {});
  facts.sources["nessie.performance"] = {
    ok: true,
    items: [{
      kind: "row",
      operation: "config",
      bytes: 0,
      concurrency: 1,
      requests: 20,
      requestsPerS: 123.4,
      bytesPerS: 0,
      p50Ms: 4.56,
      p90Ms: 7,
      p95Ms: 8,
      p99Ms: 9,
      maxMs: 12.3,
      errors: { timeout: 2 },
      firstErrors: [],
      rounds: [123.4],
      spread: 0,
    }],
  };
  const table = report(facts).details.tables?.find(({ name }) => name === "nessie.performance");
  assert.deepEqual(table?.rows, [["config", 1, 20, 123, 4.6, 8, 9, 12, 2]]);
});

Deno.test("whatever a check needs is read", () => {
  const components = reported();
  const read = new Set(components.flatMap(({ sources }) => sources).map(({ id }) => id));
  const needs = components.flatMap(({ checks, kinds }) => [
    ...checks.flatMap((check) => check.needs),
    ...kinds.flatMap(({ source, also }) => [source, ...also ?? []]),
  ]);
  assert.deepEqual([...new Set(needs.map(({ id }) => id))].filter((id) => !read.has(id)), []);
});
