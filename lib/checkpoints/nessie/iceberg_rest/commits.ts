/** What commits to a table can do. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, differently, expectServed, listAt } from "./mod.ts";
import { words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_TABLE } from "./tables.ts";
import { load, makeTable, SCHEMA, type ScratchRest } from "./scratch.ts";

export const APPEND = "nessie.can-append";

export type Requirement = Record<string, unknown>;
export type Update = Record<string, unknown>;

export const commit = (rest: ScratchRest, path: string, requirements: Requirement[], updates: Update[]) =>
  rest.send("POST", path, { requirements, updates });

export const setProperty = (key: string, value = "1"): Update => ({
  action: "set-properties",
  updates: { [key]: value },
});

/** Ids that a double cannot hold, as those of real snapshots. */
export const snapshotId = (n: number): bigint => 3_051_729_675_574_597_000n + BigInt(n);

/** What a writer sends for an append; `parent` is the snapshot that it has seen. */
function append(
  location: string,
  n: number,
  parent?: number,
): { requirements: Requirement[]; updates: Update[] } {
  const id = snapshotId(n);
  const seen = parent === undefined ? null : snapshotId(parent);
  return {
    requirements: [{ type: "assert-ref-snapshot-id", ref: "main", "snapshot-id": seen }],
    updates: [
      {
        action: "add-snapshot",
        snapshot: {
          "snapshot-id": id,
          ...(seen === null ? {} : { "parent-snapshot-id": seen }),
          "sequence-number": n,
          "timestamp-ms": Date.now() + n,
          "manifest-list": `${location}/metadata/snap-${id}.avro`,
          summary: { operation: "append" },
          "schema-id": 0,
        },
      },
      { action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": id },
    ],
  };
}

type Table = Awaited<ReturnType<typeof makeTable>>;

/** Appends the snapshot `n` to a table, as a writer does who has seen `parent`. */
export function appendTo(rest: ScratchRest, { path, metadata }: Table, n: number, parent?: number) {
  const { requirements, updates } = append(locationOf(metadata), n, parent);
  return commit(rest, path, requirements, updates);
}

/** A table of this name with two snapshots. */
async function withTwo(rest: ScratchRest, name: string): Promise<Table> {
  const table = await makeTable(rest, name);
  expectServed(await appendTo(rest, table, 1), "append a snapshot");
  expectServed(await appendTo(rest, table, 2, 1), "append a snapshot");
  return table;
}

/** The current snapshot of a table as it is loaded; undefined when it has none. */
export function currentSnapshot(metadata: unknown): bigint | undefined {
  const id = at(metadata, "current-snapshot-id");
  const big = typeof id === "bigint" ? id : typeof id === "number" ? BigInt(id) : undefined;
  return big === undefined || big < 0n ? undefined : big;
}

const locationOf = (metadata: unknown): string => String(at(metadata, "location"));

export const commitCapabilities: readonly Capability[] = [
  {
    id: "nessie.can-change-schema",
    area: "commits",
    title: "add, rename and drop columns",
    explain:
      "A schema with a new, a renamed and a dropped column becomes current; column ids stay what they were.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    endpoints: ["POST /v1/{prefix}/namespaces/{namespace}/tables/{table}"],
    async run(rest) {
      const { path, uuid } = await makeTable(rest, "schema_changes");
      const changed = (fields: unknown[], id: number): Update[] => [
        { action: "add-schema", schema: { type: "struct", "schema-id": id, fields }, "last-column-id": 3 },
        { action: "set-current-schema", "schema-id": -1 },
      ];
      const [id] = SCHEMA.fields;
      const extra = { id: 3, name: "extra", required: false, type: "double" };
      const wider = [id, { id: 2, name: "payload", required: false, type: "string" }, extra];
      const guard = { type: "assert-table-uuid", uuid };
      for (const [fields, n] of [[wider, 1], [[id, extra], 2]] as const) {
        const now = { type: "assert-current-schema-id", "current-schema-id": n - 1 };
        const reply = await commit(rest, path, [guard, now], changed([...fields], n));
        expectServed(reply, "change the schema of a table");
      }
      const metadata = await load(rest, path);
      const current = at(metadata, "current-schema-id");
      const schema = listAt(metadata, "schemas").find((one) => at(one, "schema-id") === current);
      const observed = listAt(schema, "fields").map((one) => `${at(one, "id")} ${at(one, "name")}`).join(
        ", ",
      );
      expect(observed === "1 id, 3 extra", "SilentlyIgnored", {
        message: "a change of the schema is answered as done and is not",
        observed,
        expected: "1 id, 3 extra",
      });
      return passed("schemas change, and column ids stay", { observed });
    },
  },
  {
    id: "nessie.can-change-properties",
    area: "commits",
    title: "set and remove properties of a table",
    explain: "A property is set by a commit, read back, removed, and gone.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "altered");
      const set = await commit(rest, path, [], [setProperty("colour", "blue")]);
      expectServed(set, "set a property of a table");
      const blue = at(await load(rest, path), "properties", "colour");
      const removal = { action: "remove-properties", removals: ["colour"] };
      const removed = await commit(rest, path, [], [removal]);
      expectServed(removed, "remove a property of a table");
      const gone = at(await load(rest, path), "properties", "colour");
      expect(blue === "blue" && gone === undefined, "SilentlyIgnored", {
        message: "a change of a table's properties is answered as done and is not",
        observed: `after setting ${blue}, after removing ${gone}`,
        expected: "blue, then nothing",
      });
      return passed("properties of tables change", { observed: words(set) });
    },
  },
  {
    id: "nessie.can-change-partitions",
    area: "commits",
    title: "change the partition spec and the sort order",
    explain: "A new partition spec and a new sort order become the default, and the old ones are kept.",
    weight: "warning",
    engines: "Spark, PyIceberg",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "partitions");
      const spec = {
        "spec-id": 1,
        fields: [{ "source-id": 2, "field-id": 1000, name: "data_trunc", transform: "truncate[4]" }],
      };
      const order = {
        "order-id": 1,
        fields: [{ "source-id": 2, transform: "identity", direction: "desc", "null-order": "nulls-last" }],
      };
      const reply = await commit(rest, path, [{ type: "assert-default-spec-id", "default-spec-id": 0 }], [
        { action: "add-spec", spec },
        { action: "set-default-spec", "spec-id": -1 },
        { action: "add-sort-order", "sort-order": order },
        { action: "set-default-sort-order", "sort-order-id": -1 },
      ]);
      expectServed(reply, "change the partition spec of a table");
      const metadata = await load(rest, path);
      const spec1 = listAt(metadata, "partition-specs").find((one) =>
        at(one, "spec-id") === at(metadata, "default-spec-id")
      );
      const order1 = listAt(metadata, "sort-orders").find((one) =>
        at(one, "order-id") === at(metadata, "default-sort-order-id")
      );
      const observed = `${at(spec1, "fields", 0, "transform")}, ${at(order1, "fields", 0, "direction")}`;
      const kept = listAt(metadata, "partition-specs").length === 2;
      expect(observed === "truncate[4], desc" && kept, "SilentlyIgnored", {
        message: "a new partition spec is answered as done and is not",
        observed,
        expected: "truncate[4], desc, beside the old spec",
      });
      return passed("partitioning and order change", { observed });
    },
  },
  {
    id: APPEND,
    area: "commits",
    title: "append a snapshot",
    explain:
      "A snapshot with an id of 64 bits is committed on nothing and another one on that; the table is then loaded with " +
      "exactly the second. The manifest list that it names is not there: a catalog that looks for it says so.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await withTwo(rest, "appended");
      const now = currentSnapshot(await load(rest, path));
      const seen = { observed: `snapshot ${now ?? "none"}`, expected: `snapshot ${snapshotId(2)}` };
      expect(now === snapshotId(2), "WrongAnswer", {
        message: "an append is answered as done, and the table has another snapshot",
        ...seen,
      });
      return passed("snapshots are appended, their ids kept exactly", seen);
    },
  },
  {
    id: "nessie.can-keep-snapshots",
    area: "commits",
    title: "keep the snapshots of a table",
    explain:
      "After two appends both snapshots stand in the table; else engines cannot travel in time by snapshot.",
    weight: "warning",
    needs: [APPEND],
    async run(rest) {
      const { path } = await withTwo(rest, "kept");
      const count = listAt(await load(rest, path), "snapshots").length;
      const seen = { observed: `${count} of 2 snapshots` };
      if (count === 2) return passed("a table shows all its snapshots", seen);
      return differently(
        "a table shows its current snapshot only; older ones are found by the catalog's hash",
        seen,
      );
    },
  },
  {
    id: "nessie.can-branch-table",
    area: "commits",
    title: "branch and tag inside of a table",
    explain: "A branch and a tag of a snapshot are set by a commit, and stand in the table afterwards.",
    weight: "warning",
    needs: [APPEND],
    async run(rest) {
      const table = await makeTable(rest, "branched");
      await appendTo(rest, table, 1);
      const { path } = table;
      const ref = (name: string, type: string) => ({
        action: "set-snapshot-ref",
        "ref-name": name,
        type,
        "snapshot-id": snapshotId(1),
      });
      const reply = await commit(rest, path, [], [ref("audit", "branch"), ref("release", "tag")]);
      expectServed(reply, "branch or tag inside of a table");
      const refs = Object.keys(at(await load(rest, path), "refs") ?? {}).toSorted().join(", ");
      expect(refs === "audit, main, release", "SilentlyIgnored", {
        message: "branches and tags of a table are accepted and dropped: branch the catalog instead",
        observed: refs,
        expected: "audit, main, release",
      });
      return passed("tables have branches and tags", { observed: refs });
    },
  },
  {
    id: "nessie.can-expire-snapshots",
    area: "commits",
    title: "remove snapshots",
    explain: "A snapshot that is no longer current is removed by a commit, as expire_snapshots does.",
    weight: "warning",
    needs: [APPEND],
    async run(rest) {
      const { path } = await withTwo(rest, "expired");
      const removal = { action: "remove-snapshots", "snapshot-ids": [snapshotId(1)] };
      const reply = await commit(rest, path, [], [removal]);
      expectServed(reply, "let engines remove snapshots");
      const ids = listAt(await load(rest, path), "snapshots").map((one) => String(at(one, "snapshot-id")));
      const observed = ids.join(", ");
      expect(observed === String(snapshotId(2)), "SilentlyIgnored", {
        message: "the removal of a snapshot is answered as done and is not",
        observed,
      });
      return passed("snapshots are removed", { observed });
    },
  },
  {
    id: "nessie.can-upgrade-format",
    area: "commits",
    title: "upgrade a table to format version 3",
    explain: "A commit upgrades a table of version 2 to version 3, and it is loaded as such.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "upgraded");
      const reply = await commit(rest, path, [], [{ action: "upgrade-format-version", "format-version": 3 }]);
      expectServed(reply, "upgrade a table to format version 3");
      const version = at(await load(rest, path), "format-version");
      expect(version === 3, "SilentlyIgnored", "an upgrade is answered as done and is not", {
        observed: `version ${version}`,
      });
      return passed("tables are upgraded to format version 3", { observed: words(reply) });
    },
  },
];
