import assert from "node:assert/strict";
import { FEATURES } from "../../../lib/checkpoints/s3/compatibility/features.ts";
import { reported } from "../../../lib/checkpoints/s3/report.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import type { Facts, Failure } from "../../../lib/engine/model.ts";
import { factsOf, gatewayPod } from "./platform.ts";

const SETUP = {
  endpoint: "http://rgw",
  region: "us-east-1",
  words: "at its address",
  gateway: { kind: "Service", namespace: "rook-ceph", name: "rook-ceph-rgw-storage" },
  credential: {
    secret: { kind: "Secret", namespace: "data-platform", name: "s3-credentials" },
    idKey: "a",
    secretKey: "b",
  },
  buckets: [],
};

const records = (odd: Record<string, string> = {}) =>
  FEATURES.map(({ id, s3 }) => ({ id, behaviour: odd[id] ?? s3, observed: "HTTP 200" }));

const IDS = reported().flatMap(({ checks }) => checks).map(({ id }) => id)
  .filter((id) => id.startsWith("s3.") && !/^s3\.(dialect-|reached|performance)/.test(id));

/** Trials that all hold, but those that are given. */
function trials(other: Record<string, object> = {}) {
  return IDS.map((trial) => ({
    trial,
    result: "passed",
    reason: "Holds",
    message: "it holds",
    durationMs: 1,
    ...other[trial],
  }));
}

function seen(sources: Record<string, unknown[] | Failure>, parts: Record<string, unknown[]> = {}): Facts {
  const facts = factsOf(parts);
  const all = {
    "s3.setup": [SETUP],
    "s3.trials": trials(),
    "s3.dialect": records(),
    "s3.performance": [],
    ...sources,
  };
  for (const [id, found] of Object.entries(all)) {
    facts.sources[id] = Array.isArray(found) ? { ok: true, items: found } : { ok: false, failure: found };
  }
  return facts;
}

const report = (facts: Facts) => evaluate("data-platform:test:s3", reported(), facts);
const roots = (facts: Facts) =>
  report(facts).roots.map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`);
const status = (facts: Facts, check: string) =>
  report(facts).details.components.flatMap(({ checks }) => checks).filter((one) => one.check === check)
    .map((one) => `${one.status} ${one.reason}`);

Deno.test("a store on which all holds has no fault, and what was not measured is skipped", () => {
  assert.deepEqual(roots(seen({})), []);
  assert.deepEqual(status(seen({}), "s3.dialect-sound"), ["ok Holds"]);
  assert.deepEqual(status(seen({}), "s3.reached"), ["ok Reached"]);
});

Deno.test("a store that holds other bytes than it was sent is critical", () => {
  const facts = seen({ "s3.dialect": records({ "signing.trailer": "corrupts" }) });
  assert.deepEqual(status(facts, "s3.dialect-sound"), ["critical WrongBytes"]);
});

Deno.test("a store that can't be written to with when_required is critical", () => {
  const facts = seen({ "s3.dialect": records({ "required.put-stream": "refused" }) });
  assert.deepEqual(status(facts, "s3.dialect-sound"), ["critical CannotWrite"]);
});

Deno.test("a safeguard that is silently ignored is a warning that names it", () => {
  const facts = seen({ "s3.dialect": records({ "checksum.sha256-wrong": "ignored" }) });
  assert.deepEqual(status(facts, "s3.dialect-safeguards"), ["warning SilentlyIgnored"]);
  assert.match(JSON.stringify(report(facts)), /wrong checksum header, SHA-256/);
});

Deno.test("what a trial of operations tries is told by it alone, and stands in the table all the same", () => {
  const tried = { "if-none-match.put": "ignored", "list.encoding-type": "corrupts" };
  const facts = seen({ "s3.dialect": records(tried) });
  assert.deepEqual(status(facts, "s3.dialect-safeguards"), ["ok Holds"]);
  assert.deepEqual(status(facts, "s3.dialect-sound"), ["ok Holds"]);
  const rows = report(facts).details.tables?.find(({ name }) => name === "s3.dialect")?.rows ?? [];
  assert.deepEqual(rows.filter((row) => row[1] !== row[2]).map((row) => row[1]), ["ignored", "corrupts"]);
  const ids = new Set(IDS);
  assert.deepEqual(FEATURES.flatMap(({ trial = "s3.clean" }) => ids.has(trial) ? [] : [trial]), []);
});

Deno.test("what clients are to be set up for is no fault", () => {
  const facts = seen({
    "s3.dialect": records({ "default.put-stream": "refused", "address.virtual-host": "refused" }),
  });
  assert.deepEqual(status(facts, "s3.dialect-settings"), ["ok Known"]);
  const dialect = report(facts).details.components.find(({ name }) => name === "s3-dialect");
  assert.equal(dialect?.status, "ok");
});

Deno.test("what could not be tried is unknown, and so is what nobody tried", () => {
  const unknown = seen({ "s3.dialect": records({ "list.v1": "unknown" }) });
  assert.deepEqual(status(unknown, "s3.dialect-settings"), ["unknown NotTried"]);
  assert.deepEqual(status(seen({ "s3.trials": [] }), "s3.buckets"), ["unknown NotTried"]);
});

Deno.test("two faults of one store are two", () => {
  const failed = { result: "failed", reason: "Wrong", status: "critical" };
  const facts = seen({ "s3.trials": trials({ "s3.put-get": failed, "s3.head": failed }) });
  assert.deepEqual(roots(facts).sort(), ["S3Trial head Wrong", "S3Trial put-get Wrong"]);
});

Deno.test("a store that is out of order explains trials that fail for that, and not one that does the wrong thing", () => {
  const row = {
    ...{
      kind: "row",
      operation: "GET",
      bytes: 4096,
      concurrency: 8,
      requests: 50,
      requestsPerS: 1,
      bytesPerS: 1,
    },
    ...{
      p50Ms: 1,
      p90Ms: 1,
      p95Ms: 1,
      p99Ms: 1,
      maxMs: 1,
      errors: { broken: 50 },
      firstErrors: ["reset"],
      rounds: [1],
    },
    spread: 0,
  };
  const run = {
    ...{ kind: "run", startedAt: "2026-01-01T00:00:00Z", tookMs: 1, store: "http://rgw", way: "given" },
    ...{ wayWords: "at its address", missed: [] },
  };
  const ends = (reason: string) => ({ result: "failed", reason, status: "critical", message: reason });
  const outOfOrder = ["ServerError", "Timeout", "Unreachable", "CertificateInvalid", "ServiceUnavailable"];
  for (
    const [reason, others] of [...outOfOrder.map((one) => [one, []]), ["WrongBytes", [
      "S3Trial head WrongBytes",
    ]]]
  ) {
    const facts = seen({
      "s3.trials": trials({ "s3.head": ends(String(reason)) }),
      "s3.performance": [run, row],
    });
    assert.deepEqual(
      roots(facts).sort(),
      ["S3Endpoint object-store FailsUnderLoad", ...others ?? []].sort(),
      `${reason}`,
    );
  }
});

Deno.test("a gateway without a Ready pod is the one cause of all that could not be tried", () => {
  const lost: Failure = { kind: "unreachable", message: "no pod behind the gateway is ready" };
  const facts = seen({ "s3.setup": lost, "s3.trials": lost, "s3.dialect": lost }, {
    pods: [gatewayPod(false)],
    endpointslices: [],
  });
  const found = report(facts);
  assert.deepEqual(roots(facts), ["Service rook-ceph-rgw-storage NoEndpoints"]);
  const symptoms = found.roots[0]?.explains.filter(({ kind }) => kind === "S3Trial").length ?? 0;
  assert.ok(symptoms > 40, `${symptoms} symptoms`);
  assert.equal(found.status, "critical");
});

Deno.test("a store that nobody can reach, whose gateway is well, is one thing that could not be told", () => {
  const lost: Failure = { kind: "timeout", message: "no answer within 10 s" };
  const facts = seen({ "s3.setup": lost, "s3.trials": lost, "s3.dialect": lost });
  assert.deepEqual(roots(facts), ["S3Endpoint object-store Timeout"]);
  assert.equal(report(facts).status, "error");
});

Deno.test("keys that the store does not take are the cause of all that was not tried", () => {
  const secret = { kind: "Secret", namespace: "data-platform", name: "s3-credentials" };
  const { credential: _none, ...setup } = SETUP;
  const refused = {
    trial: "s3.credentials",
    result: "failed",
    reason: "WrongSecret",
    message: "wrong",
    durationMs: 0,
    object: secret,
  };
  const facts = seen({ "s3.setup": [setup], "s3.trials": [refused], "s3.dialect": [] });
  assert.deepEqual(roots(facts), ["Secret s3-credentials WrongSecret"]);
  assert.equal(report(facts).status, "critical");
});

Deno.test("the tables say what the store does and how clients are set up, and JSON always holds them", () => {
  const names = report(seen({})).details.tables?.map(({ name, rows }) => [name, rows.length > 5]);
  assert.deepEqual(names, [["s3.dialect", true], ["s3.settings", true]]);
});
