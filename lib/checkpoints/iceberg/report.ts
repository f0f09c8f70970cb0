/** What the Iceberg checkpoint judges, and what tables stand on. */
import { type Check, type Component, type Edge, refKey, type Table, type World } from "../../engine/model.ts";
import { trialComponent, type TrialFamily, trialRef } from "../../checkpoint/component.ts";
import { trialChecks, type TrialWords } from "../../checkpoint/trial.ts";
import { SERVICE_ERRORS } from "../../components/common/mod.ts";
import { externalSecretsComponent as externalSecrets } from "../../components/external_secrets/mod.ts";
import { kubernetes } from "../../components/kubernetes/mod.ts";
import { catalogs, nessie } from "../../components/nessie/mod.ts";
import { network } from "../../components/network/mod.ts";
import { nodesComponent } from "../../components/nodes/mod.ts";
import { postgresql } from "../../components/postgresql/mod.ts";
import { rookCeph } from "../../components/rook_ceph/mod.ts";
import { s3User } from "../../components/object_store/mod.ts";
import { sparkClient } from "../../components/spark/mod.ts";
import { s3Gateway } from "../s3/setup/gateway.ts";
import { catalogPods } from "../nessie/setup/pods.ts";
import { creationCheck } from "./budget.ts";
import { icebergObject } from "./context.ts";
import { icebergSetup, icebergTimes, icebergTrials } from "./records.ts";
import { cleanWords, engineObject, engineWords, icebergTrialList } from "./trials/mod.ts";

const family: TrialFamily = {
  area: "iceberg",
  kind: "IcebergTrial",
  source: icebergTrials,
  service: icebergObject,
  dependsOn: "nessie",
  via: "catalog and store",
};

/** Whether there is a catalog, a store and a scratch namespace: the one cause of all that was not tried. */
const reachCheck: Check = {
  id: "iceberg.reached",
  title: "Way to the catalog and its store",
  explain:
    "The catalog and the object store of its warehouse are found and answer, and the scratch namespace was made. Without that " +
    "nothing can be tried.",
  needs: [icebergSetup],
  object: () => icebergObject,
  run(world) {
    const [setup] = world.records(icebergSetup);
    if (!setup) return [{ status: "unknown", reason: "NotTried", message: "no table was tried" }];
    const message = `${setup.url} answers ${setup.words}; the scratch namespace lay in ${setup.home}`;
    return [{ status: "ok", reason: "Reached", message, observed: setup.url }];
  },
};

/** No engine, no proof: whoever reads only the status must see it. */
const anyEngine: Check = {
  id: "iceberg.any-engine",
  title: "At least one engine",
  explain: "At least one engine was opened. Unknown: none is there, so nothing is known of tables.",
  needs: [icebergSetup],
  object: () => icebergObject,
  run(world) {
    const [setup] = world.records(icebergSetup);
    if (!setup) return [{ status: "unknown", reason: "NotTried", message: "no engine was looked for" }];
    const { engines } = setup;
    if (engines.length === 0) {
      const message = "no engine that reads and writes Iceberg is here, so no table was tried";
      return [{ status: "unknown", reason: "NoEngine", message }];
    }
    const names = engines.map(({ name, version, words }) => `${name} ${version} ${words}`).join("; ");
    return [{ status: "ok", reason: "Opened", message: names }];
  },
};

/** Tables need the catalog that was asked, and its store; every outcome of an engine needs that engine. */
function edges(world: World): Edge[] {
  const [setup] = world.records(icebergSetup);
  const tried = setup?.service && refKey(setup.service);
  const found = setup && !setup.service
    ? []
    : catalogs(world).filter(({ service }) => tried === undefined || refKey(service) === tried);
  const down = found.flatMap(({ service, warehouse }): Edge[] => [
    { from: icebergObject, to: service, via: "catalog", explains: "any", because: [...SERVICE_ERRORS] },
    { from: icebergObject, to: warehouse, via: "warehouse", explains: "any", because: [...SERVICE_ERRORS] },
  ]);
  const engines = (setup?.engines ?? []).flatMap(({ name, pod }): Edge[] => [
    { from: engineObject(name), to: icebergObject, via: "catalog and store", explains: "any", unknown: true },
    ...pod ? [{ from: engineObject(name), to: pod, via: "runs in", explains: "any" } satisfies Edge] : [],
  ]);
  const outcomes = world.records(icebergTrials).flatMap(({ trial, object }): Edge[] => {
    if (!object || object.kind !== family.kind) return [];
    const engine = (setup?.engines ?? []).find(({ name }) => object.name.split("-").includes(name));
    return [
      { from: object, to: trialRef(family, trial), via: "trial", explains: [], unknown: true },
      { from: object, to: icebergObject, via: family.via, explains: SERVICE_ERRORS, unknown: true },
      ...engine
        ? [
          {
            from: object,
            to: engineObject(engine.name),
            via: "engine",
            explains: "any",
            unknown: true,
          } satisfies Edge,
        ]
        : [],
    ];
  });
  return [...down, ...engines, ...outcomes];
}

function timesTables(world: World): Table[] {
  const rows = world.records(icebergTimes);
  if (rows.length === 0) return [];
  const ms = (value: number) => value < 10 ? Number(value.toFixed(1)) : Math.round(value);
  return [{
    name: "iceberg.times",
    title: "Time that statements take",
    columns: ["engine", "statement", "count", "p50 ms", "p95 ms", "most ms"],
    rows: rows.map(({ engine, what, count, p50Ms, p95Ms, maxMs }) => [
      ...[engine, what, count, ms(p50Ms), ms(p95Ms), ms(maxMs)],
    ]),
  }];
}

/** Who reads whom: a row for each table that one engine wrote and another read. */
function readsTables(world: World): Table[] {
  const rows = world.records(icebergTrials).filter(({ trial, object }) =>
    trial === "iceberg.read-each-other" && object !== undefined
  );
  if (rows.length === 0) return [];
  return [{
    name: "iceberg.reads",
    title: "Who reads what was written by whom",
    columns: ["table", "result", "difference"],
    verbose: true,
    rows: rows.map(({ message, result, observed, expected }) => [
      message,
      result,
      observed === undefined ? "" : `${observed} instead of ${expected ?? "what was written"}`,
    ]),
  }];
}

const checksOf = (trials: readonly TrialWords[]) => trialChecks(icebergTrials, trials, () => icebergObject);

const part = trialComponent(
  family,
  "iceberg-tables",
  "Iceberg tables",
  checksOf([engineWords, ...icebergTrialList, cleanWords]),
  {
    sources: [icebergTrials, icebergSetup, icebergTimes],
    tables: (world) => [...readsTables(world), ...timesTables(world)],
  },
);

const tables: Component = {
  ...part,
  checks: [reachCheck, anyEngine, ...part.checks, creationCheck(icebergObject)],
  edges: (world) => [...part.edges(world), ...edges(world)],
};

export function reported(): readonly Component[] {
  return [
    ...[tables, nessie, catalogPods, postgresql, s3User, s3Gateway, rookCeph, sparkClient, externalSecrets],
    ...[network, nodesComponent, kubernetes],
  ];
}
