/**
 * Copies of packages that a health run needs: with them it downloads none, and starts where no registry can be reached.
 * As soon as a run needs one package, Deno downloads every package of deno.lock, which is 260 MB.
 */

const DIRECTORY = "lib/vendor";

/** The files of lib/vendor with their texts: js-yaml as the package has it, its types and its license. */
export async function vendored(): Promise<Map<string, string>> {
  const module = import.meta.resolve("js-yaml");
  const read = (path: string) => Deno.readTextFile(new URL(path, module));
  const version: unknown = JSON.parse(await read("../package.json")).version;
  const code = (await read("js-yaml.mjs")).replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
  const from =
    `// js-yaml ${version}, license in js_yaml_license.txt. Copied by \`deno task generate\`; do not edit.`;
  return new Map([
    [`${DIRECTORY}/js_yaml.mjs`, `// @ts-self-types="./js_yaml.d.mts"\n${from}\n${code}`],
    [`${DIRECTORY}/js_yaml.d.mts`, `${from}\n${await read("js-yaml.d.ts")}`],
    [`${DIRECTORY}/js_yaml_license.txt`, await read("../LICENSE")],
  ]);
}
