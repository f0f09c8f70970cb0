/** Flux: what should be applied, whether it was, and the controllers that do it. */
import { are, count } from "../../engine/sentence.ts";
import {
  type Check,
  type Component,
  type KindCheck,
  type ListSource,
  type ObjectRef,
  refText,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, isReady, notServed, refOf, servedCheck } from "../common/mod.ts";
import { type Controller, CONTROLLERS, fluxEdges, orphanEdges } from "./edges.ts";
import { appliesKind, inventoryOf } from "./inventory.ts";
import { judgeHelmRelease, judgeKustomization, judgeSource } from "./judge.ts";
import {
  type FluxObject,
  type FluxSource,
  fluxSources,
  type HelmRelease,
  helmReleases,
  type Kustomization,
  kustomizations,
} from "./kinds.ts";
import { makersOf, NO_KUSTOMIZATION } from "./makers.ts";
import { cyclesOf } from "./references.ts";
import { kustomizationWords, releaseWords, sourceWords } from "./words.ts";
import {
  deployments,
  deploymentsOf,
  type OperatorCheck,
  operatorCheck,
  silentWithout,
} from "../kubernetes/mod.ts";
import { command } from "../../untrusted/shell.ts";

export { fluxEdges } from "./edges.ts";
export { appliesKind, holders } from "./inventory.ts";
export * from "./kinds.ts";

const NAME = "flux";

function controllers(world: World): ObjectRef[] {
  return deploymentsOf(world, ...CONTROLLERS);
}

const kustomizationCheck: KindCheck<Kustomization> = {
  id: "flux.kustomizations",
  title: "Kustomizations",
  explain:
    "A Kustomization is Ready. One that is suspended, or inside its timeout, or waits for another that is, is no fault; one " +
    "that waits for something that failed, that is in progress for longer than its timeout, or whose objects were taken " +
    "away is. A dependency or a source that does not exist, while one of nearly that name or of another namespace does, is " +
    "a wrong reference.",
  source: kustomizations,
  words: [kustomizationWords],
  component: () => NAME,
  ref: (object) => refOf("Kustomization", object),
  judge: judgeKustomization,
};

const releaseCheck: KindCheck<HelmRelease> = {
  id: "flux.helmreleases",
  title: "HelmReleases",
  explain:
    "A HelmRelease is Ready. One that is suspended or inside its timeout is no fault. One that has used up its retries stays " +
    "broken when its cause is gone, until it is reset.",
  source: helmReleases,
  words: [releaseWords],
  component: () => NAME,
  ref: (object) => refOf("HelmRelease", object),
  judge: judgeHelmRelease,
};

function sourceCheck(source: ListSource<FluxSource>): KindCheck<FluxSource> {
  return {
    id: `flux.${source.id}`,
    title: `${source.kind} sources`,
    explain:
      `Every ${source.kind} is Ready. While the artifact of its present spec is still served, a failure to refresh it is a ` +
      "warning: what runs goes on, but no change is applied.",
    source,
    words: [sourceWords(source.kind)],
    component: () => NAME,
    ref: (object) => refOf(source.kind, object),
    judge: (object, world) => judgeSource(source.kind, object, world),
  };
}

const presentCheck: Check = {
  id: "flux.present",
  title: "Flux has something to apply",
  explain:
    "There is at least one Kustomization or HelmRelease. Controllers without any have nothing to keep: somebody deleted the root.",
  needs: [kustomizations, helmReleases],
  object: () => NO_KUSTOMIZATION,
  run(world) {
    const all: FluxObject[] = [...world.list(kustomizations), ...world.list(helmReleases)];
    const declared = `${count(world.list(kustomizations).length, "Kustomization")} and ${
      count(world.list(helmReleases).length, "HelmRelease")
    }`;
    if (all.length === 0) {
      return [{
        status: "critical",
        reason: "NotFound",
        message: "There is no Kustomization and no HelmRelease, so Flux applies nothing",
        observed: "0",
        expected: "at least 1",
        evidence: `GET ${kustomizations.path}`,
        next: [command`kubectl apply -k kubernetes/flux/bootstrap`],
      }];
    }
    const ready = all.filter((object) => isReady(object)).length;
    const message = `${declared} exist, and ${ready} of them ${are(ready)} Ready`;
    return [{ status: "ok", reason: "Found", message, observed: `${ready} of ${all.length} Ready` }];
  },
};

const suspendedCheck: Check = {
  id: "flux.suspended",
  title: "suspended Flux objects",
  explain: "Says what is suspended, which is no fault, but is easily forgotten.",
  needs: [kustomizations, helmReleases],
  object: () => NO_KUSTOMIZATION,
  run(world) {
    const suspended = [
      ...world.list(kustomizations).map((object) => ({
        kind: "Kustomization",
        object: object as FluxObject,
      })),
      ...world.list(helmReleases).map((object) => ({ kind: "HelmRelease", object: object as FluxObject })),
    ].filter(({ object }) => object.spec?.suspend);
    if (suspended.length === 0) {
      return [{
        status: "ok",
        reason: "NoneSuspended",
        message: "No Kustomization or HelmRelease is suspended",
      }];
    }
    const named = suspended.map(({ kind, object }) => {
      const age = ageSeconds(world.now, conditionOf(object, "Ready")?.lastTransitionTime);
      return `${refText(refOf(kind, object))}${
        age === undefined ? "" : ` (last change of its state ${ageText(age)} ago)`
      }`;
    });
    const message = `${count(named.length, "object")} of Flux ${are(named.length)} suspended on purpose: ${
      named.join(", ")
    }`;
    return [{ status: "ok", reason: "Suspended", message, observed: `${suspended.length} suspended` }];
  },
};

const cycleCheck: Check = {
  id: "flux.cycles",
  title: "circles of dependencies",
  explain: "No Kustomization or HelmRelease depends, through others, on itself: such a circle never begins.",
  needs: [kustomizations, helmReleases],
  object: () => NO_KUSTOMIZATION,
  run(world) {
    const circles = cyclesOf(world);
    if (circles.length === 0) {
      return [{
        status: "ok",
        reason: "NoCircle",
        message: "No Kustomization or HelmRelease depends on itself",
      }];
    }
    return circles.flatMap((circle) => {
      const [first] = circle;
      if (!first) return [];
      const cycle = [...circle, first].map(({ name }) => name).join(" → ");
      return [{
        object: first,
        status: "critical" as const,
        reason: "DependencyCycle",
        message: `${refText(first)} depends on itself, so nothing in this cycle is ever applied: ${cycle}`,
        observed: cycle,
        expected: "no cycle",
        evidence: "spec.dependsOn",
        next: [command`kubectl -n ${first.namespace} get ${first.kind.toLowerCase()} ${first.name} -o yaml`],
      }];
    });
  },
};

/** Namespaces of the controllers, and of Kustomizations that applied something to the platform's own namespace. */
function namespaces(world: World): string[] {
  const appliers = world.list(kustomizations).filter((object) =>
    object.spec?.targetNamespace === world.namespace ||
    inventoryOf(object).some(({ namespace }) => namespace === world.namespace)
  );
  const own = [...controllers(world), ...appliers.map((object) => refOf("Kustomization", object))];
  const found = new Set(own.flatMap(({ namespace }) => namespace ?? []));
  return found.size > 0 ? [...found] : ["flux-system"];
}

/** The controllers that something here needs; helm-controller only where there are releases. */
function controller(name: Controller, source: ListSource<FluxObject>, stands: string): OperatorCheck {
  return {
    id: `flux.${name}`,
    title: `Flux's ${name}`,
    needs: [source, deployments],
    used: (world) => world.list(source).length > 0,
    found: (world) => deploymentsOf(world, name),
    fallback: { kind: "Deployment", namespace: "flux-system", name },
    stands,
  };
}

const SOURCE_CONTROLLER = controller(
  "source-controller",
  kustomizations,
  "no change of the manifests is applied",
);
const KUSTOMIZE_CONTROLLER = controller(
  "kustomize-controller",
  kustomizations,
  "nothing that is declared is applied or restored",
);
const HELM_CONTROLLER = controller(
  "helm-controller",
  helmReleases,
  "no release is installed, upgraded or corrected",
);

const silences = [
  silentWithout(SOURCE_CONTROLLER, ...fluxSources.map(({ id }) => `flux.${id}`)),
  silentWithout(KUSTOMIZE_CONTROLLER, kustomizationCheck.id),
  silentWithout(HELM_CONTROLLER, releaseCheck.id),
];

export const flux: Component = {
  name: NAME,
  title: "Flux",
  dependsOn: ["kubernetes"],
  sources: [kustomizations, helmReleases, ...fluxSources],
  namespaces,
  kinds: [kustomizationCheck, releaseCheck, ...fluxSources.map(sourceCheck)],
  checks: [
    servedCheck(
      NAME,
      "Flux",
      [kustomizations, helmReleases, ...fluxSources],
      (world, source) =>
        appliesKind(world, source) || (source === kustomizations && controllers(world).length > 0),
    ),
    ...[SOURCE_CONTROLLER, KUSTOMIZE_CONTROLLER, HELM_CONTROLLER].map(operatorCheck),
    presentCheck,
    suspendedCheck,
    cycleCheck,
  ],
  makersShown: (world) => notServed(world, kustomizations) ? [] : [command`flux get kustomizations -A`],
  edges: (world) => [...fluxEdges(world), ...orphanEdges(world)],
  silent: (world) => silences.flatMap((silent) => silent(world)),
  makers: makersOf,
};
