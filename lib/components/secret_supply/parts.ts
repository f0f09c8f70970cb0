/** What brings secrets from 1Password: the workloads of External Secrets and of Connect, without anybody else's. */
import type { Check, Edge, Judgement, ObjectRef, World } from "../../engine/model.ts";
import { refKey } from "../../engine/model.ts";
import { about, are, count } from "../../engine/sentence.ts";
import { operatorsOf } from "../external_secrets/edges.ts";
import { clusterSecretStores } from "../external_secrets/kinds.ts";
import { refOf } from "../common/fields.ts";
import { deployments, endpointSlices, pods, services } from "../kubernetes/kinds.ts";
import { podsOf } from "../common/membership.ts";
import { runnersOfConnect, serviceOfConnect } from "../onepassword/mod.ts";
import { perWorld } from "../common/per_world.ts";
import { podEdges } from "../workloads/pod_edges.ts";
import { judgePod } from "../workloads/pods.ts";
import { judgeWorkload } from "../workloads/readiness.ts";
import { judgeService, serviceEdges } from "../workloads/services.ts";

interface Part {
  ref: ObjectRef;
  judged: Judgement | undefined;
}

const partsOf = perWorld((world): Part[] => {
  const makers = [...operatorsOf(world), ...runnersOfConnect(world)];
  const service = serviceOfConnect(world);
  const found = service && world.get(services, service.namespace, service.name);
  return [
    ...makers.flatMap((ref) => {
      const object = world.get(deployments, ref.namespace, ref.name);
      return object ? [{ ref, judged: judgeWorkload(ref.kind, object, world) }] : [];
    }),
    ...makers.flatMap((ref) => podsOf(world, ref.kind, ref.namespace ?? "", ref.name)).map((pod) => ({
      ref: refOf("Pod", pod),
      judged: judgePod(pod, world),
    })),
    ...found ? [{ ref: refOf("Service", found), judged: judgeService(found, world) }] : [],
  ];
});

export const partsCheck: Check = {
  id: "secret-supply.parts",
  title: "what brings secrets from 1Password",
  explain:
    "The Deployments and pods of External Secrets and of 1Password Connect, and the Service of Connect, are healthy. They are " +
    "judged as every workload is.",
  needs: [deployments, pods, services, endpointSlices, clusterSecretStores],
  object: () => ({ kind: "Deployment", name: "*" }),
  run(world) {
    const parts = partsOf(world);
    if (parts.length === 0) {
      const message = "Neither External Secrets nor 1Password Connect has a Deployment here";
      return [{ status: "skipped", reason: "NoneFound", message }];
    }
    const told = parts.flatMap(({ ref, judged }) => judged ? [{ ...about(ref, judged), object: ref }] : []);
    if (told.length > 0) return told;
    const observed = `${parts.length} of ${parts.length}`;
    const message = `${
      count(parts.length, "Deployment, pod or Service", "Deployments, pods and Services")
    } that supply secrets ${are(parts.length)} healthy`;
    return [{ status: "ok", reason: "AllWell", message, observed }];
  },
};

/** What those workloads need, and which Secrets anybody needs. */
export function supplyEdges(world: World): Edge[] {
  const own = new Set(partsOf(world).map(({ ref }) => refKey(ref)));
  return [...podEdges(world), ...serviceEdges(world)].filter(({ from, to }) =>
    to.kind === "Secret" || own.has(refKey(from))
  );
}
