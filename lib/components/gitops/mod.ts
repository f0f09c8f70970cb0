/** What applies objects from Git, whichever tool it is: Flux and Argo CD. */
import type { ListSource, ObjectRef, ShellCommand, World } from "../../engine/model.ts";
import { refKey, refText } from "../../engine/model.ts";
import { refOf } from "../common/mod.ts";
import {
  applications,
  applicationsOf,
  argoCd,
  holdsKind,
  platformApplications,
  wantedBy,
} from "../argo_cd/mod.ts";
import { appliesKind, flux, type HelmRelease, helmReleases, holders } from "../flux/mod.ts";
import { isChartOf, recognise, type Role } from "../../platform/mod.ts";

/** The kinds that want workloads, of whichever tool. */
export const WANTING: readonly ListSource[] = [helmReleases, applications];

/** Whether objects of this kind are applied from Git: the platform uses it. */
export function isApplied(world: World, source: ListSource): boolean {
  return appliesKind(world, source) || holdsKind(world, source);
}

/** What has applied an object, or holds it. */
export function appliersOf(ref: ObjectRef, world: World): ObjectRef[] {
  const key = refKey(ref);
  return [...holders(world).get(key) ?? [], ...applicationsOf(world).get(key) ?? []];
}

/** Commands that show what makes objects here. */
export function makersShown(world: World): ShellCommand[] {
  return [flux, argoCd].flatMap((component) => component.makersShown?.(world) ?? []);
}

/** Workloads that a release or an Application wants for a role, with what wants them. */
export function workloadsWanted(world: World, role: Role): { workload: ObjectRef; by: string }[] {
  const released = world.list(helmReleases).flatMap((release) => {
    const workload = workloadOfRelease(release, role);
    return workload ? [{ workload, by: `wanted by ${refText(refOf("HelmRelease", release))}` }] : [];
  });
  const held = platformApplications(world).flatMap((object) =>
    wantedBy(object).filter(({ kind, name }) =>
      (kind === "Deployment" || kind === "StatefulSet") &&
      recognise({ name, labels: {}, images: [] })?.role === role
    ).map((workload) => ({ workload, by: `wanted by ${refText(refOf("Application", object))}` }))
  );
  return [...released, ...held];
}

/** What a release of the role's chart makes, by the rule by which charts name it. */
function workloadOfRelease({ metadata, spec }: HelmRelease, role: Role): ObjectRef | undefined {
  const chart = spec?.chart?.spec?.chart ?? "";
  if (!isChartOf(chart, role)) return undefined;
  const release = spec?.releaseName ?? metadata?.name ?? "";
  return {
    kind: "Deployment",
    namespace: spec?.targetNamespace ?? metadata?.namespace,
    name: release.includes(chart) ? release : `${release}-${chart}`,
  };
}
