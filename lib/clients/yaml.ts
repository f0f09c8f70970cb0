/** Reads YAML: one document of settings, or manifests. docs/decisions/yaml.md says why with js-yaml. */

/** The document, or the line (from 1, if known) at which it stops being YAML. */
export type ParsedYaml = { ok: true; value: unknown } | { ok: false; line?: number };

/**
 * Every scalar but null stays the text that stands in the file: a token `0123` or a name `on` is no number
 * or boolean. An empty document is undefined. The parser's own message is dropped: it quotes the file.
 */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const { FAILSAFE_SCHEMA, load, nullCoreTag, Schema, YAMLException } = await import("js-yaml");
  if (text.split("\n").every((line) => /^\s*(#|$)/.test(line))) return { ok: true, value: undefined };
  try {
    return { ok: true, value: load(text, { schema: new Schema([...FAILSAFE_SCHEMA.tags, nullCoreTag]) }) };
  } catch (error) {
    if (!(error instanceof YAMLException)) return { ok: false };
    return error.mark ? { ok: false, line: error.mark.line + 1 } : { ok: false };
  }
}

/**
 * The documents of a file of Kubernetes manifests, with numbers and booleans; empty ones are left out. undefined
 * when it is not YAML, or a document is no object.
 */
export async function parseManifests(text: string): Promise<Record<string, unknown>[] | undefined> {
  const { loadAll } = await import("js-yaml");
  try {
    const all = loadAll(text).filter((one) => one !== null && one !== undefined);
    return all.every((one) => typeof one === "object" && !Array.isArray(one))
      ? all as Record<string, unknown>[]
      : undefined;
  } catch {
    return undefined;
  }
}
