/** What the Nessie checkpoint judges, and what the catalog stands on. */
import { kubernetes } from "../../components/kubernetes.ts";
import { nessie } from "../../components/nessie.ts";
import { postgresql } from "../../components/postgresql.ts";
import { SERVICE_ERRORS } from "../../components/reasons.ts";
import { rookCeph } from "../../components/rook_ceph.ts";
import { s3User } from "../../components/s3_user.ts";
import type { Component, Edge, Table, World } from "../../model.ts";
import { trialChecks, type TrialWords } from "../../trial.ts";
import type { LoadRow } from "../load/rows.ts";
import { nessieObject } from "./context.ts";
import { latencyWords } from "./latency.ts";
import { loadWords } from "./load.ts";
import { catalogPods } from "./pods.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { apiTrials, behaviourTrials, cleanWords } from "./trials.ts";

/** A component of trials; all speak of the catalog unless they name another object. */
export function trialComponent(
  name: string,
  title: string,
  trials: readonly TrialWords[],
  more: Partial<Component> = {},
): Component {
  return {
    name,
    title,
    dependsOn: ["nessie"],
    sources: [nessieTrials],
    namespaces: () => [],
    kinds: [],
    checks: trialChecks(nessieTrials, trials, () => nessieObject),
    edges: () => [],
    ...more,
  };
}

/** The catalog is what its Service leads to; a dead one is one fault, however many trials it fails. */
function catalogEdges(world: World): Edge[] {
  const [setup] = world.records(nessieSetup);
  if (setup && !setup.service) return [];
  const to = setup?.service ?? { kind: "Service", namespace: world.namespace, name: "nessie" };
  const warehouse = { kind: "Warehouse", name: "default warehouse of nessie" };
  return [
    { from: nessieObject, to, via: "served by", explains: "any", because: [...SERVICE_ERRORS] },
    { from: nessieObject, to: warehouse, via: "health of its parts", explains: ["Down"] },
  ];
}

/** The table of `nessie.performance`; none when nothing was measured. */
function performanceTables(world: World): Table[] {
  const rows = world.records(nessiePerformance).filter((one): one is LoadRow => one.kind === "row");
  if (rows.length === 0) return [];
  return [{
    name: "nessie.performance",
    title: "Metadata operations",
    columns: ["operation", "workers", "count", "per s", "p50 ms", "p95 ms", "p99 ms", "most ms", "failed"],
    rows: rows.map((row) => [
      row.operation,
      row.concurrency,
      row.requests,
      rounded(row.requestsPerS),
      rounded(row.p50Ms),
      rounded(row.p95Ms),
      rounded(row.p99Ms),
      rounded(row.maxMs),
      Object.values(row.errors).reduce((sum, count) => sum + count, 0),
    ]),
  }];
}

const rounded = (value: number): number => value < 10 ? Number(value.toFixed(1)) : Math.round(value);

/** What of the load was asked for is judged; else there is nothing to say of it. */
const loadChecks = trialChecks(nessieTrials, [loadWords], () => nessieObject).map((check) => ({
  ...check,
  run: (world: World) => {
    const tried = world.records(nessieTrials).some(({ trial }) => trial === loadWords.id);
    if (tried) return check.run(world);
    return [{ status: "skipped" as const, reason: "NotAsked", message: "not asked for (--load)" }];
  },
}));

const api = trialComponent("nessie-api", "Nessie API and Iceberg REST", apiTrials, {
  sources: [nessieTrials, nessieSetup],
  edges: catalogEdges,
});

const behaviour = trialComponent("nessie-behaviour", "Branches, commits, merges", [
  ...behaviourTrials,
  cleanWords,
]);

const performance = trialComponent("nessie-performance", "Time that metadata takes", [latencyWords], {
  sources: [nessieTrials, nessiePerformance],
  checks: [...trialChecks(nessieTrials, [latencyWords], () => nessieObject), ...loadChecks],
  tables: performanceTables,
});

export function reported(): readonly Component[] {
  return [api, behaviour, performance, nessie, catalogPods, postgresql, s3User, rookCeph, kubernetes];
}
