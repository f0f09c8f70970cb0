/** Everything that runs pods, whoever it belongs to: pods, Deployments, Jobs, Services, images, quotas. */
import type { Component } from "../../engine/model.ts";
import {
  allFillers,
  configMaps,
  cronJobs,
  daemonSets,
  deployments,
  endpointSlices,
  events,
  jobs,
  pods,
  replicaSets,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
} from "../kubernetes/mod.ts";
import { addressCheck, addressEdges } from "./explain/addresses.ts";
import { connectionEdges, connectionsCheck } from "./explain/databases.ts";
import { imageCheck, imageEdges } from "./images.ts";
import { podLogs } from "./log_signals.ts";
import { podEdges } from "./pod_edges.ts";
import { outsideHostsCheck } from "./outside_hosts.ts";
import { partsTable } from "./parts.ts";
import { workloadChecks } from "./readiness.ts";
import { configMapKeyCheck, sameKeys, secretKeyCheck } from "./secret_keys.ts";
import { routeCheck } from "./explain/routes.ts";
import { cronJobCheck, cronJobMakers } from "./cron_jobs.ts";
import { jobCheck, jobEdges } from "./jobs.ts";
import { podCheck } from "./pods.ts";
import { quotaCheck, quotaEdges, quotaMakers } from "./explain/quotas.ts";
import { serviceCheck, serviceEdges } from "./services.ts";
import { componentOfRole } from "../../platform/mod.ts";

export { blamesOthers } from "./log_signals.ts";
export { podEdges, servicesOf } from "./pod_edges.ts";
export { eventsOf, eventsSince } from "./events.ts";
export { podCheck } from "./pods.ts";
export { workloadChecks } from "./readiness.ts";
export { listingOf, logsOf, namespacesOfParts, type Part, partsOf } from "./parts.ts";
export { missingRole, noneFound, PART_SOURCES, roleCheck } from "./required.ts";
export { selectedPods, serviceCheck, serviceEdges } from "./services.ts";

export const workloads: Component = {
  name: "workloads",
  title: "Other workloads",
  dependsOn: ["nodes", "kubernetes"],
  sources: [
    pods,
    deployments,
    statefulSets,
    daemonSets,
    replicaSets,
    jobs,
    cronJobs,
    services,
    endpointSlices,
    configMaps,
    serviceAccounts,
    resourceQuotas,
    events,
    podLogs,
    secrets,
  ],
  namespaces: (world) =>
    allFillers(world).filter(({ role }) => componentOfRole(role) === "workloads").flatMap(({ ref }) =>
      ref.namespace ?? []
    ),
  kinds: [
    podCheck,
    ...Object.values(workloadChecks),
    jobCheck,
    cronJobCheck,
    serviceCheck,
    quotaCheck,
    secretKeyCheck,
    configMapKeyCheck,
  ],
  checks: [imageCheck, addressCheck, routeCheck, connectionsCheck, outsideHostsCheck],
  edges: (world) => [
    ...podEdges(world),
    ...serviceEdges(world),
    ...jobEdges(world),
    ...quotaEdges(world),
    ...imageEdges(world),
    ...connectionEdges(world),
    ...addressEdges(world),
  ],
  instead: sameKeys,
  makers: (ref, world) => [...cronJobMakers(ref, world), ...quotaMakers(ref, world)],
  tables: (world) => [partsTable(world)].filter(({ rows }) => rows.length > 0),
};
