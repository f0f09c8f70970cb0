import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { must } from "../../process.ts";
import { isOk } from "../api.ts";
import { KUBERNETES_VERSION } from "./apiserver.ts";
import { containerdSocket } from "./containerd.ts";
import type { Daemon } from "../daemon.ts";
import { componentKubeconfig } from "../kubeconfig.ts";
import { isMounted } from "../network.ts";
import { pkiPath } from "../pki.ts";

/** Directory in which kubelet sees its state: `.lab/kubelet` under a path short enough for its sockets. */
export function kubeletRoot(ctx: LabContext): string {
  return join(ctx.run, "kubelet");
}

function configFile(ctx: LabContext): string {
  return join(ctx.etc, "kubelet.json");
}

/** Pure: kubelet's configuration. Evictions, probes and authorization are on; only the thresholds suit a small disk. */
export function kubeletConfig(ctx: LabContext): unknown {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pkiPath(ctx, "ca", "crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: pkiPath(ctx, "kubelet", "crt"),
    tlsPrivateKeyFile: pkiPath(ctx, "kubelet", "key"),
    address: ctx.net.node,
    healthzBindAddress: ctx.net.node,
    readOnlyPort: 0,
    clusterDomain: "cluster.local",
    clusterDNS: [ctx.net.dns],
    resolvConf: join(ctx.etc, "resolv.conf"),
    containerRuntimeEndpoint: `unix://${containerdSocket(ctx)}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: ctx.cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: true,
    podLogsDir: join(ctx.log, "pods"),
    volumePluginDir: join(ctx.dir, "kubelet-plugins"),
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
      "imagefs.inodesFree": "1%",
    },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
    serializeImagePulls: false,
    maxParallelImagePulls: 4,
    nodeStatusUpdateFrequency: "5s",
    shutdownGracePeriod: "0s",
  };
}

/** Writes kubelet's configuration and mounts `.lab/kubelet` where kubelet looks for it. */
export async function configureKubelet(ctx: LabContext): Promise<void> {
  const data = join(ctx.dir, "kubelet");
  const root = kubeletRoot(ctx);
  for (const dir of [data, root, join(ctx.log, "pods"), join(ctx.dir, "kubelet-plugins")]) {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  }
  writeFileSync(join(ctx.etc, "resolv.conf"), `nameserver ${ctx.net.dns}\n`);
  writeFileSync(configFile(ctx), JSON.stringify(kubeletConfig(ctx), null, 2), { mode: 0o600 });
  if (isMounted(root)) return;
  await must("kubelet", ["mount", "--bind", data, root]);
  // A peer group of its own: volumes reach pods that ask for it, and nothing reaches `.lab/kubelet` or the host.
  await must("kubelet", ["mount", "--make-private", root]);
  await must("kubelet", ["mount", "--make-shared", root]);
}

/** kubelet on the one node. */
export function kubelet(ctx: LabContext): Daemon {
  return {
    name: "kubelet",
    version: KUBERNETES_VERSION,
    argv: [
      join(ctx.cache, "bin/kubelet"),
      `--config=${configFile(ctx)}`,
      `--kubeconfig=${componentKubeconfig(ctx, "kubelet")}`,
      `--root-dir=${kubeletRoot(ctx)}`,
      `--hostname-override=${ctx.nodeName}`,
      `--node-ip=${ctx.net.node}`,
      "--v=1",
    ],
    files: [configFile(ctx), componentKubeconfig(ctx, "kubelet")],
    ready: () => isOk(ctx, `http://${ctx.net.node}:10248/healthz`),
    readyMs: 60_000,
  };
}
