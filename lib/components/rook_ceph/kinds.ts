/** Rook's kinds and bucket claims: where they are listed, and which of their fields are kept. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { ListSource, Reader } from "../../engine/model.ts";
import { list, map, num, obj, objectName, str, via } from "../../engine/decode.ts";
import { metadata, text } from "../common/mod.ts";

const GROUP = "/apis/ceph.rook.io/v1";

function listing<T>(kind: string, plural: string, read: Reader<T>): ListSource<T> {
  return { id: plural, kind, path: kubePath`${GROUP}/${plural}`, read };
}

export const cephClusters = listing(
  "CephCluster",
  "cephclusters",
  obj({
    metadata,
    spec: obj({ healthCheck: obj({ daemonHealth: obj({ status: obj({ interval: str }) }) }) }),
    status: obj({
      phase: str,
      state: str,
      message: text,
      observedGeneration: num,
      ceph: obj({
        health: str,
        lastChecked: str,
        details: map(obj({ severity: str, message: text })),
      }),
    }),
  }),
);
export type CephCluster = NonNullable<ReturnType<typeof cephClusters.read>>;

const phased = obj({ metadata, status: obj({ phase: str, message: text, observedGeneration: num }) });
export type Phased = NonNullable<ReturnType<typeof phased>>;

export const cephBlockPools = listing("CephBlockPool", "cephblockpools", phased);
export const cephObjectStores = listing(
  "CephObjectStore",
  "cephobjectstores",
  obj({
    metadata,
    spec: obj({
      gateway: obj({
        port: num,
        securePort: num,
        externalRgwEndpoints: list(obj({ ip: str, hostname: str })),
      }),
    }),
    status: obj({ phase: str, message: text, observedGeneration: num }),
  }),
);

export const cephObjectStoreUsers = listing(
  "CephObjectStoreUser",
  "cephobjectstoreusers",
  obj({
    metadata,
    spec: obj({ store: str, clusterNamespace: str }),
    status: obj({
      phase: str,
      message: text,
      observedGeneration: num,
      info: obj({ secretName: objectName }),
    }),
  }),
);

/** Rook reads strings only, and stops at anything else: of the others, their names. */
const additional: Reader<{ bucketOwner?: string; notStrings?: string[] }> = via(
  map((value) => value),
  (all) => {
    const notStrings = Object.keys(all).filter((key) => typeof all[key] !== "string");
    const bucketOwner = typeof all.bucketOwner === "string" ? all.bucketOwner : undefined;
    if (!bucketOwner && notStrings.length === 0) return undefined;
    return { ...(bucketOwner ? { bucketOwner } : {}), ...(notStrings.length > 0 ? { notStrings } : {}) };
  },
);

export const objectBucketClaims: ListSource<ObjectBucketClaim> = {
  id: "objectbucketclaims",
  kind: "ObjectBucketClaim",
  path: "/apis/objectbucket.io/v1alpha1/objectbucketclaims",
  read: obj({
    metadata,
    spec: obj({ storageClassName: objectName, bucketName: str, additionalConfig: additional }),
    status: obj({ phase: str }),
  }),
};
export interface ObjectBucketClaim {
  metadata?: Phased["metadata"];
  spec?: {
    storageClassName?: string;
    bucketName?: string;
    additionalConfig?: { bucketOwner?: string; notStrings?: string[] };
  };
  status?: { phase?: string };
}
