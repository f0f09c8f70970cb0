/** Shows what install would put there, without the values of the Secrets. */
import type { KubeObject, KubeWriter } from "../clients/kube_writer.ts";
import { print } from "../terminal.ts";
import type { Step } from "./apply.ts";
import { pathOf } from "./manifests.ts";
import { holds, secretObject, type Wanted } from "./secrets.ts";

/** The objects as YAML documents on stdout, each with what would become of it as a comment above. */
export async function printDryRun(
  kube: KubeWriter,
  steps: readonly Step[],
  secrets: readonly Wanted[],
): Promise<void> {
  const { dump } = await import("js-yaml");
  const documents: string[] = [];
  for (const wanted of secrets) {
    const object = secretObject(wanted);
    const found = await kube.get(pathOf(object));
    const outcome = holds(found, wanted) ? "unchanged" : found ? "change" : "create";
    documents.push(`# ${outcome}\n${dump(redacted(object))}`);
  }
  for (const { object, outcome, differing } of steps) {
    const why = differing.map((line) => `#   ${line}\n`).join("");
    documents.push(`# ${outcome}\n${why}${dump(object, { noRefs: true })}`);
  }
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
