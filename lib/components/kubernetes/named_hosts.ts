/** The hosts that the configuration of pods names, and the Services that they lead to. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, type PodSpec, refOf } from "../common/mod.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { configMaps, deployments, secrets, services, statefulSets } from "./kinds.ts";
import { ownerOf } from "./membership.ts";
import { wantsOf } from "./pod_spec.ts";
import { own } from "../../untrusted/lookup.ts";
import { allFillers, platformNamespaces } from "./roles.ts";
import { bucketOfHost, serviceOfHost } from "./service_names.ts";

const mapsByName = perWorld((world) =>
  new Map(world.list(configMaps).map((map) => [`${map.metadata?.namespace}/${map.metadata?.name}`, map]))
);

/** The hosts in a ConfigMap, or under one of its keys; older recordings do not tell which is under which. */
function hostsInMap(world: World, name: string, key: string | undefined): readonly string[] {
  const map = mapsByName(world).get(name);
  return key !== undefined && map?.hostsByKey ? own(map.hostsByKey, key) ?? [] : map?.hosts ?? [];
}

/**
 * The Services that Secrets with a login lead to, by `namespace/name` of the Secret: who made both, as an operator does
 * for its database, made the one for the other. Of several the one that writes, whose name is the maker's and `-rw`.
 */
const servicesByLogin = perWorld((world): ReadonlyMap<string, ObjectRef> => {
  const made = Map.groupBy(
    world.list(services).filter((service) => ownerOf(service)),
    (service) => makerKey(service),
  );
  return new Map(
    world.list(secrets).flatMap((secret) => {
      const owner = ownerOf(secret);
      if (!owner || !secret.metadata?.keys?.includes("password")) return [];
      const all = made.get(makerKey(secret)) ?? [];
      const front = all.find(({ metadata }) => metadata?.name === `${owner.name}-rw`) ??
        (all.length === 1 ? all[0] : undefined);
      return front ? [[`${secret.metadata.namespace}/${secret.metadata.name}`, refOf("Service", front)]] : [];
    }),
  );
});

function makerKey(object: Parameters<typeof ownerOf>[0]): string {
  const { kind, name } = ownerOf(object) ?? {};
  return `${object.metadata?.namespace} ${kind} ${name}`;
}

/** The Services that a pod spec in `namespace` names, itself or by a login for them, with the port when it says one. */
export function servicesNamed(
  spec: PodSpec | undefined,
  namespace: string,
  world: World,
): { to: ObjectRef; via: string; port?: number }[] {
  const named = hostsNamed(spec, namespace, world).flatMap(({ host, via }) => {
    const to = serviceOfHost(host, namespace, world);
    const { port } = hostAndPort(host);
    return to ? [{ to, via, ...port ? { port } : {} }] : [];
  });
  const logins = new Set(wantsOf(spec).flatMap(({ kind, name }) => kind === "Secret" ? name : []));
  const meant = [...logins].flatMap((name) => {
    const to = servicesByLogin(world).get(`${namespace}/${name}`);
    const isNamed = named.some((one) => one.to.namespace === to?.namespace && one.to.name === to?.name);
    return to && !isNamed ? [{ to, via: `login in Secret ${name}` }] : [];
  });
  return [...named, ...meant];
}

/** The hosts in the environment, the arguments and the ConfigMaps of a pod spec. */
export function hostsNamed(
  spec: PodSpec | undefined,
  namespace: string,
  world: World,
): { host: string; via: string }[] {
  const found: { host: string; via: string }[] = [];
  for (const container of [...spec?.initContainers ?? [], ...spec?.containers ?? []]) {
    for (const host of container.args ?? []) found.push({ host, via: `argument ${host}` });
    for (const env of container.env ?? []) {
      for (const host of env.value ?? []) found.push({ host, via: `env ${host}` });
    }
  }
  for (const want of wantsOf(spec)) {
    if (want.kind !== "ConfigMap" || want.partly) continue;
    for (const host of hostsInMap(world, `${namespace}/${want.name}`, want.key)) {
      found.push({ host, via: `ConfigMap ${want.name}: ${host}` });
    }
  }
  return found;
}

export interface NamedHost {
  /** Without its port. */
  host: string;
  port?: number;
  /** What names it, and where: `env db:5432`. */
  by: ObjectRef;
  via: string;
  /** The Service that it leads to, present or absent. */
  to?: ObjectRef;
}

/** Every host that the configuration of the platform's workloads names, once for each of them. */
export const configuredHosts = perWorld((world): readonly NamedHost[] => {
  const parts = new Set(allFillers(world).map(({ object }) => object));
  return [deployments, statefulSets].flatMap((source) =>
    world.list(source).filter((object) =>
      parts.has(object) || platformNamespaces(world).has(object.metadata?.namespace ?? "")
    ).flatMap((object) => {
      const by = refOf(source.kind, object);
      const named = hostsNamed(object.spec?.template?.spec, by.namespace ?? "", world)
        .filter(({ host }) => bucketOfHost(host) === undefined);
      return [...new Map(named.map((one) => [one.host, one])).values()].map(({ host, via }): NamedHost => {
        const { host: name, port } = hostAndPort(host);
        const to = serviceOfHost(host, by.namespace ?? "", world);
        return { host: name, by, via, ...port ? { port } : {}, ...to ? { to } : {} };
      });
    })
  );
});

/** Names in licences and schemas, which nobody connects to. */
const NO_ADDRESSES = new Set(["www.w3.org", "www.apache.org", "java.sun.com", "json-schema.org"]);

/** Whether a host is of a machine elsewhere: it leads to no Service, and not back to the pod itself. */
export function isOutside({ host, to }: NamedHost): boolean {
  const isOwn = /^(127\.|0\.0\.0\.0$)/.test(host);
  return to === undefined && host.includes(".") && !isOwn && !NO_ADDRESSES.has(host);
}
