/** The 1Password items that bucket claims and object store users want, and what an item lacks of that. Pure. */
import { restPath } from "../../untrusted/api_path.ts";
import type { KubeObject } from "../../clients/kubernetes/writer.ts";
import type { Item, NewItem, Operation } from "../../clients/onepassword/client.ts";
import type { ObjectRef } from "../../engine/model.ts";
import { refText } from "../../engine/model.ts";
import { command } from "../../untrusted/shell.ts";
import { at, own } from "../../untrusted/lookup.ts";

/** Whose keys these are, and the objects they stand in, all in its namespace. */
export interface Source {
  ref: ObjectRef;
  /** Name of the Secret, and title of the item: the doctor's offers read items by the names of Secrets, too. */
  secret: string;
  configMap?: string;
  /** Of the claim or user; undefined while nobody has looked at it. */
  phase?: string;
}

interface Field {
  label: string;
  /** Secret. */
  value: string;
  type: "CONCEALED" | "STRING";
}

export interface WantedItem {
  title: string;
  fields: Field[];
}

/** Marks the items that are ours to change. */
export const TAG = "lakecheck";
/** The field that says whose keys they are: a vault may serve more than one namespace. */
export const SOURCE_FIELD = "source";

interface Key {
  name: string;
  from: "Secret" | "ConfigMap";
  concealed: boolean;
}

const concealed = (name: string): Key => ({ name, from: "Secret", concealed: true });
const shown = (name: string, from: Key["from"]): Key => ({ name, from, concealed: false });

/** What the bucket provisioner writes (lib-bucket-provisioner, pkg/provisioner/resourcehandlers.go), and Rook for users. */
const KEYS: Record<string, readonly Key[]> = {
  ObjectBucketClaim: [
    concealed("AWS_ACCESS_KEY_ID"),
    concealed("AWS_SECRET_ACCESS_KEY"),
    shown("BUCKET_NAME", "ConfigMap"),
    shown("BUCKET_HOST", "ConfigMap"),
    shown("BUCKET_PORT", "ConfigMap"),
  ],
  CephObjectStoreUser: [concealed("AccessKey"), concealed("SecretKey"), shown("Endpoint", "Secret")],
};

/** Labels of an item's fields that pods need: all but the one that says whose they are. */
export function labelsOf({ fields }: WantedItem): string[] {
  return fields.map(({ label }) => label).filter((label) => label !== SOURCE_FIELD);
}

export function claimSource(claim: KubeObject): Source {
  const { name, namespace } = claim.metadata;
  const ref = { kind: "ObjectBucketClaim", namespace, name };
  return { ref, secret: name, configMap: name, ...phaseOf(claim) };
}

export function userSource(user: KubeObject): Source {
  const { name, namespace } = user.metadata;
  const told = at(user, "status", "info", "secretName");
  const usual = `rook-ceph-object-user-${at(user, "spec", "store")}-${name}`;
  const ref = { kind: "CephObjectStoreUser", namespace, name };
  return { ref, secret: typeof told === "string" && told !== "" ? told : usual, ...phaseOf(user) };
}

function phaseOf(object: KubeObject): { phase?: string } {
  const phase = at(object, "status", "phase");
  return typeof phase === "string" && phase !== "" ? { phase } : {};
}

/** The item that a source wants, or why its keys can't be had; the reason holds names only. */
export function wantedItem(
  source: Source,
  secret: KubeObject | undefined,
  configMap: KubeObject | undefined,
): WantedItem | { problem: string } {
  const fields: Field[] = [{ label: SOURCE_FIELD, type: "STRING", value: refText(source.ref) }];
  for (const key of own(KEYS, source.ref.kind) ?? []) {
    const name = key.from === "Secret" ? source.secret : source.configMap;
    const place = `${key.from} ${source.ref.namespace}/${name}`;
    const holder = key.from === "Secret" ? secret : configMap;
    if (!holder) return { problem: absent(source, place) };
    const value = valueOf(at(holder, "data", key.name), key.from);
    if (value === undefined) return { problem: `${place} holds no text as ${key.name}` };
    fields.push({ label: key.name, type: key.concealed ? "CONCEALED" : "STRING", value });
  }
  return { title: source.secret, fields };
}

function absent({ ref, phase }: Source, place: string): string {
  const state = phase ? `its phase is ${phase}` : "no operator has looked at it yet";
  const plural = `${ref.kind.toLowerCase()}s`;
  return `${place} does not exist: ${refText(ref)} has not got its keys, ${state}. ` +
    `Next: ${command`kubectl -n ${ref.namespace} describe ${plural} ${ref.name}`}`;
}

/** Undefined when it is absent, empty or no text. */
function valueOf(value: unknown, from: Key["from"]): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const text = from === "ConfigMap"
      ? value
      : new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(value));
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

export function newItem({ title, fields }: WantedItem): NewItem {
  return { title, category: "API_CREDENTIAL", tags: [TAG], fields };
}

/** What makes an item the wanted one; nothing, when it is. */
export interface Change {
  operations: Operation[];
  /** Labels of the fields that change, and `tags`. */
  changed: string[];
}

/**
 * Compares an item with what is wanted. Only fields that differ are named, by their ids; other fields, and the types
 * of those that are there, stay as they are. A refusal says why the item is not ours to change.
 */
export function compare(wanted: WantedItem, item: Item, adopt: boolean): Change | { problem: string } {
  const problem = adopt ? undefined : foreign(wanted, item);
  if (problem) return { problem };
  const change: Change = { operations: [], changed: [] };
  for (const { label, value, type } of wanted.fields) {
    const found = item.fields.filter((field) => field.label === label);
    const [field] = found;
    if (found.length > 1) {
      return { problem: `item ${item.id} has ${found.length} fields called ${label}, and must have one` };
    }
    if (field?.value === value) continue;
    // It goes into a path, and an id of something else would be changed in its place.
    if (field && !/^[\w-]{1,64}$/.test(field.id)) {
      return { problem: `item ${item.id} has a field ${label} without a valid id. Next: delete that field` };
    }
    change.changed.push(label);
    change.operations.push(
      field
        ? {
          op: field.value === undefined ? "add" : "replace",
          path: restPath`/fields/${field.id}/value`,
          value,
        }
        : { op: "add", path: "/fields", value: { label, type, value } },
    );
  }
  if (!item.tags.includes(TAG)) {
    change.changed.push("tags");
    change.operations.push({ op: "add", path: "/tags", value: [...item.tags, TAG] });
  }
  return change;
}

function foreign(wanted: WantedItem, item: Item): string | undefined {
  const next = "Next: rename that item, or overwrite its fields with --adopt";
  if (!item.tags.includes(TAG)) {
    return `item ${item.id} is called so already, and was not made by obc:sync (it lacks the tag ${TAG}). ${next}`;
  }
  const source = (fields: readonly { label: string; value?: string }[]) =>
    fields.find(({ label }) => label === SOURCE_FIELD)?.value;
  const [ours, theirs] = [source(wanted.fields), source(item.fields)];
  if (theirs === undefined || theirs === ours) return undefined;
  return `item ${item.id} is called so already, and holds the keys of something other than ${ours}. ${next}`;
}
