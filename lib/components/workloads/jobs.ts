/** Judges Jobs by how they ended, and those of a CronJob by its later ones. */
import type { Edge, KindCheck, World } from "../../engine/model.ts";
import {
  ageSeconds,
  ageText,
  conditionOf,
  mentionEdges,
  perWorld,
  POD_ERRORS,
  refOf,
} from "../common/mod.ts";
import { cronJobs, type Job, jobs, ownerOf, placeOf, podsOf } from "../kubernetes/mod.ts";
import { makingEdges } from "./pod_edges.ts";
import { failedCreate } from "./readiness.ts";
import { jobEventWords, jobWords } from "./words.ts";
import { command } from "../../untrusted/shell.ts";

/** When the last Job of each CronJob that succeeded did so, in milliseconds, by `namespace/name` of the CronJob. */
const succeeded = perWorld((world) => {
  const found = new Map<string, number>();
  const add = (key: string, time: string | undefined) => {
    const at = Date.parse(time ?? "");
    if (!Number.isNaN(at)) found.set(key, Math.max(found.get(key) ?? 0, at));
  };
  for (const { metadata, status } of world.list(cronJobs)) {
    add(`${metadata?.namespace}/${metadata?.name}`, status?.lastSuccessfulTime);
  }
  for (const job of world.list(jobs)) {
    const complete = conditionOf(job, "Complete");
    const key = cronJobOf(job);
    if (key && complete?.status === "True") add(key, complete.lastTransitionTime);
  }
  return found;
});

function cronJobOf(job: Job): string | undefined {
  const owner = ownerOf(job);
  return owner?.kind === "CronJob" ? `${job.metadata?.namespace}/${owner.name}` : undefined;
}

/** Whether its CronJob has done since then what this one did not. */
function isMadeGood(job: Job, failedAt: string | undefined, world: World): boolean {
  const since = succeeded(world).get(cronJobOf(job) ?? "");
  return since !== undefined && since > Date.parse(failedAt ?? "");
}

export const jobCheck: KindCheck<Job> = {
  id: "jobs.completed",
  title: "jobs",
  explain:
    "A Job that failed for good is a warning, whoever made it, unless a later Job of the same CronJob succeeded. Running " +
    "and finished Jobs are healthy.",
  source: jobs,
  words: [jobWords, jobEventWords],
  component: placeOf,
  ref: (job) => refOf("Job", job),
  judge(job, world) {
    const { namespace = "", name = "" } = job.metadata ?? {};
    const failed = conditionOf(job, "Failed");
    const next = [command`kubectl -n ${namespace} logs job/${name} --tail=50`];
    if (failed?.status === "True") {
      if (isMadeGood(job, failed.lastTransitionTime, world)) return undefined;
      const age = ageText(ageSeconds(world.now, failed.lastTransitionTime) ?? 0);
      return {
        status: "warning",
        reason: "JobFailed",
        message: `failed ${age} ago and will not be tried again: ${failed.message ?? failed.reason}`,
        evidence: "status.conditions[Failed]",
        next,
      };
    }
    const isDone = conditionOf(job, "Complete")?.status === "True";
    if (job.spec?.suspend || isDone || (job.status?.active ?? 0) > 0) return undefined;
    const told = failedCreate(world, "Job", job, podsOf(world, "Job", namespace, name));
    return told && {
      status: "critical",
      reason: "FailedCreate",
      message: `cannot create its pods: ${told.message}`,
      evidence: "events FailedCreate",
      next,
    };
  },
};

/** A Job needs its pods, and what they are made of. */
export function jobEdges(world: World): Edge[] {
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
  return edges;
}
