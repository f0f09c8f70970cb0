/** The platform as a whole: what is declared of it, whether that can be used, and whether it is there. */
import type {
  Check,
  Component,
  Edge,
  ObjectJudgement,
  ObjectRef,
  PlatformDescription,
  World,
} from "../../engine/model.ts";
import { ENGINE_CHECKS, isList, refText } from "../../engine/model.ts";
import { about, count, listed } from "../../engine/sentence.ts";
import { endOfDay } from "../../untrusted/day.ts";
import { refOf, unreadAmong } from "../common/mod.ts";
import {
  bearers,
  configMaps,
  declaration,
  DECLARED,
  declared,
  declaredHome,
  declaredRole,
  deployments,
  statefulSets,
} from "../kubernetes/mod.ts";
import { applications } from "../argo_cd/mod.ts";
import { helmReleases, kustomizations } from "../flux/mod.ts";
import { missingRole } from "../workloads/mod.ts";
import {
  isBroad,
  isJudgedByComponent,
  type Mute,
  ROLE_NAMES,
  type RoleName,
  titleOfRole,
} from "../../platform/mod.ts";
import { nearest } from "../../untrusted/edit_distance.ts";
import { command } from "../../untrusted/shell.ts";
import { fits } from "../../untrusted/wildcard.ts";
import { OTHER_CHECKS } from "./other_checks.ts";
import { filledRoles, objectsOf, sourcesOfRole } from "./roles.ts";

const NAME = "platform";
const NOTHING: ObjectRef = { kind: "PlatformDeclaration", name: "*" };

const titleOf = (role: RoleName) => isBroad(role) ? `the ${titleOfRole(role)}` : role;

/** `checks` are the ids of every check that a declaration can mute. */
function declarationCheck(checks: readonly string[]): Check {
  return {
    id: "platform.declaration",
    title: "declaration of the platform",
    explain:
      "The declaration of the platform, `--config` or a ConfigMap labelled `lakecheck.dev/platform`, can be read and used. A " +
      "muted check that does not exist, and a role that is declared absent and found, are warnings. Without a declaration " +
      "this is skipped: what is found is judged, and nothing optional is missed.",
    needs: [],
    object: () => NOTHING,
    run(world) {
      const found = declared(world);
      switch (found.state) {
        case "none":
          return [{
            status: "skipped",
            reason: "NotDeclared",
            message:
              "Nothing declares what this platform must have, so what is found is judged, and nothing optional is missed",
            next: [command`deno task data-platform:discover`],
          }];
        case "unread":
          return [unreadAmong([configMaps], world) ?? unusable(NOTHING, "could not be read")];
        case "unusable":
          return [unusable(found.object, found.why)];
        case "used":
          return judgeUsed(found, checks, world);
      }
    },
  };
}

function unusable(object: ObjectRef, why: string): ObjectJudgement {
  const { kind, namespace, name } = object;
  return {
    object,
    status: "unknown",
    reason: "DeclarationUnusable",
    message: `${refText(object)} ${why}; what it declares is not known`,
    evidence: "the declaration of the platform",
    next: [
      ...kind === "ConfigMap" ? [command`kubectl -n ${namespace} edit configmap ${name}`] : [],
      command`docs/schema/platform.v1.json says what a declaration may hold`,
    ],
  };
}

type Used = Extract<ReturnType<typeof declared>, { state: "used" }>;

function judgeUsed(
  { object, declaration, unused }: Used,
  checks: readonly string[],
  world: World,
): ObjectJudgement[] {
  const problems = [
    ...declaration.muted.map((mute) => mutingProblem(mute, checks, world)),
    ...absentProblems(world),
  ];
  const said = problems.filter((one) => one !== undefined);
  if (said.length > 0) return said.map((one) => ({ object, status: "warning", ...about(object, one) }));
  const roles = count(declaration.roles.size, "role");
  const instead = unused.length > 0 ? `, in place of ${listed(unused.map(refText))}` : "";
  const message = `${refText(object)} declares ${roles}${instead}`;
  return [{ object, status: "ok", reason: "Used", message }];
}

type Problem = Pick<ObjectJudgement, "reason" | "message">;

function mutingProblem(mute: Mute, checks: readonly string[], { now }: World): Problem | undefined {
  const { check, until } = mute;
  if (!checks.some((id) => fits(check, id))) {
    const near = nearest(check, checks);
    return {
      reason: "CheckUnknown",
      message: `mutes ${check}, which is no check${near ? `; did you mean ${near}?` : ""}`,
    };
  }
  if (now <= (endOfDay(until) ?? -Infinity)) return undefined;
  return {
    reason: "MuteExpired",
    message: `mutes ${check} until ${until}, which has passed: remove it, or set a later day`,
  };
}

/** Roles that are declared absent, and are there. */
function absentProblems(world: World): Problem[] {
  return ROLE_NAMES.flatMap((role): Problem[] => {
    if (isBroad(role) || declaredRole(world, role)?.need !== "absent") return [];
    const [one] = bearers(world, role);
    return one
      ? [{
        reason: "Contradicted",
        message: `declares ${role} absent, but ${refText(one.ref)} has ${one.by}`,
      }]
      : [];
  });
}

const rolesCheck: Check = {
  id: "platform.roles",
  title: "roles of the platform",
  explain:
    "Every role that the declaration requires is filled; one that nothing fills, and an object that it names and that does " +
    "not exist, are critical. The workloads of Nessie and of Spark have checks of their own. Where nothing of a lakehouse is " +
    "found, nothing can be judged.",
  needs: [deployments, statefulSets],
  object: () => ({ kind: "PlatformRole", name: "*" }),
  run(world) {
    const bad = ROLE_NAMES.flatMap((role) => judgeRole(role, world));
    if (bad.length > 0) return bad;
    const roles = filledRoles(world).filter(({ objects }) => objects.length > 0);
    if (roles.length === 0) {
      return [{ status: "unknown", reason: "NotFound", message: "No part of a lakehouse was found here" }];
    }
    const message = `${count(roles.length, "role")} of the platform ${
      roles.length === 1 ? "is" : "are"
    } filled`;
    return [{ status: "ok", reason: "Filled", message }];
  },
};

function judgeRole(role: RoleName, world: World): ObjectJudgement[] {
  if (declaredRole(world, role)?.need !== "required") return [];
  // Its component says how each of its workloads is, and that one is missing.
  if (role === "catalog" || (!isBroad(role) && isJudgedByComponent(role))) return [];
  const objects = objectsOf(world, role);
  const blind = unreadAmong([...sourcesOfRole(role)], world);
  const object = { kind: "PlatformRole", name: role };
  const isThere = objects.some(({ object }) => world.presence(object) === "present");
  if (blind && !isThere) return [{ object, ...blind }];
  if (objects.length === 0) return [missingRole(role, titleOf(role), world)];
  const isFilled = objects.some(({ missing }) => !missing);
  return objects.filter(({ missing, by }) => missing && (by === DECLARED || !isFilled)).map(({ object }) => ({
    object,
    status: "critical",
    reason: "Missing",
    message: `${refText(object)} does not exist, and the declaration of the platform requires it as ${
      titleOf(role)
    }`,
    observed: "absent",
    expected: "present",
    evidence: `roles.${role} of the declaration`,
  }));
}

/** A part that was never made may wait for whatever GitOps has not applied. */
function roleEdges(world: World): Edge[] {
  const required = [...declaration(world)?.roles ?? []].filter(([role, { need }]) =>
    need === "required" && objectsOf(world, role).length === 0
  );
  if (required.length === 0) return [];
  const makers = [
    ...world.list(kustomizations).map((object) => refOf("Kustomization", object)),
    ...world.list(helmReleases).map((object) => refOf("HelmRelease", object)),
    ...world.list(applications).map((object) => refOf("Application", object)),
  ];
  return required.flatMap(([role]) =>
    makers.map((to): Edge => ({
      from: { kind: "PlatformRole", name: role },
      to,
      via: "what GitOps applies",
      explains: ["Missing"],
      inferred: true,
    }))
  );
}

/** What the platform consists of, and where that is declared. */
function describe(world: World): PlatformDescription {
  const found = declared(world);
  return {
    namespace: world.namespace,
    ...found.state === "used" ? { declaration: refText(found.object) } : {},
    roles: filledRoles(world),
  };
}

/** The component of these others; a declaration can mute their checks, and those of the other commands. */
export function platformOf(others: readonly Component[]): Component {
  const own = ["platform.declaration", "platform.roles", ...Object.values(ENGINE_CHECKS)];
  const checks = [
    ...others.flatMap(({ kinds, checks }) => [...kinds, ...checks].map(({ id }) => id)),
    ...own,
    ...OTHER_CHECKS,
  ];
  return {
    name: NAME,
    title: "Platform",
    dependsOn: [],
    sources: [configMaps],
    namespaces: () => [],
    kinds: [],
    checks: [rolesCheck, declarationCheck(checks)],
    declaredHome,
    edges: roleEdges,
    platform: describe,
  };
}

/** Only what the platform consists of: the lists of these components, and none of their checks. */
export function discoveryOf(others: readonly Component[]): Component {
  return {
    ...platformOf(others),
    sources: others.flatMap(({ sources }) => sources.filter(isList)),
    home: (world) => others.flatMap((one) => one.home?.(world) ?? []),
  };
}
