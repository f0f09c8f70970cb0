/** Which object store of a cluster is tried, and which buckets belong to it. */
import assert from "node:assert/strict";
import {
  bucketsElsewhere,
  realBuckets,
  storeAt,
  storeOf,
  storeOfKeys,
  storesNamed,
  storeText,
} from "../../../../lib/checkpoints/s3/setup/facts.ts";
import { s3Gateway } from "../../../../lib/checkpoints/s3/setup/gateway.ts";
import { objectStores } from "../../../../lib/components/object_store/mod.ts";
import { openWorld } from "../../../../lib/engine/world.ts";
import { runChecks } from "../../../../lib/engine/check.ts";
import { factsOf, gatewayService, inRook, worldOf } from "../platform.ts";
import { resultsOf, run } from "../run_fixture.ts";

interface Made {
  name: string;
  labels: Record<string, string>;
  port: number;
  /** Of each Service before it, its port. */
  services: Record<string, { name?: string; port: number; targetPort?: number | string }>;
  ready?: boolean;
}

/** A store that is not Rook's, as its chart makes it: a StatefulSet with a pod and Services. */
function storeParts(namespace: string, { name, labels, port, services, ready = true }: Made) {
  const container = { name: "store", ports: [{ name: "s3-port", containerPort: port }] };
  const state = { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] };
  return {
    statefulsets: [{
      metadata: { namespace, name, labels },
      spec: { replicas: 1, template: { metadata: { labels }, spec: { containers: [container] } } },
      status: { replicas: 1, readyReplicas: ready ? 1 : 0, updatedReplicas: 1 },
    }],
    pods: [{
      metadata: {
        namespace,
        name: `${name}-0`,
        labels,
        ownerReferences: [{ kind: "StatefulSet", name, controller: true }],
      },
      spec: { containers: [container] },
      status: state,
    }],
    services: Object.entries(services).map(([service, one]) => ({
      metadata: { namespace, name: service },
      spec: { selector: labels, ports: [{ targetPort: one.port, ...one }] },
    })),
    endpointslices: Object.keys(services).map((service) => ({
      metadata: { namespace, name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
      endpoints: [{ conditions: { ready } }],
    })),
  };
}

const label = (name: string) => ({ "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name });

const MINIO: Made = {
  name: "minio",
  labels: label("minio"),
  port: 9000,
  services: {
    "minio-console": { port: 9001, targetPort: 9001 },
    "minio-headless": { port: 9000 },
    "minio": { port: 80, targetPort: "s3-port" },
  },
};
const OTHERS: Made[] = [
  {
    name: "seaweedfs-s3",
    labels: label("seaweedfs"),
    port: 8333,
    services: { "seaweedfs-s3": { name: "swfs-s3", port: 8333 } },
  },
  {
    name: "garage",
    labels: label("garage"),
    port: 3900,
    services: { garage: { name: "s3-api", port: 3900 } },
  },
  {
    name: "versitygw",
    labels: label("versitygw"),
    port: 7070,
    services: { versitygw: { name: "s3-api", port: 443, targetPort: 9443 } },
  },
];

const NO_ROOK = { cephobjectstores: [], cephobjectstoreusers: [], objectbucketclaims: [], deployments: [] };

const placeOf = (to: ReturnType<typeof storeOf>) =>
  "failure" in to
    ? to.failure.message
    : [to.namespace, to.service, to.port, to.pod?.name, to.pod?.port].join(" ");

Deno.test("the only store of a cluster is used, whoever's it is, at the Service and the port of its S3", () => {
  const minio = worldOf({ ...NO_ROOK, ...storeParts("lake", MINIO) });
  assert.equal(placeOf(storeOf(minio, false)), "lake minio 80 minio-0 9000");
  for (const one of OTHERS) {
    const world = worldOf({ ...NO_ROOK, ...storeParts("lake", one) });
    assert.match(
      placeOf(storeOf(world, false)),
      new RegExp(`^lake ${Object.keys(one.services)[0]} ${one.services[one.name]?.port} ${one.name}-0`),
    );
  }
});

Deno.test("a cluster that does not even serve Rook's kinds has its other store tried and its workload judged", () => {
  for (const ready of [true, false]) {
    const facts = factsOf({ ...NO_ROOK, ...storeParts("data-platform", { ...MINIO, ready }) });
    const failure = { kind: "not-installed", message: "no such kind" } as const;
    facts.sources.cephobjectstores = { ok: false, failure };
    const world = openWorld(facts, [s3Gateway]);
    assert.match(
      placeOf(storeOf(world, false)),
      ready ? /^data-platform minio 80/ : /no pod behind Service data-platform\/minio is Ready/,
    );
    const found = runChecks([s3Gateway], world, facts);
    const said = found.map(({ status, object: { kind, name } }) => `${status} ${kind} ${name}`);
    assert.deepEqual(
      said.some((one) => one.startsWith("critical Service minio")),
      !ready,
      said.join("\n"),
    );
    assert.deepEqual(said.every((one) => one.startsWith("ok")), ready, said.join("\n"));
  }
});

Deno.test("of two stores the configuration's is used, else both are named and --store chooses", () => {
  const two = storeParts("data-platform", MINIO);
  const parts = {
    ...two,
    services: [...two.services, gatewayService()],
    pods: two.pods,
    objectbucketclaims: [],
    deployments: [],
  };
  const world = worldOf(parts);
  assert.deepEqual(objectStores(world).map(storeText), [
    "CephObjectStore rook-ceph/storage",
    "StatefulSet data-platform/minio",
  ]);
  assert.match(
    placeOf(storeOf(world, false)),
    /2 object stores .*CephObjectStore rook-ceph\/storage and StatefulSet data-platform\/minio.*--endpoint.*--store/,
  );
  for (const name of ["minio", "data-platform/minio"]) {
    assert.equal(placeOf(storeOf(world, false, name)), "data-platform minio 80 minio-0 9000");
  }
  assert.deepEqual(storesNamed(world, "rook-ceph/rook-ceph-rgw-storage").map(storeText), [
    "CephObjectStore rook-ceph/storage",
  ]);
  assert.match(
    placeOf(storeOf(world, false, "lake/minio")),
    /no object store is called so: there are CephObjectStore/,
  );
});

Deno.test("a bucket is looked at in its own store only, and one elsewhere is named with that store", () => {
  const two = storeParts("data-platform", MINIO);
  const world = worldOf({ services: [...two.services, gatewayService()], statefulsets: two.statefulsets });
  const minio = storeAt(world, "http://minio.data-platform.svc.cluster.local:9000");
  assert.equal(minio && storeText(minio), "StatefulSet data-platform/minio");
  assert.equal(storeAt(world, "http://127.0.0.1:9000"), undefined);
  assert.deepEqual(realBuckets(world, minio?.gateway).map(({ name }) => name), ["spark-logs"]);
  const away = bucketsElsewhere(world, minio?.gateway).map(({ name, store, via }) => [name, store, via]);
  assert.deepEqual(away, [[
    "iceberg-warehouse",
    "CephObjectStore rook-ceph/storage",
    "ObjectBucketClaim data-platform/iceberg-warehouse",
  ]]);
});

Deno.test("keys that Rook wrote for a store tell which store takes them, others do not", () => {
  const key = { kind: "Secret", namespace: "rook-ceph", name: "rook-ceph-object-user-storage-iceberg" };
  const found = storeOfKeys(worldOf(), [key]);
  assert.equal(found && storeText(found), "CephObjectStore rook-ceph/storage");
  assert.equal(
    storeOfKeys(worldOf(), [{ kind: "Secret", namespace: "data-platform", name: "s3-credentials" }]),
    undefined,
  );
  const users = [inRook("iceberg", { spec: { store: "gone" } })];
  assert.equal(storeOfKeys(worldOf({ cephobjectstoreusers: users }), [key]), undefined);
});

Deno.test("at an address that nothing shows to be the cluster's store, its claims are not called missing", async () => {
  const furnish = (fake: { store: { buckets: Map<string, unknown> } }) => void fake.store.buckets.clear();
  await run({ furnish }, ({ facts }) => {
    assert.deepEqual(resultsOf(facts, "s3.buckets"), ["skipped OtherStore", "skipped OtherStore"]);
  });
  await run({ furnish, flags: { store: "storage" } }, ({ facts }) => {
    assert.deepEqual(resultsOf(facts, "s3.buckets"), ["failed NoSuchBucket", "failed NoSuchBucket"]);
  });
});
