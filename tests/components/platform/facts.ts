/** The facts of the healthy lab, with a declaration of its platform. */
import { components } from "../../../lib/components/mod.ts";
import { configMaps, deployments } from "../../../lib/components/kubernetes/mod.ts";
import { loadFacts } from "../../../lib/disk/facts_file.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import type { Facts } from "../../../lib/engine/model.ts";
import type { Report } from "../../../lib/engine/report.ts";

const recorded = await loadFacts(
  new URL("../../scenarios/healthy/facts.json.gz", import.meta.url).pathname,
);

export function healthy(): Facts {
  return structuredClone(recorded);
}

const HEAD = { apiVersion: "lakecheck.dev/v1", kind: "Platform" };

/** As if `--config` had named a file with this. */
export function withFile(facts: Facts, document: Record<string, unknown>): Facts {
  return { ...facts, declared: { from: "platform.yaml", document: { ...HEAD, ...document } } };
}

interface Item {
  metadata: { name: string; namespace: string };
  spec?: Record<string, unknown>;
}

export function itemsOf(facts: Facts, { id }: { id: string }): Item[] {
  const result = facts.sources[id];
  if (!result?.ok || !("items" in result)) throw new Error(`no list ${id}`);
  return result.items as Item[];
}

/** As if a ConfigMap of this namespace held this; `why` instead of a document: it could not be read. */
export function withConfigMap(
  facts: Facts,
  namespace: string,
  held: { document?: Record<string, unknown>; why?: string },
): Facts {
  const declaration = held.why === undefined ? { document: { ...HEAD, ...held.document } } : held;
  const item = { metadata: { name: "platform", namespace }, keys: ["platform.yaml"], declaration };
  itemsOf(facts, configMaps).push(item as unknown as Item);
  return facts;
}

/** Without this Deployment and whatever is of its name. */
export function without(facts: Facts, name: string): Facts {
  for (const result of Object.values(facts.sources)) {
    if (!result.ok || !("items" in result)) continue;
    result.items = (result.items as Item[]).filter((item) => !item.metadata?.name?.startsWith(name));
  }
  return facts;
}

export function workload(facts: Facts, name: string): Item {
  const found = itemsOf(facts, deployments).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no Deployment ${name}`);
  return found;
}

export function judged(facts: Facts): Report {
  return evaluate("data-platform:health", components, facts);
}

/** What is not well, as `status check Kind namespace/name Reason: message`. */
export function bad(report: Report): string[] {
  return report.details.components.flatMap(({ checks }) => checks)
    .filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ status, check, object: { kind, namespace, name }, reason, message }) =>
      `${status} ${check} ${kind} ${namespace ? `${namespace}/` : ""}${name} ${reason}: ${message}`
    );
}
