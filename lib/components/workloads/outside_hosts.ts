/** Hosts outside the cluster that configuration names: told, and not looked at. */
import { count, listed } from "../../engine/sentence.ts";
import { type Check, refKey, refText, type World } from "../../engine/model.ts";
import { perWorld } from "../common/mod.ts";
import {
  configMaps,
  configuredHosts,
  deployments,
  isOutside,
  services,
  statefulSets,
} from "../kubernetes/mod.ts";

/** Hosts that lead to no Service, by their names and ports, with what names them. */
export const outsideHosts = perWorld((world: World): ReadonlyMap<string, string[]> => {
  const all = configuredHosts(world).filter(isOutside);
  const groups = Map.groupBy(all, ({ host, port }) => port === undefined ? host : `${host}:${port}`);
  return new Map(
    [...groups].map(([host, named]) => {
      const users = new Map(named.map(({ by }) => [refKey(by), by]));
      return [host, [...users.values()].map(refText)];
    }),
  );
});

export const outsideHostsCheck: Check = {
  id: "workloads.outside-hosts",
  title: "hosts outside the cluster",
  explain:
    "Says which hosts the configuration of the platform's workloads names that lead to no Service of this cluster: object stores, " +
    "databases and whatever else is somebody else's. They are not looked at, so nothing is said of how they are.",
  needs: [deployments, statefulSets, services, configMaps],
  object: () => ({ kind: "Host", name: "*" }),
  run(world) {
    const hosts = [...outsideHosts(world)];
    if (hosts.length === 0) {
      const message = "No configuration of the platform names a host outside this cluster";
      return [{ status: "ok", reason: "NoneNamed", message }];
    }
    const named = listed(hosts.map(([host, users]) => `${host} (${listed(users)})`));
    const message = `${count(hosts.length, "host")} outside this cluster ${
      hosts.length === 1 ? "is" : "are"
    } named in configuration and ${hosts.length === 1 ? "was" : "were"} not looked at: ${named}`;
    return [{ status: "skipped", reason: "OutsideCluster", message, observed: count(hosts.length, "host") }];
  },
};
