/** Faults of Kubernetes itself: the node, its daemons, namespaces that do not go. */
import { condition, text } from "../../platform/mod.ts";
import { startProcess, stopProcess } from "../../cluster/mod.ts";
import type { Fault } from "../fault.ts";
import { core, NODE, PLATFORM, pods } from "../objects.ts";
import { restart, type Scene, untilCondition } from "../scene.ts";

const CLIENT = "app.kubernetes.io/name=spark-client";

async function untilLeaseIsOld(scene: Scene, name: string): Promise<void> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;
  await scene.until(`a lease of ${name} that is over`, 90, async () => {
    const age = Date.now() - Date.parse(text(await scene.kube.get(path), "spec", "renewTime"));
    return age > 64_000 || `it was renewed ${Math.round(age / 1000)} s ago`;
  });
}

const kubeletStopped: Fault = {
  name: "kubelet-stopped",
  title: "The node's kubelet stopped",
  story:
    "Out of disk, a bad upgrade, or somebody's `systemctl stop`. Containers go on; Kubernetes calls all of them lost.",
  shows: "Node lab (NotReady)",
  break: async (scene) => void await stopProcess(scene.ctx, "kubelet"),
  async settled(scene) {
    await scene.until(
      "a lost node",
      60,
      async () => condition(await scene.kube.get(NODE), "Ready")?.status !== "True",
    );
    await scene.until("pods that are called not Ready", 30, async () => {
      const all = await scene.kube.list(pods(PLATFORM));
      return all.every((pod) => condition(pod, "Ready")?.status !== "True");
    });
    // Long enough for the judge of pods, who gives everybody ten seconds.
    const unready = Date.now();
    await scene.until("a quarter of a minute", 30, () => Promise.resolve(Date.now() - unready > 15_000));
  },
  repair: async (scene) => void await startProcess(scene.ctx, "kubelet"),
  expect: {
    exit: 2,
    roots: ["Node lab"],
    symptoms: [
      "Pod data-platform/nessie-*",
      "Deployment data-platform/spark-client",
      "Service data-platform/nessie-postgres-rw",
    ],
  },
};

const schedulerStopped: Fault = {
  name: "scheduler-stopped",
  title: "The scheduler does not run",
  story:
    "Its certificate ran out. Nothing happens until a pod has to be placed: it is Pending, with no reason at all.",
  shows: "Lease kube-scheduler (not renewed)",
  async break(scene) {
    await stopProcess(scene.ctx, "kube-scheduler");
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilLeaseIsOld(scene, "kube-scheduler"),
  repair: async (scene) => void await startProcess(scene.ctx, "kube-scheduler"),
  expect: {
    exit: 2,
    roots: ["Lease kube-system/kube-scheduler"],
    symptoms: ["Pod data-platform/spark-client-*", "Deployment data-platform/spark-client"],
  },
};

const controllerManagerStopped: Fault = {
  name: "controller-manager-stopped",
  title: "The controller manager does not run",
  story:
    "A pod that was deleted is not replaced, and the Deployment still says that all is well, for nobody counts.",
  shows: "Lease kube-controller-manager (not renewed)",
  async break(scene) {
    await stopProcess(scene.ctx, "kube-controller-manager");
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilLeaseIsOld(scene, "kube-controller-manager"),
  repair: async (scene) => void await startProcess(scene.ctx, "kube-controller-manager"),
  expect: { exit: 2, roots: ["Lease kube-system/kube-controller-manager"] },
};

const nodeCordoned: Fault = {
  name: "node-cordoned",
  title: "The node was cordoned for maintenance and never opened again",
  story: "What runs goes on; every pod that restarts is Pending.",
  shows: "Node lab (unschedulable)",
  async break(scene) {
    await scene.kube.merge(NODE, { spec: { unschedulable: true } });
    await restart(scene, PLATFORM, CLIENT);
  },
  async settled(scene) {
    await scene.until(
      "a pod that can't be placed",
      60,
      async () =>
        (await scene.kube.list(pods(PLATFORM, CLIENT))).some((pod) =>
          condition(pod, "PodScheduled")?.status === "False" &&
          Date.now() - Date.parse(text(pod, "metadata", "creationTimestamp")) > 12_000
        ),
    );
  },
  repair: (scene) => scene.kube.merge(NODE, { spec: { unschedulable: null } }),
  expect: {
    exit: 2,
    roots: ["Node lab"],
    symptoms: ["Pod data-platform/spark-client-*", "Deployment data-platform/spark-client"],
  },
};

const SANDBOX = "analytics-sandbox";

const namespaceStuck: Fault = {
  name: "namespace-terminating",
  title: "A namespace is being deleted and does not go",
  story:
    "What it holds has a finalizer, and the controller that would take it off is gone. The name can't be used again.",
  shows: `Namespace ${SANDBOX} (Terminating)`,
  async break(scene) {
    await scene.kube.apply(SANDBOX, `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${SANDBOX}\n`);
    await scene.kube.apply(
      SANDBOX,
      [
        "apiVersion: objectbucket.io/v1alpha1",
        "kind: ObjectBucketClaim",
        "metadata:",
        "  name: scratch",
        `  namespace: ${SANDBOX}`,
        "  finalizers: [lakehouse.example/archive-before-delete]",
        "spec:",
        "  bucketName: scratch",
        "  storageClassName: gone-with-its-operator",
        "",
      ].join("\n"),
    );
    await scene.kube.remove(`/api/v1/namespaces/${SANDBOX}`);
    scene.save("deleted", Date.now());
  },
  async settled(scene) {
    await scene.until("two minutes of waiting", 140, async () => {
      const since = text(
        await scene.kube.get(`/api/v1/namespaces/${SANDBOX}`),
        "metadata",
        "deletionTimestamp",
      );
      return Date.now() - Date.parse(since) > 122_000;
    });
  },
  async repair(scene) {
    const claim = `/apis/objectbucket.io/v1alpha1/namespaces/${SANDBOX}/objectbucketclaims/scratch`;
    if (await scene.kube.get(claim)) await scene.kube.merge(claim, { metadata: { finalizers: null } });
    await scene.kube.remove(`/api/v1/namespaces/${SANDBOX}`);
    await scene.until(
      "the end of the namespace",
      40,
      async () => await scene.kube.get(`/api/v1/namespaces/${SANDBOX}`) === undefined,
    );
  },
  expect: { exit: 2, roots: [`Namespace ${SANDBOX} or ObjectBucketClaim ${SANDBOX}/scratch`] },
};

const serviceAccountDeleted: Fault = {
  name: "service-account-deleted",
  title: "The ServiceAccount of the Spark client was deleted",
  story: "RBAC was tidied up. The pod that runs keeps its token; the next one is refused at admission.",
  shows: "ServiceAccount spark (absent), ReplicaSet of spark-client (FailedCreate)",
  async break(scene) {
    const path = core("serviceaccounts", PLATFORM, "spark");
    const account = await scene.kube.get(path);
    if (account) scene.save("labels", account.metadata.labels ?? {});
    await scene.kube.remove(path);
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) =>
    untilCondition(
      scene,
      `/apis/apps/v1/namespaces/${PLATFORM}/deployments/spark-client`,
      "ReplicaFailure",
      "True",
      40,
    ),
  async repair(scene) {
    const labels = JSON.stringify(scene.saved("labels") ?? {});
    const head = `apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: spark\n  namespace: ${PLATFORM}\n`;
    await scene.kube.apply("spark", `${head}  labels: ${labels}\n`);
  },
  expect: {
    exit: 2,
    roots: ["ServiceAccount data-platform/spark"],
    symptoms: ["Deployment data-platform/spark-client"],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const nodeFaults: readonly Fault[] = [
  kubeletStopped,
  schedulerStopped,
  controllerManagerStopped,
  nodeCordoned,
  namespaceStuck,
  serviceAccountDeleted,
];
