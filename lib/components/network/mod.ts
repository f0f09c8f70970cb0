/** Network policies: which declared connections they cut. A policy that explains a drop comes before any other suspect. */
import {
  type Component,
  type Edge,
  type KindCheck,
  type ListSource,
  type ObjectRef,
  refKey,
  type World,
} from "../../engine/model.ts";
import { listed } from "../../engine/sentence.ts";
import { intOrStr, list, num, obj, str } from "../../engine/decode.ts";
import {
  clusterDns,
  configMaps,
  containerPort,
  deployments,
  isOurs,
  namespaces,
  type Pod,
  pods,
  podsOf,
  podsOfConcern,
  type Service,
  services,
  workloadOf,
} from "../kubernetes/mod.ts";
import { CONNECTION_ERRORS, labels, matchesSelector, metadata, perWorld, refOf } from "../common/mod.ts";
import { blamesOthers, podCheck, selectedPods, servicesOf } from "../workloads/mod.ts";
import { clusters } from "../postgresql/mod.ts";
import { type OperatorFlow, operatorFlows } from "./operator_flows.ts";
import { command } from "../../untrusted/shell.ts";

const expressions = list(obj({ key: str, operator: str, values: list(str) }));
const selector = obj({ matchLabels: labels, matchExpressions: expressions });
const peers = list(
  obj({ podSelector: selector, namespaceSelector: selector, ipBlock: obj({ cidr: str, except: list(str) }) }),
);
const ports = list(obj({ port: intOrStr, endPort: num, protocol: str }));

export const networkPolicies: ListSource<Policy> = {
  id: "networkpolicies",
  kind: "NetworkPolicy",
  path: "/apis/networking.k8s.io/v1/networkpolicies",
  read: obj({
    metadata,
    spec: obj({
      podSelector: selector,
      policyTypes: list(str),
      ingress: list(obj({ from: peers, ports })),
      egress: list(obj({ to: peers, ports })),
    }),
  }),
};

interface Policy {
  metadata?: NonNullable<ReturnType<typeof metadata>>;
  spec?: {
    podSelector?: Selector;
    policyTypes?: string[];
    ingress?: { from?: Peer[]; ports?: Port[] }[];
    egress?: { to?: Peer[]; ports?: Port[] }[];
  };
}
type Selector = NonNullable<ReturnType<typeof selector>>;
type Peer = NonNullable<ReturnType<typeof peers>>[number];
type Port = NonNullable<ReturnType<typeof ports>>[number];

/** A connection that some configuration asks for. */
interface Flow {
  from: Pod;
  to: Pod;
  port: number;
  protocol: "TCP" | "UDP";
  target: ObjectRef;
  /** Set when an operator asks: who is unwell for want of it, instead of the pod that asks. */
  asks?: OperatorFlow;
}

interface Denial {
  policy: ObjectRef;
  flow: Flow;
  direction: "egress" | "ingress";
}

/** Every declared connection that policies cut, one for each pair of workloads. */
const denials = perWorld((world): Denial[] =>
  [...declaredFlows(world), ...askedByOperators(world)].flatMap((flow): Denial[] => {
    for (const direction of ["egress", "ingress"] as const) {
      const policy = deniedBy(world, flow, direction);
      if (policy) return [{ policy, flow, direction }];
    }
    return [];
  })
);

/**
 * What the platform asks for. One pod speaks for its workload: policies select by labels, and the pods of a
 * workload share them.
 */
function declaredFlows(world: World): Flow[] {
  const seen = new Set<string>();
  if (world.list(networkPolicies).length === 0) return [];
  const isolated = new Set(world.list(networkPolicies).map((policy) => policy.metadata?.namespace));
  return podsOfConcern(world).flatMap((pod) => {
    if (pod.spec?.hostNetwork || !isOurs(pod, world)) return [];
    const owner = workloadOf(pod, world)?.name ?? pod.metadata?.name;
    const client = `${pod.metadata?.namespace}/${owner}`;
    if (seen.has(client)) return [];
    seen.add(client);
    const named = servicesOf(pod, world);
    if (named.length === 0) return [];
    const dns = { to: clusterDns(world), port: 53 };
    return [...named, dns].flatMap(({ to, port }) => {
      const pair = `${client} ${to.namespace}/${to.name}:${port}`;
      if (seen.has(pair) || !(isolated.has(pod.metadata?.namespace) || isolated.has(to.namespace))) return [];
      seen.add(pair);
      const service = world.get(services, to.namespace, to.name);
      return service ? flowsTo(world, pod, service, to, port) : [];
    });
  });
}

function askedByOperators(world: World): Flow[] {
  if (world.list(networkPolicies).length === 0) return [];
  return operatorFlows(world).flatMap((asks): Flow[] => {
    const { from, to, sufferer } = asks;
    if ("pod" in to) return [{ from, to: to.pod, port: to.port, protocol: "TCP", target: sufferer, asks }];
    const service = world.get(services, to.service.namespace, to.service.name);
    const flows = service ? flowsTo(world, from, service, to.service, to.port) : [];
    return flows.map((flow) => ({ ...flow, asks }));
  });
}

function flowsTo(world: World, from: Pod, service: Service, target: ObjectRef, asked?: number): Flow[] {
  const to = selectedPods(service, world)[0];
  const all = service.spec?.ports ?? [];
  const port = asked === undefined ? all[0] : all.find((entry) => entry.port === asked);
  if (!to || !port) return [];
  const number = containerPort(port.targetPort ?? port.port, to.spec);
  const protocol = refKey(target) === refKey(clusterDns(world)) ? "UDP" as const : "TCP" as const;
  return number === undefined ? [] : [{ from, to, port: number, protocol, target }];
}

/** The policy to name when the flow is cut: of those that isolate the pod, the most specific. */
function deniedBy(world: World, flow: Flow, direction: "egress" | "ingress"): ObjectRef | undefined {
  const [subject, peer] = direction === "egress" ? [flow.from, flow.to] : [flow.to, flow.from];
  const applying = world.list(networkPolicies).filter((policy) =>
    policy.metadata?.namespace === subject.metadata?.namespace && isolates(policy, direction) &&
    matchesSelector(policy.spec?.podSelector, subject.metadata?.labels)
  );
  if (applying.length === 0) return undefined;
  const allowed = applying.some((policy) =>
    (direction === "egress" ? policy.spec?.egress ?? [] : policy.spec?.ingress ?? []).some((rule) => {
      const peers = "to" in rule ? rule.to : "from" in rule ? rule.from : undefined;
      return allowsPeer(world, peers, peer, subject) && allowsPort(rule.ports, flow);
    })
  );
  if (allowed) return undefined;
  const specific = applying.toSorted((a, b) => weight(b) - weight(a))[0];
  return specific && refOf("NetworkPolicy", specific);
}

function weight(policy: Policy): number {
  const { matchLabels, matchExpressions } = policy.spec?.podSelector ?? {};
  return Object.keys(matchLabels ?? {}).length + (matchExpressions?.length ?? 0);
}

function isolates(policy: Policy, direction: "egress" | "ingress"): boolean {
  const types = policy.spec?.policyTypes ?? ["Ingress", ...(policy.spec?.egress ? ["Egress"] : [])];
  return types.includes(direction === "egress" ? "Egress" : "Ingress");
}

/** No peers at all means everybody, as does every address; a smaller ipBlock is not taken to match a pod. */
function allowsPeer(world: World, peers: Peer[] | undefined, pod: Pod, subject: Pod): boolean {
  if (!peers || peers.length === 0) return true;
  return peers.some((peer) => {
    if (peer.ipBlock) {
      return /^(0\.0\.0\.0|::)\/0$/.test(peer.ipBlock.cidr ?? "") && !peer.ipBlock.except?.length;
    }
    const namespace = pod.metadata?.namespace ?? "";
    const there = world.get(namespaces, undefined, namespace)?.metadata?.labels;
    const inNamespace = peer.namespaceSelector
      ? matchesSelector(peer.namespaceSelector, there)
      : namespace === subject.metadata?.namespace;
    return inNamespace && (!peer.podSelector || matchesSelector(peer.podSelector, pod.metadata?.labels));
  });
}

function allowsPort(ports: Port[] | undefined, flow: Flow): boolean {
  if (!ports || ports.length === 0) return true;
  return ports.some(({ port, endPort, protocol }) => {
    if ((protocol ?? "TCP") !== flow.protocol) return false;
    if (port === undefined) return true;
    const first = containerPort(port, flow.to.spec);
    return first !== undefined && flow.port >= first && flow.port <= (endPort ?? first);
  });
}

/** Whether some pod of the workload fails as one does whose connection is cut. */
function suffers({ flow }: Denial, world: World): boolean {
  if (flow.asks) return flow.asks.suffers;
  return matesOf(flow.from, world).some((pod) => {
    const judged = world.judge(podCheck, pod);
    return judged?.status !== "ok" && CONNECTION_ERRORS.some((error) => error === judged?.reason) &&
      blamesOthers(pod, world);
  });
}

/** The pods of its workload, itself among them. */
function matesOf(pod: Pod, world: World): Pod[] {
  const owner = workloadOf(pod, world);
  return owner ? podsOf(world, owner.kind, pod.metadata?.namespace ?? "", owner.name) : [pod];
}

const policyCheck: KindCheck<Policy> = {
  id: "networkpolicies.flows",
  title: "network policies",
  explain:
    "No policy denies a connection that a pod's configuration asks for: its environment, arguments and ConfigMaps name " +
    "Services, and policies are simulated for the connection there and for DNS; nor the connection of an operator to what it keeps (CloudNativePG to " +
    "its instances, External Secrets to its stores). Critical when some workload fails as it would without it, else a warning.",
  source: networkPolicies,
  also: [pods, services, namespaces],
  okNeeds: [deployments, configMaps, clusters],
  component: () => "network",
  ref: (policy) => refOf("NetworkPolicy", policy),
  judge(policy, world) {
    const mine = denials(world).filter(({ policy: ref }) =>
      ref.namespace === policy.metadata?.namespace && ref.name === policy.metadata?.name
    );
    const hurting = mine.find((denial) => suffers(denial, world));
    const worst = hurting ?? mine[0];
    if (!worst) return undefined;
    const { flow, direction } = worst;
    const named = [...new Set(mine.map((denial) => textOf(denial, world)))];
    return {
      status: hurting ? "critical" : "warning",
      reason: "NetworkPolicyDenies",
      message: `denies ${named.length > 1 ? "the connections" : "the connection"} ${listed(named)}`,
      observed: `no ${direction} rule allows ${flow.protocol} ${flow.port}`,
      expected: "a rule for every connection that is configured",
      evidence: "simulated from spec.podSelector, egress and ingress",
      next: [
        command`kubectl -n ${policy.metadata?.namespace} describe networkpolicy ${policy.metadata?.name}`,
      ],
    };
  },
};

function textOf({ flow, direction }: Denial, world: World): string {
  const from = workloadOf(flow.from, world)?.name ?? flow.from.metadata?.name;
  return `${from} → ${flow.target.namespace}/${flow.target.name} (${flow.protocol} ${flow.port}, ${direction})`;
}

/** The pods of a workload whose connection is cut need the policy to let them through. */
function policyEdges(world: World): Edge[] {
  return denials(world).flatMap(({ policy, flow }): Edge[] => {
    const common = { to: policy, because: ["NetworkPolicyDenies"], inferred: true };
    if (flow.asks) {
      const { sufferer, reasons } = flow.asks;
      return [{ ...common, from: sufferer, via: "connection of its operator", explains: reasons }];
    }
    return matesOf(flow.from, world).map((pod) => ({
      ...common,
      from: refOf("Pod", pod),
      via: `connection to ${flow.target.name}`,
      explains: blamesOthers(pod, world) ? CONNECTION_ERRORS : [],
    }));
  });
}

export const network: Component = {
  name: "network",
  title: "Network policies",
  dependsOn: ["kubernetes"],
  sources: [networkPolicies],
  namespaces: () => [],
  kinds: [policyCheck],
  checks: [],
  edges: policyEdges,
};
