/** The platform on the lab's cluster: bootstrap, manifests through Flux, and the wait until all of it is ready. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { part } from "../cluster/mod.ts";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { waitFor } from "../process.ts";
import { createProgress, type Progress } from "../progress.ts";
import { pushArtifact, pushCharts } from "./artifact.ts";
import {
  installCloudNativePg,
  installExternalSecrets,
  installFlux,
  installRook,
  installRoot,
} from "./bootstrap.ts";
import { connectKube, type Kube, operatorKubeconfig } from "./kube.ts";
import { settle } from "./settle.ts";
import { ensureVault } from "./vault.ts";

export { pushArtifact, pushCharts } from "./artifact.ts";
export { at, condition, connectKube, type Kube, type KubeObject, text } from "./kube.ts";
export { platformParts, platformTable } from "./parts.ts";
export { copyObjectUserKeys, type Pending, pendingObjects } from "./settle.ts";
export {
  connectSecrets,
  mintCredentials,
  mintToken,
  readVaults,
  setItem,
  vaultDir,
  writeVaults,
} from "./vault.ts";
export type { VaultFile } from "./vault.ts";

const LIMIT_MS = 300_000;

/**
 * Installs the platform, or what is missing of it, and waits until all of it is ready (5 minutes at most). The cluster may
 * still be starting: what needs only the API server is done while the node comes up. Running twice changes nothing. Throws LabError for the part that failed, after it was printed.
 */
export async function installPlatform(
  ctx: LabContext,
  progress: Progress = createProgress(),
  signal?: AbortSignal,
): Promise<void> {
  mkdirSync(join(ctx.dir, "ceph"), { recursive: true, mode: 0o711 });
  ensureVault(ctx);
  const kube = await awaitCluster(ctx, signal);
  const stop = new AbortController();
  const cancel = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const guarded = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  try {
    const results = await Promise.allSettled([
      guarded(gitOps(ctx, kube, progress, cancel)),
      guarded(part(progress, "rook", () => installRook(ctx, kube))),
      guarded(part(progress, "external secrets operator", () => installExternalSecrets(ctx, kube))),
      guarded(part(progress, "cloudnative-pg operator", () => installCloudNativePg(ctx, kube))),
    ]);
    // The first failure stopped the others: it is the one to tell.
    if (stop.signal.aborted) throw stop.signal.reason;
    for (const result of results) if (result.status === "rejected") throw result.reason;
  } finally {
    kube.close();
  }
}

async function registryServes(ctx: LabContext): Promise<boolean> {
  try {
    const answer = await fetch(`http://${ctx.registry}/v2/`, { signal: AbortSignal.timeout(2000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** Waits for the API server and the registry: the rest of the cluster may still be coming up. */
async function awaitCluster(ctx: LabContext, signal: AbortSignal | undefined): Promise<Kube> {
  const waiting = async (what: string, probe: () => Promise<boolean> | boolean) => {
    const came = await waitFor(() => (signal?.throwIfAborted(), probe()), 120_000, 100);
    if (!came) {
      throw new LabError(
        "platform",
        `${what} did not come up within 120 s`,
        undefined,
        "deno task lab:status",
      );
    }
  };
  await waiting("the API server", () => existsSync(operatorKubeconfig(ctx)));
  const kube = connectKube(ctx);
  await waiting("the API server", () => kube.ready());
  await waiting("the registry", () => registryServes(ctx));
  return kube;
}

/** Flux, the manifests, their root; then the wait. The operators come up meanwhile, in parallel. */
async function gitOps(ctx: LabContext, kube: Kube, progress: Progress, signal: AbortSignal): Promise<void> {
  let digest = "";
  await Promise.all([
    part(progress, "flux", () => installFlux(ctx, kube)),
    part(progress, "manifests in the registry", async () => {
      digest = await pushArtifact(ctx);
      await pushCharts(ctx);
      return digest.slice(0, 19);
    }),
  ]);
  await part(progress, "root of GitOps", async () => {
    await installRoot(ctx, kube);
    return "cluster-apps";
  });
  await settle(ctx, kube, progress, digest, { timeoutMs: LIMIT_MS, signal });
}
