/** The gateway of the object store: its Service and the workload behind it, judged as every workload is. Pure. */
import { refOf } from "../../../components/common/fields.ts";
import {
  configMaps,
  deployments,
  endpointSlices,
  pods,
  replicaSets,
  secrets,
  services,
  storageClasses,
} from "../../../components/kubernetes/kinds.ts";
import { podsOf } from "../../../components/common/membership.ts";
import { perWorld } from "../../../components/common/per_world.ts";
import { podEdges } from "../../../components/workloads/pod_edges.ts";
import { judgePod } from "../../../components/workloads/pods.ts";
import { judgeWorkload } from "../../../components/workloads/readiness.ts";
import { daemonsOf } from "../../../components/rook_ceph/daemons.ts";
import { cephObjectStores } from "../../../components/rook_ceph/kinds.ts";
import { judgeService, serviceEdges } from "../../../components/workloads/services.ts";
import type { Check, Component, Judgement, ObjectRef } from "../../../engine/model.ts";
import { refKey } from "../../../engine/model.ts";
import { about, are, count } from "../../../engine/sentence.ts";
import { gatewayServices } from "./facts.ts";

interface Part {
  ref: ObjectRef;
  judged: Judgement | undefined;
}

const partsOf = perWorld((world): Part[] => {
  const daemons = daemonsOf(world).filter(({ type }) => type === "rgw").map(({ ref }) => ref);
  return [
    ...gatewayServices(world).flatMap((ref) => {
      const service = world.get(services, ref.namespace, ref.name);
      return service ? [{ ref, judged: judgeService(service, world) }] : [];
    }),
    ...daemons.flatMap((ref) => {
      const object = world.get(deployments, ref.namespace, ref.name);
      return object ? [{ ref, judged: judgeWorkload(ref.kind, object, world) }] : [];
    }),
    ...daemons.flatMap((ref) => podsOf(world, ref.kind, ref.namespace ?? "", ref.name)).map((pod) => ({
      ref: refOf("Pod", pod),
      judged: judgePod(pod, world),
    })),
  ];
});

const partsCheck: Check = {
  id: "s3-gateway.parts",
  title: "gateway of the object store",
  explain: "The Service of Rook's object store and the Deployments and pods of its gateways are healthy.",
  needs: [cephObjectStores, services, endpointSlices, deployments, pods],
  object: (world) => gatewayServices(world)[0] ?? { kind: "Service", name: "*" },
  run(world) {
    const parts = partsOf(world);
    if (parts.length === 0) {
      const message = "This cluster has no gateway of Rook";
      return [{ status: "skipped", reason: "NoneFound", message }];
    }
    const told = parts.flatMap(({ ref, judged }) => judged ? [{ ...about(ref, judged), object: ref }] : []);
    if (told.length > 0) return told;
    const observed = `${parts.length} of ${parts.length}`;
    const message = `${
      count(parts.length, "Service, Deployment or pod", "Services, Deployments and pods")
    } of the gateway ${are(parts.length)} healthy`;
    return [{ status: "ok", reason: "AllWell", message, observed }];
  },
};

export const s3Gateway: Component = {
  name: "s3-gateway",
  title: "Gateway of the object store",
  dependsOn: ["rook-ceph"],
  sources: [services, endpointSlices, deployments, pods, replicaSets, secrets, storageClasses, configMaps],
  namespaces: () => [],
  kinds: [],
  checks: [partsCheck],
  edges(world) {
    const own = new Set(partsOf(world).map(({ ref }) => refKey(ref)));
    const wanted = new Set(gatewayServices(world).map(refKey));
    return [...podEdges(world), ...serviceEdges(world)].filter(({ from }) =>
      own.has(refKey(from)) || wanted.has(refKey(from))
    );
  },
};
