import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { isOk } from "../api.ts";
import { KUBERNETES_VERSION } from "./apiserver.ts";
import type { Daemon } from "../daemon.ts";
import { componentKubeconfig } from "../kubeconfig.ts";

function configFile(ctx: LabContext): string {
  return join(ctx.etc, "kube-proxy.json");
}

/** Pure: kube-proxy's configuration. The conntrack limit belongs to the host, so it is left alone. */
export function proxyConfig(ctx: LabContext): unknown {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: ctx.net.pods,
    hostnameOverride: ctx.nodeName,
    clientConnection: { kubeconfig: componentKubeconfig(ctx, "kube-proxy") },
    conntrack: { maxPerCore: 0 },
    healthzBindAddress: `${ctx.net.node}:10256`,
    metricsBindAddress: `${ctx.net.node}:10249`,
  };
}

/** Writes kube-proxy's configuration. */
export function configureProxy(ctx: LabContext): void {
  writeFileSync(configFile(ctx), JSON.stringify(proxyConfig(ctx), null, 2), { mode: 0o600 });
}

/** kube-proxy: Services, as nftables rules inside the namespace. */
export function proxy(ctx: LabContext): Daemon {
  return {
    name: "kube-proxy",
    version: KUBERNETES_VERSION,
    argv: [join(ctx.cache, "bin/kube-proxy"), `--config=${configFile(ctx)}`],
    files: [configFile(ctx), componentKubeconfig(ctx, "kube-proxy")],
    ready: () => isOk(ctx, `http://${ctx.net.node}:10256/healthz`),
    readyMs: 30_000,
  };
}
