import assert from "node:assert/strict";
import type { Asked, Command } from "../../lib/command.ts";
import { checkFacts } from "../../lib/integration_test/asserted.ts";
import { assertedNessie } from "../../lib/integration_test/asserted_nessie.ts";
import { assertedS3 } from "../../lib/integration_test/asserted_s3.ts";
import { keptFlags, withIntegrationTest } from "../../lib/integration_test/flag.ts";
import { lookers, nessieLooker, s3Looker } from "../../lib/integration_test/subjects.ts";
import { CannotLook, UsageError } from "../../lib/engine/errors.ts";
import type { Facts } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { PATIENT_MS } from "../patience.ts";
import { clusterConnection } from "../../lib/clients/kubernetes/client.ts";

function factsOf(sources: Record<string, unknown[]>): Facts {
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T13:00:00Z",
    context: "lab",
    namespace: "data-platform",
    sources: Object.fromEntries(Object.entries(sources).map(([id, items]) => [id, { ok: true, items }])),
  };
}

const trial = (trial: string, result = "passed") => ({
  trial,
  result,
  reason: "Holds",
  message: "it is as it should be",
  durationMs: 1,
});
const row = (operation: string, p95Ms: number, requests = 20) => ({
  kind: "row",
  operation,
  bytes: 4096,
  concurrency: 1,
  requests,
  requestsPerS: 1,
  bytesPerS: 4096,
  p50Ms: p95Ms,
  p90Ms: p95Ms,
  p95Ms,
  p99Ms: p95Ms,
  maxMs: p95Ms,
  errors: {},
  firstErrors: [],
  rounds: [1],
  spread: 0,
});
const measuring = {
  kind: "run",
  startedAt: "2026-11-21T13:00:00Z",
  tookMs: 40_000,
  store: "http://rgw.rook-ceph.svc.cluster.local",
  way: "direct",
  wayWords: "at its own address",
  missed: [],
};

const S3 = factsOf({
  "s3.setup": [{
    endpoint: "http://rgw.rook-ceph.svc.cluster.local",
    region: "us-east-1",
    words: "through a port-forward to Pod rook-ceph/rgw-1",
    gateway: { kind: "Service", namespace: "rook-ceph", name: "rgw" },
    credential: {
      secret: { kind: "Secret", namespace: "data-platform", name: "s3-credentials" },
      idKey: "access-key-id",
      secretKey: "secret-access-key",
    },
    buckets: ["spark-events", "iceberg-warehouse"],
    warehouse: "iceberg-warehouse",
  }],
  "s3.trials": [
    trial("s3.put-get"),
    trial("s3.many"),
    trial("s3.many", "failed"),
    trial("s3.tls", "skipped"),
    trial("s3.copy"),
    trial("s3.clean"),
  ],
  "s3.dialect": [
    { id: "if-none-match.put", behaviour: "works", observed: "HTTP 412" },
    { id: "signing.trailer", behaviour: "unknown", observed: "timeout" },
  ],
  "s3.performance": [measuring, row("GET", 12), row("PUT", 9000), row("HEAD", 0, 0)],
  cephobjectstoreusers: [
    { metadata: { namespace: "rook-ceph", name: "nessie" }, status: { phase: "Ready" } },
    { metadata: { namespace: "rook-ceph", name: "iceberg" }, status: { phase: "Ready" } },
  ],
  objectbucketclaims: [{
    metadata: { namespace: "data-platform", name: "spark-events" },
    spec: { bucketName: "spark-events", storageClassName: "rook-ceph-bucket" },
    status: { phase: "Bound" },
  }, { metadata: { namespace: "other", name: "theirs" } }],
});

Deno.test("of the object store are asserted: endpoint, keys' place, buckets, users, what passed, dialect, budgets", () => {
  const facts = assertedS3(openWorld(S3));
  checkFacts(facts);
  const values = Object.fromEntries(facts.map(({ id, value }) => [id, value]));
  assert.deepEqual(values, {
    "s3.endpoint": "http://rgw.rook-ceph.svc.cluster.local",
    "s3.region": "us-east-1",
    "s3.gateway": "Service rook-ceph/rgw",
    "s3.credentials": {
      secret: "Secret data-platform/s3-credentials",
      accessKeyId: "access-key-id",
      secretAccessKey: "secret-access-key",
    },
    "s3.buckets": ["iceberg-warehouse", "spark-events"],
    "s3.warehouse": "iceberg-warehouse",
    "s3.users": { "rook-ceph/iceberg": "Ready", "rook-ceph/nessie": "Ready" },
    "s3.claims": {
      "data-platform/spark-events": {
        bucket: "spark-events",
        storageClass: "rook-ceph-bucket",
        phase: "Bound",
      },
    },
    "s3.trials": ["s3.copy", "s3.put-get"],
    "s3.dialect.if-none-match.put": "works",
    "s3.performance.GET 4 KiB × 1": 12,
  });
  assert.deepEqual(s3Looker.leftOut(S3), ["s3.many"]);
  const budget = facts.find(({ how }) => how === "at most");
  assert.equal(budget?.limit, 5000);
});

Deno.test("of the catalog are asserted: address, versions, references without scratch, what passed, budgets", () => {
  const world = openWorld(factsOf({
    "nessie.setup": [{
      url: "http://nessie.data-platform.svc.cluster.local:19120",
      words: "at its own address",
      service: { kind: "Service", namespace: "data-platform", name: "nessie" },
      defaultBranch: "main",
      specVersion: "2.2.0",
      serverVersion: "0.99.0",
    }],
    "nessie.trials": [trial("nessie.config"), trial("nessie.merge", "unknown")],
    "nessie.capabilities": [trial("nessie.can.rename"), trial("nessie.can.views", "failed")],
    "nessie.performance": [{ ...row("config", 3), bytes: 0 }],
  }));
  const facts = assertedNessie(world, [
    { type: "TAG", name: "v1" },
    { type: "BRANCH", name: "main" },
    { type: "BRANCH", name: "lakecheck-scratch-1-x" },
  ]);
  checkFacts(facts);
  assert.deepEqual(facts.map(({ id, value }) => [id, value]), [
    ["nessie.url", "http://nessie.data-platform.svc.cluster.local:19120"],
    ["nessie.service", "Service data-platform/nessie"],
    ["nessie.default-branch", "main"],
    ["nessie.spec-version", "2.2.0"],
    ["nessie.server-version", "0.99.0"],
    ["nessie.references", ["BRANCH main", "TAG v1"]],
    ["nessie.trials", ["nessie.config"]],
    ["nessie.capabilities", ["nessie.can.rename"]],
    ["nessie.performance.config × 1", 3],
  ]);
});

Deno.test("a store that could not be reached gives no facts to assert", async () => {
  const failure = { kind: "unreachable", message: "nobody" } as const;
  const facts: Facts = { ...S3, sources: { "s3.trials": { ok: false, failure } } };
  await assert.rejects(async () => await s3Looker.asserted(facts, askedFor({})), CannotLook);
});

function askedFor(flags: Record<string, string>): Asked {
  return {
    given: new Map(Object.entries(flags)),
    isPlaced: true,
    namespace: "data-platform",
    timeoutMs: PATIENT_MS,
    cluster: clusterConnection({}),
    signal: new AbortController().signal,
  };
}

Deno.test("the flag is offered by every command that a test can be written for", async () => {
  for (const { command, subject } of lookers) {
    const made = withIntegrationTest(await command());
    assert.equal(made.name, subject.command);
    assert.ok(made.flags?.["create-integration-test"]);
    assert.ok(made.flags?.yes);
  }
});

Deno.test("the test keeps flags that say where and how to look, and none that writes a file or names one", () => {
  const given = (flags: Record<string, string>) => s3Looker.flags(new Map(Object.entries(flags)));
  const where = {
    ca: "/ca.pem",
    namespace: "lake",
    region: "eu",
    credentials: "lake/keys",
    performance: "true",
  };
  const moment = {
    kubeconfig: "/home/me/k",
    yes: "true",
    "save-facts": "f",
    "write-client-config": "d",
    json: "true",
  };
  assert.deepEqual(given({ ...where, ...moment }), where);
  assert.deepEqual(given({ "save-baseline": "b.json" }), { performance: "true" });
  assert.deepEqual(nessieLooker.flags(new Map([["url", "http://x"], ["yes", "true"]])), { url: "http://x" });
});

Deno.test("a CA that the test keeps is found from wherever it runs", () => {
  const kept = (ca: string) => keptFlags(s3Looker, new Map([["endpoint", "https://s3"], ["ca", ca]]));
  assert.deepEqual(kept("/etc/ca.pem"), { endpoint: "https://s3", ca: "/etc/ca.pem" });
  assert.deepEqual(kept("ca.pem"), { endpoint: "https://s3", ca: `${Deno.cwd()}/ca.pem` });
  assert.deepEqual(keptFlags(s3Looker, new Map([["endpoint", "https://s3"]])), { endpoint: "https://s3" });
});

Deno.test("without the flag the command is what it was, and with --facts it is refused before anything is tried", async () => {
  let tried = 0;
  const command: Command = {
    name: "data-platform:test:s3",
    summary: "",
    examples: [],
    components: () => Promise.resolve([]),
    extend: (facts) => (tried++, Promise.resolve(facts)),
  };
  const made = withIntegrationTest(command);
  assert.equal(await made.extend?.(S3, askedFor({})), S3);
  assert.equal(tried, 1);
  const both = askedFor({ "create-integration-test": "true", facts: "f.json" });
  await assert.rejects(async () => await made.extend?.(S3, both), UsageError);
  assert.equal(tried, 1);
});
