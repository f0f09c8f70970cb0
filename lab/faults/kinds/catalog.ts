/** Faults of Nessie's release. */
import { at, condition } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { core, NESSIE, PLATFORM, pods } from "../objects.ts";
import { type Scene, untilCondition, waitingReasons } from "../scene.ts";
import { editRelease, replace } from "../tree.ts";

const PODS = pods(PLATFORM, "app.kubernetes.io/name=nessie");

async function untilUpgradeFailed(scene: Scene): Promise<void> {
  await scene.until("a failed upgrade of the release", 90, async () => {
    const found = condition(await scene.kube.get(NESSIE), "Ready");
    return found?.status === "False" && /fail|exceed|retries/i.test(`${found.reason} ${found.message}`) ||
      `it says ${found?.message}`;
  });
}

async function untilSomePod(scene: Scene, reasons: readonly string[]): Promise<void> {
  await scene.until(
    `${reasons.join("/")} of a pod`,
    60,
    async () =>
      (await scene.kube.list(PODS)).some((pod) =>
        waitingReasons(pod).some((reason) => reasons.includes(reason))
      ),
  );
}

const endpointWrong: Fault = {
  name: "nessie-s3-endpoint-wrong",
  title: "Nessie's S3 endpoint names a Service that does not exist",
  story:
    "The object store was renamed, and the gateway's Service with it; Nessie's values kept the old name.",
  shows: "New pods of Nessie (warehouse DOWN), then HelmRelease nessie (UpgradeFailed)",
  manifests: (tree) =>
    editRelease(tree, (release) =>
      release.setIn(
        ["spec", "values", "catalog", "storage", "s3", "defaultOptions", "endpoint"],
        "http://rook-ceph-rgw-ceph-objectstore.rook-ceph.svc.cluster.local",
      )),
  async settled(scene) {
    await untilUpgradeFailed(scene);
    await scene.until("a new pod that is unready for a minute", 90, async () => {
      const all = await scene.kube.list(PODS);
      const unready = all.filter((pod) => condition(pod, "Ready")?.status !== "True");
      return unready.some((pod) => {
        const statuses = at(pod, "status", "containerStatuses");
        const started: unknown = Array.isArray(statuses)
          ? at(statuses[0], "state", "running", "startedAt")
          : undefined;
        return typeof started === "string" && Date.now() - Date.parse(started) > 62_000;
      });
    });
  },
  expect: {
    exit: 2,
    roots: ["Service rook-ceph/rook-ceph-rgw-ceph-objectstore"],
    symptoms: ["HelmRelease data-platform/nessie", "Pod data-platform/nessie-*"],
  },
};

const imageWrong: Fault = {
  name: "nessie-image-tag-wrong",
  title: "Nessie's image tag does not exist",
  story: "A typo in the version. The roll-out waits for an image that nobody has; the old pods go on.",
  shows: "Image ghcr.io/projectnessie/nessie:0.104.11 (ImagePullBackOff)",
  manifests: (tree) =>
    editRelease(tree, (release) => release.setIn(["spec", "values", "image", "tag"], "0.104.11")),
  async settled(scene) {
    await untilSomePod(scene, ["ImagePullBackOff", "ErrImagePull"]);
    await untilUpgradeFailed(scene);
    await untilSomePod(scene, ["ImagePullBackOff"]);
  },
  expect: {
    exit: 2,
    roots: ["Image ghcr.io/projectnessie/nessie:0.104.11"],
    symptoms: ["HelmRelease data-platform/nessie", "Pod data-platform/nessie-*"],
  },
};

const outOfMemory: Fault = {
  name: "nessie-oom",
  title: "Nessie's memory limit is below what its heap needs",
  story: "Somebody saved memory in the values. The JVM is killed at its start, again and again.",
  shows: "New pods of Nessie (OOMKilled)",
  manifests(tree) {
    editRelease(
      tree,
      (release) => release.setIn(["spec", "values", "resources", "limits", "memory"], "96Mi"),
    );
    replace(tree, "lab/overlay/apps/nessie/kustomization.yaml", "memory: 256Mi", "memory: 96Mi");
  },
  async settled(scene) {
    await untilSomePod(scene, ["CrashLoopBackOff"]);
    await untilUpgradeFailed(scene);
    await untilSomePod(scene, ["CrashLoopBackOff"]);
  },
  expect: {
    exit: 2,
    roots: ["Pod data-platform/nessie-* or Deployment data-platform/nessie"],
    symptoms: ["HelmRelease data-platform/nessie"],
  },
};

const configEmptied: Fault = {
  name: "nessie-secret-name-wrong",
  title: "Nessie's values name a Secret that nobody makes",
  story:
    "The Secret is called `s3-credentials`; the new values say `nessie-s3`. The new pods can't be configured.",
  shows: "Secret nessie-s3 (absent)",
  manifests: (tree) =>
    editRelease(tree, (release) =>
      release.setIn(
        ["spec", "values", "catalog", "storage", "s3", "defaultOptions", "accessKeySecret", "name"],
        "nessie-s3",
      )),
  async settled(scene) {
    await untilSomePod(scene, ["CreateContainerConfigError"]);
    await untilUpgradeFailed(scene);
  },
  expect: {
    exit: 2,
    roots: ["Secret data-platform/nessie-s3"],
    symptoms: ["HelmRelease data-platform/nessie", "Pod data-platform/nessie-*"],
  },
};

const serviceDeleted: Fault = {
  name: "nessie-service-deleted",
  title: "The Service of the catalog was deleted",
  story: "A `kubectl delete` too many. Pods are fine, nobody reaches them; Helm sees no drift.",
  shows: "Service nessie (absent)",
  async break(scene) {
    const path = core("services", PLATFORM, "nessie");
    const service = await scene.kube.get(path);
    if (service) {
      scene.save("service", {
        metadata: { labels: service.metadata.labels, annotations: at(service, "metadata", "annotations") },
        selector: at(service, "spec", "selector"),
        ports: at(service, "spec", "ports"),
      });
    }
    await scene.kube.remove(path);
  },
  async settled(scene) {
    await scene.until(
      "the end of the Service",
      20,
      async () => await scene.kube.get(core("services", PLATFORM, "nessie")) === undefined,
    );
    await untilCondition(scene, NESSIE, "Ready", "True", 10);
  },
  async repair(scene) {
    const saved = scene.saved("service");
    if (!saved) return;
    const head = `apiVersion: v1\nkind: Service\nmetadata:\n  name: nessie\n  namespace: ${PLATFORM}\n`;
    const { labels, annotations } = Object(at(saved, "metadata"));
    const spec = { selector: at(saved, "selector"), ports: at(saved, "ports") };
    await scene.kube.apply(
      "nessie",
      `${head}  labels: ${JSON.stringify(labels ?? {})}\n  annotations: ${
        JSON.stringify(annotations ?? {})
      }\nspec: ${JSON.stringify(spec)}\n`,
    );
  },
  expect: { exit: 2, roots: ["Service data-platform/nessie"] },
};

/** Every fault of this family, in the order of `--list`. */
export const catalogFaults: readonly Fault[] = [
  endpointWrong,
  imageWrong,
  outOfMemory,
  configEmptied,
  serviceDeleted,
];
