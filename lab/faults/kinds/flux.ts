/** Faults of GitOps: what is pushed, in which order it is applied, and what Flux gave up on. */
import { condition, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { kustomization, NESSIE, NODE, PLATFORM, SOURCE } from "../objects.ts";
import { type Scene, untilCondition } from "../scene.ts";
import { edit, editRelease, replace } from "../tree.ts";

const APPS = "kubernetes/flux/apps/data-platform.yaml";
const ROOK_APPS = "kubernetes/flux/apps/rook-ceph.yaml";

/** Waits until a Flux Kustomization is not Ready, and says this among other words. */
async function untilSays(scene: Scene, name: string, words: RegExp, seconds = 60): Promise<void> {
  await scene.until(`${words} of Kustomization ${name}`, seconds, async () => {
    const found = condition(await scene.kube.get(kustomization(name)), "Ready");
    const said = `${found?.reason} ${found?.message}`;
    return found?.status === "False" && words.test(said) || `it says ${said}`;
  });
}

const wrongNamespace: Fault = {
  name: "flux-dependson-wrong-namespace",
  title: "A dependsOn looks for its Kustomization in the wrong namespace",
  story:
    "`namespace: rook-ceph` was added where the app lives, not where its Kustomization is. The S3 user's app waits for ever.",
  shows: "Kustomization rook-ceph-iceberg-user (DependencyNotReady: not found)",
  manifests(tree) {
    edit(
      tree,
      ROOK_APPS,
      "Kustomization/rook-ceph-iceberg-user",
      (one) => one.setIn(["spec", "dependsOn"], [{ name: "rook-ceph-object-store", namespace: "rook-ceph" }]),
    );
  },
  async settled(scene) {
    await untilSays(scene, "rook-ceph-iceberg-user", /not found/);
    await untilSays(scene, "rook-ceph-buckets", /not ready/);
    await untilSays(scene, "nessie", /not ready/);
  },
  expect: {
    exit: 2,
    roots: [
      "Kustomization rook-ceph/rook-ceph-object-store or Kustomization flux-system/rook-ceph-iceberg-user",
    ],
    symptoms: ["Kustomization flux-system/rook-ceph-buckets", "Kustomization flux-system/nessie"],
  },
};

const dependencyCycle: Fault = {
  name: "flux-dependency-cycle",
  title: "Two Kustomizations wait for each other",
  story:
    "Policies were made to wait for the database, which waits for the policies. Both say that the other is not ready.",
  shows: "Kustomization data-platform-network and postgres (DependencyNotReady)",
  manifests(tree) {
    edit(
      tree,
      APPS,
      "Kustomization/data-platform-network",
      (one) => one.setIn(["spec", "dependsOn"], [{ name: "namespaces" }, { name: "postgres" }]),
    );
  },
  async settled(scene) {
    await untilSays(scene, "data-platform-network", /not ready|cycl/i);
    await untilSays(scene, "postgres", /not ready|cycl/i);
    await untilSays(scene, "spark-operator", /not ready|cycl/i);
  },
  expect: {
    exit: 2,
    roots: ["Kustomization flux-system/data-platform-network or Kustomization flux-system/postgres"],
    symptoms: ["Kustomization flux-system/spark-operator", "Kustomization flux-system/nessie"],
  },
};

const duplicateKey: Fault = {
  name: "flux-duplicate-key",
  title: "A merge left a key twice in a manifest",
  story:
    "Two branches added `targetNamespace` to one Kustomization. The root can't be built any more: no change arrives.",
  shows: "Kustomization cluster-apps (BuildFailed)",
  manifests(tree) {
    replace(
      tree,
      APPS,
      "  path: ./kubernetes/apps/data-platform/network-policies\n",
      "  path: ./kubernetes/apps/data-platform/network-policies\n  targetNamespace: data-platform\n  targetNamespace: data-platform\n",
    );
  },
  settled: (scene) => untilSays(scene, "cluster-apps", /already (defined|set)|duplicate|build/i),
  expect: { exit: 2, roots: ["Kustomization flux-system/cluster-apps"] },
};

const badManifest: Fault = {
  name: "flux-unknown-field",
  title: "A manifest has a field that its kind does not know",
  story:
    "`monitoring.enabled` was copied from another chart into the database's Cluster. Flux can't apply it; the old one goes on.",
  shows: "Kustomization postgres (dry-run failed)",
  manifests(tree) {
    edit(
      tree,
      "kubernetes/apps/data-platform/postgres/cluster.yaml",
      "Cluster/nessie-postgres",
      (one) => one.setIn(["spec", "monitoring"], { enabled: true }),
    );
  },
  settled: (scene) => untilSays(scene, "postgres", /unknown field|strict decoding|field not declared/i),
  expect: {
    exit: 2,
    roots: ["Kustomization flux-system/postgres"],
    symptoms: ["Kustomization flux-system/nessie"],
  },
};

const sourceTagMissing: Fault = {
  name: "flux-source-not-found",
  title: "The manifests' source points at a tag that is not there",
  story:
    "The pipeline tags releases, the source was switched to `v2`, and nothing was ever pushed under that name.",
  shows: "OCIRepository lakecheck (fetch failed)",
  async break(scene) {
    scene.save("ref", { tag: text(await scene.kube.get(SOURCE), "spec", "ref", "tag") });
    await scene.kube.merge(SOURCE, { spec: { ref: { tag: "v2" } } });
  },
  settled: (scene) => untilCondition(scene, SOURCE, "Ready", "False", 45),
  async repair(scene) {
    const ref = scene.saved("ref");
    if (ref) await scene.kube.merge(SOURCE, { spec: { ref } });
  },
  expect: { exit: 2, roots: ["OCIRepository flux-system/lakecheck"] },
};

const retriesExhausted: Fault = {
  name: "helm-release-retries-exhausted",
  title: "A release failed for a passing reason and is not tried again",
  story:
    "Nessie's upgrade ran while no node took pods. The node is back and all pods are fine, but Helm's retries are used up: the " +
    "release stays Stalled until somebody resets it.",
  shows: "HelmRelease nessie (Stalled, RetriesExceeded)",
  manifests: (tree) =>
    editRelease(tree, (release) => release.setIn(["spec", "values", "logLevel"], "DEBUG"), 12),
  async break(scene) {
    await scene.until("the failed upgrade", 90, async () => {
      // The node is closed before Flux comes to the release, and open again once Helm has given up.
      const release = await scene.kube.get(NESSIE);
      const failed = condition(release, "Stalled")?.status === "True";
      await scene.kube.merge(NODE, { spec: { unschedulable: failed ? null : true } });
      return failed || `it says ${condition(release, "Ready")?.message}`;
    });
  },
  async settled(scene) {
    await untilCondition(scene, NESSIE, "Stalled", "True", 10);
    const path = `/apis/apps/v1/namespaces/${PLATFORM}/deployments/nessie`;
    await scene.until(
      "the roll-out that Helm did not wait for",
      90,
      async () =>
        condition(await scene.kube.get(path), "Available")?.status === "True" &&
        text(await scene.kube.get(path), "status", "unavailableReplicas") === "",
    );
  },
  repair: (scene) => scene.kube.merge(NODE, { spec: { unschedulable: null } }),
  expect: { exit: 2, roots: ["HelmRelease data-platform/nessie"] },
};

const chartMissing: Fault = {
  name: "helm-chart-version-missing",
  title: "A release asks for a chart version that was never published",
  story:
    "The version was raised in git before the chart's pipeline had run. What runs goes on; nothing can be changed.",
  shows: "HelmChart of nessie (not found)",
  manifests: (tree) =>
    editRelease(tree, (release) => release.setIn(["spec", "chart", "spec", "version"], "0.2.0")),
  async settled(scene) {
    await scene.until("a failed chart", 60, async () => {
      const found = condition(await scene.kube.get(NESSIE), "Ready");
      return found?.status === "False" && /chart/i.test(found.message) || `it says ${found?.message}`;
    });
    await untilCondition(scene, kustomization("nessie"), "Ready", "False", 40);
  },
  expect: {
    exit: 2,
    roots: ["HelmChart flux-system/data-platform-nessie"],
    symptoms: ["HelmRelease data-platform/nessie"],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const fluxFaults: readonly Fault[] = [
  wrongNamespace,
  dependencyCycle,
  duplicateKey,
  badManifest,
  sourceTagMissing,
  retriesExhausted,
  chartMissing,
];
