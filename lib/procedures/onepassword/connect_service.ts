/** From the host that a store names to a pod behind it: the token goes to a Service of this cluster, or nowhere. */
import { isLabel, kubePath } from "../../untrusted/api_path.ts";
import { quote } from "../../redact/mod.ts";
import type { KubeObject, KubeWriter } from "../../clients/kubernetes/writer.ts";
import { CannotLook, UsageError } from "../../engine/errors.ts";
import { conditionOf, entries, podsSelected } from "./objects.ts";
import { at } from "../../untrusted/lookup.ts";

/** A Service by the name that DNS of the cluster gives it. */
export interface ServiceName {
  namespace: string;
  name: string;
  port: number;
  secure: boolean;
}

/** A pod to forward to. */
export interface Target {
  namespace: string;
  pod: string;
  port: number;
}

/**
 * https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/: behind a dot at the end nothing is searched,
 * so that only the whole name is the cluster's then.
 */
const IN_CLUSTER = /^([^.]+)\.([^.]+)(?:\.svc(?:\.cluster\.local\.?)?)?$/;

/**
 * The Service that a host names, as `http://NAME.NAMESPACE.svc:PORT`; undefined for every other host. Stricter than a
 * URL is: no user, no path, no address in whatever spelling, and no name that goes on behind the cluster's own domain.
 */
export function serviceNamed(host: string): ServiceName | undefined {
  const [, scheme = "", written = "", port] = /^(https?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?\/?$/i.exec(host) ??
    [];
  const hostname = written.toLowerCase();
  // URLs turn 0x7f.1 and 2130706433 into addresses.
  if (hostname === "" || URL.parse(host)?.hostname !== hostname) return undefined;
  const [, name = "", namespace = ""] = IN_CLUSTER.exec(hostname) ?? [];
  if (!isLabel(name) || !isLabel(namespace)) return undefined;
  const secure = scheme.toLowerCase() === "https";
  return { namespace, name, port: Number(port ?? (secure ? 443 : 80)), secure };
}

const GIVE = "Nothing was sent. Next: if the token is to go there, give that address with --connect-url URL";

/**
 * The Service of this cluster that a store's host names. UsageError when it is none, or leads out of the cluster: an
 * ExternalName, or endpoints that somebody wrote by hand.
 */
export async function connectService(
  kube: KubeWriter,
  host: string,
): Promise<{ name: ServiceName; service: KubeObject }> {
  const said = JSON.stringify(quote(host, [], 120));
  const name = serviceNamed(host);
  if (!name) {
    throw new UsageError(
      `The store asks Connect at ${said}, which is no Service of this cluster by its name ` +
        `(http://NAME.NAMESPACE.svc:PORT). ${GIVE}`,
    );
  }
  const place = `Service ${name.namespace}/${name.name}`;
  const service = await kube.get(kubePath`/api/v1/namespaces/${name.namespace}/services/${name.name}`);
  if (!service) {
    throw new UsageError(
      `The store asks Connect at ${said}, and ${place} does not exist in this cluster. ${GIVE}`,
    );
  }
  if (at(service, "spec", "type") === "ExternalName") {
    throw new UsageError(`${place}, which the store asks, leads out of this cluster (ExternalName). ${GIVE}`);
  }
  if (Object.keys(at(service, "spec", "selector") ?? {}).length === 0) {
    throw new UsageError(
      `${place}, which the store asks, selects no pods: its endpoints were written by hand and may be anywhere. ${GIVE}`,
    );
  }
  if (name.secure) {
    throw new UsageError(
      `Connect is asked at ${said}, and its certificate is for that name and not for a forwarded port. ` +
        "Make it reachable from here and give --connect-url URL.",
    );
  }
  return { name, service };
}

/** A ready pod behind the Service, and its port. CannotLook when there is none. */
export async function podBehind(
  kube: KubeWriter,
  { name: { namespace, name, port }, service }: { name: ServiceName; service: KubeObject },
): Promise<Target> {
  const pods = await podsSelected(kube, namespace, at(service, "spec", "selector"));
  const pod = pods.find(isReady);
  const target = pod && portOf(service, port, pod);
  if (pod && target) return { namespace, pod: pod.metadata.name, port: target };
  throw new CannotLook({
    kind: "unreachable",
    message: `Service ${namespace}/${name}, which the store asks, has ` +
      `${pod ? `no port ${port}` : "no pod that is ready"}. Next: deno task 1p:status`,
  });
}

function isReady(pod: KubeObject): boolean {
  return at(conditionOf(pod, "Ready"), "status") === "True" &&
    at(pod, "metadata", "deletionTimestamp") === undefined;
}

/** The pod's port for a Service's port, by number or by name. */
function portOf(service: KubeObject, port: number, pod: KubeObject): number | undefined {
  const entry = entries(at(service, "spec", "ports")).find((one) => at(one, "port") === port);
  const target = at(entry, "targetPort") ?? at(entry, "port");
  if (typeof target === "number") return target;
  const ports = entries(at(pod, "spec", "containers")).flatMap((one) => entries(at(one, "ports")));
  const named = at(ports.find((one) => at(one, "name") === target), "containerPort");
  return typeof named === "number" ? named : undefined;
}
