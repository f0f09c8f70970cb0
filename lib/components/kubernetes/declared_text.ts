/** The text of a declaration inside a ConfigMap, read as YAML. */
import { obj, str, via } from "../../engine/decode.ts";
import type { YamlParser } from "../../untrusted/yaml.ts";
import { at } from "../../untrusted/lookup.ts";

/** Its value does not matter. */
export const DECLARATION_LABEL = "lakecheck.dev/platform";
export const DECLARATION_KEY = "platform.yaml";
const MOST_UNITS = 64 * 1024;

export interface DeclaredText {
  document?: unknown;
  /** Why there is no document: what follows "its key". */
  why?: string;
}

/** The label, if it is there. */
export const declarationLabel = via(
  obj({ [DECLARATION_LABEL]: str }),
  (labels) => labels[DECLARATION_LABEL] === undefined ? undefined : labels,
);

/** YAML is only loaded where something is declared. */
let parse: YamlParser | undefined;

export async function prepareDeclarations(items: readonly unknown[]): Promise<void> {
  if (parse || !items.some((item) => at(item, "metadata", "labels", DECLARATION_LABEL) !== undefined)) return;
  parse = await (await import("../../untrusted/yaml.ts")).yamlParser();
}

export function readDeclared(data: unknown): DeclaredText {
  const text = at(data, DECLARATION_KEY);
  if (typeof text !== "string") return { why: "is absent" };
  if (text.length > MOST_UNITS) return { why: `is longer than ${MOST_UNITS / 1024} KiB` };
  if (!parse) return { why: "was not read" };
  const read = parse(text);
  return read.ok ? { document: read.value ?? {} } : { why: `cannot be read: ${read.why}` };
}
