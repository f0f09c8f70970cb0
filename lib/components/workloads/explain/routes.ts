/** Routes of a gateway that lead requests for one Service to another. */
import { type Check, type ObjectJudgement, type ObjectRef, refText } from "../../../engine/model.ts";
import { perWorld, refOf } from "../../common/mod.ts";
import {
  configMaps,
  deployments,
  serviceOfHost,
  services,
  statefulSets,
  wantsOf,
} from "../../kubernetes/mod.ts";
import { command } from "../../../untrusted/shell.ts";

interface Misroute {
  path: string;
  map: ObjectRef;
  /** Where the requests go instead. */
  host: string;
}

/** Shorter words are in too many paths and names. */
const SHORTEST_WORD = 6;

const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/** By `namespace/name` of the Service that a path is called after, and that no route of the same gateway leads to. */
const misroutes = perWorld((world): ReadonlyMap<string, Misroute> => {
  const found = new Map<string, Misroute>();
  const byNamespace = Map.groupBy(world.list(services), ({ metadata }) => metadata?.namespace ?? "");
  for (const map of world.list(configMaps)) {
    const ref = refOf("ConfigMap", map);
    const { namespace = "" } = ref;
    const { routes = [] } = map;
    if (routes.length < 2 || !mapsUsed(world).has(`${namespace}/${ref.name}`)) continue;
    const here = (byNamespace.get(namespace) ?? []).map(({ metadata }) => metadata?.name ?? "");
    const led = new Set(routes.map(({ host }) => serviceOfHost(host, namespace, world)?.name ?? host));
    for (const { path, host } of routes) {
      const meant = calledAfter(path, here);
      if (!meant || led.has(meant)) continue;
      found.set(`${namespace}/${meant}`, { path, map: ref, host });
    }
  }
  return found;
});

/** The Service whose name, but for a prefix, is a segment of the path: of several the shortest. */
function calledAfter(path: string, names: readonly string[]): string | undefined {
  for (const segment of path.split("/")) {
    const word = letters(segment);
    if (word.length < SHORTEST_WORD) continue;
    const [first] = names.filter((name) => letters(name).endsWith(word)).toSorted((a, b) =>
      a.length - b.length
    );
    if (first) return first;
  }
  return undefined;
}

/** `namespace/name` of the ConfigMaps that pods of some workload read. */
const mapsUsed = perWorld((world): ReadonlySet<string> =>
  new Set(
    [deployments, statefulSets].flatMap((source) =>
      world.list(source).flatMap(({ metadata, spec }) =>
        wantsOf(spec?.template?.spec).flatMap(({ kind, name }) =>
          kind === "ConfigMap" ? [`${metadata?.namespace}/${name}`] : []
        )
      )
    ),
  )
);

export const routeCheck: Check = {
  id: "workloads.routes",
  title: "routes of gateways",
  explain:
    "A ConfigMap with the routes of a gateway (Spring Cloud Gateway, nginx) leads a path that is called after a Service to that " +
    "Service, if to any: where another one gets its requests and no route leads to it, it is likely misrouted.",
  needs: [services, configMaps],
  okNeeds: [deployments, statefulSets],
  object: () => ({ kind: "Service", name: "*" }),
  run(world) {
    const found = [...misroutes(world)].map(([key, { path, map, host }]): ObjectJudgement => {
      const [namespace = "", name = ""] = key.split("/");
      const object = { kind: "Service", namespace, name };
      return {
        object,
        status: "critical",
        reason: "Misrouted",
        message: `${refText(object)} likely gets none of its requests: ${
          refText(map)
        } routes ${path} to ${host}, and no route leads to it`,
        observed: `${path} leads to ${host}`,
        expected: `${path} leads to ${name}`,
        evidence: "data of the ConfigMap",
        next: [command`kubectl -n ${namespace} get configmap ${map.name} -o yaml`],
      };
    });
    if (found.length > 0) return found;
    const message = "No route of a gateway leads the requests for one Service to another";
    return [{ status: "ok", reason: "AllWell", message }];
  },
};
