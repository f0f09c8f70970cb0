import type { LabContext } from "../context.ts";
import { get } from "./api.ts";
import { labMemory } from "./cgroups.ts";
import { COREDNS_VERSION } from "./parts/coredns.ts";
import { exitCount, isRunning } from "./daemon.ts";
import { daemons } from "./daemons.ts";
import { isMounted } from "./network.ts";

/** One part of the lab, as `lab:status` shows it. */
export interface LabPart {
  name: string;
  /** What it is: process, namespace, node, Deployment, Cluster ... */
  kind: string;
  version: string;
  /** A word or a few: running, stopped, 1/1 ready, unknown. */
  state: string;
  ready: boolean;
  /** False: a stand-in for something that can't be had; `note` says for what. */
  real: boolean;
  note?: string;
}

async function daemonParts(ctx: LabContext): Promise<LabPart[]> {
  return await Promise.all(
    Object.values(daemons(ctx)).map(async (daemon) => {
      const running = isRunning(ctx, daemon.name);
      const ready = running && await daemon.ready();
      const exits = exitCount(ctx, daemon.name);
      const state = !running ? "stopped" : ready ? "running" : "not ready";
      const restarted = running && exits > 0 ? `restarted ${exits} times` : undefined;
      const note = [daemon.standIn, restarted].filter(Boolean).join("; ") || undefined;
      const real = daemon.standIn === undefined;
      return { name: daemon.name, kind: "process", version: daemon.version, state, ready, real, note };
    }),
  );
}

interface NodeView {
  status?: { conditions?: { type: string; status: string }[]; nodeInfo?: { kubeletVersion?: string } };
}

async function nodePart(ctx: LabContext): Promise<LabPart> {
  const part = { name: `node ${ctx.nodeName}`, kind: "Node", version: "", real: true };
  const answer = await get(ctx, `${ctx.apiServer}/api/v1/nodes/${ctx.nodeName}`);
  if (answer.status === 404) return { ...part, state: "missing", ready: false };
  if (answer.status !== 200) return { ...part, state: "unknown", ready: false };
  const { status }: NodeView = JSON.parse(answer.body);
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  return {
    ...part,
    version: status?.nodeInfo?.kubeletVersion ?? "",
    state: ready ? "Ready" : "NotReady",
    ready,
  };
}

interface DeploymentView {
  spec?: { replicas?: number };
  status?: { readyReplicas?: number };
}

async function corednsPart(ctx: LabContext): Promise<LabPart> {
  const part = { name: "coredns", kind: "Deployment", version: COREDNS_VERSION, real: true };
  const path = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";
  const answer = await get(ctx, ctx.apiServer + path);
  if (answer.status === 404) return { ...part, state: "missing", ready: false };
  if (answer.status !== 200) return { ...part, state: "unknown", ready: false };
  const { spec, status }: DeploymentView = JSON.parse(answer.body);
  const [ready, wanted] = [status?.readyReplicas ?? 0, spec?.replicas ?? 1];
  return { ...part, state: `${ready}/${wanted} ready`, ready: wanted > 0 && ready >= wanted };
}

/** The parts of the cluster. Works with any of them down, and never takes longer than a few seconds. */
export async function clusterParts(ctx: LabContext): Promise<LabPart[]> {
  const there = isMounted(ctx.netns);
  const memory = labMemory(ctx);
  const namespace: LabPart = {
    name: "network namespace",
    kind: "namespace",
    version: "",
    state: there ? `node address ${ctx.net.node}` : "missing",
    ready: there,
    real: true,
    note: memory === undefined ? undefined : `${(memory / 2 ** 30).toFixed(2)} GiB of memory in all`,
  };
  const [processes, node, coredns] = await Promise.all([daemonParts(ctx), nodePart(ctx), corednsPart(ctx)]);
  return [namespace, ...processes, node, coredns];
}
