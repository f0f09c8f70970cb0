/** What the Nessie checkpoint judges, and what the catalog stands on. */
import { externalSecretsComponent as externalSecrets } from "../../components/external_secrets/mod.ts";
import { deployments, kubernetes } from "../../components/kubernetes/mod.ts";
import { catalogs, nessie } from "../../components/nessie/mod.ts";
import { network } from "../../components/network/mod.ts";
import { nodesComponent } from "../../components/nodes/mod.ts";
import { postgresql } from "../../components/postgresql/mod.ts";
import { SERVICE_ERRORS } from "../../components/common/mod.ts";
import { rookCeph } from "../../components/rook_ceph/mod.ts";
import { s3User } from "../../components/object_store/mod.ts";
import { NOT_LOOKED_AT } from "../../engine/unread/failure_reason.ts";
import {
  type Check,
  type Component,
  type Edge,
  type RecordSource,
  refKey,
  type Table,
  type World,
} from "../../engine/model.ts";
import { trialComponent, type TrialFamily, trialRef } from "../../checkpoint/component.ts";
import { type SeenRecord, trialChecks, type TrialWords } from "../../checkpoint/trial.ts";
import { loadChecks } from "../../load/judge.ts";
import type { LoadRow } from "../../load/rows.ts";
import { s3Gateway } from "../s3/setup/gateway.ts";
import { capabilityRecords } from "./iceberg_rest/mod.ts";
import { capabilityChecks, capabilityTables } from "./iceberg_rest/report.ts";
import { nessieObject } from "./context.ts";
import { nessieShard } from "./integrity/shards/mod.ts";
import { integrityTables, nessieIntegrityTotals } from "./integrity/records.ts";
import { integrityWords, nessieIntegrity } from "./integrity/words.ts";
import { BUDGET_MS, latencyWords } from "./performance/latency.ts";
import { loadWords } from "./performance/load.ts";
import { LOOKED_IN } from "./setup/facts.ts";
import { catalogPods } from "./setup/pods.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { restartWords } from "./storage/restart.ts";
import { storageTrials } from "./storage/mod.ts";
import { apiTrials, behaviourTrials, cleanWords } from "./trials.ts";

const family: TrialFamily = {
  area: "nessie",
  kind: "CatalogTrial",
  source: nessieTrials,
  service: nessieObject,
  dependsOn: "nessie",
  via: "catalog",
};

const ofCatalog = () => nessieObject;
const checksOf = (trials: readonly TrialWords[]) => trialChecks(nessieTrials, trials, ofCatalog);

/** Whether there is a catalog that answers: the one cause of all that was not tried. */
const reachCheck: Check = {
  id: "nessie.reached",
  title: "Way to the catalog",
  explain:
    "A Nessie is found, with a Ready pod behind its Service, and answers from here as Nessie does; or the address that was " +
    "given does. Without that nothing can be tried.",
  needs: [nessieSetup],
  object: ofCatalog,
  run(world) {
    const [setup] = world.records(nessieSetup);
    if (!setup) return [{ status: "unknown", reason: "NotTried", message: "the catalog was not asked" }];
    const release = setup.serverVersion ? `, release ${setup.serverVersion}` : "";
    return [{
      status: "ok",
      reason: "Reached",
      message: `${setup.url} answers ${setup.words}${release}`,
      observed: setup.url,
    }];
  },
};

/** The catalog is what its Service leads to; a part that it calls down is the warehouse that health judges. */
function catalogEdges(world: World): Edge[] {
  const [setup] = world.records(nessieSetup);
  if (setup && !setup.service) return [];
  const tried = setup?.service && refKey(setup.service);
  const found = catalogs(world).filter(({ service }) => tried === undefined || refKey(service) === tried);
  return [
    ...found.flatMap(({ service, warehouse }): Edge[] => [
      { from: nessieObject, to: service, via: "served by", explains: "any", because: [...SERVICE_ERRORS] },
      {
        from: trialRef(family, "nessie.management-health"),
        to: warehouse,
        via: "health of its parts",
        explains: ["Down"],
      },
    ]),
    ...LOOKED_IN.filter((source) =>
      // Where there is none, health says so of all Deployments.
      world.failure(source) || source === deployments && found.length === 0
    ).map(({ kind }): Edge => ({
      from: nessieObject,
      to: { kind, name: "*" },
      via: "looked for among",
      explains: NOT_LOOKED_AT,
    })),
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
function onlyAsked(source: RecordSource<SeenRecord>, checks: readonly Check[], asked: string): Check[] {
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

const apiPart = trialComponent(family, "nessie-api", "Nessie API and Iceberg REST", checksOf(apiTrials), {
  sources: [nessieTrials, nessieSetup],
});
const api: Component = {
  ...apiPart,
  checks: [reachCheck, ...apiPart.checks],
  edges: (world) => [...apiPart.edges(world), ...catalogEdges(world)],
};

const behaviour = trialComponent(
  family,
  "nessie-behaviour",
  "Branches, commits, merges",
  checksOf([...behaviourTrials, cleanWords]),
);

const performance = trialComponent(family, "nessie-performance", "Time that metadata takes", [
  ...checksOf([latencyWords]),
  ...onlyAsked(nessieTrials, checksOf([loadWords]), "--load"),
  ...loadChecks({
    source: nessiePerformance,
    area: "nessie",
    what: "the catalog",
    object: nessieObject,
    budgetMs: BUDGET_MS,
    flag: "--load",
  }).filter(({ id }) => id === "nessie.performance-baseline"),
], { sources: [nessieTrials, nessiePerformance], tables: performanceTables });

const storage = trialComponent(family, "nessie-storage", "Storage of the catalog", [
  ...checksOf(storageTrials),
  ...onlyAsked(nessieTrials, checksOf([restartWords]), "--restart"),
]);

const capabilities = trialComponent(
  family,
  "nessie-capabilities",
  "What the catalog can do",
  capabilityChecks(ofCatalog),
  {
    sources: [capabilityRecords],
    // Fifty rows: not for who wants to know what is broken.
    tables: (world) => capabilityTables(world).map((table) => ({ ...table, verbose: true })),
  },
);

const integrity = trialComponent(
  family,
  "nessie-integrity",
  "From tables to objects",
  onlyAsked(nessieIntegrity, trialChecks(nessieIntegrity, integrityWords, ofCatalog), "--no-integrity"),
  { sources: [nessieIntegrity, nessieIntegrityTotals, nessieShard], tables: integrityTables },
);

export function reported(): readonly Component[] {
  const trials = [api, storage, behaviour, capabilities, integrity, performance];
  const stand = [
    nessie,
    catalogPods,
    postgresql,
    s3User,
    s3Gateway,
    rookCeph,
    externalSecrets,
    network,
    nodesComponent,
    kubernetes,
  ];
  return [...trials, ...stand];
}
