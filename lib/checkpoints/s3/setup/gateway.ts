/** The gateway of the object store: its Service and the workload behind it, judged as every workload is. Pure. */
import { about, are, count } from "../../../engine/sentence.ts";
import { storesInUse } from "./facts.ts";
import { perWorld, refOf, unreadAmong } from "../../../components/common/mod.ts";
import {
  configMaps,
  deployments,
  endpointSlices,
  pods,
  podsOf,
  replicaSets,
  secrets,
  services,
  statefulSets,
  storageClasses,
} from "../../../components/kubernetes/mod.ts";
import {
  podCheck,
  podEdges,
  serviceCheck,
  serviceEdges,
  workloadChecks,
} from "../../../components/workloads/mod.ts";
import { cephObjectStores, daemonsOf, gatewaysOf } from "../../../components/rook_ceph/mod.ts";
import {
  type Check,
  type Component,
  type Judgement,
  type ObjectRef,
  refKey,
  type World,
} from "../../../engine/model.ts";

interface Part {
  ref: ObjectRef;
  judged: Judgement | undefined;
}

const partsOf = perWorld((world): Part[] => {
  const daemons = daemonsOf(world).filter(({ type }) => type === "rgw").map(({ ref }) => ref);
  const others = storesInUse(world, false).filter(({ ref }) => ref.kind !== "CephObjectStore");
  return [
    ...[...gatewaysOf(world), ...others.map(({ gateway }) => gateway)].flatMap((ref) => {
      const service = world.get(services, ref.namespace, ref.name);
      return service ? [{ ref, judged: world.judge(serviceCheck, service) }] : [];
    }),
    ...others.flatMap(({ ref }) => workloadParts(ref, world)),
    ...daemons.flatMap((ref) => {
      const object = world.get(deployments, ref.namespace, ref.name);
      return object ? [{ ref, judged: world.judge(workloadChecks.Deployment, object) }] : [];
    }),
    ...daemons.flatMap((ref) => podsOf(world, ref.kind, ref.namespace ?? "", ref.name)).map((pod) => ({
      ref: refOf("Pod", pod),
      judged: world.judge(podCheck, pod),
    })),
  ];
});

/** The workload of a store that is not Rook's, and its pods. */
function workloadParts(ref: ObjectRef, world: World): Part[] {
  const source = ref.kind === "StatefulSet" ? statefulSets : deployments;
  const object = world.get(source, ref.namespace, ref.name);
  if (!object || (ref.kind !== "StatefulSet" && ref.kind !== "Deployment")) return [];
  const own = podsOf(world, ref.kind, ref.namespace ?? "", ref.name);
  return [
    { ref, judged: world.judge(workloadChecks[ref.kind], object) },
    ...own.map((pod) => ({ ref: refOf("Pod", pod), judged: world.judge(podCheck, pod) })),
  ];
}

const partsCheck: Check = {
  id: "s3-gateway.parts",
  title: "gateway of the object store",
  explain:
    "The Service before the object store, and the workloads and pods that serve S3, are healthy: Rook's gateways, or " +
    "another store where the platform uses one.",
  needs: [services, endpointSlices, deployments, pods],
  okNeeds: [cephObjectStores, statefulSets],
  object: (world) => gatewaysOf(world)[0] ?? { kind: "Service", name: "*" },
  run(world) {
    const parts = partsOf(world);
    const blind = unreadAmong([cephObjectStores], world);
    if (parts.length === 0) {
      if (blind) return [blind];
      const message = "This cluster has no gateway of Rook, and no other object store";
      return [{ status: "skipped", reason: "NoneFound", message }];
    }
    const told = parts.flatMap(({ ref, judged }) => judged ? [{ ...about(ref, judged), object: ref }] : []);
    if (told.length > 0) return blind ? [...told, blind] : told;
    const observed = `${parts.length} of ${parts.length}`;
    const message = `${
      count(parts.length, "Service, workload or pod", "Services, workloads and pods")
    } of the gateway ${are(parts.length)} healthy`;
    return [{ status: "ok", reason: "AllWell", message, observed }];
  },
};

export const s3Gateway: Component = {
  name: "s3-gateway",
  title: "Gateway of the object store",
  dependsOn: ["rook-ceph"],
  sources: [
    services,
    endpointSlices,
    deployments,
    pods,
    replicaSets,
    secrets,
    storageClasses,
    configMaps,
    statefulSets,
  ],
  namespaces: () => [],
  kinds: [],
  checks: [partsCheck],
  edges(world) {
    const own = new Set(partsOf(world).map(({ ref }) => refKey(ref)));
    const wanted = new Set(gatewaysOf(world).map(refKey));
    return [...podEdges(world), ...serviceEdges(world)].filter(({ from }) =>
      own.has(refKey(from)) || wanted.has(refKey(from))
    );
  },
};
