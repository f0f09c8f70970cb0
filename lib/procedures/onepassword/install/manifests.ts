/** The objects of 1Password Connect and its store, read from the same manifests that Flux applies. */
import { join } from "node:path";
import { kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject } from "../../../clients/kubernetes/writer.ts";
import { parseManifests } from "../../../untrusted/yaml.ts";
import { MOST_BYTES, readLimited, sizeText } from "../../../disk/read_limited.ts";
import { UsageError } from "../../../engine/errors.ts";
import { at, own } from "../../../untrusted/lookup.ts";

/** Where the manifests stand in this project. */
export const MANIFESTS = new URL("../../../../kubernetes/apps/external-secrets", import.meta.url).pathname;

export const CREDENTIALS_SECRET = "onepassword-connect-credentials";
export const CREDENTIALS_KEY = "1password-credentials.json";

/** What install applies, in this order. */
export interface Manifests {
  /** Connect: Deployment, Service, NetworkPolicy and whatever else stands beside them. */
  connect: KubeObject[];
  /** The stores that ask it. */
  stores: KubeObject[];
  connectDeployment: KubeObject;
  /** Where the stores' token stands. */
  token: { name: string; namespace: string; key: string };
}

/** Files that a kustomization may list: Connect has three. */
const MOST_FILES = 100;

/** Where the API serves the kinds that manifests may hold: its group and version, the plural, and who has none. */
const KINDS: Record<string, { plural: string; clusterWide?: true }> = {
  "v1/Namespace": { plural: "namespaces", clusterWide: true },
  "v1/Secret": { plural: "secrets" },
  "v1/Service": { plural: "services" },
  "v1/ServiceAccount": { plural: "serviceaccounts" },
  "v1/ConfigMap": { plural: "configmaps" },
  "apps/v1/Deployment": { plural: "deployments" },
  "policy/v1/PodDisruptionBudget": { plural: "poddisruptionbudgets" },
  "networking.k8s.io/v1/NetworkPolicy": { plural: "networkpolicies" },
  "external-secrets.io/v1/ClusterSecretStore": { plural: "clustersecretstores", clusterWide: true },
  "external-secrets.io/v1/SecretStore": { plural: "secretstores" },
  "external-secrets.io/v1/ExternalSecret": { plural: "externalsecrets" },
};

/** The API path of an object. UsageError when its kind is none that install handles; CannotLook when its name is none. */
export function pathOf(object: KubeObject): string {
  const kind = own(KINDS, `${object.apiVersion}/${object.kind}`);
  const { name, namespace } = object.metadata;
  if (!kind) {
    throw new UsageError(
      `The manifests hold ${object.kind} ${name} (${object.apiVersion}), which 1p:install does not apply. ` +
        "Next: take it out, or apply it yourself",
    );
  }
  const [group, version] = object.apiVersion.split("/");
  const api = version === undefined ? "/api/v1" : kubePath`/apis/${group ?? ""}/${version}`;
  if (kind.clusterWide) return kubePath`${api}/${kind.plural}/${name}`;
  if (!namespace) {
    throw new UsageError(
      `The manifest of ${object.kind} ${name} names no namespace. Next: add metadata.namespace`,
    );
  }
  return kubePath`${api}/namespaces/${namespace}/${kind.plural}/${name}`;
}

/** The manifests in DIR/onepassword-connect and DIR/stores. UsageError says which file can't be used, and why. */
export async function readManifests(directory: string): Promise<Manifests> {
  const connect = await readDirectory(join(directory, "onepassword-connect"));
  const stores = await readDirectory(join(directory, "stores"));
  for (const object of [...connect, ...stores]) pathOf(object);
  const connectDeployment = connect.find(({ kind }) => kind === "Deployment");
  const token = stores.flatMap((store) => tokenOf(store) ?? [])[0];
  if (!connectDeployment) {
    throw new UsageError(`The manifests in ${directory}/onepassword-connect hold no Deployment of Connect`);
  }
  if (!token) {
    throw new UsageError(
      `The manifests in ${directory}/stores hold no store whose provider is onepassword with a connectTokenSecretRef`,
    );
  }
  return { connect, stores, connectDeployment, token };
}

async function readDirectory(directory: string): Promise<KubeObject[]> {
  const { objects: [settings] } = await readFile(join(directory, "kustomization.yaml"));
  const fields = Object.keys(settings ?? {}).filter((key) =>
    !["apiVersion", "kind", "metadata", "resources"].includes(key)
  );
  if (fields.length > 0) {
    throw new UsageError(
      `${directory}/kustomization.yaml uses ${fields.join(", ")}, which 1p:install does not build. ` +
        "Next: kubectl kustomize it into a directory of its own and name that with --manifests",
    );
  }
  const resources = settings?.resources;
  if (!Array.isArray(resources)) throw new UsageError(`${directory}/kustomization.yaml lists no resources`);
  if (resources.length > MOST_FILES) {
    throw new UsageError(
      `${directory}/kustomization.yaml lists ${resources.length} resources, and 1p:install reads at most ${MOST_FILES}. ` +
        "Next: list those of 1Password Connect and its stores only",
    );
  }
  const objects: KubeObject[] = [];
  let bytes = 0;
  for (const name of resources) {
    const file = await readFile(join(directory, String(name)));
    bytes += file.bytes;
    if (bytes > MOST_BYTES.manifests) {
      throw new UsageError(
        `The manifests that ${directory}/kustomization.yaml lists are larger than ${
          sizeText(MOST_BYTES.manifests)
        } together, ` + "and no more is read. Next: list those of 1Password Connect and its stores only",
      );
    }
    objects.push(...file.objects);
  }
  return objects;
}

async function readFile(path: string): Promise<{ objects: KubeObject[]; bytes: number }> {
  const refuse = (why: string, next: string) =>
    new UsageError(`Can't use the manifest ${path}: ${why}. Next: ${next}`);
  const read = await readLimited(path, { maxBytes: MOST_BYTES.manifest });
  if (!read.ok) {
    const why = read.trouble === "absent" ? "it does not exist" : read.why;
    throw refuse(why, "give --manifests the directory that holds it");
  }
  const parsed = await parseManifests(new TextDecoder().decode(read.bytes));
  if (!parsed.ok) throw refuse(parsed.why, "repair it, or give --manifests another directory");
  return { objects: parsed.value as unknown as KubeObject[], bytes: read.bytes.length };
}

/** Where a 1Password store reads its token. */
export function tokenOf(store: KubeObject): Manifests["token"] | undefined {
  const ref = at(store, "spec", "provider", "onepassword", "auth", "secretRef", "connectTokenSecretRef");
  const [name, key] = [at(ref, "name"), at(ref, "key")];
  const namespace = at(ref, "namespace") ?? store.metadata.namespace;
  return typeof name === "string" && typeof namespace === "string"
    ? { name, namespace, key: typeof key === "string" ? key : "token" }
    : undefined;
}
