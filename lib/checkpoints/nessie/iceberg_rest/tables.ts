/** What the catalog can do with tables: make them, find them, move them, drop them. */
import { restPath } from "../../../untrusted/api_path.ts";
import { expect, fail } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, expectServed, listAt, rejection, worst } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_NAMESPACE } from "./namespaces.ts";
import { inSpace, load, makeTable, SCHEMA, type ScratchRest, tableAt } from "./scratch.ts";

export const CREATE_TABLE = "nessie.can-create-table";

const BUCKETS = {
  "spec-id": 0,
  fields: [{ "source-id": 1, "field-id": 1000, name: "id_bucket", transform: "bucket[16]" }],
};
const BY_ID = {
  "order-id": 1,
  fields: [{ "source-id": 1, transform: "identity", direction: "asc", "null-order": "nulls-first" }],
};

export const tablesIn = (rest: ScratchRest) => restPath`${inSpace(rest.root)}/tables`;
export const create = (rest: ScratchRest, name: string, more: Record<string, unknown> = {}) =>
  rest.send("POST", tablesIn(rest), { name, schema: SCHEMA, "stage-create": false, ...more });

/** What a client sends to make the table that was staged for it. */
function staged(metadata: unknown): Record<string, unknown> {
  return {
    requirements: [{ type: "assert-create" }],
    updates: [
      { action: "assign-uuid", uuid: at(metadata, "table-uuid") },
      { action: "upgrade-format-version", "format-version": 2 },
      { action: "add-schema", schema: SCHEMA, "last-column-id": 2 },
      { action: "set-current-schema", "schema-id": -1 },
      { action: "add-spec", spec: { "spec-id": 0, fields: [] } },
      { action: "set-default-spec", "spec-id": -1 },
      { action: "add-sort-order", "sort-order": { "order-id": 0, fields: [] } },
      { action: "set-default-sort-order", "sort-order-id": -1 },
      { action: "set-location", location: at(metadata, "location") },
      { action: "set-properties", updates: { owner: "lakecheck" } },
    ],
  };
}

export const tableCapabilities: readonly Capability[] = [
  {
    id: CREATE_TABLE,
    area: "tables",
    title: "create a table",
    explain:
      "A table with a schema, a partition spec, a sort order and a property is created, and loaded as it was asked for.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    endpoints: [
      "POST /v1/{prefix}/namespaces/{namespace}/tables",
      "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    ],
    async run(rest) {
      const more = { "partition-spec": BUCKETS, "write-order": BY_ID, properties: { owner: "lakecheck" } };
      const made = await create(rest, "created", more);
      expectServed(made, "create a table");
      const loaded = await rest.send("GET", tableAt(rest.root, "created"));
      const metadata = at(loaded.body, "metadata");
      const [field] = listAt(metadata, "partition-specs", 0, "fields");
      const [order] = listAt(metadata, "sort-orders").filter((one) => listAt(one, "fields").length > 0);
      const wrong = [
        at(metadata, "table-uuid") === undefined && "its uuid",
        listAt(metadata, "schemas", 0, "fields").length !== 2 && "its schema",
        at(field, "transform") !== "bucket[16]" && "its partition spec",
        at(order, "fields", 0, "direction") !== "asc" && "its sort order",
        at(metadata, "properties", "owner") !== "lakecheck" && "its property",
      ].filter((one) => one !== false);
      if (wrong.length === 0) {
        const format = at(metadata, "format-version");
        return passed(`tables are created as asked for, in format version ${format}`, {
          observed: words(made),
        });
      }
      fail("WrongAnswer", `a table that was created is loaded without ${wrong.join(", ")}`, {
        observed: words(loaded),
      });
    },
  },
  {
    id: "nessie.can-stage-create",
    area: "tables",
    title: "stage a table, and create it with the first commit",
    explain:
      "A staged table does not exist; a commit that requires so creates it, and a second such commit is rejected. " +
      "CREATE TABLE AS SELECT works so.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const path = tableAt(rest.root, "staged");
      const stage = await create(rest, "staged", { "stage-create": true });
      expectServed(stage, "stage a table");
      expect(!(isGood(await rest.send("GET", path))), "SilentlyIgnored", {
        message: "a table that was only to be staged exists",
        observed: words(stage),
      });
      const body = staged(at(stage.body, "metadata"));
      const commit = await rest.send("POST", path, body);
      expectServed(commit, "create a staged table with a commit");
      const uuid = at(await load(rest, path), "table-uuid");
      expect(uuid === at(stage.body, "metadata", "table-uuid"), "WrongAnswer", {
        message: "the table that was created is another one than that which was staged",
      });
      const harm = "two CREATE TABLE AS SELECT at a time overwrite each other";
      const again = await rest.send("POST", path, body);
      return worst(
        rejection("create a staged table that exists", again, [409], harm),
        passed("tables are staged, and created by the first commit only", { observed: words(again) }),
      );
    },
  },
  {
    id: "nessie.can-refuse-duplicate-table",
    area: "tables",
    title: "reject a table that exists",
    explain: "A table created twice is rejected with 409, and the first one stays.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const first = await makeTable(rest, "twice");
      const again = await create(rest, "twice");
      const now = at(await load(rest, first.path), "table-uuid");
      expect(now === first.uuid, "DataLost", "a table created again has replaced the first one");
      return rejection("create a table that exists", again, [409], "who asks believes that the table is new");
    },
  },
  {
    id: "nessie.can-tell-missing-table",
    area: "tables",
    title: "tell that a table is missing",
    explain: "Loading, HEAD, dropping and committing to a table that is not there answer 404.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    endpoints: ["HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}"],
    async run(rest) {
      const path = tableAt(rest.root, "no_such_table");
      const harm = "who asks believes that it is there";
      const body = { requirements: [{ type: "assert-table-uuid", uuid: crypto.randomUUID() }], updates: [] };
      return worst(
        rejection("load a table that is missing", await rest.send("GET", path), [404], harm),
        rejection("find a table that is missing", await rest.send("HEAD", path), [404], harm),
        rejection("drop a table that is missing", await rest.send("DELETE", path), [404], harm),
        rejection("commit to a table that is missing", await rest.send("POST", path, body), [404, 409], harm),
        passed("tables that are missing are told as such", { observed: "HTTP 404" }),
      );
    },
  },
  {
    id: "nessie.can-find-table",
    area: "tables",
    title: "find a table without loading it",
    explain: "HEAD of a table that is there answers 2xx.",
    weight: "warning",
    engines: "PyIceberg",
    needs: [CREATE_TABLE],
    endpoints: ["HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}"],
    async run(rest) {
      const { path } = await makeTable(rest, "found");
      const head = await rest.send("HEAD", path);
      expectServed(head, "find a table by HEAD");
      return passed("tables are found by HEAD", { observed: words(head) });
    },
  },
  {
    id: "nessie.can-refuse-homeless-table",
    area: "tables",
    title: "reject a table in a namespace that is missing",
    explain: "It is rejected with 404, and no namespace comes into being.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const space = inSpace(rest.root, "missing");
      const body = { name: "homeless", schema: SCHEMA, "stage-create": false };
      const reply = await rest.send("POST", restPath`${space}/tables`, body);
      const harm = "a mistyped name makes a namespace";
      return rejection("create a table in a namespace that is missing", reply, [404], harm);
    },
  },
  {
    id: "nessie.can-list-tables",
    area: "tables",
    title: "list tables, in pages",
    explain: "Three tables are listed, at once and in pages of one, each exactly once.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    endpoints: ["GET /v1/{prefix}/namespaces/{namespace}/tables"],
    async run(rest) {
      const space = [rest.root, "listed"];
      await rest.send("POST", "/namespaces", { namespace: space });
      const made = ["a", "b", "c"];
      for (const name of made) {
        await rest.send("POST", restPath`${inSpace(...space)}/tables`, {
          name,
          schema: SCHEMA,
          "stage-create": false,
        });
      }
      const path = restPath`${inSpace(...space)}/tables`;
      const whole = await rest.send("GET", path);
      expectServed(whole, "list tables");
      const all = tableNames(whole.body);
      expect(all.toSorted().join() === made.join(), "WrongAnswer", {
        message: "a list of tables is not what was created",
        observed: all.join(", ") || "none",
        expected: made.join(", "),
      });
      return await inPages(rest, path, made);
    },
  },
];

function tableNames(body: unknown): string[] {
  return listAt(body, "identifiers").map((one) => String(at(one, "name")));
}

async function inPages(rest: ScratchRest, path: string, made: readonly string[]) {
  const seen: string[] = [];
  let token: unknown;
  for (let page = 0; page < 10; page++) {
    const first = restPath`${path}?pageSize=1`;
    const next = typeof token === "string" ? restPath`${path}?pageSize=1&pageToken=${token}` : first;
    const reply = await rest.send("GET", next);
    expectServed(reply, "list tables in pages");
    seen.push(...tableNames(reply.body));
    token = at(reply.body, "next-page-token");
    if (typeof token !== "string" || token === "") break;
  }
  const observed = `${seen.join(", ")} in pages of one`;
  expect(seen.toSorted().join() === made.join(), "WrongAnswer", {
    message: "pages of a list miss tables or repeat them",
    observed,
    expected: made.join(", "),
  });
  return passed("tables are listed, in pages too", { observed });
}
