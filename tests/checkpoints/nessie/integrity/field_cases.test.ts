/** Tables that other writers wrote: what is not read here is unknown, and never broken. */
import assert from "node:assert/strict";
import { crc32, inflateRawSync } from "node:zlib";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import { integrityRecords } from "../../../../lib/checkpoints/nessie/integrity/records.ts";
import { type FakeStore, put, putBytes, walkOver, withStore } from "./fixture.ts";
import { bytesOf } from "../../../iceberg/fixtures.ts";

const cases = JSON.parse(
  await Deno.readTextFile(new URL("../../../iceberg/fixtures/field_cases.json", import.meta.url)),
);
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** What is said of a table whose metadata file has this name, besides what passed. */
async function said(store: FakeStore, name: string): Promise<TrialRecord[]> {
  const entries = { "db.t": `s3://lake/t/metadata/${name}` };
  const walked = await walkOver(store, { main: { entries } });
  return integrityRecords(walked).filter(({ result }) => result !== "passed" && result !== "skipped");
}

function encrypted(
  store: FakeStore,
  list: Uint8Array<ArrayBuffer>,
  metadata = cases.encryptedMetadata,
): void {
  putBytes(store, "s3://lake/t/metadata/v1.metadata.json", bytes(metadata));
  putBytes(store, "s3://lake/t/metadata/snap-1.avro", list);
}

Deno.test("an encrypted manifest list is unknown and not broken, and nothing beside it is an orphan", () =>
  withStore(async (store) => {
    encrypted(store, Uint8Array.fromBase64(cases.encryptedList));
    putBytes(store, "s3://lake/t/data/1.parquet", bytes("x"));
    const records = await said(store, "v1.metadata.json");
    assert.deepEqual(records.map(({ result, reason }) => `${result} ${reason}`), ["unknown NotUnderstood"]);
    assert.match(records[0]?.message ?? "", /snap-1\.avro is encrypted, which is not read here$/);
  }));

Deno.test("a list of a snapshot with a key that is no Avro file is encrypted; without a key it is broken", () =>
  withStore(async (store) => {
    encrypted(store, bytes("something else"));
    const [record] = await said(store, "v1.metadata.json");
    assert.equal(record?.reason, "NotUnderstood");
    const { "key-id": _, ...snapshot } = cases.encryptedMetadata.snapshots[0];
    encrypted(store, bytes("something else"), { ...cases.encryptedMetadata, snapshots: [snapshot] });
    assert.equal((await said(store, "v1.metadata.json"))[0]?.reason, "Broken");
  }));

Deno.test("an encrypted manifest is unknown, whatever its length", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v1");
    const key = Object.keys(table.objects).find((one) => /-m0\.avro$/.test(one)) ?? "";
    putBytes(store, `s3://lake/${key}`, new TextEncoder().encode("AGS1 and more"));
    const walked = await walkOver(store, { main: { entries: { "db.t": table.metadataLocation } } });
    const reasons = integrityRecords(walked).flatMap(({ result, reason }) =>
      result === "unknown" ? reason : []
    );
    assert.deepEqual(reasons, ["NotUnderstood"]);
  }));

Deno.test("metadata that is packed with zstd is read, under the name that its writer gave it", () =>
  withStore(async (store) => {
    putBytes(
      store,
      "s3://lake/t/metadata/00001.zstd.metadata.json",
      Uint8Array.fromBase64(cases.zstdMetadata),
    );
    const records = await said(store, "00001.zstd.metadata.json");
    // Its manifest list is not there; that it is missed shows that the metadata was read.
    assert.deepEqual(records.map(({ reason }) => reason), ["Missing"]);
    assert.match(records[0]?.message ?? "", /snap-1\.avro$/);
  }));

/** Snappy without a copy in it: any packer may write so. */
function literals(block: Uint8Array): Uint8Array {
  const size = (value: number): number[] => value < 128 ? [value] : [value & 127 | 128, ...size(value >> 7)];
  const last = block.length - 1;
  const head = [...size(block.length), 61 << 2, last & 255, last >> 8];
  const out = new Uint8Array(head.length + block.length + 4);
  out.set(head);
  out.set(block, head.length);
  new DataView(out.buffer).setUint32(out.length - 4, crc32(block));
  return out;
}

const long = (value: number): number[] =>
  value < 64 ? [value * 2] : [value * 2 & 127 | 128, ...long2(value >> 6)];
const long2 = (value: number): number[] => value < 128 ? [value] : [value & 127 | 128, ...long2(value >> 7)];

/** An Avro file of one deflated block, packed with Snappy instead. */
function repacked(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder("latin1").decode(file);
  const codec = text.indexOf("avro.codec") + "avro.codec".length;
  assert.equal(text.slice(codec, codec + 8), "\x0edeflate");
  const sync = file.slice(-16);
  const begins = text.indexOf(new TextDecoder("latin1").decode(sync)) + 16;
  const [count, packed] = blockAt(file, begins);
  const block = literals(new Uint8Array(inflateRawSync(packed)));
  return new Uint8Array([
    ...file.slice(0, codec),
    12,
    ...new TextEncoder().encode("snappy"),
    ...file.slice(codec + 8, begins),
    ...long(count),
    ...long(block.length),
    ...block,
    ...sync,
  ]);
}

function blockAt(file: Uint8Array, at: number): [count: number, packed: Uint8Array] {
  const read = (): number => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = file[at++] ?? 0;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value / 2;
    }
  };
  const [count, length] = [read(), read()];
  assert.equal(at + length + 16, file.length, "one block");
  return [count, file.slice(at, at + length)];
}

Deno.test("manifest lists and manifests that are packed with Snappy are read", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v2");
    const lists = Object.keys(table.objects).filter((key) => /snap-.*\.avro$/.test(key));
    assert.ok(lists.length > 0);
    for (const key of lists) {
      putBytes(store, `s3://lake/${key}`, repacked(bytesOf(table, `s3://lake/${key}`)));
    }
    const walked = await walkOver(store, { main: { entries: { "db.t": table.metadataLocation } } });
    assert.deepEqual(walked.tally.findings, []);
    assert.equal(walked.tally.files, 8);
  }));
