/** What an ExternalSecret writes: a Secret, or an object of any other kind that `spec.target.manifest` names. */
import type { ObjectRef, Presence, World } from "../../engine/model.ts";
import type { ExternalSecret } from "./kinds.ts";

export interface Target extends ObjectRef {
  /** `v1`, `argoproj.io/v1alpha1`. */
  apiVersion: string;
}

export function targetOf({ spec, metadata }: ExternalSecret): Target {
  const { apiVersion = "v1", kind = "Secret" } = spec?.target?.manifest ?? {};
  return {
    apiVersion,
    kind,
    namespace: metadata?.namespace,
    name: spec?.target?.name ?? metadata?.name ?? "",
  };
}

/** The Secret that it writes; undefined where it writes something else. */
export function secretOf(object: ExternalSecret): ObjectRef | undefined {
  const { apiVersion, ...ref } = targetOf(object);
  return apiVersion === "v1" && ref.kind === "Secret" ? ref : undefined;
}

/** As an object of the graph; undefined when its kind is not listed, or is another of the same name. */
export function listedTarget(object: ExternalSecret, world: World): ObjectRef | undefined {
  const { apiVersion, ...ref } = targetOf(object);
  const source = world.kinds.get(ref.kind);
  return source && groupOf(source.path) === groupIn(apiVersion) ? ref : undefined;
}

/** Whether what it writes is there; undefined when nobody looked for objects of that kind. */
export function targetPresence(object: ExternalSecret, world: World): Presence | undefined {
  const ref = listedTarget(object, world);
  return ref && world.presence(ref);
}

/** The API group of a list: `/apis/apps/v1/deployments`; that of the core has none. */
function groupOf(path: string): string {
  return /^\/apis\/([^/]+)\//.exec(path)?.[1] ?? "";
}

function groupIn(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.split("/")[0] ?? "" : "";
}
