/** What the facts say of where the catalog is. Pure. */
import type { Destination } from "../../../clients/kubernetes/service_connection.ts";
import {
  deployments,
  fillingElsewhere,
  otherCatalogs,
  pods,
  services,
  statefulSets,
} from "../../../components/kubernetes/mod.ts";
import { type Catalog, catalogs } from "../../../components/nessie/mod.ts";
import { type Failure, type ListSource, refText, type World } from "../../../engine/model.ts";
import { listed } from "../../../engine/sentence.ts";
import { lost, notLooked, readyPod } from "../../ready_pod.ts";

/** What the catalog is looked for in. */
export const LOOKED_IN: readonly ListSource[] = [services, deployments, statefulSets, pods];

const GIVE = "give the address of the catalog with --url";
const GIVE_ANY = `Next: ${GIVE}, or its namespace with --namespace`;

/**
 * The one catalog of the platform; or why there is none to be had. `namespaced`: its namespace was asked for, so that
 * those elsewhere are not meant.
 */
export function catalogOf(world: World, namespaced: boolean): Catalog | { failure: Failure } {
  const failure = LOOKED_IN.map((source) => world.failure(source)).find((one) => one !== undefined);
  if (failure) return notLooked("the catalog", failure, GIVE_ANY);
  const all = catalogs(world);
  const here = all.filter(({ object }) => object !== undefined);
  const elsewhere = namespaced ? [] : fillingElsewhere(world, "nessie");
  const names = [...here.map(({ workload }) => workload), ...elsewhere.map(({ ref }) => ref)];
  if (names.length > 1) {
    const apart = new Set(names.map(({ namespace }) => namespace)).size > 1;
    const next = apart ? GIVE_ANY : `Next: ${GIVE}`;
    return lost(`there are ${names.length} catalogs, ${listed(names.map(refText))}. ${next}`);
  }
  const found = here[0] ?? all[0];
  if (found) return found;
  const [other] = otherCatalogs(world);
  if (other) {
    return lost(`the catalog here is ${other.title}, ${refText(other.ref)}, and not Nessie. ${GIVE_ANY}`);
  }
  return lost(
    "no Deployment or StatefulSet here is recognised as Nessie by its labels, its chart, its image or its name. " +
      GIVE_ANY,
  );
}

/** A port of this catalog with a Ready pod behind it; or why there is none to be had. */
export function destinationOf(
  world: World,
  catalog: Catalog,
  which: "api" | "management",
): Destination | { failure: Failure } {
  const port = catalog[which];
  if (port) return readyPod(world, port);
  const { service, workload } = catalog;
  const at = refText(service);
  if (!world.get(services, service.namespace, service.name)) {
    return lost(`${at}, which should lead to ${refText(workload)}, does not exist. ${GIVE_ANY}`);
  }
  return lost(
    which === "api"
      ? `${at} has no port that leads to Nessie's API. ${GIVE_ANY}`
      : `no Service of ${refText(workload)} has its management port`,
  );
}
