/** A large catalog on the lab, made quickly and taken away again: an empty scratch branch and a scratch prefix. */
import {
  type NessieApi,
  nessieApi,
  type OwnReference,
  type Reference,
} from "../lib/clients/nessie/client.ts";
import { givenConnection, type ServiceConnection } from "../lib/clients/kubernetes/service_connection.ts";
import { pathSigner } from "../lib/clients/s3/path_signer.ts";
import { type S3Reader, s3Reader } from "../lib/clients/s3/reader.ts";
import type { S3Keys } from "../lib/clients/s3/client.ts";
import { inParallel } from "../lib/checkpoint/side_by_side.ts";
import { benchTable } from "./catalog_files.ts";

export const BUCKET = "iceberg-warehouse";
const REGION = "us-east-1";
const TIMEOUT_MS = 60_000;
/** Requests at a time while the catalog is made. */
const AT_A_TIME = 48;
const TABLES_IN_A_COMMIT = 500;

export interface LabCatalog {
  nessie: NessieApi;
  store: S3Reader;
  connection: ServiceConnection;
  keys: S3Keys;
  /** For messages of the store. */
  session: { connection: ServiceConnection; keys: S3Keys; region: string; timeoutMs: number };
  send(
    method: "PUT" | "DELETE" | "POST",
    key: string,
    query?: string,
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<void>;
  close(): Promise<void>;
}

async function kubectl(kubectl: string, kubeconfig: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(kubectl, {
    args: ["--kubeconfig", kubeconfig, ...args],
  }).output();
  if (code !== 0) {
    throw new Error(
      `kubectl ${args.slice(0, 4).join(" ")}: ${new TextDecoder().decode(stderr).slice(0, 300)}`,
    );
  }
  return new TextDecoder().decode(stdout);
}

/** Clients of the lab's own services, at their addresses: for a process that runs inside the lab's network. */
export async function openLabCatalog(program: string, kubeconfig: string): Promise<LabCatalog> {
  const ask = (args: string[]) => kubectl(program, kubeconfig, args);
  const address = async (namespace: string, name: string) =>
    (await ask(["-n", namespace, "get", "service", name, "-o", "jsonpath={.spec.clusterIP}"])).trim();
  const secret =
    JSON.parse(await ask(["-n", "data-platform", "get", "secret", "s3-credentials", "-o", "json"])).data;
  const plain = (name: string) => atob(secret[name] ?? "");
  const keys = { accessKeyId: plain("access-key-id"), secretAccessKey: plain("secret-access-key") };
  const connection = givenConnection("rgw", `http://${await address("rook-ceph", "rook-ceph-rgw-storage")}`);
  const catalogWay = givenConnection("nessie", `http://${await address("data-platform", "nessie")}:19120`);
  const session = { connection, keys, region: REGION, timeoutMs: TIMEOUT_MS };
  const sign = pathSigner(connection.url, keys, REGION, "UNSIGNED-PAYLOAD");
  return {
    nessie: nessieApi({ connection: catalogWay, timeoutMs: TIMEOUT_MS }),
    store: s3Reader(session),
    connection,
    keys,
    session,
    async send(method, key, query, body) {
      const { url, headers } = sign(method, BUCKET, key, query);
      const md5: Record<string, string> = method === "POST" && body
        ? { "content-md5": await md5Of(body) }
        : {};
      const response = await fetch(url, {
        method,
        headers: { ...headers, ...md5 },
        body,
        client: connection.client,
      });
      const text = await response.text();
      if (response.status > 299 || text.includes("<Error>")) {
        throw new Error(`${method} ${key}: HTTP ${response.status} ${text.slice(0, 300)}`);
      }
    },
    async close() {
      await connection.close();
      await catalogWay.close();
    },
  };
}

async function md5Of(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("md5").update(bytes).digest("base64");
}

export interface BenchCatalog {
  branch: string;
  /** In the bucket; ends with a slash. */
  prefix: string;
  tables: number;
  filesOfATable: number;
}

/** Makes so many tables. What it makes is removed by `removeCatalog`, also when it fails half-way. */
export async function makeCatalog(
  lab: LabCatalog,
  { branch, prefix, tables, filesOfATable }: BenchCatalog,
): Promise<void> {
  const { noAncestorHash = "" } = await lab.nessie.config();
  const main: Reference = { type: "BRANCH", name: "main", hash: noAncestorHash };
  let { hash } = await lab.nessie.create("BRANCH", branch, main);
  for (let from = 0; from < tables; from += TABLES_IN_A_COMMIT) {
    const space = `space_${String(from / TABLES_IN_A_COMMIT).padStart(3, "0")}`;
    const numbers = Array.from({ length: Math.min(TABLES_IN_A_COMMIT, tables - from) }, (_, n) => from + n);
    const made = numbers.map((n) => ({
      n,
      ...benchTable(BUCKET, `${prefix}${space}/table_${n}_${crypto.randomUUID()}`, filesOfATable),
    }));
    const files = made.flatMap((one) => one.files);
    await inParallel(files, AT_A_TIME, ({ key, bytes }) => lab.send("PUT", key, "", bytes));
    const namespace = {
      type: "PUT" as const,
      key: [space],
      content: { type: "NAMESPACE", elements: [space], properties: {} },
    };
    const puts = made.map(({ n, metadataLocation, snapshotId }) => ({
      type: "PUT" as const,
      key: [space, `table_${n}`],
      content: {
        type: "ICEBERG_TABLE",
        metadataLocation,
        snapshotId,
        schemaId: 0,
        specId: 0,
        sortOrderId: 0,
      },
    }));
    hash = (await lab.nessie.commit(branch, hash, `bench: ${space}`, [namespace, ...puts])).branch.hash;
  }
}

/** Takes the branch away, and every object below the prefix. */
export async function removeCatalog(
  lab: LabCatalog,
  { branch, prefix }: Pick<BenchCatalog, "branch" | "prefix">,
): Promise<number> {
  for await (const reference of lab.nessie.references()) {
    if (reference.name === branch) await lab.nessie.remove(reference as OwnReference);
  }
  let removed = 0;
  const batches = async function* () {
    for await (const { objects } of lab.store.list(BUCKET, prefix)) {
      for (let at = 0; at < objects.length; at += 250) yield objects.slice(at, at + 250);
    }
  };
  await inParallel(batches(), 8, async (objects) => {
    const keys = objects.map(({ key }) => `<Object><Key>${key}</Key></Object>`).join("");
    await lab.send(
      "POST",
      "",
      "delete=",
      new TextEncoder().encode(`<Delete><Quiet>true</Quiet>${keys}</Delete>`),
    );
    removed += objects.length;
  });
  return removed;
}
