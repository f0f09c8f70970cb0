/**
 * Who would have made what is not there. An object that a Kustomization has applied is in its inventory; one that
 * was never applied is in none, and then the Kustomizations and releases that could not apply what they hold are the
 * likely makers: those whose path, namespace or name fits.
 */
import { GONE, isAbsent, type Maker, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { namesFit, perWorld, refOf } from "../common/mod.ts";
import { heldBack, lostKustomizations } from "./held_back.ts";
import { holders, inventoryOf, workloadsOf } from "./inventory.ts";
import { fluxSources, type HelmRelease, helmReleases, type Kustomization, kustomizations } from "./kinds.ts";
import { NOTHING_APPLIED } from "./words.ts";

/** Stands for all Kustomizations when there is none. */
export const NO_KUSTOMIZATION: ObjectRef = { kind: "Kustomization", namespace: "flux-system", name: "*" };

/** Why a Kustomization or a release did not apply what it holds. */
const NOT_APPLIED = [
  ...NOTHING_APPLIED,
  "DependencyCycle",
  "WrongDependency",
  "WrongSource",
  "ValuesError",
  "InstallFailed",
  "UpgradeFailed",
  "RetriesExceeded",
  "NotReconciled",
  "InventoryMissing",
  "AppliesNothing",
  "FirstApply",
  "HealthCheckWaiting",
  "ProgressingTooLong",
  "TerminatingStuck",
  "Suspended",
  ...GONE,
] as const;

const WAITED_FOR = new Set(["Kustomization", ...fluxSources.map(({ kind }) => kind)]);

/** Who would have made an object that does not exist. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  return isAbsent(world, ref) ? [...kustomizationsOf(ref, world), ...releasesOf(ref, world)] : [];
}

function kustomizationsOf(from: ObjectRef, world: World): Maker[] {
  const base = { because: NOT_APPLIED, optional: true };
  const known = holders(world).get(refKey(from));
  if (known) return known.map((to) => ({ ...base, to, via: "applied by" }));
  // Who waits for one of these is held back by it, and no maker of it.
  if (WAITED_FOR.has(from.kind)) return [];
  const held = heldBack(world);
  const fitting = [
    ...lostKustomizations(world).filter((ref) => namesFit(from.name, ref.name)),
    ...held.filter((object) => couldHold(object, from)).map((object) => refOf("Kustomization", object)),
  ];
  // Where nothing was ever applied, whatever never applied anything may hold it: a root of Kustomizations names nothing.
  const makers = fitting.length > 0 || isServed(from, world)
    ? fitting
    : held.filter((object) => object.status?.applied !== "current" || object.status.applies === 0).map((
      object,
    ) => refOf("Kustomization", object));
  const found = makers.map((to) => ({ ...base, to, via: "probably applied by", inferred: true }));
  if (world.list(kustomizations).length > 0) return found;
  return [{ ...base, to: NO_KUSTOMIZATION, via: "probably applied by", inferred: true }];
}

/** Whether some Kustomization has applied anything to the object's namespace, or of its kind. */
function isServed(ref: ObjectRef, world: World): boolean {
  return served(world).has(ref.namespace ?? ref.kind);
}

const served = perWorld((world) =>
  new Set(world.list(kustomizations).flatMap(inventoryOf).map(({ namespace, kind }) => namespace ?? kind))
);

/** Whether the path, the namespace or the name of a Kustomization speaks for it. */
function couldHold(object: Kustomization, ref: ObjectRef): boolean {
  if (namesFit(ref.name, object.metadata?.name ?? "")) return true;
  if (!ref.namespace) return object.status?.applied === "never";
  const { targetNamespace, path } = object.spec ?? {};
  return targetNamespace === ref.namespace || object.metadata?.namespace === ref.namespace ||
    (path ?? "").split("/").includes(ref.namespace);
}

/** A release that failed before it made anything has not made its workloads. */
function releasesOf(from: ObjectRef, world: World): Maker[] {
  if (!["Deployment", "StatefulSet", "Service"].includes(from.kind)) return [];
  return world.list(helmReleases).filter((object) =>
    isOf(object, from) && workloadsOf(object, world).length === 0
  )
    .map((object) => ({
      to: refOf("HelmRelease", object),
      via: "probably made by",
      because: NOT_APPLIED,
      inferred: true,
    }));
}

function isOf(object: HelmRelease, ref: ObjectRef): boolean {
  const { namespace, name } = object.metadata ?? {};
  const release = object.spec?.releaseName ?? name ?? "";
  return (object.spec?.targetNamespace ?? namespace) === ref.namespace &&
    (ref.name === release || ref.name.startsWith(`${release}-`));
}
