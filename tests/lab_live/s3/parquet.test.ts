/** What goes up in tables' format: on the lab's gateway, and read by programs that share no code with it. */
import assert from "node:assert/strict";
import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { runTrials } from "../../../lib/checkpoint/run_trials.ts";
import { inScratch, type Scratch } from "../../../lib/checkpoint/scratch.ts";
import { icebergRest } from "../../../lib/clients/iceberg_rest.ts";
import { nessieApi } from "../../../lib/clients/nessie/client.ts";
import { ownReference } from "../../../lib/checkpoints/nessie/scratch/own_reference.ts";
import type { ServiceConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3 } from "../../../lib/clients/s3/client.ts";
import type { S3Context } from "../../../lib/checkpoints/s3/context.ts";
import { formatTrials } from "../../../lib/checkpoints/s3/parquet/mod.ts";
import { enginesOf } from "../../../lib/checkpoints/s3/parquet/engines.ts";
import { type CatalogTable, layoutTrial } from "../../../lib/checkpoints/s3/parquet/layout.ts";
import { fileStore } from "../../../lib/checkpoints/s3/parquet/store.ts";
import { makeBucket } from "../../../lib/checkpoints/s3/scratch/places.ts";
import { placeOf, prefixOf } from "../../../lib/iceberg/location.ts";
import { canonical } from "../../../lib/parquet/canonical.ts";
import { duckdbWrites } from "../../../lib/parquet/duckdb_sql.ts";
import {
  emptyTable,
  nestedTable,
  orderedTable,
  primitiveTable,
  wideTable,
} from "../../../lib/parquet/samples.ts";
import {
  columnsThat,
  type IcebergType,
  rowsOf,
  shapeOf,
  type Table,
  typeText,
  type Value,
} from "../../../lib/parquet/types.ts";
import { type Described, described, withIds } from "./iceberg_schema.ts";
import { sparkSays, sparkText } from "./spark_words.ts";
import { CATALOG, keysOfPlatform, spark, wayTo, witness, type Witnessed } from "../witness.ts";

const LIMIT = { timeoutMs: 20_000 };

async function empty(s3: S3Client, Bucket: string, Prefix = ""): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
}

/** A scratch bucket on the lab's gateway. Fails when something could not be cleaned up. */
async function onGateway(use: (context: S3Context) => Promise<void>): Promise<void> {
  const connection = await wayTo("rook-ceph", "rook-ceph-rgw-storage", 80, "app=rook-ceph-rgw");
  const options = { connection, keys: await keysOfPlatform(), region: "us-east-1", ...LIMIT };
  const [s3, undoS3] = await Promise.all([openS3(options), openS3(options)]);
  const { ended, leftovers } = await inScratch(async (scratch) => {
    const place = await makeBucket(scratch, { undoS3, session: options }, "format");
    assert.ok("bucket" in place);
    const { bucket } = place;
    await use({
      ...{
        scratch,
        connection,
        s3,
        undoS3,
        place,
        bucket,
        region: "us-east-1",
        endpoint: connection.url,
        defaults: s3,
      },
      ...{ raw: rawS3(options), ownBucket: true, prefix: "", session: options, ...LIMIT },
      makeBucket: () => Promise.reject(new Error("one is enough")),
      signal: new AbortController().signal,
    });
  }, { undoTimeoutMs: 30_000 });
  [s3, undoS3].forEach((client) => client.destroy());
  await connection.close();
  if (ended.status === "rejected") throw ended.reason;
  assert.deepEqual(leftovers, []);
}

Deno.test("every trial of the format holds on the lab's gateway", async () => {
  await onGateway(async (context) => {
    const { signal } = context;
    const records = await runTrials(formatTrials, context, {
      signal,
      trialTimeoutMs: 60_000,
      concurrency: 8,
    });
    const notPassed = records.filter(({ result }) => result !== "passed").map(({ trial, reason }) =>
      `${trial} ${reason}`
    );
    assert.deepEqual(notPassed, ["s3.format-types NoSuchType", "s3.format-layout NotApplicable"]);
  });
});

/** As the witness prints a table. */
function expected(table: Table): Pick<Witnessed, "shape" | "rows" | "columns"> {
  const columns = table.fields.map(({ name, type }, at) =>
    [name, (table.columns[at] ?? []).map((value) => canonical(type, value))] as const
  );
  return { shape: shapeOf(table.fields), rows: rowsOf(table), columns: Object.fromEntries(columns) };
}

Deno.test("pyarrow reads from the gateway what both writers put there: types, field ids and every value", async () => {
  await onGateway(async (context) => {
    const { hyparquet, duckdb } = await enginesOf(context);
    const store = fileStore(context, "witness");
    const wanted = new Map<string, ReturnType<typeof expected>>();
    const tables = {
      primitive: primitiveTable(),
      nested: nestedTable(),
      empty: emptyTable(),
      wide: wideTable(512, 8),
      ordered: orderedTable(4096),
    };
    for (const [name, table] of Object.entries(tables)) {
      const options = name === "ordered" ? { rowGroupRows: 2048, pageBytes: 8192 } : {};
      const by = { hyparquet: table, duckdb: columnsThat(duckdbWrites, table) };
      await store.put(`${name}-hyparquet`, hyparquet.write(by.hyparquet, { codec: "ZSTD", ...options }));
      await store.put(
        `${name}-duckdb`,
        await duckdb.write(by.duckdb, { compression: "snappy", rowGroupRows: 2048 }),
      );
      for (const [writer, written] of Object.entries(by)) {
        wanted.set(store.place(`${name}-${writer}`), expected(written));
      }
    }
    const said = await witness(["files", ...wanted.keys()]) as Record<string, Witnessed>;
    for (const [place, { shape, rows, columns }] of wanted) {
      const read = said[place];
      assert.deepEqual(read?.shape, shape, place);
      assert.equal(read.rows, rows, place);
      assert.deepEqual(read.columns, columns, place);
    }
    const ordered = said[store.place("ordered-hyparquet")];
    assert.deepEqual(
      [ordered?.groups, ordered?.bounds, ordered?.columnIndexes, ordered?.codecs, ordered?.writer],
      [2, 4, 4, ["ZSTD"], "lakecheck"],
    );
  });
});

/** Types that Spark has; it has no time of day and no nanoseconds. */
const sparkHas = (type: IcebergType) =>
  type !== "time" && !(typeof type === "string" && type.endsWith("_ns"));

function tableForSpark(): Table {
  const [flat, nested] = [columnsThat(sparkHas, primitiveTable()), nestedTable()];
  const rows = rowsOf(flat);
  return {
    fields: [...flat.fields, ...nested.fields],
    columns: [
      ...flat.columns,
      ...nested.columns.map((column) => Array.from({ length: rows }, (_, row): Value => column[row] ?? null)),
    ],
  };
}

/** A table on a scratch branch that our client makes, with a file of ours; gone afterwards. */
async function onBranch(
  context: S3Context,
  wanted: Table,
  use: (branch: string, table: CatalogTable, written: Table) => Promise<void>,
): Promise<void> {
  const branch = `lakecheck-scratch-${context.scratch.id}`;
  context.scratch.undo(`branch ${branch}`, () =>
    withNessie(async (connection) => {
      const nessie = nessieApi({ connection, ...LIMIT });
      await nessie.remove(ownReference(await nessie.reference(branch), context.scratch));
    }));
  const made = await withNessie(async (connection) => {
    const nessie = nessieApi({ connection, ...LIMIT });
    await nessie.create("BRANCH", branch, await nessie.reference("main"));
    return await madeTable(context, connection, branch, wanted);
  });
  await use(branch, ...made);
}

/** A way for one thing at a time: between two of them Nessie's pods may have been replaced. */
async function withNessie<T>(use: (connection: ServiceConnection) => Promise<T>): Promise<T> {
  const connection = await wayTo("data-platform", "nessie", 19120, "app.kubernetes.io/name=nessie");
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

const SPACE = "lakecheck_scratch";

async function madeTable(
  context: S3Context,
  connection: ServiceConnection,
  branch: string,
  wanted: Table,
): Promise<[CatalogTable, Table]> {
  const catalog = icebergRest({ connection, ...LIMIT, prefix: branch });
  await catalog.createNamespace([SPACE]);
  const body = { name: "written", schema: described(wanted.fields), "stage-create": false };
  const { metadata, metadataLocation = "" } = await catalog.createTable([SPACE], body);
  const [schema] = metadata.schemas as Described[];
  const table = { fields: withIds(wanted.fields, schema ?? ""), columns: wanted.columns };
  const place = placeOf(String(metadata.location));
  assert.ok(place);
  willEmpty(context.scratch, context.undoS3, place.bucket, prefixOf(place));
  const { hyparquet } = await enginesOf(context);
  const store = fileStore({ ...context, bucket: place.bucket, prefix: prefixOf(place) }, "data");
  // Under other names, as after a rename: whoever finds the columns has gone by their ids.
  const renamed = {
    ...table,
    fields: table.fields.map((field) => ({ ...field, name: `was_${field.name}` })),
  };
  await store.put("written.parquet", hyparquet.write(renamed, { codec: "ZSTD" }));
  return [{ table: `${SPACE}.written`, metadataLocation }, table];
}

function willEmpty(scratch: Scratch, s3: S3Client, bucket: string, prefix: string): void {
  scratch.undo(`objects of s3://${bucket}/${prefix}`, () => empty(s3, bucket, prefix));
}

/**
 * PyIceberg 0.11 makes a null list of structs an empty one (its ArrowProjectionVisitor keeps the offsets and not the
 * nulls); pyarrow by itself, in the test above, does not.
 */
function asPyIceberg(columns: Witnessed["columns"]): Witnessed["columns"] {
  return { ...columns, visits: columns.visits?.map((value) => value ?? []) ?? [] };
}

const PARTED = `lakehouse.${SPACE}.parted`;

/** Session of Spark's that reads the table with our file, and makes a table of its own. Gives the rows. */
async function sparkReadsAndWrites(branch: string, written: Table, data: string): Promise<string[]> {
  const columns = flatFields(written).map(sparkSays).join(", ");
  const lines = await spark(
    // add_files writes manifests by Hadoop, which knows s3a only.
    [
      `spark.sql.catalog.lakehouse.uri=${CATALOG}/${branch}`,
      "spark.hadoop.fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem",
    ],
    `CALL lakehouse.system.add_files(table => '${SPACE}.written', source_table => '\`parquet\`.\`${data}\`')`,
    `SELECT 'row', ${columns} FROM lakehouse.${SPACE}.written ORDER BY id`,
    `CREATE TABLE ${PARTED} (id bigint, day date, region string) USING iceberg PARTITIONED BY (days(day), region)`,
    `INSERT INTO ${PARTED} VALUES (1, date'2026-11-21', 'pl'), (2, date'1969-12-31', 'a b/c'), (3, NULL, NULL)`,
  );
  return lines.filter((line) => line.startsWith("row\t"));
}

const flatFields = ({ fields }: Table) =>
  fields.filter(({ type }) => !["struct", "list", "map"].includes(typeText(type)));

function rowsForSpark(written: Table): string[] {
  return Array.from({ length: rowsOf(written) }, (_, row) => {
    const values = flatFields(written).map((field) =>
      sparkText(field.type, written.columns[written.fields.indexOf(field)]?.[row] ?? null)
    );
    return ["row", ...values].join("\t");
  });
}

Deno.test("Spark and PyIceberg read a table of our client with a file of ours, and we see how Spark lays its out", async (t) => {
  await onGateway(async (context) => {
    await onBranch(context, tableForSpark(), async (branch, { metadataLocation = "" }, written) => {
      const data = metadataLocation.replace(/^s3:(.*)\/metadata\/[^/]+$/, "s3a:$1/data");
      const rows = await sparkReadsAndWrites(branch, written, data);
      await t.step("Spark finds every value", () => assert.deepEqual(rows, rowsForSpark(written)));
      await t.step("PyIceberg finds every value and type", async () => {
        const told = await witness(["table", `${CATALOG}/${branch}`, `${SPACE}.written`]) as Witnessed;
        assert.deepEqual(told.columns, asPyIceberg(expected(written).columns));
        // PyIceberg leaves the ids out of what it gives.
        assert.deepEqual(told.shape, shapeOf(written.fields).map((one) => one.replace(/#\d+/, "#none")));
      });
      await t.step("the layout holds, and a lost file is noticed", () => lookAtLayout(context, branch));
    });
  });
});

async function lookAtLayout(context: S3Context, branch: string): Promise<void> {
  const { metadataLocation = "", metadata } = await withNessie((connection) =>
    icebergRest({ connection, ...LIMIT, prefix: branch }).loadTable({ namespace: [SPACE], name: "parted" })
  );
  const place = placeOf(String(metadata.location));
  assert.ok(place);
  willEmpty(context.scratch, context.undoS3, place.bucket, prefixOf(place));
  const tableLocations = () => Promise.resolve([{ table: `${SPACE}.parted`, metadataLocation }]);
  const look = async () => [await layoutTrial.run({ ...context, tableLocations })].flat();
  const [whole] = await look();
  assert.equal(whole?.result, "passed", JSON.stringify(whole));
  assert.match(whole.message, /3 files of its snapshot .+ 3 Parquet files were looked into/);

  const { Contents = [] } = await context.s3.send(
    new ListObjectsV2Command({ Bucket: place.bucket, Prefix: `${prefixOf(place)}data/` }),
  );
  await context.s3.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: Contents[0]?.Key }));
  const [broken] = await look();
  assert.deepEqual([broken?.result, broken?.reason], ["failed", "FileMissing"], JSON.stringify(broken));
}
