import assert from "node:assert/strict";
import { readManifest, readManifestList } from "../../lib/iceberg/manifest.ts";
import { readTableMetadata } from "../../lib/iceberg/metadata.ts";
import { bytesOf, codecs, metadataText, recorded, type RecordedTable, type TableName } from "./fixtures.ts";

/** What fastavro and the writers' own JSON say of these tables. */
const TRUTH: Record<
  TableName,
  { version: number; current: string; manifests: number; files: Record<string, number> }
> = {
  pyiceberg_orders_v1: { version: 1, current: "4140244866336613870", manifests: 7, files: { "data": 8 } },
  pyiceberg_orders_v2: { version: 2, current: "8004417647388485169", manifests: 7, files: { "data": 8 } },
  spark_orders_v1: { version: 1, current: "4987251694276522158", manifests: 8, files: { "data": 10 } },
  spark_orders_v2: {
    version: 2,
    current: "5408115897726282231",
    manifests: 6,
    files: { "data": 6, "position deletes": 2 },
  },
  spark_orders_v3: {
    version: 3,
    current: "7724531174052014028",
    manifests: 6,
    files: { "data": 6, "deletion vectors": 2 },
  },
  spark_orders_eq: {
    version: 2,
    current: "8758078249642178768",
    manifests: 2,
    files: { "data": 1, "equality deletes": 1 },
  },
};

function followed(table: RecordedTable) {
  const metadata = readTableMetadata(metadataText(table));
  const manifests = new Map<string, number>();
  const files = new Map<string, { kind: string; size: number }>();
  for (const { manifestList } of metadata.snapshots) {
    assert.ok(manifestList);
    for (const { path, length } of readManifestList(bytesOf(table, manifestList), codecs)) {
      manifests.set(path, length);
    }
  }
  for (const path of manifests.keys()) {
    for (const file of readManifest(bytesOf(table, path), codecs)) files.set(file.path, file);
  }
  return { metadata, manifests, files };
}

for (const [name, truth] of Object.entries(TRUTH)) {
  Deno.test(`${name} is read as its writer and fastavro read it`, async () => {
    const table = await recorded(name as TableName);
    const { metadata, manifests, files } = followed(table);
    assert.equal(metadata.formatVersion, truth.version);
    assert.equal(metadata.currentSnapshotId, truth.current);
    assert.equal(manifests.size, truth.manifests);
    const kinds: Record<string, number> = {};
    for (const { kind } of files.values()) kinds[kind] = (kinds[kind] ?? 0) + 1;
    assert.deepEqual(kinds, truth.files);
    for (const [path, length] of manifests) assert.equal(bytesOf(table, path).length, length, path);
    for (const [path, { size }] of files) assert.equal(bytesOf(table, path).length, size, path);
  });
}

Deno.test("a table's own branches are known, and its tags are no branches", async () => {
  const { metadata } = followed(await recorded("spark_orders_v2"));
  assert.equal(metadata.branches.length, 2, "main and audit");
  assert.ok(metadata.snapshots.every(({ id }) => /^\d{16,19}$/.test(id)));
});
