/** Shows what install would put there, without the values of the Secrets. */
import type { KubeObject } from "../../../clients/kubernetes/writer.ts";
import { print } from "../../../cli/terminal.ts";
import type { Step } from "./apply.ts";
import { comment } from "../../../untrusted/quoting.ts";

/** The objects as YAML documents on stdout, each with what would become of it as a comment above. */
export async function printDryRun(steps: readonly Step[]): Promise<void> {
  const { dump } = await import("../../../vendor/js_yaml.mjs");
  const documents = steps.map(({ object, outcome, differing }) => {
    const why = differing.map((line) => `${comment("#", `  ${line}`)}\n`).join("");
    return `${comment("#", outcome)}\n${why}${
      dump(object.kind === "Secret" ? redacted(object) : object, { noRefs: true })
    }`;
  });
  await print(`${documents.join("---\n")}`);
}

/** The object with every value of its data hidden. */
export function redacted(object: KubeObject): KubeObject {
  const hide = (data: unknown) =>
    Object.fromEntries(
      Object.keys(typeof data === "object" && data ? data : {}).map((key) => [key, "(redacted)"]),
    );
  return { ...object, data: hide(object.data) };
}
