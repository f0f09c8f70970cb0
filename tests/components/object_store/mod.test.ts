import assert from "node:assert/strict";
import { rookCeph } from "../../../lib/components/rook_ceph/mod.ts";
import type { Answer } from "../../../lib/engine/model.ts";
import { s3User } from "../../../lib/components/object_store/mod.ts";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import {
  type Cluster,
  examined,
  LONG_AGO,
  on,
  pod,
  PODS,
  rootsOf,
  SECRETS,
  SERVICES,
  SLICES,
} from "../platform.ts";

const USERS = "/apis/ceph.rook.io/v1/cephobjectstoreusers";
const STORES = "/apis/ceph.rook.io/v1/cephobjectstores";
const CLAIMS = "/apis/objectbucket.io/v1alpha1/objectbucketclaims";
const BUCKET = "/api/v1/namespaces/rook-ceph/services/rook-ceph-rgw-store:80/proxy/lakehouse";
const NOT_INSTALLED = {
  kind: "not-installed" as const,
  message: "the server could not find the requested resource",
};

const inRook = (name: string, rest: object = {}) => ({
  metadata: { name, namespace: "rook-ceph", creationTimestamp: LONG_AGO },
  ...rest,
});
const keys = (...names: string[]) => ({
  metadata: {
    name: "rook-ceph-object-user-store-iceberg",
    namespace: "rook-ceph",
    managedFields: [{ fieldsV1: { "f:data": Object.fromEntries(names.map((name) => [`f:${name}`, {}])) } }],
  },
});
const deployment = (name: string) => ({
  metadata: { name, namespace: "rook-ceph", generation: 1, creationTimestamp: LONG_AGO },
  spec: { replicas: 1, template: { metadata: { labels: { app: name } } } },
  status: { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
});

/** An object store with its user, a claimed bucket, and a gateway that answers 403 to who does not sign. */
const LISTS: Record<string, unknown[]> = {
  "/apis/ceph.rook.io/v1/cephclusters": [
    inRook("rook-ceph", {
      status: { phase: "Ready", ceph: { health: "HEALTH_OK", lastChecked: "2026-01-01T11:59:30Z" } },
    }),
  ],
  "/apis/ceph.rook.io/v1/cephobjectstores": [inRook("store", { status: { phase: "Ready" } })],
  [USERS]: [inRook("iceberg", { spec: { store: "store" }, status: { phase: "Ready" } })],
  [CLAIMS]: [{
    metadata: { name: "lakehouse", namespace: "data-platform", creationTimestamp: LONG_AGO },
    spec: { bucketName: "lakehouse", storageClassName: "buckets" },
    status: { phase: "Bound" },
  }],
  "/apis/storage.k8s.io/v1/storageclasses": [
    { metadata: { name: "buckets" }, provisioner: "rook-ceph.ceph.rook.io/bucket" },
  ],
  "/apis/apps/v1/deployments": [deployment("rook-ceph-operator")],
  [SECRETS]: [keys("AccessKey", "SecretKey", "Endpoint")],
  [SERVICES]: [
    inRook("rook-ceph-rgw-store", { spec: { ports: [{ name: "http", port: 80, targetPort: 8080 }] } }),
  ],
  [SLICES]: [{
    metadata: {
      name: "rgw-1",
      namespace: "rook-ceph",
      labels: { "kubernetes.io/service-name": "rook-ceph-rgw-store" },
    },
    endpoints: [{ conditions: { ready: true } }],
  }],
};

const look = ({ lists, ...rest }: Cluster = {}, status = 403) =>
  examined([s3User, rookCeph, workloads], {
    answers: { [BUCKET]: { status } },
    ...rest,
    lists: { ...LISTS, ...lists },
  });
const found = (d: Awaited<ReturnType<typeof look>>, check: string) =>
  d.findings.filter((finding) => finding.check === check).map(({ status, reason }) => `${status} ${reason}`);

Deno.test("s3: a user that is Ready with its keys, and a bucket that answers 403, are ok", async () => {
  const diagnosis = await look();
  assert.deepEqual(found(diagnosis, "s3-user.ready"), ["ok Ready"]);
  assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["ok Exists"]);
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("s3: a user that owns a claimed bucket and does not exist is critical, where nobody claims it does not apply", async () => {
  const owned = (LISTS[CLAIMS] as { spec: object }[]).map((claim) => ({
    ...claim,
    spec: { ...claim.spec, additionalConfig: { bucketOwner: "iceberg" } },
  }));
  const diagnosis = await look({ lists: { [USERS]: [], [CLAIMS]: owned } });
  assert.deepEqual(found(diagnosis, "s3-user.ready"), ["critical Missing"]);
  assert.deepEqual(rootsOf(diagnosis), ["CephObjectStoreUser iceberg Missing"]);
  assert.deepEqual(found(await look({ lists: { [USERS]: [] } }), "s3-user.ready"), ["skipped NoUsers"]);
});

Deno.test("s3: a user that Rook could not make is critical, with one root", async () => {
  const user = inRook("iceberg", { spec: { store: "store" }, status: { phase: "ReconcileFailed" } });
  const diagnosis = await look({ lists: { [USERS]: [user] } });
  assert.deepEqual(found(diagnosis, "s3-user.ready"), ["critical UserNotReady"]);
  assert.equal(diagnosis.roots.length, 1);
});

Deno.test("s3: a user whose Secret is gone, or lacks a key, is critical", async () => {
  assert.deepEqual(found(await look({ lists: { [SECRETS]: [] } }), "s3-user.ready"), [
    "critical SecretMissing",
  ]);
  const lacking = await look({ lists: { [SECRETS]: [keys("AccessKey", "Endpoint")] } });
  assert.deepEqual(found(lacking, "s3-user.ready"), ["critical MissingKey"]);
  assert.match(on(lacking, "CephObjectStoreUser", "iceberg")[0]?.message ?? "", /has no SecretKey/);
});

Deno.test("s3: users that may not be listed are unknown, and do not apply to a cluster without Rook", async () => {
  const blind = await look({ failures: { [USERS]: { kind: "forbidden", message: "no" } } });
  assert.deepEqual(found(blind, "s3-user.ready"), ["unknown Forbidden"]);
  const without = await look({ failures: { [USERS]: NOT_INSTALLED } });
  assert.deepEqual(found(without, "s3-user.ready"), ["skipped NotInstalled"]);
});

Deno.test("s3: a bucket that answers 404 does not exist, whatever its claim says", async () => {
  const diagnosis = await look({}, 404);
  assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["critical NoSuchBucket"]);
  assert.deepEqual(rootsOf(diagnosis), ["S3Bucket lakehouse NoSuchBucket"]);
});

Deno.test("s3: a bucket whose claim was made a moment ago may not be there yet", async () => {
  const young = (creationTimestamp: string) => ({
    [CLAIMS]: [{
      metadata: { name: "lakehouse", namespace: "data-platform", creationTimestamp },
      spec: { bucketName: "lakehouse", storageClassName: "buckets" },
      status: { phase: "Pending" },
    }],
  });
  const fresh = await look({ lists: young("2026-01-01T11:59:50Z") }, 404);
  assert.deepEqual(found(fresh, "s3-user.buckets"), ["ok Progressing"]);
  assert.deepEqual(rootsOf(fresh), []);
  const late = await look({ lists: young("2026-01-01T11:50:00Z") }, 404);
  assert.deepEqual(found(late, "s3-user.buckets"), ["critical NoSuchBucket"]);
});

Deno.test("s3: a bucket that nobody claimed is asked for when a pod that fails names it", async () => {
  const named = (ready: boolean) => {
    const env = [{ name: "LOG_DIR", value: "s3a://history/logs" }];
    const spec = { containers: [{ name: "app", image: "app:1", env }] };
    const container = ready
      ? {}
      : { state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } } };
    return { [PODS]: [pod("reader", { ready, spec, container })] };
  };
  const answers = { [BUCKET.replace("lakehouse", "history")]: { status: 404 }, [BUCKET]: { status: 403 } };
  const broken = await look({ lists: named(false), answers });
  assert.deepEqual(found(broken, "s3-user.buckets"), ["ok Exists", "critical NoSuchBucket"]);
  assert.deepEqual(rootsOf(broken), ["S3Bucket history NoSuchBucket"]);
  assert.deepEqual(found(await look({ lists: named(true), answers }), "s3-user.buckets"), ["ok Exists"]);
});

Deno.test("s3: a bucket that answers 500 is critical", async () => {
  assert.deepEqual(found(await look({}, 500), "s3-user.buckets"), ["critical ErrorAnswer"]);
});

Deno.test("s3: a bucket behind a gateway without endpoints is the gateway's symptom", async () => {
  const gateway = inRook("rook-ceph-rgw-store", {
    spec: { selector: { app: "rgw" }, ports: [{ port: 80 }] },
  });
  const diagnosis = await look({ lists: { [SERVICES]: [gateway], [SLICES]: [] } });
  assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["critical NoAnswer"]);
  assert.deepEqual(rootsOf(diagnosis), ["Service rook-ceph-rgw-store NoEndpoints"]);
});

Deno.test("s3: without claims there is no bucket to ask for, and that is said", async () => {
  assert.deepEqual(found(await look({ lists: { [CLAIMS]: [] } }), "s3-user.buckets"), ["skipped NoClaims"]);
});

Deno.test("s3: claims that cannot be listed leave the buckets unknown", async () => {
  const diagnosis = await look({ failures: { [CLAIMS]: { kind: "timeout", message: "late" } } });
  assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["unknown Timeout"]);
});

Deno.test("s3: a claim or a configuration whose bucket can be none is unknown, and is not asked for", async () => {
  for (
    const bucket of [
      "../../../../secrets",
      "..",
      ".",
      "a/b",
      "a?x",
      "%2e%2e/x",
      "ab",
      "a..b",
      "x".repeat(300),
    ]
  ) {
    const claims = ["lakehouse", bucket].map((bucketName, at) => ({
      metadata: { name: `claim-${at}`, namespace: "data-platform", creationTimestamp: LONG_AGO },
      spec: { bucketName, storageClassName: "buckets" },
      status: { phase: "Bound" },
    }));
    const asked: string[] = [];
    const answers = new Proxy<Record<string, Answer>>({ [BUCKET]: { status: 403 } }, {
      get(all, path) {
        asked.push(String(path));
        return Reflect.get(all, path);
      },
    });
    const diagnosis = await look({ lists: { [CLAIMS]: claims }, answers });
    assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["ok Exists", "unknown InvalidName"], bucket);
    assert.deepEqual(asked.filter((path) => path.includes("/proxy/") && path !== BUCKET), [], bucket);
  }
});

Deno.test("s3: a gateway that is only a host outside cannot be asked from here, and is not missed", async () => {
  const store = inRook("store", {
    spec: { gateway: { externalRgwEndpoints: [{ hostname: "rgw.example.com" }] } },
    status: { phase: "Ready" },
  });
  const diagnosis = await look({ lists: { [STORES]: [store], [SLICES]: [] } });
  assert.deepEqual(found(diagnosis, "s3-user.buckets"), ["skipped OutsideCluster"]);
  assert.match(
    on(diagnosis, "S3Bucket", "lakehouse")[0]?.message ?? "",
    /outside this cluster: rgw\.example\.com$/,
  );
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("s3: a gateway outside is named with the port that its store says", async () => {
  const named: [gateway: object, said: RegExp][] = [
    [{ port: 8080, externalRgwEndpoints: [{ ip: "10.9.0.4" }] }, /cluster: 10\.9\.0\.4:8080$/],
    [{ securePort: 8443, externalRgwEndpoints: [{ hostname: "s3.lan" }] }, /cluster: s3\.lan:8443$/],
    [{ port: 80, securePort: 443, externalRgwEndpoints: [{ ip: "fd00::4" }] }, /cluster: \[fd00::4\]:80$/],
    [{ port: 0, externalRgwEndpoints: [{ ip: "10.9.0.4" }] }, /cluster: 10\.9\.0\.4$/],
  ];
  for (const [gateway, said] of named) {
    const store = inRook("store", { spec: { gateway }, status: { phase: "Ready" } });
    const diagnosis = await look({ lists: { [STORES]: [store], [SLICES]: [] } });
    assert.match(on(diagnosis, "S3Bucket", "lakehouse")[0]?.message ?? "", said);
  }
});

Deno.test("s3: a gateway is asked at the port that its store says, by TLS where that is its securePort", async () => {
  const said = async (gateway: object, ports: { name?: string; port: number }[]) => {
    const store = inRook("store", { spec: { gateway }, status: { phase: "Ready" } });
    const service = inRook("rook-ceph-rgw-store", { spec: { ports } });
    const asked: string[] = [];
    const answers = new Proxy<Record<string, Answer>>({}, {
      get(_, path) {
        asked.push(String(path));
        return undefined;
      },
    });
    await look({ lists: { [STORES]: [store], [SERVICES]: [service] }, answers });
    return asked.filter((path) => path.endsWith("/proxy/lakehouse"))
      .map((path) => path.replace(/.*services\/(.*)\/proxy.*/, "$1"))[0];
  };
  const metrics = { name: "http-metrics", port: 9283 };
  assert.equal(await said({ port: 7480 }, [metrics, { port: 7480 }]), "rook-ceph-rgw-store:7480");
  assert.equal(await said({ securePort: 7443 }, [metrics, { port: 7443 }]), "https:rook-ceph-rgw-store:7443");
  const both = [{ name: "https", port: 443 }, { name: "http", port: 80 }];
  assert.equal(await said({ port: 80, securePort: 443 }, both), "rook-ceph-rgw-store:80");
  // The store says a port that its Service does not have, as with one that somebody wrote.
  assert.equal(await said({ port: 80 }, [{ name: "https", port: 443 }]), "https:rook-ceph-rgw-store:443");
});

Deno.test("s3: buckets behind an external gateway are asked for at its pod, and not at all where it is outside", async () => {
  const store = inRook("store", {
    spec: { gateway: { port: 80, externalRgwEndpoints: [{ ip: "10.9.0.4" }] } },
    status: { phase: "Ready" },
  });
  const slice = {
    metadata: {
      name: "rgw-1",
      namespace: "rook-ceph",
      labels: { "kubernetes.io/service-name": "rook-ceph-rgw-store" },
    },
    ports: [{ name: "http", port: 8080 }],
    endpoints: [{ addresses: ["10.9.0.4"], conditions: { ready: true } }],
  };
  const outside = await look({ lists: { [STORES]: [store], [SLICES]: [slice] }, answers: {} });
  assert.deepEqual(found(outside, "s3-user.buckets"), ["skipped OutsideCluster"]);
  // As Rook has it since 1.11: no Service at all.
  const bare = await look({ lists: { [STORES]: [store], [SERVICES]: [], [SLICES]: [] }, answers: {} });
  assert.deepEqual(found(bare, "s3-user.buckets"), ["skipped OutsideCluster"]);
  assert.deepEqual(rootsOf(bare), []);
  const pod = inRook("gateway-0", {
    spec: { containers: [{ name: "rgw" }] },
    status: { phase: "Running", podIP: "10.9.0.4", conditions: [{ type: "Ready", status: "True" }] },
  });
  const inside = await look({
    lists: { [STORES]: [store], [SLICES]: [slice], "/api/v1/pods": [pod] },
    answers: { "/api/v1/namespaces/rook-ceph/pods/gateway-0:8080/proxy/lakehouse": { status: 404 } },
  });
  assert.deepEqual(found(inside, "s3-user.buckets"), ["critical NoSuchBucket"]);
});

Deno.test("s3: a pod that hangs on a bucket is the symptom of a Ceph whose data is unavailable, and of no other", async () => {
  const env = [{ name: "LOG_DIR", value: "s3a://lakehouse/logs" }];
  const spec = { containers: [{ name: "app", image: "app:1", env }] };
  const cluster = (code: string, lastChecked: string) =>
    inRook("rook-ceph", {
      status: {
        phase: "Connected",
        ceph: {
          health: "HEALTH_WARN",
          lastChecked,
          details: { [code]: { severity: "HEALTH_WARN", message: "1 down" } },
        },
      },
    });
  const roots = async (code: string, lastChecked = "2026-01-01T11:59:50Z") =>
    rootsOf(
      await look({
        lists: {
          "/apis/ceph.rook.io/v1/cephclusters": [cluster(code, lastChecked)],
          [PODS]: [pod("reader", { ready: false, spec })],
        },
      }),
    );
  assert.deepEqual(await roots("OSD_ROOT_DOWN"), ["CephCluster rook-ceph DataUnavailable"]);
  assert.deepEqual(await roots("RECENT_CRASH"), ["Pod reader NotReady"]);
  const late = await roots("RECENT_CRASH", "2026-01-01T10:00:00Z");
  assert.deepEqual(late.toSorted(), ["CephCluster rook-ceph NotChecked", "Pod reader NotReady"]);
});
