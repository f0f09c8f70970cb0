/** A database in memory that answers the questions of the storage trials, and the Deployment that names it. */
import type { Database, Row } from "../../../../lib/clients/postgres.ts";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import type { Place } from "../../../../lib/checkpoints/nessie/context.ts";
import type { FakeNessie } from "../../../fakes/nessie/server.ts";

export interface FakeDatabase {
  version: string;
  standby: boolean;
  refs2: string;
  objs2: string | undefined;
  used: number;
  own: number;
  max: number;
  standbys: { name: string; state: string | null }[];
  /** Where commits arrive; undefined: they go somewhere else. */
  catalog?: FakeNessie;
  /** The hash in refs2, where it is not the catalog's. */
  hash?: string;
  /** Commits that are missing in objs2. */
  lacking: number;
}

export const GOOD: FakeDatabase = {
  version: "15.20",
  standby: false,
  refs2: "created_at deleted ext_info pointer prev_ptr ref_name repo",
  objs2: "obj_id obj_ref obj_type obj_value obj_vers repo",
  used: 20,
  own: 18,
  max: 50,
  standbys: [{ name: "nessie-postgres-2", state: null }, { name: "nessie-postgres-3", state: null }],
  lacking: 0,
};

export function fakeDatabase(fake: FakeDatabase): Database {
  return {
    ask: (question, values = []) => Promise.resolve(answer(fake, question, values.map(String))),
    close: () => Promise.resolve(),
  };
}

function answer(fake: FakeDatabase, question: string, values: readonly string[]): Row[] {
  if (question.includes("pg_is_in_recovery")) {
    return [{ version: fake.version, standby: fake.standby, tls: true }];
  }
  if (question.includes("information_schema")) {
    return [
      { name: "refs2", columns: fake.refs2 },
      ...fake.objs2 === undefined ? [] : [{ name: "objs2", columns: fake.objs2 }],
    ];
  }
  if (question.includes("from refs2 where")) {
    const name = values[0]?.replace("refs/heads/", "") ?? "";
    const found = fake.catalog?.state.ref(name);
    return found ? [{ repo: "", hash: fake.hash ?? found.hash }] : [];
  }
  if (question.includes("from objs2 where")) return [{ found: String(values.length - 1 - fake.lacking) }];
  if (question.includes("pg_stat_activity")) {
    return [{ used: `${fake.used}`, own: `${fake.own}`, max: `${fake.max}`, reserved: "3" }];
  }
  if (question.includes("pg_database_size")) {
    return [{ whole: "10485760", refs: "16384", objs: "1048576", ref_rows: "4", obj_rows: "1300" }];
  }
  if (question.includes("pg_stat_replication")) return fake.standbys;
  throw new Error(`no answer to: ${question}`);
}

export const PROPERTIES = [
  "nessie.version.store.type=JDBC2",
  "nessie.version.store.persist.jdbc.datasource=postgresql",
  "quarkus.datasource.postgresql.jdbc.url=jdbc:postgresql://nessie-postgres-rw.data-platform.svc.cluster.local:5432/nessie",
];

const LOGIN = { name: "nessie-postgres-credentials" };

/** The workload of the catalog. */
export const NESSIE = { kind: "Deployment", namespace: "data-platform", name: "nessie" };

/** Where it is reached. */
export const PLACE: Place = {
  workload: NESSIE,
  service: { ...NESSIE, kind: "Service" },
  api: {
    namespace: "data-platform",
    service: "nessie",
    scheme: "http",
    port: 19120,
    pod: { name: "nessie-a", port: 19120 },
  },
  configPath: "/api/v1/namespaces/data-platform/services/nessie:19120/proxy/api/v2/config",
  replicas: 2,
};

/** What the API server has of the catalog; `lines` are those of its application.properties. */
export function catalogObjects(
  lines: readonly string[] = PROPERTIES,
  env: unknown[] = [],
): Record<string, KubeObject> {
  const at = (kind: string, plural: string, name: string) =>
    `${kind}/namespaces/data-platform/${plural}/${name}`;
  const metadata = (name: string) => ({ name, namespace: "data-platform", generation: 1 });
  return {
    [at("/apis/apps/v1", "deployments", "nessie")]: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: metadata("nessie"),
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "nessie" } },
        template: {
          spec: {
            containers: [{
              name: "nessie",
              env: [
                {
                  name: "QUARKUS_DATASOURCE_POSTGRESQL_USERNAME",
                  valueFrom: { secretKeyRef: { ...LOGIN, key: "username" } },
                },
                {
                  name: "QUARKUS_DATASOURCE_POSTGRESQL_PASSWORD",
                  valueFrom: { secretKeyRef: { ...LOGIN, key: "password" } },
                },
                ...env,
              ],
            }],
            volumes: [{ configMap: { name: "nessie" } }],
          },
        },
      },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2 },
    },
    [at("/api/v1", "configmaps", "nessie")]: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata("nessie"),
      data: { "application.properties": lines.join("\n") },
    },
    [at("/api/v1", "secrets", "nessie-postgres-credentials")]: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: metadata("nessie-postgres-credentials"),
      data: { username: btoa("nessie"), password: btoa("a-password-of-the-test") },
    },
  };
}
