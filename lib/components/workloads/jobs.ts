/** Judges Jobs: those that failed for good, and those whose pods cannot be created. */
import type { Edge, KindCheck, World } from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, mentionEdges, POD_ERRORS, refOf } from "../common/mod.ts";
import { type Job, jobs, ownerOf, placeOf, podsOf } from "../kubernetes/mod.ts";
import { command } from "../../untrusted/shell.ts";
import { eventsOf } from "./events.ts";
import { makingEdges } from "./pod_edges.ts";
import { jobWords } from "./words.ts";

export const jobCheck: KindCheck<Job> = {
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
