/** Judges Services by who answers behind them. */
import type { Edge, Judgement, KindCheck, World } from "../model.ts";
import { perWorld } from "./per_world.ts";
import { conditionOf, matches, refOf } from "./fields.ts";
import { deployments, endpointSlices, type Pod, type Service, services, statefulSets } from "./kinds.ts";
import { ownerOf, placeOf, podsIn } from "./membership.ts";
import { POD_ERRORS, SERVICE_ERRORS, WORKLOAD_ERRORS } from "./reasons.ts";

const readyByService = perWorld((world) => {
  const counts = new Map<string, { ready: number; all: number }>();
  for (const slice of world.list(endpointSlices)) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    if (!name) continue;
    const key = `${slice.metadata?.namespace ?? ""}/${name}`;
    const count = counts.get(key) ?? { ready: 0, all: 0 };
    for (const endpoint of slice.endpoints ?? []) {
      count.all++;
      // Absent means ready, as the EndpointSlice API says.
      if (endpoint.conditions?.ready !== false) count.ready++;
    }
    counts.set(key, count);
  }
  return counts;
});

/** How many endpoints of a Service are ready, of how many. */
export function endpointsOf(world: World, namespace: string, name: string): { ready: number; all: number } {
  return readyByService(world).get(`${namespace}/${name}`) ?? { ready: 0, all: 0 };
}

export const serviceCheck: KindCheck<Service> = {
  id: "services.endpoints",
  title: "services with endpoints",
  explain:
    "A Service with a selector needs at least one ready endpoint. A Service whose selector matches no pod, or " +
    "whose named target port no pod has, is at fault itself; a Service for read replicas of a single-instance database is not.",
  source: services,
  also: [endpointSlices],
  component: placeOf,
  ref: (service) => refOf("Service", service),
  judge: judgeService,
};

function judgeService(service: Service, world: World): Judgement | undefined {
  const selector = service.spec?.selector;
  const namespace = service.metadata?.namespace ?? "";
  const name = service.metadata?.name ?? "";
  if (!selector || Object.keys(selector).length === 0 || service.spec?.type === "ExternalName") {
    return undefined;
  }
  const { ready, all } = endpointsOf(world, namespace, name);
  if (ready > 0) return undefined;
  const selected = selectedPods(service, world);
  if (selected.length === 0 && isReplicaService(service)) return undefined;
  const why = selected.length === 0
    ? `its selector ${selectorText(selector)} matches no pod`
    : missingPort(service, selected) ?? `none of the ${selected.length} pods behind it is ready`;
  return {
    status: "critical",
    reason: "NoEndpoints",
    message: `has no ready endpoints: ${why}`,
    observed: `${ready} of ${all} endpoints ready`,
    expected: "at least 1",
    evidence: "EndpointSlice endpoints[].conditions.ready",
    next: [`kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}`],
  };
}

/** CloudNativePG makes a -ro Service also where there is no replica: one instance, or none joined yet. */
function isReplicaService(service: Service): boolean {
  return ownerOf(service)?.kind === "Cluster" && (service.metadata?.name ?? "").endsWith("-ro");
}

function selectorText(selector: Record<string, string>): string {
  return Object.entries(selector).map(([key, value]) => `${key}=${value}`).join(",");
}

/** The pods a Service selects, but those that are done. */
export function selectedPods(service: Service, world: World): Pod[] {
  return podsIn(world, service.metadata?.namespace ?? "").filter((pod) =>
    matches(service.spec?.selector, pod.metadata?.labels) && pod.status?.phase !== "Succeeded"
  );
}

/** A named target port that ready pods do not have leaves the endpoints empty. */
function missingPort(service: Service, selected: Pod[]): string | undefined {
  const ready = selected.filter((pod) => conditionOf(pod, "Ready")?.status === "True");
  if (ready.length === 0) return undefined;
  const names = new Set(
    ready.flatMap((pod) => pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []).map((p) => p.name),
  );
  const port = (service.spec?.ports ?? []).find(({ targetPort }) =>
    typeof targetPort === "string" && !names.has(targetPort)
  );
  return port ? `no pod behind it has a port named ${port.targetPort}` : undefined;
}

/** A Service needs the pods it selects, and the workload that would make them. */
export function serviceEdges(world: World): Edge[] {
  return world.list(services).flatMap((service) => {
    const selector = service.spec?.selector;
    if (!selector || Object.keys(selector).length === 0) return [];
    const from = refOf("Service", service);
    const pods: Edge[] = selectedPods(service, world).map((pod) => ({
      from,
      to: refOf("Pod", pod),
      via: "selector",
      explains: SERVICE_ERRORS,
      because: POD_ERRORS,
    }));
    const makers = ([["Deployment", deployments], ["StatefulSet", statefulSets]] as const).flatMap((
      [kind, source],
    ) =>
      world.list(source)
        .filter((made) =>
          made.metadata?.namespace === from.namespace &&
          matches(selector, made.spec?.template?.metadata?.labels)
        )
        .map((made): Edge => ({
          from,
          to: refOf(kind, made),
          via: "selector",
          explains: SERVICE_ERRORS,
          because: [...WORKLOAD_ERRORS, "FailedCreate", "ScaledToZero", "NotObserved"],
        }))
    );
    return [...pods, ...makers];
  });
}
