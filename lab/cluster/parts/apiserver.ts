import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { isOk } from "../api.ts";
import type { Daemon } from "../daemon.ts";
import { ETCD_URL } from "./etcd.ts";
import { CONTEXT_NAME } from "../kubeconfig.ts";
import { pkiPath } from "../pki.ts";

/** Kubernetes' version, as built by lab/build. */
export const KUBERNETES_VERSION = "1.36.3";

/** Path of the audit log: one JSON event a line, one event a request. */
export function auditLog(ctx: LabContext): string {
  return join(ctx.log, "audit.log");
}

/**
 * Pure: the audit policy. Every request is recorded with user, verb and user agent. When the lab's user lists Secrets,
 * the answer's shape is recorded too: only that tells metadata (PartialObjectMetadataList) from values (SecretList).
 * One Secret that is read or written by name is never recorded: 1p:install does so.
 */
export function auditPolicy(): unknown {
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      {
        level: "RequestResponse",
        users: [CONTEXT_NAME],
        verbs: ["list", "watch"],
        resources: [{ group: "", resources: ["secrets"] }],
        omitManagedFields: true,
      },
      { level: "Metadata" },
    ],
  };
}

function auditPolicyFile(ctx: LabContext): string {
  return join(ctx.etc, "audit-policy.json");
}

/** Writes the API server's configuration files. */
export function configureApiServer(ctx: LabContext): void {
  writeFileSync(auditPolicyFile(ctx), JSON.stringify(auditPolicy(), null, 2), { mode: 0o600 });
}

/** The API server: RBAC and node authorization, audit log, aggregation layer, on the node's address. */
export function apiServer(ctx: LabContext): Daemon {
  const crt = (name: string) => pkiPath(ctx, name, "crt");
  const key = (name: string) => pkiPath(ctx, name, "key");
  return {
    name: "kube-apiserver",
    version: KUBERNETES_VERSION,
    argv: [
      join(ctx.cache, "bin/kube-apiserver"),
      `--advertise-address=${ctx.net.node}`,
      "--secure-port=6443",
      `--service-cluster-ip-range=${ctx.net.services}`,
      `--etcd-servers=${ETCD_URL}`,
      `--etcd-cafile=${crt("etcd-ca")}`,
      `--etcd-certfile=${crt("etcd-client")}`,
      `--etcd-keyfile=${key("etcd-client")}`,
      `--client-ca-file=${crt("ca")}`,
      `--tls-cert-file=${crt("apiserver")}`,
      `--tls-private-key-file=${key("apiserver")}`,
      `--kubelet-certificate-authority=${crt("ca")}`,
      `--kubelet-client-certificate=${crt("kubelet-client")}`,
      `--kubelet-client-key=${key("kubelet-client")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${pkiPath(ctx, "service-account", "pub")}`,
      `--service-account-signing-key-file=${key("service-account")}`,
      `--requestheader-client-ca-file=${crt("front-proxy-ca")}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${crt("front-proxy-client")}`,
      `--proxy-client-key-file=${key("front-proxy-client")}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged=true",
      "--enable-bootstrap-token-auth=true",
      `--audit-policy-file=${auditPolicyFile(ctx)}`,
      `--audit-log-path=${auditLog(ctx)}`,
      "--audit-log-maxsize=100",
      "--audit-log-maxbackup=1",
      "--profiling=false",
    ],
    env: { GOGC: "60" },
    files: [auditPolicyFile(ctx), crt("apiserver"), crt("ca")],
    ready: () => isOk(ctx, `${ctx.apiServer}/readyz`),
    readyMs: 60_000,
  };
}
