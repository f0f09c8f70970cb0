/** Faults of Spark's workloads and of the jobs that people run beside them. */
import { text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { core, deployment, job, PLATFORM, pods } from "../objects.ts";
import { restart, scale, scaleBack, type Scene, untilReadyPods, untilWaiting } from "../scene.ts";
import { app, edit, replace } from "../tree.ts";

const CLIENT = "app.kubernetes.io/name=spark-client";

/** A Job of the platform that runs `command` in Spark's image; `pod` goes into its pod's spec. */
export function sparkJob(name: string, command: string[], pod: Record<string, unknown> = {}): string {
  const container = { name: "job", image: "ghcr.io/lakecheck/spark-iceberg:3.5.9", command };
  const template = {
    metadata: { labels: { "app.kubernetes.io/part-of": "spark" } },
    spec: { restartPolicy: "Never", containers: [container], ...pod },
  };
  return [
    "apiVersion: batch/v1",
    "kind: Job",
    "metadata:",
    `  name: ${name}`,
    `  namespace: ${PLATFORM}`,
    `spec: ${JSON.stringify({ backoffLimit: 0, template })}`,
    "",
  ].join("\n");
}

/** Deletes a Job with its pods. */
export async function removeJob(scene: Scene, name: string): Promise<void> {
  await scene.kube.remove(`${job(name)}?propagationPolicy=Foreground`);
}

const clientScaledToZero: Fault = {
  name: "spark-client-scaled-to-zero",
  title: "The Spark client was scaled to zero",
  story: "Somebody freed memory for a test and forgot. Nothing fails, nothing runs.",
  shows: "Deployment spark-client (0 of 0 pods)",
  break: (scene) => scale(scene, PLATFORM, "spark-client", 0),
  settled: (scene) => untilReadyPods(scene, PLATFORM, "spark-client", 0, 30),
  repair: (scene) => scaleBack(scene, PLATFORM, "spark-client"),
  expect: { exit: 2, roots: ["Deployment data-platform/spark-client"] },
};

const selectorMatchesNothing: Fault = {
  name: "node-selector-matches-nothing",
  title: "A job wants a node that the cluster does not have",
  story:
    "The analytics nodes were given back, the nightly job still asks for one. Its pod is Pending for ever.",
  shows: "Pod of Job nightly-compaction (Unschedulable)",
  break: (scene) =>
    scene.kube.apply(
      "job",
      sparkJob("nightly-compaction", ["sleep", "1"], { nodeSelector: { "node-role": "analytics" } }),
    ),
  async settled(scene) {
    await scene.until(
      "a pod that can't be placed",
      60,
      async () =>
        (await scene.kube.list(pods(PLATFORM, "job-name=nightly-compaction"))).some((pod) =>
          JSON.stringify(pod.status).includes("Unschedulable") &&
          Date.now() - Date.parse(text(pod, "metadata", "creationTimestamp")) > 12_000
        ),
    );
  },
  repair: (scene) => removeJob(scene, "nightly-compaction"),
  expect: {
    exit: 2,
    roots: ["Pod data-platform/nightly-compaction-* or Job data-platform/nightly-compaction"],
  },
};

const quotaRefuses: Fault = {
  name: "quota-refuses-pods",
  title: "A quota that was just put there leaves no room for restarts",
  story: "Its limit is what runs now, less one. Nothing happens until a pod restarts and is refused.",
  shows: "ResourceQuota platform-limits, ReplicaSet of spark-client (FailedCreate)",
  async break(scene) {
    const running = (await scene.kube.list(pods(PLATFORM))).length;
    const hard = { "count/pods": String(Math.max(1, running - 2)) };
    const head = "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: platform-limits\n";
    await scene.kube.apply("quota", `${head}  namespace: ${PLATFORM}\nspec: ${JSON.stringify({ hard })}\n`);
    const quota = core("resourcequotas", PLATFORM, "platform-limits");
    await scene.until(
      "a quota that counts",
      20,
      async () => text(await scene.kube.get(quota), "status", "used", "count/pods") !== "",
    );
    await restart(scene, PLATFORM, CLIENT);
  },
  async settled(scene) {
    await untilReadyPods(scene, PLATFORM, "spark-client", 0, 30);
    await scene.until(
      "a refused pod",
      30,
      async () =>
        JSON.stringify((await scene.kube.get(deployment(PLATFORM, "spark-client")))?.status).includes(
          "exceeded quota",
        ),
    );
  },
  repair: (scene) => scene.kube.remove(core("resourcequotas", PLATFORM, "platform-limits")),
  expect: {
    exit: 2,
    roots: ["ResourceQuota data-platform/platform-limits"],
    symptoms: ["Deployment data-platform/spark-client"],
  },
};

const eventLogWrong: Fault = {
  name: "spark-history-bucket-wrong",
  title: "The history server reads event logs from a bucket that does not exist",
  story:
    "The bucket's name was changed in one of two places. The server does not start: 404 for its log directory.",
  shows: "Pod of spark-history-server (CrashLoopBackOff)",
  manifests(tree) {
    edit(tree, app("spark-history-server/configmap.yaml"), "ConfigMap/spark-history-server", (map) => {
      const before = String(map.getIn(["data", "spark-defaults.conf"]));
      map.setIn(
        ["data", "spark-defaults.conf"],
        before.replace("s3a://spark-events/", "s3a://spark-history/"),
      );
    });
  },
  async break(scene) {
    const map = core("configmaps", PLATFORM, "spark-history-server");
    await scene.until(
      "the changed configuration",
      60,
      async () =>
        text(await scene.kube.get(map), "data", "spark-defaults.conf").includes("s3a://spark-history/"),
    );
    await restart(scene, PLATFORM, "app.kubernetes.io/name=spark-history-server");
  },
  settled: (scene) =>
    untilWaiting(scene, PLATFORM, "app.kubernetes.io/name=spark-history-server", ["CrashLoopBackOff"], 90),
  expect: {
    exit: 2,
    roots: ["S3Bucket spark-history"],
    symptoms: ["Pod data-platform/spark-history-server-*"],
  },
};

const configMapMissing: Fault = {
  name: "config-map-missing",
  title: "A ConfigMap that a pod mounts was removed from the manifests",
  story: "It looked unused. The client's next pod waits for its volume and never starts.",
  shows: "ConfigMap spark-defaults (absent)",
  manifests(tree) {
    replace(tree, app("spark-client/kustomization.yaml"), "  - configmap.yaml\n", "");
  },
  async break(scene) {
    await scene.until(
      "the end of the ConfigMap",
      60,
      async () => await scene.kube.get(core("configmaps", PLATFORM, "spark-defaults")) === undefined,
    );
    await restart(scene, PLATFORM, CLIENT);
  },
  async settled(scene) {
    await scene.until("a pod that waits for its volume", 100, async () => {
      const [pod] = await scene.kube.list(pods(PLATFORM, CLIENT));
      return Date.now() - Date.parse(text(pod, "metadata", "creationTimestamp")) > 62_000;
    });
  },
  expect: {
    exit: 2,
    roots: ["ConfigMap data-platform/spark-defaults"],
    symptoms: ["Pod data-platform/spark-client-*", "Deployment data-platform/spark-client"],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const sparkFaults: readonly Fault[] = [
  clientScaledToZero,
  selectorMatchesNothing,
  quotaRefuses,
  eventLogWrong,
  configMapMissing,
];
