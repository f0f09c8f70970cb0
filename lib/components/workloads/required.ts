/** The check that every part of the platform shares: its workload is there, wanted, and ready. */
import {
  type Check,
  type ListSource,
  type ObjectJudgement,
  refText,
  type World,
} from "../../engine/model.ts";
import { unreadAmong } from "../common/mod.ts";
import { about, count } from "../../engine/sentence.ts";
import { declaredRole, deployments, pods, services, statefulSets, type Workload } from "../kubernetes/mod.ts";
import { type Part, partsOf, servedBy } from "./parts.ts";
import { makersShown, WANTING } from "../gitops/mod.ts";
import { workloadChecks } from "./readiness.ts";
import { command } from "../../untrusted/shell.ts";
import type { Need, Role, RoleName } from "../../platform/mod.ts";

interface RoleSpec {
  role: Role;
  /** As in `nessie.pods-ready`. */
  component: string;
  title: string;
  /** Without it there is no lakehouse: a platform where none is found could not be judged. */
  core?: true;
  /** A broader role that it fills: what is declared of that one holds for it, too. */
  within?: RoleName;
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
      if (parts.length > 0) return parts.map((part) => judgePart(part, world));
      return [needOf(spec, world) === "required" ? missingRole(role, title, world) : noneFound(spec, world)];
    },
  };
}

function needOf({ role, within }: Pick<RoleSpec, "role" | "within">, world: World): Need | undefined {
  return (declaredRole(world, role) ?? (within && declaredRole(world, within)))?.need;
}

/** What a check of a role says where nothing fills it. */
export function noneFound(
  { role, title, core, within }: Pick<RoleSpec, "role" | "title" | "core" | "within">,
  world: World,
): ObjectJudgement {
  const object = { kind: "Deployment", name: "*" };
  const need = needOf({ role, within }, world);
  if (need === "absent") {
    const message = `The declaration of the platform says that it has no ${title}`;
    return { object, status: "skipped", reason: "DeclaredAbsent", message };
  }
  const blind = unreadAmong(WANTED_BY, world);
  if (blind) return { object, ...blind };
  const message = `No workload here is recognised as ${title}`;
  if (need === "optional") return { object, status: "skipped", reason: "NotFound", message };
  return { object, status: core ? "unknown" : "skipped", reason: "NotFound", message };
}

/** What is said of a role that is declared to be required, and that nothing fills. */
export function missingRole(role: RoleName, title: string, { namespace }: World): ObjectJudgement {
  return {
    object: { kind: "PlatformRole", name: role },
    status: "critical",
    reason: "Missing",
    message: `The declaration of the platform requires ${title}, and nothing here is recognised as it`,
    observed: "absent",
    expected: "present",
    evidence: `roles.${role} of the declaration`,
    next: [
      command`kubectl -n ${namespace} get deployments,statefulsets`,
      command`deno task data-platform:discover`,
    ],
  };
}

function judgePart(part: Part, world: World): ObjectJudgement {
  const { workload, object } = part;
  const named = refText(workload);
  const serving = object ? undefined : servedBy(part, world);
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
