/** obc:sync where a status names what no object can be called. */
import assert from "node:assert/strict";
import { connectWriter } from "../../../lib/clients/kubernetes/writer.ts";
import { round } from "../../../lib/procedures/obc_sync/run.ts";
import { kubeconfigFor, serveFake } from "../../fakes/api_server.ts";
import { readsOf, told, withBoth } from "./fixture.ts";
import { jobFor, object, secret, user, willing } from "./samples.ts";
import { PATIENT_MS } from "../../patience.ts";

const THEIRS = "/api/v1/namespaces/payments/secrets/their-user";
const USER = "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephobjectstoreusers/iceberg";
const theirSecret = secret("payments/their-user", {
  AccessKey: "their-access-key",
  SecretKey: "their-secret-key",
  Endpoint: "http://theirs",
});

for (
  const secretName of [
    "../../payments/secrets/their-user",
    "..%2f..%2fpayments%2fsecrets%2ftheir-user",
    "%2e%2e/%2e%2e/payments/secrets/their-user",
    "..\\..\\payments\\secrets\\their-user",
    "x/../../../payments/secrets/their-user",
    "..",
    ".",
    "their-user?x=",
    "their-user#",
    "a\nb",
    "Iceberg",
    "-a",
    "a".repeat(254),
  ]
) {
  Deno.test(`a status with secretName ${JSON.stringify(secretName.slice(0, 50))} fails for that user alone, and asks for nothing`, () =>
    withBoth(async ({ kube: objects, connect, items }) => {
      objects.objects.set(THEIRS, theirSecret);
      objects.objects.set(USER, { ...user, status: { phase: "Ready", info: { secretName } } });
      await using server = serveFake(readsOf(objects));
      const kubeconfig = await Deno.makeTempFile();
      await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.url, { token: "t" }));
      const kube = await connectWriter({ kubeconfig, timeoutMs: PATIENT_MS });
      try {
        const job = jobFor(connect.token, { connectUrl: connect.url });
        const { lines, status } = told(await round(kube, job, willing));
        assert.match(lines[0] ?? "", /^created OnePasswordItem lakehouse\/events/, lines.join("\n"));
        assert.match(lines[1] ?? "", /^failed CephObjectStoreUser rook-ceph\/iceberg: .*is not a valid name/);
        assert.equal(status, 2);
      } finally {
        kube.close();
        await Deno.remove(kubeconfig);
      }
      assert.deepEqual(server.requests.filter((line) => /payments|rook-ceph\/secrets/.test(line)), []);
      assert.ok(!JSON.stringify(items()).includes("their-"), "the keys of another namespace were copied");
    }));
}

Deno.test("a claim without a valid name is told as its own failure", () =>
  withBoth(async ({ kube, connect }) => {
    const path = "/apis/objectbucket.io/v1alpha1/namespaces/data-platform/objectbucketclaims/bad";
    kube.objects.set(path, object("objectbucket.io/v1alpha1", "ObjectBucketClaim", "data-platform/../x"));
    const found = kube.objects.get(path);
    if (found) found.metadata = { name: "../other/secrets/x", namespace: "data-platform" };
    const { lines } = told(
      await round(kube, jobFor(connect.token, { connectUrl: connect.url }), willing),
    );
    assert.equal(lines.filter((line) => line.startsWith("created ")).length, 2, lines.join("\n"));
    assert.match(lines.join("\n"), /^failed ObjectBucketClaim .*is not a valid name/m);
  }));
