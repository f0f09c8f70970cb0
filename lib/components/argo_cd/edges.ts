/** What Applications need: what they hold, Argo CD's own parts, and what their messages name. */
import { type Edge, GONE, IN_PROGRESS, isAbsent, type ObjectRef, type World } from "../../engine/model.ts";
import { kindEdges, mentionEdges, perWorld, refOf } from "../common/mod.ts";
import { dnsEdge, filling, OPERATOR_DOWN } from "../kubernetes/mod.ts";
import { type Application, applicationSets } from "./kinds.ts";
import { projectOf } from "./projects.ts";
import { platformApplications, wantedBy } from "./resources.ts";

/** Argo CD's own workloads that Applications need. */
export const PARTS = [
  "argocd-application-controller",
  "argocd-repo-server",
  "argocd-applicationset-controller",
] as const;
export type ArgoPart = typeof PARTS[number];

/** Where this part of Argo CD runs. */
export function partOf(world: World, part: ArgoPart): ObjectRef[] {
  return filling(world, part).map(({ ref }) => ref);
}

/** Where it usually is. */
export function usualPartOf(world: World, part: ArgoPart): ObjectRef {
  const [application] = platformApplications(world);
  const kind = part === "argocd-application-controller" ? "StatefulSet" : "Deployment";
  return { kind, namespace: application?.metadata?.namespace ?? "argocd", name: part };
}

/** Reasons that what it holds can explain. */
const HEALTH = ["Degraded", "ProgressingTooLong", "SyncStuck", IN_PROGRESS];
/** Reasons that say that something could not be applied. */
const APPLY = ["SyncFailed", "SyncStuck", "ComparisonFailed", "ControllerError", IN_PROGRESS];
/** Reasons that say that nothing could be compared: Git, Helm and Kustomize are read by the repo server. */
const COMPARE = [
  "ComparisonFailed",
  "InvalidSpec",
  "ControllerError",
  "SyncFailed",
  "SyncUnknown",
  "HealthUnknown",
];
const CONTROLLER = [
  ...["NotReconciled", "NotApplied", "ProgressingTooLong", "SyncStuck", "TerminatingStuck"],
  ...["SyncUnknown", "HealthUnknown", IN_PROGRESS],
];

/** Reasons that say that something may not be applied. */
const PROJECT = [
  "InvalidSpec",
  "SyncFailed",
  "SyncUnknown",
  "ComparisonFailed",
  "NotApplied",
  "HealthUnknown",
];

export const argoEdges = perWorld((world): Edge[] => [
  ...platformApplications(world).flatMap((object) => applicationEdges(object, world)),
  ...world.list(applicationSets).flatMap((object) => {
    const from = refOf("ApplicationSet", object);
    return controlled(from, world, "argocd-applicationset-controller", [
      "TerminatingStuck",
      "GenerationFailed",
    ]);
  }),
]);

function controlled(from: ObjectRef, world: World, part: ArgoPart, explains: readonly string[]): Edge[] {
  const found = partOf(world, part);
  return (found.length > 0 ? found : [usualPartOf(world, part)]).map((to): Edge => ({
    from,
    to,
    via: "reconciled by",
    explains,
    because: [...OPERATOR_DOWN],
    unknown: true,
    optional: true,
  }));
}

function applicationEdges(object: Application, world: World): Edge[] {
  const from = refOf("Application", object);
  const { conditions = [], operationState, health } = object.status ?? {};
  const failures = operationState?.syncResult?.resources ?? [];
  const said = [...conditions, operationState, health, ...failures].map((one) => one?.message).join(" ");
  // Of an Application that was never applied nothing is missed: it says so itself.
  const none = health?.status === "Missing" || operationState === undefined;
  return [
    ...wantedBy(object).map((to): Edge => {
      const absent = isAbsent(world, to);
      return {
        from,
        to,
        via: "resources",
        // What it has not made explains nothing of it: it is the other way round.
        explains: absent ? [] : HEALTH,
        optional: none,
        decisive: true,
      };
    }),
    ...controlled(from, world, "argocd-application-controller", CONTROLLER),
    ...controlled(from, world, "argocd-repo-server", COMPARE),
    {
      from,
      to: projectOf(object, world),
      via: "project",
      explains: PROJECT,
      because: ["Forbids", ...GONE],
      // Argo CD makes the default one itself, and says so when it lacks another.
      optional: !conditions.some(({ message }) =>
        /project .{0,300}(does not exist|not found)/.test(message ?? "")
      ),
      decisive: true,
    },
    dnsEdge(from, world, COMPARE),
    ...mentionEdges(from, said, APPLY, { namespace: object.spec?.destination?.namespace }),
    ...kindEdges(from, said, APPLY, world),
  ];
}
