/** Faults that stand in no list, on a small platform: one root each, the true one, and nothing innocent is red. */
import assert from "node:assert/strict";
import {
  ACCOUNTS,
  addApp,
  CLAIMS,
  CLASSES,
  CONFIG_MAPS,
  crash,
  DAEMON_SETS,
  fail,
  healthy,
  JOBS,
  LEASES,
  look,
  NAMESPACES,
  NESSIE_HEALTH,
  NESSIE_ICEBERG,
  noPods,
  podsOf,
  POLICIES,
  put,
  QUOTAS,
  type Raw,
  type Small,
  the,
  unplaced,
  unwell,
  without,
} from "./healthy.ts";
import {
  DEPLOYMENTS,
  EVENTS,
  LONG_AGO,
  NODES,
  on,
  pod,
  PODS,
  rootsOf,
  SECRETS,
  SERVICES,
  SLICES,
  waiting,
} from "./platform.ts";

/** Breaks the small platform, and expects these roots and no critical or warning finding without one. */
function adversary(
  name: string,
  roots: string[],
  breaks: (small: Small) => void,
  more?: (d: Awaited<ReturnType<typeof look>>) => void,
): void {
  Deno.test(`adversary: ${name}`, async () => {
    const small = healthy();
    breaks(small);
    const diagnosis = await look(small);
    assert.deepEqual(rootsOf(diagnosis).toSorted(), roots.toSorted(), unwell(diagnosis).join("\n"));
    more?.(diagnosis);
  });
}

const event = (kind: string, name: string, reason: string, message: string): Raw => ({
  metadata: { name: `${name}.1`, namespace: "data-platform", creationTimestamp: LONG_AGO },
  involvedObject: { kind, namespace: "data-platform", name },
  reason,
  message,
  lastTimestamp: "2026-01-01T11:59:00Z",
});

const status = (d: Awaited<ReturnType<typeof look>>) => [...new Set(d.findings.map((f) => f.status))];

adversary("nothing is broken", [], () => {}, (d) => assert.deepEqual(unwell(d), []));

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
}, (d) => assert.deepEqual(unwell(d), ["Secret s3 MissingKey warning"]));

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
}, (d) => assert.match(d.roots[0]?.message ?? "", /container chown ended with exit code 1/));

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
  (d) => assert.match(on(d, "Pod", "nessie-abc-1")[0]?.message ?? "", /init container wait has run for/),
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

function agents(small: Small, image = "proxy:1"): void {
  put(small, DAEMON_SETS, {
    metadata: { name: "kube-proxy", namespace: "kube-system", generation: 1, creationTimestamp: LONG_AGO },
    spec: { template: { metadata: { labels: { app: "kube-proxy" } } } },
    status: { observedGeneration: 1, desiredNumberScheduled: 2, numberReady: 2 },
  });
  for (const nodeName of ["node-1", "node-2"]) {
    put(
      small,
      PODS,
      pod(`kube-proxy-${nodeName}`, {
        namespace: "kube-system",
        labels: { app: "kube-proxy" },
        owner: { kind: "DaemonSet", name: "kube-proxy" },
        spec: { nodeName, hostNetwork: true, containers: [{ name: "app", image }] },
      }),
    );
  }
}

adversary("kube-proxy crashes on every node", ["DaemonSet kube-proxy NoneReady"], (small) => {
  agents(small);
  for (const object of podsOf(small, "kube-proxy")) {
    object.status.conditions[1].status = "False";
    Object.assign(object.status.containerStatuses[0], { ready: false }, crash());
  }
  the(small, DAEMON_SETS, "kube-proxy").status.numberReady = 0;
  fail(small, "nessie", crash());
  fail(small, "spark-client", crash());
}, (d) => assert.equal(on(d, "Pod", "nessie-abc-1")[0]?.confidence, "likely"));

adversary("a DaemonSet is blocked on one node by its image", ["Image proxy:1 ImagePullFailed"], (small) => {
  agents(small);
  const [, second] = podsOf(small, "kube-proxy");
  second.status.conditions[1].status = "False";
  Object.assign(second.status.containerStatuses[0], waiting("ImagePullBackOff", "manifest unknown"));
  the(small, DAEMON_SETS, "kube-proxy").status.numberReady = 1;
});

adversary("a node is under disk pressure: its pods are evicted and not placed again", [
  "Node node-1 DiskPressure",
], (small) => {
  small.lists[NODES] = [the(small, NODES, "node-1")];
  the(small, NODES, "node-1").status.conditions.push({
    type: "DiskPressure",
    status: "True",
    message: "kubelet has disk pressure",
  });
  put(
    small,
    PODS,
    pod("nessie-abc-0", {
      phase: "Failed",
      ready: false,
      labels: { app: "nessie" },
      owner: { kind: "ReplicaSet", name: "nessie-abc" },
      status: { reason: "Evicted" },
    }),
  );
  unplaced(
    small,
    "nessie",
    "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }",
  );
  unplaced(
    small,
    "database",
    "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }",
  );
  for (const app of ["spark-operator"]) {
    for (const object of podsOf(small, app)) object.spec.nodeName = "node-1";
  }
});

adversary("the only node is cordoned and a pod was deleted", ["Node * NoNode"], (small) => {
  for (const object of small.lists[NODES] ?? []) object.spec = { unschedulable: true };
  unplaced(small, "spark-client", "0/2 nodes are available: 2 node(s) were unschedulable");
}, (d) => assert.match(d.roots[0]?.message ?? "", /node-1, node-2 cordoned/));

adversary("a node is lost, and what ran there", ["Node node-1 NodeNotReady"], (small) => {
  the(small, NODES, "node-1").status.conditions[0].status = "Unknown";
  for (const app of ["database", "spark-client", "spark-history-server", "kube-dns"]) fail(small, app, {});
  fail(small, "nessie", crash());
  for (const object of small.lists[PODS] ?? []) {
    if (object.spec.nodeName === "node-1") object.status.conditions[1].status = "False";
  }
  the(small, DEPLOYMENTS, "spark-operator").status.readyReplicas = 1;
});

adversary(
  "the namespace terminates with things in it",
  ["Namespace data-platform TerminatingStuck"],
  (small) => {
    const object = the(small, NAMESPACES, "data-platform");
    object.metadata.deletionTimestamp = LONG_AGO;
    object.status = {
      phase: "Terminating",
      conditions: [{
        type: "NamespaceFinalizersRemaining",
        status: "True",
        message: "Some content in the namespace has finalizers remaining: foo in 1 resource",
      }],
    };
    for (const app of ["nessie", "spark-operator", "spark-client"]) {
      noPods(
        small,
        app,
        `pods "x" is forbidden: unable to create new content in namespace data-platform because it is being terminated`,
      );
    }
    without(small, DEPLOYMENTS, "spark-history-server");
    without(small, SERVICES, "spark-history-server");
    small.lists[PODS] = podsOf(small, "database").concat(podsOf(small, "kube-dns"));
    small.lists[SECRETS] = [];
    small.lists[ACCOUNTS] = [];
    small.answers = { "/readyz": small.answers["/readyz"] ?? { status: 200 } };
  },
);

adversary("two faults that have nothing to do with each other", [
  "Secret s3 Missing",
  "Deployment spark-client NoneReady",
], (small) => {
  without(small, SECRETS, "s3");
  fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  fail(small, "spark-client", crash(137, "OOMKilled"));
});

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

adversary("a quota that refused pods an hour ago, and does not any more", [], (small) => {
  put(small, QUOTAS, {
    metadata: { name: "small", namespace: "data-platform" },
    status: { hard: { pods: "40" }, used: { pods: "4" } },
  });
  put(
    small,
    EVENTS,
    event("ReplicaSet", "nessie-abc", "FailedCreate", "exceeded quota: small, requested: pods=1"),
  );
}, (d) => assert.deepEqual(unwell(d), []));

adversary(
  "the registry is down: many images fail at once",
  ["Registry registry.example RegistryUnreachable"],
  (small) => {
    const message = (app: string) =>
      `Back-off pulling image "registry.example/${app}:1": ErrImagePull: failed to do request: Head "https://registry.example/v2/${app}/manifests/1": dial tcp 10.0.0.9:443: connect: connection refused`;
    for (const app of ["nessie", "spark-history-server", "spark-client", "spark-operator"]) {
      fail(
        small,
        app,
        waiting("ImagePullBackOff", message(app)),
      );
    }
  },
);

adversary("a tag that does not exist is the image's fault, not its registry's", [
  "Image registry.example/nessie:2 ImagePullFailed",
], (small) => {
  for (const object of podsOf(small, "nessie")) object.spec.containers[0].image = "registry.example/nessie:2";
  fail(small, "nessie", waiting("ImagePullBackOff", "registry.example/nessie:2: not found"));
});

adversary("the pull Secret of a private image is gone", ["Secret pull Missing"], (small) => {
  for (const object of podsOf(small, "spark-client")) object.spec.imagePullSecrets = [{ name: "pull" }];
  fail(small, "spark-client", waiting("ImagePullBackOff", "failed to authorize: 401 Unauthorized"));
});

adversary("a webhook whose pods crash refuses all pods", ["Deployment policy NoneReady"], (small) => {
  addApp(small, "policy", {
    namespace: "kube-system",
    ports: [{ name: "https", port: 443, targetPort: "https" }],
  });
  fail(small, "policy", crash());
  const message =
    'Internal error occurred: failed calling webhook "pods.policy": Post "https://policy.kube-system.svc:443/validate": dial tcp 10.96.0.9:443: connect: connection refused';
  for (const app of ["nessie", "spark-client"]) noPods(small, app, message);
});

adversary("the readiness probe asks the wrong port", ["Deployment nessie NoneReady"], (small) => {
  fail(small, "nessie", { state: { running: { startedAt: LONG_AGO } } });
  for (const object of podsOf(small, "nessie")) {
    put(
      small,
      EVENTS,
      event(
        "Pod",
        object.metadata.name,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.0.0.7:9999: connect: connection refused",
      ),
    );
  }
}, (d) => assert.match(d.roots[0]?.message ?? "", /10.0.0.7:9999/));

adversary("a rollout is stuck half-way, and the old pods serve: a warning", [
  "Deployment nessie RolloutStuck",
], (small) => {
  const object = the(small, DEPLOYMENTS, "nessie");
  Object.assign(object.status, {
    replicas: 3,
    updatedReplicas: 1,
    conditions: [{
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "nessie-new" has timed out progressing.',
    }],
  });
  put(
    small,
    "/apis/apps/v1/replicasets",
    ...["nessie-abc", "nessie-new"].map((name) => ({
      metadata: {
        name,
        namespace: "data-platform",
        ownerReferences: [{ kind: "Deployment", name: "nessie", controller: true }],
      },
    })),
  );
  put(
    small,
    PODS,
    pod("nessie-new-1", {
      ready: false,
      labels: { app: "nessie" },
      owner: { kind: "ReplicaSet", name: "nessie-new" },
      container: crash(),
    }),
  );
}, (d) => assert.ok(!status(d).includes("critical"), unwell(d).join("\n")));

adversary("a new version with a tag that does not exist, and the old pods serve: a warning", [
  "Image registry.example/nessie:9 ImagePullFailed",
], (small) => {
  put(
    small,
    PODS,
    pod("nessie-abc-9", {
      ready: false,
      labels: { app: "nessie" },
      owner: { kind: "ReplicaSet", name: "nessie-abc" },
      spec: { containers: [{ name: "app", image: "registry.example/nessie:9", ports: [] }] },
      container: waiting("ImagePullBackOff", "not found"),
    }),
  );
}, (d) => assert.ok(!status(d).includes("critical"), unwell(d).join("\n")));

adversary("a Deployment is paused with a change that was not rolled out", [], (small) => {
  const object = the(small, DEPLOYMENTS, "nessie");
  object.spec.paused = true;
  delete object.status.updatedReplicas;
}, (d) => assert.deepEqual(unwell(d), ["Deployment nessie Paused warning"]));

adversary("a paused Deployment that has nothing to roll out is well", [], (small) => {
  the(small, DEPLOYMENTS, "nessie").spec.paused = true;
}, (d) => assert.deepEqual(unwell(d), []));

adversary("the controller manager stands: pods are Ready, and no Service finds them", [
  "Lease kube-controller-manager NotRenewed",
], (small) => {
  the(small, LEASES, "kube-controller-manager").spec.renewTime = LONG_AGO;
  the(small, SLICES, "nessie-1").endpoints = [];
  fail(small, "spark-client", crash());
});

adversary("the controller manager stands, and a crash loop has its own reason", [
  "Lease kube-controller-manager NotRenewed",
  "Deployment nessie NoneReady",
], (small) => {
  the(small, LEASES, "kube-controller-manager").spec.renewTime = LONG_AGO;
  fail(small, "nessie", crash());
});

adversary("the scheduler stands", ["Lease kube-scheduler NotRenewed"], (small) => {
  the(small, LEASES, "kube-scheduler").spec.renewTime = LONG_AGO;
  fail(small, "spark-client", {}, Infinity, { phase: "Pending", containerStatuses: [], conditions: [] });
  for (const object of podsOf(small, "spark-client")) delete object.spec.nodeName;
});

adversary("DNS has no pods", ["Deployment kube-dns NoneReady"], (small) => {
  fail(small, "kube-dns", crash());
  fail(small, "nessie", crash());
  fail(small, "spark-client", crash());
});

adversary(
  "a policy cuts the catalog from its database",
  ["NetworkPolicy closed NetworkPolicyDenies"],
  (small) => {
    put(small, POLICIES, {
      metadata: { name: "closed", namespace: "data-platform" },
      spec: {
        podSelector: { matchLabels: { app: "database" } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "nesie" } } }] }],
      },
    });
    fail(small, "nessie", crash());
  },
);

adversary(
  "a policy cuts something, but the pods fail for want of a Secret",
  ["Secret s3 Missing"],
  (small) => {
    put(small, POLICIES, {
      metadata: { name: "closed", namespace: "data-platform" },
      spec: { podSelector: { matchLabels: { app: "database" } }, policyTypes: ["Ingress"], ingress: [] },
    });
    without(small, SECRETS, "s3");
    fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  },
  (d) => assert.equal(on(d, "NetworkPolicy", "closed")[0]?.status, "warning"),
);

adversary(
  "two workloads crash, but the log of one tells of its own fault",
  ["Deployment database NoneReady"],
  (small) => {
    const log = "/api/v1/namespaces/data-platform/pods/database-abc-1/log";
    small.answers[log] = { status: 200, body: "FATAL: could not write: No space left on device" };
    for (const object of podsOf(small, "database")) {
      object.spec.containers[0].env = [{
        name: "PEER",
        value: "http://nessie.data-platform.svc:19120",
      }];
    }
    fail(small, "database", crash());
    fail(small, "nessie", crash());
  },
  (d) => assert.match(d.roots[0]?.message ?? "", /the disk is full/),
);

adversary("the warehouse is down while the catalog runs", [
  "Warehouse default warehouse of nessie WarehouseDown",
], (small) => {
  small.answers[NESSIE_ICEBERG] = { status: 500 };
  small.answers[NESSIE_HEALTH] = {
    status: 503,
    body: { status: "DOWN", checks: [{ name: "Warehouses", status: "DOWN" }] },
  };
});

adversary("the catalog is scaled to zero", ["Deployment nessie ScaledToZero"], (small) => {
  noPods(small, "nessie");
  the(small, DEPLOYMENTS, "nessie").spec.replicas = 0;
  fail(small, "spark-client", crash());
});

adversary(
  "an app of the platform is scaled to zero: its Service says so",
  ["Service database NoEndpoints"],
  (small) => {
    noPods(small, "database");
    the(small, DEPLOYMENTS, "database").spec.replicas = 0;
    fail(small, "nessie", crash());
  },
  (d) => assert.match(d.roots[0]?.message ?? "", /scaled to zero/),
);

adversary("a ConfigMap is deleted while the pods run: a warning", [], (small) => {
  without(small, CONFIG_MAPS, "nessie");
}, (d) => assert.deepEqual(unwell(d), ["ConfigMap nessie Missing warning"]));

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
  ["Deployment nessie NoneReady"],
  (small) => {
    small.failures[SECRETS] = { kind: "forbidden", message: "secrets is forbidden" };
    fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  },
);
