/** The pods of the catalog, judged as every pod is; and what they stand on. Pure. */
import { about, are, count } from "../../../engine/sentence.ts";
import { refOf } from "../../../components/common/mod.ts";
import { deployments, pods, podsOf, replicaSets } from "../../../components/kubernetes/mod.ts";
import { components } from "../../../components/mod.ts";
import { podCheck, podEdges, serviceEdges } from "../../../components/workloads/mod.ts";
import { type Check, type Component, type ObjectRef, refKey, type World } from "../../../engine/model.ts";
import { command } from "../../../untrusted/shell.ts";

const deployment = (world: World): ObjectRef => ({
  kind: "Deployment",
  namespace: world.namespace,
  name: "nessie",
});
const podsOfCatalog = (world: World) => podsOf(world, "Deployment", world.namespace, "nessie");

const podsCheck: Check = {
  id: "nessie.pods",
  title: "Pods of the catalog",
  explain: "Each pod of Deployment nessie is healthy. That some of them answer says nothing of the others.",
  needs: [deployments, pods, replicaSets],
  object: deployment,
  run(world) {
    const all = podsOfCatalog(world);
    if (all.length === 0) {
      return [{
        status: "critical",
        reason: "NoPods",
        message: "Deployment nessie has no pods",
        observed: "0",
        expected: "at least 1",
        next: [command`kubectl -n ${world.namespace} get deployments,replicasets,pods`],
      }];
    }
    const told = all.flatMap((pod) => {
      const judged = world.judge(podCheck, pod);
      const object = refOf("Pod", pod);
      return judged ? [{ ...about(object, judged), object }] : [];
    });
    if (told.length > 0) return told;
    return [{
      status: "ok",
      reason: "AllWell",
      message: `${count(all.length, "pod")} of the catalog ${are(all.length)} healthy`,
    }];
  },
};

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
    const service: ObjectRef = { kind: "Service", namespace: world.namespace, name: "nessie" };
    const own = new Set([
      ...[service, deployment(world)].map(refKey),
      ...podsOfCatalog(world).map((pod) => refKey(refOf("Pod", pod))),
    ]);
    return [...podEdges(world), ...serviceEdges(world)].filter(({ from }) => own.has(refKey(from)));
  },
};
