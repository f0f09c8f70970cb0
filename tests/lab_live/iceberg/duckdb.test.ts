/** DuckDB on the lab's catalog and store, through port-forwards, on a scratch branch of its own. */
import assert from "node:assert/strict";
import { type DuckDbEngine, openDuckDbEngine } from "../../../lib/checkpoints/iceberg/engines/duckdb.ts";
import { type Cell, EngineError } from "../../../lib/checkpoints/iceberg/engines/engine.ts";
import { nessieApi, type OwnReference } from "../../../lib/clients/nessie/client.ts";
import { openS3 } from "../../../lib/clients/s3/client.ts";
import { DeleteObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { keysOfPlatform, wayTo } from "../witness.ts";

const BUCKET = "iceberg-warehouse";

interface Scene {
  engine: DuckDbEngine;
  /** Of the scratch namespace at the head of the scratch branch: `CATALOG.NAMESPACE`. */
  at: string;
  /** The same at the commit that is the head of the branch now. */
  now(): Promise<string>;
}

/** An engine on a branch whose name has a slash, with a namespace; all that is made is deleted. */
async function onBranch(use: (scene: Scene) => Promise<void>): Promise<void> {
  const id = crypto.randomUUID().slice(0, 8);
  const name = `lakecheck-scratch-duckdb/${id}`;
  const space = `lakecheck_duckdb_${id}`;
  const keys = await keysOfPlatform();
  const catalog = await wayTo("data-platform", "nessie", 19120, "app.kubernetes.io/name=nessie");
  const store = await wayTo("rook-ceph", "rook-ceph-rgw-storage", 80, "app=rook-ceph-rgw");
  const session = { keys, region: "us-east-1", timeoutMs: 120_000 };
  const nessie = nessieApi({ connection: catalog, timeoutMs: 60_000 });
  const s3 = await openS3({ connection: store, ...session });
  const { defaultBranch } = await nessie.config();
  await nessie.create("BRANCH", name, await nessie.reference(defaultBranch));
  const engine = await openDuckDbEngine({ catalog, store, ...session });
  try {
    const at = `${await engine.catalogAt(name)}.${space}`;
    await engine.run(`CREATE SCHEMA ${at}`);
    const now = async () =>
      `${await engine.catalogAt(`${name}@${(await nessie.reference(name)).hash}`)}.${space}`;
    await use({ engine, at, now });
  } finally {
    await engine.close();
    await engine.close();
    await nessie.remove(await nessie.reference(name) as OwnReference);
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${space}/` }),
    );
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
    s3.destroy();
    await Promise.all([catalog.close(), store.close()]);
  }
}

/** Type, literal, and what must be read back. */
const CELLS: [type: string, literal: string, cell: Cell][] = [
  ["BOOLEAN", "true", "true"],
  ["INTEGER", "-12", "-12"],
  ["BIGINT", "9223372036854775807", "9223372036854775807"],
  ["FLOAT", "'nan'::FLOAT", "NaN"],
  ["DOUBLE", "'-0.0'::DOUBLE", "-0"],
  ["DECIMAL(38, 10)", "1.5", "1.5000000000"],
  ["DATE", "DATE '0001-01-01'", "0001-01-01"],
  ["TIME", "TIME '23:59:59.000001'", "23:59:59.000001"],
  ["TIMESTAMP", "TIMESTAMP '2026-11-30 10:00:00'", "2026-11-30T10:00:00.000000"],
  ["TIMESTAMPTZ", "TIMESTAMPTZ '2026-11-30 12:00:00+02'", "2026-11-30T10:00:00.000000Z"],
  ["VARCHAR", "'it''s é'", "it's é"],
  ["UUID", "'123E4567-e89b-12d3-a456-426614174000'::UUID", "123e4567-e89b-12d3-a456-426614174000"],
  ["BLOB", "unhex('cafe01')", "cafe01"],
  ["INTEGER[]", "[1, NULL]", '["1",null]'],
  ["STRUCT(x INTEGER, y VARCHAR)", "{'x': 1, 'y': NULL}", '["1",null]'],
  ["MAP(VARCHAR, INTEGER)", "MAP {'b': 1, 'a': 2}", '[["a","2"],["b","1"]]'],
];

Deno.test("every type comes back as it went into the table, and null as null", () =>
  onBranch(async ({ engine: { run }, at }) => {
    const table = `${at}."all types, é"`;
    await run(`CREATE TABLE ${table} (${CELLS.map(([type], n) => `c${n} ${type}`).join(", ")})`);
    const nulls = CELLS.map(() => "NULL").join(", ");
    await run(`INSERT INTO ${table} VALUES (${CELLS.map(([, literal]) => literal).join(", ")}), (${nulls})`);
    const { rows } = await run(`SELECT * FROM ${table} ORDER BY c0 NULLS LAST`);
    assert.deepEqual(rows, [CELLS.map(([, , cell]) => cell), CELLS.map(() => null)]);
  }));

Deno.test("a commit is read at its hash when the branch has gone on, and a lost race is told and loses nothing", () =>
  onBranch(async ({ engine: { run }, at, now }) => {
    const count = async (from: string) => (await run(`SELECT count(*) FROM ${from}.t`)).rows[0]?.[0];
    await run(`CREATE TABLE ${at}.t AS SELECT 1 AS a`);
    const before = await now();
    const writers = await Promise.allSettled([2, 3, 4].map((n) => run(`INSERT INTO ${at}.t VALUES (${n})`)));
    const lost = writers.filter((one) => one.status === "rejected").map(({ reason }) => reason);
    for (const error of lost) {
      assert.ok(error instanceof EngineError, String(error));
      assert.equal(error.chain[0]?.type, "TransactionContext Error");
      assert.match(error.message, /Conflict_409/);
    }
    assert.equal(await count(before), "1");
    assert.equal(await count(at), String(4 - lost.length));
  }));

Deno.test("it counts the files that it reads", () =>
  onBranch(async ({ engine: { run }, at }) => {
    await run(`CREATE TABLE ${at}.p (a BIGINT, d DATE) PARTITIONED BY (month(d))`);
    await run(`INSERT INTO ${at}.p VALUES (1, '2026-10-30'), (2, '2026-11-30')`);
    const read = async (where: string) => {
      const { rows } = await run(`EXPLAIN ANALYZE SELECT * FROM ${at}.p ${where}`);
      return /Total Files Read: (\d+)/.exec(rows[0]?.[1] ?? "")?.[1];
    };
    assert.equal(await read(""), "2");
    assert.equal(await read("WHERE d >= DATE '2026-11-01'"), "1");
  }));

Deno.test("an answer that is lost after the commit is a commit all the same", () =>
  onBranch(async ({ engine, at }) => {
    const lost = engine.loseAnswer("POST", /\/tables\/t$/);
    const error = await engine.run(`CREATE TABLE ${at}.t (a BIGINT)`).catch((caught) => caught);
    assert.equal(lost.happened(), true);
    assert.ok(error instanceof EngineError, String(error));
    assert.match(error.message, /AlreadyExistsException/);
    assert.deepEqual((await engine.run(`SELECT * FROM ${at}.t`)).columns, [{ name: "a", type: "BIGINT" }]);
  }));

Deno.test("it reads no file of this machine, asks no other host, and shows no key", () =>
  onBranch(async ({ engine: { run } }) => {
    const refused = async (sql: string, words: RegExp) => {
      const error = await run(sql).catch((caught) => caught);
      assert.ok(error instanceof EngineError, sql);
      assert.match(error.message, words);
    };
    await refused("SELECT * FROM read_text('/etc/passwd')", /disabled by configuration/);
    await refused("COPY (SELECT 1) TO '/tmp/lakecheck-live.csv'", /disabled by configuration/);
    await refused("SELECT * FROM read_text('https://example.com/')", /disabled by configuration/);
    await refused("SET enable_external_access = true", /Cannot (?:change|enable)|locked/);
    await refused("INSTALL spatial", /./);
    const { rows } = await run("SELECT secret_string FROM duckdb_secrets()");
    assert.ok(!JSON.stringify(rows).includes((await keysOfPlatform()).secretAccessKey));
  }));
