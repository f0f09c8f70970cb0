import assert from "node:assert/strict";
import { runTrials } from "../../../../lib/checkpoint/run_trials.ts";
import { inScratch, type Leftover } from "../../../../lib/checkpoint/scratch.ts";
import { type CapabilityRecord, withAnswers } from "../../../../lib/checkpoints/nessie/iceberg_rest/mod.ts";
import { capabilities } from "../../../../lib/checkpoints/nessie/iceberg_rest/report.ts";
import { type Objects, openScratchRest } from "../../../../lib/checkpoints/nessie/iceberg_rest/scratch.ts";
import { type Fake, fakeIceberg, type Spoil } from "../fake_iceberg.ts";
import { problem, reply } from "../fake_replies.ts";
import { PATIENT_MS } from "../../../patience.ts";

interface Tried {
  records: Map<string, CapabilityRecord>;
  leftovers: Leftover[];
  fake: Fake;
}

/** Tries some capabilities, and those that they need, on a catalog in memory. */
async function tried(
  { spoil, only, objects }: { spoil?: Spoil; only?: string; objects?: (fake: Fake) => Objects | undefined } =
    {},
): Promise<Tried> {
  const fake = fakeIceberg(spoil);
  const wanted = only === undefined ? capabilities : withNeeds(only);
  const { ended, leftovers } = await inScratch(async (scratch) => {
    const store = objects ? objects(fake) : fake.objects;
    const tried = openScratchRest({
      scratch,
      rest: fake.rest,
      branch: "BRANCH",
      warehouse: "wh",
      ...store ? { objects: store } : {},
    });
    const options = { signal: new AbortController().signal, trialTimeoutMs: PATIENT_MS, concurrency: 1 };
    return withAnswers(await runTrials(wanted, tried, options));
  }, { undoTimeoutMs: PATIENT_MS });
  if (ended.status === "rejected") throw ended.reason;
  return { records: new Map(ended.value.map((one) => [one.trial, one])), leftovers, fake };
}

function withNeeds(id: string) {
  const ids = new Set([id]);
  for (const one of ids) {
    for (const need of capabilities.find((c) => c.id === one)?.needs ?? []) ids.add(need);
  }
  return capabilities.filter((one) => ids.has(one.id));
}

Deno.test("a catalog that keeps to the protocol can do everything, and nothing stays behind", async () => {
  const { records, leftovers, fake } = await tried();
  const others = [...records.values()].filter(({ can }) => can !== "yes");
  assert.deepEqual(others, []);
  assert.equal(records.size, capabilities.length);
  assert.deepEqual(leftovers, []);
  assert.deepEqual([...fake.files], []);
});

Deno.test("records hold none of the keys that a catalog lends", async () => {
  const { records } = await tried();
  assert.ok(!JSON.stringify([...records.values()]).includes("hush-hush-hush"));
});

/** What a request is, in one line: `POST /namespaces/a%1Fb/tables`. */
const is = (pattern: RegExp, answer: () => ReturnType<typeof reply>): Spoil => ({ method, path }) =>
  pattern.test(`${method} ${path}`) ? answer() : undefined;

/** A refusal that becomes an acceptance, which changes nothing. */
const takesAll = (pattern: RegExp, status = 200): Spoil => ({ method, path }, right) => {
  if (!pattern.test(`${method} ${path}`)) return undefined;
  const answer = right();
  return answer.status >= 400 ? reply(status, {}) : answer;
};

/** Commits with such a part are answered as if they had been carried out. */
const ignores = (part: string): Spoil => ({ method, body }) =>
  method === "POST" && JSON.stringify(body?.updates ?? [], big).includes(part)
    ? reply(200, { metadata: {} })
    : undefined;

/** Requirements of this kind hold whatever is. */
const trusts = (type: string): Spoil => (asked, right) => {
  if (!asked.body?.requirements) return undefined;
  asked.body.requirements = asked.body.requirements.filter((one: { type: string }) => one.type !== type);
  return right();
};

const big = (_key: string, value: unknown) => typeof value === "bigint" ? String(value) : value;

/** Takes only part of what it says that it took. */
const drops =
  (change: (body: Parameters<Spoil>[0]["body"]) => void, when: RegExp): Spoil => (asked, right) => {
    if (!when.test(`${asked.method} ${asked.path}`) || !asked.body) return undefined;
    change(asked.body);
    return right();
  };

const TABLE = /^POST .*\/tables$/;
const serves = (pattern: RegExp) => is(pattern, () => problem(404, "NotServed"));

/** For each capability a catalog that has it not. */
const SPOILED: Record<string, Spoil> = {
  "nessie.can-create-namespace": is(/^POST \/namespaces$/, () => reply(200, {})),
  "nessie.can-nest-namespaces": ({ body }) =>
    body?.namespace?.length > 1 ? problem(400, "BadRequestException") : undefined,
  "nessie.can-refuse-duplicate-namespace": takesAll(/^POST \/namespaces$/),
  "nessie.can-tell-missing-namespace": takesAll(/^HEAD .*no_such_namespace/),
  "nessie.can-list-missing-namespace": takesAll(/^GET .*no_such_namespace\/tables/),
  "nessie.can-change-namespace-properties": is(/^POST .*\/properties$/, () => reply(200, {})),
  "nessie.can-refuse-contradiction": takesAll(/^POST .*\/properties$/),
  "nessie.can-keep-used-namespace": takesAll(/^DELETE \/namespaces\/[^/]+$/),
  "nessie.can-drop-namespace": is(/^DELETE \/namespaces/, () => reply(204)),
  "nessie.can-take-odd-names": ({ body }) =>
    body?.namespace?.includes("a/b") ? problem(400, "BadRequestException") : undefined,
  "nessie.can-create-table": drops((body) => delete body["partition-spec"], TABLE),
  "nessie.can-create-without-stage": ({ body }) =>
    body?.name === "unstaged" ? problem(500, "WebApplicationException") : undefined,
  "nessie.can-stage-create": drops((body) => body["stage-create"] = false, TABLE),
  "nessie.can-refuse-duplicate-table": takesAll(TABLE),
  "nessie.can-tell-missing-table": takesAll(/^DELETE .*no_such_table/),
  "nessie.can-find-table": serves(/^HEAD .*\/tables\//),
  "nessie.can-refuse-homeless-table": takesAll(TABLE),
  "nessie.can-list-tables": ({ path }, right) =>
    /pageToken/.test(path) ? reply(200, { identifiers: [] }) : /tables\?/.test(path) ? right() : undefined,
  "nessie.can-place-table": drops((body) => delete body.location, TABLE),
  "nessie.can-choose-format": drops((body) => delete body.properties?.["format-version"], TABLE),
  "nessie.can-change-schema": ignores("add-schema"),
  "nessie.can-change-properties": ignores("remove-properties"),
  "nessie.can-change-partitions": ignores("add-spec"),
  "nessie.can-append": ignores("add-snapshot"),
  "nessie.can-keep-snapshots": ({ method, path }, right) => {
    if (method !== "GET" || !/\/tables\/kept$/.test(path)) return undefined;
    const answer = right();
    (answer.body as { metadata: { snapshots: unknown[] } }).metadata.snapshots.shift();
    return answer;
  },
  "nessie.can-branch-table": ignores("audit"),
  "nessie.can-expire-snapshots": is(/^POST .*\/tables\/expired$/, () => problem(500, "UnsupportedOperation")),
  "nessie.can-upgrade-format": ignores("upgrade-format-version"),
  "nessie.can-refuse-stale-append": trusts("assert-ref-snapshot-id"),
  "nessie.can-refuse-second-first": trusts("assert-ref-snapshot-id"),
  "nessie.can-let-one-win": trusts("assert-ref-snapshot-id"),
  "nessie.can-refuse-stale-schema": trusts("assert-last-assigned-partition-id"),
  "nessie.can-refuse-other-table": trusts("assert-table-uuid"),
  "nessie.can-refuse-unknown": trusts("assert-lakecheck"),
  "nessie.can-commit-together": drops((body) => body["table-changes"]?.pop(), /transactions/),
  "nessie.can-rename-table": is(/^POST \/tables\/rename$/, () => problem(501, "NotImplemented")),
  "nessie.can-refuse-bad-rename": takesAll(/^POST \/tables\/rename$/, 204),
  "nessie.can-register": serves(/register$/),
  "nessie.can-drop-table": is(/^DELETE .*\/tables\//, () => reply(204)),
  "nessie.can-purge-table": ({ method, path }, right) => {
    if (method !== "DELETE") return undefined;
    return path.includes("purgeRequested=true") ? reply(204) : right();
  },
  "nessie.can-let-engines-clean": drops(
    (body) => body.properties = { ...body.properties, "gc.enabled": "false" },
    TABLE,
  ),
  "nessie.can-name-metadata-file": ({ method, path }, right) => {
    if (method !== "POST" || !/\/tables\/named$/.test(path)) return undefined;
    return reply(200, { ...right().body as object, "metadata-location": "https://catalog/trees/x" });
  },
  "nessie.can-create-view": serves(/views$/),
  "nessie.can-replace-view": is(/^POST .*\/views\/replaced$/, () => reply(200, {})),
  "nessie.can-rename-view": serves(/^POST \/views\/rename$/),
  "nessie.can-keep-names-apart": takesAll(/^POST .*\/views$/),
  "nessie.can-drop-view": is(/^DELETE .*\/views\//, () => reply(204)),
  "nessie.can-list-endpoints": is(/^GET \/v1\/config/, () => reply(200, { defaults: {} })),
  "nessie.can-read-past": ({ path }, right) =>
    /(@|%40)c\d+/.test(path)
      ? reply(200, { metadata: { properties: { now: "1" } } })
      : /tables\/past/.test(path)
      ? right()
      : undefined,
  "nessie.can-vend-credentials": ({ headers }) =>
    headers["X-Iceberg-Access-Delegation"]
      ? reply(200, { metadata: {}, config: { "io-impl": "x" } })
      : undefined,
  "nessie.can-sign-requests": takesAll(/^POST \/sign$/),
  "nessie.can-leave-files-alone": ({ method, path }) =>
    method === "GET" && /undelegated$/.test(path)
      ? reply(200, { metadata: {}, config: { "s3.remote-signing-enabled": "true" } })
      : undefined,
  "nessie.can-load-credentials": serves(/credentials$/),
  "nessie.can-report-metrics": serves(/metrics$/),
  "nessie.can-plan-scans": serves(/plan$/),
};

/** What can be had in another way is not missing. */
const DIFFERENTLY = new Set([
  "nessie.can-list-missing-namespace",
  "nessie.can-create-without-stage",
  "nessie.can-keep-snapshots",
  "nessie.can-name-metadata-file",
  "nessie.can-list-endpoints",
  "nessie.can-leave-files-alone",
]);

Deno.test("every capability has a catalog in this test that has it not", () => {
  assert.deepEqual(Object.keys(SPOILED).toSorted(), capabilities.map(({ id }) => id).toSorted());
});

for (const { id, title } of capabilities) {
  Deno.test(`a catalog that does not ${title} is seen not to`, async () => {
    const { records } = await tried({ spoil: SPOILED[id] ?? (() => undefined), only: id });
    const seen = records.get(id);
    assert.equal(seen?.can, DIFFERENTLY.has(id) ? "differently" : "no", JSON.stringify(seen));
    assert.equal(seen?.result, DIFFERENTLY.has(id) ? "passed" : "failed");
    assert.ok(seen && seen.message.length > 20 && seen.message.length < 400, seen?.message);
  });
}

Deno.test("a lost first append is told as what it is: rows are gone, and which Nessie keeps them", async () => {
  const id = "nessie.can-refuse-second-first";
  const { records } = await tried({ spoil: trusts("assert-ref-snapshot-id"), only: id });
  const seen = records.get(id);
  assert.equal(seen?.reason, "DataLost");
  assert.match(seen?.message ?? "", /rows of the first are lost/);
  assert.equal(seen?.next?.[0]?.step, "upgrade-nessie");
});

Deno.test("several winners of a race are lost rows", async () => {
  const { records } = await tried({
    spoil: trusts("assert-ref-snapshot-id"),
    only: "nessie.can-let-one-win",
  });
  assert.equal(records.get("nessie.can-let-one-win")?.reason, "DataLost");
});

Deno.test("without a namespace nothing else is tried, and each says why", async () => {
  const { records } = await tried({
    spoil: is(/^POST \/namespaces$/, () => problem(403, "ForbiddenException")),
  });
  assert.equal(records.get("nessie.can-create-namespace")?.can, "no");
  const append = records.get("nessie.can-append");
  assert.equal(append?.result, "skipped");
  assert.equal(append?.can, undefined);
});

Deno.test("a table that the catalog put elsewhere is not purged", async () => {
  const { records, fake } = await tried({
    only: "nessie.can-purge-table",
    spoil({ method, path, body }, right) {
      const { name } = (body ?? {}) as { name?: string };
      if (method !== "POST" || !path.endsWith("/tables") || name !== "purged") return undefined;
      const { status, body: made } = right();
      return reply(status, { ...made as object, "metadata-location": "s3://warehouse/bronze/orders/1.json" });
    },
  });
  const purge = records.get("nessie.can-purge-table");
  assert.deepEqual([purge?.result, purge?.reason], ["unknown", "Malformed"]);
  assert.match(purge?.message ?? "", /outside of its namespace, at s3:\/\/warehouse\/bronze/);
  assert.ok(!fake.asked.some(({ path }) => path.includes("purgeRequested=true")));
});

Deno.test("without a key for the store a purge is accepted, and what becomes of files is not known", async () => {
  const { records, leftovers } = await tried({ only: "nessie.can-purge-table", objects: () => undefined });
  assert.equal(records.get("nessie.can-purge-table")?.can, "differently");
  assert.equal(leftovers.length, 1);
  assert.match(leftovers[0]?.why ?? "", /aws s3 rm --recursive s3:\/\/warehouse\/lakecheck_scratch_/);
});
