/** What generated tests import, on the lab. That such a test is written and seen to fail needs no lab. */
import assert from "node:assert/strict";
import { includes, lookAtNessie, lookAtS3 } from "../../lib/integration_test/look.ts";
import { lab } from "./live.ts";

Deno.test("a generated test can look at the object store and at the catalog with nothing but a kubeconfig", async () => {
  const before = Deno.env.get("KUBECONFIG");
  Deno.env.set("KUBECONFIG", lab().kubeconfig);
  try {
    const store = lookAtS3({ timeout: "30s" });
    assert.deepEqual(await store.value("s3.buckets"), ["iceberg-warehouse", "spark-events"]);
    assert.deepEqual(await store.value("s3.users"), { "rook-ceph/iceberg": "Ready" });
    includes(await store.value("s3.trials"), ["s3.put-get", "s3.ranges", "s3.multipart"]);
    assert.equal(await store.value("s3.no-such-fact"), undefined);
    const catalog = lookAtNessie({ timeout: "30s" });
    assert.equal(await catalog.value("nessie.default-branch"), "main");
    includes(await catalog.value("nessie.references"), ["BRANCH main"]);
  } finally {
    if (before === undefined) Deno.env.delete("KUBECONFIG");
    else Deno.env.set("KUBECONFIG", before);
  }
});
