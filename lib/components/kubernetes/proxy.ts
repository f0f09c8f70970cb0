/** Paths through the API server's service proxy: a way to a Service's HTTP port with nothing but a kubeconfig. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { World } from "../../engine/model.ts";
import { services } from "./kinds.ts";
import { endpointsOf } from "./endpoints.ts";

/** `path` begins with a slash. Undefined when the Service is not there, lacks the port, or has nobody ready behind it: nothing to ask. */
export function proxyPath(
  world: World,
  namespace: string,
  name: string,
  port: number,
  path: string,
): string | undefined {
  const service = world.get(services, namespace, name);
  const found = service?.spec?.ports?.find((entry) => entry.port === port);
  if (!found || endpointsOf(world, namespace, name).ready === 0) return undefined;
  const proxy = kubePath`/api/v1/namespaces/${namespace}/services/${name}:${port}/proxy`;
  return kubePath`${proxy}${path}`;
}

/** Targets of a probe in the platform's namespace: Service, port and path by the name of the answer. */
export function proxyTargets(
  world: World,
  wanted: Record<string, [service: string, port: number, path: string]>,
): Record<string, string> {
  const targets: Record<string, string> = {};
  for (const [answer, [service, port, path]] of Object.entries(wanted)) {
    const found = proxyPath(world, world.namespace, service, port, path);
    if (found) targets[answer] = found;
  }
  return targets;
}
