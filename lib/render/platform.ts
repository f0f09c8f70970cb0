/** What a platform consists of, for people: the objects of each role, then what is not clear, and what to do next. */
import type { FilledRole } from "../engine/model.ts";
import { refKey, refText } from "../engine/model.ts";
import type { Report } from "../engine/report.ts";
import { command } from "../untrusted/shell.ts";
import {
  findingsOf,
  numbers,
  observationLines,
  type Renderer,
  STATUS_COLOURS,
  STATUS_WIDTH,
} from "./parts.ts";
import { nextLines } from "./plain.ts";
import { cleanAll, hang, pad, type Paint, painter, wrap } from "./text.ts";

/** Objects shown of one role before `and N more`. */
const OBJECTS = 6;

export const platform: Renderer = (dirty, { colour, width }) => {
  const report = cleanAll(dirty);
  const paint = painter(colour);
  const { namespace = "", declaration, roles = [] } = report.platform ?? {};
  const where = declaration ? `declared by ${declaration}` : "nothing declares what it must have";
  const sections = [
    [
      ...hang("Platform  ", `namespace ${namespace}, ${where}`, width, `${paint(["bold"], "Platform")}  `),
      ...wrap(numbers(report), width).map((line) => paint(["dim"], line)),
    ],
    roles.length > 0 ? rolesLines(roles, width, paint) : ["No part of a lakehouse was found here."],
    unclear(roles, width, paint),
    problems(report, width, paint),
    nextLines(nextOf(declaration), paint),
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n") + "\n";
};

/** A role that others before it have shown, such as Nessie after the catalog, says nothing new. */
function rolesLines(roles: readonly FilledRole[], width: number, paint: Paint): string[] {
  const shown = new Set<string>();
  const kept = roles.filter(({ objects, need }) => {
    const isNew = objects.some(({ object }) => !shown.has(refKey(object)));
    objects.forEach(({ object }) => shown.add(refKey(object)));
    return isNew || (need !== undefined && objects.length === 0);
  });
  return [paint(["bold"], "Roles"), ...kept.flatMap((one) => roleLines(one, width, paint))];
}

function roleLines({ role, need, objects }: FilledRole, width: number, paint: Paint): string[] {
  const head = `  ${paint(["bold"], role)}${need === undefined ? "" : `, declared ${need}`}`;
  if (objects.length === 0) return [head, ...need === "absent" ? [] : ["    nothing"]];
  const lines = objects.slice(0, OBJECTS).flatMap(({ object, by, missing }) => [
    ...hang("    ", refText(object) + (missing ? ", which does not exist" : ""), width),
    ...hang("      ", by, width).map((line) => paint(["dim"], line)),
  ]);
  const more = objects.length - OBJECTS;
  return [head, ...lines, ...more > 0 ? [`    and ${more} more`] : []];
}

function unclear(roles: readonly FilledRole[], width: number, paint: Paint): string[] {
  const lines = roles.flatMap(({ role, ambiguous }) =>
    ambiguous ? hang(`  ${role}: `, ambiguous, width) : []
  );
  return lines.length > 0 ? [paint(["bold"], "Not clear"), ...lines] : [];
}

function problems(report: Report, width: number, paint: Paint): string[] {
  const bad = findingsOf(report).filter(({ status }) => status !== "ok" && status !== "skipped");
  const lines = bad.flatMap((finding) => {
    const word = pad(finding.status, STATUS_WIDTH);
    return [
      ...hang(`  ${word}  `, finding.message, width, `  ${paint(STATUS_COLOURS[finding.status], word)}  `),
      ...observationLines(finding, " ".repeat(STATUS_WIDTH + 4), width, paint),
      ...nextLines(finding.next ?? [], paint).map((line) => " ".repeat(STATUS_WIDTH + 2) + line),
    ];
  });
  return lines.length > 0 ? [paint(["bold"], "Problems"), ...lines] : [];
}

function nextOf(declaration: string | undefined): string[] {
  return declaration ? [command`deno task data-platform:health`] : [
    command`deno task data-platform:discover:save --write platform.yaml   # then edit it, and use it:`,
    command`deno task data-platform:health --config platform.yaml`,
  ];
}
