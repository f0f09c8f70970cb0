/** What DuckDB's values, errors and waits become. Without its extensions: the lab's tests have those. */
import assert from "node:assert/strict";
import { PATIENT_MS, withinLimits } from "../../../patience.ts";
import * as api from "@duckdb/node-api";
import {
  linkOf,
  nessiePath,
  openDuckDbEngine,
  type Statements,
  statementsOn,
} from "../../../../lib/checkpoints/iceberg/engines/duckdb.ts";
import {
  DUCKDB_VERSION,
  duckdbPlatform,
  extensionsDirectory,
  findExtensions,
} from "../../../../lib/checkpoints/iceberg/engines/duckdb_extensions.ts";
import { EngineError } from "../../../../lib/checkpoints/iceberg/engines/engine.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { CannotLook, Interrupted } from "../../../../lib/engine/errors.ts";

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-to-be-seen" };

async function withDuckDb(
  use: (statements: Statements) => Promise<void>,
  more: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const instance = await api.DuckDBInstance.create(":memory:", { threads: "2" });
  const statements = statementsOn(api, instance, { keys: KEYS, timeoutMs: PATIENT_MS, ...more });
  try {
    await statements.statement("SET GLOBAL TimeZone = 'America/New_York'");
    await use(statements);
  } finally {
    assert.equal(await statements.ended(), true);
    instance.closeSync();
  }
}

const VALUES: [sql: string, cell: string | null][] = [
  ["true", "true"],
  ["-12::INTEGER", "-12"],
  ["9223372036854775807", "9223372036854775807"],
  ["1.5::DECIMAL(9, 2)", "1.50"],
  ["-0.05::DECIMAL(38, 10)", "-0.0500000000"],
  ["0.1::DOUBLE", "0.1"],
  ["0.1::FLOAT", "0.10000000149011612"],
  ["'-0.0'::DOUBLE", "-0"],
  ["'nan'::FLOAT", "NaN"],
  ["'-inf'::DOUBLE", "-Infinity"],
  ["1e21::DOUBLE", "1e+21"],
  ["'2026-11-30'::DATE", "2026-11-30"],
  ["'0001-01-01'::DATE", "0001-01-01"],
  ["'23:59:59.000001'::TIME", "23:59:59.000001"],
  ["'2026-11-30 10:00:00'::TIMESTAMP", "2026-11-30T10:00:00.000000"],
  ["'1969-12-31 23:59:59.999999'::TIMESTAMP", "1969-12-31T23:59:59.999999"],
  ["'2026-11-30 10:00:00+00'::TIMESTAMPTZ", "2026-11-30T10:00:00.000000Z"],
  ["'2026-11-30 10:00:00.123'::TIMESTAMP_MS", "2026-11-30T10:00:00.123000"],
  ["'2026-11-30 10:00:00.123456789'::TIMESTAMP_NS", "2026-11-30T10:00:00.123456789"],
  ["'it''s \"x\"'", `it's "x"`],
  ["''", ""],
  ["unhex('CAFE01')", "cafe01"],
  ["'123E4567-e89b-12d3-a456-426614174000'::UUID", "123e4567-e89b-12d3-a456-426614174000"],
  ["[1, NULL, 2]", '["1",null,"2"]'],
  ["{'x': 1, 'y': NULL, 'z': [true]}", '["1",null,["true"]]'],
  ["MAP {'b': 1, 'a': NULL}", '[["a",null],["b","1"]]'],
  ["NULL", null],
  ["NULL::INTEGER[]", null],
];

Deno.test("every type is one text, whatever the zone of the session", () =>
  withDuckDb(async ({ statement }) => {
    for (const [sql, cell] of VALUES) {
      const { rows } = await statement(`SELECT ${sql}`);
      assert.deepEqual(rows, [[cell]], sql);
    }
  }));

Deno.test("columns have their names and DuckDB's words for their types", () =>
  withDuckDb(async ({ statement }) => {
    const { columns } = await statement("SELECT 1 AS a, {'x': 1.5} AS \"b c\"");
    assert.deepEqual(columns, [
      { name: "a", type: "INTEGER" },
      { name: "b c", type: 'STRUCT("x" DECIMAL(2,1))' },
    ]);
  }));

Deno.test("an error is one link, with DuckDB's own word for it", () =>
  withDuckDb(async ({ statement }) => {
    const error = await statement("SELECT * FROM nowhere").catch((caught) => caught);
    assert.ok(error instanceof EngineError);
    assert.equal(error.chain.length, 1);
    assert.equal(error.chain[0]?.type, "Catalog Error");
    assert.match(error.chain[0]?.message ?? "", /^Table with name nowhere does not exist!/);
  }));

Deno.test("the word for an error ends at the first colon, and is not made up", () => {
  const link = (text: string) => linkOf(new Error(text));
  assert.deepEqual(link("HTTP Error: GET x: 404"), { type: "HTTP Error", message: "GET x: 404" });
  assert.deepEqual(link("TransactionContext Error: Failed to commit: no\nbody"), {
    type: "TransactionContext Error",
    message: "Failed to commit: no\nbody",
  });
  assert.deepEqual(link("something: Error: x"), { type: "Error", message: "something: Error: x" });
  assert.deepEqual(link(""), { type: "Error", message: "" });
});

Deno.test("keys are in no error", () =>
  withDuckDb(async ({ statement }) => {
    const error = await statement(`SELECT "${KEYS.secretAccessKey}", "${KEYS.accessKeyId}"`).catch((caught) =>
      caught
    );
    assert.ok(error instanceof EngineError);
    assert.ok(!JSON.stringify(error.chain).includes(KEYS.secretAccessKey), error.message);
    assert.ok(!JSON.stringify(error.chain).includes(KEYS.accessKeyId), error.message);
  }));

const FOREVER = "SELECT count(*) FROM range(1000000000000) a";

Deno.test("a statement that takes too long is stopped, and those beside it are not", () =>
  withinLimits([1000, 10_000, 60_000], (timeoutMs) =>
    withDuckDb(async ({ statement }) => {
      const late = statement(FOREVER).catch((caught) => caught);
      assert.deepEqual((await statement("SELECT 1")).rows, [["1"]]);
      const error = await late;
      assert.ok(error instanceof CannotLook);
      assert.equal(error.failure.kind, "timeout");
      assert.deepEqual((await statement("SELECT 2")).rows, [["2"]]);
    }, { timeoutMs })));

Deno.test("Ctrl-C stops a statement, and none is begun afterwards", async () => {
  const stop = new AbortController();
  await withDuckDb(async ({ statement }) => {
    const running = statement(FOREVER).catch((caught) => caught);
    setTimeout(() => stop.abort(new Interrupted("interrupted")), 200);
    assert.ok(await running instanceof Interrupted);
    await assert.rejects(() => statement("SELECT 1"), Interrupted);
  }, { signal: stop.signal });
});

Deno.test("more rows than fit are refused, and not read", () =>
  withDuckDb(async ({ statement }) => {
    await assert.rejects(() => statement("SELECT * FROM range(200000)"), /more than 100000 rows/);
    assert.equal((await statement("SELECT * FROM range(100000)")).rows.length, 100_000);
  }));

Deno.test("what DuckDB asks for below a reference is asked for where Nessie has it", () => {
  const references = new Map([["main", "main"], ["feature%2Fx", "feature/x"], ["main%40ab12", "main@ab12"]]);
  const path = (asked: string, warehouse?: string) => nessiePath(asked, "/iceberg", references, warehouse);
  assert.equal(path("/iceberg/main/v1/config?warehouse=w"), "/iceberg/main/v1/config?warehouse=w");
  assert.equal(path("/iceberg/main/v1/main%7Cw/namespaces?a=1", "w"), "/iceberg/v1/main%7Cw/namespaces?a=1");
  assert.equal(path("/iceberg/feature%2Fx/v1/p/tables/t"), "/iceberg/v1/feature%2Fx/tables/t");
  assert.match(
    path("/iceberg/main%40ab12/v1/p/namespaces"),
    /^\/iceberg\/v1\/main(?:@|%40)ab12\/namespaces$/,
  );
  for (
    const other of ["/bucket/iceberg/main/v1/p/x", "/iceberg/other/v1/p/namespaces", "/icebergs/main/v1/p/x"]
  ) {
    assert.equal(path(other), other);
  }
});

Deno.test("without extensions it says in one sentence what to do", async () => {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-" });
  const connection = givenConnection("--url", "http://127.0.0.1:9");
  try {
    await Deno.writeTextFile(`${directory}/httpfs.duckdb_extension`, "");
    const options = {
      catalog: connection,
      store: connection,
      keys: KEYS,
      region: "us-east-1",
      timeoutMs: PATIENT_MS,
    };
    const error = await openDuckDbEngine({ ...options, extensions: directory }).catch((caught) => caught);
    assert.ok(error instanceof CannotLook);
    assert.equal(error.failure.kind, "not-installed");
    assert.match(
      error.message,
      /: avro\.duckdb_extension is not in .*\. Next: give the directory that they are in$/,
    );
  } finally {
    await connection.close();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("an extension that is none is told, and its bytes are not loaded", async () => {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-" });
  const connection = givenConnection("--url", "http://127.0.0.1:9");
  try {
    for (const name of ["httpfs", "avro", "iceberg"]) {
      await Deno.writeTextFile(`${directory}/${name}.duckdb_extension`, "x".repeat(1000));
    }
    assert.equal((await findExtensions(directory)).length, 3);
    const options = {
      catalog: connection,
      store: connection,
      keys: KEYS,
      region: "us-east-1",
      timeoutMs: PATIENT_MS,
    };
    const error = await openDuckDbEngine({ ...options, extensions: directory }).catch((caught) => caught);
    assert.ok(error instanceof CannotLook);
    assert.match(error.message, /^DuckDB did not start: .*httpfs/);
  } finally {
    await connection.close();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("extensions lie in the cache, by version and system", () => {
  const at = (variables: Record<string, string>) => extensionsDirectory((name) => variables[name]);
  const name = `lakecheck/duckdb/${DUCKDB_VERSION}-${duckdbPlatform()}`;
  assert.equal(at({ XDG_CACHE_HOME: "/c", HOME: "/h" }), `/c/${name}`);
  assert.equal(at({ HOME: "/h" }), `/h/.cache/${name}`);
  assert.equal(at({ USERPROFILE: "/u" }), `/u/.cache/${name}`);
  assert.equal(at({}), undefined);
  assert.equal(duckdbPlatform({ os: "darwin", arch: "aarch64" }), "osx_arm64");
  assert.equal(duckdbPlatform({ os: "linux", arch: "x86_64" }), "linux_amd64");
  assert.equal(`v${DUCKDB_VERSION}`, api.version());
});
