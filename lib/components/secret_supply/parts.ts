/** What brings secrets from 1Password: the workloads of External Secrets and of Connect, without anybody else's. */
import { about, are, count } from "../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type Judgement,
  type ObjectRef,
  refKey,
  type World,
} from "../../engine/model.ts";
import { clusterSecretStores, operatorsOf } from "../external_secrets/mod.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { deployments, endpointSlices, pods, podsOf, services } from "../kubernetes/mod.ts";
import { runnersOfConnect, serviceOfConnect } from "../onepassword/mod.ts";
import { podCheck, podEdges, serviceCheck, serviceEdges, workloadChecks } from "../workloads/mod.ts";

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
      return object ? [{ ref, judged: world.judge(workloadChecks.Deployment, object) }] : [];
    }),
    ...makers.flatMap((ref) => podsOf(world, ref.kind, ref.namespace ?? "", ref.name)).map((pod) => ({
      ref: refOf("Pod", pod),
      judged: world.judge(podCheck, pod),
    })),
    ...found ? [{ ref: refOf("Service", found), judged: world.judge(serviceCheck, found) }] : [],
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
