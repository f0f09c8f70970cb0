/** Where the catalog says that it keeps what it is given: its version store, and the database behind it. */
import type { KubeWriter } from "../../../clients/kubernetes/writer.ts";
import type { ObjectRef } from "../../../engine/model.ts";
import { canonical, readWorkload, type SecretKey } from "../setup/workload.ts";

export interface StoreSettings {
  /** JDBC2, IN_MEMORY ...; absent: nothing says so, and Nessie's own default is IN_MEMORY. */
  type?: string;
  /** Where `type` was read: `ConfigMap catalog`, `env of Deployment catalog`. */
  from?: string;
  /** `jdbc:postgresql://HOST:PORT/DATABASE`, taken apart. */
  database?: { host: string; port: number; name: string };
  user?: SecretKey;
  password?: SecretKey;
  /** The most connections of one replica's pool, where that is set. */
  poolMax?: number;
  /** spec.replicas of the workload. */
  replicas?: number;
}

/** CannotLook when the workload, or a ConfigMap that it names, may not be read; undefined: it does not exist. */
export async function readStoreSettings(
  kube: Pick<KubeWriter, "get">,
  workload: ObjectRef,
): Promise<StoreSettings | undefined> {
  const found = await readWorkload(kube, workload);
  if (!found) return undefined;
  const { settings, secrets, replicas } = found;
  const type = settings.get("nessie_version_store_type");
  const source = settings.get("nessie_version_store_persist_jdbc_datasource")?.value;
  // Of the data source that is named; else of Quarkus' unnamed one.
  const named = source && source !== "default" ? `${canonical(source)}_` : "";
  const prefix = `quarkus_datasource_${named}`;
  const database = databaseOf(settings.get(`${prefix}jdbc_url`)?.value);
  const user = secrets.get(`${prefix}username`);
  const password = secrets.get(`${prefix}password`);
  const poolMax = Number(settings.get(`${prefix}jdbc_max_size`)?.value);
  return {
    ...type ? { type: type.value.toUpperCase(), from: type.from } : {},
    ...database ? { database } : {},
    ...user ? { user } : {},
    ...password ? { password } : {},
    ...poolMax > 0 ? { poolMax } : {},
    replicas,
  };
}

/** Undefined when it is no address of PostgreSQL. */
export function databaseOf(jdbcUrl: string | undefined): StoreSettings["database"] {
  const [, host, port, name] = /^jdbc:postgresql:\/\/([^:/?,]+)(?::(\d+))?\/([^?]+)/.exec(jdbcUrl ?? "") ??
    [];
  if (host === undefined || name === undefined) return undefined;
  return { host, port: Number(port ?? 5432), name: decodeURIComponent(name) };
}
