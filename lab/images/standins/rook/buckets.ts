// ObjectBucketClaim: bucket, ConfigMap, Secret and ObjectBucket, as Rook's bucket provisioner makes them.
import { apply, at, get, type KubeObject, list, merge, remove, text } from "../kube.ts";
import { log, NAMESPACE, ownerOf } from "./ceph.ts";
import { type Keys, s3 } from "./s3.ts";
import { endpointOf } from "./store.ts";
import { userKeys } from "./users.ts";

const GROUP = "/apis/objectbucket.io/v1alpha1";
const PROVISIONER = `${NAMESPACE}.ceph.rook.io/bucket`;
const FINALIZER = "objectbucket.io/finalizer";
const LABELS = { "bucket-provisioner": PROVISIONER.replace("/", "-") };

const claimPath = (claim: KubeObject) =>
  `${GROUP}/namespaces/${claim.metadata.namespace}/objectbucketclaims/${claim.metadata.name}`;
const bucketObject = (claim: KubeObject) => `obc-${claim.metadata.namespace}-${claim.metadata.name}`;

/**
 * Rook reads additionalConfig as a map of strings. A number or an object in it stops the whole operator: the claims can't
 * be decoded any more. The stand-in ends the same way, so that the lab shows it.
 */
function assertStrings(claim: KubeObject): void {
  for (const value of Object.values(Object(at(claim, "spec", "additionalConfig")))) {
    if (typeof value === "string") continue;
    const kind = typeof value === "object" ? "object" : typeof value === "boolean" ? "bool" : "number";
    log(
      "E",
      "op-bucket-prov",
      `json: cannot unmarshal ${kind} into Go struct field ` +
        `ObjectBucketClaimSpec.items.spec.additionalConfig of type string`,
    );
    Deno.exit(1);
  }
}

async function ownerKeys(claim: KubeObject): Promise<Keys | undefined> {
  const owner = text(claim, "spec", "additionalConfig", "bucketOwner");
  if (owner !== "") return await userKeys(owner);
  return await userKeys(
    `obc-${claim.metadata.namespace}-${claim.metadata.name}-${claim.metadata.uid}`,
    "bucket claim",
  );
}

async function bind(claim: KubeObject, name: string, store: KubeObject, keys: Keys): Promise<void> {
  const { namespace, name: claimName } = claim.metadata;
  const endpoint = new URL(endpointOf(store));
  const metadata = { name: claimName, namespace, labels: LABELS, ownerReferences: [ownerOf(claim)] };
  const core = `/api/v1/namespaces/${namespace}`;
  await apply(`${core}/configmaps/${claimName}`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata,
    data: {
      BUCKET_HOST: endpoint.hostname,
      BUCKET_PORT: endpoint.port || "80",
      BUCKET_NAME: name,
      BUCKET_REGION: "",
      BUCKET_SUBREGION: "",
    },
  });
  await apply(`${core}/secrets/${claimName}`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    type: "Opaque",
    stringData: { AWS_ACCESS_KEY_ID: keys.accessKey, AWS_SECRET_ACCESS_KEY: keys.secretKey },
  });
  const bucket = await apply(`${GROUP}/objectbuckets/${bucketObject(claim)}`, {
    apiVersion: "objectbucket.io/v1alpha1",
    kind: "ObjectBucket",
    metadata: { name: bucketObject(claim), labels: LABELS },
    spec: {
      storageClassName: text(claim, "spec", "storageClassName"),
      reclaimPolicy: "Retain",
      claimRef: {
        apiVersion: claim.apiVersion,
        kind: claim.kind,
        namespace,
        name: claimName,
        uid: claim.metadata.uid,
      },
      endpoint: { bucketHost: endpoint.hostname, bucketPort: Number(endpoint.port || 80), bucketName: name },
    },
  });
  await merge(`${GROUP}/objectbuckets/${bucket.metadata.name}/status`, { status: { phase: "Bound" } });
  await merge(claimPath(claim), {
    metadata: { finalizers: [FINALIZER], labels: LABELS },
    spec: { objectBucketName: bucket.metadata.name, bucketName: name },
  });
}

async function provision(claim: KubeObject, store: KubeObject): Promise<void> {
  const path = claimPath(claim);
  if (text(claim, "status", "phase") === "") await merge(`${path}/status`, { status: { phase: "Pending" } });
  const keys = await ownerKeys(claim);
  const name = text(claim, "spec", "bucketName") ||
    `${text(claim, "spec", "generateBucketName") || claim.metadata.name}-${claim.metadata.uid}`;
  const status = keys ? await s3("PUT", endpointOf(store), `/${name}`, keys) : 0;
  if (!keys || status !== 200) {
    const why = keys
      ? `PUT bucket "${name}": HTTP ${status}`
      : "its owner does not exist in the object store";
    log("E", "op-bucket-prov", `error provisioning bucket of claim "${claim.metadata.name}": ${why}`);
    return;
  }
  await bind(claim, name, store, keys);
  await merge(`${path}/status`, { status: { phase: "Bound" } });
  log("I", "op-bucket-prov", `bucket "${name}" is bound`);
}

async function release(claim: KubeObject, store: KubeObject, retain: boolean): Promise<void> {
  if (!claim.metadata.finalizers?.includes(FINALIZER)) return;
  const keys = retain ? undefined : await ownerKeys(claim);
  if (keys) await s3("DELETE", endpointOf(store), `/${text(claim, "spec", "bucketName")}`, keys);
  await remove(`${GROUP}/objectbuckets/${bucketObject(claim)}`);
  await merge(claimPath(claim), {
    metadata: { finalizers: claim.metadata.finalizers.filter((one) => one !== FINALIZER) },
  });
}

/** One round over the bucket claims whose StorageClass names this operator's provisioner. */
export async function reconcileBuckets(stores: KubeObject[]): Promise<void> {
  for (const claim of await list(`${GROUP}/objectbucketclaims`)) {
    assertStrings(claim);
    const bound = text(claim, "status", "phase") === "Bound";
    if (bound && !claim.metadata.deletionTimestamp) continue;
    const type = await get(
      `/apis/storage.k8s.io/v1/storageclasses/${text(claim, "spec", "storageClassName")}`,
    );
    if (text(type, "provisioner") !== PROVISIONER) continue;
    const store = stores.find((one) => one.metadata.name === text(type, "parameters", "objectStoreName"));
    if (!store) continue;
    if (claim.metadata.deletionTimestamp) {
      await release(claim, store, text(type, "reclaimPolicy") === "Retain");
    } else await provision(claim, store);
  }
}
