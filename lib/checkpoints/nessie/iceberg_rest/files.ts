/** What the catalog can do with names and files of tables: rename, register, drop, purge. */
import { cannotLook } from "../../../clients/network_errors.ts";
import { restPath } from "../../../untrusted/api_path.ts";
import { expect, fail } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, differently, expectServed, rejection, worst } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_TABLE } from "./tables.ts";
import { inSpace, load, makeTable, scratchPlace, type ScratchRest } from "./scratch.ts";

const rename = (rest: ScratchRest, from: string, to: string, space: readonly string[] = [rest.root]) =>
  rest.send("POST", "/tables/rename", {
    source: { namespace: [rest.root], name: from },
    destination: { namespace: space, name: to },
  });

/** Bucket and key of `s3://bucket/key`. */
function objectAt(file: string): [bucket: string, key: string] | undefined {
  const [, bucket, key] = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(file) ?? [];
  return bucket !== undefined && key !== undefined ? [bucket, key] : undefined;
}

/** Whether the file of that location is in the store; undefined without a key for the store. */
async function isThere(rest: ScratchRest, file: string): Promise<boolean | undefined> {
  const object = objectAt(file);
  return object && rest.objects ? await rest.objects.exists(...object) : undefined;
}

export const fileCapabilities: readonly Capability[] = [
  {
    id: "nessie.can-rename-table",
    area: "renames",
    title: "rename a table, also into another namespace",
    explain: "A renamed table is gone under its old name and the same one under its new name.",
    weight: "warning",
    engines: "Spark, PyIceberg",
    needs: [CREATE_TABLE],
    endpoints: ["POST /v1/{prefix}/tables/rename"],
    async run(rest) {
      const { uuid, path } = await makeTable(rest, "before");
      const space = [rest.root, "moved_to"];
      await rest.send("POST", "/namespaces", { namespace: space });
      const moves = [await rename(rest, "before", "after"), await rename(rest, "after", "there", space)];
      const bad = moves.find((reply) => !isGood(reply));
      if (bad) expectServed(bad, "rename a table");
      const there = await load(rest, restPath`${inSpace(...space)}/tables/there`);
      const old = await rest.send("GET", path);
      expect(at(there, "table-uuid") === uuid && old.status === 404, "WrongAnswer", {
        message: "a table that was renamed is not the same one, or is there twice",
        observed: `${words(old)} under the old name`,
      });
      return passed("tables are renamed, into other namespaces too", {
        observed: moves.map(words).join(", "),
      });
    },
  },
  {
    id: "nessie.can-refuse-bad-rename",
    area: "renames",
    title: "reject a rename that takes another's name",
    explain:
      "A rename to the name of a table that exists is rejected with 409 and both stay; one of a table, or into a " +
      "namespace, that is missing with 404.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const [a, b] = [await makeTable(rest, "taker"), await makeTable(rest, "taken")];
      const taking = await rename(rest, "taker", "taken");
      const both = [at(await load(rest, a.path), "table-uuid"), at(await load(rest, b.path), "table-uuid")];
      expect(both[0] === a.uuid && both[1] === b.uuid, "DataLost", "a rename has replaced a table");
      const harm = "a table may be replaced by another";
      return worst(
        rejection("rename a table to a name that is taken", taking, [409], harm),
        rejection("rename a table that is missing", await rename(rest, "no_such_table", "x"), [404], harm),
        rejection(
          "rename a table into a namespace that is missing",
          await rename(rest, "taker", "x", [rest.root, "no_such_namespace"]),
          [404],
          harm,
        ),
        passed("a rename takes no other table's name", { observed: words(taking) }),
      );
    },
  },
  {
    id: "nessie.can-register",
    area: "files",
    title: "register a table from its metadata file",
    explain:
      "A table that was dropped is registered again from its metadata.json and is the same one: the last way back to a " +
      "table that is lost from the catalog.",
    weight: "warning",
    engines: "Spark, PyIceberg",
    needs: [CREATE_TABLE],
    endpoints: ["POST /v1/{prefix}/namespaces/{namespace}/register"],
    async run(rest) {
      const { uuid, file, path } = await makeTable(rest, "registered");
      const dropped = await rest.send("DELETE", restPath`${path}?purgeRequested=false`);
      expectServed(dropped, "drop a table");
      const register = (name: string, location: string) =>
        rest.send("POST", restPath`${inSpace(rest.root)}/register`, { name, "metadata-location": location });
      const reply = await register("registered", file);
      expectServed(reply, "register a table");
      expect(at(await load(rest, path), "table-uuid") === uuid, "WrongAnswer", {
        message: "the table that was registered is not the one of the file",
      });
      const lost = `${file.slice(0, file.lastIndexOf("/") + 1)}no-such-file.metadata.json`;
      return worst(
        rejection(
          "register a name that is taken",
          await register("registered", file),
          [409],
          "a table is replaced",
        ),
        rejection(
          "register a file that is missing",
          await register("lost", lost),
          [400, 404],
          "a table comes into being that cannot be read",
        ),
        passed("tables are registered from their metadata files", { observed: words(reply) }),
      );
    },
  },
  {
    id: "nessie.can-drop-table",
    area: "files",
    title: "drop a table and keep its files",
    explain: "A dropped table is missing, and its metadata file is still in the store.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    endpoints: ["DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}"],
    async run(rest) {
      const { path, file } = await makeTable(rest, "dropped");
      const reply = await rest.send("DELETE", path);
      expectServed(reply, "drop a table");
      const after = await rest.send("GET", path);
      expect(after.status === 404, "SilentlyIgnored", "a table that was dropped is still there", {
        observed: words(after),
      });
      const there = await isThere(rest, file);
      expect(there !== false, "DataLost", "dropping a table without purge deletes its files");
      const files = there ? "its files stay" : "what becomes of its files was not looked at";
      return passed(`tables are dropped; ${files}`, { observed: words(reply) });
    },
  },
  {
    id: "nessie.can-purge-table",
    area: "files",
    title: "purge a table with its files",
    explain: "After DROP TABLE PURGE the table's files are gone from the store.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path, file } = await makeTable(rest, "purged");
      if (!scratchPlace(file, rest.root)) {
        const message =
          `the catalog put the table outside of its namespace, at ${file}: nothing is purged there`;
        throw cannotLook("malformed", message);
      }
      const before = await isThere(rest, file);
      const reply = await rest.send("DELETE", restPath`${path}?purgeRequested=true`);
      expectServed(reply, "purge a table");
      const there = await isThere(rest, file);
      if (before === undefined || there === undefined) {
        return differently("a purge is accepted; whether files go was not looked at: no key for the store", {
          observed: words(reply),
        });
      }
      expect(
        !there,
        "SilentlyIgnored",
        "a purge is accepted and the files stay: other commits may need them. nessie-gc removes what none does",
        { observed: `${words(reply)}, the metadata file is still there`, expected: "the files are gone" },
      );
      return passed("a purge deletes the files of a table", { observed: words(reply) });
    },
  },
  {
    id: "nessie.can-let-engines-clean",
    area: "files",
    title: "let engines delete files of a table",
    explain:
      "Tables come without gc.enabled=false. With it, engines reject expire_snapshots and remove_orphan_files.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const asked = await makeTable(rest, "cleaned", { properties: { "gc.enabled": "true" } });
      const plain = await makeTable(rest, "cleaned_by_default");
      const [set, usual] = [asked, plain].map(({ metadata }) => at(metadata, "properties", "gc.enabled"));
      const observed = `gc.enabled is ${usual ?? "not set"}, ${set ?? "not set"} where true was asked for`;
      if (usual !== "false") return passed("engines may delete files of tables", { observed });
      if (set === "true") {
        return differently("engines may delete files of tables that are created so", { observed });
      }
      fail("Refused", "every table gets gc.enabled=false: engines may not delete its files", { observed });
    },
  },
  {
    id: "nessie.can-name-metadata-file",
    area: "files",
    title: "name the metadata file in the answer to a commit",
    explain:
      "The answer to a commit says where the new metadata file is, and that is an object of the store.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "named");
      const updates = [{ action: "set-properties", updates: { a: "1" } }];
      const reply = await rest.send("POST", path, { requirements: [], updates });
      expectServed(reply, "commit to a table");
      const told = at(reply.body, "metadata-location");
      const loaded = at((await rest.send("GET", path)).body, "metadata-location");
      if (told === loaded) return passed("the answer to a commit names the metadata file");
      const scheme = /^[a-z0-9]+/.exec(String(told))?.[0] ?? "nothing";
      return differently(
        `the answer to a commit names ${
          scheme === "http" || scheme === "https" ? "an address of the catalog" : scheme
        }` +
          " and not the metadata file; loading the table does",
        { observed: `${scheme}://…`, expected: String(/^[a-z0-9]+/.exec(String(loaded))?.[0]) + "://…" },
      );
    },
  },
];
