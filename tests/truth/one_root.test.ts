/**
 * Whatever can't be looked at is one root with a next step, everything that needs it is its symptom, and nothing is called
 * ok that could not be looked at: for every command, every source and every kind of failure there is.
 */
import assert from "node:assert/strict";
import { storeOf } from "../../lib/checkpoints/s3/setup/facts.ts";
import { catalogOf } from "../../lib/checkpoints/nessie/setup/facts.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { evaluate } from "../../lib/engine/evaluate.ts";
import { FAILURE_KINDS, failureReason, isNotInstalled } from "../../lib/engine/unread/failure_reason.ts";
import { isList, isRecord, refKey } from "../../lib/engine/model.ts";
import type { Facts, Failure, FailureKind, Source } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";
import { reportSchema } from "../../lib/engine/report_schema.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { factsFor, type Judged, judgedCommands as commands, scenario, without } from "./commands.ts";

const healthy = await scenario("healthy");

const failureOf = (kind: FailureKind): Failure => ({
  kind,
  message: `it failed (${kind}). Next: look at it`,
});
const findingsOf = (report: Report) => report.details.components.flatMap(({ checks }) => checks);

/** The one root of the report, of which all else that could not be looked at is a symptom. */
function onlyRoot(report: Report, what: string): Report["roots"][number] {
  const [root, ...others] = report.roots;
  assert.deepEqual(others.map(({ object, reason }) => `${refKey(object)} ${reason}`), [], what);
  assert.ok(root, `${what}: no root`);
  assert.equal(report.status, "error", what);
  assert.ok(root.next.length > 0, `${what}: nothing is said to do next`);
  assert.match(root.message, /it failed/i, what);
  for (const { status, role, object, chain, check } of findingsOf(report)) {
    if (status === "ok" || status === "skipped") continue;
    const last = chain?.at(-1)?.object ?? object;
    const placed: boolean = refKey(last) === refKey(root.object) && role !== "independent";
    assert.ok(placed, `${what}: ${check} ${refKey(object)} is ${status}, ${role}`);
  }
  return root;
}

/** No check that needs one of these sources calls anything ok. */
function nothingOk({ components }: Judged, report: Report, sources: readonly Source[], what: string): void {
  const unread = new Set(sources.map(({ id }) => id));
  const blind = new Set(components.flatMap(({ checks, kinds }) =>
    [
      ...checks.filter(({ needs, okNeeds = [] }) => [...needs, ...okNeeds].some(({ id }) => unread.has(id))),
      ...kinds.filter(({ source, also = [], okNeeds = [] }) =>
        [source, ...also, ...okNeeds].some(({ id }) => unread.has(id))
      ),
    ].map(({ id }) => id)
  ));
  const ok = findingsOf(report).filter(({ status, check }) => status === "ok" && blind.has(check));
  assert.deepEqual(ok.map(({ check }) => check), [], what);
}

const examined = ({ name, components }: Judged, facts: Facts) => evaluate(name, components, facts);

/** So many trials, at least, stand on what a checkpoint reaches: that of tables alone has few. */
const leastOf = (sources: readonly { id: string }[]): number =>
  sources.some(({ id }) => /^(?:s3|nessie)\.trials$/.test(id)) ? 40 : 10;

Deno.test("all that is tried holds, and nothing is unknown, before anything fails", () => {
  for (const command of commands) {
    const report = examined(command, factsFor(command, healthy));
    const bad = findingsOf(report).filter(({ status }) => status !== "ok" && status !== "skipped");
    assert.deepEqual(bad.map(({ check, reason }) => `${check} ${reason}`), [], command.name);
  }
});

Deno.test("every source of a command fails: the API server is the one root", () => {
  for (const command of commands) {
    const facts = factsFor(command, healthy);
    const sources = sourcesOf(command.components);
    for (const kind of FAILURE_KINDS) {
      const what = `${command.name}: everything ${kind}`;
      const report = examined(command, without(facts, sources, failureOf(kind)));
      reportSchema.parse(report);
      assert.equal(onlyRoot(report, what).object.kind, "APIServer", what);
      const ok = findingsOf(report).filter(({ status }) => status === "ok");
      assert.deepEqual(ok, [], what);
    }
  }
});

Deno.test("whatever a checkpoint tries can't be reached: the thing itself is the one root", () => {
  // Of a command that runs others, what one of them tries.
  const groups = commands.flatMap((command) =>
    (command.runs ?? [command.components]).map((all) => ({
      command,
      records: sourcesOf(all).filter(isRecord),
    }))
  );
  for (const { command, records } of groups.filter(({ records }) => records.length > 0)) {
    for (const kind of FAILURE_KINDS) {
      const what = `${command.name}: its records ${kind}`;
      const report = examined(command, without(factsFor(command, healthy), records, failureOf(kind)));
      const root = onlyRoot(report, what);
      assert.equal(root.reason, failureReason(kind), what);
      assert.ok(
        ["Catalog", "S3Endpoint", "IcebergTables"].includes(root.object.kind),
        `${what}: ${refKey(root.object)}`,
      );
      assert.ok(root.explains.length > leastOf(records), `${what}: ${root.explains.length} symptoms`);
      nothingOk(command, report, records, what);
    }
  }
});

Deno.test("one source fails: it is the one root, whatever kind of failure it is", () => {
  for (const command of commands) {
    const facts = factsFor(command, healthy);
    for (const source of sourcesOf(command.components)) {
      for (const kind of FAILURE_KINDS) {
        const failure = failureOf(kind);
        // Of a kind that is not installed there is nothing to look at; who uses it all the same is another test.
        if (isNotInstalled(source, failure)) continue;
        const what = `${command.name}: ${source.id} ${kind}`;
        const report = examined(command, without(facts, [source], failure));
        const root = onlyRoot(report, what);
        assert.ok(root.reason === failureReason(kind) || root.reason === "NotReadable", what);
        if (isList(source)) assert.equal(refKey(root.object), `${source.kind}//*`, what);
        nothingOk(command, report, [source], what);
      }
    }
  }
});

Deno.test("a source can't be read that the checkpoint looks for the thing in: one root, and it is that source", () => {
  const cases = [
    ...["services", "deployments", "statefulsets", "pods"].map((id) =>
      ["nessie", id, (facts: Facts) => catalogOf(openWorld(facts), false)] as const
    ),
    ...["services", "cephobjectstores"].map((id) =>
      ["s3", id, (facts: Facts) => storeOf(openWorld(facts), false)] as const
    ),
  ] as const;
  for (const [name, id, lookedFor] of cases) {
    const command = commands.find((one) => one.name === name);
    assert.ok(command);
    const sources = sourcesOf(command.components);
    const list = sources.filter((source) => source.id === id);
    for (const kind of FAILURE_KINDS.filter((one) => one !== "not-installed")) {
      const blind = without(factsFor(command, healthy), list, failureOf(kind));
      const found = lookedFor(blind);
      assert.ok("failure" in found);
      const all = without(blind, sources.filter(isRecord), found.failure);
      const what = `${name}: ${id} ${kind}, and so the checkpoint`;
      assert.equal(onlyRoot(examined(command, all), what).object.name, "*", what);
    }
  }
});

Deno.test("lists that fail alike are one root", () => {
  for (const command of commands) {
    const lists = sourcesOf(command.components).filter(isList);
    for (const kind of FAILURE_KINDS) {
      const some = lists.filter((source) => !isNotInstalled(source, failureOf(kind))).slice(0, 3);
      const blind = without(factsFor(command, healthy), some, failureOf(kind));
      onlyRoot(examined(command, blind), `${command.name}: 3 × ${kind}`);
    }
  }
});

Deno.test("without an API server, what a checkpoint found at an address of its own is told", () => {
  for (const command of commands) {
    const sources = sourcesOf(command.components);
    if (!sources.some(isRecord)) continue;
    const blind = without(
      factsFor(command, healthy),
      sources.filter((source) => !isRecord(source)),
      failureOf("unreachable"),
    );
    const report = examined(command, blind);
    assert.deepEqual(report.roots.map(({ object }) => object.kind), ["APIServer"], command.name);
    const passed = findingsOf(report).filter(({ status, reason }) => status === "ok" && reason === "Holds");
    assert.ok(passed.length > leastOf(sources), `${command.name}: ${passed.length} trials hold`);
  }
});
