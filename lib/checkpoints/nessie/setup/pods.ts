/** The pods of the catalog, judged as every pod is; and what they stand on. Pure. */
import { about, are, count } from "../../../engine/sentence.ts";
import { refOf } from "../../../components/common/mod.ts";
import {
  deployments,
  type Pod,
  pods,
  podsOf,
  replicaSets,
  services,
  statefulSets,
} from "../../../components/kubernetes/mod.ts";
import { type Catalog, catalogs } from "../../../components/nessie/mod.ts";
import { readyPods } from "../../ready_pod.ts";
import { components } from "../../../components/mod.ts";
import { podCheck, podEdges, serviceEdges } from "../../../components/workloads/mod.ts";
import {
  type Check,
  type Component,
  type ObjectJudgement,
  refKey,
  refText,
  type World,
} from "../../../engine/model.ts";
import { command } from "../../../untrusted/shell.ts";

/** The pods that a workload makes; of one that is not there those that stand behind its Service. */
function podsOfCatalog(
  { workload: { kind, namespace = "", name }, object, service }: Catalog,
  world: World,
): Pod[] {
  return object ? podsOf(world, kind, namespace, name) : readyPods(world, service);
}

const podsCheck: Check = {
  id: "nessie.pods",
  title: "Pods of the catalog",
  explain:
    "Each pod of the catalog's Deployment or StatefulSet is healthy. That some of them answer says nothing of the others.",
  needs: [deployments, statefulSets, services, pods, replicaSets],
  object: (world) => catalogs(world)[0]?.workload ?? { kind: "Deployment", name: "*" },
  run(world) {
    const all = catalogs(world);
    if (all.length > 0) return all.flatMap((catalog) => judgePods(catalog, world));
    const message = "No workload here is recognised as Nessie, so it has no pods to judge";
    return [{ status: "skipped", reason: "NotFound", message }];
  },
};

function judgePods(catalog: Catalog, world: World): ObjectJudgement[] {
  const { workload } = catalog;
  const all = podsOfCatalog(catalog, world);
  if (all.length === 0) {
    return [{
      object: workload,
      status: "critical",
      reason: "NoPods",
      message: `${refText(workload)} has no pods`,
      observed: "0",
      expected: "at least 1",
      next: [command`kubectl -n ${workload.namespace} get deployments,statefulsets,replicasets,pods`],
    }];
  }
  const told = all.flatMap((pod) => {
    const judged = world.judge(podCheck, pod);
    const object = refOf("Pod", pod);
    return judged ? [{ ...about(object, judged), object }] : [];
  });
  if (told.length > 0) return told;
  const message = `${count(all.length, "pod")} of the catalog ${are(all.length)} healthy`;
  return [{ object: workload, status: "ok", reason: "AllWell", message }];
}

export const catalogPods: Component = {
  name: "nessie-pods",
  title: "Pods of the catalog",
  dependsOn: ["kubernetes"],
  // All that health reads: what broke the catalog may stand far from it, and a kind that was not read explains nothing.
  sources: components.flatMap(({ sources }) => sources),
  namespaces: () => [],
  kinds: [],
  checks: [podsCheck],
  edges(world) {
    const own = new Set(
      catalogs(world).flatMap((catalog) => [
        ...[catalog.service, catalog.workload].map(refKey),
        ...podsOfCatalog(catalog, world).map((pod) => refKey(refOf("Pod", pod))),
      ]),
    );
    return [...podEdges(world), ...serviceEdges(world)].filter(({ from }) => own.has(refKey(from)));
  },
};
