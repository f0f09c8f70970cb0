/** What is there before GitOps: Flux, the operators, the Secrets that git can't hold, and the root of everything else. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { waitFor } from "../process.ts";
import { CHARTS, MANIFESTS } from "./artifact.ts";
import { cephConnection } from "./ceph.ts";
import { documents, type Kube, text } from "./kube.ts";
import { connectSecrets } from "./vault.ts";

function cached(ctx: LabContext, path: string): string {
  return readFileSync(join(ctx.cache, "manifests", path), "utf8");
}

/** The definitions in a directory of the cache whose files begin with `prefix`. */
function cachedDefinitions(ctx: LabContext, dir: string, prefix: string): string {
  const files = readdirSync(join(ctx.cache, "manifests", dir)).filter((name) =>
    name.startsWith(prefix) && name.endsWith(".yaml")
  );
  return files.map((name) => cached(ctx, `${dir}/${name}`)).join("\n---\n");
}

function own(ctx: LabContext, name: string): string {
  const file = new URL(`./manifests/${name}.yaml`, import.meta.url).pathname;
  return readFileSync(file, "utf8").replaceAll("@LAB_DIR@", ctx.dir)
    .replaceAll("@MONITOR_IP@", ctx.net.monitor).replaceAll("@GATEWAY_IP@", ctx.net.gateway);
}

function namespace(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
}

/** Flux: definitions from the controllers' sources, and the controllers. */
export async function installFlux(ctx: LabContext, kube: Kube): Promise<string> {
  const controllers = ["source-controller", "kustomize-controller", "helm-controller"];
  const definitions = controllers.map((name) => cachedDefinitions(ctx, `flux/${name}/crds`, ""));
  await kube.define("flux", [namespace("flux-system"), ...definitions].join("\n---\n"));
  await kube.apply("flux", own(ctx, "flux"));
  return "source 1.7.0, kustomize 1.6.0, helm 1.4.0";
}

/** The External Secrets operator, without the definitions of its generators; its webhook once the certificate is there. */
export async function installExternalSecrets(ctx: LabContext, kube: Kube): Promise<string> {
  const name = "external secrets operator";
  const definitions = ["external-secrets.io_", "generators.external-secrets.io_generatorstates"].map((
    prefix,
  ) => cachedDefinitions(ctx, "external-secrets/crds", prefix));
  await kube.define(name, [namespace("external-secrets"), ...definitions].join("\n---\n"));
  await kube.apply(name, own(ctx, "external-secrets"));
  await kube.apply(name, connectSecrets(ctx));
  const secret = "/api/v1/namespaces/external-secrets/secrets/external-secrets-webhook";
  const certified = await waitFor(
    async () => text(await kube.get(secret), "data", "tls.crt") !== "",
    90_000,
    200,
  );
  if (!certified) {
    throw new LabError(
      name,
      "its cert-controller made no certificate for the webhook within 90 s",
      undefined,
      "kubectl -n external-secrets logs deploy/external-secrets-cert-controller",
    );
  }
  await kube.apply(name, own(ctx, "external-secrets-webhook"));
  return "0.17.0";
}

/** CloudNativePG, from its release manifest as it is. */
export async function installCloudNativePg(ctx: LabContext, kube: Kube): Promise<string> {
  const name = "cloudnative-pg operator";
  const all = documents(cached(ctx, "cnpg/cnpg-1.26.0.yaml"));
  const defines = (kind: string) => kind === "CustomResourceDefinition" || kind === "Namespace";
  await kube.define(name, all.filter((one) => defines(one.kind)).map((one) => one.body).join("\n---\n"));
  await kube.apply(name, all.filter((one) => !defines(one.kind)).map((one) => one.body).join("\n---\n"));
  return "1.26.0";
}

/** Ceph, which stands outside Rook's care, Rook's operator with what it must know of that Ceph, and the lab's volumes. */
export async function installRook(ctx: LabContext, kube: Kube): Promise<string> {
  await kube.define("rook", namespace("rook-ceph"));
  await kube.apply("rook", await cephConnection(ctx, kube));
  await kube.apply("rook", [own(ctx, "ceph"), own(ctx, "storage")].join("\n---\n"));
  await kube.define("rook", cached(ctx, "rook/crds.yaml"));
  await kube.apply("rook", cached(ctx, "rook/common.yaml"));
  await kube.apply("rook", own(ctx, "rook-operator"));
  return "1.13.0";
}

function patched(ctx: LabContext, file: string, spec: Record<string, unknown>): string {
  const object = parse(readFileSync(join(ctx.root, "kubernetes/flux/bootstrap", file), "utf8"));
  object.spec = { ...object.spec, ...spec };
  return stringify(object);
}

/** The root: where the manifests come from (the lab's registry), and `cluster-apps`, with the lab's overlay as its path. */
export async function installRoot(ctx: LabContext, kube: Kube): Promise<void> {
  const registry = `oci://${ctx.registry}`;
  const addresses = { name: "lab-addresses", namespace: "flux-system" };
  const objects = [
    // The overlay is the same for every lab, and addresses are not.
    stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: addresses,
      data: { gateway_ip: ctx.net.gateway },
    }),
    patched(ctx, "source.yaml", { url: `${registry}/${MANIFESTS}`, insecure: true, interval: "10s" }),
    patched(ctx, "charts.yaml", { url: `${registry}/${CHARTS}`, insecure: true, interval: "10s" }),
    patched(ctx, "cluster-apps.yaml", { path: "./lab/overlay/flux", retryInterval: "3s" }),
  ];
  await kube.apply("cluster-apps", objects.join("\n---\n"));
}
