/** `--config`: the declaration of the platform as a file. */
import { parseYaml } from "../untrusted/yaml.ts";
import { MOST_BYTES, readLimited } from "../disk/read_limited.ts";
import { ShapeError } from "../engine/decode.ts";
import { UsageError } from "../engine/errors.ts";
import type { DeclaredFile } from "../engine/model.ts";
import { readDeclaration } from "../platform/mod.ts";

export interface Config {
  declared: DeclaredFile;
  /** The namespace that it declares. */
  namespace?: string;
}

/** Reads it and looks whether it can be used; throws UsageError. */
export async function readConfig(path: string): Promise<Config> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.declaration, pipes: "substituted" });
  if (!read.ok) {
    throw new UsageError(
      `Cannot read the declaration ${path}: ${read.why}. Next: give --config a file as docs/platform.md describes it, ` +
        "or write one: deno task data-platform:discover:save --write platform.yaml",
    );
  }
  const parsed = await parseYaml(new TextDecoder().decode(read.bytes));
  if (!parsed.ok) throw unusable(path, parsed.why);
  try {
    const { namespace } = readDeclaration(parsed.value);
    const declared = { from: path.slice(path.lastIndexOf("/") + 1), document: parsed.value };
    return namespace === undefined ? { declared } : { declared, namespace };
  } catch (error) {
    if (error instanceof ShapeError) throw unusable(path, error.message.trim());
    throw error;
  }
}

function unusable(path: string, why: string): UsageError {
  return new UsageError(
    `The declaration ${path} cannot be used: ${why}. Next: see docs/platform.md and docs/schema/platform.v1.json.`,
  );
}
