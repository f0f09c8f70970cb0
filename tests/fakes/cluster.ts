/**
 * A cluster of objects by path, in memory: for what install decides. It keeps books of who wrote which field, refuses
 * conflicts and pins as an API server does; lists are one field. What an API server really does is tested on the lab.
 */
import type { KubeObject, KubeWriter } from "../../lib/clients/kubernetes/writer.ts";
import type { Conflict } from "../../lib/clients/kubernetes/write_replies.ts";
import { CannotLook } from "../../lib/engine/errors.ts";

export interface FakeCluster extends KubeWriter {
  objects: Map<string, KubeObject>;
  /** Every write, as `verb path`. */
  writes: string[];
  /** Rights that are refused, as `verb resource`. */
  refused: Set<string>;
  /** API versions that are not served. */
  unserved: Set<string>;
  /** Called before each write: what somebody else does at that moment. */
  meanwhile?: (write: string) => void;
}

type Fields = Record<string, unknown>;

interface Entry {
  manager: string;
  operation: string;
  fieldsV1: Fields;
}

const isMap = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const PINS = new Set(["name", "namespace", "uid", "resourceVersion", "managedFields", "generation"]);

/** The leaves of an object, as paths of keys; what names it is no field of anybody. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (path.length === 0 && isMap(value)) {
    const { apiVersion: _version, kind: _kind, status: _status, metadata, ...rest } = value;
    const named = Object.fromEntries(Object.entries(metadata as Fields).filter(([key]) => !PINS.has(key)));
    return Object.entries({ ...rest, metadata: named }).flatMap(([key, one]) => leaves(one, [key]));
  }
  if (!isMap(value)) return [path];
  return Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, key]));
}

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((here, key) => isMap(here) ? here[key] : undefined, value);

function fieldsV1(paths: readonly string[][]): Fields {
  const all: Fields = {};
  for (const path of paths) {
    let here = all;
    for (const key of path) here = (here[`f:${key}`] ??= {}) as Fields;
  }
  return all;
}

const owns = ({ fieldsV1 }: Entry, path: readonly string[]) =>
  at(fieldsV1, path.map((key) => `f:${key}`)) !== undefined;
const entriesOf = (object: KubeObject | undefined) => (object?.metadata.managedFields ?? []) as Entry[];

let uids = 0;

/** The object as an API server keeps it when this manager has written all of it. */
export function writtenBy(manager: string, object: KubeObject, operation = "Update"): KubeObject {
  const managedFields: Entry[] = [{ manager, operation, fieldsV1: fieldsV1(leaves(object)) }];
  return {
    ...object,
    metadata: { uid: `uid-${++uids}`, resourceVersion: "1", ...object.metadata, managedFields },
  };
}

/** The same after another manager has written these fields, too. */
export function alsoWrittenBy(manager: string, before: KubeObject, change: Partial<KubeObject>): KubeObject {
  const { apiVersion, kind, metadata } = before;
  const made = { apiVersion, kind, ...change, metadata: { ...change.metadata, name: metadata.name } };
  const object = merged(before, change) as KubeObject;
  const entry = { manager, operation: "Update", fieldsV1: fieldsV1(leaves(made)) };
  return bumped({
    ...object,
    metadata: { ...object.metadata, managedFields: [...entriesOf(before), entry] },
  });
}

function bumped(object: KubeObject): KubeObject {
  const resourceVersion = String(Number(object.metadata.resourceVersion ?? 0) + 1);
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

function merged(object: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const base: Fields = isMap(object) ? { ...object } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete base[key];
    else base[key] = merged(base[key], value);
  }
  return base;
}

function requirePins(found: KubeObject | undefined, { metadata }: Partial<KubeObject>): void {
  for (const pin of ["uid", "resourceVersion"]) {
    if (metadata?.[pin] === undefined || metadata[pin] === found?.metadata[pin]) continue;
    throw new CannotLook({
      kind: "server-error",
      message: `409: ${pin} is another one. Next: run this again`,
    });
  }
}

function conflictsWith(found: KubeObject | undefined, object: KubeObject, own: string): Conflict[] {
  const others = entriesOf(found).filter(({ manager, operation }) => `${manager}/${operation}` !== own);
  return leaves(object).flatMap((path) => {
    if (JSON.stringify(at(found, path)) === JSON.stringify(at(object, path))) return [];
    return others.filter((entry) => owns(entry, path)).map(({ manager }) => ({
      manager,
      field: `.${path.join(".")}`,
    }));
  });
}

/** What a server-side apply makes of it. */
function applied(found: KubeObject | undefined, object: KubeObject, taken: readonly Conflict[]): KubeObject {
  const lost = new Set(taken.map(({ field }) => field));
  const others = entriesOf(found).filter(({ manager, operation }) =>
    manager !== "lakecheck" || operation !== "Apply"
  ).map((entry) => ({
    ...entry,
    fieldsV1: fieldsV1(leavesOf(entry.fieldsV1).filter((path) => !lost.has(`.${path.join(".")}`))),
  }));
  const mine = { manager: "lakecheck", operation: "Apply", fieldsV1: fieldsV1(leaves(object)) };
  // What this manager applied before and does not any more goes, unless others wrote it too.
  const gone = entriesOf(found).filter(({ manager, operation }) =>
    manager === "lakecheck" && operation === "Apply"
  ).flatMap(({ fieldsV1 }) => leavesOf(fieldsV1)).filter((path) =>
    at(object, path) === undefined && !others.some((entry) => owns(entry, path))
  );
  const removed = gone.map((path) => path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), null));
  const made = removed.reduce(merged, merged(found ?? {}, object)) as KubeObject;
  const next = { ...made, metadata: { ...made.metadata, managedFields: [...others, mine] } };
  return JSON.stringify(next) === JSON.stringify(found) ? next : bumped(next);
}

function leavesOf(fields: Fields, path: string[] = []): string[][] {
  const all = Object.entries(fields);
  if (all.length === 0) return path.length > 0 ? [path] : [];
  return all.flatMap(([key, value]) => leavesOf(value as Fields, [...path, key.slice(2)]));
}

export function fakeCluster(objects: Record<string, KubeObject> = {}): FakeCluster {
  const all = new Map(Object.entries(objects));
  const writes: string[] = [];
  const refused = new Set<string>();
  const unserved = new Set<string>();
  const write = (verb: string, path: string) => {
    self.meanwhile?.(`${verb} ${path}`);
    writes.push(`${verb} ${path}`);
  };
  const self: FakeCluster = {
    objects: all,
    writes,
    refused,
    unserved,
    context: "toy",
    server: "https://toy",
    connection: { to: "the API server", url: "https://toy", tls: "verified" },
    signal: new AbortController().signal,
    get: (path) => Promise.resolve(all.get(path)),
    list: (path) => {
      const [bare = ""] = path.split("?");
      const namespaced = bare.replace(/^(.*)\/([^/]+)$/, "$1/namespaces/[^/]+/$2");
      const within = new RegExp(`^(${bare}|${namespaced})/[^/]+$`);
      return Promise.resolve([...all].filter(([key]) => within.test(key)).map(([, object]) => object));
    },
    create(path, object) {
      write("create", path);
      if (all.has(path)) return Promise.resolve("exists");
      all.set(path, writtenBy("lakecheck", object));
      return Promise.resolve("created");
    },
    // deno-lint-ignore require-await
    async apply(path, object, { force = false, dryRun = false } = {}) {
      if (!dryRun) write(force ? "force" : "apply", path);
      const before = all.get(path);
      requirePins(before, object);
      const conflicts = conflictsWith(before, object, "lakecheck/Apply");
      if (conflicts.length > 0 && !force) return { outcome: "conflict", fields: conflicts };
      if (!dryRun) all.set(path, applied(before, object, conflicts));
      return { outcome: before ? "changed" : "created" };
    },
    // deno-lint-ignore require-await
    async merge(path, patch) {
      write("merge", path);
      requirePins(all.get(path), patch as Partial<KubeObject>);
      const made = bumped(merged(all.get(path), patch) as KubeObject);
      all.set(path, made);
      return made;
    },
    remove(path, only = {}) {
      write("remove", path);
      const found = all.get(path);
      if (!found) return Promise.resolve("absent");
      const { uid, resourceVersion } = found.metadata;
      if (only.uid && only.uid !== uid) return Promise.resolve("another");
      if (only.resourceVersion && only.resourceVersion !== resourceVersion) return Promise.resolve("another");
      all.delete(path);
      return Promise.resolve("removed");
    },
    may: (verb, _group, resource) => Promise.resolve(!refused.has(`${verb} ${resource}`)),
    serves: (group, version) => Promise.resolve(!unserved.has(`${group}/${version}`)),
    raw: () => Promise.resolve({ status: 200 }),
    close: () => {},
  };
  return self;
}
