/** Paths through the API server's service proxy: a way to a Service's HTTP port with nothing but a kubeconfig. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { ObjectRef, World } from "../../engine/model.ts";
import { isReady, type PodSpec, refOf } from "../common/mod.ts";
import { type Service, services } from "./kinds.ts";
import { endpointsOf, givenEndpoints, podsGiven } from "./endpoints.ts";
import { containerPort } from "./pod_spec.ts";

/** A port of a Service that speaks HTTP. */
export interface HttpPort {
  service: ObjectRef;
  port: number;
  secure: boolean;
}

/** How a port is found: by what it is called, by where it leads to, by its number. */
export interface PortSigns {
  names: readonly string[];
  numbers: readonly number[];
}

type ServicePort = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];

function fits(port: ServicePort, { names, numbers }: PortSigns, spec: PodSpec | undefined): boolean {
  const { name = "", port: number = 0, targetPort = number } = port;
  return [name, targetPort].some((one) => names.includes(String(one))) ||
    [number, targetPort, containerPort(targetPort, spec)].some((one) => numbers.includes(Number(one)));
}

function isSecure({ name = "", port, targetPort, appProtocol }: ServicePort): boolean {
  return appProtocol === "https" || /https|tls/.test(`${name} ${targetPort}`) || port === 443 ||
    port === 8443;
}

/**
 * The first port with such a sign, or the first of all, of one of these Services; plain HTTP before TLS. `spec` is of the
 * pods behind them: a target port may be one of its names.
 */
export function portOf(all: readonly Service[], signs?: PortSigns, spec?: PodSpec): HttpPort | undefined {
  const found = all.flatMap((service): HttpPort[] =>
    (service.spec?.ports ?? []).filter((port) => !signs || fits(port, signs, spec)).flatMap((one) =>
      one.port === undefined ? [] : {
        service: refOf("Service", service),
        port: one.port,
        secure: isSecure(one),
      }
    )
  );
  return found.find(({ secure }) => !secure) ?? found[0];
}

/**
 * `path` begins with a slash. Undefined when there is nothing to ask: the Service has no ready endpoints, or only such as
 * are outside the cluster. The API server passes on to endpoints that are pods; where somebody wrote the addresses, a pod
 * that has one is asked itself.
 */
export function proxyPath(world: World, at: HttpPort | undefined, path: string): string | undefined {
  if (!at) return undefined;
  const { service: { namespace = "", name }, port, secure } = at;
  const { ready, all } = endpointsOf(world, namespace, name);
  if (ready === 0) return undefined;
  const given = givenEndpoints(world, namespace, name);
  if (given.length > 0 && given.length >= all) return podPath(world, at, path);
  const place = kubePath`/api/v1/namespaces/${namespace}/services`;
  const proxy = secure
    ? kubePath`${place}/https:${name}:${port}/proxy`
    : kubePath`${place}/${name}:${port}/proxy`;
  return kubePath`${proxy}${path}`;
}

function podPath(world: World, { service, port, secure }: HttpPort, path: string): string | undefined {
  const { namespace = "", name } = service;
  const found = podsGiven(world, namespace, name).find(({ pod }) => isReady(pod));
  const { namespace: home, name: pod } = found?.pod.metadata ?? {};
  if (!found || !home || !pod) return undefined;
  const called = world.get(services, namespace, name)?.spec?.ports?.find((one) => one.port === port)?.name;
  const inPod = found.ports.find((one) => (one.name ?? "") === (called ?? ""))?.port ?? port;
  const place = kubePath`/api/v1/namespaces/${home}/pods`;
  const proxy = secure
    ? kubePath`${place}/https:${pod}:${inPod}/proxy`
    : kubePath`${place}/${pod}:${inPod}/proxy`;
  return kubePath`${proxy}${path}`;
}
