import assert from "node:assert/strict";
import { s3Deletes } from "../../../tools/lint/s3_deletes.ts";

/** What the rule says of a file with this text. */
function lint(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  const plugin = { name: "lakecheck", rules: { "s3-deletes": s3Deletes } };
  return Deno.lint.runPlugin(plugin, file, text).map(({ message }) => message);
}

const REJECTED = [
  "const { DeleteObjectCommand } = await import('@aws-sdk/client-s3'); void DeleteObjectCommand;",
  "import { DeleteObjectsCommand as D } from '@aws-sdk/client-s3'; void D;",
  "s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));",
  "s3.send(new sdk.DeleteBucketCommand({ Bucket }));",
  "s3.send(new sdk.DeleteBucketLifecycleCommand({ Bucket }));",
  "s3.send(new sdk.AbortMultipartUploadCommand(at));",
  "s3.send(new sdk['DeleteObjectsCommand'](at));",
  "s3.send(new sdk[`DeleteObjectsCommand`](at));",
  "s3.send(new sdk[`Delete${what}Command`](at));",
  "s3.send(new sdk['Delete' + what](at));",
  "await client.deleteObjects(at);",
  "await client['abortMultipartUpload'](at);",
  "const more = { BypassGovernanceRetention: true }; void more;",
  "const headers = { 'X-Amz-Bypass-Governance-Retention': 'true' }; void headers;",
  "raw.send({ method: 'DELETE', bucket, key });",
  "raw.send({ 'method': `delete`, bucket, key });",
  "raw.send({ method: 'DELETE' as never, bucket, key });",
  "const method = 'DELETE' as RawDelete; void method;",
  "const own = await provenBucket(bucket, () => Promise.resolve(true)); void own;",
];

Deno.test("nothing but the helper deletes from an object store, however it is written", () => {
  for (const text of REJECTED) {
    for (const path of ["lib/checkpoints/s3/ops_new.ts", "lib/clients/s3_new.ts", "scripts/x.ts"]) {
      assert.ok(lint(path, text).length > 0, `${path}: ${text}`);
    }
    for (const path of ["tests/x.test.ts", "lab/x.ts", "tools/x.ts"]) {
      assert.deepEqual(lint(path, text), [], path);
    }
  }
});

Deno.test("the helper, settings of scratch buckets, words and catalogs are accepted", () => {
  const accepted: [string, string][] = [
    ["lib/checkpoints/s3/scratch/delete.ts", "s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));"],
    ["lib/checkpoints/s3/scratch/delete.ts", "const DELETES = 'DELETE' as RawDelete; void DELETES;"],
    ["lib/checkpoints/s3/operations/cors.ts", "s3.send(new sdk.DeleteBucketCorsCommand(at));"],
    ["lib/checkpoints/s3/ops_new.ts", "s3.send(await deleteOne(place, 'object'));"],
    ["lib/checkpoints/s3/ops_new.ts", "await ask('DELETE', sent); row(sdk[kind]);"],
    ["lib/checkpoints/s3/ops_new.ts", "raw.send({ method: 'GET', bucket, key });"],
    ["lib/checkpoints/s3/scratch/sweep.ts", "void provenBucket(bucket, isOurs);"],
    ["lib/clients/nessie/client.ts", "ask({ method: 'DELETE', path });"],
  ];
  for (const [path, text] of accepted) assert.deepEqual(lint(path, text), [], `${path}: ${text}`);
});
