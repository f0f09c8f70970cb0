/** From a port of a Service to a Ready pod behind it: where the checkpoints connect to. Pure. */
import type { Destination } from "../clients/kubernetes/service_connection.ts";
import { isReady } from "../components/common/mod.ts";
import {
  containerPort,
  endpointsOf,
  type HttpPort,
  type Pod,
  podsOf,
  services,
} from "../components/kubernetes/mod.ts";
import { selectedPods } from "../components/workloads/mod.ts";
import { UsageError } from "../engine/errors.ts";
import { type Failure, type ObjectRef, refText, type World } from "../engine/model.ts";

/** The Ready pods behind a Service that are there to stay. */
export function readyPods(world: World, { namespace, name }: ObjectRef): Pod[] {
  const service = world.get(services, namespace, name);
  return service ? selectedPods(service, world).filter(staysReady) : [];
}

function staysReady(pod: Pod): boolean {
  return isReady(pod) && pod.metadata?.deletionTimestamp === undefined;
}

/** The Ready pods of a workload that are there to stay. */
export function readyPodsOf(world: World, { kind, namespace = "", name }: ObjectRef): Pod[] {
  return podsOf(world, kind, namespace, name).filter(staysReady);
}

/**
 * This port, with a Ready pod that has it; or why there is none. A Service without a selector may lead out of the cluster:
 * then there is no pod to look for.
 */
export function readyPod(
  world: World,
  { service, port, secure }: HttpPort,
): Destination | { failure: Failure } {
  const { namespace = "", name } = service;
  const found = world.get(services, namespace, name);
  const target = found?.spec?.ports?.find((one) => one.port === port)?.targetPort;
  const place = { namespace, service: name, scheme: secure ? "https" : "http", port } as const;
  for (const pod of readyPods(world, service)) {
    const inPod = containerPort(target ?? port, pod.spec);
    if (inPod === undefined) continue;
    return { ...place, pod: { name: pod.metadata?.name ?? "", port: inPod } };
  }
  const isElsewhere = found && selectedPods(found, world).length === 0 &&
    endpointsOf(world, namespace, name).ready > 0;
  return isElsewhere ? place : lost(`no pod behind ${refText(service)} is Ready`);
}

/** Of the certificates that `--ca` gave. UsageError when there is no TLS to trust them for. */
export function trusting(
  { scheme, namespace, service, port }: Destination,
  ca: string | undefined,
): { ca?: string } {
  if (ca === undefined) return {};
  if (scheme === "https") return { ca };
  throw new UsageError(
    `--ca is for TLS, and port ${port} of Service ${namespace}/${service} speaks plain HTTP. Leave --ca out.`,
  );
}

/** Nothing was found to connect to. */
export function lost(message: string): { failure: Failure } {
  return { failure: { kind: "unreachable", message } };
}

/** What was looked for could not be looked for. Not "not-installed", which would make of it something that does not matter. */
export function notLooked(what: string, { kind, message }: Failure, give: string): { failure: Failure } {
  return {
    failure: {
      kind: kind === "not-installed" ? "unreachable" : kind,
      message: `${what} could not be looked for: ${message}. ${give}`,
    },
  };
}
