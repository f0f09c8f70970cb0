/** A cluster of objects by path, in memory: for what install decides. What an API server decides is tested on the lab. */
import type { KubeObject, KubeWriter } from "../../lib/clients/kube_writer.ts";

export interface FakeCluster extends KubeWriter {
  objects: Map<string, KubeObject>;
  /** Every write, as `verb path`. */
  writes: string[];
  /** Rights that are refused, as `verb resource`. */
  refused: Set<string>;
  /** API versions that are not served. */
  unserved: Set<string>;
}

export function fakeCluster(objects: Record<string, KubeObject> = {}): FakeCluster {
  const all = new Map(Object.entries(objects));
  const writes: string[] = [];
  const refused = new Set<string>();
  const unserved = new Set<string>();
  const merged = (object: unknown, patch: unknown): unknown => {
    if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
    const base: Record<string, unknown> = typeof object === "object" && object ? { ...object } : {};
    for (const [key, value] of Object.entries(patch)) base[key] = merged(base[key], value);
    return base;
  };
  return {
    objects: all,
    writes,
    refused,
    unserved,
    context: "toy",
    server: "https://toy",
    signal: new AbortController().signal,
    get: (path) => Promise.resolve(all.get(path)),
    list: (path) => {
      const [bare = ""] = path.split("?");
      const namespaced = bare.replace(/^(.*)\/([^/]+)$/, "$1/namespaces/[^/]+/$2");
      const within = new RegExp(`^(${bare}|${namespaced})/[^/]+$`);
      return Promise.resolve([...all].filter(([key]) => within.test(key)).map(([, object]) => object));
    },
    apply: (path, object) => {
      writes.push(`apply ${path}`);
      const before = all.get(path);
      all.set(path, merged(before, object) as KubeObject);
      return Promise.resolve({ outcome: before ? "changed" as const : "created" as const });
    },
    merge: (path, patch) => {
      writes.push(`merge ${path}`);
      const made = merged(all.get(path), patch) as KubeObject;
      all.set(path, made);
      return Promise.resolve(made);
    },
    remove: (path) => {
      writes.push(`remove ${path}`);
      return Promise.resolve(all.delete(path));
    },
    may: (verb, _group, resource) => Promise.resolve(!refused.has(`${verb} ${resource}`)),
    serves: (group, version) => Promise.resolve(!unserved.has(`${group}/${version}`)),
    raw: () => Promise.resolve({ status: 200 }),
    close: () => {},
  };
}
