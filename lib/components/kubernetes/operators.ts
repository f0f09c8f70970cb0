/** Operators: the workloads that make and keep everything else, and what stands still without them. */
import { about, plural } from "../../engine/sentence.ts";
import {
  type Check,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  refText,
  type Source,
  type World,
} from "../../engine/model.ts";
import { deployments, statefulSets, type Workload } from "./kinds.ts";
import { command } from "../../untrusted/shell.ts";

/** Reasons of an operator's Deployment that mean that it does not work. */
export const OPERATOR_DOWN = ["NoneReady", "Missing", "ScaledToZero", "FailedCreate", "NotObserved"] as const;

/** What an operator's check is told of it. */
export interface OperatorCheck {
  id: string;
  title: string;
  needs: Source[];
  /** Whether there is anything for the operator to do. */
  used(world: World): boolean;
  found(world: World): ObjectRef[];
  /** Where it should be when it is not found. */
  fallback: ObjectRef | ((world: World) => ObjectRef);
  /** What stands still while it does not run. */
  stands: string;
  /** Leave Deployments whose pods are not ready to the check of all workloads. */
  onlyScaled?: boolean;
}

/** Where operators live; where they usually do when there is none. */
export function namespacesOf(found: readonly ObjectRef[], usual: string): string[] {
  const names = new Set(found.flatMap(({ namespace }) => namespace ?? []));
  return names.size > 0 ? [...names] : [usual];
}

/**
 * The checks that believe what this operator writes, while none of its Deployments has a ready pod. Where nobody could
 * look, and where nothing here needs it, none.
 */
export function silentWithout(
  { used, found, fallback }: Pick<OperatorCheck, "used" | "found" | "fallback">,
  ...checks: string[]
): (world: World) => { checks: readonly string[]; by: ObjectRef }[] {
  return (world) => {
    const all = found(world);
    const runs = all.some(({ namespace, name }) =>
      (world.get(deployments, namespace, name)?.status?.readyReplicas ?? 0) > 0
    );
    if (world.failure(deployments) || runs || (all.length === 0 && !used(world))) return [];
    return [{ checks, by: all[0] ?? usualOf({ fallback }, world) }];
  };
}

function usualOf({ fallback }: Pick<OperatorCheck, "fallback">, world: World): ObjectRef {
  return typeof fallback === "function" ? fallback(world) : fallback;
}

/** The check that an operator runs, wherever it is. */
export function operatorCheck(spec: OperatorCheck): Check {
  const usual = (world: World) => usualOf(spec, world);
  return {
    id: spec.id,
    title: spec.title,
    explain:
      `${spec.title} runs with at least one ready pod in each of its Deployments. While it does not, ${spec.stands}.`,
    needs: spec.needs,
    object: (world) => spec.found(world)[0] ?? usual(world),
    run(world) {
      const found = spec.found(world);
      if (found.length === 0 && !spec.used(world)) {
        return [{
          status: "skipped",
          reason: "NotUsed",
          message: `${spec.title} is not installed, and nothing here needs it`,
        }];
      }
      if (found.length === 0) return [absent(usual(world), spec.stands)];
      const bad = found.flatMap((ref) => {
        const source = ref.kind === "StatefulSet" ? statefulSets : deployments;
        const object = world.get(source, ref.namespace, ref.name);
        const judged = object && judge(ref.kind, object, spec);
        return judged ? [{ ...about(ref, judged), object: ref }] : [];
      });
      const told = bad.filter(({ reason }) => !spec.onlyScaled || reason === "ScaledToZero");
      if (told.length > 0) return told;
      if (bad.length > 0) {
        const message = bad.length === 1
          ? `${refText(bad[0]?.object ?? usual(world))} has a finding of its own`
          : `Deployments ${bad.map(({ object }) => object.name).join(", ")} have findings of their own`;
        return [{ status: "skipped", reason: "JudgedAlready", message }];
      }
      const kind = found[0]?.kind ?? "Deployment";
      const message = `${found.length > 1 ? plural(kind) : kind} ${found.map((ref) => ref.name).join(", ")} ${
        found.length > 1 ? "have" : "has"
      } ready pods`;
      return [{
        status: "ok",
        reason: "Ready",
        message,
        observed: `${found.length} of ${found.length} ready`,
      }];
    },
  };
}

function absent(object: ObjectRef, stands: string): ObjectJudgement {
  return {
    object,
    status: "critical",
    reason: "Missing",
    message: `${refText(object)} does not exist, so ${stands}`,
    observed: "absent",
    expected: "present",
    evidence: `GET ${object.kind === "StatefulSet" ? statefulSets.path : deployments.path}`,
    next: [command`kubectl get ${object.kind.toLowerCase()}s -A | grep ${object.name}`],
  };
}

function judge(kind: string, object: Workload, { stands }: OperatorCheck): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const word = kind.toLowerCase();
  const desired = object.spec?.replicas ?? 1;
  const ready = object.status?.readyReplicas ?? 0;
  if (ready > 0) return undefined;
  const scale = command`kubectl -n ${namespace} scale ${word} ${name} --replicas=1`;
  return {
    status: "critical",
    reason: desired === 0 ? "ScaledToZero" : "NoneReady",
    message: `${desired === 0 ? "is scaled to zero" : "has no ready pod"}, so ${stands}`,
    observed: `${ready} of ${desired} ready`,
    expected: "at least 1",
    evidence: "status.readyReplicas",
    next: [desired === 0 ? scale : command`kubectl -n ${namespace} describe ${word} ${name}`],
  };
}
