/** What is taken out of a wheel, and what is not. */
import assert from "node:assert/strict";
import { crc32, deflateRawSync } from "node:zlib";
import { DUCKDB_EXTENSIONS } from "../../../lib/checkpoints/iceberg/engines/duckdb_extensions.ts";
import { nameInWheel, requirementsOf } from "../../../tools/duckdb/extensions.ts";
import { EXTENSION_PINS } from "../../../tools/duckdb/pins.ts";
import { fileInWheel } from "../../../tools/duckdb/wheel.ts";

interface Put {
  name: string;
  bytes: Uint8Array;
  stored?: boolean;
  /** What the list of files says instead. */
  says?: { unpacked?: number; crc?: number; at?: number; method?: number };
}

function zip(files: readonly Put[], comment = ""): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, stored, says = {} } of files) {
    const packed = stored ? bytes : deflateRawSync(bytes);
    const called = new TextEncoder().encode(name);
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint16(26, called.length, true);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(10, says.method ?? (stored ? 0 : 8), true);
    entry.setUint32(16, says.crc ?? crc32(bytes), true);
    entry.setUint32(20, packed.length, true);
    entry.setUint32(24, says.unpacked ?? bytes.length, true);
    entry.setUint16(28, called.length, true);
    entry.setUint32(42, says.at ?? at, true);
    parts.push(new Uint8Array(local.buffer), called, packed);
    list.push(new Uint8Array(entry.buffer), called);
    at += 30 + called.length + packed.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, files.length, true);
  end.setUint32(16, at, true);
  end.setUint16(20, comment.length, true);
  const all = [...parts, ...list, new Uint8Array(end.buffer), new TextEncoder().encode(comment)];
  return new Uint8Array(all.flatMap((part) => [...part]));
}

const hello = new TextEncoder().encode("hello ".repeat(100));
const one = (more: Partial<Put> = {}): Put => ({ name: "a/b", bytes: hello, ...more });
const taken = (files: readonly Put[], max = 1000) => fileInWheel(zip(files), "a/b", max);

Deno.test("a file is taken out by its whole name, packed or stored", () => {
  assert.deepEqual(new Uint8Array(taken([{ name: "x/a/b", bytes: new Uint8Array([1]) }, one()])), hello);
  assert.deepEqual(new Uint8Array(taken([one({ stored: true })])), hello);
  assert.deepEqual(new Uint8Array(fileInWheel(zip([one()], "a comment"), "a/b", 1000)), hello);
});

Deno.test("names that lead elsewhere are other names", () => {
  assert.throws(
    () => taken([one({ name: "../a/b" }), one({ name: "/a/b" })]),
    /it holds 0 files of the name a\/b/,
  );
  assert.throws(() => taken([one(), one()]), /it holds 2 files/);
});

Deno.test("a file that is too large, or larger than it says, is not unpacked", () => {
  assert.throws(() => taken([one()], hello.length - 1), /would be larger than 599 bytes/);
  assert.throws(() => taken([one({ says: { unpacked: 10 } })]), /a\/b is damaged/);
  assert.throws(() => taken([one({ says: { unpacked: 0 } })]), /a\/b is damaged/);
  assert.throws(() => taken([one({ says: { unpacked: 700 } })]), /a\/b is damaged/);
});

Deno.test("a damaged file is told", () => {
  assert.throws(() => taken([one({ says: { crc: 1 } })]), /a\/b is damaged/);
  assert.throws(() => taken([one({ says: { at: 1 } })]), /its list of files is damaged/);
  assert.throws(() => taken([one({ says: { at: 100_000 } })]), /no whole zip file/);
  assert.throws(() => taken([one({ says: { method: 12 } })]), /packed in a way that is not known/);
  assert.throws(() => fileInWheel(zip([one()]).slice(0, 60), "a/b", 1000), /no zip file/);
  assert.throws(() => fileInWheel(new Uint8Array(3), "a/b", 1000), /no zip file/);
});

Deno.test("every system has a checksum of each extension, and no two are the same", () => {
  const pins = Object.values(EXTENSION_PINS).flatMap(({ sha256 }) => Object.values(sha256));
  assert.equal(pins.length, Object.keys(EXTENSION_PINS).length * DUCKDB_EXTENSIONS.length);
  assert.equal(new Set(pins).size, pins.length);
  for (const pin of pins) assert.match(pin, /^[0-9a-f]{64}$/);
  const [linux] = Object.values(EXTENSION_PINS);
  assert.ok(linux);
  assert.match(requirementsOf(linux), /^(duckdb-extension-\w+==1\.5\.5 --hash=sha256:\w+\n){3}$/);
  assert.equal(nameInWheel("avro"), "duckdb_extension_avro/extensions/v1.5.5/avro.duckdb_extension");
});
