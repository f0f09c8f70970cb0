/**
 * The declaration of a platform: `platform.yaml`, or the key `platform.yaml` of a ConfigMap. docs/schema has its JSON
 * Schema, which tools/pages/declaration_schema.ts describes; this reads it without zod (docs/decisions/declaration.md). Pure.
 */
import { endOfDay } from "../untrusted/day.ts";
import { ShapeError } from "../engine/decode.ts";
import type { ObjectRef } from "../engine/model.ts";
import { nearest } from "../untrusted/edit_distance.ts";
import { own } from "../untrusted/lookup.ts";
import { cut } from "../untrusted/text.ts";
import { kindsOfRole, ROLE_NAMES, type RoleName } from "./declarable.ts";
import { seconds, type ThresholdName, THRESHOLDS } from "./thresholds.ts";

export const API_VERSION = "lakecheck.dev/v1";
export const NEEDS = ["required", "optional", "absent"] as const;

/** `required`: critical when it is missing. `optional`: not missed. `absent`: not looked for. */
export type Need = (typeof NEEDS)[number];

export interface DeclaredRole {
  need: Need;
  /** The objects that fill it, where discovery would find others or none. */
  objects: readonly ObjectRef[];
}

/** Findings that are known and wait: not in the verdict until their day has passed. */
export interface Mute {
  /** The id of a check, `*` for any run of characters. */
  check: string;
  /** An object as the report writes it, `Deployment lake/catalog`; `*` as above. Absent: every object. */
  object?: string;
  reason: string;
  /** `2026-12-31`: the last day, in UTC. */
  until: string;
}

export interface Declaration {
  /** The platform's own namespace. */
  namespace?: string;
  roles: ReadonlyMap<RoleName, DeclaredRole>;
  /** In seconds. */
  thresholds: ReadonlyMap<ThresholdName, number>;
  muted: readonly Mute[];
}

/** Longest part of a declaration that a message quotes, in UTF-16 units. */
const QUOTED = 80;
const MOST_ENTRIES = 500;
const LONGEST_TEXT = 1000;

const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const NAMESPACE = new RegExp(`^${LABEL}$`);
const OBJECT = new RegExp(
  `^([A-Z][A-Za-z0-9]{0,62}) (?:(${LABEL})/)?([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$`,
);

/** Throws ShapeError with the path of what is wrong, and the nearest word that would be right. */
export function readDeclaration(document: unknown): Declaration {
  const top = fields(document, "");
  checkVersion(top);
  only(top, "", ["apiVersion", "kind", "namespace", "roles", "thresholds", "muted"]);
  const namespace = textAt(top, "namespace", ".namespace");
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    throw new ShapeError(".namespace", `is ${quoted(namespace)}, which no namespace can be called`);
  }
  return {
    ...namespace === undefined ? {} : { namespace },
    roles: rolesOf(top.roles),
    thresholds: thresholdsOf(top.thresholds),
    muted: entries(top.muted, ".muted").map((entry, index) => muteOf(entry, `.muted[${index}]`)),
  };
}

function checkVersion(top: Readonly<Record<string, unknown>>): void {
  const version = textAt(top, "apiVersion", ".apiVersion");
  const [, digits] = /^lakecheck\.dev\/v(\d{1,4})$/.exec(version ?? "") ?? [];
  if (digits !== undefined && Number(digits) > 1) {
    const problem = `is ${version}, of a newer lakecheck; this one reads ${API_VERSION}`;
    throw new ShapeError(".apiVersion", problem);
  }
  if (version !== API_VERSION) {
    throw new ShapeError(
      ".apiVersion",
      `is ${version === undefined ? "absent" : quoted(version)}, expected ${API_VERSION}`,
    );
  }
  oneOf(textAt(top, "kind", ".kind"), ".kind", ["Platform"]);
}

function rolesOf(value: unknown): Declaration["roles"] {
  if (absent(value)) return new Map();
  const given = fields(value, ".roles");
  only(given, ".roles", ROLE_NAMES);
  const roles = ROLE_NAMES.flatMap((role): [RoleName, DeclaredRole][] => {
    const declared = own(given, role);
    return declared === undefined ? [] : [[role, roleOf(role, declared, `.roles.${role}`)]];
  });
  return new Map(roles);
}

function roleOf(role: RoleName, value: unknown, path: string): DeclaredRole {
  if (typeof value === "string") return { need: oneOf(value, path, NEEDS), objects: [] };
  const given = fields(value, path);
  only(given, path, ["need", "objects"]);
  const need = oneOf(textAt(given, "need", `${path}.need`) ?? "required", `${path}.need`, NEEDS);
  const objects = entries(given.objects, `${path}.objects`).map((one, index) =>
    objectOf(role, one, `${path}.objects[${index}]`)
  );
  if (need === "absent" && objects.length > 0) {
    throw new ShapeError(path, "is declared absent and names objects; it can be one of both");
  }
  return { need, objects };
}

function objectOf(role: RoleName, value: unknown, path: string): ObjectRef {
  const text = asText(value, path) ?? "";
  const [, kind, namespace, name] = OBJECT.exec(text) ?? [];
  if (kind === undefined || name === undefined) {
    throw new ShapeError(
      path,
      `is ${quoted(text)}, expected KIND NAMESPACE/NAME, such as Deployment lake/catalog`,
    );
  }
  oneOf(kind, path, kindsOfRole(role));
  const isOfCluster = kind.startsWith("Cluster") && kind !== "Cluster";
  if (isOfCluster === (namespace !== undefined)) {
    throw new ShapeError(
      path,
      `is ${quoted(text)}; a ${kind} ${isOfCluster ? "has no" : "needs its"} namespace`,
    );
  }
  return namespace === undefined ? { kind, name } : { kind, namespace, name };
}

function thresholdsOf(value: unknown): Declaration["thresholds"] {
  if (absent(value)) return new Map();
  const given = fields(value, ".thresholds");
  const names = Object.keys(THRESHOLDS) as ThresholdName[];
  only(given, ".thresholds", names);
  return new Map(names.flatMap((name): [ThresholdName, number][] => {
    const text = textAt(given, name, `.thresholds.${name}`);
    if (text === undefined) return [];
    const all = seconds(text);
    if (all !== undefined) return [[name, all]];
    throw new ShapeError(
      `.thresholds.${name}`,
      `is ${quoted(text)}, expected a time from 1s to 366d, such as 90s, 10m, 26h or 30d`,
    );
  }));
}

function muteOf(value: unknown, path: string): Mute {
  const given = fields(value, path);
  only(given, path, ["check", "object", "reason", "until"]);
  const needed = (key: string) => {
    const text = textAt(given, key, `${path}.${key}`);
    if (text === undefined || text.trim() === "") throw new ShapeError(`${path}.${key}`, "is absent");
    return text;
  };
  const object = textAt(given, "object", `${path}.object`);
  const mute = { check: needed("check"), reason: needed("reason"), until: needed("until") };
  if (endOfDay(mute.until) === undefined) {
    throw new ShapeError(`${path}.until`, `is ${quoted(mute.until)}, expected a day, such as 2026-12-31`);
  }
  return object === undefined ? mute : { ...mute, object };
}

const absent = (value: unknown) => value === undefined || value === null;

function fields(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ShapeError(path, `is ${described(value)}, expected keys with values`);
}

function entries(value: unknown, path: string): readonly unknown[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) throw new ShapeError(path, `is ${described(value)}, expected a list`);
  if (value.length > MOST_ENTRIES) throw new ShapeError(path, `has more than ${MOST_ENTRIES} entries`);
  return value;
}

function textAt(from: Readonly<Record<string, unknown>>, key: string, path: string): string | undefined {
  return asText(own(from, key), path);
}

function asText(value: unknown, path: string): string | undefined {
  if (absent(value)) return undefined;
  if (typeof value !== "string") throw new ShapeError(path, `is ${described(value)}, expected a text`);
  if (value.length <= LONGEST_TEXT) return value;
  throw new ShapeError(path, `is longer than ${LONGEST_TEXT} characters`);
}

function only(given: Readonly<Record<string, unknown>>, path: string, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ShapeError(`${path}.${cut(unknown, QUOTED)}`, `is not known here${alternative(unknown, known)}`);
}

function oneOf<const T extends string>(word: string | undefined, path: string, known: readonly T[]): T {
  const found = known.find((one) => one === word);
  if (found !== undefined) return found;
  if (word === undefined) throw new ShapeError(path, `is absent, expected ${known.join(" or ")}`);
  throw new ShapeError(path, `is ${quoted(word)}${alternative(word, known)}`);
}

function alternative(word: string, known: readonly string[]): string {
  const near = nearest(cut(word, QUOTED), known);
  return near ? `; did you mean ${near}?` : `; known are ${known.join(", ")}`;
}

function quoted(text: string): string {
  return JSON.stringify(cut(text, QUOTED));
}

function described(value: unknown): string {
  if (absent(value)) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object"
    ? "a set of keys"
    : `a ${typeof value === "string" ? "text" : typeof value}`;
}
