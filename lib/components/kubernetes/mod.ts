/** Kubernetes itself: the API server, the controllers that act on what is asked of it, DNS, namespaces. */
import { count, listed } from "../../engine/sentence.ts";
import {
  type Check,
  type Component,
  type Edge,
  isAbsent,
  type KindCheck,
  type ListSource,
  type Maker,
  type ObjectRef,
  type ProbeSource,
  refKey,
  refText,
  type WordTable,
  type World,
} from "../../engine/model.ts";
import { str, via } from "../../engine/decode.ts";
import { clusterDns } from "./cluster_dns.ts";
import {
  ageSeconds,
  ageText,
  type Metadata,
  notUnderstood,
  type PodSpec,
  refOf,
  selectorText,
} from "../common/mod.ts";
import { mutings } from "./declared.ts";
import {
  configMaps,
  deployments,
  endpointSlices,
  leases,
  type Namespace,
  namespaces,
  pods,
  services,
} from "./kinds.ts";
import { wantsOf } from "./pod_spec.ts";
import { isDnsServer, usualParts } from "../../platform/mod.ts";
import { endpointsOf } from "./endpoints.ts";
import { podsIn } from "./membership.ts";
import { platformNamespaces } from "./roles.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

export { clusterDns, dnsEdge } from "./cluster_dns.ts";
export { endpointsOf, givenEndpoints, podsGiven } from "./endpoints.ts";
export * from "./kinds.ts";
export { isOurs, ownerOf, placeOf, podsIn, podsOf, podsOfConcern, workloadOf } from "./membership.ts";
export { configuredHosts, hostsNamed, isOutside, type NamedHost, servicesNamed } from "./named_hosts.ts";
export { agentEdges, nodeEdges } from "./node_edges.ts";
export { declaration, type Declared, declared, declaredHome, declaredRole, threshold } from "./declared.ts";
export {
  namespacesOf,
  OPERATOR_DOWN,
  type OperatorCheck,
  operatorCheck,
  silentWithout,
} from "./operators.ts";
export {
  allFillers,
  bearers,
  DECLARED,
  deploymentsOf,
  type Filler,
  filling,
  fillingElsewhere,
  isAsleep,
  isSaidByComponent,
  otherCatalogs,
  platformNamespaces,
} from "./roles.ts";
export { containerPort, wantsOf } from "./pod_spec.ts";
export { placementOf } from "./placement/cause.ts";
export { placementText } from "./placement/words.ts";
export { type HttpPort, portOf, type PortSigns, proxyPath } from "./proxy.ts";
export { bucketOfHost, serviceOfHost } from "./service_names.ts";

/** The API server's own account of its parts; `[-]name failed` lines name those that are down. */
export const readyz: ProbeSource<string[]> = {
  id: "apiserver.readyz",
  after: [],
  targets: () => ({ readyz: "/readyz?verbose" }),
  read: via(
    str,
    (body) => body.split("\n").filter((line) => line.startsWith("[-]")).map((line) => line.slice(3)),
  ),
};

const apiServerCheck: Check = {
  id: "kubernetes.apiserver-ready",
  title: "API server",
  explain: "The API server answers /readyz and says that each of its parts, etcd among them, is ready.",
  needs: [readyz],
  object: () => ({ kind: "APIServer", name: "kubernetes" }),
  run(world) {
    const answer = world.answers(readyz).readyz;
    const failed = answer?.body ?? [];
    const base = {
      observed: `HTTP ${answer?.status}`,
      expected: "HTTP 200",
      evidence: "GET /readyz?verbose",
    };
    if (answer?.status === 200 && failed.length === 0) {
      return [{
        ...base,
        status: "ok",
        reason: "Ready",
        message: "The API server and all its parts are ready",
      }];
    }
    const message = failed.length > 0
      ? `The API server is not ready: ${failed.join("; ")}`
      : `The API server is not ready and answers HTTP ${answer?.status}`;
    return [{
      ...base,
      status: "critical",
      reason: "NotReady",
      message,
      next: [command`kubectl get --raw '/readyz?verbose'`],
    }];
  },
};

/** Leases of the control plane, and what stands still when they are not renewed. */
const CONTROL_PLANE: Record<string, string> = {
  "kube-scheduler": "no new pod is placed on a node",
  "kube-controller-manager": "no Deployment, Job or Service is acted on",
};

const leaseCheck: KindCheck<NonNullable<ReturnType<typeof leases.read>>> = {
  id: "kubernetes.leases",
  title: "control plane leases",
  explain:
    "The scheduler and the controller manager renew their leases. One that was not renewed for four times its " +
    "duration has no living holder. Distributions that run without leader election have no such lease.",
  source: leases,
  component: () => "kubernetes",
  ref: (lease) => refOf("Lease", lease),
  judge(lease, world) {
    const name = lease.metadata?.name ?? "";
    const stands = own(CONTROL_PLANE, name);
    const age = ageSeconds(world.now, lease.spec?.renewTime);
    const limit = 4 * (lease.spec?.leaseDurationSeconds ?? 15);
    if (!stands || age === undefined || age <= limit) return undefined;
    return {
      status: "critical",
      reason: "NotRenewed",
      message: `has not been renewed for ${ageText(age)}, so ${name} does not run and ${stands}`,
      observed: `renewed ${ageText(age)} ago${
        lease.spec?.holderIdentity ? ` by ${lease.spec.holderIdentity}` : ", held by nobody"
      }`,
      expected: `renewed within ${limit} s`,
      evidence: "spec.renewTime",
      next: [command`start ${name} on the control plane node (systemctl status ${name}, or its static pod)`],
    };
  },
};

const NAMESPACE_TYPES =
  "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/api/core/v1/types.go";
const NAMESPACE_DELETION_SECONDS = 120;

const namespaceWords: readonly WordTable[] = [
  {
    field: "status.phase",
    source: NAMESPACE_TYPES,
    words: [
      ["Active", "ok"],
      ["Terminating", `ok for up to ${NAMESPACE_DELETION_SECONDS} s, then critical, \`TerminatingStuck\``],
    ],
  },
  {
    field: "status.conditions",
    source: NAMESPACE_TYPES,
    words: [
      "NamespaceDeletionDiscoveryFailure",
      "NamespaceDeletionGroupVersionParsingFailure",
      "NamespaceDeletionContentFailure",
      "NamespaceContentRemaining",
      "NamespaceFinalizersRemaining",
    ].map((type) => [`${type}=True`, "no more than the phase says: why it is stuck"] as const),
  },
];

const namespaceCheck: KindCheck<Namespace> = {
  id: "kubernetes.namespaces",
  title: "namespaces",
  explain:
    "A namespace that is being deleted for more than two minutes is stuck: its conditions say what holds it.",
  source: namespaces,
  words: namespaceWords,
  component: () => "kubernetes",
  ref: (namespace) => refOf("Namespace", namespace),
  judge(namespace, world) {
    const age = ageSeconds(world.now, namespace.metadata?.deletionTimestamp);
    const phase = namespace.status?.phase ?? "Active";
    if (phase !== "Active" && phase !== "Terminating") {
      return notUnderstood(`is in phase ${phase}`, {
        observed: `phase ${phase}`,
        expected: "phase Active",
        evidence: "status.phase",
        next: [command`kubectl describe namespace ${namespace.metadata?.name}`],
      });
    }
    if (age === undefined || age < NAMESPACE_DELETION_SECONDS) return undefined;
    const held = (namespace.status?.conditions ?? []).filter(({ status, type }) =>
      status === "True" && type !== "NamespaceDeletionContentFailure"
    );
    const why = held.map(({ message, type }) => message ?? type).join("; ");
    return {
      status: "critical",
      reason: "TerminatingStuck",
      message: `has been terminating for ${ageText(age)}: ${why || "Kubernetes gives no reason"}`,
      observed: `Terminating for ${ageText(age)}`,
      expected: "Active, or gone",
      evidence: "status.conditions",
      next: [command`kubectl get namespace ${namespace.metadata?.name} -o jsonpath='{.status.conditions}'`],
    };
  },
};

/** A namespace that was asked for, and is not there, would be found fault with in everything that it lacks. */
const platformNamespaceCheck: Check = {
  id: "kubernetes.platform-namespace",
  title: "the platform's namespace",
  explain:
    "The namespace that was asked for, or where the platform's parts were found, exists. Where it does not, the namespaces " +
    "that have parts of a lakehouse are named.",
  needs: [namespaces],
  object: ({ namespace }) => ({ kind: "Namespace", name: namespace }),
  run(world) {
    const { namespace } = world;
    if (world.get(namespaces, undefined, namespace)) {
      return [{ status: "ok", reason: "Exists", message: `Namespace ${namespace} exists` }];
    }
    const others = [...platformNamespaces(world)].filter((name) => name !== namespace);
    const base = { observed: "absent", expected: "present", evidence: "GET /api/v1/namespaces" };
    if (others.length === 0) {
      const message =
        `Namespace ${namespace} does not exist here, and no part of a lakehouse was found in any other`;
      const next = [command`kubectl get deployments,statefulsets -A`];
      return [{ ...base, status: "unknown", reason: "NotFound", message, next }];
    }
    const message = `Namespace ${namespace} does not exist here; parts of a lakehouse are in ${
      listed(others)
    }`;
    const next = [command`deno task data-platform:health --namespace ${others[0]}`];
    return [{ ...base, status: "critical", reason: "Missing", message, next }];
  },
};

const dnsCheck: Check = {
  id: "kubernetes.dns",
  title: "cluster DNS",
  explain:
    "The Service of cluster DNS (kube-system/kube-dns, or the one that leads to its pods) has ready endpoints; it is " +
    "missing where only its pods are there. Without it names do not resolve and nearly everything fails.",
  needs: [services, endpointSlices],
  object: clusterDns,
  run(world) {
    const service = clusterDns(world);
    const { namespace = "", name } = service;
    const there = world.get(services, namespace, name);
    const { ready, all } = endpointsOf(world, namespace, name);
    const base = {
      observed: `${ready} of ${all} endpoints`,
      expected: "at least 1",
      evidence: "EndpointSlice",
    };
    if (!there) {
      const servers = podsIn(world, namespace).filter((pod) => isDnsServer(pod.metadata?.labels ?? {}));
      if (servers.length > 0) {
        const message = `${refText(service)} does not exist although its pods do, so no name resolves`;
        const observed = `${servers.length} pods, no Service`;
        const next = [command`kubectl -n ${namespace} get services,pods --show-labels | grep dns`];
        return [{ ...base, observed, status: "critical", reason: "Missing", message, next }];
      }
      const message = `${refText(service)} does not exist, so cluster DNS could not be judged`;
      return [{ ...base, status: "skipped", reason: "NotFound", message }];
    }
    if (ready > 0) {
      const message = `Cluster DNS has ${count(ready, "ready endpoint")}`;
      return [{ ...base, status: "ok", reason: "Ready", message }];
    }
    const message = "Cluster DNS has no ready endpoints, so no name resolves";
    const selector = selectorText(there.spec?.selector ?? {});
    const next = [command`kubectl -n ${namespace} get pods -l ${selector}`];
    return [{ ...base, status: "critical", reason: "NoEndpoints", message, next }];
  },
};

/** What lives, or should live, in a namespace that is being deleted goes with it, and nothing new can be made there. */
function namespaceEdges(world: World): Edge[] {
  const going = world.list(namespaces).filter((namespace) => namespace.metadata?.deletionTimestamp);
  const names = new Set(going.map((namespace) => namespace.metadata?.name ?? ""));
  if (names.size === 0) return [];
  const found = [
    ...[...world.kinds.values()].flatMap((source) =>
      world.list(source as ListSource<{ metadata?: Metadata }>).map((object) => refOf(source.kind, object))
    ),
    ...world.list(pods).flatMap((pod) => wantedBy(pod.metadata?.namespace, pod.spec)),
    ...world.list(deployments).flatMap((object) =>
      wantedBy(object.metadata?.namespace, object.spec?.template?.spec)
    ),
    ...usualParts(world.namespace),
  ].filter(({ namespace }) => names.has(namespace ?? ""));
  const objects = new Map(found.map((ref) => [refKey(ref), ref]));
  return [...objects.values()].map((from) => ({
    from,
    to: { kind: "Namespace", name: from.namespace ?? "" },
    via: "namespace",
    explains: "any",
    because: ["TerminatingStuck"],
  }));
}

function wantedBy(namespace: string | undefined, spec: PodSpec | undefined): ObjectRef[] {
  const account = spec?.serviceAccountName;
  const wanted = wantsOf(spec).map(({ kind, name }) => ({ kind, namespace, name }));
  return account ? [...wanted, { kind: "ServiceAccount", namespace, name: account }] : wanted;
}

/** Nothing is in a namespace that is not there. */
function makersOf(ref: ObjectRef, world: World): Maker[] {
  const to: ObjectRef = { kind: "Namespace", name: ref.namespace ?? "" };
  return ref.namespace && isAbsent(world, to) ? [{ to, via: "namespace" }] : [];
}

export const kubernetes: Component = {
  name: "kubernetes",
  title: "Kubernetes",
  dependsOn: [],
  sources: [readyz, leases, namespaces, configMaps],
  muted: mutings,
  namespaces: () => ["kube-system"],
  kinds: [leaseCheck, namespaceCheck],
  checks: [apiServerCheck, platformNamespaceCheck, dnsCheck],
  edges: namespaceEdges,
  makers: makersOf,
};
