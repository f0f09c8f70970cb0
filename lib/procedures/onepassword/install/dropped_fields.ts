/**
 * The fields that install has written and that the manifests do not name any more. A server-side apply removes a field of
 * its manager only from what that manager has applied; what it made by a POST is an `Update` of it in the API server's
 * books (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Pure.
 */
import type { KubeObject } from "../../../clients/kubernetes/writer.ts";
import { RESTARTED_AT } from "../../../clients/kubernetes/rollout.ts";
import { parseJson } from "../../../untrusted/json.ts";
import { at, own } from "../../../untrusted/lookup.ts";
import { entries } from "../objects.ts";
import { MANAGER } from "../ownership.ts";

type Fields = Record<string, unknown>;

const isMap = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isMine = (entry: unknown) => at(entry, "manager") === MANAGER && at(entry, "subresource") === undefined;

/** Written by a restart, of which no manifest knows. */
const RESTART = ["f:spec", "f:template", "f:metadata", "f:annotations", `f:${RESTARTED_AT}`];

/** Paths as `spec.template.spec.nodeSelector`, sorted; of what is the same in `wanted` and `found` none. */
export function droppedFields(wanted: KubeObject, found: KubeObject): string[] {
  const mine = entries(at(found, "metadata", "managedFields")).filter(isMine);
  const all = mine.flatMap((entry) => beyond(withoutRestart(at(entry, "fieldsV1")), wanted, ""));
  return [...new Set(all)].toSorted();
}

/** What `fields` holds and `wanted` does not: the topmost field of each part. */
function beyond(fields: unknown, wanted: unknown, path: string): string[] {
  if (!isMap(fields)) return [];
  return Object.entries(fields).flatMap(([key, inner]) => {
    if (key === ".") return [];
    const { value, name } = child(wanted, key);
    const here = key.startsWith("f:") ? path ? `${path}.${name}` : name : `${path}[${name}]`;
    return value === undefined || value === null ? [here] : beyond(inner, value, here);
  });
}

/** A key of `fieldsV1`: `f:` a field, `k:` an entry of a list by its keys, `v:` one by its value, `i:` one by its place. */
function child(wanted: unknown, key: string): { value: unknown; name: string } {
  const name = key.slice(2);
  if (key.startsWith("f:")) return { name, value: at(wanted, name) };
  if (key.startsWith("k:")) {
    const keys = parsed(name);
    const has = (entry: unknown) =>
      isMap(keys) && Object.entries(keys).every(([field, value]) => {
        const there = at(entry, field);
        // A key that was not given has its default: the protocol of a port.
        return there === undefined ? field === "protocol" : there === value;
      });
    return { name, value: entries(wanted).find(has) };
  }
  if (key.startsWith("v:")) return { name, value: entries(wanted).find((entry) => entry === parsed(name)) };
  return { name, value: entries(wanted)[Number(name)] };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The API server's books of an object with everything that install wrote entered as applied, but for a restart. */
export function asApplied(found: KubeObject): unknown[] {
  const all = entries(at(found, "metadata", "managedFields"));
  const mine = all.filter(isMine);
  if (mine.length === 0) return all;
  const fields = merged(mine.map((entry) => at(entry, "fieldsV1")));
  const applied = { ...mine[0] as Fields, operation: "Apply", fieldsV1: withoutRestart(fields) };
  const restart = at(fields, ...RESTART) === undefined ? [] : [{
    ...mine[0] as Fields,
    operation: "Update",
    fieldsV1: RESTART.reduceRight<unknown>((inner, key) => ({ [key]: inner }), {}),
  }];
  return [...all.filter((entry) => !isMine(entry)), applied, ...restart];
}

function merged(all: readonly unknown[]): Fields {
  const maps = all.filter(isMap);
  const keys = new Set(maps.flatMap((map) => Object.keys(map)));
  return Object.fromEntries([...keys].map((key) => [key, merged(maps.map((map) => own(map, key)))]));
}

function withoutRestart(fields: unknown, path: readonly string[] = RESTART): unknown {
  const [key = "", ...rest] = path;
  if (!isMap(fields) || own(fields, key) === undefined) return fields;
  const { [key]: inner, ...others } = fields;
  const left = rest.length === 0 ? {} : withoutRestart(inner, rest);
  return isMap(left) && Object.keys(left).length === 0 ? others : { ...others, [key]: left };
}
