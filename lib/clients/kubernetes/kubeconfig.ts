/**
 * What a kubeconfig says, as plain data: parsing, merging several files as kubectl does, choosing a context.
 * No I/O. Errors are UsageErrors that name the file and the entry and never quote its text, which may hold
 * tokens and keys.
 * Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
import { UsageError } from "../../engine/errors.ts";
import { parseYaml } from "../../untrusted/yaml.ts";
import { trimEnd } from "../../untrusted/text.ts";
import { command } from "../../untrusted/shell.ts";
import { parseJson } from "../../untrusted/json.ts";

/** A certificate or key: PEM text, or the absolute path of a file that holds it. */
export type Material = { pem: string } | { file: string };

export interface Cluster {
  server?: string;
  ca?: Material;
  insecure: boolean;
  tlsServerName?: string;
  proxyUrl?: string;
}

/** A program that prints an ExecCredential. */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  installHint?: string;
  interactiveMode: string;
  provideClusterInfo: boolean;
}

export interface User {
  token?: string;
  tokenFile?: string;
  cert?: Material;
  key?: Material;
  exec?: ExecPlugin;
  /** `auth-provider` as it stands in the file, for @kubernetes/client-node. */
  authProvider?: { name: string; config: Record<string, unknown> };
  /** The user has a username: basic authentication, which Kubernetes dropped in 1.19. */
  basic: boolean;
  /** Headers of `kubectl --as`. */
  impersonate: [name: string, value: string][];
}

export interface Context {
  cluster?: string;
  user?: string;
}

export interface Kubeconfig {
  currentContext?: string;
  clusters: Map<string, Cluster>;
  users: Map<string, User>;
  contexts: Map<string, Context>;
}

/** One context with everything it names. */
export interface Target {
  context: string;
  clusterName: string;
  userName: string;
  /** Without a slash at its end; may have a path, as behind Rancher. */
  server: string;
  cluster: Cluster;
  user: User;
}

/** Where a value stands, for errors and for relative paths. */
interface Place {
  file: string;
  dir: string;
  entry: string;
}

type Fields = Record<string, unknown>;

/** The kubeconfig in `text`. `dir` is the directory of `file`: relative paths in it start there. */
export async function parseKubeconfig(text: string, file: string, dir: string): Promise<Kubeconfig> {
  const root = await parseDocument(text, file);
  if (root === undefined || root === null) return mergeKubeconfigs([]);
  if (!isFields(root)) throw notOne(file, "it holds no mapping");
  const kind = str(root.kind);
  if (kind !== undefined && kind !== "Config") throw notOne(file, "its kind is not Config");
  if (!["clusters", "contexts", "users", "current-context"].some((key) => Object.hasOwn(root, key))) {
    throw notOne(file, "it has no clusters, contexts or users");
  }
  return {
    currentContext: str(root["current-context"]),
    clusters: named(root, "clusters", "cluster", { file, dir, entry: "" }, clusterOf),
    users: named(root, "users", "user", { file, dir, entry: "" }, userOf),
    contexts: named(root, "contexts", "context", { file, dir, entry: "" }, (fields) => ({
      cluster: str(fields.cluster),
      user: str(fields.user),
    })),
  };
}

/** One kubeconfig out of several: the first file that sets an entry wins, as with kubectl. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged: Kubeconfig = { clusters: new Map(), users: new Map(), contexts: new Map() };
  for (const config of configs) {
    merged.currentContext ??= config.currentContext;
    addMissing(merged.clusters, config.clusters);
    addMissing(merged.users, config.users);
    addMissing(merged.contexts, config.contexts);
  }
  return merged;
}

/** The context to use with its cluster and user. `where` says in words which files were read. */
export function chooseContext(config: Kubeconfig, wanted: string | undefined, where: string): Target {
  const name = wanted ?? config.currentContext;
  const there = [...config.contexts.keys()];
  const choice = there.length > 0
    ? `Next: choose one with --context: ${there.join(", ")}`
    : "Next: point --kubeconfig at a file that has one";
  if (!name) throw new UsageError(`${where} sets no current-context. ${choice}`);
  const context = config.contexts.get(name);
  if (!context) {
    const why = there.length > 0 ? "" : ": it has no contexts";
    throw new UsageError(`there is no context ${JSON.stringify(name)} in ${where}${why}. ${choice}`);
  }
  const repair = `Next: ${command`kubectl config set-context ${name}`}`;
  if (!context.cluster) {
    throw new UsageError(`context ${name} in ${where} names no cluster. ${repair} --cluster=...`);
  }
  const cluster = config.clusters.get(context.cluster);
  if (!cluster) {
    throw new UsageError(
      `context ${name} names cluster ${context.cluster}, which is not in ${where}. ${repair} --cluster=...`,
    );
  }
  if (!context.user) throw new UsageError(`context ${name} in ${where} names no user. ${repair} --user=...`);
  const user = config.users.get(context.user);
  if (!user) {
    throw new UsageError(
      `context ${name} names user ${context.user}, which is not in ${where}. ${repair} --user=...`,
    );
  }
  const server = serverOf(cluster, context.cluster, where);
  return { context: name, clusterName: context.cluster, userName: context.user, server, cluster, user };
}

function serverOf(cluster: Cluster, name: string, where: string): string {
  const next = `Next: ${command`kubectl config set-cluster ${name} --server=https://...`}`;
  if (!cluster.server) throw new UsageError(`cluster ${name} in ${where} has no server address. ${next}`);
  const url = URL.parse(cluster.server);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`the server address of cluster ${name} in ${where} is not an http(s) URL. ${next}`);
  }
  url.username =
    url.password =
    url.search =
    url.hash =
      "";
  return trimEnd(url.href, "/");
}

async function parseDocument(text: string, file: string): Promise<unknown> {
  const trimmed = text.trimStart();
  if (trimmed.startsWith("{")) {
    try {
      return parseJson(trimmed);
    } catch {
      // YAML in flow style begins with a brace too.
    }
  }
  const parsed = await parseYaml(text);
  if (parsed.ok) return parsed.value;
  throw notOne(file, parsed.why);
}

function clusterOf(fields: Fields, place: Place): Cluster {
  return {
    server: str(fields.server),
    ca: material(fields, "certificate-authority", place),
    insecure: flag(fields["insecure-skip-tls-verify"]),
    tlsServerName: str(fields["tls-server-name"]),
    proxyUrl: str(fields["proxy-url"]),
  };
}

function userOf(fields: Fields, place: Place): User {
  const tokenFile = str(fields.tokenFile);
  const impersonate: [string, string][] = [];
  const as = str(fields.as);
  const uid = str(fields["as-uid"]);
  if (as) impersonate.push(["impersonate-user", as]);
  if (uid) impersonate.push(["impersonate-uid", uid]);
  for (const group of strings(fields["as-groups"])) impersonate.push(["impersonate-group", group]);
  const provider = fields["auth-provider"];
  return {
    token: str(fields.token),
    tokenFile: tokenFile && resolvePath(tokenFile, place.dir),
    cert: material(fields, "client-certificate", place),
    key: material(fields, "client-key", place),
    exec: isFields(fields.exec) ? execOf(fields.exec, place) : undefined,
    authProvider: isFields(provider)
      ? { name: str(provider.name) ?? "", config: isFields(provider.config) ? provider.config : {} }
      : undefined,
    basic: str(fields.username) !== undefined,
    impersonate,
  };
}

function execOf(fields: Fields, place: Place): ExecPlugin {
  const command = str(fields.command);
  if (!command) throw notOne(place.file, `${place.entry} has an exec without a command`);
  const env: Record<string, string> = {};
  for (const pair of Array.isArray(fields.env) ? fields.env : []) {
    const name = isFields(pair) ? str(pair.name) : undefined;
    if (name) env[name] = str((pair as Fields).value) ?? "";
  }
  return {
    apiVersion: str(fields.apiVersion) ?? "client.authentication.k8s.io/v1",
    // A bare name is looked up in PATH; anything with a slash starts at the kubeconfig, as in client-go.
    command: command.includes("/") ? resolvePath(command, place.dir) : command,
    args: strings(fields.args),
    env,
    installHint: str(fields.installHint),
    interactiveMode: str(fields.interactiveMode) ?? "IfAvailable",
    provideClusterInfo: flag(fields.provideClusterInfo),
  };
}

/** `KEY-data` (base64 of PEM) wins over `KEY` (a path), as in client-go. */
function material(fields: Fields, key: string, place: Place): Material | undefined {
  const data = str(fields[`${key}-data`]);
  if (data) {
    const pem = decodeBase64(data);
    if (!pem?.includes("-----BEGIN ")) {
      throw notOne(place.file, `${key}-data of ${place.entry} is not base64 of PEM`);
    }
    return { pem };
  }
  const path = str(fields[key]);
  return path ? { file: resolvePath(path, place.dir) } : undefined;
}

function decodeBase64(data: string): string | undefined {
  try {
    return atob(data);
  } catch {
    return undefined;
  }
}

function named<T>(
  root: Fields,
  list: string,
  inner: string,
  place: Place,
  read: (fields: Fields, place: Place) => T,
): Map<string, T> {
  const out = new Map<string, T>();
  const entries = root[list] ?? [];
  if (!Array.isArray(entries)) throw notOne(place.file, `its ${list} are not a list`);
  for (const [i, entry] of entries.entries()) {
    const name = isFields(entry) ? str(entry.name) : undefined;
    if (!isFields(entry) || !name) throw notOne(place.file, `${list}[${i}] has no name`);
    const fields = entry[inner] ?? {};
    if (!isFields(fields)) throw notOne(place.file, `${list}[${i}].${inner} is not a mapping`);
    if (!out.has(name)) out.set(name, read(fields, { ...place, entry: `${inner} ${name}` }));
  }
  return out;
}

function addMissing<T>(into: Map<string, T>, from: Map<string, T>): void {
  for (const [name, value] of from) if (!into.has(name)) into.set(name, value);
}

function notOne(file: string, why: string): UsageError {
  return new UsageError(
    `${file} is not a usable kubeconfig: ${why}. Next: repair it, or give another with --kubeconfig`,
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function str(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).map(str).filter((s) => s !== undefined);
}

/** YAML gives every scalar as text, JSON gives booleans. */
function flag(value: unknown): boolean {
  return value === true || (typeof value === "string" && /^true$/i.test(value));
}

function resolvePath(path: string, dir: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(path) ? path : `${dir}/${path.replace(/^(\.\/)+/, "")}`;
}
