/** The hosts that the configuration of pods names, and the Services that they lead to. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, type PodSpec, refOf } from "../common/mod.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { configMaps, secrets, services } from "./kinds.ts";
import { ownerOf } from "./membership.ts";
import { wantsOf } from "./pod_spec.ts";
import { own } from "../../untrusted/lookup.ts";
import { serviceOfHost } from "./service_names.ts";

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
