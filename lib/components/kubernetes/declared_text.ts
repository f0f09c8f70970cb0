/** The text of a declaration inside a ConfigMap, read as YAML. */
import { obj, ShapeError, str, via } from "../../engine/decode.ts";
import { readDeclaration } from "../../platform/mod.ts";
import { quote } from "../../redact/mod.ts";
import type { YamlParser } from "../../untrusted/yaml.ts";
import { at } from "../../untrusted/lookup.ts";

/** Its value does not matter. */
export const DECLARATION_LABEL = "lakecheck.dev/platform";
export const DECLARATION_KEY = "platform.yaml";
const MOST_UNITS = 64 * 1024;
/** UTF-16 units of what is told of a declaration that cannot be used. */
const LONGEST_MESSAGE = 400;

export interface DeclaredText {
  /** What it holds, which can be used. */
  document?: unknown;
  /** Why there is none: a clause. Nothing else is kept of what cannot be used. */
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
  if (typeof text !== "string") return { why: `it has no key ${DECLARATION_KEY}` };
  if (text.length > MOST_UNITS) {
    return { why: `its key ${DECLARATION_KEY} is longer than ${MOST_UNITS / 1024} KiB` };
  }
  if (!parse) return { why: `its key ${DECLARATION_KEY} was not read` };
  const read = parse(text);
  if (!read.ok) return { why: `in its key ${DECLARATION_KEY}, ${read.why}` };
  try {
    readDeclaration(read.value);
    return { document: read.value };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { why: `in its key ${DECLARATION_KEY}, ${quote(error.message.trim(), [], LONGEST_MESSAGE)}` };
  }
}
