/** Argo CD: what should be applied, whether it was, and the controllers that do it. */
import { are, count } from "../../engine/sentence.ts";
import {
  type Check,
  type Component,
  type KindCheck,
  type ListSource,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, notServed, refOf, servedCheck } from "../common/mod.ts";
import { operatorCheck, statefulSets } from "../kubernetes/mod.ts";
import { deployments } from "../kubernetes/mod.ts";
import { argoEdges, type ArgoPart, partOf, PARTS, usualPartOf } from "./edges.ts";
import { isAutomated, judgeApplication, judgeApplicationSet } from "./judge.ts";
import {
  type Application,
  applications,
  type ApplicationSet,
  applicationSets,
  appProjects,
} from "./kinds.ts";
import { makersOf } from "./makers.ts";
import { projectCheck } from "./projects.ts";
import { isOfPlatform, platformApplications } from "./resources.ts";
import { applicationSetWords, applicationWords } from "./words.ts";
import { command } from "../../untrusted/shell.ts";

export * from "./kinds.ts";
export { applicationsOf, holdsKind, platformApplications, wantedBy } from "./resources.ts";

const NAME = "argo-cd";

/** Argo CD looks at each Application every few minutes; one that it has not looked at for so long it does not. */
const LOOKED_AT_SECONDS = 3600;

const applicationCheck: KindCheck<Application> = {
  id: "argo-cd.applications",
  title: "Applications",
  explain:
    "An Application that applies something to where the platform runs is Healthy and Synced. One that is OutOfSync while all " +
    "that it holds is there is no fault, for what runs goes on, and neither is one whose automated sync is off. What keeps " +
    "Argo CD from applying a change is a warning, and critical while something that the Application holds is absent. An " +
    "Application that holds what does not exist is a warning, and critical if something waits for that. Applications of other " +
    "namespaces and of other clusters are not judged.",
  source: applications,
  words: applicationWords,
  concerns: isOfPlatform,
  component: () => NAME,
  ref: (object) => refOf("Application", object),
  judge: judgeApplication,
};

const setCheck: KindCheck<ApplicationSet> = {
  id: "argo-cd.applicationsets",
  title: "ApplicationSets",
  explain:
    "An ApplicationSet could make its Applications. One that could not is a warning: those that exist go on, and what it did not " +
    "make is missed by what waits for it.",
  source: applicationSets,
  words: [applicationSetWords],
  also: [applications],
  concerns: (object, world) => makesOurs(object, world),
  component: () => NAME,
  ref: (object) => refOf("ApplicationSet", object),
  judge: judgeApplicationSet,
};

/** Whether an Application of the platform is its own, or it has none at all, so that nobody knows whose it is. */
function makesOurs({ metadata }: ApplicationSet, world: World): boolean {
  const isIts = (object: Application) =>
    object.metadata?.namespace === metadata?.namespace &&
    object.metadata?.ownerReferences?.some(({ kind, name }) =>
      kind === "ApplicationSet" && name === metadata?.name
    );
  return platformApplications(world).some(isIts) || !world.list(applications).some(isIts);
}

const presentCheck: Check = {
  id: "argo-cd.present",
  title: "Argo CD has something to apply",
  explain:
    "Says how many Applications apply something to where the platform runs, and how many are synced without anybody's doing.",
  needs: [applications],
  object: () => ({ kind: "Application", name: "*" }),
  run(world) {
    const all = platformApplications(world);
    if (all.length === 0) {
      const message = "No Application of Argo CD applies anything to where this platform runs";
      return [{ status: "skipped", reason: "NotUsed", message }];
    }
    const manual = all.filter((object) => !isAutomated(object)).length;
    const message = `${count(all.length, "Application")} ${
      are(all.length)
    } of this platform, and automated sync is ${
      manual === 0 ? "on for all of them" : `off for ${manual} of them, which breaks nothing by itself`
    }`;
    return [{
      status: "ok",
      reason: "Found",
      message,
      observed: `${all.length}, ${manual} without automated sync`,
    }];
  },
};

/** A part of Argo CD that the platform's Applications need; one that works from elsewhere is not missed here. */
function partCheck(part: ArgoPart, source: ListSource, stands: string): Check {
  return operatorCheck({
    id: `argo-cd.${part.replace("argocd-", "")}`,
    title: `Argo CD's ${part.replace("argocd-", "")}`,
    needs: [source, deployments, statefulSets],
    used: (world) =>
      part !== "argocd-applicationset-controller" &&
      platformApplications(world).some(({ status }) =>
        (ageSeconds(world.now, status?.reconciledAt) ?? Infinity) > LOOKED_AT_SECONDS
      ),
    found: (world) => platformApplications(world).length > 0 ? partOf(world, part) : [],
    fallback: (world) => usualPartOf(world, part),
    stands,
  });
}

function namespaces(world: World): string[] {
  const own = platformApplications(world);
  const parts = own.length > 0 ? PARTS.flatMap((part) => partOf(world, part)) : [];
  return [...parts.map(({ namespace }) => namespace), ...own.map(({ metadata }) => metadata?.namespace)]
    .flatMap((name) => name ?? []);
}

export const argoCd: Component = {
  name: NAME,
  title: "Argo CD",
  dependsOn: ["kubernetes"],
  sources: [applications, applicationSets, appProjects],
  namespaces,
  kinds: [applicationCheck, setCheck, projectCheck],
  checks: [
    servedCheck(
      NAME,
      "Argo CD",
      [applications, applicationSets],
      (world, source) => source === applications && partOf(world, "argocd-application-controller").length > 0,
    ),
    partCheck(
      "argocd-application-controller",
      applications,
      "nothing that is declared is applied or restored",
    ),
    partCheck("argocd-repo-server", applications, "no Application is compared with Git"),
    partCheck(
      "argocd-applicationset-controller",
      applicationSets,
      "no ApplicationSet makes or changes an Application",
    ),
    presentCheck,
  ],
  makersShown: (world) =>
    notServed(world, applications) ? [] : [command`kubectl get applications.argoproj.io -A`],
  edges: argoEdges,
  makers: makersOf,
};
