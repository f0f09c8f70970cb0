/**
 * Whose an object is: install's own mark, whoever else keeps it, and who wrote a field by the API server's own books
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Pure.
 */
import type { KubeObject } from "../../clients/kubernetes/writer.ts";
import { entries } from "./objects.ts";
import { at } from "../../untrusted/lookup.ts";

/** The field manager of kube_writer.ts. */
export const MANAGER = "lakecheck";
/** Marks what install has made, when it makes it and never later, so that uninstall removes nothing else. */
export const MADE_BY = "lakecheck/made-by";
const US = "1p:install";

/** The object with the mark, to be created. */
export function marked(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [MADE_BY]: US } } };
}

/**
 * Whether install made the object and nobody keeps it since. A mark that somebody else wrote is a copy of one: of a
 * backup that was put back, or of the YAML of another cluster.
 */
export function isOurs(object: KubeObject): boolean {
  return object.metadata.annotations?.[MADE_BY] === US && keeperOf(object) === undefined &&
    managersOf(object, "f:metadata", "f:annotations", `f:${MADE_BY}`).includes(MANAGER);
}

/** Whether a Kustomization of Flux keeps it. */
export function isFlux(object: KubeObject | undefined): boolean {
  return object?.metadata.labels?.["kustomize.toolkit.fluxcd.io/name"] !== undefined;
}

/** Who keeps the object instead of us, and would put it back: an owner, Flux, Helm or Argo CD. */
export function keeperOf(found: KubeObject | undefined): string | undefined {
  const [owner] = entries(at(found, "metadata", "ownerReferences"));
  if (owner) return `${at(owner, "kind")} ${at(owner, "name")}`;
  const { labels, annotations } = found?.metadata ?? {};
  const kustomization = labels?.["kustomize.toolkit.fluxcd.io/name"];
  if (kustomization !== undefined) return `Kustomization ${kustomization}`;
  const release = labels?.["helm.toolkit.fluxcd.io/name"];
  if (release !== undefined) return `HelmRelease ${release}`;
  const helm = annotations?.["meta.helm.sh/release-name"];
  if (helm !== undefined) return `Helm release ${helm}`;
  return annotations?.["argocd.argoproj.io/tracking-id"] === undefined ? undefined : "Argo CD";
}

/** The managers that own a field, as a path of `f:` keys; none when the API server keeps no books of it. */
export function managersOf(found: KubeObject | undefined, ...field: string[]): string[] {
  const all = entries(at(found, "metadata", "managedFields")).filter((entry) =>
    at(entry, "fieldsV1", ...field) !== undefined
  );
  return [...new Set(all.map((entry) => String(at(entry, "manager"))))];
}

/** Whether this key of a Secret's data was written by us, and by nobody else too. */
export function isOurKey(found: KubeObject, key: string): boolean {
  const managers = managersOf(found, "f:data", `f:${key}`);
  return managers.length > 0 && managers.every((manager) => manager === MANAGER);
}

/** What pins a write to the very object that was looked at; `resourceVersion` also to how it was then. */
export function pinOf({ metadata }: KubeObject): { uid: string; resourceVersion: string } {
  return { uid: String(metadata.uid ?? ""), resourceVersion: String(metadata.resourceVersion ?? "") };
}
