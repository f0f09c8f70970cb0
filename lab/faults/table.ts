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
import { hang } from "../../lib/render/mod.ts";
import { editDistance } from "../../lib/untrusted/edit_distance.ts";

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

/** Pure: names of faults that somebody may have meant by `name`, nearest first, at most three. */
export function nearNames(name: string): string[] {
  const words = name.split("-").filter((word) => word.length > 2);
  const scored = faults.map((fault) => {
    const shared = words.filter((word) => fault.name.includes(word)).length;
    return { name: fault.name, score: editDistance(name, fault.name) - 4 * shared };
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

/** Pure: what `--list` prints. `on`: names of the faults that are on. */
export function listing(on: ReadonlySet<string>, width = 110): string {
  const indent = "      ";
  const lines = Object.entries(FAMILIES).flatMap(([family, members]) => [
    family,
    ...members.flatMap((fault) => [
      `  ${fault.name}${on.has(fault.name) ? "  (on)" : ""}`,
      ...hang(indent, `${fault.title}.`, width),
      ...hang(indent, fault.story, width),
      `${indent}shows first: ${fault.shows}`,
    ]),
    "",
  ]);
  return lines.join("\n");
}
