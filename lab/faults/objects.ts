/** Paths of the platform's objects below the API server's root. */

/** Namespaces of the platform. */
export const PLATFORM = "data-platform";
export const SECRETS = "external-secrets";
export const ROOK = "rook-ceph";
export const FLUX = "flux-system";

const named = (name: string) => name === "" ? "" : `/${name}`;

/** Path of a Deployment, or of all in the namespace. */
export function deployment(namespace: string, name = ""): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments${named(name)}`;
}

/** Path of the pods with these labels (`key=value,...`). */
export function pods(namespace: string, labels = ""): string {
  const query = labels === "" ? "" : `?labelSelector=${encodeURIComponent(labels)}`;
  return `/api/v1/namespaces/${namespace}/pods${query}`;
}

/** Path of an object of the core group, such as `core("secrets", "ns", "name")`. */
export function core(plural: string, namespace: string, name = ""): string {
  return `/api/v1/namespaces/${namespace}/${plural}${named(name)}`;
}

/** Path of an ExternalSecret of the platform. */
export function externalSecret(name = ""): string {
  return `/apis/external-secrets.io/v1/namespaces/${PLATFORM}/externalsecrets${named(name)}`;
}

/** Path of a Flux Kustomization. */
export function kustomization(name = ""): string {
  return `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${FLUX}/kustomizations${named(name)}`;
}

/** Path of an object of Rook's in its namespace. */
export function ceph(plural: string, name = ""): string {
  return `/apis/ceph.rook.io/v1/namespaces/${ROOK}/${plural}${named(name)}`;
}

/** Path of a Job of the platform. */
export function job(name = ""): string {
  return `/apis/batch/v1/namespaces/${PLATFORM}/jobs${named(name)}`;
}

/** Path of a bucket claim of the platform. */
export function bucketClaim(name = ""): string {
  return `/apis/objectbucket.io/v1alpha1/namespaces/${PLATFORM}/objectbucketclaims${named(name)}`;
}

export const STORE = "/apis/external-secrets.io/v1/clustersecretstores/onepassword-connect";
export const SOURCE = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${FLUX}/ocirepositories/lakecheck`;
export const NESSIE = `/apis/helm.toolkit.fluxcd.io/v2/namespaces/${PLATFORM}/helmreleases/nessie`;
export const POSTGRES = `/apis/postgresql.cnpg.io/v1/namespaces/${PLATFORM}/clusters/nessie-postgres`;
export const NODE = "/api/v1/nodes/lab";
