/** What the Nessie checkpoint judges, and what the catalog stands on. */
import { kubernetes } from "../../components/kubernetes.ts";
import { nessie } from "../../components/nessie.ts";
import { postgresql } from "../../components/postgresql.ts";
import { SERVICE_ERRORS } from "../../components/reasons.ts";
import { rookCeph } from "../../components/rook_ceph.ts";
import { s3User } from "../../components/s3_user.ts";
import type { Check, Component, Edge, RecordSource, Table, World } from "../../model.ts";
import { trialChecks, type TrialRecord, type TrialWords } from "../../trial.ts";
import type { LoadRow } from "../load/rows.ts";
import { capabilityRecords } from "./capabilities.ts";
import { capabilityChecks, capabilityTables } from "./capabilities_report.ts";
import { nessieObject } from "./context.ts";
import { integrityTables, nessieIntegrityTotals } from "./integrity_records.ts";
import { integrityWords, nessieIntegrity } from "./integrity_words.ts";
import { latencyWords } from "./latency.ts";
import { loadWords } from "./load.ts";
import { catalogPods } from "./pods.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { restartWords } from "./storage_restart.ts";
import { storageTrials } from "./storage.ts";
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

/** What nobody asked for is skipped, and not unknown. `asked` says how to ask for it, or who left it out. */
function onlyAsked(source: RecordSource<TrialRecord>, checks: readonly Check[], asked: string): Check[] {
  return checks.map((check) => ({
    ...check,
    run(world) {
      const tried = world.records(source).some(({ trial }) => trial === check.id);
      return tried
        ? check.run(world)
        : [{ status: "skipped", reason: "NotAsked", message: `not asked for (${asked})` }];
    },
  }));
}

const api = trialComponent("nessie-api", "Nessie API and Iceberg REST", apiTrials, {
  sources: [nessieTrials, nessieSetup],
  edges: catalogEdges,
});

const behaviour = trialComponent("nessie-behaviour", "Branches, commits, merges", [
  ...behaviourTrials,
  cleanWords,
]);

const ofCatalog = () => nessieObject;

const performance = trialComponent("nessie-performance", "Time that metadata takes", [latencyWords], {
  sources: [nessieTrials, nessiePerformance],
  checks: [
    ...trialChecks(nessieTrials, [latencyWords], ofCatalog),
    ...onlyAsked(nessieTrials, trialChecks(nessieTrials, [loadWords], ofCatalog), "--load"),
  ],
  tables: performanceTables,
});

const storage = trialComponent("nessie-storage", "Storage of the catalog", [], {
  checks: [
    ...trialChecks(nessieTrials, storageTrials, ofCatalog),
    ...onlyAsked(nessieTrials, trialChecks(nessieTrials, [restartWords], ofCatalog), "--restart"),
  ],
});

const capabilities = trialComponent("nessie-capabilities", "What the catalog can do", [], {
  sources: [capabilityRecords],
  checks: capabilityChecks(ofCatalog),
  // Fifty rows: not for who wants to know what is broken.
  tables: (world) => capabilityTables(world).map((table) => ({ ...table, verbose: true })),
});

const integrity = trialComponent("nessie-integrity", "From tables to objects", [], {
  sources: [nessieIntegrity, nessieIntegrityTotals],
  checks: onlyAsked(
    nessieIntegrity,
    trialChecks(nessieIntegrity, integrityWords, ofCatalog),
    "--no-integrity",
  ),
  tables: integrityTables,
});

export function reported(): readonly Component[] {
  const trials = [api, storage, behaviour, capabilities, integrity, performance];
  return [...trials, nessie, catalogPods, postgresql, s3User, rookCeph, kubernetes];
}
