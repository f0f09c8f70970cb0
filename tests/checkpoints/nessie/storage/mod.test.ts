import assert from "node:assert/strict";
import { runTrials } from "../../../../lib/checkpoint/run_trials.ts";
import { storageTrials } from "../../../../lib/checkpoints/nessie/storage/mod.ts";
import type { StorageContext } from "../../../../lib/checkpoints/nessie/storage/database.ts";
import { tryStorage } from "../../../../lib/checkpoints/nessie/storage/run.ts";
import type { StoreSettings } from "../../../../lib/checkpoints/nessie/storage/settings.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import type { Facts } from "../../../../lib/engine/model.ts";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import { openWorld } from "../../../../lib/engine/world.ts";
import { NO_FACTS, trying, withFake } from "../fixture.ts";
import { catalogObjects, type FakeDatabase, fakeDatabase, GOOD, NESSIE, PLACE } from "./fixture.ts";
import { PATIENT_MS } from "../../../patience.ts";

const JDBC2: StoreSettings = { type: "JDBC2", from: "ConfigMap nessie", replicas: 2 };

interface Case {
  database?: Partial<FakeDatabase>;
  settings?: StorageContext["settings"];
  store?: StorageContext["store"];
  facts?: Facts;
  /** Commits arrive in the database. */
  arrives?: boolean;
  created?: string;
}

async function tried(
  { database = {}, settings = JDBC2, store, facts = facts3(), arrives = true, created }: Case,
) {
  const { value } = await withFake([], async (context, fake) => {
    const asked = fakeDatabase({ ...GOOD, ...arrives ? { catalog: fake } : {}, ...database });
    const opened = {
      database: asked,
      cluster: "nessie-postgres",
      namespace: "data-platform",
      pod: "nessie-postgres-1",
    };
    const given: StorageContext = {
      context: {
        ...context,
        world: openWorld(facts),
        place: PLACE,
        config: {
          ...context.config,
          ...created === undefined ? {} : { repositoryCreationTimestamp: created },
        },
      },
      settings,
      store: store ??
        { ...opened, words: "Pod data-platform/nessie-postgres-1", close: () => Promise.resolve() },
    };
    const { signal } = context;
    return await runTrials(storageTrials, given, { signal, trialTimeoutMs: PATIENT_MS, concurrency: 1 });
  });
  return new Map<string, TrialRecord>(value.map((one) => [one.trial, one]));
}

const POD_STARTS = ["2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z"];

/** A Cluster of three instances, and two pods of the catalog. */
function facts3(instances = 3, starts = POD_STARTS): Facts {
  const owner = (kind: string, name: string) => ({ ownerReferences: [{ kind, name, controller: true }] });
  const pods = starts.map((startedAt, i) => ({
    metadata: {
      name: `nessie-${i}`,
      namespace: "data-platform",
      ...owner("ReplicaSet", "nessie-abc"),
    },
    status: { phase: "Running", containerStatuses: [{ name: "nessie", state: { running: { startedAt } } }] },
  }));
  const items = (all: unknown[]) => ({ ok: true as const, items: all });
  return {
    ...NO_FACTS,
    sources: {
      pods: items(pods),
      replicasets: items([{
        metadata: { name: "nessie-abc", namespace: "data-platform", ...owner("Deployment", "nessie") },
      }]),
      deployments: items([{ metadata: { name: "nessie", namespace: "data-platform" } }]),
      "cnpg.clusters": items([{
        metadata: { name: "nessie-postgres", namespace: "data-platform" },
        spec: { instances },
      }]),
    },
  };
}

Deno.test("a catalog on JDBC2 whose commits arrive holds in everything", async () => {
  const records = await tried({ created: "2026-11-20T08:00:00Z" });
  assert.deepEqual([...records.values()].filter(({ result }) => result !== "passed"), []);
  assert.equal(records.size, storageTrials.length);
  assert.equal(
    records.get("nessie.store-replicas")?.observed,
    "2 standbys (nessie-postgres-2, nessie-postgres-3)",
  );
});

Deno.test("IN_MEMORY is critical: everything is lost, and each replica is a catalog of its own", async () => {
  const records = await tried({
    settings: { type: "IN_MEMORY", from: "env of Deployment nessie", replicas: 2 },
  });
  const kept = records.get("nessie.store-kept");
  assert.equal(kept?.reason, "InMemory");
  assert.match(kept?.message ?? "", /every table is lost.*each of the 2 replicas/);
  assert.equal(records.get("nessie.store-open")?.result, "skipped");
  assert.equal(records.get("nessie.store-grows")?.result, "skipped");
});

Deno.test("a catalog of which nothing is said keeps everything in memory, and is told so", async () => {
  const kept = (await tried({ settings: { replicas: 1 } })).get("nessie.store-kept");
  assert.equal(kept?.result, "failed");
  assert.match(kept?.message ?? "", /IN_MEMORY, Nessie's default/);
});

Deno.test("another store than JDBC2 is not what is backed up", async () => {
  const kept = (await tried({ settings: { type: "ROCKSDB", from: "ConfigMap nessie" } })).get(
    "nessie.store-kept",
  );
  assert.equal(kept?.reason, "OtherStore");
});

Deno.test("a database without the tables is another one", async () => {
  const records = await tried({ database: { objs2: undefined } });
  const tables = records.get("nessie.store-tables");
  assert.equal(tables?.reason, "Missing");
  assert.match(tables?.message ?? "", /objs2 is not there/);
  assert.equal(records.get("nessie.store-grows")?.result, "skipped");
});

Deno.test("a table that lacks a column is named with it", async () => {
  const records = await tried({ database: { objs2: "obj_id obj_type obj_value obj_vers repo" } });
  assert.match(records.get("nessie.store-tables")?.message ?? "", /objs2 lacks obj_ref/);
});

Deno.test("commits that arrive somewhere else are seen: the tables are there, and do not grow", async () => {
  const grows = (await tried({ arrives: false })).get("nessie.store-grows");
  assert.equal(grows?.reason, "NotArrived");
  assert.match(grows?.message ?? "", /go somewhere else/);
});

Deno.test("a database that is behind the catalog is seen by the hash that it has", async () => {
  const grows = (await tried({ database: { hash: "0123456789abcdef" } })).get("nessie.store-grows");
  assert.equal(grows?.reason, "NotArrived");
  assert.match(grows?.observed ?? "", /another hash in refs2 \(0123456789ab…\)/);
});

Deno.test("commits that are missing in objs2 are seen", async () => {
  const grows = (await tried({ database: { lacking: 1 } })).get("nessie.store-grows");
  assert.equal(grows?.result, "failed");
  assert.equal(grows?.observed, "2 of 3 commits");
});

Deno.test("a pod that is labelled primary and takes no writes is seen", async () => {
  assert.equal((await tried({ database: { standby: true } })).get("nessie.store-open")?.reason, "Standby");
});

Deno.test("connections: over 80 % is a warning, over 95 % critical, and pools that may take all are one too", async () => {
  const at = async (used: number, settings: StoreSettings = JDBC2) =>
    (await tried({ database: { used }, settings })).get("nessie.store-connections");
  assert.equal((await at(37))?.result, "passed");
  const many = await at(40);
  assert.equal(many?.reason, "FewConnections");
  assert.equal(many?.status, undefined);
  assert.equal((await at(46))?.status, "critical");
  const large = await at(5, { ...JDBC2, poolMax: 40 });
  assert.equal(large?.reason, "PoolsTooLarge");
  assert.match(large?.message ?? "", /80 connections, and the database has 47/);
});

Deno.test("a standby that is missing is a warning; a Cluster of one instance has none", async () => {
  const one = await tried({ database: { standbys: [{ name: "nessie-postgres-2", state: "streaming" }] } });
  assert.equal(one.get("nessie.store-replicas")?.reason, "StandbyMissing");
  const alone = await tried({ database: { standbys: [] }, facts: facts3(1) });
  assert.equal(alone.get("nessie.store-replicas")?.result, "skipped");
});

Deno.test("a standby that does not stream follows nobody", async () => {
  const standbys = [{ name: "a", state: "startup" }, { name: "b", state: "streaming" }];
  assert.equal((await tried({ database: { standbys } })).get("nessie.store-replicas")?.result, "failed");
});

Deno.test("what is not older than every pod proves nothing of a restart, and says how to prove it", async () => {
  const survives = (await tried({ created: "2026-11-21T09:30:00Z" })).get("nessie.store-survives");
  assert.equal(survives?.result, "skipped");
  assert.equal(survives?.next?.[0]?.step, "restart-nessie");
  const unknown = await tried({ created: "2026-11-20T09:30:00Z", facts: facts3(3, []) });
  assert.equal(unknown.get("nessie.store-survives")?.result, "skipped");
});

Deno.test("who may not read the Secret or forward ports is told once; the configuration is judged all the same", async () => {
  const failure = { kind: "forbidden" as const, message: "user x may not get secrets. Next: bind a Role" };
  const records = await tried({ store: { failure }, created: "2026-11-20T08:00:00Z" });
  assert.equal(records.get("nessie.store-kept")?.result, "passed");
  assert.equal(records.get("nessie.store-open")?.result, "unknown");
  assert.match(records.get("nessie.store-open")?.message ?? "", /may not get secrets/);
  for (const id of ["tables", "grows", "connections", "size", "replicas"]) {
    assert.equal(records.get(`nessie.store-${id}`)?.result, "skipped", id);
  }
  assert.equal(records.get("nessie.store-survives")?.result, "passed");
});

Deno.test("a Secret that may not be read makes the database unknown, and no record holds a password", async () => {
  const objects = catalogObjects();
  const { value } = await withFake([], (context) =>
    tryStorage(
      context,
      NESSIE,
      {
        get: (path) =>
          path.includes("/secrets/")
            ? Promise.reject(new CannotLook({ kind: "forbidden", message: "you may not get secrets" }))
            : Promise.resolve(objects[path]),
        list: () =>
          Promise.resolve([{ apiVersion: "v1", kind: "Pod", metadata: { name: "nessie-postgres-1" } }]),
      },
      { timeoutMs: PATIENT_MS },
      trying(context),
    ));
  const open = value.find(({ trial }) => trial === "nessie.store-open");
  assert.equal(open?.result, "unknown");
  assert.match(open?.message ?? "", /may not get secrets/);
  assert.ok(!JSON.stringify(value).includes("a-password-of-the-test"));
});

Deno.test("without a Deployment it is not known what the catalog keeps its data in", async () => {
  const { value } = await withFake([], (context) =>
    tryStorage(
      context,
      NESSIE,
      { get: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
      { timeoutMs: PATIENT_MS },
      trying(context),
    ));
  assert.equal(value.find(({ trial }) => trial === "nessie.store-kept")?.result, "unknown");
});

Deno.test("a Cluster without a primary, and a host that is no Cluster's, are told as such", async () => {
  const openWith = async (lines: string[]) => {
    const objects = catalogObjects(lines);
    const { value } = await withFake([], (context) =>
      tryStorage(
        context,
        NESSIE,
        { get: (path) => Promise.resolve(objects[path]), list: () => Promise.resolve([]) },
        { timeoutMs: PATIENT_MS },
        trying(context),
      ));
    return value.find(({ trial }) => trial === "nessie.store-open")?.message ?? "";
  };
  const at = (host: string) => [
    "nessie.version.store.type=JDBC2",
    "nessie.version.store.persist.jdbc.datasource=postgresql",
    `quarkus.datasource.postgresql.jdbc.url=jdbc:postgresql://${host}:5432/nessie`,
  ];
  assert.match(await openWith(at("nessie-postgres-rw")), /nessie-postgres has no primary/);
  assert.match(await openWith(at("db.example.com")), /no Service of a CloudNativePG Cluster/);
});
