/** What the facts say of where the catalog is. Pure. */
import type { Destination } from "../../../clients/kubernetes/service_connection.ts";
import { isReady } from "../../../components/common/mod.ts";
import { containerPort, type Pod, services } from "../../../components/kubernetes/mod.ts";
import { selectedPods } from "../../../components/workloads/mod.ts";
import type { Failure, World } from "../../../engine/model.ts";

export const API_PORT = 19120;
export const MANAGEMENT_PORT = 9000;
const SERVICE = "nessie";

/** The Ready pods behind Service nessie. */
export function readyPods(world: World): Pod[] {
  const service = world.get(services, world.namespace, SERVICE);
  if (!service) return [];
  return selectedPods(service, world).filter((pod) =>
    isReady(pod) && pod.metadata?.deletionTimestamp === undefined
  );
}

/** A port of Service nessie with a Ready pod behind it; or why there is none to be had. */
export function destinationOf(world: World, port: number): Destination | { failure: Failure } {
  const at = `Service ${world.namespace}/${SERVICE}`;
  const give = "Next: give the address of the catalog with --url, or its namespace with --namespace";
  const failure = world.failure(services);
  if (failure) {
    // Not "not-installed", which would make of this something that does not matter.
    const kind = failure.kind === "not-installed" ? "unreachable" : failure.kind;
    return { failure: { kind, message: `the catalog could not be looked for: ${failure.message}. ${give}` } };
  }
  const lost = (message: string) => ({ failure: { kind: "unreachable" as const, message } });
  const service = world.get(services, world.namespace, SERVICE);
  if (!service) return lost(`${at} does not exist. ${give}`);
  const found = service.spec?.ports?.find((entry) => entry.port === port);
  if (!found) return lost(`${at} has no port ${port}`);
  for (const pod of readyPods(world)) {
    const inPod = containerPort(found.targetPort ?? port, pod.spec);
    if (inPod === undefined) continue;
    const place = { namespace: world.namespace, service: SERVICE, scheme: "http", port } as const;
    return { ...place, pod: { name: pod.metadata?.name ?? "", port: inPod } };
  }
  return lost(`no pod behind ${at} is Ready`);
}
