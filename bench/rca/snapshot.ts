/** One case of the benchmark as a cluster that can be asked: lists of API objects and logs out of a file. */
import { CannotLook } from "../../lib/engine/errors.ts";
import { collect, type Reading, sourcesOf } from "../../lib/engine/collect.ts";
import type { Component, Facts } from "../../lib/engine/model.ts";
import { at } from "../../lib/untrusted/lookup.ts";
import { parseJson } from "../../lib/untrusted/json.ts";

interface Snapshot {
  namespace: string;
  collectedAt: string;
  lists: Record<string, unknown[]>;
  /** By the name of the workload; `NAME.previous` is of the run before. */
  logs: Record<string, string> | null;
}

/** The facts that a health run of these components would have had. */
export async function factsOf(path: string, components: readonly Component[]): Promise<Facts> {
  const snapshot = await read(path);
  return await collect(readingOf(snapshot), sourcesOf(components), {
    namespace: snapshot.namespace,
    now: () => new Date(snapshot.collectedAt),
  });
}

async function read(path: string): Promise<Snapshot> {
  const file = await Deno.open(path);
  const text = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  return parseJson(text) as Snapshot;
}

const text = (value: unknown, ...path: string[]): string => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
};

function readingOf(snapshot: Snapshot): Reading {
  return {
    context: "benchmark",
    preflight: () => Promise.resolve({ ok: true, version: "v1.31.2" }),
    get(path, options) {
      const url = new URL(path, "http://api");
      if (url.pathname === "/readyz") return Promise.resolve({ status: 200, body: "ok" });
      const [, namespace, pod] = url.pathname.match(/\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/) ?? [];
      if (namespace && pod) {
        const log = logOf(snapshot, namespace, pod, url.searchParams.get("previous") === "true");
        return Promise.resolve(log === undefined ? { status: 404, body: "" } : { status: 200, body: log });
      }
      const items = listOf(snapshot, url);
      const kept = options.metadataOnly
        ? items.map((item) => ({ metadata: at(item, "metadata") }))
        : structuredClone(items);
      return Promise.resolve({ status: 200, body: { items: kept } });
    },
  };
}

function listOf({ lists }: Snapshot, url: URL): unknown[] {
  const [, within, kind = ""] = url.pathname.match(/\/(?:namespaces\/([^/]+)\/)?([a-z]+)$/) ?? [];
  const all = Object.hasOwn(lists, kind) ? lists[kind] : undefined;
  if (!all) {
    throw new CannotLook({ kind: "not-installed", message: `the case holds no list ${url.pathname}` });
  }
  const here = all.filter((item) => !within || text(item, "metadata", "namespace") === within);
  const isOfWarnings = url.searchParams.get("fieldSelector") === "type=Warning";
  return isOfWarnings ? here.filter((item) => text(item, "type") === "Warning") : here;
}

function ownerName(object: unknown): string {
  const [owner] = (at(object, "metadata", "ownerReferences") ?? []) as unknown[];
  return text(owner, "name");
}

/** The benchmark keeps one log a workload. */
function logOf({ lists, logs }: Snapshot, namespace: string, name: string, previous: boolean) {
  const pod = lists.pods?.find((one) =>
    text(one, "metadata", "name") === name && text(one, "metadata", "namespace") === namespace
  );
  const owner = ownerName(pod);
  const set = lists.replicasets?.find((one) => text(one, "metadata", "name") === owner);
  const labels = at(pod, "metadata", "labels");
  for (const app of [set ? ownerName(set) : "", owner, text(labels, "app"), name].filter(Boolean)) {
    const before = logs?.[`${app}.previous`];
    const found = previous && before !== undefined && !before.startsWith("Error") ? before : logs?.[app];
    if (found !== undefined) return found;
  }
  return undefined;
}
