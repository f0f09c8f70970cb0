import assert from "node:assert/strict";
import { loadBaseline, saveBaseline, type Subject, unfit } from "../../lib/load/baseline.ts";
import type { LoadRow } from "../../lib/load/rows.ts";
import { UsageError } from "../../lib/engine/errors.ts";

const row = (operation: string, concurrency: number): LoadRow => ({
  kind: "row",
  operation,
  bytes: 4096,
  concurrency,
  requests: 100,
  requestsPerS: 1000,
  bytesPerS: 4_096_000,
  p50Ms: 1,
  p90Ms: 2,
  p95Ms: 3,
  p99Ms: 4,
  maxMs: 5,
  errors: {},
  firstErrors: [],
  rounds: [990, 1000, 1010, 1001, 999],
  spread: 0.02,
});
const rows = [row("GET", 1), row("GET", 8), row("PUT", 1)];
const subject: Subject = {
  of: "s3.performance",
  store: "http://rgw.rook-ceph.svc.cluster.local",
  way: "direct",
  method: 1,
  cells: rows,
};
const TAKEN = "2026-11-21T13:00:00.000Z";

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-baseline-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("what was saved is read back", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/b.json`;
    await saveBaseline(path, subject, rows, TAKEN);
    const read = await loadBaseline(path, subject);
    assert.equal(read.takenAt, TAKEN);
    assert.deepEqual(
      read.rows,
      rows.map(({ operation, bytes, concurrency, rounds, p95Ms }) => (
        { operation, bytes, concurrency, rounds, p95Ms }
      )),
    );
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["b.json"]);
  }));

const others: [string, Partial<Subject>, RegExp][] = [
  [
    "another store",
    { store: "http://minio:9000" },
    /was taken at http:\/\/rgw.*this run measures http:\/\/minio:9000/,
  ],
  ["another way", { way: "port-forward" }, /straight at the Service's address.*through a port-forward/],
  ["another method", { method: 2 }, /measured in another way \(method 1, now 2\)/],
  ["another source", { of: "nessie.performance" }, /it is of s3.performance, not of nessie.performance/],
  ["a larger matrix", { cells: [...rows, row("LIST", 1)] }, /does not hold LIST 4 KiB × 1/],
  ["a smaller matrix", { cells: rows.slice(1) }, /holds GET 4 KiB × 1, which this run does not measure/],
];
for (const [what, change, words] of others) {
  Deno.test(`a baseline of ${what} is refused in words`, () =>
    inDirectory(async (directory) => {
      const path = `${directory}/b.json`;
      await saveBaseline(path, subject, rows, TAKEN);
      await assert.rejects(loadBaseline(path, { ...subject, ...change }), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, words);
        assert.match(error.message, /Next: /);
        return true;
      });
    }));
}

const damages: [string, (text: string) => string, RegExp][] = [
  ["is cut", (text) => text.slice(0, text.length / 2), /not JSON/],
  ["is empty", () => "", /not JSON/],
  ["is a list", () => "[]", /is a list/],
  ["has no schema", () => "{}", /names no schema/],
  [
    "is of a later schema",
    (text) => text.replace("baseline/v1", "baseline/v2"),
    /lakecheck.baseline\/v2.*expected lakecheck.baseline\/v1/,
  ],
  ["has no time", (text) => text.replace(TAKEN, "yesterday"), /when it was taken/],
  ["has a word for a rate", (text) => text.replace("990", '"fast"'), /rows\[0\]\.rounds\[0\]/],
  ["has a rate of zero", (text) => text.replace("990", "0"), /rows\[0\] holds a number that can't be/],
  ["has a row without rounds", (text) => text.replace(/"rounds": \[[^\]]*\],/, ""), /rows\[0\] is not whole/],
];
for (const [what, damage, words] of damages) {
  Deno.test(`a baseline that ${what} is refused in words`, () =>
    inDirectory(async (directory) => {
      const path = `${directory}/b.json`;
      await saveBaseline(path, subject, rows, TAKEN);
      await Deno.writeTextFile(path, damage(await Deno.readTextFile(path)));
      await assert.rejects(loadBaseline(path, subject), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, words);
        return true;
      });
    }));
}

Deno.test("a baseline that is not there, is a directory or can't be written is refused in words", () =>
  inDirectory(async (directory) => {
    await assert.rejects(loadBaseline(`${directory}/none.json`, subject), /no such file.*--save-baseline/);
    await assert.rejects(loadBaseline(directory, subject), UsageError);
    await assert.rejects(saveBaseline(`${directory}/no/b.json`, subject, rows, TAKEN), /--save-baseline/);
  }));

Deno.test("a baseline holds nothing but what is compared", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/b.json`;
    await saveBaseline(path, { ...subject, cells: [] } as Subject, rows, TAKEN);
    assert.deepEqual(Object.keys(JSON.parse(await Deno.readTextFile(path))), [
      "schema",
      "takenAt",
      "of",
      "store",
      "way",
      "method",
      "rows",
    ]);
  }));

Deno.test("a run with failures, gaps or single rounds is no baseline", () => {
  assert.equal(unfit(rows, []), undefined);
  assert.match(
    unfit([{ ...row("GET", 1), errors: { SlowDown: 1 } }], []) ?? "",
    /GET 4 KiB × 1 failed/,
  );
  assert.match(unfit(rows, [row("PUT", 32)]) ?? "", /time ran out before PUT 4 KiB × 32/);
  assert.match(unfit([{ ...row("GET", 1), rounds: [5] }], []) ?? "", /1 rounds of GET 4 KiB × 1 are too few/);
  assert.match(unfit([], []) ?? "", /nothing was measured/);
});
