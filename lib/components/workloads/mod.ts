/** Everything that runs pods, whoever it belongs to: pods, Deployments, Jobs, Services, images, quotas. */
import type { Component, Edge, KindCheck, World } from "../../engine/model.ts";
import {
  ageSeconds,
  ageText,
  conditionOf,
  mentionEdges,
  perWorld,
  POD_ERRORS,
  refOf,
} from "../common/mod.ts";
import {
  allFillers,
  configMaps,
  cronJobs,
  daemonSets,
  deployments,
  endpointSlices,
  events,
  type Job,
  jobs,
  ownerOf,
  placeOf,
  pods,
  podsOf,
  replicaSets,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
} from "../kubernetes/mod.ts";
import { addressChecks } from "./explain/addresses.ts";
import { connectionEdges, connectionsCheck } from "./explain/databases.ts";
import { imageCheck, imageEdges } from "./images.ts";
import { podLogs } from "./log_signals.ts";
import { makingEdges, podEdges } from "./pod_edges.ts";
import { outsideHostsCheck } from "./outside_hosts.ts";
import { partsTable } from "./parts.ts";
import { creationError, workloadChecks } from "./readiness.ts";
import { configMapKeyCheck, sameKeys, secretKeyCheck } from "./secret_keys.ts";
import { routeCheck } from "./explain/routes.ts";
import { eventsOf } from "./events.ts";
import { podCheck } from "./pods.ts";
import { serviceCheck, serviceEdges } from "./services.ts";
import { jobWords } from "./words.ts";
import { componentOfRole } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

export { blamesOthers } from "./log_signals.ts";
export { podEdges, servicesOf } from "./pod_edges.ts";
export { eventsOf, eventsSince } from "./events.ts";
export { podCheck } from "./pods.ts";
export { workloadChecks } from "./readiness.ts";
export { listingOf, logsOf, namespacesOfParts, type Part, partsOf } from "./parts.ts";
export { missingRole, noneFound, PART_SOURCES, roleCheck } from "./required.ts";
export { selectedPods, serviceCheck, serviceEdges } from "./services.ts";

const jobCheck: KindCheck<Job> = {
  id: "jobs.completed",
  title: "jobs",
  explain: "A Job that failed for good is a warning, whoever made it. Running and finished Jobs are healthy.",
  source: jobs,
  words: [jobWords],
  component: placeOf,
  ref: (job) => refOf("Job", job),
  judge(job, world) {
    const { namespace, name } = job.metadata ?? {};
    const failed = conditionOf(job, "Failed");
    const told = eventsOf(world, "Job", job).find((event) => event.reason === "FailedCreate");
    const next = [command`kubectl -n ${namespace} logs job/${name} --tail=50`];
    if (failed?.status === "True") {
      const age = ageText(ageSeconds(world.now, failed.lastTransitionTime) ?? 0);
      return {
        status: "warning",
        reason: "JobFailed",
        message: `failed ${age} ago and will not be tried again: ${failed.message ?? failed.reason}`,
        evidence: "status.conditions[Failed]",
        next,
      };
    }
    if (
      !told || job.spec?.suspend || conditionOf(job, "Complete")?.status === "True" ||
      (job.status?.active ?? 0) > 0
    ) {
      return undefined;
    }
    return {
      status: "critical",
      reason: "FailedCreate",
      message: `cannot create its pods: ${told.message}`,
      evidence: "events FailedCreate",
      next,
    };
  },
};

/** Why pods are rejected now, by namespace: an event alone may tell of what is over. */
const creationErrorsIn = perWorld((world) => {
  const found: [namespace: string, message: string][] = [];
  for (const [kind, source] of MAKERS) {
    for (const object of world.list(source)) {
      const said = creationError(kind, object, world);
      if (said) found.push([object.metadata?.namespace ?? "", said]);
    }
  }
  for (const job of world.list(jobs)) {
    const judged = world.judge(jobCheck, job);
    if (judged?.reason === "FailedCreate") found.push([job.metadata?.namespace ?? "", judged.message]);
  }
  const byNamespace = Map.groupBy(found, ([namespace]) => namespace);
  return new Map([...byNamespace].map(([namespace, all]) => [namespace, all.map(([, message]) => message)]));
});

const MAKERS = [["Deployment", deployments], ["StatefulSet", statefulSets], [
  "DaemonSet",
  daemonSets,
]] as const;

const quotaCheck: KindCheck<NonNullable<ReturnType<typeof resourceQuotas.read>>> = {
  id: "resourcequotas.room",
  title: "resource quotas",
  explain: "A quota is at fault when it rejects the pods of a workload that still waits for them.",
  source: resourceQuotas,
  also: [events, deployments, statefulSets, daemonSets, jobs],
  component: placeOf,
  ref: (quota) => refOf("ResourceQuota", quota),
  judge(quota, world) {
    const { namespace, name } = quota.metadata ?? {};
    const refused = creationErrorsIn(world).get(namespace ?? "")?.find((message) =>
      message.includes(`exceeded quota: ${name},`)
    );
    if (!refused) return undefined;
    const asked = Object.entries(quota.status?.hard ?? {}).filter(([key]) => refused.includes(`${key}=`));
    return {
      status: "critical",
      reason: "QuotaExceeded",
      message: `rejects new pods: ${refused}`,
      observed:
        asked.map(([key, hard]) => `${key}: ${own(quota.status?.used, key)} used, ${hard} allowed`).join(
          ", ",
        ) ||
        "exceeded",
      expected: "room for the pods that are asked for",
      evidence: "events FailedCreate",
      next: [command`kubectl -n ${namespace} describe resourcequota ${name}`],
    };
  },
};

function workloadEdges(world: World): Edge[] {
  const edges: Edge[] = [];
  for (const job of world.list(jobs)) {
    const from = refOf("Job", job);
    for (const pod of podsOf(world, "Job", from.namespace ?? "", from.name)) {
      edges.push({
        from,
        to: refOf("Pod", pod),
        via: "its pods",
        explains: ["JobFailed"],
        because: POD_ERRORS,
      });
    }
    const owner = ownerOf(job);
    const judged = world.judge(jobCheck, job);
    const said = judged?.reason === "FailedCreate" ? judged.message : undefined;
    edges.push(
      ...makingEdges(from, false, job.spec?.template?.spec),
      ...mentionEdges(from, said, ["FailedCreate"]),
    );
    if (owner?.kind === "CronJob") {
      edges.push({ from: { ...from, ...owner }, to: from, via: "its last run", explains: ["JobFailed"] });
    }
  }
  for (const quota of world.list(resourceQuotas)) {
    const to = refOf("ResourceQuota", quota);
    for (const from of makersIn(world).get(to.namespace ?? "") ?? []) {
      edges.push({ from, to, via: "quota", explains: ["FailedCreate"] });
    }
  }
  return edges;
}

const makersIn = perWorld((world) =>
  Map.groupBy(
    [
      ...MAKERS.flatMap(([kind, source]) => world.list(source).map((object) => refOf(kind, object))),
      ...world.list(jobs).map((object) => refOf("Job", object)),
    ],
    ({ namespace }) => namespace ?? "",
  )
);

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
    ...addressChecks,
    jobCheck,
    serviceCheck,
    routeCheck,
    quotaCheck,
    secretKeyCheck,
    configMapKeyCheck,
  ],
  checks: [imageCheck, connectionsCheck, outsideHostsCheck],
  edges: (world) => [
    ...podEdges(world),
    ...serviceEdges(world),
    ...workloadEdges(world),
    ...imageEdges(world),
    ...connectionEdges(world),
  ],
  instead: sameKeys,
  tables: (world) => [partsTable(world)].filter(({ rows }) => rows.length > 0),
};
