/** Applies the manifests without fighting anybody for a field: what Flux keeps is Flux's, what others keep is told. */
import type { KubeObject, KubeWriter } from "../clients/kube_writer.ts";
import { CannotLook } from "../errors.ts";
import { pathOf } from "./manifests.ts";
import { at } from "./objects.ts";

/** Marks what install has made, so that uninstall removes nothing else. */
export const MADE_BY = "lakecheck/made-by";
const US = "1p:install";

/** Whether install made the object, and Flux has not taken it over since. */
export function isOurs(object: KubeObject): boolean {
  return object.metadata.annotations?.[MADE_BY] === US && !isFlux(object);
}

export function isFlux(object: KubeObject | undefined): boolean {
  return object?.metadata.labels?.["kustomize.toolkit.fluxcd.io/name"] !== undefined;
}

/** What applying an object would do. */
export interface Step {
  object: KubeObject;
  path: string;
  outcome: "create" | "change" | "unchanged" | "kept by Flux" | "other settings";
  /** The fields that differ, as `path: theirs, not ours`. */
  differing: string[];
}

/** Compares an object with the cluster; writes nothing. */
export async function planOf(kube: KubeWriter, object: KubeObject, adopt: boolean): Promise<Step> {
  const path = pathOf(object);
  const found = await kube.get(path);
  if (!found) return { object: marked(object), path, outcome: "create", differing: [] };
  if (isFlux(found)) return { object, path, outcome: "kept by Flux", differing: [] };
  // What was here before stays without the mark: uninstall must not remove it.
  const ours = isOurs(found);
  const differing = differences(object, found);
  const outcome = differing.length === 0 ? "unchanged" : ours || adopt ? "change" : "other settings";
  return { object: ours ? marked(object) : object, path, outcome, differing };
}

function marked(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [MADE_BY]: US } } };
}

/** Throws CannotLook, before anything is written, when something is there with other settings that somebody made. */
export function refuseOthers(steps: readonly Step[]): void {
  for (const { object, outcome, differing } of steps) {
    if (outcome === "other settings") throw otherSettings(object, differing);
  }
}

/** Carries a step out; what is unchanged or Flux's is not touched. */
export async function carryOut(kube: KubeWriter, { object, path, outcome }: Step): Promise<void> {
  if (outcome !== "create" && outcome !== "change") return;
  const applied = await kube.apply(path, object, { force: true });
  if (applied.outcome === "conflict") {
    throw otherSettings(object, applied.fields.map(({ field, manager }) => `${field} (kept by ${manager})`));
  }
}

function otherSettings({ kind, metadata }: KubeObject, fields: string[]): CannotLook {
  const name = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  const told = fields.slice(0, 5).join("; ") + (fields.length > 5 ? ` and ${fields.length - 5} more` : "");
  return new CannotLook({
    kind: "server-error",
    message: `${kind} ${name} is there with other settings than the manifests: ${told}. ` +
      "Next: look at it (kubectl get -o yaml), then either change the manifests or run this again with --adopt, which overwrites them",
  });
}

/** The fields of the manifest that the cluster holds with another value, or not at all, as `path: theirs, not ours`. */
export function differences(wanted: unknown, found: unknown, path = ""): string[] {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found)) return [`${path} is absent`];
    const short = found.length < wanted.length
      ? [`${path} has ${found.length} entries, not ${wanted.length}`]
      : [];
    return [
      ...short,
      ...wanted.flatMap((entry, index) =>
        differences(entry, counterpart(entry, found, index), `${path}[${nameOf(entry, index)}]`)
      ),
    ];
  }
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof found !== "object" || found === null) {
      return Object.keys(wanted).length === 0 ? [] : [`${path} is absent`];
    }
    return Object.entries(wanted).flatMap(([key, value]) =>
      differences(value, at(found, key), path ? `${path}.${key}` : key)
    );
  }
  if (wanted === null || wanted === undefined || same(wanted, found)) return [];
  return [
    `${path} is ${found === undefined ? "absent" : JSON.stringify(found)}, not ${JSON.stringify(wanted)}`,
  ];
}

/** Lists of Kubernetes objects are mostly maps by name: the order of containers and ports says nothing. */
function counterpart(entry: unknown, found: unknown[], index: number): unknown {
  const name = at(entry, "name");
  return name === undefined ? found[index] : found.find((one) => at(one, "name") === name);
}

function nameOf(entry: unknown, index: number): string {
  const name = at(entry, "name");
  return typeof name === "string" ? name : String(index);
}

/** `64Mi` and `64Mi`, `1` and `"1"`: the API server writes quantities and int-or-strings in its own way. */
function same(wanted: unknown, found: unknown): boolean {
  return wanted === found || (typeof wanted !== "boolean" && String(wanted) === String(found));
}
