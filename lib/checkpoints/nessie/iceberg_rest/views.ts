/** What the catalog can do with views. Engines here need none; Spark and Trino can use them. */
import { restPath } from "../../../untrusted/api_path.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { type Capability, expectServed, listAt, rejection, worst } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_NAMESPACE } from "./namespaces.ts";
import { inSpace, makeTable, SCHEMA, type ScratchRest, viewAt } from "./scratch.ts";

const CREATE_VIEW = "nessie.can-create-view";

const version = (rest: ScratchRest, id: number, sql: string) => ({
  "version-id": id,
  "schema-id": 0,
  "timestamp-ms": Date.now(),
  summary: { "engine-name": "lakecheck" },
  "default-namespace": [rest.root],
  representations: [{ type: "sql", sql, dialect: "spark" }],
});

const create = (rest: ScratchRest, name: string) =>
  rest.send("POST", restPath`${inSpace(rest.root)}/views`, {
    name,
    schema: SCHEMA,
    "view-version": version(rest, 1, "select 1 as id"),
    properties: {},
  });

/** The SQL of the current version of a view, as it is loaded. */
async function sqlOf(rest: ScratchRest, name: string): Promise<unknown> {
  const metadata = at((await rest.send("GET", viewAt(rest.root, name))).body, "metadata");
  const current = at(metadata, "current-version-id");
  const now = listAt(metadata, "versions").find((one) => at(one, "version-id") === current);
  return at(now, "representations", 0, "sql");
}

const rename = (rest: ScratchRest, from: string, to: string) =>
  rest.send("POST", "/views/rename", {
    source: { namespace: [rest.root], name: from },
    destination: { namespace: [rest.root], name: to },
  });

export const viewCapabilities: readonly Capability[] = [
  {
    id: CREATE_VIEW,
    area: "views",
    title: "create, load and list a view",
    explain: "A view is created, listed, found by HEAD, and loaded with its SQL.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    endpoints: [
      "POST /v1/{prefix}/namespaces/{namespace}/views",
      "GET /v1/{prefix}/namespaces/{namespace}/views",
      "GET /v1/{prefix}/namespaces/{namespace}/views/{view}",
      "HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}",
    ],
    async run(rest) {
      const made = await create(rest, "view");
      expectServed(made, "create a view");
      expect(await sqlOf(rest, "view") === "select 1 as id", "WrongAnswer", {
        message: "a view that was created is not loaded with its SQL",
      });
      const listed = await rest.send("GET", restPath`${inSpace(rest.root)}/views`);
      const names = listAt(listed.body, "identifiers").map((one) => at(one, "name"));
      const head = await rest.send("HEAD", viewAt(rest.root, "view"));
      expect(names.includes("view") && isGood(head), "WrongAnswer", {
        message: "a view that was created is not listed",
      });
      return passed("views are created, listed and loaded", { observed: words(made) });
    },
  },
  {
    id: "nessie.can-replace-view",
    area: "views",
    title: "replace a view",
    explain:
      "A new version of a view becomes current; one that was made for another view (uuid) is rejected with 409.",
    weight: "warning",
    needs: [CREATE_VIEW],
    endpoints: ["POST /v1/{prefix}/namespaces/{namespace}/views/{view}"],
    async run(rest) {
      const made = await create(rest, "replaced");
      const uuid = at(made.body, "metadata", "view-uuid");
      const replace = (assumed: unknown, id: number, sql: string) =>
        rest.send("POST", viewAt(rest.root, "replaced"), {
          requirements: [{ type: "assert-view-uuid", uuid: assumed }],
          updates: [
            { action: "add-view-version", "view-version": version(rest, id, sql) },
            { action: "set-current-view-version", "view-version-id": -1 },
          ],
        });
      const reply = await replace(uuid, 2, "select 2 as id");
      expectServed(reply, "replace a view");
      const stale = await replace(crypto.randomUUID(), 3, "select 3 as id");
      const sql = await sqlOf(rest, "replaced");
      expect(sql === "select 2 as id", "WrongAnswer", "a view was not replaced as it was asked for", {
        observed: String(sql),
      });
      return worst(
        rejection("replace a view that is another one by now", stale, [409], "a view is replaced unseen"),
        passed("views are replaced, by who has seen them only", { observed: words(stale) }),
      );
    },
  },
  {
    id: "nessie.can-rename-view",
    area: "views",
    title: "rename a view",
    explain: "A view is renamed; a rename to the name of a table is rejected with 409.",
    weight: "warning",
    needs: [CREATE_VIEW],
    endpoints: ["POST /v1/{prefix}/views/rename"],
    async run(rest) {
      await create(rest, "view_before");
      await makeTable(rest, "not_a_view");
      const reply = await rename(rest, "view_before", "view_after");
      expectServed(reply, "rename a view");
      const [old, now] = [await sqlOf(rest, "view_before"), await sqlOf(rest, "view_after")];
      expect(old === undefined && now === "select 1 as id", "WrongAnswer", {
        message: "a view that was renamed is not the same one, or is there twice",
      });
      const taking = await rename(rest, "view_after", "not_a_view");
      return worst(
        rejection("rename a view to the name of a table", taking, [409], "a table is replaced by a view"),
        passed("views are renamed", { observed: words(reply) }),
      );
    },
  },
  {
    id: "nessie.can-keep-names-apart",
    area: "views",
    title: "keep names of views and tables apart",
    explain: "A view of a table's name, a table of a view's name, and a view twice are rejected with 409.",
    weight: "warning",
    needs: [CREATE_VIEW],
    async run(rest) {
      await makeTable(rest, "only_a_table");
      await create(rest, "only_a_view");
      const table = { name: "only_a_view", schema: SCHEMA, "stage-create": false };
      const harm = "one of both cannot be found any more";
      return worst(
        rejection("create a view of a table's name", await create(rest, "only_a_table"), [409], harm),
        rejection(
          "create a table of a view's name",
          await rest.send("POST", restPath`${inSpace(rest.root)}/tables`, table),
          [409],
          harm,
        ),
        rejection("create a view that exists", await create(rest, "only_a_view"), [409], harm),
        passed("views and tables share their names", { observed: "HTTP 409" }),
      );
    },
  },
  {
    id: "nessie.can-drop-view",
    area: "views",
    title: "drop a view",
    explain: "A view is dropped, and is then missing (404).",
    weight: "warning",
    needs: [CREATE_VIEW],
    endpoints: ["DELETE /v1/{prefix}/namespaces/{namespace}/views/{view}"],
    async run(rest) {
      await create(rest, "dropped_view");
      const reply = await rest.send("DELETE", viewAt(rest.root, "dropped_view"));
      expectServed(reply, "drop a view");
      const after = await rest.send("GET", viewAt(rest.root, "dropped_view"));
      expect(after.status === 404, "SilentlyIgnored", "a view that was dropped is still there");
      return passed("views are dropped", { observed: words(reply) });
    },
  },
];
