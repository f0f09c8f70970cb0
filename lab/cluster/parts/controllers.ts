import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { isOk } from "../api.ts";
import { KUBERNETES_VERSION } from "./apiserver.ts";
import type { Daemon } from "../daemon.ts";
import { componentKubeconfig } from "../kubeconfig.ts";
import { pkiPath } from "../pki.ts";

function common(ctx: LabContext, name: string): string[] {
  const kubeconfig = componentKubeconfig(ctx, name);
  return [
    join(ctx.cache, "bin", name),
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${ctx.net.node}`,
    `--tls-cert-file=${pkiPath(ctx, name, "crt")}`,
    `--tls-private-key-file=${pkiPath(ctx, name, "key")}`,
    "--leader-elect=true",
    "--profiling=false",
  ];
}

/** The controller manager. It signs certificates and tokens, and calls a silent node lost after 20 s. */
export function controllerManager(ctx: LabContext): Daemon {
  const name = "kube-controller-manager";
  return {
    name,
    version: KUBERNETES_VERSION,
    argv: [
      ...common(ctx, name),
      "--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${pkiPath(ctx, "service-account", "key")}`,
      `--root-ca-file=${pkiPath(ctx, "ca", "crt")}`,
      `--cluster-signing-cert-file=${pkiPath(ctx, "ca", "crt")}`,
      `--cluster-signing-key-file=${pkiPath(ctx, "ca", "key")}`,
      "--allocate-node-cidrs=true",
      `--cluster-cidr=${ctx.net.pods}`,
      "--node-cidr-mask-size=24",
      "--node-monitor-grace-period=20s",
    ],
    files: [componentKubeconfig(ctx, name)],
    ready: () => isOk(ctx, `https://${ctx.net.node}:10257/healthz`),
    readyMs: 30_000,
  };
}

/** The scheduler. */
export function scheduler(ctx: LabContext): Daemon {
  const name = "kube-scheduler";
  return {
    name,
    version: KUBERNETES_VERSION,
    argv: common(ctx, name),
    files: [componentKubeconfig(ctx, name)],
    ready: () => isOk(ctx, `https://${ctx.net.node}:10259/healthz`),
    readyMs: 30_000,
  };
}
