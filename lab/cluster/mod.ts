/** What the rest of the lab may use of the cluster. */
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { awaitDaemon, type Daemon, startDaemon, stopDaemon } from "./daemon.ts";
import { daemons } from "./daemons.ts";
import { fillRegistry } from "./parts/registry.ts";

export { apply, kubectl } from "./api.ts";
export { auditLog } from "./parts/apiserver.ts";
export { stopCluster } from "./down.ts";
export { CONTEXT_NAME, writeKubeconfig } from "./kubeconfig.ts";
export { inNamespace } from "./network.ts";
export { issueClientCert } from "./pki.ts";
export type { IssuedCertificate } from "./pki.ts";
export { pushLayout } from "./parts/registry.ts";
export { clusterParts } from "./status.ts";
export type { LabPart } from "./status.ts";
export { part, startCluster } from "./up.ts";

/** The daemons of the cluster, by the names that people know them by. */
export const PROCESS_NAMES = [
  "registry",
  "1password.com",
  "containerd",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "calico-felix",
] as const;
/** One of the cluster's daemons. */
export type ProcessName = typeof PROCESS_NAMES[number];

function find(ctx: LabContext, name: ProcessName): Daemon {
  const daemon = Object.values(daemons(ctx)).find((one) => one.name === name);
  if (daemon) return daemon;
  throw new LabError(name, "is no process of the cluster", undefined, `one of: ${PROCESS_NAMES.join(", ")}`);
}

/** Stops one daemon until `startProcess` or `lab:up`; containers go on. True when it was running. */
export function stopProcess(ctx: LabContext, name: ProcessName): Promise<boolean> {
  return stopDaemon(ctx, find(ctx, name).name);
}

/** Starts one daemon and waits until it is ready. True when it was not running. Throws LabError when it fails. */
export async function startProcess(ctx: LabContext, name: ProcessName): Promise<boolean> {
  const daemon = find(ctx, name);
  const started = await startDaemon(ctx, daemon);
  await awaitDaemon(ctx, daemon);
  if (name === "registry" && started) await fillRegistry(ctx);
  return started;
}
