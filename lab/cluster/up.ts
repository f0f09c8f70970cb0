import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type LabContext, noteSlot, stateSlot } from "../context.ts";
import { LabError } from "../errors.ts";
import { logTail, waitFor } from "../process.ts";
import type { Progress } from "../progress.ts";
import { get, kubectl } from "./api.ts";
import { configureApiServer } from "./parts/apiserver.ts";
import { CALICO_VERSION, configureCni, installCalico } from "./parts/calico.ts";
import { makeCgroups } from "./cgroups.ts";
import { configureContainerd } from "./parts/containerd.ts";
import { awaitCoreDns, COREDNS_VERSION, installCoreDns } from "./parts/coredns.ts";
import { awaitDaemon, type Daemon, startDaemon } from "./daemon.ts";
import { daemons } from "./daemons.ts";
import { saveHost } from "./host.ts";
import { writeKubeconfigs } from "./kubeconfig.ts";
import { configureKubelet } from "./parts/kubelet.ts";
import { makeNetwork } from "./network.ts";
import { makePki } from "./pki.ts";
import { checkPrograms } from "./programs.ts";
import { configureProxy } from "./parts/proxy.ts";
import { fillRegistry } from "./parts/registry.ts";
import { cloneStore, saveStore, unpackImages } from "./store.ts";

const LEASES = "coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

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
  checkPrograms();
  const fresh = !existsSync(ctx.kubeconfig);
  const made = stateSlot(ctx.root);
  if (made !== undefined && made !== ctx.slot) {
    const why = `the state in ${ctx.dir} was made for slot ${made}, and another lab holds that now`;
    throw new LabError("lab", why, undefined, "deno task lab:down, then lab:up");
  }
  makeDirectories(ctx);
  noteSlot(ctx);
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

/** Starts a daemon and waits until it is ready. True when it was not running before. */
async function bring(ctx: LabContext, progress: Progress, daemon: Daemon): Promise<boolean> {
  let started = false;
  await part(progress, daemon.name, async () => {
    started = await startDaemon(ctx, daemon);
    await awaitDaemon(ctx, daemon);
    return started ? daemon.version : undefined;
  });
  return started;
}

interface NodeView {
  status?: { conditions?: { type: string; status: string }[] };
}

interface LeaseView {
  spec?: { renewTime?: string };
}

/** True when the node is Ready, and its lease was renewed at `since` (ms) or later unless that is 0. */
async function nodeReady(ctx: LabContext, since: number): Promise<boolean> {
  const answer = await get(ctx, `${ctx.apiServer}/api/v1/nodes/${ctx.nodeName}`);
  if (answer.status !== 200) return false;
  const { status }: NodeView = JSON.parse(answer.body);
  if (!status?.conditions?.some((one) => one.type === "Ready" && one.status === "True")) return false;
  if (since === 0) return true;
  const lease = await get(ctx, `${ctx.apiServer}/apis/${LEASES}/${ctx.nodeName}`);
  if (lease.status !== 200) return false;
  const { spec }: LeaseView = JSON.parse(lease.body);
  return Date.parse(spec?.renewTime ?? "") >= since;
}

/** Waits for the node. One that was known before kubelet started is Ready only once kubelet has renewed its lease. */
async function awaitNode(ctx: LabContext, started: boolean, since: number): Promise<string | undefined> {
  if (!started && await nodeReady(ctx, 0)) return undefined;
  if (await waitFor(() => nodeReady(ctx, started ? since : 0), 60_000, 100)) return "is Ready";
  const said = await kubectl(ctx, ["describe", "node", ctx.nodeName]);
  const conditions = said.stdout.split("\n").filter((line) => /^\s+Ready\s/.test(line)).join(" ").trim();
  const why = `is not Ready after 60 s. ${conditions || said.stderr.trim()}`;
  throw new LabError("node", why, join(ctx.log, "kubelet.log"));
}

type Daemons = ReturnType<typeof daemons>;

/**
 * The control plane, containerd with every image, and what stands outside the cluster, side by side. Calico's definitions
 * and rights come before kubelet, for a pod whose sandbox fails at first is tried again only much later.
 */
async function ground(ctx: LabContext, progress: Progress, all: Daemons): Promise<void> {
  const serve = async () => {
    await bring(ctx, progress, all.registry);
    await part(progress, "images in the registry", async () => `${await fillRegistry(ctx)} images`);
  };
  const served = serve();
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
  const control = async () => {
    await settle([bring(ctx, progress, all.etcd), bring(ctx, progress, all.apiServer)]);
    await settle([
      bring(ctx, progress, all.controllerManager),
      bring(ctx, progress, all.scheduler),
      part(progress, "calico definitions", async () => await installCalico(ctx) ? CALICO_VERSION : undefined),
    ]);
  };
  await settle([served, images(), control(), bring(ctx, progress, all.onePassword)]);
}

/** The node: kubelet, its network, and CoreDNS as the first pod. */
async function node(ctx: LabContext, progress: Progress, all: Daemons): Promise<void> {
  const kubelet = async () => {
    const known = await get(ctx, `${ctx.apiServer}/api/v1/nodes/${ctx.nodeName}`);
    const begun = Date.now();
    const started = await bring(ctx, progress, all.kubelet);
    await part(progress, "node", () => awaitNode(ctx, started, known.status === 200 ? begun : 0));
  };
  const ready = kubelet();
  const network = [bring(ctx, progress, all.felix), bring(ctx, progress, all.proxy)];
  await settle([ready, ...network, ready.then(() => dns(ctx, progress))]);
}

/**
 * Brings the cluster up, or what is missing of it: network namespace, certificates, daemons, node, CoreDNS. Running
 * twice changes nothing. Throws LabError for the part that failed, after it was printed.
 */
export async function startCluster(ctx: LabContext, progress: Progress): Promise<void> {
  await part(progress, "namespace and certificates", () => foundations(ctx));
  const all = daemons(ctx);
  await ground(ctx, progress, all);
  await node(ctx, progress, all);
}

async function dns(ctx: LabContext, progress: Progress): Promise<void> {
  await part(progress, "coredns", async () => {
    const applied = await installCoreDns(ctx);
    await awaitCoreDns(ctx);
    return applied ? COREDNS_VERSION : undefined;
  });
}

/** Waits for all, then throws the first failure: a part that still works is not cut off by another's failure. */
async function settle(work: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
