/** Addresses in the configuration of workloads: the Services that they name, and those that lead nowhere. */
import { listed } from "../../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type ObjectJudgement,
  type ObjectRef,
  refText,
  type World,
} from "../../../engine/model.ts";
import { CONNECTION_ERRORS, perWorld, type PodSpec, refOf } from "../../common/mod.ts";
import {
  configMaps,
  daemonSets,
  deployments,
  podsOf,
  podsOfConcern,
  type Service,
  services,
  servicesNamed,
  statefulSets,
  type Workload,
  workloadOf,
} from "../../kubernetes/mod.ts";
import { looksLike } from "../../../untrusted/edit_distance.ts";
import { blamesOthers } from "../log_signals.ts";
import { hostAndPort } from "../../../untrusted/host.ts";
import { command } from "../../../untrusted/shell.ts";

const TEMPLATED = [["Deployment", deployments], ["StatefulSet", statefulSets], [
  "DaemonSet",
  daemonSets,
]] as const;

/** `namespace/name` of every Service that the configuration of some workload names. */
export const servicesAsked = perWorld((world): ReadonlySet<string> =>
  new Set(
    [
      ...TEMPLATED.flatMap(([, source]) =>
        world.list(source).map(({ metadata, spec }) => ({ metadata, spec: spec?.template?.spec }))
      ),
      ...podsOfConcern(world).filter((pod) => !OF_TEMPLATES.has(workloadOf(pod, world)?.kind ?? "")),
    ].flatMap(({ metadata, spec }) =>
      servicesNamed(spec, metadata?.namespace ?? "", world).map(({ to }) => `${to.namespace}/${to.name}`)
    ),
  )
);

const OF_TEMPLATES: ReadonlySet<string> = new Set(TEMPLATED.map(([kind]) => kind));

const servicesIn = perWorld((world) =>
  Map.groupBy(world.list(services), ({ metadata }) => metadata?.namespace ?? "")
);

/** Names without a Service, where a workload bears the name: its Service is missing. By `namespace/name`, with who names it. */
export const servicesMissing = perWorld((world) => {
  const found = new Map<string, { object: ObjectRef; by: ObjectRef[] }>();
  for (const [kind, source] of TEMPLATED) {
    for (const object of world.list(source)) {
      const by = refOf(kind, object);
      const namespace = by.namespace ?? "";
      for (const { host } of addressesIn(object.spec?.template?.spec)) {
        if (!isMissing(host, namespace, world)) continue;
        const known = found.get(`${namespace}/${host}`);
        if (!known) {
          const missing = { kind: "Service", namespace, name: host };
          found.set(`${namespace}/${host}`, { object: missing, by: [by] });
        } else if (!known.by.some(({ name }) => name === by.name)) known.by.push(by);
      }
    }
  }
  return found;
});

function isMissing(host: string, namespace: string, world: World): boolean {
  return !world.failure(services) && !world.get(services, namespace, host) &&
    (world.get(deployments, namespace, host) ?? world.get(statefulSets, namespace, host)) !== undefined;
}

/** The variables of a template that are an address and no more. */
function addressesIn(spec: PodSpec | undefined): { name: string; host: string; port: number }[] {
  return (spec?.containers ?? []).flatMap(({ env = [] }) =>
    env.flatMap(({ name, value = [] }) => {
      const { host, port } = hostAndPort(value[0] ?? "");
      return name === undefined || port === undefined || host.includes(".") || host === "localhost"
        ? []
        : [{ name, host, port }];
    })
  );
}

/** A workload that names a Service needs it, also when it is the name alone that tells. */
export function addressEdges(world: World): Edge[] {
  const needed = [...servicesMissing(world).values()].flatMap(({ object, by }) =>
    by.map((from): Edge => ({
      from,
      to: object,
      via: "address in its environment",
      explains: ["WrongAddress"],
    }))
  );
  const led = judgedAddresses(world).flatMap(({ object }) =>
    podsOf(world, object.kind, object.namespace ?? "", object.name).filter((pod) => blamesOthers(pod, world))
      .map((pod): Edge => ({
        from: refOf("Pod", pod),
        to: object,
        via: "its configuration",
        explains: CONNECTION_ERRORS,
        because: ["WrongAddress"],
        inferred: true,
      }))
  );
  return [...needed, ...led];
}

interface Lost {
  why: string;
  /** It is a variable of the pods themselves: a file may name what nobody asks. */
  sure: boolean;
}

/** The first address that leads nowhere though something like it exists. */
function lost(spec: PodSpec | undefined, namespace: string, world: World): Lost | undefined {
  for (const { to, via, port } of servicesNamed(spec, namespace, world)) {
    const service = world.get(services, to.namespace, to.name);
    if (!service || port === undefined || hasPort(service, port)) continue;
    const why = `names port ${port} of ${
      refText(to)
    } in its configuration (${via}), and there is no such port: it has ${
      listed((service.spec?.ports ?? []).map((one) => `${one.port}`))
    }`;
    return { why, sure: via.startsWith("env ") };
  }
  for (const address of addressesIn(spec)) {
    const { name, host } = address;
    if (isMissing(host, namespace, world)) {
      const why =
        `names Service ${host} in its environment (${name}), which does not exist, though a workload of that name does`;
      return { why, sure: true };
    }
    const like = misspelt(address, namespace, world);
    if (like) {
      const why = `names Service ${host} in its environment (${name}), which does not exist; ${
        refText(like)
      } does`;
      return { why, sure: true };
    }
  }
  return undefined;
}

/** A headless Service hands out the pods themselves, whatever their ports; one without a list of ports says nothing of them. */
function hasPort({ spec }: Service, port: number): boolean {
  const ports = spec?.ports ?? [];
  return spec?.type === "ExternalName" || spec?.clusterIPs?.[0] === "None" || ports.length === 0 ||
    ports.some((one) => one.port === port);
}

/** A name without a Service, where one of nearly that name has the port. */
function misspelt(
  { host, port }: { host: string; port: number },
  namespace: string,
  world: World,
): ObjectRef | undefined {
  if (world.get(services, namespace, host)) return undefined;
  const like = (servicesIn(world).get(namespace) ?? []).filter((service) =>
    looksLike(service.metadata?.name ?? "", host) && service.spec?.ports?.some((one) => one.port === port)
  );
  const [only] = like.length === 1 ? like : [];
  return only && refOf("Service", only);
}

export const addressCheck: Check = {
  id: "workloads.addresses",
  title: "addresses in configuration",
  explain:
    "Every port that the environment, the arguments and the ConfigMaps of a Deployment or StatefulSet name of a Service is one of " +
    "the Service's, and a name without a Service is neither that of a workload nor a letter away from a Service with that port.",
  needs: [deployments, statefulSets, services],
  okNeeds: [configMaps],
  object: () => ({ kind: "Deployment", name: "*" }),
  run(world) {
    const all = judgedAddresses(world);
    if (all.length > 0) return [...all];
    const message = "Every Service that configuration names with a port has that port";
    return [{ status: "ok", reason: "AllWell", message }];
  },
};

const judgedAddresses = perWorld((world): readonly ObjectJudgement[] =>
  JUDGED.flatMap(([kind, source]) =>
    world.list(source).flatMap((object) => judgeAddresses(refOf(kind, object), object, world) ?? [])
  )
);

const JUDGED = [["Deployment", deployments], ["StatefulSet", statefulSets]] as const;

function judgeAddresses(
  ref: ObjectRef,
  { spec, status }: Workload,
  world: World,
): ObjectJudgement | undefined {
  const { kind, namespace = "", name } = ref;
  const found = spec?.replicas === 0 ? undefined : lost(spec?.template?.spec, namespace, world);
  const short = (status?.readyReplicas ?? 0) < (spec?.replicas ?? 1);
  return found && {
    object: ref,
    status: found.sure || short ? "critical" : "warning",
    reason: "WrongAddress",
    message: `${refText(ref)} ${found.why}`,
    expected: "addresses of Services that exist, with their ports",
    evidence: "spec.template.spec.containers[].env, args and ConfigMaps",
    next: [
      command`kubectl -n ${namespace} get services`,
      command`kubectl -n ${namespace} set env ${kind.toLowerCase()}/${name} --list`,
    ],
  };
}
