/** The check that every part of the platform shares: its workload is there, wanted, and ready. */
import {
  type Check,
  type ListSource,
  type ObjectJudgement,
  refText,
  type World,
} from "../../engine/model.ts";
import { refOf, unreadAmong } from "../common/mod.ts";
import { about, count } from "../../engine/sentence.ts";
import { deployments, endpointsOf, pods, services, statefulSets, type Workload } from "../kubernetes/mod.ts";
import { makersShown, WANTING } from "../gitops/mod.ts";
import { type Part, partsOf } from "./parts.ts";
import { workloadChecks } from "./readiness.ts";
import { command } from "../../untrusted/shell.ts";
import type { Role } from "../../platform/mod.ts";

interface RoleSpec {
  role: Role;
  /** As in `nessie.pods-ready`. */
  component: string;
  title: string;
  /** Without it there is no lakehouse: a platform where none is found could not be judged. */
  core?: true;
}

/** What may want a part that was not found. */
const WANTED_BY: readonly ListSource[] = [services, ...WANTING];

/** What parts are found by, and what wants them. */
export const PART_SOURCES: readonly ListSource[] = [deployments, statefulSets, ...WANTED_BY];

/** The check that each workload of a role has as many ready pods as it asks for, and at least one. */
export function roleCheck(spec: RoleSpec): Check {
  const { role, component, title } = spec;
  return {
    id: `${component}.pods-ready`,
    title: `${title} pods`,
    explain:
      `Each workload that is recognised as ${title} by its label, chart, image or name asks for at least one pod, and has ` +
      "as many ready pods as it asks for. Zero of zero is critical, since nothing runs. One that a HelmRelease, an " +
      "Application or a Service wants and that does not exist is missing.",
    needs: [deployments, statefulSets],
    okNeeds: [pods],
    object: (world) => partsOf(world, role)[0]?.workload ?? { kind: "Deployment", name: "*" },
    run(world) {
      const parts = partsOf(world, role);
      return parts.length > 0 ? parts.map((part) => judgePart(part, world)) : [noneFound(spec, world)];
    },
  };
}

/** What a check of a role says where nothing fills it. */
export function noneFound({ title, core }: Pick<RoleSpec, "title" | "core">, world: World): ObjectJudgement {
  const object = { kind: "Deployment", name: "*" };
  const blind = unreadAmong(WANTED_BY, world);
  if (blind) return { object, ...blind };
  const message = `No workload here is recognised as ${title}`;
  return { object, status: core ? "unknown" : "skipped", reason: "NotFound", message };
}

function judgePart({ workload, object, services: fronts }: Part, world: World): ObjectJudgement {
  const named = refText(workload);
  const serving = object
    ? undefined
    : fronts.map((one) => refOf("Service", one)).find(({ namespace, name }) =>
      endpointsOf(world, namespace ?? "", name).ready > 0
    );
  if (serving) {
    const message = `${
      refText(serving)
    } has ready endpoints, of pods that no Deployment or StatefulSet makes`;
    return { object: serving, status: "ok", reason: "Serves", message };
  }
  if (!object) {
    return {
      object: workload,
      status: "critical",
      reason: "Missing",
      message: `${named} does not exist`,
      observed: "absent",
      expected: "present",
      evidence: "GET /apis/apps/v1/deployments",
      next: [
        command`kubectl -n ${workload.namespace} get deployments`,
        ...makersShown(world),
      ],
    };
  }
  return { object: workload, ...judgeReady(named, workload, object, world) };
}

function judgeReady(
  named: string,
  workload: Part["workload"],
  object: Workload,
  world: World,
): Omit<ObjectJudgement, "object"> {
  const desired = object.spec?.replicas ?? 1;
  const ready = object.status?.readyReplicas ?? 0;
  const base = {
    observed: `${ready} of ${desired} ready`,
    expected: "at least 1",
    evidence: "status.readyReplicas",
  };
  if (desired === 0) {
    const kind = workload.kind.toLowerCase();
    const next = [command`kubectl -n ${workload.namespace} scale ${kind} ${workload.name} --replicas=1`];
    const message = `${named} is scaled to zero, so nothing runs`;
    return { ...base, status: "critical", reason: "ScaledToZero", message, next };
  }
  const check = workload.kind === "StatefulSet" ? workloadChecks.StatefulSet : workloadChecks.Deployment;
  const judged = world.judge(check, object);
  if (judged) return about(workload, judged);
  if (ready < desired) {
    const message = `${named} has ${ready} of ${count(desired, "pod")} ready while a rollout is in progress`;
    return { ...base, status: ready > 0 ? "ok" : "warning", reason: "RollingOut", message };
  }
  return { ...base, status: "ok", reason: "Ready", message: `${named} has ${count(ready, "ready pod")}` };
}
