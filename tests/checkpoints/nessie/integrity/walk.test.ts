import assert from "node:assert/strict";
import { integrityRecords, integrityTotals } from "../../../../lib/checkpoints/nessie/integrity/records.ts";
import { tableLocations } from "../../../../lib/checkpoints/nessie/setup/table_locations.ts";
import { CannotLook, Interrupted, UsageError } from "../../../../lib/engine/errors.ts";
import { bytesOf } from "../../../iceberg/fixtures.ts";
import {
  type Contents,
  fakeCatalog,
  type FakeStore,
  KEYS,
  put,
  putBytes,
  refuse,
  walkOver,
  withStore,
} from "./fixture.ts";

const bad = (walked: Awaited<ReturnType<typeof walkOver>>) =>
  integrityRecords(walked).filter(({ result }) => result === "failed" || result === "unknown");

/** So many small tables on main: copies of one that Spark wrote, each with its metadata elsewhere. */
async function many(store: FakeStore, count: number): Promise<Record<string, string>> {
  const table = await put(store, "spark_orders_eq");
  const bytes = bytesOf(table, table.metadataLocation);
  const entries: Record<string, string> = {};
  for (let n = 0; n < count; n++) {
    const path = table.metadataLocation.replace(/[^/]*$/, `copy-${n}.metadata.json`);
    putBytes(store, path, bytes);
    entries[`db.t${String(n).padStart(3, "0")}`] = path;
  }
  return entries;
}

Deno.test("what several references share is looked at once, on a branch rather than on a tag", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v2");
    const entries = { "db.orders": table.metadataLocation };
    const { tally } = await walkOver(store, {
      "a-tag": { type: "TAG", entries },
      "dev": { entries },
      "main": { entries },
    });
    assert.equal(tally.tables, 1);
    assert.equal(tally.same, 2);
    assert.equal(store.requests.filter((one) => one.includes("00008-")).length, 1);
  }));

Deno.test("objects that nothing names are orphans from 24 hours on, and those of earlier states are not", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v2");
    const base = "s3://lake/spark/db/orders_v2";
    putBytes(store, `${base}/data/lost-1.parquet`, new Uint8Array(5000));
    putBytes(store, `${base}/data/lost-2 & <ü>.parquet`, new Uint8Array(7000));
    putBytes(store, `${base}/data/now.parquet`, new Uint8Array(10), "2026-11-20T23:00:00.000Z");
    putBytes(store, `${base}_old/data/other.parquet`, new Uint8Array(300));
    putBytes(store, `${base}/data/`, new Uint8Array());
    const walked = await walkOver(store, { main: { entries: { "db.orders": table.metadataLocation } } });
    assert.deepEqual(walked.tally.orphans, { count: 2, bytes: 12_000 });
    assert.deepEqual(walked.tally.young, { count: 1, bytes: 10 });
    assert.equal(walked.tally.largest[0]?.path, `${base}/data/lost-2 & <ü>.parquet`);
    assert.deepEqual(walked.strays?.strays, { count: 1, bytes: 300 });
    assert.ok(walked.tally.earlier.count > 0, "earlier metadata files are no orphans");
    assert.deepEqual(bad(walked), [], "so few bytes are worth no warning");
    assert.ok(integrityTotals(walked).orphans.length === 3);
  }));

Deno.test("what only an earlier state of the table names is no orphan", () =>
  withStore(async (store) => {
    const table = await put(store, "pyiceberg_orders_v2");
    const earlier = Object.keys(table.objects).filter((key) => /metadata\.json$/.test(key)).sort()[1] ?? "";
    const walked = await walkOver(store, { main: { entries: { "py.orders": `s3://lake/${earlier}` } } });
    assert.equal(walked.tally.orphans.count, 0);
    assert.ok(walked.tally.earlier.count > 20, JSON.stringify(walked.tally.earlier));
    // The same without the later metadata files: now nothing leads to what they named.
    for (const key of Object.keys(table.objects)) {
      if (/metadata\.json$/.test(key) && key > earlier) store.objects.delete(`lake/${key}`);
    }
    const again = await walkOver(store, { main: { entries: { "py.orders": `s3://lake/${earlier}` } } });
    assert.ok(again.tally.orphans.count > 20, JSON.stringify(again.tally.orphans));
  }));

Deno.test("what nothing names in a table of two branches is counted once", () =>
  withStore(async (store) => {
    const entries = await many(store, 2);
    putBytes(store, "s3://lake/spark/db/orders_eq/data/lost.parquet", new Uint8Array(50));
    const [main = "", dev = ""] = Object.values(entries);
    const walked = await walkOver(store, {
      main: { entries: { "db.t": main } },
      dev: { entries: { "db.t": dev } },
    });
    assert.equal(walked.tally.tables, 2);
    assert.deepEqual(walked.tally.orphans, { count: 1, bytes: 50 });
  }));

Deno.test("many orphan bytes are a warning with a next step that deletes nothing", () =>
  withStore(async (store) => {
    const entries = await many(store, 1);
    const walked = await walkOver(store, { main: { entries } });
    walked.tally.orphans = { count: 3, bytes: 2 * 1024 ** 3 };
    const [finding] = bad(walked);
    assert.equal(finding?.reason, "Orphans");
    assert.deepEqual(finding?.next?.map(({ step }) => step), ["see-orphans", "let-gc-find"]);
  }));

Deno.test("a table outside of the warehouse's bucket is named as that, and is looked at all the same", () =>
  withStore(async (store) => {
    const entries = await many(store, 1);
    putBytes(store, "s3://other/x", new Uint8Array(1));
    const walked = await walkOver(store, { main: { entries } }, { warehouses: ["s3://other/"] });
    assert.equal(walked.tally.files, 2);
    const findings = bad(walked);
    assert.ok(
      findings.every(({ reason, trial }) => reason === "WrongBucket" && trial === "nessie.integrity-buckets"),
    );
    assert.ok(findings.length > 0);
  }));

Deno.test("a table that lies in no S3 store is a finding and not an error", () =>
  withStore(async (store) => {
    const entries = { ...await many(store, 1), "db.gcs": "gs://lake/t/metadata/1.metadata.json" };
    const walked = await walkOver(store, { main: { entries } });
    assert.deepEqual(bad(walked).map(({ reason, object }) => [reason, object?.name]), [[
      "OtherStore",
      "main:db.gcs",
    ]]);
  }));

Deno.test("a bucket that does not exist is said once, whatever the number of its tables", () =>
  withStore(async (store) => {
    const entries = await many(store, 3);
    for (let n = 0; n < 5; n++) entries[`gone.t${n}`] = `s3://gone/t${n}/metadata/1.metadata.json`;
    const findings = bad(await walkOver(store, { main: { entries } }));
    assert.equal(findings.length, 1);
    assert.match(
      findings[0]?.message ?? "",
      /bucket gone does not exist, and 5 tables, the first main:gone\.t0, lie in it/,
    );
  }));

Deno.test("a bucket that may not be read is unknown, once, and names the right that is missing", () =>
  withStore(async (store) => {
    const entries = await many(store, 4);
    store.instead.answer = () => refuse(403, "AccessDenied");
    const walked = await walkOver(store, { main: { entries } });
    const findings = bad(walked);
    assert.deepEqual(findings.map(({ result, reason }) => [result, reason]), [["unknown", "Forbidden"]]);
    assert.match(findings[0]?.message ?? "", /4 tables.*s3:GetObject/);
    assert.equal(walked.tally.findings.length, 0, "nothing is called missing");
  }));

for (const code of ["InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"]) {
  Deno.test(`${code} stops the walk: it says nothing of any table`, () =>
    withStore(async (store) => {
      const entries = await many(store, 40);
      store.instead.answer = () => refuse(403, code);
      const walked = await walkOver(store, { main: { entries } });
      const findings = bad(walked);
      assert.deepEqual(findings.map(({ result, reason }) => [result, reason]), [["unknown", "Stopped"]]);
      assert.ok(store.requests.length < 40);
      assert.ok(!JSON.stringify(walked).includes(KEYS.secretAccessKey));
    }));
}

Deno.test("a store that goes away half-way is unknown once, and what was found before is kept", () =>
  withStore(async (store) => {
    const entries = await many(store, 100);
    putBytes(store, Object.values(entries)[2] ?? "", new Uint8Array());
    let asked = 0;
    store.instead.answer = () => ++asked > 100 ? refuse(503, "SlowDown") : undefined;
    const walked = await walkOver(store, { main: { entries } }, { tablesAtATime: 4 });
    assert.deepEqual(bad(walked).map(({ reason }) => reason).sort(), ["Empty", "Stopped"]);
    assert.ok(walked.tally.tables > 0 && walked.tally.tables < 100);
  }));

Deno.test("a store that is busy for a moment is asked again", () =>
  withStore(async (store) => {
    const entries = await many(store, 3);
    let asked = 0;
    store.instead.answer = () => ++asked % 3 === 1 ? refuse(503, "SlowDown") : undefined;
    assert.deepEqual(bad(await walkOver(store, { main: { entries } })), []);
  }));

Deno.test("an answer that is no listing is not taken for an empty one", () =>
  withStore(async (store) => {
    const entries = await many(store, 2);
    store.instead.answer = ({ url }) =>
      url.includes("list-type") ? new Response("<html>hello</html>") : undefined;
    const walked = await walkOver(store, { main: { entries } });
    assert.equal(walked.tally.findings.length, 0);
    assert.deepEqual(bad(walked).map(({ result }) => result), ["unknown"]);
  }));

Deno.test("a table that was changed while it was looked at is looked at as it is now", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v2");
    const catalog = fakeCatalog({
      main: { entries: { "db.orders": table.metadataLocation.replace(/00008-/, "gone-") } },
    });
    const now = fakeCatalog({ main: { entries: { "db.orders": table.metadataLocation } } });
    const walked = await walkOver(store, { ...catalog, contents: now.contents });
    assert.deepEqual(bad(walked), []);
    assert.equal(walked.tally.files, 8);
  }));

Deno.test("a table that was dropped while it was looked at is missed by nobody", () =>
  withStore(async (store) => {
    const entries = { ...await many(store, 1), "db.gone": "s3://lake/gone/metadata/1.metadata.json" };
    const catalog = fakeCatalog({ main: { entries } });
    const walked = await walkOver(store, { ...catalog, contents: () => Promise.resolve([]) });
    assert.deepEqual(bad(walked), []);
  }));

Deno.test("views are followed to their metadata, and contents of other kinds are counted", () =>
  withStore(async (store) => {
    const entries: Contents["x"]["entries"] = await many(store, 1);
    putBytes(
      store,
      "s3://lake/v/metadata/1.gz.metadata.json",
      new TextEncoder().encode('{"location":"s3://lake/v"}'),
    );
    entries["db.view"] = {
      type: "ICEBERG_VIEW",
      metadataLocation: "s3://lake/v/metadata/1.gz.metadata.json",
    };
    entries["db.view2"] = { type: "ICEBERG_VIEW", metadataLocation: "s3://lake/v/metadata/2.metadata.json" };
    entries["db.delta"] = { type: "DELTA_LAKE_TABLE" };
    entries["db"] = { type: "NAMESPACE" };
    const walked = await walkOver(store, { main: { entries } });
    assert.equal(walked.tally.views, 2);
    assert.equal(walked.tally.others, 1);
    assert.deepEqual(bad(walked).map(({ object, reason }) => [object?.name, reason]), [[
      "main:db.view2",
      "Missing",
    ]]);
  }));

Deno.test("a catalog without tables is skipped, not passed", () =>
  withStore(async (store) => {
    putBytes(store, "s3://lake/x", new Uint8Array(1));
    const records = integrityRecords(await walkOver(store, { main: { entries: {} } }));
    assert.deepEqual(new Set(records.map(({ result }) => result)), new Set(["skipped"]));
  }));

Deno.test("the same seed takes the same sample, and another seed another", () =>
  withStore(async (store) => {
    const entries = await many(store, 60);
    const sampled = async (seed: number) => {
      store.requests.length = 0;
      const walked = await walkOver(store, { main: { entries } }, { sample: 5, seed });
      assert.equal(walked.tally.tables, 5);
      assert.deepEqual(walked.partly, { why: "sample", of: 60, seed });
      assert.equal(walked.strays, undefined);
      return store.requests.filter((one) => one.includes("copy-")).sort().join();
    };
    const first = await sampled(7);
    assert.equal(await sampled(7), first);
    assert.notEqual(await sampled(8), first);
  }));

Deno.test("many findings are bounded, and the rest is counted", () =>
  withStore(async (store) => {
    const entries: Record<string, string> = {};
    for (let n = 0; n < 120; n++) entries[`db.t${n}`] = `s3://lake/t${n}/metadata/1.metadata.json`;
    putBytes(store, "s3://lake/x", new Uint8Array(1));
    const findings = bad(await walkOver(store, { main: { entries } }));
    assert.equal(findings.length, 51);
    assert.match(findings.at(-1)?.message ?? "", /and 70 more findings/);
  }));

async function inDirectory(use: (file: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await use(`${directory}/state.json`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a walk that its limit ended goes on where it was, and comes to the same sum", () =>
  withStore((store) =>
    inDirectory(async (resume) => {
      const entries = await many(store, 50);
      putBytes(store, entries["db.t003"] ?? "", new Uint8Array());
      const contents = { main: { entries }, old: { type: "TAG" as const, entries } };
      const notes: string[] = [];
      const more = { resume, note: (line: string) => void notes.push(line), tablesAtATime: 3 };
      const first = await walkOver(store, contents, { ...more, limit: 20 });
      assert.deepEqual(first.partly, { why: "limit" });
      assert.ok(first.tally.tables >= 10 && first.tally.tables < 20, String(first.tally.tables));
      store.requests.length = 0;
      const second = await walkOver(store, contents, more);
      const whole = await walkOver(store, contents);
      assert.ok(
        !store.requests.slice(0, 20).some((one) => one.includes("copy-0.")),
        "what was done is not asked for",
      );
      assert.deepEqual(second.tally, whole.tally);
      assert.match(notes.join("\n"), /Going on after \d+ entries/);
      await walkOver(store, contents, { ...more, note: (line) => void notes.push(line) });
      assert.match(notes.at(-1) ?? "", /came to its end\. The walk starts anew/);
    })
  ));

Deno.test("Ctrl-C writes down where the walk was", () => {
  const control = new AbortController();
  return withStore((store) =>
    inDirectory(async (resume) => {
      const entries = await many(store, 60);
      let asked = 0;
      store.instead.answer = ({ url }) => {
        if (/copy-\d+\.metadata\.json$/.test(new URL(url).pathname) && ++asked === 20) {
          control.abort(new Interrupted("interrupted"));
        }
        return undefined;
      };
      const { signal } = control;
      await assert.rejects(
        walkOver(store, { main: { entries } }, { resume, tablesAtATime: 2, signal }),
        Interrupted,
      );
      const state = JSON.parse(await Deno.readTextFile(resume));
      assert.ok(state.done >= 10 && state.done < 60, String(state.done));
      const { tally } = await walkOver(store, { main: { entries } }, { resume });
      assert.equal(tally.tables, 60);
      assert.equal(tally.files, 120);
    })
  );
});

Deno.test("a reference that changed since makes the walk start anew, and it says so", () =>
  withStore((store) =>
    inDirectory(async (resume) => {
      const entries = await many(store, 10);
      await walkOver(store, { main: { hash: "aa", entries } }, { resume, limit: 4, tablesAtATime: 1 });
      const notes: string[] = [];
      const note = (line: string) => void notes.push(line);
      const { tally } = await walkOver(store, { main: { hash: "bb", entries } }, { resume, note });
      assert.match(notes[0] ?? "", /reference main has changed since\. The walk starts anew/);
      assert.equal(tally.tables, 10);
    })
  ));

Deno.test("a file that holds something else is not gone on with, nor written over", () =>
  withStore((store) =>
    inDirectory(async (resume) => {
      await Deno.writeTextFile(resume, "my notes");
      const entries = await many(store, 1);
      await assert.rejects(walkOver(store, { main: { entries } }, { resume }), UsageError);
      assert.equal(await Deno.readTextFile(resume), "my notes");
    })
  ));

Deno.test("a catalog that does not answer ends the walk with its own words", () =>
  withStore(async (store) => {
    const failure = { kind: "unreachable" as const, message: "could not list the references" };
    const catalog = { ...fakeCatalog({}), config: () => Promise.reject(new CannotLook(failure)) };
    await assert.rejects(walkOver(store, catalog), CannotLook);
  }));

Deno.test("the locations of tables are those of their metadata, or guessed where nobody reads it", () =>
  withStore(async (store) => {
    const table = await put(store, "spark_orders_v3");
    const catalog = fakeCatalog({ main: { entries: { "db.orders": table.metadataLocation } } });
    const [read] = await Array.fromAsync(tableLocations(catalog, store.reader));
    assert.deepEqual(read, {
      name: "db.orders",
      reference: "main",
      location: "s3://lake/spark/db/orders_v3",
      metadataLocation: table.metadataLocation,
      guessed: false,
    });
    assert.deepEqual(await Array.fromAsync(tableLocations(catalog)), [{ ...read, guessed: true }]);
  }));
