/**
 * Runs a kubeconfig's exec plugin (aws, gke-gcloud-auth-plugin, kubelogin ...) and takes the ExecCredential
 * it prints: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
import { LacksRight, UsageError } from "../../engine/errors.ts";
import { isSecretName, quote } from "../../redact/mod.ts";
import type { ExecPlugin, Target } from "./kubeconfig.ts";
import { readMaterial } from "./kubeconfig_files.ts";
import { type Ended, runChild } from "./child_process.ts";
import { parseJson } from "../../untrusted/json.ts";
import { own } from "../../untrusted/lookup.ts";

/** What the plugin gave. */
export interface Credential {
  token?: string;
  cert?: string;
  key?: string;
  /** Milliseconds since the epoch. */
  expires?: number;
}

/** How long a plugin may take, and be heard, in milliseconds. */
export interface PluginLimits {
  /** Long enough for a person to answer a device-code login, short enough to end. */
  wholeMs: number;
  /** From SIGTERM to SIGKILL, and from the plugin's end to the end of its output, which others may hold open. */
  graceMs: number;
}

const LIMITS: PluginLimits = { wholeMs: 60_000, graceMs: 1000 };

/** An ExecCredential has a few KiB; this is more than any. */
const MOST_STDOUT_BYTES = 1024 * 1024;

/**
 * Secrets of ours that the environment may hold. A plugin has its own business and gets everything else of it, as with
 * kubectl: PATH, HOME, proxies and what the clouds' tools are configured by.
 */
const OURS = ["OP_CONNECT_CREDENTIALS", "OP_CONNECT_TOKEN"];

/** Runs the plugin once. UsageError when it gives no credential, or not within the limits. */
export async function askPlugin(target: Target, limits: PluginLimits = LIMITS): Promise<Credential> {
  const plugin = target.user.exec;
  if (!plugin) return {};
  const who = `the login plugin ${plugin.command} of user ${target.userName}`;
  const interactive = plugin.interactiveMode !== "Never" && Deno.stdin.isTerminal();
  if (plugin.interactiveMode === "Always" && !interactive) {
    throw new UsageError(`${who} wants a terminal, and there is none. Next: run this in one`);
  }
  const info = await execInfo(target, plugin, interactive);
  const ended = await run(plugin, info, interactive, who, limits);
  switch (ended.how) {
    case "late":
      throw new UsageError(
        `${who} gave no credential within ${
          limits.wholeMs / 1000
        } s and was ended. Next: log in by hand first`,
      );
    case "flood":
      throw new UsageError(
        `${who} printed more than ${
          MOST_STDOUT_BYTES / 1024 / 1024
        } MiB where a credential was expected, and was ended. ` +
          "Next: run it by hand and see what it prints",
      );
    case "exited":
      if (ended.code === 0) return readCredential(ended.stdout, who);
      throw new UsageError(
        `${who} failed (exit ${ended.code}): ${said(ended, plugin)}. Next: log in again`,
      );
  }
}

async function run(
  plugin: ExecPlugin,
  info: string,
  interactive: boolean,
  who: string,
  limits: PluginLimits,
): Promise<Ended> {
  try {
    return await runChild(plugin.command, {
      args: plugin.args,
      env: {
        ...Object.fromEntries(OURS.map((name) => [name, ""])),
        ...plugin.env,
        KUBERNETES_EXEC_INFO: info,
      },
      terminal: interactive,
      mostBytes: MOST_STDOUT_BYTES,
      ...limits,
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new LacksRight(
        "run",
        `${who} is a program, and this task was started without the right to start one.`,
      );
    }
    throw new UsageError(`${who} can't be run: ${runError(error, plugin)}`);
  }
}

function runError(error: unknown, plugin: ExecPlugin): string {
  if (error instanceof Deno.errors.NotFound) {
    const hint = plugin.installHint
      ? quote(plugin.installHint, [], 200)
      : "install it, or correct the kubeconfig";
    return `there is no such program. Next: ${hint}`;
  }
  return "the system would not start it. Next: check that it is executable";
}

/** The last line of what a plugin said. It may hold anything that the plugin knows: what looks like a key goes. */
function said({ stdout, stderr }: Ended, plugin: ExecPlugin): string {
  if (stderr === undefined) return "its words are above";
  const secrets = [
    ...Object.entries(plugin.env).filter(([name]) => isSecretName(name)).map(([, value]) => value),
    ...Object.values(statusOf(stdout) ?? {}).filter((value) => typeof value === "string"),
  ];
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  // Long words without spaces may be keys or tokens: plugins do print them.
  return quote(line.replace(/[\w\-+=.~]{32,}/g, "…"), secrets, 200) || "it said nothing";
}

function statusOf(text: string): Record<string, unknown> | undefined {
  try {
    const parsed = parseJson(text) as { kind?: unknown; status?: unknown };
    return parsed.kind === "ExecCredential" ? parsed.status as Record<string, unknown> : undefined;
  } catch {
    // The parser's words would quote the credential.
    return undefined;
  }
}

function readCredential(text: string, who: string): Credential {
  const status = statusOf(text);
  const field = (name: string) => {
    const value = own(status, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [token, cert, key] = [field("token"), field("clientCertificateData"), field("clientKeyData")];
  if (!token && !(cert && key)) {
    throw new UsageError(
      `${who} printed no ExecCredential with a token or certificate. Next: update the plugin`,
    );
  }
  const expires = Date.parse(field("expirationTimestamp") ?? "");
  return { token, cert, key, ...(Number.isNaN(expires) ? {} : { expires }) };
}

async function execInfo(target: Target, plugin: ExecPlugin, interactive: boolean): Promise<string> {
  const { cluster, server } = target;
  const ca = cluster.ca && plugin.provideClusterInfo
    ? await readMaterial(cluster.ca, `the CA of cluster ${target.clusterName}`)
    : undefined;
  return JSON.stringify({
    kind: "ExecCredential",
    apiVersion: plugin.apiVersion,
    spec: {
      interactive,
      ...(plugin.provideClusterInfo
        ? {
          cluster: {
            server,
            "tls-server-name": cluster.tlsServerName,
            "insecure-skip-tls-verify": cluster.insecure || undefined,
            "certificate-authority-data": ca && btoa(ca),
            "proxy-url": cluster.proxyUrl,
          },
        }
        : {}),
    },
  });
}
