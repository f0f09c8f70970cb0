/** Finds and reads the kubeconfig that kubectl would use, and the files it names. */
import { MOST_BYTES, readLimited, type ReadLimits, type ReadProblem } from "../../disk/read_limited.ts";
import { UsageError } from "../../engine/errors.ts";
import {
  chooseContext,
  type Kubeconfig,
  type Material,
  mergeKubeconfigs,
  parseKubeconfig,
  type Target,
} from "./kubeconfig.ts";

/** What finding a cluster reads of the world; tests give their own. */
export interface Surroundings {
  env(name: string): string | undefined;
  cwd(): string;
  /** Directory of the service account that a pod is given. */
  serviceAccount: string;
}

export const SURROUNDINGS: Surroundings = {
  env: (name) => Deno.env.get(name) || undefined,
  cwd: () => Deno.cwd(),
  serviceAccount: "/var/run/secrets/kubernetes.io/serviceaccount",
};

export interface Wanted {
  /** --kubeconfig: this file and no other. */
  kubeconfig?: string;
  /** --context; default: the current-context. */
  context?: string;
}

/**
 * The cluster and user to use: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config, else the
 * service account of the pod this runs in. Throws UsageError when none of these will do.
 */
export async function findTarget(wanted: Wanted, around: Surroundings = SURROUNDINGS): Promise<Target> {
  if (wanted.kubeconfig) {
    const config = await readKubeconfig(wanted.kubeconfig, around);
    if (!config) {
      throw new UsageError(
        `there is no file ${wanted.kubeconfig}. Next: give --kubeconfig a file that is there`,
      );
    }
    return chooseContext(config, wanted.context, wanted.kubeconfig);
  }
  const listed = around.env("KUBECONFIG");
  const home = around.env("HOME") ?? around.env("USERPROFILE");
  const files = listed ? splitPaths(listed) : home ? [`${home}/.kube/config`] : [];
  const found: { file: string; config: Kubeconfig }[] = [];
  for (const file of files) {
    const config = await readKubeconfig(file, around);
    if (config) found.push({ file, config });
  }
  if (found.length > 0) {
    const where = found.map((one) => one.file).join(", ");
    return chooseContext(mergeKubeconfigs(found.map((one) => one.config)), wanted.context, where);
  }
  const host = around.env("KUBERNETES_SERVICE_HOST");
  if (host && !wanted.context) return inCluster(host, around);
  throw new UsageError(await nothingFound(listed, files, host, around));
}

/** PEM text of a certificate or key; UsageError when its file can't be read or holds none. */
export async function readMaterial(material: Material, what: string): Promise<string> {
  if ("pem" in material) return material.pem;
  const pem = await readText(material.file, what);
  if (pem === undefined) {
    throw new UsageError(
      `${what} is to be read from ${material.file}, which is not there. Next: put it there, or correct the kubeconfig`,
    );
  }
  if (!pem.includes("-----BEGIN ")) {
    throw new UsageError(`${what} (${material.file}) is not PEM. Next: put a PEM file there`);
  }
  return pem;
}

const CREDENTIAL: ReadLimits = { maxBytes: MOST_BYTES.secret };
const KUBECONFIG: ReadLimits = { maxBytes: MOST_BYTES.kubeconfig, pipes: "substituted" };

/** The text of a file, undefined when there is none; UsageError when it is there and can't be read. */
export async function readText(
  file: string,
  what: string,
  limits: ReadLimits = CREDENTIAL,
): Promise<string | undefined> {
  const read = await readLimited(file, limits);
  if (read.ok) return new TextDecoder().decode(read.bytes);
  const { trouble, why, error } = read;
  if (trouble === "absent" || error instanceof Deno.errors.NotADirectory) return undefined;
  throw new UsageError(
    `${what} (${file}) can't be read: ${readError(error) ?? `${why}. Next: ${NEXT[trouble]}`}`,
  );
}

const NEXT: Record<ReadProblem, string> = {
  absent: "put it there",
  directory: "name a file in it",
  "no-file": "write what it gives into a file, and name that",
  "too-large": "see whether it is the file that was meant",
  late: "write what it gives into a file, and name that",
  unreadable: "check the disk it is on",
};

function readError(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotCapable) return "this task has no --allow-read for it. Next: add it";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied. Next: run as its owner, or chmod it";
  }
  return undefined;
}

async function readKubeconfig(file: string, around: Surroundings): Promise<Kubeconfig | undefined> {
  const text = await readText(file, "the kubeconfig", KUBECONFIG);
  if (text === undefined) return undefined;
  const path = /^([/\\]|[A-Za-z]:)/.test(file) ? file : `${around.cwd()}/${file}`;
  return await parseKubeconfig(text, file, path.replace(/[/\\][^/\\]*$/, ""));
}

function splitPaths(list: string): string[] {
  return list.split(Deno.build.os === "windows" ? ";" : ":").filter((file) => file !== "");
}

async function inCluster(host: string, around: Surroundings): Promise<Target> {
  const tokenFile = `${around.serviceAccount}/token`;
  if (await readText(tokenFile, "the service account's token") === undefined) {
    throw new UsageError(
      `this runs in a cluster, but ${tokenFile} is not there. Next: give the pod a service account token ` +
        "(automountServiceAccountToken), or use --kubeconfig",
    );
  }
  const address = host.includes(":") ? `[${host}]` : host;
  return {
    context: "in-cluster",
    clusterName: "in-cluster",
    userName: "service account",
    server: `https://${address}:${around.env("KUBERNETES_SERVICE_PORT") ?? "443"}`,
    cluster: { ca: { file: `${around.serviceAccount}/ca.crt` }, insecure: false },
    user: { tokenFile, basic: false, impersonate: [] },
  };
}

/** Says where was looked, and names the lab of this checkout if there is one: it is never used unasked. */
async function nothingFound(
  listed: string | undefined,
  files: string[],
  host: string | undefined,
  around: Surroundings,
): Promise<string> {
  const looked = [
    "--kubeconfig (not given)",
    listed ? `KUBECONFIG (none of its files is there: ${files.join(", ")})` : "KUBECONFIG (not set)",
    ...(listed ? [] : [files[0] ? `${files[0]} (not there)` : "~/.kube/config (HOME is not set)"]),
    host ? "the pod's service account (has no contexts)" : "the pod's service account (this is no pod)",
  ];
  const lab = `${around.cwd()}/.lab/kubeconfig`;
  const next = await exists(lab)
    ? `the lab of this checkout is at --kubeconfig ${lab}`
    : "give --kubeconfig FILE, or set KUBECONFIG";
  return `there is no kubeconfig; looked at ${looked.join(", ")}. Next: ${next}`;
}

async function exists(file: string): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch {
    return false;
  }
}
