/** Where the catalog says that it keeps what it is given: its version store, and the database behind it. */
import { isSubdomain, kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { anyText, list, map, obj, str } from "../../../engine/decode.ts";
import { properties } from "../setup/wanted.ts";

/** A key of a Secret. */
export interface SecretKey {
  name: string;
  key: string;
}

export interface StoreSettings {
  /** JDBC2, IN_MEMORY ...; absent: nothing says so, and Nessie's own default is IN_MEMORY. */
  type?: string;
  /** Where `type` was read: `ConfigMap nessie`, `env of Deployment nessie`. */
  from?: string;
  /** `jdbc:postgresql://HOST:PORT/DATABASE`, taken apart. */
  database?: { host: string; port: number; name: string };
  user?: SecretKey;
  password?: SecretKey;
  /** The most connections of one replica's pool, where that is set. */
  poolMax?: number;
  /** spec.replicas of the Deployment. */
  replicas?: number;
}

const REF = obj({ secretKeyRef: obj({ name: str, key: str }) });
const SPEC = obj({
  containers: list(obj({
    name: str,
    env: list(obj({ name: str, value: anyText, valueFrom: REF })),
    envFrom: list(obj({ configMapRef: obj({ name: str }) })),
  })),
  volumes: list(obj({ configMap: obj({ name: str }) })),
});
const DEPLOYMENT = obj({ spec: obj({ template: obj({ spec: SPEC }) }) });
const DATA = obj({ data: map(anyText) });

/** A setting has one name as a property and another in the environment: `a.b-c`, `A_B_C`. */
const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, "_").toLowerCase();

interface Setting {
  value: string;
  from: string;
}

/** Reads the Deployment and the ConfigMaps it names. CannotLook when they may not be read; undefined: no Deployment. */
export async function readStoreSettings(
  kube: Pick<KubeWriter, "get">,
  namespace: string,
): Promise<StoreSettings | undefined> {
  const found = await kube.get(kubePath`/apis/apps/v1/namespaces/${namespace}/deployments/nessie`);
  if (!found) return undefined;
  const spec = DEPLOYMENT(found)?.spec?.template?.spec;
  const container = spec?.containers?.find(({ name }) => name === "nessie") ?? spec?.containers?.[0];
  const names = [
    ...(spec?.volumes ?? []).map(({ configMap }) => configMap?.name),
    ...(container?.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
  ].flatMap((name) => name !== undefined && isSubdomain(name) ? [name] : []);
  const settings = new Map<string, Setting>();
  for (const name of new Set(names)) {
    const from = `ConfigMap ${name}`;
    const data = DATA(await kube.get(kubePath`/api/v1/namespaces/${namespace}/configmaps/${name}`))?.data ??
      {};
    for (const [key, text] of Object.entries(data)) {
      const pairs: [string, string][] = key.endsWith(".properties") ? properties(text) : [[key, text]];
      for (const [setting, value] of pairs) settings.set(plain(setting), { value, from });
    }
  }
  const secrets = new Map<string, SecretKey>();
  for (const { name = "", value, valueFrom } of container?.env ?? []) {
    if (value !== undefined) settings.set(plain(name), { value, from: "env of Deployment nessie" });
    const ref = valueFrom?.secretKeyRef;
    if (ref?.name && ref.key) secrets.set(plain(name), { name: ref.name, key: ref.key });
  }
  return storeSettings(settings, secrets, replicasOf(found));
}

function replicasOf(found: KubeObject): number {
  const replicas = (found.spec as { replicas?: unknown } | undefined)?.replicas;
  return typeof replicas === "number" ? replicas : 1;
}

function storeSettings(
  settings: ReadonlyMap<string, Setting>,
  secrets: ReadonlyMap<string, SecretKey>,
  replicas: number,
): StoreSettings {
  const type = settings.get("nessie_version_store_type");
  const source = settings.get("nessie_version_store_persist_jdbc_datasource")?.value;
  // Of the data source that is named; else of Quarkus' unnamed one.
  const prefix = source && source !== "default"
    ? `quarkus_datasource_${plain(source)}_`
    : "quarkus_datasource_";
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
