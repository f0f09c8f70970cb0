/** Every regular expression that stands in the code of lib/ and scripts/. */

export interface Expression {
  /** `lib/engine/decode.ts:12 /x+/g` */
  where: string;
  source: string;
  flags: string;
}

const ROOT = decodeURIComponent(new URL("../../../", import.meta.url).pathname);

/** The expressions of a file's text. Works in `deno test` only, as the linter's parser does. */
export function expressionsIn(path: string, text: string): Expression[] {
  const found: Expression[] = [];
  const plugin: Deno.lint.Plugin = {
    name: "expressions",
    rules: {
      find: {
        create: () => ({
          Literal(node) {
            if (!("regex" in node) || !node.regex) return;
            const { pattern: source, flags } = node.regex;
            const line = text.slice(0, node.range[0]).split("\n").length;
            found.push({ where: `${path}:${line} /${source}/${flags}`, source, flags });
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, ROOT + path, text);
  return found;
}

/** All of lib/ and scripts/. */
export function everyExpression(): Expression[] {
  return ["lib", "scripts"].flatMap(filesBelow).flatMap((path) =>
    expressionsIn(path, Deno.readTextFileSync(ROOT + path))
  );
}

/** TypeScript files below a directory, as paths from the root of the repository. */
export function filesBelow(directory: string): string[] {
  return [...Deno.readDirSync(ROOT + directory)].flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    return isDirectory ? filesBelow(path) : path.endsWith(".ts") ? [path] : [];
  });
}
