/** Faults of nodes, agents, namespaces and the control plane that stand in no list. */
import assert from "node:assert/strict";
import { adversary } from "./case.ts";
import {
  ACCOUNTS,
  crash,
  DAEMON_SETS,
  fail,
  LEASES,
  NAMESPACES,
  noPods,
  podsOf,
  put,
  type Small,
  the,
  unplaced,
  without,
} from "../healthy.ts";
import {
  DEPLOYMENTS,
  LONG_AGO,
  NODES,
  on,
  pod,
  PODS,
  SECRETS,
  SERVICES,
  SLICES,
  waiting,
} from "../platform.ts";

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
  const second = the(small, PODS, "kube-proxy-node-2");
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

adversary("every node is cordoned and a pod was deleted", ["Node * NoNode"], (small) => {
  for (const object of small.lists[NODES] ?? []) object.spec = { ...object.spec, unschedulable: true };
  unplaced(small, "spark-client", "0/2 nodes are available: 2 node(s) were unschedulable");
}, (d) => assert.match(d.roots[0]?.message ?? "", /because node-1 and node-2 are cordoned/));

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
    Object.assign(object, {
      status: {
        phase: "Terminating",
        conditions: [{
          type: "NamespaceFinalizersRemaining",
          status: "True",
          message: "Some content in the namespace has finalizers remaining: foo in 1 resource",
        }],
      },
    });
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

adversary("the only node is cordoned and a pod was deleted", ["Node node-1 Cordoned"], (small) => {
  small.lists[NODES] = small.lists[NODES]?.slice(0, 1) ?? [];
  the(small, NODES, "node-1").spec = { ...the(small, NODES, "node-1").spec, unschedulable: true };
  for (const object of small.lists[PODS] ?? []) object.spec.nodeName = "node-1";
  unplaced(small, "spark-client", "0/1 nodes are available: 1 node(s) were unschedulable");
}, (d) => assert.equal(d.roots[0]?.status, "critical"));

adversary("the Service of cluster DNS is deleted while its pods run", [
  "Service kube-dns Missing",
], (small) => {
  without(small, SERVICES, "kube-dns");
  for (const object of podsOf(small, "kube-dns")) object.metadata.labels = { "k8s-app": "kube-dns" };
  fail(small, "nessie", crash());
});

adversary("DNS has no pods", ["Deployment kube-dns NoneReady"], (small) => {
  fail(small, "kube-dns", crash());
  fail(small, "nessie", crash());
  fail(small, "spark-client", crash());
});
