import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { logTail, waitFor } from "../process.ts";
import type { Progress } from "../progress.ts";
import { get, kubectl } from "./api.ts";
import { configureApiServer } from "./apiserver.ts";
import { CALICO_VERSION, configureCni, installCalico } from "./calico.ts";
import { makeCgroups } from "./cgroups.ts";
import { configureContainerd } from "./containerd.ts";
import { awaitCoreDns, COREDNS_VERSION, installCoreDns } from "./coredns.ts";
import { awaitDaemon, type Daemon, startDaemon } from "./daemon.ts";
import { daemons } from "./daemons.ts";
import { saveHost } from "./host.ts";
import { writeKubeconfigs } from "./kubeconfig.ts";
import { configureKubelet } from "./kubelet.ts";
import { makeNetwork } from "./network.ts";
import { makePki } from "./pki.ts";
import { configureProxy } from "./proxy.ts";
import { fillRegistry } from "./registry.ts";
import { cloneStore, saveStore, unpackImages } from "./store.ts";

/** Runs one part of the job with its line in the progress. `work` gives a note, or undefined: nothing was to do. */
export async function part<T extends string | undefined>(
  progress: Progress,
  name: string,
  work: () => Promise<T>,
): Promise<void> {
  progress.start(name);
  try {
    const note = await work();
    if (note === undefined) progress.skip(name);
    else progress.done(name, note);
  } catch (error) {
    if (error instanceof LabError) {
      const lastLines = error.log === undefined ? undefined : logTail(error.log);
      progress.fail(name, { why: error.why, log: error.log, next: error.next, lastLines });
    }
    throw error;
  }
}

function makeDirectories(ctx: LabContext): void {
  mkdirSync(ctx.dir, { recursive: true, mode: 0o700 });
  chmodSync(ctx.dir, 0o700);
  for (const dir of [ctx.run, ctx.log, ctx.etc]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  // Pods see volumes below it by bind mount, and their users must get through it.
  mkdirSync(join(ctx.dir, "pv"), { recursive: true, mode: 0o711 });
}

async function foundations(ctx: LabContext): Promise<string | undefined> {
  const fresh = !existsSync(ctx.kubeconfig);
  makeDirectories(ctx);
  saveHost();
  makeCgroups(ctx);
  const [, network] = await Promise.all([makePki(ctx), makeNetwork(ctx)]);
  writeKubeconfigs(ctx);
  configureApiServer(ctx);
  configureProxy(ctx);
  configureContainerd(ctx);
  configureCni(ctx);
  await configureKubelet(ctx);
  return fresh || network ? `node ${ctx.net.node}, kubeconfig ${ctx.kubeconfig}` : undefined;
}

async function bring(ctx: LabContext, progress: Progress, daemon: Daemon): Promise<void> {
  await part(progress, daemon.name, async () => {
    const started = await startDaemon(ctx, daemon);
    await awaitDaemon(ctx, daemon);
    return started ? daemon.version : undefined;
  });
}

async function nodeReady(ctx: LabContext): Promise<boolean> {
  const answer = await get(ctx, `${ctx.apiServer}/api/v1/nodes/${ctx.nodeName}`);
  if (answer.status !== 200) return false;
  const node: { status?: { conditions?: { type: string; status: string }[] } } = JSON.parse(answer.body);
  return node.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
}

async function awaitNode(ctx: LabContext): Promise<string | undefined> {
  if (await nodeReady(ctx)) return undefined;
  if (await waitFor(() => nodeReady(ctx), 60_000, 100)) return "is Ready";
  const said = await kubectl(ctx, ["describe", "node", ctx.nodeName]);
  const conditions = said.stdout.split("\n").filter((line) => /^\s+Ready\s/.test(line)).join(" ").trim();
  throw new LabError(
    "node",
    `is not Ready after 60 s. ${conditions || said.stderr.trim()}`,
    join(ctx.log, "kubelet.log"),
  );
}

/**
 * Brings the cluster up, or what is missing of it: network namespace, certificates, daemons, node, CoreDNS. Running
 * twice changes nothing. Throws LabError for the part that failed, after it was printed.
 */
export async function startCluster(ctx: LabContext, progress: Progress): Promise<void> {
  await part(progress, "namespace and certificates", () => foundations(ctx));
  const all = daemons(ctx);
  const serve = async () => {
    await bring(ctx, progress, all.registry);
    await part(progress, "images in the registry", async () => `${await fillRegistry(ctx)} images`);
  };
  const images = async () => {
    await part(progress, "image store", () => cloneStore(ctx));
    await bring(ctx, progress, all.containerd);
    await served;
    await part(progress, "images in containerd", async () => {
      const unpacked = await unpackImages(ctx);
      const kept = await saveStore(ctx);
      return unpacked > 0 || kept ? [`${unpacked} unpacked`, kept].filter(Boolean).join(", ") : undefined;
    });
  };
  const served = serve();
  const control = async () => {
    await Promise.all([bring(ctx, progress, all.etcd), bring(ctx, progress, all.apiServer)]);
    await Promise.all([bring(ctx, progress, all.controllerManager), bring(ctx, progress, all.scheduler)]);
  };
  await settle([images(), served, control()]);
  const network = async () => {
    await part(
      progress,
      "calico definitions",
      async () => await installCalico(ctx) ? CALICO_VERSION : undefined,
    );
    // Pods need the CNI plugin's rights from the start: kubelet is slow to try a failed sandbox again.
    await Promise.all([bring(ctx, progress, all.felix), dns(ctx, progress)]);
  };
  const node = async () => {
    await bring(ctx, progress, all.kubelet);
    await part(progress, "node", () => awaitNode(ctx));
  };
  await settle([network(), node(), bring(ctx, progress, all.proxy)]);
}

async function dns(ctx: LabContext, progress: Progress): Promise<void> {
  await part(progress, "coredns", async () => {
    const applied = await installCoreDns(ctx);
    await awaitCoreDns(ctx);
    return applied ? COREDNS_VERSION : undefined;
  });
}

/** Waits for all, then throws the first failure: a part that still works is not cut off by another's failure. */
async function settle(work: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
