/** The hosts that the configuration of pods names, and the Services that they lead to. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, type PodSpec } from "../common/mod.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { configMaps } from "./kinds.ts";
import { wantsOf } from "./pod_spec.ts";
import { serviceOfHost } from "./service_names.ts";

const hostsByConfigMap = perWorld((world) =>
  new Map(
    world.list(configMaps).map((
      map,
    ) => [`${map.metadata?.namespace}/${map.metadata?.name}`, map.hosts ?? []]),
  )
);

/** The Services that a pod spec in `namespace` names, with the port when it says one. */
export function servicesNamed(
  spec: PodSpec | undefined,
  namespace: string,
  world: World,
): { to: ObjectRef; via: string; port?: number }[] {
  return hostsNamed(spec, namespace, world).flatMap(({ host, via }) => {
    const to = serviceOfHost(host, namespace, world);
    const { port } = hostAndPort(host);
    return to ? [{ to, via, ...port ? { port } : {} }] : [];
  });
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
    if (want.kind !== "ConfigMap") continue;
    for (const host of hostsByConfigMap(world).get(`${namespace}/${want.name}`) ?? []) {
      found.push({ host, via: `ConfigMap ${want.name}: ${host}` });
    }
  }
  return found;
}
