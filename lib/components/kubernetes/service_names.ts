/** From a host in a configuration to the Service it names. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { namespaces, services } from "./kinds.ts";

/** The bucket that a configuration names as `s3://bucket`; undefined for hosts. */
export function bucketOfHost(host: string): string | undefined {
  return host.startsWith("s3://") ? host.slice("s3://".length) : undefined;
}

/** The Services by their addresses in the cluster: each is of one Service only. */
const servicesByAddress = perWorld((world): ReadonlyMap<string, ObjectRef> =>
  new Map(
    world.list(services).flatMap((service) =>
      (service.spec?.clusterIPs ?? []).filter((address) => isAddress(address))
        .map((address): [string, ObjectRef] => [canonical(address), refOf("Service", service)])
    ),
  )
);

const isAddress = (host: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || /^[0-9a-f:.]{2,45}$/i.test(host) && host.includes(":");

/** An IPv6 address may be written in several ways. */
function canonical(address: string): string {
  if (!address.includes(":")) return address;
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? address;
}

/**
 * The Service that a host (`name`, `name.namespace`, `name.namespace.svc...`, with or without port) names for
 * a client in `namespace`, or whose address it is; undefined for hosts outside the cluster. The Service need not exist: `*.svc` names
 * and names in a namespace that exists are Services also when they are gone.
 */
export function serviceOfHost(host: string, namespace: string, world: World): ObjectRef | undefined {
  if (bucketOfHost(host)) return undefined;
  const { host: bare } = hostAndPort(host);
  if (isAddress(bare)) return servicesByAddress(world).get(canonical(bare));
  if (bare.includes(":")) return undefined;
  const labels = bare.split(".");
  const svc = labels.indexOf("svc");
  // A pod behind a headless Service is POD.SERVICE.NAMESPACE.svc.
  if (svc > 2) return { kind: "Service", namespace: labels[svc - 1], name: labels[svc - 2] ?? "" };
  const [name, second, third, ...rest] = labels;
  if (!name || /^\d+$/.test(name) || name === "localhost") return undefined;
  if (second === undefined) {
    return world.get(services, namespace, name) ? { kind: "Service", namespace, name } : undefined;
  }
  const isService = third === "svc" ||
    (third === undefined && rest.length === 0 && isNamespace(second, world));
  return isService ? { kind: "Service", namespace: second, name } : undefined;
}

function isNamespace(name: string, world: World): boolean {
  return world.get(namespaces, undefined, name) !== undefined;
}
