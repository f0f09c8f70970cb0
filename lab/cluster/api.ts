import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { CLEAN_ENV, run, type RunOptions, type RunResult } from "../process.ts";
import { operatorKubeconfig } from "./kubeconfig.ts";
import { pkiPath } from "./pki.ts";

/** An answer of the API server or of a component's health port. `status` 0: nothing answered. */
export interface Answer {
  status: number;
  body: string;
}

function operatorClient(ctx: LabContext): Deno.HttpClient {
  return Deno.createHttpClient({
    caCerts: [readFileSync(pkiPath(ctx, "ca", "crt"), "utf8")],
    cert: readFileSync(pkiPath(ctx, "operator", "crt"), "utf8"),
    key: readFileSync(pkiPath(ctx, "operator", "key"), "utf8"),
  });
}

async function request(ctx: LabContext, url: string, init: RequestInit, timeoutMs: number): Promise<Answer> {
  let client: Deno.HttpClient | undefined;
  try {
    if (url.startsWith("https:")) client = operatorClient(ctx);
    const answer = await fetch(url, { ...init, client, signal: AbortSignal.timeout(timeoutMs) });
    return { status: answer.status, body: await answer.text() };
  } catch (error) {
    return { status: 0, body: error instanceof Error ? error.message : String(error) };
  } finally {
    client?.close();
  }
}

/** GETs a URL of the lab with the operator's certificate. Never throws: what does not answer has status 0. */
export function get(ctx: LabContext, url: string, timeoutMs = 2_000): Promise<Answer> {
  return request(ctx, url, {}, timeoutMs);
}

/**
 * Server-side applies one object (YAML or JSON) at its path below the API server's root. Faster than kubectl, which
 * first reads all that the API server offers. Throws LabError with the API server's words.
 */
export async function applyAt(ctx: LabContext, part: string, path: string, manifest: string): Promise<void> {
  const url = `${ctx.apiServer}${path}?fieldManager=lakecheck-lab&force=true`;
  const headers = { "content-type": "application/apply-patch+yaml" };
  const answer = await request(ctx, url, { method: "PATCH", headers, body: manifest }, 20_000);
  if (answer.status === 200 || answer.status === 201) return;
  throw new LabError(
    part,
    `PATCH ${path} answered ${answer.status || "nothing"}: ${answer.body.slice(0, 500)}`,
  );
}

/** True when a URL answers 200. */
export async function isOk(ctx: LabContext, url: string): Promise<boolean> {
  return (await get(ctx, url)).status === 200;
}

/** True when something listens on a unix socket. */
export async function listens(path: string): Promise<boolean> {
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Runs kubectl as the lab's operator. Discovery is cached in `.lab`, not in the user's home. */
export function kubectl(
  ctx: LabContext,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const cache = join(ctx.dir, "kubectl");
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const env = { ...CLEAN_ENV, HOME: cache, KUBECONFIG: operatorKubeconfig(ctx) };
  return run([join(ctx.cache, "bin/kubectl"), ...args], { env, ...options });
}

/** Applies manifests (YAML or JSON text, one or many) server-side. Throws LabError with what kubectl said. */
export async function apply(ctx: LabContext, part: string, manifests: string): Promise<void> {
  const args = ["apply", "--server-side", "--force-conflicts", "--field-manager=lakecheck-lab", "-f", "-"];
  const result = await kubectl(ctx, args, { stdin: manifests });
  if (result.code !== 0) throw new LabError(part, `kubectl apply said: ${result.stderr.trim().slice(-1500)}`);
}

/** Pure: several objects as one `List`, for apply. */
export function listOf(objects: readonly unknown[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
}
