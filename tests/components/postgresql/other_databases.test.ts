/** Databases that CloudNativePG does not make are named, judged as workloads where they are some, and never missed. */
import assert from "node:assert/strict";
import { components } from "../../../lib/components/mod.ts";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import type { Failure, Finding } from "../../../lib/engine/model.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import { collect, sourcesOf } from "../../../lib/engine/collect.ts";
import { CONFIG_MAPS, STATEFUL_SETS } from "../healthy.ts";
import { DEPLOYMENTS, examined, LONG_AGO, NOW, SERVICES } from "../platform.ts";

const NS = "data-platform";

interface Database {
  host: string;
  service?: {
    name: string;
    namespace?: string;
    labels?: object;
    selector?: object;
    type?: string;
    port?: number;
  };
  workload?: {
    name: string;
    namespace?: string;
    labels?: object;
    pods?: object;
    replicas?: number;
    ready?: number;
  };
}

/** A catalog whose configuration names the host, and what is behind it. */
function lists({ host, service, workload }: Database): Record<string, unknown[]> {
  const container = {
    name: "nessie",
    image: "ghcr.io/projectnessie/nessie:1",
    envFrom: [{ configMapRef: { name: "c" } }],
  };
  const meta = (name: string, namespace = NS, labels = {}) => ({
    name,
    namespace,
    labels,
    generation: 1,
    creationTimestamp: LONG_AGO,
  });
  const scaled = (replicas: number, ready: number) => ({
    observedGeneration: 1,
    replicas,
    readyReplicas: ready,
    updatedReplicas: ready,
  });
  const { replicas = 1, ready = replicas, pods = {} } = workload ?? {};
  const { selector, type, port = 5432 } = service ?? {};
  return {
    "/api/v1/namespaces": [NS, "db"].map((name) => ({ metadata: { name } })),
    [DEPLOYMENTS]: [{
      metadata: meta("nessie"),
      spec: {
        replicas: 1,
        template: { metadata: { labels: { app: "nessie" } }, spec: { containers: [container] } },
      },
      status: scaled(1, 1),
    }],
    [CONFIG_MAPS]: [{ metadata: meta("c"), data: { "application.properties": `url=${host}` } }],
    [SERVICES]: service
      ? [{
        metadata: meta(service.name, service.namespace, service.labels),
        spec: { selector, type, ports: [{ port }] },
      }]
      : [],
    [STATEFUL_SETS]: workload
      ? [{
        metadata: meta(workload.name, workload.namespace, workload.labels),
        spec: { replicas, template: { metadata: { labels: pods }, spec: { containers: [] } } },
        status: scaled(replicas, ready),
      }]
      : [],
  };
}

const look = (database: Database, failures: Record<string, Failure> = {}): Promise<Diagnosis> =>
  examined(components, { lists: lists(database), failures });

async function said(database: Database): Promise<Finding> {
  const [found] = (await look(database)).findings.filter(({ check }) =>
    check === "postgresql.other-databases"
  );
  assert.ok(found);
  return found;
}

const ZALANDO: Database = {
  host: "jdbc:postgresql://acid-lake.db.svc/nessie",
  service: {
    name: "acid-lake",
    namespace: "db",
    labels: { application: "spilo", "cluster-name": "acid-lake", "spilo-role": "master" },
  },
  workload: {
    name: "acid-lake",
    namespace: "db",
    labels: { application: "spilo", "cluster-name": "acid-lake" },
  },
};

Deno.test("databases of other operators are known by their labels, also behind a Service without a selector", async () => {
  const crunchy = "postgres-operator.crunchydata.com/cluster";
  const databases: [string, Database][] = [
    ["PostgreSQL of Zalando's Postgres Operator", ZALANDO],
    ["PostgreSQL of Crunchy Postgres for Kubernetes, or an operator made of it", {
      host: "jdbc:postgresql://hippo-primary.db.svc:5432/nessie",
      service: { name: "hippo-primary", namespace: "db", labels: { [crunchy]: "hippo" } },
      workload: { name: "hippo-instance1-abcd", namespace: "db", labels: { [crunchy]: "hippo" } },
    }],
    ["PostgreSQL of the Percona Operator for PostgreSQL", {
      host: "jdbc:postgresql://pg-ha.db.svc:5432/nessie",
      service: {
        name: "pg-ha",
        namespace: "db",
        labels: { "app.kubernetes.io/managed-by": "percona-postgresql-operator", [crunchy]: "pg" },
      },
      workload: { name: "pg-instance1-abcd", namespace: "db", labels: { [crunchy]: "pg" } },
    }],
    ["PostgreSQL of StackGres", {
      host: "jdbc:postgresql://lake-primary.db.svc:5432/nessie",
      service: { name: "lake-primary", namespace: "db", labels: { "stackgres.io/cluster-name": "lake" } },
      workload: { name: "lake", namespace: "db", labels: { "stackgres.io/cluster-name": "lake" } },
    }],
    ["PostgreSQL", {
      host: "jdbc:postgresql://lake-postgresql:5432/nessie",
      service: { name: "lake-postgresql", selector: { "app.kubernetes.io/name": "postgresql" } },
      workload: { name: "lake-postgresql", pods: { "app.kubernetes.io/name": "postgresql" } },
    }],
    ["MySQL or MariaDB", {
      host: "jdbc:mariadb://maria.db.svc/nessie",
      service: { name: "maria", namespace: "db", selector: { app: "maria" }, port: 3306 },
      workload: { name: "maria", namespace: "db", pods: { app: "maria" } },
    }],
  ];
  for (const [what, database] of databases) {
    const found = await said(database);
    const { name, namespace = NS } = database.service ?? {};
    assert.deepEqual([found.status, found.reason], ["ok", "Ready"], what);
    assert.equal(
      found.message,
      `Deployment ${NS}/nessie leads to ${what}, at Service ${namespace}/${name}, which StatefulSet ${namespace}/${database.workload?.name} runs`,
    );
  }
});

Deno.test("a database of another operator that is down is its workload's fault, and one scaled to zero is critical", async () => {
  const { service, workload, host } = ZALANDO;
  const down = { host, service, workload: { name: "acid-lake", ...workload, ready: 0 } };
  const seen = await look(down);
  assert.equal((await said(down)).reason, "JudgedAlready");
  const [fault] = seen.findings.filter(({ object, status }) =>
    object.kind === "StatefulSet" && status === "critical"
  );
  assert.deepEqual([fault?.object.name, fault?.reason], ["acid-lake", "NoneReady"]);
  const stopped = await said({ host, service, workload: { name: "acid-lake", ...workload, replicas: 0 } });
  assert.deepEqual([stopped.status, stopped.reason, stopped.object.name], [
    "critical",
    "ScaledToZero",
    "acid-lake",
  ]);
});

Deno.test("a database outside the cluster is named and not looked at, and CloudNativePG is never missed", async () => {
  const host = "jdbc:postgresql://lake.abc.eu-west-1.rds.amazonaws.com/nessie";
  const found = await said({ host });
  assert.deepEqual([found.status, found.reason], ["skipped", "OutsideCluster"]);
  assert.match(
    found.message,
    /PostgreSQL outside this cluster, at lake\.abc\.eu-west-1\.rds\.amazonaws\.com:5432, which was not looked at/,
  );
  const name = { name: "rds", namespace: "db", type: "ExternalName" };
  assert.equal(
    (await said({ host: "jdbc:postgresql://rds.db.svc:5432/nessie", service: name })).reason,
    "OutsideCluster",
  );
  for (const database of [{ host }, ZALANDO]) {
    const missed = (await look(database)).findings.filter(({ object, status }) =>
      (object.kind === "Cluster" || object.name === "cnpg-controller-manager") && status !== "skipped" &&
      status !== "ok"
    );
    assert.deepEqual(missed, []);
  }
});

Deno.test("what runs behind a Service is not made up, and without the Services nothing is said", async () => {
  const { host, service } = ZALANDO;
  assert.equal((await said({ host, service })).reason, "WorkloadUnknown");
  const seen = await look(ZALANDO, { [SERVICES]: { kind: "forbidden", message: "no" } });
  assert.equal(seen.findings.find(({ check }) => check === "postgresql.other-databases")?.status, "unknown");
  assert.equal((await said({ host: "none" })).reason, "NotFound");
});

Deno.test("hosts outside are named in one line with what names them, and licences and the pod itself are none", async () => {
  const host =
    "http://s3.example.com:9000/x http://www.apache.org/licenses http://127.0.0.1:8080 http://localhost:1";
  const found = (await look({ host })).findings.find(({ check }) => check === "workloads.outside-hosts");
  assert.deepEqual([found?.status, found?.message], [
    "skipped",
    `1 host outside this cluster is named in configuration and was not looked at: s3.example.com:9000 (Deployment ${NS}/nessie)`,
  ]);
  const none = (await look({ host: "none" })).findings.find(({ check }) =>
    check === "workloads.outside-hosts"
  );
  assert.deepEqual([none?.status, none?.reason], ["ok", "NoneNamed"]);
});

Deno.test("the table of parts holds databases and hosts outside", async () => {
  const all = lists({ ...ZALANDO, host: `${ZALANDO.host} https://s3.example.com` });
  const get = (path: string) =>
    Promise.resolve({ status: 200, body: { items: all[path.split("?")[0] ?? ""] ?? [] } });
  const facts = await collect({ context: "test", get }, sourcesOf(components), {
    namespace: NS,
    now: () => new Date(NOW),
  });
  const [table] = evaluate("x", components, facts).details.tables ?? [];
  assert.deepEqual(table?.rows.slice(-2), [
    [
      "database",
      "Service db/acid-lake, StatefulSet db/acid-lake",
      `label application=spilo, named by Deployment ${NS}/nessie: PostgreSQL of Zalando's Postgres Operator`,
    ],
    ["outside host", "s3.example.com", `named by Deployment ${NS}/nessie, not looked at`],
  ]);
});
