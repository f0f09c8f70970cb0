/** Format: what tables are made of goes up and comes back the same, through another reader than its writer. */
import { emptyTable, nestedTable, primitiveTable, wideTable } from "../../../parquet/samples.ts";
import { skipped, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { bothWays, type Journey } from "./both_ways.ts";
import { enginesOf } from "./engines.ts";
import { layoutTrial } from "./layout.ts";
import { inParts, rowGroups } from "./parts.ts";
import { fileStore } from "./store.ts";

const PART = "format";
const store = (context: S3Context) => fileStore(context, PART);

async function travel(context: S3Context, journey: Journey) {
  return await bothWays(store(context), await enginesOf(context), journey);
}

const types: Trial<S3Context> = {
  id: "s3.format-types",
  title: "every primitive type of Iceberg comes back the same",
  explain:
    "A Parquet file with a column of every primitive type of Iceberg, with nulls, limits, NaN and negative " +
    "zero, decimals of up to 38 digits and timestamps to the microsecond before 1970, is written by hyparquet-writer, " +
    "put, got and read by DuckDB, and the other way round, read by ranges. Types, field ids and every value are " +
    "compared. When it does not hold, tables on this store cannot be trusted, or a reader is wrong: the reason tells.",
  weight: "critical",
  async run(context) {
    const table = primitiveTable();
    const outcomes = await travel(context, {
      name: "types",
      what: "primitive types",
      table,
      codec: "SNAPPY",
    });
    return [
      ...outcomes,
      skipped(
        "timestamptz_ns goes neither way and fixed only up: DuckDB has no type for either that loses nothing",
        { reason: "NoSuchType" },
      ),
    ];
  },
};

const nested: Trial<S3Context> = {
  id: "s3.format-nested",
  title: "nested columns come back the same",
  explain:
    "The same with structs, lists and maps in each other, with nulls at every level next to what is easily " +
    "taken for one: empty lists, empty maps, empty texts, structs of nulls.",
  weight: "critical",
  run: (context) =>
    travel(context, { name: "nested", what: "nested columns", table: nestedTable(), codec: "ZSTD" }),
};

const WIDE_COLUMNS = 512;
const WIDE_ROWS = 8;

const wide: Trial<S3Context> = {
  id: "s3.format-wide",
  title: "a wide table comes back the same",
  explain: `The same with ${WIDE_COLUMNS} columns: the footer, which readers fetch first, is large.`,
  weight: "critical",
  run: (context) => {
    const table = wideTable(WIDE_COLUMNS, WIDE_ROWS);
    return travel(context, { name: "wide", what: "a wide table", table, codec: "ZSTD" });
  },
};

const empty: Trial<S3Context> = {
  id: "s3.format-empty",
  title: "a table without rows comes back the same",
  explain: "The same with every type and no row: nothing but a footer.",
  weight: "critical",
  run: (context) =>
    travel(context, { name: "empty", what: "an empty table", table: emptyTable(), codec: "SNAPPY" }),
};

const groups: Trial<S3Context> = {
  id: "s3.format-row-groups",
  title: "row groups and pages are found by their bounds",
  explain:
    "A file of several row groups with bounds, and a page index where the writer makes one, is read by " +
    "ranges: the last 8 bytes, the footer, then only the row group or the pages that hold the rows wanted. It does " +
    "not hold when other rows come, when the bounds are not those of the rows, or when half the file is fetched.",
  weight: "critical",
  run: async (context) => await rowGroups(store(context), await enginesOf(context)),
};

const parts: Trial<S3Context> = {
  id: "s3.format-parts",
  title: "a file uploaded in parts comes back the same",
  explain:
    "A Parquet file of more than 5 MiB is uploaded in two parts, as engines upload theirs, got whole and by a " +
    "range over the seam, and read by DuckDB.",
  weight: "critical",
  run: async (context) => await inParts(store(context), await enginesOf(context)),
};

export const formatTrials: readonly Trial<S3Context>[] = [
  types,
  nested,
  wide,
  empty,
  groups,
  parts,
  layoutTrial,
];
