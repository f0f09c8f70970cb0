// Items and vaults as Connect shows and changes them: views, filters, new items, JSON Patch.
import { type Field, type Item, newId, type Vault } from "./cloud.ts";

/** What the caller sent can't be done; the message is for him. Answered with status 400. */
export class BadRequest extends Error {}

/** One operation of a PATCH. */
export interface Operation {
  op: string;
  path: string;
  value?: unknown;
}

/** The categories of the published API, without CUSTOM, of which nothing can be made. */
const CATEGORIES = new Set(
  ("LOGIN PASSWORD API_CREDENTIAL SERVER DATABASE CREDIT_CARD MEMBERSHIP PASSPORT SOFTWARE_LICENSE OUTDOOR_LICENSE " +
    "SECURE_NOTE WIRELESS_ROUTER BANK_ACCOUNT DRIVER_LICENSE IDENTITY REWARD_PROGRAM DOCUMENT EMAIL_ACCOUNT " +
    "SOCIAL_SECURITY_NUMBER MEDICAL_RECORD SSH_KEY").split(" "),
);

/** A vault as the API shows it. */
export function vaultView({ id, name, items }: Vault): unknown {
  return { id, name, attributeVersion: 1, contentVersion: 1, items: items.length, type: "USER_CREATED" };
}

/** An item as the API shows it: in full, or as lists have it, without what is inside. */
export function itemView(item: Item, vault: Vault, full: boolean): unknown {
  const { fields, sections, files, ...rest } = item;
  const inside = full ? { fields, sections, files } : {};
  return { ...rest, vault: { id: vault.id, name: vault.name }, ...inside };
}

/** Applies a SCIM filter such as `title eq "x"`; `names` gives an attribute's values. Throws BadRequest for any other. */
export function filtered<T>(
  all: readonly T[],
  filter: string | null,
  names: Record<string, (one: T) => string[]>,
): readonly T[] {
  if (filter === null || filter === "") return all;
  const parts = /^(\w+) eq ("(?:[^"\\]|\\.)*")$/.exec(filter.trim());
  const values = names[parts?.[1] ?? ""];
  if (!parts?.[2] || !values) throw new BadRequest("Invalid filter");
  const wanted: unknown = JSON.parse(parts[2]);
  return all.filter((one) => values(one).some((value) => value === wanted));
}

/** The item that a POST or PUT asks for, with ids where it gave none. Throws BadRequest. */
export function incoming(body: Partial<Item>, vault: Vault, old?: Item): Item {
  if (!CATEGORIES.has(body?.category ?? "")) throw new BadRequest("Invalid item category");
  const { id } = Object(body.vault);
  if (id !== vault.id) throw new BadRequest("The item doesn't have a vault field.");
  return revised(body, old);
}

/** The next version of an item, with what `body` sets. */
function revised(body: Partial<Item>, old?: Item): Item {
  const { vault: _, fields = [], ...rest } = body;
  if (!Array.isArray(fields)) throw new BadRequest("Invalid item fields");
  const now = new Date().toISOString();
  return {
    ...rest,
    id: old?.id ?? newId(),
    title: body.title ?? "",
    category: body.category ?? "",
    version: (old?.version ?? 0) + 1,
    fields: fields.map(withId),
    createdAt: old?.createdAt ?? now,
    updatedAt: now,
  };
}

function withId(field: Field): Field {
  return { ...field, id: field.id || newId(), type: field.type ?? "STRING" };
}

/**
 * JSON Patch on one item, as Connect takes it: `/`, `/title`, `/tags/1`, `/fields`, `/fields/ID`, `/fields/ID/value` and the
 * like; fields by id, not by index. Throws BadRequest.
 */
export function patched(item: Item, operations: readonly Operation[]): Item {
  if (!Array.isArray(operations)) throw new BadRequest("Invalid patch: not a list of operations");
  if (operations.length === 0) return item;
  let copy: Item = structuredClone(item);
  for (const { op, path, value } of operations) {
    if (!["add", "remove", "replace"].includes(op) || !path?.startsWith("/")) {
      throw new BadRequest(`Invalid patch: ${op} ${path}`);
    }
    const [first = "", second, third] = path.slice(1).split("/");
    if (first === "") copy = Object(value);
    else if (first === "fields" && second && second !== "-") {
      patchField(copy, second, third, { op, path, value });
    } else if (first === "fields") {
      copy.fields = op === "add" ? [...copy.fields, Object(value)] : op === "remove" ? [] : Object(value);
    } else patchAttribute(copy, first, second, { op, path, value });
  }
  return revised(copy, item);
}

function patchField(item: Item, id: string, attribute: string | undefined, operation: Operation): void {
  const field = item.fields.find((one) => one.id === id);
  if (!field) throw new BadRequest(`Invalid patch: the item has no field ${id}`);
  const { op, value } = operation;
  if (op === "remove" && !attribute) item.fields = item.fields.filter((one) => one !== field);
  else if (attribute) Reflect.set(field, attribute, op === "remove" ? undefined : value);
  else Object.assign(field, Object(value), { id });
}

function patchAttribute(item: Item, name: string, index: string | undefined, operation: Operation): void {
  const { op, value } = operation;
  const list: unknown = item[name];
  if (index === undefined) Reflect.set(item, name, op === "remove" ? undefined : value);
  else if (!Array.isArray(list)) throw new BadRequest(`Invalid patch: ${op} ${operation.path}`);
  else if (op === "add" && index === "-") list.push(value);
  else if (op === "add") list.splice(Number(index), 0, value);
  else if (op === "remove") list.splice(Number(index), 1);
  else list.splice(Number(index), 1, value);
}
