/** Faults of configuration that stand in no list: one root each, the true one, and nothing innocent is red. */
import assert from "node:assert/strict";
import { adversary, event } from "./case.ts";
import {
  ACCOUNTS,
  CLAIMS,
  CLASSES,
  CONFIG_MAPS,
  crash,
  fail,
  JOBS,
  noPods,
  podsOf,
  put,
  QUOTAS,
  the,
  unhealthy,
  unplaced,
  without,
} from "../healthy.ts";
import {
  DEPLOYMENTS,
  EVENTS,
  LONG_AGO,
  on,
  pod,
  PODS,
  SECRETS,
  SERVICES,
  SLICES,
  waiting,
} from "../platform.ts";

adversary("nothing is broken", [], () => {}, (d) => assert.deepEqual(unhealthy(d), []));

adversary("a key is taken out of a Secret and the pods restart", ["Secret s3 MissingKey"], (small) => {
  the(small, SECRETS, "s3").metadata.managedFields[0].fieldsV1["f:data"] = { "f:AccessKey": {} };
  fail(small, "nessie", waiting("CreateContainerConfigError", "couldn't find key access-key"));
}, (d) => {
  assert.deepEqual(on(d, "Deployment", "spark-client"), [
    ...on(d, "Deployment", "spark-client").filter((f) => f.status === "ok"),
  ]);
  assert.equal(on(d, "Warehouse", "default warehouse of nessie")[0]?.role, "symptom");
});

adversary("a key is taken out of a ConfigMap", ["ConfigMap nessie MissingKey"], (small) => {
  for (const object of [...podsOf(small, "nessie"), the(small, DEPLOYMENTS, "nessie").spec.template]) {
    object.spec.containers[0].env.push({
      name: "L",
      valueFrom: { configMapKeyRef: { name: "nessie", key: "log-level" } },
    });
  }
  fail(
    small,
    "nessie",
    waiting("CreateContainerConfigError", "couldn't find key log-level in ConfigMap data-platform/nessie"),
  );
});

adversary("a key is taken out of a Secret while all pods still run: a warning", [], (small) => {
  the(small, SECRETS, "s3").metadata.managedFields[0].fieldsV1["f:data"] = { "f:secret-key": {} };
}, (d) => assert.deepEqual(unhealthy(d), ["Secret s3 MissingKey warning"]));

adversary("a named port of the pods is renamed", ["Service nessie NoEndpoints"], (small) => {
  for (const object of podsOf(small, "nessie")) object.spec.containers[0].ports[0].name = "api";
}, (d) => assert.match(d.roots[0]?.message ?? "", /port named http/));

adversary("a Service's selector is mistyped", ["Service nessie NoEndpoints"], (small) => {
  the(small, SERVICES, "nessie").spec.selector = { app: "nesie" };
  the(small, SLICES, "nessie-1").endpoints = [];
  fail(small, "spark-client", crash());
}, (d) => {
  assert.match(d.roots[0]?.message ?? "", /app=nesie matches no pod/);
  assert.equal(on(d, "Deployment", "nessie")[0]?.status, "ok");
});

adversary("an init container fails", ["Deployment database NoneReady"], (small) => {
  fail(small, "database", waiting("PodInitializing"), Infinity, {
    phase: "Pending",
    initContainerStatuses: [{ name: "chown", ready: false, ...crash() }],
  });
  fail(small, "nessie", crash());
}, (d) => assert.match(d.roots[0]?.message ?? "", /keep container chown running: it ended with exit code 1/));

adversary(
  "an init container waits for a Service without pods",
  ["Deployment database FailedCreate"],
  (small) => {
    noPods(
      small,
      "database",
      'pods "database-abc-" is forbidden: minimum memory usage per Container is 1Gi, but request is 64Mi',
    );
    fail(small, "nessie", waiting("PodInitializing"), Infinity, {
      phase: "Pending",
      initContainerStatuses: [{ name: "wait", ready: false, state: { running: { startedAt: LONG_AGO } } }],
    });
  },
  (d) =>
    assert.match(on(d, "Pod", "nessie-abc-1")[0]?.message ?? "", /init container wait, which has run for/),
);

adversary("a claim has lost its volume", ["PersistentVolume pv-1 Missing"], (small) => {
  small.lists["/api/v1/persistentvolumes"] = [];
  the(small, CLAIMS, "database").status.phase = "Lost";
  unplaced(small, "database", "0/2 nodes are available: pod has a lost persistentvolumeclaim");
  fail(small, "nessie", crash());
});

adversary("a StorageClass is deleted before a claim is bound", ["StorageClass fast Missing"], (small) => {
  small.lists[CLASSES] = [];
  the(small, CLAIMS, "database").status.phase = "Pending";
  unplaced(small, "database", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims");
});

adversary("no node is large enough: the claim that waits for its consumer is no fault", [
  "Deployment database NoneReady",
], (small) => {
  the(small, CLAIMS, "database").status.phase = "Pending";
  unplaced(small, "database", "0/2 nodes are available: 2 Insufficient memory");
}, (d) => assert.match(d.roots[0]?.message ?? "", /Insufficient memory/));

adversary("a ServiceAccount is deleted before pods are made", ["ServiceAccount nessie Missing"], (small) => {
  without(small, ACCOUNTS, "nessie");
  noPods(
    small,
    "nessie",
    'pods "nessie-abc-" is forbidden: error looking up service account data-platform/nessie: serviceaccount "nessie" not found',
  );
  fail(small, "spark-client", crash());
});

adversary("a ServiceAccount is gone, and its pods crash for their own reason", [
  "Deployment nessie NoneReady",
], (small) => {
  without(small, ACCOUNTS, "nessie");
  fail(small, "nessie", crash());
}, (d) => assert.equal(on(d, "ServiceAccount", "nessie")[0]?.status, "warning"));

adversary("a LimitRange refuses the pods", ["Deployment nessie FailedCreate"], (small) => {
  noPods(
    small,
    "nessie",
    'pods "nessie-abc-1" is forbidden: minimum memory usage per Container is 2Gi, but request is 1Gi',
  );
});

adversary("a quota refuses the pods", ["ResourceQuota small QuotaExceeded"], (small) => {
  put(small, QUOTAS, {
    metadata: { name: "small", namespace: "data-platform" },
    status: { hard: { pods: "4" }, used: { pods: "4" } },
  });
  noPods(
    small,
    "nessie",
    'pods "nessie-abc-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4',
  );
});

adversary("a ConfigMap is deleted while the pods run: a warning", [], (small) => {
  without(small, CONFIG_MAPS, "nessie");
}, (d) => assert.deepEqual(unhealthy(d), ["ConfigMap nessie Missing warning"]));

adversary("a Job's account is gone", ["ServiceAccount runner Missing"], (small) => {
  put(small, JOBS, {
    metadata: { name: "backup", namespace: "data-platform" },
    spec: { template: { spec: { serviceAccountName: "runner" } } },
    status: {},
  });
  put(
    small,
    EVENTS,
    event(
      "Job",
      "backup",
      "FailedCreate",
      'pods "backup-" is forbidden: error looking up service account data-platform/runner: serviceaccount "runner" not found',
    ),
  );
});

adversary("a Secret that a run of a Job wants is gone: the Job's old failed pods are no fault", [
  "Secret dump Missing",
], (small) => {
  const job = { kind: "Job", name: "backup" };
  put(small, JOBS, { metadata: { name: "backup", namespace: "data-platform" }, status: { active: 1 } });
  put(small, PODS, pod("backup-1", { owner: job, phase: "Failed", ready: false }));
  put(
    small,
    PODS,
    pod("backup-2", {
      owner: job,
      phase: "Pending",
      ready: false,
      spec: { containers: [{ name: "app", image: "dump:1", envFrom: [{ secretRef: { name: "dump" } }] }] },
      container: waiting("CreateContainerConfigError", 'secret "dump" not found'),
    }),
  );
});

adversary(
  "what cannot be read leaves the cause likely, not proven",
  ["Deployment nessie NoneReady", "Secret * Forbidden"],
  (small) => {
    small.failures[SECRETS] = { kind: "forbidden", message: "secrets is forbidden" };
    fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  },
);
