/** From a host in a configuration to the Service it names. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { namespaces, services } from "./kinds.ts";

/** The bucket that a configuration names as `s3://bucket`; undefined for hosts. */
export function bucketOfHost(host: string): string | undefined {
  return host.startsWith("s3://") ? host.slice("s3://".length) : undefined;
}

/**
 * The Service that a host (`name`, `name.namespace`, `name.namespace.svc...`, with or without port) names for
 * a client in `namespace`; undefined for hosts outside the cluster. The Service need not exist: `*.svc` names
 * and names in a namespace that exists are Services also when they are gone.
 */
export function serviceOfHost(host: string, namespace: string, world: World): ObjectRef | undefined {
  if (bucketOfHost(host)) return undefined;
  const { host: bare } = hostAndPort(host);
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
