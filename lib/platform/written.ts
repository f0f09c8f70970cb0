/** A declaration as a file, from what was found. Pure. */
import { type FilledRole, type PlatformDescription, refText } from "../engine/model.ts";
import { comment, yamlText } from "../untrusted/quoting.ts";
import { isBroad, ROLE_NAMES } from "./declarable.ts";
import { API_VERSION } from "./declaration.ts";
import { isCatalog } from "./roles.ts";

/** Requires every role that is filled; where it is not clear by what, it names the objects, for people to choose. */
export function declarationText({ namespace, roles }: PlatformDescription): string {
  const lines = roles.filter(isWritten).flatMap(roleLines);
  return [
    comment(
      "#",
      "What this platform must have: deno task data-platform:health --config THIS_FILE, or the key",
    ),
    comment(
      "#",
      "platform.yaml of a ConfigMap labelled lakecheck.dev/platform. docs/platform.md says what may stand here.",
    ),
    `apiVersion: ${API_VERSION}`,
    "kind: Platform",
    ...namespace ? [`namespace: ${yamlText(namespace)}`] : [],
    ...lines.length > 0 ? ["roles:", ...lines] : [],
    "",
  ].join("\n");
}

/** A catalog is declared once, as the catalog. */
function isWritten({ role, objects }: FilledRole): boolean {
  const known = ROLE_NAMES.find((name) => name === role);
  if (!known || objects.length === 0) return false;
  return isBroad(known) || !isCatalog(known);
}

function roleLines({ role, need = "required", objects, ambiguous }: FilledRole): string[] {
  const evidence = objects.slice(0, 3).map(({ object, by, missing }) =>
    `  ${comment("#", `${refText(object)}: ${by}${missing ? "; it does not exist" : ""}`)}`
  );
  if (!ambiguous) return [...evidence, `  ${role}: ${need}`];
  return [
    ...evidence,
    `  ${comment("#", `NOT CLEAR: ${ambiguous}`)}`,
    `  ${role}:`,
    `    need: ${need}`,
    "    objects:",
    ...objects.map(({ object }) => `      - ${yamlText(refText(object))}`),
  ];
}
