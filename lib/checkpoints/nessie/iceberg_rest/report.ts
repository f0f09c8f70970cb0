/** What is told of the capabilities that were tried: a table of all, findings on what the engines need. Pure. */
import type { Check, Judgement, ObjectRef, Table, World } from "../../../engine/model.ts";
import { trialChecks } from "../../../checkpoint/trial.ts";
import { type Capability, capabilityRecords, type SeenCapability } from "./mod.ts";
import { choiceCapabilities } from "./choices.ts";
import { commitCapabilities } from "./commits.ts";
import { conflictCapabilities } from "./conflicts.ts";
import { fileCapabilities } from "./files.ts";
import { namespaceCapabilities } from "./namespaces.ts";
import { protocolCapabilities } from "./protocol.ts";
import { tableCapabilities } from "./tables.ts";
import { viewCapabilities } from "./views.ts";

/** Everything that is tried, in the order of the table. */
export const capabilities: readonly Capability[] = [
  ...namespaceCapabilities,
  ...tableCapabilities,
  ...choiceCapabilities,
  ...commitCapabilities,
  ...conflictCapabilities,
  ...fileCapabilities,
  ...viewCapabilities,
  ...protocolCapabilities,
];

/** Checks on the capabilities that an engine of the platform needs. */
export function capabilityChecks(object: (world: World) => ObjectRef): Check[] {
  const needed = capabilities.filter(({ engines }) => engines !== undefined);
  return trialChecks(capabilityRecords, needed, object).map((check) => ({
    ...check,
    run: (world: World) => check.run(world).map(plain),
  }));
}

/** What a capability adds to a record is for the table. */
function plain(finding: Judgement & { object?: ObjectRef }): Judgement & { object?: ObjectRef } {
  const { can: _can, endpoints: _endpoints, ...rest } = finding as typeof finding & SeenCapability;
  return rest;
}

/** The table `nessie.capabilities`; none when nothing was tried. */
export function capabilityTables(world: World): Table[] {
  const records = world.records(capabilityRecords);
  if (records.length === 0) return [];
  const listed = records.find(({ endpoints }) => endpoints)?.endpoints;
  const columns = ["area", "capability", "can", "as seen", "needed by"];
  const rows = capabilities.flatMap((one) =>
    records.filter(({ trial }) => trial === one.id).map((record) => [
      one.area,
      one.title,
      record.can ?? (record.result === "skipped" ? "not tried" : "unknown"),
      told(record),
      one.engines ?? "",
      ...listed ? [isListed(one, listed)] : [],
    ])
  );
  return [{
    name: "nessie.capabilities",
    title: "What this catalog can do",
    columns: listed ? [...columns, "listed"] : columns,
    rows,
  }];
}

/** Of what can be had the answer is enough; of all else what happened is said. */
function told({ can, message, observed }: SeenCapability): string {
  if (can !== "yes" || observed === undefined) return message;
  return observed.split(":")[0] ?? message;
}

/** Whether /v1/config names all endpoints that this one uses; empty when it uses those of others. */
function isListed({ endpoints }: Capability, listed: readonly string[]): string {
  if (!endpoints) return "";
  const missing = endpoints.filter((one) => one !== "GET /v1/config" && !listed.includes(one));
  return missing.length === 0 ? "yes" : "no";
}
