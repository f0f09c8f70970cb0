/** Reads YAML: one document of settings, or manifests. docs/decisions/yaml.md says why with js-yaml. */
import { DEEPEST } from "./json.ts";

/** What is in the file, or why it can't be used: a clause that quotes none of it. */
export type ParsedYaml<T> = { ok: true; value: T } | { ok: false; why: string };

/**
 * Characters and values of a document with each alias written out; a kubeconfig of 8 MiB without aliases has fewer.
 * Nine lines of ten aliases each stand for a billion values: the parser shares them, and whoever walks or writes
 * them does not come to an end.
 */
const MOST_WRITTEN_OUT = 16 * 1024 * 1024;

/** The same, for those that cannot wait while they read. */
export type YamlParser = (text: string) => ParsedYaml<unknown>;

/**
 * Every scalar but null stays the text that stands in the file: a token `0123` or a name `on` is no number
 * or boolean. An empty document is undefined. The parser's own message is dropped: it quotes the file.
 */
export async function parseYaml(text: string): Promise<ParsedYaml<unknown>> {
  return (await yamlParser())(text);
}

/** What {@linkcode parseYaml} does, with the parser loaded. */
export async function yamlParser(): Promise<YamlParser> {
  const { FAILSAFE_SCHEMA, load, nullCoreTag, Schema, YAMLException } = await import("../vendor/js_yaml.mjs");
  const schema = new Schema([...FAILSAFE_SCHEMA.tags, nullCoreTag]);
  return (text) => {
    if (text.split("\n").every((line) => /^\s*(#|$)/.test(line))) return { ok: true, value: undefined };
    try {
      return bounded(load(text, { schema }));
    } catch (error) {
      const mark = error instanceof YAMLException ? error.mark : undefined;
      return { ok: false, why: mark ? `line ${mark.line + 1} is not valid YAML` : "it is not YAML" };
    }
  };
}

/** The documents of a file of Kubernetes manifests, with numbers and booleans; empty ones are left out. */
export async function parseManifests(text: string): Promise<ParsedYaml<Record<string, unknown>[]>> {
  const { loadAll } = await import("../vendor/js_yaml.mjs");
  try {
    const all = loadAll(text).filter((one) => one !== null && one !== undefined);
    if (all.every((one) => typeof one === "object" && !Array.isArray(one))) {
      return bounded(all as Record<string, unknown>[]);
    }
  } catch {
    // Said below.
  }
  return { ok: false, why: "it is not YAML of Kubernetes objects" };
}

function bounded<T>(value: T): ParsedYaml<T> {
  const left = { size: MOST_WRITTEN_OUT, deep: false };
  spend(value, left, 0);
  if (left.deep) return { ok: false, why: `it is nested deeper than ${DEEPEST} levels` };
  if (left.size < 0) {
    const limit = `${MOST_WRITTEN_OUT / 1024 ** 2} MiB`;
    return { ok: false, why: `it is larger than ${limit} with its aliases written out` };
  }
  return { ok: true, value };
}

/** Takes the size of a value from what is left, and stops when nothing is, or it is too deep: a loop is both. */
function spend(value: unknown, left: { size: number; deep: boolean }, depth: number): void {
  left.size -= typeof value === "string" ? 1 + value.length : 1;
  if (typeof value !== "object" || value === null) return;
  if (depth === DEEPEST) left.deep = true;
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let i = 0; i < inner.length && left.size >= 0 && !left.deep; i++) {
    left.size -= keys?.[i]?.length ?? 0;
    spend(inner[i], left, depth + 1);
  }
}
