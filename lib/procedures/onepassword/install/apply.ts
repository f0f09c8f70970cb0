/** Applies the manifests without fighting anybody for a field: what Flux keeps is Flux's, what others keep is told. */
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import type { Conflict } from "../../../clients/kubernetes/write_replies.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";
import { command } from "../../../untrusted/shell.ts";
import { asApplied, droppedFields } from "./dropped_fields.ts";
import { pathOf } from "./manifests.ts";
import { at } from "../../../untrusted/lookup.ts";
import { isFlux, isOurKey, isOurs, keeperOf, MANAGER, marked, pinOf } from "../ownership.ts";

/** What applying an object would do. */
export interface Step {
  /** As it would be sent. */
  object: KubeObject;
  path: string;
  outcome: "create" | "change" | "unchanged" | "kept by Flux" | "other settings";
  /** The fields that differ, as `path: theirs, not ours`; of a Secret without values. */
  differing: string[];
  /** Some of these are fields that install wrote before, and that are to go. */
  drops?: boolean;
  /** Fields that others keep, and that --adopt would take from them. */
  takes: Conflict[];
  /** Of the object that was looked at. */
  uid?: string;
  /** Only of a Secret: nothing but its makers changes it. */
  resourceVersion?: string;
  /** Why it can't be applied: a sentence with what to do next. */
  problem?: string;
}

/** Compares an object with the cluster; writes nothing. Throws CannotLook when it can't be compared. */
export async function planOf(kube: KubeWriter, object: KubeObject, adopt: boolean): Promise<Step> {
  const path = pathOf(object);
  const found = await kube.get(path);
  const none = { path, differing: [], takes: [] };
  if (!found) return { ...none, object: marked(object), outcome: "create" };
  const isSecret = object.kind === "Secret";
  if (isFlux(found) && !isSecret) return { ...none, object, outcome: "kept by Flux" };
  // What was here before stays without the mark: uninstall must not remove it.
  const wanted = isOurs(found) ? marked(object) : object;
  const drops = isSecret || !isOurs(found) ? [] : droppedFields(wanted, found);
  const differing = isSecret
    ? secretDifferences(object, found)
    : [...differences(object, found), ...drops.map((field) => `${field} is there, and is to go`)];
  if (differing.length === 0) return { ...none, object: wanted, outcome: "unchanged" };
  const { uid, resourceVersion } = pinOf(found);
  // The type of a Secret is fixed when it is made.
  const { type: _type, ...untyped } = wanted;
  const sent = isSecret ? untyped as KubeObject : wanted;
  const step = {
    ...none,
    object: sent,
    differing,
    drops: drops.length > 0,
    uid,
    ...isSecret ? { resourceVersion } : {},
  };
  const closed = isSecret ? closedWhy(found) : undefined;
  if (closed) return { ...step, outcome: "other settings", problem: closed };
  const tried = await tryOut(kube, step);
  if (tried.refused !== undefined) {
    return { ...step, outcome: "other settings", problem: notOver(object, differing, tried.refused) };
  }
  const { takes } = tried;
  const own = isOurs(found) || isSecret && Object.keys(dataOf(object)).every((key) => isOurKey(found, key));
  if (adopt || own && takes.length === 0) return { ...step, takes, outcome: "change" };
  return { ...step, outcome: "other settings", problem: otherSettings(object, differing, takes) };
}

/** Why a Secret with another value can't be written at all, whoever asks for it. */
function closedWhy(found: KubeObject): string | undefined {
  const name = nameOf(found);
  const keeper = keeperOf(found);
  if (keeper) {
    return `Secret ${name} holds another value and is kept by ${keeper}, which would put that value back. ` +
      "Next: change it there, or delete that keeper first";
  }
  if (found.immutable !== true) return undefined;
  const { name: bare, namespace } = found.metadata;
  return `Secret ${name} holds another value and is immutable. ` +
    `Next: ${command`kubectl -n ${namespace} delete secret ${bare}`}, then run this again`;
}

/**
 * The fields that applying would take from others, asked of the API server, which writes nothing; `refused` when it would
 * not take the object at all, as a webhook does for what comes of another's fields and ours together.
 */
async function tryOut(
  kube: KubeWriter,
  step: Pick<Step, "object" | "path" | "uid">,
): Promise<{ takes: Conflict[]; refused?: string }> {
  try {
    const tried = await kube.apply(step.path, pinned(step), { dryRun: true });
    if (tried.outcome !== "conflict") return { takes: [] };
    return { takes: tried.fields.filter(({ manager }) => manager !== MANAGER) };
  } catch (error) {
    if (!(error instanceof CannotLook) || !["forbidden", "server-error"].includes(error.failure.kind)) {
      throw error;
    }
    return { takes: [], refused: error.message };
  }
}

/** Throws CannotLook, before anything is written, when something is there that somebody else made or keeps. */
export function rejectOtherSettings(steps: readonly Step[]): void {
  for (const { problem } of steps) {
    if (problem !== undefined) throw new CannotLook({ kind: "server-error", message: problem });
  }
}

/**
 * Carries a step out; what is unchanged or Flux's is not touched. Only fields that the step says it takes are taken from
 * others. Throws CannotLook, and has written nothing, when the object is not the one that was looked at any more.
 */
export async function carryOut(kube: KubeWriter, step: Step): Promise<void> {
  const { object, path, outcome, takes } = step;
  if (outcome === "create") {
    if (await kube.create(path, object) === "created") return;
    throw changedMeanwhile(object, "was made by somebody else");
  }
  if (outcome !== "change") return;
  const before = await kube.get(path);
  if (!before || pinOf(before).uid !== step.uid) throw changedMeanwhile(object, "was deleted or replaced");
  if (step.resourceVersion !== undefined && pinOf(before).resourceVersion !== step.resourceVersion) {
    throw changedMeanwhile(object, "was changed");
  }
  const known = step.drops
    ? await kube.merge(path, { metadata: { ...pinOf(before), managedFields: asApplied(before) } })
    : before;
  const applied = await kube.apply(path, pinned(step));
  if (applied.outcome !== "conflict") return;
  const taken = new Set(takes.map(({ manager, field }) => JSON.stringify([manager, field])));
  const others = applied.fields.filter(({ manager, field }) =>
    manager !== MANAGER && !taken.has(JSON.stringify([manager, field]))
  );
  if (others.length > 0) {
    throw new CannotLook({ kind: "server-error", message: otherSettings(object, [], others) });
  }
  // Pinned to the version whose conflicts these are: forcing takes every field, also one that was taken since.
  const { resourceVersion } = pinOf(known);
  await kube.apply(path, pinned({ ...step, resourceVersion }), { force: true });
}

/** The object for the one that was looked at: the API server refuses it for another one of the same name. */
function pinned(
  { object, uid, resourceVersion }: Pick<Step, "object" | "uid" | "resourceVersion">,
): KubeObject {
  const pins = { ...uid ? { uid } : {}, ...resourceVersion ? { resourceVersion } : {} };
  return { ...object, metadata: { ...object.metadata, ...pins } };
}

const nameOf = ({ metadata: { namespace, name } }: KubeObject) => namespace ? `${namespace}/${name}` : name;

function changedMeanwhile(object: KubeObject, what: string): CannotLook {
  return new CannotLook({
    kind: "server-error",
    message: `${object.kind} ${nameOf(object)} ${what} since it was looked at, so it was left alone. ` +
      "Next: run this again, and see what it shows",
  });
}

/** `.data.token (kept by kubectl-create)`, five of them at most. */
export function keptBy(fields: readonly Conflict[]): string {
  return firstFive(fields.map(({ field, manager }) => `${field} (kept by ${quote(manager, [], 60)})`));
}

/** The first five, and how many more there are. */
export function firstFive(told: readonly string[]): string {
  return told.slice(0, 5).join("; ") + (told.length > 5 ? ` and ${told.length - 5} more` : "");
}

/** Of what can't be applied over what is there, with --adopt neither: that leaves the fields that only others set. */
function notOver(object: KubeObject, differing: string[], refused: string): string {
  return `${object.kind} ${nameOf(object)} is there with other settings than are to be applied: ${
    firstFive(differing)
  }. ` +
    `With both together, ${refused}. Or change what is there (kubectl edit), or delete it, and run this again`;
}

function otherSettings(object: KubeObject, differing: string[], kept: readonly Conflict[]): string {
  const parts = [firstFive(differing), keptBy(kept)].filter((part) => part !== "").join("; ");
  return `${object.kind} ${nameOf(object)} is there with other settings than are to be applied: ${parts}. ` +
    "Next: look at it (kubectl get -o yaml), then either change it or what is applied, or run this again with --adopt, " +
    "which overwrites these fields";
}

function dataOf(object: KubeObject): Record<string, unknown> {
  return typeof object.data === "object" && object.data !== null
    ? object.data as Record<string, unknown>
    : {};
}

/** The keys of a Secret that hold something else, without what they hold. */
function secretDifferences(wanted: KubeObject, found: KubeObject): string[] {
  return Object.entries(dataOf(wanted)).flatMap(([key, value]) => {
    const there = at(found, "data", key);
    if (there === value) return [];
    return [there === undefined ? `data.${key} is absent` : `data.${key} holds another value`];
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
        differences(entry, counterpart(entry, found, index), `${path}[${entryName(entry, index)}]`)
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

function entryName(entry: unknown, index: number): string {
  const name = at(entry, "name");
  return typeof name === "string" ? name : String(index);
}

/** `64Mi` and `64Mi`, `1` and `"1"`: the API server writes quantities and int-or-strings in its own way. */
function same(wanted: unknown, found: unknown): boolean {
  return wanted === found || (typeof wanted !== "boolean" && String(wanted) === String(found));
}
