/** All faults, and how to find one by its name. */
import { UsageError } from "../../lib/engine/errors.ts";
import { catalogFaults } from "./kinds/catalog.ts";
import { connectFaults } from "./kinds/connect.ts";
import { controls } from "./kinds/controls.ts";
import { databaseFaults } from "./kinds/database.ts";
import type { Fault } from "./fault.ts";
import { fluxFaults } from "./kinds/flux.ts";
import { networkFaults } from "./kinds/network.ts";
import { nodeFaults } from "./kinds/node.ts";
import { secretFaults } from "./kinds/secrets.ts";
import { sparkFaults } from "./kinds/spark.ts";
import { storageFaults } from "./kinds/storage.ts";
import { vaultFaults } from "./kinds/vault.ts";

/** Faults by the part of the platform that breaks. */
export const FAMILIES: Readonly<Record<string, readonly Fault[]>> = {
  "secrets": [...secretFaults, ...connectFaults, ...vaultFaults],
  "GitOps": fluxFaults,
  "storage": storageFaults,
  "database": databaseFaults,
  "catalog": catalogFaults,
  "Spark and jobs": sparkFaults,
  "network": networkFaults,
  "Kubernetes": nodeFaults,
  "innocent states": controls,
};

/** Every fault and every innocent state. */
export const faults: readonly Fault[] = Object.values(FAMILIES).flat();

/** How many letters must be added, taken away or changed to make `b` of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Pure: names of faults that somebody may have meant by `name`, nearest first, at most three. */
export function nearNames(name: string): string[] {
  const words = name.split("-").filter((word) => word.length > 2);
  const scored = faults.map((fault) => {
    const shared = words.filter((word) => fault.name.includes(word)).length;
    return { name: fault.name, score: distance(name, fault.name) - 4 * shared };
  });
  return scored.filter(({ name: known, score }) => score <= known.length / 2)
    .toSorted((a, b) => a.score - b.score).slice(0, 3).map((one) => one.name);
}

/** The fault of this name. Throws UsageError that lists near names. */
export function findFault(name: string): Fault {
  const found = faults.find((fault) => fault.name === name);
  if (found) return found;
  const near = nearNames(name);
  const meant = near.length > 0 ? `Did you mean ${near.join(", or ")}? ` : "";
  throw new UsageError(
    `There is no fault ${
      JSON.stringify(name)
    }. ${meant}deno task lab:break --list shows all ${faults.length}.`,
  );
}

function wrapped(text: string, width: number, indent: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    const line = lines[last] ?? "";
    if (line !== "" && line.length + word.length >= width) lines.push(word);
    else lines[last] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}${line}`);
}

/** Pure: what `--list` prints. `on`: names of the faults that are on. */
export function listing(on: ReadonlySet<string>, width = 110): string {
  const indent = "      ";
  const lines = Object.entries(FAMILIES).flatMap(([family, members]) => [
    family,
    ...members.flatMap((fault) => [
      `  ${fault.name}${on.has(fault.name) ? "  (on)" : ""}`,
      ...wrapped(`${fault.title}.`, width - indent.length, indent),
      ...wrapped(fault.story, width - indent.length, indent),
      `${indent}shows first: ${fault.shows}`,
    ]),
    "",
  ]);
  return lines.join("\n");
}
