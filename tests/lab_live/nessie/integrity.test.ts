/** Tables that the platform's Spark writes on a scratch branch, each damaged in its own way; and all of it taken away. */
import assert from "node:assert/strict";
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { walk } from "../../../lib/checkpoints/nessie/integrity/mod.ts";
import type { Walked } from "../../../lib/checkpoints/nessie/integrity/walked.ts";
import { integrityRecords } from "../../../lib/checkpoints/nessie/integrity/records.ts";
import { nessieApi, type OwnReference } from "../../../lib/clients/nessie/client.ts";
import { openS3 } from "../../../lib/clients/s3/client.ts";
import { s3Reader } from "../../../lib/clients/s3/reader.ts";
import { CATALOG, keysOfPlatform, spark, wayTo } from "../witness.ts";

const BUCKET = "iceberg-warehouse";
const ID = crypto.randomUUID().slice(0, 8);
const BRANCH = `lakecheck-scratch-integrity-${ID}`;
const SPACE = `lakecheck_scratch_integrity_${ID}`;

async function keysBelow(s3: S3Client, prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return Contents.flatMap(({ Key }) => Key ?? []);
}

/** What is done to each table, and the finding it must come to. */
const DAMAGES: Record<string, { object: RegExp; how: "delete" | "empty" | "cut" | "html"; says: RegExp }> = {
  metadata_gone: { object: /metadata\.json$/, how: "delete", says: /^Missing .*a metadata file is missing/ },
  list_cut: { object: /snap-.*\.avro$/, how: "cut", says: /^Broken .*a manifest list is broken/ },
  manifest_html: { object: /-m0\.avro$/, how: "html", says: /^WrongSize .*a manifest has another size/ },
  data_gone: { object: /\/data\/.*\.parquet$/, how: "delete", says: /^Missing .*data file is missing/ },
  data_empty: { object: /\/data\/.*\.parquet$/, how: "empty", says: /^Empty .*data file is empty/ },
  data_cut: { object: /\/data\/.*\.parquet$/, how: "cut", says: /^WrongSize .*data file has another size/ },
  delete_gone: {
    object: /-deletes\.parquet$/,
    how: "delete",
    says: /^Missing .*position delete file is missing/,
  },
};

async function damage(s3: S3Client, key: string, how: "delete" | "empty" | "cut" | "html"): Promise<void> {
  if (how === "delete") await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
  else {
    const bytes = how === "empty" ? new Uint8Array() : new TextEncoder().encode("<html>");
    // A manifest list's head with nothing behind it is what a broken upload leaves.
    const body = how === "cut" && key.endsWith(".avro") ? new TextEncoder().encode("Obj\x01") : bytes;
    await s3.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: key,
        Body: how === "cut" && body.length === 0 ? new Uint8Array(9) : body,
      }),
    );
  }
}

Deno.test("each kind of damage to a table that Spark wrote is named, and nothing else", async () => {
  const keys = await keysOfPlatform();
  const [connection, catalogWay] = [
    await wayTo("rook-ceph", "rook-ceph-rgw-storage", 80, "app=rook-ceph-rgw"),
    await wayTo("data-platform", "nessie", 19120, "app.kubernetes.io/name=nessie"),
  ];
  const session = { connection, keys, region: "us-east-1", timeoutMs: 30_000 };
  const nessie = nessieApi({ connection: catalogWay, timeoutMs: 30_000 });
  const s3 = await openS3(session);
  const look = (): Promise<Walked> =>
    walk({
      catalog: nessie,
      store: s3Reader(session),
      session,
      warehouses: [`s3://${BUCKET}/`],
      references: (name) => name === BRANCH,
      signal: new AbortController().signal,
    });
  try {
    const { defaultBranch } = await nessie.config();
    await nessie.create("BRANCH", BRANCH, await nessie.reference(defaultBranch));
    const columns = "USING iceberg TBLPROPERTIES ('format-version'='2', 'write.delete.mode'='merge-on-read')";
    await spark(
      [`spark.sql.catalog.lakehouse.uri=${CATALOG}/${BRANCH}`],
      `CREATE NAMESPACE ${SPACE}`,
      ...["whole", ...Object.keys(DAMAGES)].map((name) =>
        `CREATE TABLE ${SPACE}.${name} ${columns} AS SELECT id, concat('row ', id) AS name FROM range(0, 20, 1, 1)`
      ),
      ...["whole", "delete_gone"].map((name) => `DELETE FROM ${SPACE}.${name} WHERE id = 3`),
    );
    const before = await look();
    assert.deepEqual(before.tally.findings, []);
    assert.equal(before.tally.tables, 8);
    assert.equal(before.tally.files, 8 + 2, "eight data files and two of position deletes");
    assert.equal(before.tally.orphans.count, 0);

    for (const [name, { object, how }] of Object.entries(DAMAGES)) {
      const found = (await keysBelow(s3, `${SPACE}/${name}_`)).filter((key) => object.test(key));
      assert.ok(found.length > 0, `${name}: no ${object}`);
      for (const key of name === "metadata_gone" ? found : [found.at(-1) ?? ""]) await damage(s3, key, how);
    }
    const after = await look();
    const findings = integrityRecords(after).filter(({ result }) =>
      result === "failed" || result === "unknown"
    );
    const said = Object.fromEntries(
      findings.map(({ object, reason, message }) => [object?.name, `${reason} ${message}`]),
    );
    for (const [name, { says }] of Object.entries(DAMAGES)) {
      assert.match(said[`${BRANCH}:${SPACE}.${name}`] ?? "nothing", says);
    }
    assert.equal(
      findings.length,
      Object.keys(DAMAGES).length,
      findings.map(({ message }) => message).join("\n"),
    );
    assert.ok(
      findings.every(({ result, status }) => result === "failed" && status === undefined),
      "all are critical",
    );
  } finally {
    for await (const one of nessie.references()) {
      if (one.name === BRANCH) await nessie.remove(one as OwnReference);
    }
    for (const key of await keysBelow(s3, `${SPACE}/`)) {
      await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
    }
    assert.deepEqual(await keysBelow(s3, `${SPACE}/`), []);
    s3.destroy();
    await connection.close();
    await catalogWay.close();
  }
});
