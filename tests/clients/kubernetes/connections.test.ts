/** What a report says of the connections that its facts came over. */
import assert from "node:assert/strict";
import { collect } from "../../../lib/engine/collect.ts";
import { connectionsOf } from "../../../lib/clients/kubernetes/service_connection.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import type { Connection, Facts } from "../../../lib/engine/model.ts";
import { formats } from "../../../lib/render/mod.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { kubeconfigFor } from "../../fakes/api_server.ts";
import { CANARY, withClient } from "./fixture.ts";

const AT = "https://127.0.0.1:6443";

async function factsOver(server: string, cluster: Record<string, unknown> = {}): Promise<Facts> {
  let facts: Facts | undefined;
  await withClient(kubeconfigFor(server, { token: CANARY }, cluster), async (client) => {
    facts = await collect(client, [], { namespace: "data-platform" });
  });
  assert.ok(facts);
  return facts;
}

/** What the format says of these connections, as one line. */
async function said(format: keyof typeof formats, connections: Connection[] | undefined): Promise<string> {
  const facts: Facts = {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T13:00:00Z",
    context: "test",
    namespace: "data-platform",
    ...connections ? { connections } : {},
    sources: {},
  };
  const report = evaluate("data-platform:health", [], facts);
  reportSchema.parse(report);
  return (await formats[format]())(report, { colour: false, width: 100 }).replace(/\s+/g, " ");
}

Deno.test("facts say how the API server was connected to, whether or not it answered", async () => {
  const { connections: verified } = await factsOver(`${AT}/prefix`);
  assert.deepEqual(verified, [{ to: "the API server", url: AT, tls: "verified" }]);
  const { connections: unverified } = await factsOver(AT, {
    "insecure-skip-tls-verify": true,
    "certificate-authority-data": undefined,
  });
  const why = "insecure-skip-tls-verify of cluster fake";
  assert.deepEqual(unverified, [{ to: "the API server", url: AT, tls: "unverified", why }]);
  const { connections: plain } = await factsOver("http://127.0.0.1:8001");
  assert.deepEqual(plain, [{ to: "the API server", url: "http://127.0.0.1:8001", tls: "none" }]);
  const { connections: named } = await factsOver(AT, { "tls-server-name": "api.example" });
  assert.equal(named?.[0]?.tls, "verified");
});

Deno.test("a service at an address of its own is a connection, one behind a port-forward is the API server's", () => {
  const url = "http://s3.example:8080/below";
  const to = "the object store";
  assert.deepEqual(connectionsOf(to, { url, how: "given" }), [
    { to, url: "http://s3.example:8080", tls: "none" },
  ]);
  assert.deepEqual(connectionsOf(to, { url, how: "direct" })[0]?.tls, "none");
  assert.deepEqual(connectionsOf(to, { url: "https://s3.example", how: "given" })[0]?.tls, "verified");
  assert.deepEqual(connectionsOf(to, { url, how: "port-forward" }), []);
});

Deno.test("plain and verbose reports say which connection is not secure, and JSON how each is", async () => {
  const secure: Connection = { to: "the API server", url: AT, tls: "verified" };
  const skipped: Connection = { ...secure, tls: "unverified", why: "insecure-skip-tls-verify of cluster c" };
  const plain: Connection = { to: "the object store", url: "http://s3.example", tls: "none" };
  for (const format of ["plain", "verbose"] as const) {
    assert.doesNotMatch(await said(format, undefined), /Not secure/);
    assert.doesNotMatch(await said(format, [secure]), /Not secure/);
    const text = await said(format, [skipped, plain]);
    assert.match(
      text,
      /Not secure: the certificate of the API server \(https:\/\/127\.0\.0\.1:6443\) is not verified: insecure-skip-tls-verify of cluster c; somebody/,
    );
    assert.match(
      text,
      /Not secure: the object store is asked over plain http \(http:\/\/s3\.example\); somebody/,
    );
  }
  const { details } = JSON.parse(await said("json", [secure, plain]));
  assert.deepEqual(details.connections, [secure, plain]);
  assert.equal(JSON.parse(await said("json", undefined)).details.connections, undefined);
});
