/** Finds a way to the database that the catalog keeps everything in, and asks it as the catalog's own user. */
import { kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter, WriterOptions } from "../../../clients/kubernetes/writer.ts";
import { forward } from "../../../clients/kubernetes/port_forward.ts";
import { type Database, openDatabase } from "../../../clients/postgres.ts";
import { cannotLook } from "../../../clients/network_errors.ts";
import { clusterOf } from "../../../components/postgresql/mod.ts";
import { at } from "../../../untrusted/lookup.ts";
import type { SecretKey } from "../setup/workload.ts";
import type { StoreSettings } from "./settings.ts";
import { command } from "../../../untrusted/shell.ts";

/** The database, and what leads there. */
export interface Store {
  database: Database;
  /** The CloudNativePG Cluster. */
  cluster: string;
  namespace: string;
  /** The pod of its primary. */
  pod: string;
  words: string;
  close(): Promise<void>;
}

/** How the API server is reached, and where the catalog is; `signal` ends everything. */
export type StoreOptions = WriterOptions & { namespace: string };

/**
 * Through a port-forward to the primary. CannotLook, with the rule that is missing, when pods may not be forwarded to or
 * the Secret may not be read. The password goes nowhere but to the server.
 */
export async function openStore(
  kube: Pick<KubeWriter, "get" | "list">,
  settings: StoreSettings,
  options: StoreOptions,
): Promise<Store> {
  const { database, user, password } = settings;
  const { namespace, timeoutMs, signal } = options;
  if (!database) {
    const message = "the catalog's configuration names no PostgreSQL (quarkus.datasource...jdbc.url)";
    throw cannotLook("malformed", message);
  }
  const primary = await primaryOf(kube, database.host, namespace);
  const [name, secret] = await Promise.all([keyOf(kube, user, namespace), keyOf(kube, password, namespace)]);
  const tunnel = await forward(options, primary.namespace, primary.pod, database.port);
  try {
    const words = `Pod ${primary.namespace}/${primary.pod}`;
    const opened = await openDatabase({
      hostname: "127.0.0.1",
      port: Number(new URL(tunnel.url).port),
      database: database.name,
      user: name,
      password: secret,
      timeoutMs,
      ...signal ? { signal } : {},
      words,
      why: tunnel.failure,
    });
    return {
      database: opened,
      ...primary,
      words,
      async close() {
        await opened.close();
        await tunnel.close();
      },
    };
  } catch (error) {
    await tunnel.close();
    throw error;
  }
}

/** The primary of the Cluster whose read-write Service the host is: `CLUSTER-rw.NAMESPACE.svc...`. */
async function primaryOf(
  kube: Pick<KubeWriter, "list">,
  host: string,
  home: string,
): Promise<{ cluster: string; namespace: string; pod: string }> {
  const [service = "", namespace = home] = host.split(".");
  const cluster = clusterOf({ kind: "Service", namespace, name: service })?.name;
  if (cluster === undefined) {
    const message =
      `the database ${host} is no Service of a CloudNativePG Cluster, so it was not looked into`;
    throw cannotLook("unreachable", message);
  }
  const labels = `cnpg.io/cluster=${cluster},cnpg.io/instanceRole=primary`;
  const pods = await kube.list(
    kubePath`/api/v1/namespaces/${namespace}/pods?labelSelector=${labels}`,
  );
  const running = pods.filter((pod: KubeObject) => at(pod, "metadata", "deletionTimestamp") === undefined);
  const [pod] = running;
  if (pod) return { cluster, namespace, pod: pod.metadata.name };
  throw cannotLook(
    "unreachable",
    `Cluster ${namespace}/${cluster} has no primary. Next: ${command`kubectl -n ${namespace} get cluster ${cluster}`}`,
  );
}

async function keyOf(
  kube: Pick<KubeWriter, "get">,
  wanted: SecretKey | undefined,
  namespace: string,
): Promise<string> {
  if (!wanted) {
    throw cannotLook(
      "malformed",
      "the catalog takes no database login from a Secret, so its database was not looked into",
    );
  }
  const secret = await kube.get(kubePath`/api/v1/namespaces/${namespace}/secrets/${wanted.name}`);
  const value = at(secret, "data", wanted.key);
  if (typeof value !== "string") {
    const what = secret ? `has no key ${wanted.key}` : "does not exist";
    throw cannotLook("malformed", `Secret ${namespace}/${wanted.name} ${what}`);
  }
  return new TextDecoder().decode(Uint8Array.fromBase64(value));
}
