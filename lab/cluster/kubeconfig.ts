import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../context.ts";
import { type IssuedCertificate, pkiPath } from "./pki.ts";

/** Name of the context, cluster and default user in the lab's kubeconfig. */
export const CONTEXT_NAME = "lakecheck-lab";

/** Pure: a kubeconfig with everything embedded. JSON, which is YAML too. */
export function renderKubeconfig(
  server: string,
  ca: string,
  user: string,
  issued: IssuedCertificate,
): string {
  const base64 = (text: string) => btoa(text);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: CONTEXT_NAME, cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [{
      name: user,
      user: { "client-certificate-data": base64(issued.cert), "client-key-data": base64(issued.key) },
    }],
    contexts: [{ name: CONTEXT_NAME, context: { cluster: CONTEXT_NAME, user } }],
    "current-context": CONTEXT_NAME,
  };
  return JSON.stringify(config, null, 2) + "\n";
}

/** Writes a kubeconfig (mode 0600) for the lab's API server, usable inside and outside the namespace. */
export function writeKubeconfig(
  ctx: LabContext,
  path: string,
  user: string,
  issued: IssuedCertificate,
): void {
  const ca = readFileSync(pkiPath(ctx, "ca", "crt"), "utf8");
  const text = renderKubeconfig(ctx.apiServer, ca, user, issued);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

/** Path of a component's kubeconfig. */
export function componentKubeconfig(ctx: LabContext, name: string): string {
  return join(ctx.etc, `${name}.kubeconfig`);
}

/** The kubeconfig that the lab's own commands use, so that the audit log tells them from the user's. */
export function operatorKubeconfig(ctx: LabContext): string {
  return componentKubeconfig(ctx, "operator");
}

/** Writes the user's kubeconfig and one for each component. */
export function writeKubeconfigs(ctx: LabContext): void {
  const issued = (name: string) => ({
    cert: readFileSync(pkiPath(ctx, name, "crt"), "utf8"),
    key: readFileSync(pkiPath(ctx, name, "key"), "utf8"),
  });
  writeKubeconfig(ctx, ctx.kubeconfig, CONTEXT_NAME, issued("admin"));
  const components = [
    "operator",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "calico",
  ];
  for (const name of components) writeKubeconfig(ctx, componentKubeconfig(ctx, name), name, issued(name));
}
