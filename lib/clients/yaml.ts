/** Reads one YAML document of settings. docs/decisions/yaml.md says why with js-yaml. */

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
