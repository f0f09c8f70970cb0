/** Whether the parts after one still mean anything. Pure. */
import { runChecks } from "../../engine/check.ts";
import type { Facts, Finding } from "../../engine/model.ts";
import { openWorld } from "../../engine/world.ts";
import type { Part } from "./parts.ts";

/** Of the part that was just run: why nothing after it means anything, after `skipped: `; undefined when it does. */
export function stoppedBy(part: Pick<Part, "basics" | "reported">, facts: Facts): string | undefined {
  const components = part.reported();
  const findings = runChecks(components, openWorld(facts, components), facts);
  for (const id of part.basics) {
    const said = findings.filter(({ check }) => check === id);
    const bad = said.find(({ status }) => status === "critical") ??
      said.find(({ status }) => status === "unknown");
    if (bad) return prerequisite(bad);
    // What it stands on was not tried at all: that is no proof either.
    const skipped = said.find(({ status }) => status === "skipped");
    if (skipped && said.every(({ status }) => status === "skipped")) return prerequisite(skipped);
  }
  return undefined;
}

function prerequisite({ check, status, message }: Finding): string {
  const how = { critical: "failed", unknown: "could not be tried" }[status as string] ?? "did not pass";
  // What to do about it stands with the check itself.
  const [what] = message.split(" Next: ");
  return `prerequisite ${check} ${how}: ${what}`;
}
