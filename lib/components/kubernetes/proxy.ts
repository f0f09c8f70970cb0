/** Paths through the API server's service proxy: a way to a Service's HTTP port with nothing but a kubeconfig. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { ObjectRef, World } from "../../engine/model.ts";
import { type PodSpec, refOf } from "../common/mod.ts";
import type { Service } from "./kinds.ts";
import { endpointsOf } from "./endpoints.ts";
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

/** `path` begins with a slash. Undefined when the Service has no ready endpoints: there is nothing to ask. */
export function proxyPath(world: World, at: HttpPort | undefined, path: string): string | undefined {
  if (!at) return undefined;
  const { service: { namespace = "", name }, port, secure } = at;
  if (endpointsOf(world, namespace, name).ready === 0) return undefined;
  const place = kubePath`/api/v1/namespaces/${namespace}/services`;
  const proxy = secure
    ? kubePath`${place}/https:${name}:${port}/proxy`
    : kubePath`${place}/${name}:${port}/proxy`;
  return kubePath`${proxy}${path}`;
}
