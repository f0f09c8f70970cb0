/** The lab's own requests to its API server: quicker than kubectl, which first reads all that the server offers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { waitFor } from "../process.ts";

/** An object as the API server gives it. Other fields are read with {@linkcode at}. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; namespace?: string; generation?: number; labels?: Record<string, string> };
  [field: string]: unknown;
}

/** Requests with the lab operator's certificate. Close it after use. */
export interface Kube {
  /** True when the API server is ready to serve. */
  ready(): Promise<boolean>;
  /** The object, or undefined when there is none (404). Throws LabError on every other failure. */
  get(path: string): Promise<KubeObject | undefined>;
  /** All objects of a collection; empty when its kind is not installed. */
  list(path: string): Promise<KubeObject[]>;
  /** Server-side applies every document of a YAML text, several at a time, definitions and namespaces first. */
  apply(part: string, yaml: string): Promise<number>;
  /** Applies definitions (CRDs) and namespaces, and waits until the server answers for every new kind. */
  define(part: string, yaml: string): Promise<void>;
  /** Merges into the object at `path`. */
  merge(path: string, patch: unknown): Promise<void>;
  /** Deletes the object at `path`; nothing to do when it is gone. */
  remove(path: string): Promise<void>;
  close(): void;
}

/** Follows `keys` through nested objects; undefined when one is missing. */
export function at(value: unknown, ...keys: string[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Reflect.get(here, key);
  }
  return here;
}

/** Like {@linkcode at}, as text; empty when it is missing. */
export function text(value: unknown, ...keys: string[]): string {
  const found = at(value, ...keys);
  return found === undefined || found === null ? "" : String(found);
}

/** The condition of this type, if the object has it. */
export function condition(
  object: unknown,
  type: string,
): { status: string; reason: string; message: string } | undefined {
  const all = at(object, "status", "conditions");
  const found: unknown = Array.isArray(all) ? all.find((one) => text(one, "type") === type) : undefined;
  if (found === undefined) return undefined;
  return { status: text(found, "status"), reason: text(found, "reason"), message: text(found, "message") };
}

/** One YAML document and where it belongs. */
export interface Document {
  path: string;
  kind: string;
  body: string;
}

const IRREGULAR: Record<string, string> = {
  NetworkPolicy: "networkpolicies",
  OCIRepository: "ocirepositories",
};
const CLUSTER_WIDE =
  /^(Namespace|CustomResourceDefinition|Cluster\w+|\w+WebhookConfiguration|StorageClass|PersistentVolume)$/;

/** Pure: path of an object below the API server's root. Knows the kinds that the lab applies by itself. */
export function objectPath(apiVersion: string, kind: string, namespace: string, name: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const lower = kind.toLowerCase();
  const plural = IRREGULAR[kind] ??
    (lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : lower.endsWith("s") ? `${lower}es` : `${lower}s`);
  const cluster = CLUSTER_WIDE.test(kind) && !apiVersion.startsWith("postgresql.");
  return `${root}${cluster ? "" : `/namespaces/${namespace || "default"}`}/${plural}/${name}`;
}

/** Pure: the documents of a YAML text. Reads only the lines that say what each is, so that big ones cost nothing. */
export function documents(yaml: string): Document[] {
  return yaml.split(/^---.*$/m).filter((body) => /^kind:/m.test(body)).map((body) => {
    const top = (key: string) => new RegExp(`^${key}: *["']?([^"'\\s]+)`, "m").exec(body)?.[1] ?? "";
    const metadata = /^metadata:\n((?: .*\n?|\n)+)/m.exec(body)?.[1] ?? "";
    const inside = (key: string) =>
      new RegExp(`^ {2}${key}: *["']?([^"'\\s]+)`, "m").exec(metadata)?.[1] ?? "";
    const kind = top("kind");
    return { kind, body, path: objectPath(top("apiVersion"), kind, inside("namespace"), inside("name")) };
  });
}

/** The kubeconfig of the lab's own requests; the audit log tells its user from people's. */
export function operatorKubeconfig(ctx: LabContext): string {
  return join(ctx.etc, "operator.kubeconfig");
}

function clientOf(ctx: LabContext): Deno.HttpClient {
  const config = JSON.parse(readFileSync(operatorKubeconfig(ctx), "utf8"));
  const user = config.users[0].user;
  return Deno.createHttpClient({
    caCerts: [atob(config.clusters[0].cluster["certificate-authority-data"])],
    cert: atob(user["client-certificate-data"]),
    key: atob(user["client-key-data"]),
  });
}

interface Reply {
  /** 0: nothing answered. */
  status: number;
  body: string;
}

type Request = (method: string, path: string, body?: string, type?: string) => Promise<Reply>;

/** A connection to the lab's API server. */
export function connectKube(ctx: LabContext): Kube {
  const client = clientOf(ctx);
  const request: Request = async (method, path, body, type) => {
    try {
      const answer = await fetch(ctx.apiServer + path, {
        method,
        client,
        body,
        headers: type ? { "content-type": type } : {},
        signal: AbortSignal.timeout(20_000),
      });
      return { status: answer.status, body: await answer.text() };
    } catch (error) {
      return { status: 0, body: error instanceof Error ? error.message : String(error) };
    }
  };
  const get = getterOver(request);
  return {
    ready: async () => (await request("GET", "/readyz")).status === 200,
    get,
    list: async (path) => {
      const items = at(await get(path), "items");
      return Array.isArray(items) ? items : [];
    },
    ...appliersOver(request, get),
    merge: async (path, patch) => {
      const answer = await request("PATCH", path, JSON.stringify(patch), "application/merge-patch+json");
      if (answer.status !== 200) throw failed("kubernetes", `PATCH ${path}`, answer);
    },
    remove: async (path) => {
      const answer = await request("DELETE", path);
      if (answer.status >= 300 && answer.status !== 404) throw failed("kubernetes", `DELETE ${path}`, answer);
    },
    close: () => client.close(),
  };
}

function failed(part: string, what: string, answer: Reply): LabError {
  const said = answer.body.startsWith("{") ? text(JSON.parse(answer.body), "message") : answer.body;
  return new LabError(part, `${what} answered ${answer.status || "nothing"}: ${said.slice(0, 600)}`);
}

function getterOver(request: Request): Kube["get"] {
  return async (path) => {
    const answer = await request("GET", path);
    if (answer.status === 200) return JSON.parse(answer.body);
    if (answer.status === 404) return undefined;
    throw failed("kubernetes", `GET ${path}`, answer);
  };
}

function appliersOver(request: Request, get: Kube["get"]): Pick<Kube, "apply" | "define"> {
  async function applyOne(part: string, document: Document): Promise<void> {
    const path = `${document.path}?fieldManager=lakecheck-lab&force=true`;
    for (let attempt = 1;; attempt++) {
      const answer = await request("PATCH", path, document.body, "application/apply-patch+yaml");
      if (answer.status === 200 || answer.status === 201) return;
      if (attempt === 20) throw failed(part, `PATCH ${document.path}`, answer);
      // A kind that is new is served a moment later, a webhook's certificate known a moment later.
      if (answer.status !== 404 && answer.status !== 429 && answer.status !== 500 && answer.status !== 0) {
        throw failed(part, `PATCH ${document.path}`, answer);
      }
      await sleep(250);
    }
  }
  async function apply(part: string, yaml: string): Promise<number> {
    const all = documents(yaml);
    const first = (document: Document) => /^(Namespace|CustomResourceDefinition)$/.test(document.kind);
    for (const group of [all.filter(first), all.filter((one) => !first(one))]) {
      await Promise.all(group.map((one) => applyOne(part, one)));
    }
    return all.length;
  }
  async function isServed(name: string): Promise<boolean> {
    const definition = await get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
    const versions = at(definition, "status", "storedVersions");
    if (condition(definition, "Established")?.status !== "True" || !Array.isArray(versions)) return false;
    const [plural, ...group] = name.split(".");
    const listed = await request("GET", `/apis/${group.join(".")}/${versions[0]}/${plural}?limit=1`);
    return listed.status === 200;
  }
  async function define(part: string, yaml: string): Promise<void> {
    await apply(part, yaml);
    const names = documents(yaml).filter((one) => one.kind === "CustomResourceDefinition")
      .map((one) => one.path.split("/").at(-1) ?? "");
    await Promise.all(names.map(async (name) => {
      if (await waitFor(() => isServed(name), 300_000, 250)) return;
      throw new LabError(
        part,
        `the API server does not serve ${name} 300 s after its definition was applied`,
      );
    }));
  }
  return { apply, define };
}
