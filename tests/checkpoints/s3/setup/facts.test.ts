import assert from "node:assert/strict";
import {
  credentialRefs,
  pairAmong,
  realBuckets,
  storeOf,
  warehouseOf,
} from "../../../../lib/checkpoints/s3/setup/facts.ts";
import { factsOf, gatewayPod, gatewayService, inRook, secret, worldOf } from "../platform.ts";

Deno.test("the gateway is the Service of the object store, with the port of a Ready pod behind it", () => {
  const found = storeOf(worldOf(), true);
  assert.deepEqual(found, {
    namespace: "rook-ceph",
    service: "rook-ceph-rgw-storage",
    scheme: "http",
    port: 80,
    pod: { name: "rgw-a", port: 8080 },
  });
});

Deno.test("a named target port is looked up in the pod", () => {
  const services = [gatewayService([{ name: "http", port: 80, targetPort: "s3" }])];
  const pods = [gatewayPod(true, [{ name: "s3", containerPort: 7480 }])];
  const found = storeOf(worldOf({ services, pods }), true);
  assert.equal("pod" in found && found.pod?.port, 7480);
});

const failureOf = (parts: Parameters<typeof worldOf>[0]) => {
  const found = storeOf(worldOf(parts), true);
  return "failure" in found ? found.failure : undefined;
};

Deno.test("an external gateway is the pod with its address, and said to be outside where there is none", () => {
  const external = inRook("storage", {
    spec: { gateway: { externalRgwEndpoints: [{ ip: "10.9.0.4" }] } },
    status: { phase: "Ready" },
  });
  const service = { ...gatewayService(), spec: { ports: [{ name: "http", port: 80, targetPort: 80 }] } };
  const slice = {
    metadata: {
      name: "s",
      namespace: "rook-ceph",
      labels: { "kubernetes.io/service-name": "rook-ceph-rgw-storage" },
    },
    ports: [{ name: "http", port: 80 }],
    endpoints: [{ addresses: ["10.9.0.4"], conditions: { ready: true } }],
  };
  const parts = { cephobjectstores: [external], services: [service], endpointslices: [slice] };
  const pod = gatewayPod();
  const found = storeOf(
    worldOf({
      ...parts,
      pods: [{ ...pod, status: { ...pod.status, podIP: "10.9.0.4" } }],
    }),
    true,
  );
  assert.deepEqual("pod" in found && found.pod, { name: "rgw-a", port: 80 });
  const outside = storeOf(worldOf(parts), true);
  assert.deepEqual("service" in outside && [outside.service, outside.pod], [
    "rook-ceph-rgw-storage",
    undefined,
  ]);
  assert.match(failureOf({ ...parts, services: [], endpointslices: [] })?.message ?? "", /no pod of this/);
});

Deno.test("a gateway that has only https is reached by https", () => {
  const services = [gatewayService([{ name: "https", port: 443, targetPort: 8443 }])];
  const found = storeOf(worldOf({ services }), true);
  assert.equal("pod" in found && found.scheme, "https");
});

Deno.test("without an object store, a Service or a Ready pod there is no gateway, and it says which", () => {
  assert.match(failureOf({ cephobjectstores: [] })?.message ?? "", /no CephObjectStore.*--endpoint/);
  assert.match(
    failureOf({ services: [] })?.message ?? "",
    /Service rook-ceph\/rook-ceph-rgw-storage.*does not exist/,
  );
  assert.match(failureOf({ pods: [gatewayPod(false)] })?.message ?? "", /no pod behind .* is Ready/);
});

Deno.test("a kind that is not served makes nothing skipped: the store can then only be unreachable", () => {
  const facts = factsOf({});
  facts.sources.cephobjectstores = { ok: false, failure: { kind: "not-installed", message: "no such kind" } };
  const found = storeOf(worldOf({}, facts), true);
  assert.equal("failure" in found && found.failure.kind, "unreachable");
});

Deno.test("buckets are those that the platform claims, and then those that only its configuration names", () => {
  const names = realBuckets(worldOf()).map(({ name, claim }) => `${name} ${claim ? "claimed" : "named"}`);
  assert.deepEqual(names, ["iceberg-warehouse claimed", "spark-logs named"]);
});

Deno.test("a pair of keys is known by every usual name, and half a pair is none", () => {
  assert.deepEqual(pairAmong(["AccessKey", "Endpoint", "SecretKey"]), {
    idKey: "AccessKey",
    secretKey: "SecretKey",
  });
  for (
    const [id, key] of [["access-key-id", "secret-access-key"], ["awsAccessKeyId", "awsSecretAccessKey"]]
  ) {
    assert.equal(pairAmong([id ?? "", key ?? ""])?.idKey, id);
  }
  assert.equal(pairAmong(["AccessKey", "username", "password"]), undefined);
});

Deno.test("keys that most pods use come first, other tenants' do not come at all", () => {
  const refs = credentialRefs(worldOf()).map(({ secret: { namespace, name }, kind }) =>
    `${namespace}/${name} ${kind}`
  );
  assert.deepEqual(refs, [
    "data-platform/s3-credentials copy",
    "data-platform/another copy",
    "rook-ceph/rook-ceph-object-user-storage-iceberg source",
  ]);
});

Deno.test("the owner of a claimed bucket is a user of the platform, whatever it is called", () => {
  const cephobjectstoreusers = [inRook("lake", { spec: { store: "storage" }, status: { phase: "Ready" } })];
  const secrets = [secret("rook-ceph", "rook-ceph-object-user-storage-lake", ["AccessKey", "SecretKey"])];
  const objectbucketclaims = [{
    metadata: { name: "w", namespace: "data-platform" },
    spec: { bucketName: "w", additionalConfig: { bucketOwner: "lake" } },
  }];
  const refs = credentialRefs(worldOf({ cephobjectstoreusers, secrets, objectbucketclaims }));
  assert.deepEqual(refs.map((ref) => ref.secret.name), ["rook-ceph-object-user-storage-lake"]);
});

Deno.test("the warehouse is the bucket that the catalog's configuration names", () => {
  assert.equal(warehouseOf(worldOf()), "iceberg-warehouse");
  assert.equal(warehouseOf(worldOf({ deployments: [] })), undefined);
});
