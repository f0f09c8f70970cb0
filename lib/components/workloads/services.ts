/** Judges Services by who answers behind them. */
import { contains, looksLike } from "../../untrusted/edit_distance.ts";
import { own } from "../../untrusted/lookup.ts";
import { count, listed } from "../../engine/sentence.ts";
import { type Edge, IN_PROGRESS, type Judgement, type KindCheck, type World } from "../../engine/model.ts";
import {
  isReady,
  labelIndex,
  perWorld,
  POD_ERRORS,
  refOf,
  selectorText,
  SERVICE_ERRORS,
  unreadAmong,
  WORKLOAD_ERRORS,
} from "../common/mod.ts";
import {
  containerPort,
  deployments,
  endpointSlices,
  endpointsOf,
  givenEndpoints,
  isAsleep,
  isOurs,
  ownerOf,
  placeOf,
  type Pod,
  pods,
  podsGiven,
  podsIn,
  type Service,
  services,
  statefulSets,
  type Workload,
} from "../kubernetes/mod.ts";
import { clusters, isChangingPrimary } from "../postgresql/mod.ts";
import { servicesAsked } from "./explain/addresses.ts";
import { command } from "../../untrusted/shell.ts";

export const serviceCheck: KindCheck<Service> = {
  id: "services.endpoints",
  title: "services with endpoints",
  explain:
    "A Service with a selector needs at least one ready endpoint, and each of its named target ports a pod that has it. " +
    "A Service whose selector matches no pod, or whose named target port no pod has, is at fault itself; a Service for " +
    "read replicas of a single-instance database is not. A Service without a selector needs a ready pod where its addresses " +
    "are those of pods, or asked for by a workload of the cluster.",
  source: services,
  also: [endpointSlices, pods, clusters],
  component: placeOf,
  ref: (service) => refOf("Service", service),
  judge: judgeService,
};

/** undefined: somebody is ready behind it, or nobody needs to be. */
function judgeService(service: Service, world: World): Judgement | undefined {
  const namespace = service.metadata?.namespace ?? "";
  const name = service.metadata?.name ?? "";
  if (service.spec?.type === "ExternalName") return undefined;
  if (!hasSelector(service)) return judgeGiven(service, world);
  const { ready, all } = endpointsOf(world, namespace, name);
  const selected = selectedPods(service, world);
  const lost = missingPort(service, selected);
  if (ready > 0 && !lost) return portText(service, selected, world);
  if (selected.length === 0 && (isReplicaService(service) || allAsleep(service, world))) return undefined;
  if (ownerChanges(service, world)) {
    const message = "has no ready endpoints while its database changes its primary";
    return { status: "ok", reason: IN_PROGRESS, message };
  }
  const unneeded = selected.length === 0 && isUnneeded(service, world);
  return {
    status: unneeded ? "warning" : "critical",
    reason: "NoEndpoints",
    message: lost ??
      `has no ready endpoints because ${whyNone(service, selected, world)}${
        unneeded ? ", and nothing here asks for it" : ""
      }`,
    observed: `${ready} of ${all} endpoints ready`,
    expected: "at least 1",
    evidence: "EndpointSlice endpoints[].conditions.ready",
    next: [command`kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}`],
  };
}

/**
 * Endpoints that somebody wrote are ready whoever is there: the pods that have their addresses tell, and the workloads
 * whose pods ask for them.
 */
function judgeGiven(service: Service, world: World): Judgement | undefined {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const why = whyNobody(service, world);
  if (why === undefined) return unlessOutside(service, world);
  return {
    status: "critical",
    reason: "NoEndpoints",
    message: `is answered by nobody because ${why}`,
    observed: "0 pods ready at its addresses",
    expected: "at least 1",
    evidence: "EndpointSlice endpoints[].addresses and the pods' status.podIP",
    next: [command`kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}`],
  };
}

/** Where no pod has an address, a workload may ask for it, or it may be outside the cluster: only workloads tell. */
function unlessOutside(service: Service, world: World): Judgement | undefined {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const isPod = givenEndpoints(world, namespace, name).length === 0 ||
    selectedPods(service, world).length > 0;
  return isPod ? undefined : unreadAmong([deployments, statefulSets], world);
}

/** Undefined: somebody answers, or may do so from outside the cluster. */
function whyNobody(service: Service, world: World): string | undefined {
  const given = givenEndpoints(world, service.metadata?.namespace ?? "", service.metadata?.name ?? "");
  const behind = selectedPods(service, world);
  if (behind.some(isReady)) return undefined;
  const makers = makersByAddress(world);
  const had = new Set(behind.map(({ status }) => status?.podIP));
  if (!given.every(({ address }) => had.has(address) || makers.has(address))) return undefined;
  const [first, ...others] = behind;
  if (first && others.length > 0) return `none of the ${behind.length} pods that have its addresses is ready`;
  if (first) return `Pod ${first.metadata?.name}, which has its address, is not ready`;
  const maker = makersOf(service, world)[0];
  return maker && `no pod has its address, which ${maker.kind} ${maker.object.metadata?.name} asks for`;
}

function whyNone(service: Service, selected: Pod[], world: World): string {
  const ready = selected.filter(isReady).length;
  if (ready > 0) return `its EndpointSlice lacks the ${count(ready, "ready pod")} behind it`;
  if (selected.length === 1) return `Pod ${selected[0]?.metadata?.name} behind it is not ready`;
  if (selected.length > 0) return `none of the ${selected.length} pods behind it is ready`;
  const asleep = makersOf(service, world).find(({ object }) => object.spec?.replicas === 0);
  return asleep
    ? `${asleep.kind} ${asleep.object.metadata?.name}, which makes its pods, is scaled to zero`
    : `its selector ${selectorText(service.spec?.selector ?? {})} matches no pod`;
}

/**
 * Whether nobody misses it: no configuration names it, no workload is like it, and nobody outside the cluster gets in by it.
 * What an Ingress leads to is not known, so that such a Service is still told.
 */
function isUnneeded(service: Service, world: World): boolean {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const type = service.spec?.type ?? "ClusterIP";
  if (type !== "ClusterIP" || makersOf(service, world).length > 0) return false;
  // What an operator made, or a part of the lakehouse has, is there for somebody.
  if (ownerOf(service) || placeOf(service, world) !== "workloads") return false;
  return !servicesAsked(world).has(`${namespace}/${name}`) && !hasLikeness(service, world);
}

/** A workload or a pod of its name, or one that bears a part of what it selects: that one was meant. */
function hasLikeness(service: Service, world: World): boolean {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const wanted = Object.entries(service.spec?.selector ?? {});
  const alike = (labels: Record<string, string> | undefined) =>
    wanted.some(([key, value]) => {
      const has = own(labels, key);
      return has !== undefined && (has === value || has === name || looksLike(has, value));
    });
  if (podsIn(world, namespace).some(({ metadata }) => alike(metadata?.labels))) return true;
  return (workloadsIn(world).get(namespace) ?? []).some(({ object }) => {
    const other = object.metadata?.name ?? "";
    return looksLike(other, name) || contains(other, name) || contains(name, other) ||
      alike(object.spec?.template?.metadata?.labels);
  });
}

/** CloudNativePG makes a -ro Service also where there is no replica: one instance, or none joined yet. */
function isReplicaService(service: Service): boolean {
  return ownerOf(service)?.kind === "Cluster" && (service.metadata?.name ?? "").endsWith("-ro");
}

/** The workers behind it are scaled to zero, which is no fault. */
function allAsleep(service: Service, world: World): boolean {
  const makers = makersOf(service, world);
  return makers.length > 0 && makers.every(({ object }) => isAsleep(object, world));
}

/** The Services of a database follow its new primary within seconds. */
function ownerChanges(service: Service, world: World): boolean {
  const owner = ownerOf(service);
  const cluster = owner?.kind === "Cluster"
    ? world.get(clusters, service.metadata?.namespace, owner.name)
    : undefined;
  return cluster !== undefined && isChangingPrimary(cluster, world);
}

const podsByLabel = perWorld((world) =>
  labelIndex(
    (namespace) => podsIn(world, namespace).filter((pod) => pod.status?.phase !== "Succeeded"),
    (pod) => pod.metadata?.labels,
  )
);

function hasSelector(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0;
}

/** The pods a Service selects, but those that are done; of one without a selector, those whose addresses it was given. */
export function selectedPods(service: Service, world: World): Pod[] {
  const { namespace = "", name = "" } = service.metadata ?? {};
  if (hasSelector(service)) return podsByLabel(world).select(namespace, service.spec?.selector);
  return podsGiven(world, namespace, name).map(({ pod }) => pod);
}

/** A named target port that ready pods do not have leads nowhere, though the pods stand in the EndpointSlice. */
function missingPort(service: Service, selected: Pod[]): string | undefined {
  const named = (service.spec?.ports ?? []).filter(({ targetPort }) => typeof targetPort === "string");
  const ready = named.length > 0 ? selected.filter(isReady) : [];
  if (ready.length === 0) return undefined;
  const names = new Set(
    ready.flatMap((pod) => [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []])
      .flatMap((container) => container.ports ?? []).map((port) => port.name),
  );
  const port = named.find(({ targetPort }) => !names.has(String(targetPort)));
  return port &&
    `cannot serve port ${port.port} because no pod behind it has a port named ${port.targetPort}`;
}

/** A port of a Service that ready pods do not serve: its number or its protocol is another one than theirs. */
function portText(service: Service, selected: Pod[], world: World): Judgement | undefined {
  const wrong = wrongPort(service, selected, world);
  if (!wrong) return undefined;
  const { namespace = "", name = "" } = service.metadata ?? {};
  const alone = (service.spec?.ports ?? []).length === 1;
  return {
    status: wrong.sure && (alone || servicesAsked(world).has(`${namespace}/${name}`))
      ? "critical"
      : "warning",
    reason: "NoPort",
    message: wrong.message,
    expected: "ports that the pods behind it declare",
    evidence: "spec.ports and the containers' ports",
    next: [command`kubectl -n ${namespace} describe service ${name}`],
  };
}

interface WrongPort {
  message: string;
  /** Something besides the declared ports speaks against it. */
  sure: boolean;
}

/**
 * Containers need not declare their ports, so that a target port that none declares is only told where something else speaks
 * against it: the Service's own port is declared, a Service beside it leads the same port to one that is, or none of the
 * declared ports is led to at all.
 */
function wrongPort(service: Service, selected: Pod[], world: World): WrongPort | undefined {
  const ready = selected.filter(isReady);
  const declared = ready.map((pod) => portsOf(pod));
  if (ready.length === 0 || declared.some((ports) => ports.length === 0)) return undefined;
  const numbers = new Set(declared.flat().flatMap((one) => one.containerPort ?? []));
  for (const { port, targetPort, protocol = "TCP" } of service.spec?.ports ?? []) {
    // The API server puts in what was left out.
    if (targetPort === undefined) continue;
    const at = ready.map((pod) => containerPort(targetPort, pod.spec));
    const sameNumber = declared.map((ports, index) => ports.filter((one) => one.containerPort === at[index]));
    if (sameNumber.every((ports) => ports.length > 0)) {
      if (sameNumber.some((ports) => ports.some((one) => (one.protocol ?? "TCP") === protocol))) continue;
      const other = sameNumber[0]?.[0]?.protocol ?? "TCP";
      const message =
        `offers port ${port} over the protocol ${protocol}, and the pods behind it declare it over ${other}`;
      return { message, sure: true };
    }
    if (typeof targetPort !== "number" || sameNumber.some((ports) => ports.length > 0)) continue;
    if (ready.some((pod) => isProbed(pod, targetPort))) continue;
    const beside = (besides(world).get(besideKey(service)) ?? []).filter((one) => one !== service);
    const sure = port !== undefined && numbers.has(port) ||
      beside.some((one) =>
        one.spec?.ports?.some((other) =>
          other.port === port && typeof other.targetPort === "number" && numbers.has(other.targetPort)
        )
      );
    const isLed = [service, ...beside].some((one) =>
      [...numbers].some((number) => servesTarget(one, number))
    );
    if (!sure && isLed) continue;
    const message =
      `leads its port ${port} to targetPort ${targetPort}, which no container behind it declares: they declare ${
        listed([...numbers].map(String))
      }`;
    return { message, sure };
  }
  return undefined;
}

/** Services with the same selector lead to the same pods. */
const besides = perWorld((world) => Map.groupBy(world.list(services), besideKey));

function besideKey({ metadata, spec }: Service): string {
  return `${metadata?.namespace} ${selectorText(spec?.selector ?? {})}`;
}

function servesTarget(service: Service, number: number): boolean {
  return (service.spec?.ports ?? []).some(({ port, targetPort = port }) => targetPort === number);
}

function portsOf(pod: Pod) {
  return (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
}

/** What a probe asks and gets is there, whatever is declared. */
function isProbed(pod: Pod, port: number): boolean {
  return (pod.spec?.containers ?? []).some((container) =>
    [container.readinessProbe, container.livenessProbe, container.startupProbe].some((probe) =>
      containerPort((probe?.httpGet ?? probe?.grpc ?? probe?.tcpSocket)?.port, {
        containers: [container],
      }) === port
    )
  );
}

const TEMPLATED = [["Deployment", deployments], ["StatefulSet", statefulSets]] as const;

const workloadsIn = perWorld((world) =>
  Map.groupBy(
    TEMPLATED.flatMap(([kind, source]) => world.list(source).map((object) => ({ kind, object }))),
    ({ object }) => object.metadata?.namespace ?? "",
  )
);

const makersByLabel = perWorld((world) => {
  const byNamespace = workloadsIn(world);
  return labelIndex(
    (namespace) => byNamespace.get(namespace) ?? [],
    ({ object }) => object.spec?.template?.metadata?.labels,
  );
});

interface WorkloadMaker {
  kind: string;
  object: Workload;
}

const makersByAddress = perWorld((world) =>
  new Map(
    TEMPLATED.flatMap(([kind, source]) =>
      world.list(source).flatMap((object) =>
        (object.spec?.template?.metadata?.addresses ?? []).map((address): [string, WorkloadMaker] => [
          address,
          { kind, object },
        ])
      )
    ),
  )
);

/** The workloads whose pods a Service would select; of one without a selector, those that ask for its addresses. */
function makersOf(service: Service, world: World): WorkloadMaker[] {
  const { namespace = "", name = "" } = service.metadata ?? {};
  if (!hasSelector(service)) {
    return givenEndpoints(world, namespace, name).flatMap(({ address }) =>
      makersByAddress(world).get(address) ?? []
    );
  }
  return makersByLabel(world).select(service.metadata?.namespace ?? "", service.spec?.selector);
}

/** A Service needs the pods it selects, and the workload that would make them. */
export function serviceEdges(world: World): Edge[] {
  return world.list(services).flatMap((service) => {
    const from = refOf("Service", service);
    const selected = selectedPods(service, world);
    const answers = hasSelector(service)
      ? endpointsOf(world, from.namespace ?? "", from.name).ready > 0 && !missingPort(service, selected)
      : whyNobody(service, world) === undefined;
    // What a Service of somebody else needs to answer is not our concern while it does.
    if (answers && !isOurs(service, world)) return [];
    // Ready pods are nobody's cause.
    const edges: Edge[] = selected.filter((pod) => !isReady(pod)).map((pod) => ({
      from,
      to: refOf("Pod", pod),
      via: "selector",
      explains: SERVICE_ERRORS,
      because: POD_ERRORS,
    }));
    for (const { kind, object } of makersOf(service, world)) {
      edges.push({
        from,
        to: refOf(kind, object),
        via: "selector",
        explains: SERVICE_ERRORS,
        because: MAKER_ERRORS,
      });
    }
    if (!answers && hasSelector(service) && selected.some(isReady) && !missingPort(service, selected)) {
      edges.push({ from, to: CONTROLLER, via: "controller", explains: ["NoEndpoints"], optional: true });
    }
    return edges;
  });
}

const MAKER_ERRORS = [...WORKLOAD_ERRORS, "FailedCreate", "ScaledToZero", "NotObserved"];
const CONTROLLER = { kind: "Lease", namespace: "kube-system", name: "kube-controller-manager" };
