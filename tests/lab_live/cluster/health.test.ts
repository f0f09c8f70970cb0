import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { auditLog, kubectl } from "../../../lab/cluster/mod.ts";
import { untilWell } from "../../../lab/faults/mod.ts";
import { assertHealthy, health, lab, task } from "../live.ts";

interface AuditEvent {
  auditID: string;
  verb: string;
  userAgent?: string;
  user: { username: string };
  requestURI: string;
  objectRef?: { resource?: string; subresource?: string; name?: string };
  responseStatus?: { code?: number };
  responseObject?: { kind?: string; items?: { data?: unknown }[]; data?: unknown };
}

/** The audit events that `work` causes. */
async function audited(work: () => Promise<unknown>): Promise<AuditEvent[]> {
  const file = auditLog(lab());
  const before = statSync(file).size;
  await work();
  const text = readFileSync(file).subarray(before).toString();
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
}

/** The requests of the health command among all others: its user agent and the lab's user. */
function ofLakecheck(events: readonly AuditEvent[]): AuditEvent[] {
  return events.filter(({ user, userAgent }) =>
    user.username === "lakecheck-lab" && userAgent?.startsWith("lakecheck")
  );
}

Deno.test("the healthy lab is healthy: exit 0, and no warning", async () => {
  await untilWell(lab());
  await assertHealthy();
});

Deno.test("a health run writes nothing and reads no Secret's value, says the audit log", async () => {
  const events = ofLakecheck(await audited(health));
  assert.ok(events.length > 10, `${events.length} requests were seen`);
  assert.deepEqual(
    events.filter(({ verb }) => !["get", "list"].includes(verb)).map((one) => one.requestURI),
    [],
  );
  const secrets = events.filter(({ objectRef }) => objectRef?.resource === "secrets");
  assert.ok(secrets.length > 0, "the Secrets' names were asked for");
  for (const event of secrets) {
    assert.equal(event.verb, "list", event.requestURI);
    assert.equal(event.responseObject?.kind, "PartialObjectMetadataList", event.requestURI);
    assert.equal(JSON.stringify(event.responseObject).includes('"data"'), false);
  }
});

Deno.test("a health run lists each kind once", async () => {
  const lists = ofLakecheck(await audited(health)).filter(({ verb }) => verb === "list").map((one) =>
    one.requestURI.split("?")[0]
  );
  assert.deepEqual(lists.length, new Set(lists).size, lists.toSorted().join("\n"));
});

Deno.test("lab:up on a lab that is up changes nothing", async () => {
  const ctx = lab();
  const generations = async () => {
    const kinds = "deployments,kustomizations,helmreleases,clusters.postgresql.cnpg.io,pods";
    const format =
      "jsonpath={range .items[*]}{.kind}/{.metadata.name}/{.metadata.uid}/{.metadata.generation}\n{end}";
    const said = await kubectl(ctx, ["get", kinds, "-A", "-o", format]);
    assert.equal(said.code, 0, said.stderr);
    return said.stdout.split("\n").filter((line) => line !== "").toSorted();
  };
  const before = await generations();
  const said = await task("lab:up", [], 180_000);
  assert.equal(said.code, 0, said.stderr);
  assert.deepEqual(await generations(), before);
});
