/** What Flux's objects refer to by name: dependencies, sources, charts; and whether the name is right. */
import {
  isAbsent,
  type Judgement,
  type ListSource,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, conditionOf, goSeconds, perWorld, refOf } from "../common/mod.ts";
import {
  type FluxObject,
  type HelmRelease,
  helmReleases,
  type Kustomization,
  kustomizations,
} from "./kinds.ts";
import { looksLike } from "../../untrusted/edit_distance.ts";
import { failingIn } from "./health.ts";
import { isGoing } from "./words.ts";

/** A dependency that has just become Ready is noticed within this time (Flux asks again every 30 s). */
const NOTICE_SECONDS = 300;

interface Dependent {
  metadata?: { name?: string; namespace?: string };
  spec?: { dependsOn?: { name?: string; namespace?: string }[] };
}

/** `dependsOn`, whose namespace defaults to the object's own. */
export function dependenciesOf(kind: string, object: Dependent): ObjectRef[] {
  return (object.spec?.dependsOn ?? []).map(({ name, namespace }) => ({
    kind,
    namespace: namespace ?? object.metadata?.namespace,
    name: name ?? "",
  }));
}

/** What the object takes its manifests or chart from, as its spec names it. */
export function manifestsOf(object: Kustomization | HelmRelease): ObjectRef | undefined {
  const spec: { sourceRef?: Place; chartRef?: Place; chart?: { spec?: { sourceRef?: Place } } } =
    object.spec ?? {};
  const ref = spec.sourceRef ?? spec.chartRef ?? spec.chart?.spec?.sourceRef;
  if (!ref?.name) return undefined;
  return {
    kind: ref.kind ?? "GitRepository",
    namespace: ref.namespace ?? object.metadata?.namespace,
    name: ref.name,
  };
}

interface Place {
  kind?: string;
  name?: string;
  namespace?: string;
}

/** The HelmChart that helm-controller makes for a release with a chart template. */
export function chartOf(object: HelmRelease): ObjectRef | undefined {
  const ref = object.spec?.chart?.spec?.sourceRef;
  if (!ref || object.spec?.chartRef) return undefined;
  const { namespace, name } = object.metadata ?? {};
  const [place, chart] = object.status?.helmChart?.split("/") ?? [];
  return {
    kind: "HelmChart",
    namespace: place ?? ref.namespace ?? namespace,
    name: chart ?? `${namespace}-${name}`,
  };
}

/** The objects of its kind that an absent reference may have meant: the same name elsewhere, or nearly the name. */
function meant(ref: ObjectRef, world: World): ObjectRef[] {
  const source = world.kinds.get(ref.kind);
  if (!source || !isAbsent(world, ref)) return [];
  const all = world.list(source as ListSource<FluxObject>).map((object) => refOf(ref.kind, object));
  const elsewhere = all.filter((other) => other.name === ref.name);
  return elsewhere.length > 0
    ? elsewhere
    : all.filter((other) => other.namespace === ref.namespace && looksLike(other.name, ref.name));
}

/** Whether a reference names nothing, while something has nearly that name: then the reference is at fault. */
export function isMisnamed(ref: ObjectRef, world: World): boolean {
  return meant(ref, world).length > 0;
}

/** Says which reference is wrong, and what exists instead. */
export function misnamed(
  kind: string,
  object: Kustomization | HelmRelease,
  world: World,
): Pick<Judgement, "reason" | "message" | "observed" | "expected" | "evidence"> | undefined {
  const source = manifestsOf(object);
  const candidates = [
    ...dependenciesOf(kind, object).map((ref) => ({ ref, reason: "WrongDependency", at: "spec.dependsOn" })),
    ...source ? [{ ref: source, reason: "WrongSource", at: "spec.sourceRef" }] : [],
  ];
  for (const { ref, reason, at } of candidates) {
    const others = meant(ref, world);
    if (others.length === 0) continue;
    const exist = others.map(refText).join(", ");
    return {
      reason,
      message: `names ${refText(ref)} in ${at}, which does not exist; ${exist} does`,
      observed: refText(ref),
      expected: exist,
      evidence: at,
    };
  }
  return undefined;
}

/**
 * Whether all it waits for is Ready or in progress, so that it will go on by itself. What waits in a circle, for
 * something suspended or absent, or for something that has failed, will not.
 */
export function isWaiting(object: Dependent & FluxObject, world: World, kind = "Kustomization"): boolean {
  const key = `${kind}/${object.metadata?.namespace}/${object.metadata?.name}`;
  const known = waitingByKey(world);
  const told = known.get(key);
  if (told !== undefined) return told;
  // What is met again is in a circle.
  known.set(key, false);
  const source = kind === "HelmRelease" ? helmReleases : kustomizations;
  const states = dependenciesOf(kind, object).map((ref) => stateOf(ref, source, world));
  const since = ageSeconds(world.now, conditionOf(object, "Ready")?.lastTransitionTime) ?? 0;
  const waits = !states.includes("lost") && (states.includes("moving") || since < NOTICE_SECONDS);
  known.set(key, waits);
  return waits;
}

const waitingByKey = perWorld(() => new Map<string, boolean>());

/** `lost`: it will not become Ready by itself. */
function stateOf(ref: ObjectRef, source: ListSource, world: World): "ready" | "moving" | "lost" {
  const found = world.get(source as ListSource<Dependent & FluxObject>, ref.namespace, ref.name);
  const ready = found && conditionOf(found, "Ready");
  if (!found || found.metadata?.deletionTimestamp) return "lost";
  if (ready?.status === "True") return "ready";
  if (found.spec?.suspend) return "lost";
  if (ready?.status !== "False" || isGoing(ready)) return inTime(found, world) ? "moving" : "lost";
  return ready.reason === "DependencyNotReady" && isWaiting(found, world, ref.kind) ? "moving" : "lost";
}

/** Whether a dependency that is in progress is still inside its timeout, and nothing that it waits for has failed. */
function inTime(
  object: FluxObject & { spec?: { timeout?: string; interval?: string } },
  world: World,
): boolean {
  const ready = conditionOf(object, "Ready");
  const since = ageSeconds(world.now, ready?.lastTransitionTime ?? object.metadata?.creationTimestamp) ?? 0;
  const limit = goSeconds(object.spec?.timeout) ?? goSeconds(object.spec?.interval) ?? 300;
  return since <= (ready ? limit + 60 : 120) && failingIn(object, world).length === 0;
}

/** Reasons of a Kustomization or a release that waits for another object of Flux. */
const WAITS = ["DependencyNotReady", "ArtifactFailed", "SourceNotReady"];

/** Who waits for what: by the object that is waited for. What is suspended itself waits for nothing. */
const waitersByRef = perWorld((world) => {
  const found = new Map<string, ObjectRef[]>();
  for (const [kind, source] of [["Kustomization", kustomizations], ["HelmRelease", helmReleases]] as const) {
    for (const object of world.list(source as ListSource<Kustomization | HelmRelease>)) {
      const ready = conditionOf(object, "Ready");
      if (object.spec?.suspend || ready?.status === "True" || !WAITS.includes(ready?.reason ?? "")) continue;
      const onDependency = ready?.reason === "DependencyNotReady";
      const chart = "chart" in (object.spec ?? {}) ? chartOf(object as HelmRelease) : undefined;
      const needed = onDependency ? dependenciesOf(kind, object) : [manifestsOf(object), chart];
      for (const ref of needed) {
        if (ref) found.set(refKey(ref), [...found.get(refKey(ref)) ?? [], refOf(kind, object)]);
      }
    }
  }
  return found;
});

/** The Kustomizations and releases that wait for this object. */
export function waitersFor(ref: ObjectRef, world: World): readonly ObjectRef[] {
  return waitersByRef(world).get(refKey(ref)) ?? [];
}

/** Circles in `dependsOn`, each once, beginning with its first member by name. */
export const cyclesOf = perWorld((world) => {
  const needs = new Map<string, { ref: ObjectRef; needs: ObjectRef[] }>();
  for (const [kind, source] of [["Kustomization", kustomizations], ["HelmRelease", helmReleases]] as const) {
    for (const object of world.list(source as ListSource<Dependent>)) {
      const ref = refOf(kind, object);
      needs.set(refKey(ref), { ref, needs: dependenciesOf(kind, object) });
    }
  }
  const cycles = new Map<string, ObjectRef[]>();
  for (const start of [...needs.keys()].sort()) {
    const circle = circleFrom(start, needs);
    if (circle) cycles.set(circle.map(refKey).sort().join(" "), circle);
  }
  return [...cycles.values()];
});

/** The shortest way from a node back to itself. */
function circleFrom(
  start: string,
  needs: ReadonlyMap<string, { ref: ObjectRef; needs: ObjectRef[] }>,
): ObjectRef[] | undefined {
  const seen = new Set<string>();
  let ways: string[][] = [[start]];
  while (ways.length > 0) {
    const next: string[][] = [];
    for (const way of ways) {
      for (const ref of needs.get(way.at(-1) ?? "")?.needs ?? []) {
        const key = refKey(ref);
        if (key === start) return way.flatMap((step) => needs.get(step)?.ref ?? []);
        if (seen.has(key) || !needs.has(key)) continue;
        seen.add(key);
        next.push([...way, key]);
      }
    }
    ways = next;
  }
  return undefined;
}
