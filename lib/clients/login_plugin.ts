/**
 * Runs a kubeconfig's exec plugin (aws, gke-gcloud-auth-plugin, kubelogin ...) and takes the ExecCredential
 * it prints: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
import { LacksRight, UsageError } from "../errors.ts";
import type { ExecPlugin, Target } from "./kubeconfig.ts";
import { readMaterial } from "./kubeconfig_files.ts";
import { oneLine } from "./failures.ts";
import { parseJson } from "../json.ts";
import { own } from "../lookup.ts";

/** What the plugin gave. */
export interface Credential {
  token?: string;
  cert?: string;
  key?: string;
  /** Milliseconds since the epoch. */
  expires?: number;
}

/** Long enough for a person to answer a device-code login, short enough to end. */
const PLUGIN_MS = 60_000;

/** Runs the plugin once, at most a minute. UsageError when it gives no credential. */
export async function askPlugin(target: Target, limitMs = PLUGIN_MS): Promise<Credential> {
  const plugin = target.user.exec;
  if (!plugin) return {};
  const who = `the login plugin ${plugin.command} of user ${target.userName}`;
  const interactive = plugin.interactiveMode !== "Never" && Deno.stdin.isTerminal();
  if (plugin.interactiveMode === "Always" && !interactive) {
    throw new UsageError(`${who} wants a terminal, and there is none. Next: run this in one`);
  }
  const output = await run(plugin, await execInfo(target, plugin, interactive), interactive, who, limitMs);
  return readCredential(output, who);
}

async function run(
  plugin: ExecPlugin,
  info: string,
  interactive: boolean,
  who: string,
  limitMs: number,
): Promise<string> {
  const limit = AbortSignal.timeout(limitMs);
  // On a terminal the plugin may have something to tell the person: a URL to open, a code to type.
  const watched = interactive && Deno.stderr.isTerminal();
  let output: { success: boolean; code: number; stdout: Uint8Array; stderr?: Uint8Array };
  try {
    const command = new Deno.Command(plugin.command, {
      args: plugin.args,
      env: { ...plugin.env, KUBERNETES_EXEC_INFO: info },
      stdin: interactive ? "inherit" : "null",
      stdout: "piped",
      stderr: watched ? "inherit" : "piped",
      signal: limit,
    });
    const child = command.spawn();
    const [stdout, stderr, status] = await Promise.all([
      new Response(child.stdout).bytes(),
      watched ? undefined : new Response(child.stderr).bytes(),
      child.status,
    ]);
    output = { success: status.success, code: status.code, stdout, stderr };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new LacksRight(
        "run",
        `${who} is a program, and this task was started without the right to start one.`,
      );
    }
    throw new UsageError(`${who} can't be run: ${runError(error, plugin)}`);
  }
  if (limit.aborted) {
    throw new UsageError(`${who} gave no credential within ${limitMs / 1000} s. Next: log in by hand first`);
  }
  if (!output.success) {
    const said = output.stderr
      ? masked(lastLine(new TextDecoder().decode(output.stderr)))
      : "its words are above";
    throw new UsageError(
      `${who} failed (exit ${output.code}): ${said || "it said nothing"}. Next: log in again`,
    );
  }
  return new TextDecoder().decode(output.stdout);
}

function runError(error: unknown, plugin: ExecPlugin): string {
  if (error instanceof Deno.errors.NotFound) {
    const hint = plugin.installHint
      ? oneLine(plugin.installHint, 200)
      : "install it, or correct the kubeconfig";
    return `there is no such program. Next: ${hint}`;
  }
  return "the system would not start it. Next: check that it is executable";
}

function readCredential(text: string, who: string): Credential {
  let status: Record<string, unknown> | undefined;
  try {
    const parsed = parseJson(text) as { kind?: unknown; status?: unknown };
    if (parsed.kind === "ExecCredential") status = parsed.status as Record<string, unknown>;
  } catch {
    // Said below; the parser's words would quote the credential.
  }
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

function lastLine(text: string): string {
  return oneLine(text.trimEnd().split("\n").at(-1) ?? "", 200);
}

/** Long words without spaces may be keys or tokens: plugins do print them. */
function masked(text: string): string {
  return text.replace(/[A-Za-z0-9_\-+=.]{32,}/g, "…");
}
