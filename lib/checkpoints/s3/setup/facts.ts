/** What the facts say of the object store: its gateway, its buckets, and the Secrets that hold keys for it. Pure. */
import type { Destination } from "../../../clients/kubernetes/service_connection.ts";
import { refOf } from "../../../components/common/mod.ts";
import {
  bucketOfHost,
  type Filler,
  filling,
  fillingElsewhere,
  hostsNamed,
  platformNamespaces,
  podsIn,
  portOf,
  secrets,
  services,
  servicesNamed,
  wantsOf,
} from "../../../components/kubernetes/mod.ts";
import { claimedBuckets, namedBuckets } from "../../../components/object_store/mod.ts";
import {
  cephObjectStores,
  cephObjectStoreUsers,
  gatewayOf,
  gatewaysOf,
  isOutsideCluster,
  objectBucketClaims,
  ownerOfClaim,
  secretOfUser,
} from "../../../components/rook_ceph/mod.ts";
import { type Failure, type ObjectRef, refKey, refText, type World } from "../../../engine/model.ts";
import { ALL_ROLES, isCatalog } from "../../../platform/mod.ts";
import { listed } from "../../../engine/sentence.ts";
import { lost, notLooked, readyPod } from "../../ready_pod.ts";

/** What the object store is looked for in. */
export const LOOKED_IN = [cephObjectStores, services] as const;

/** Whatever the catalog is: its configuration says where the tables are. */
const CATALOGS = ALL_ROLES.map(([role]) => role).filter(isCatalog);

const GIVE = "Next: give the address of the object store with --endpoint";

/**
 * The gateway of the object store that the platform uses, with a Ready pod behind it; or why there is none to be had.
 * `namespaced`: the platform's namespace was asked for, so that what others use is not meant.
 */
export function storeOf(world: World, namespaced: boolean): Destination | { failure: Failure } {
  const failure = LOOKED_IN.map((source) => world.failure(source)).find((one) => one !== undefined);
  if (failure) return notLooked("the object store", failure, GIVE);
  const [gateway, ...others] = gatewaysInUse(world, namespaced);
  if (!gateway) return lost(`there is no CephObjectStore in this cluster. ${GIVE}`);
  const at = refText(gateway);
  if (others.length > 0) {
    const all = listed([gateway, ...others].map(refText));
    return lost(`there are ${others.length + 1} object stores that may be meant, behind ${all}. ${GIVE}`);
  }
  const service = world.get(services, gateway.namespace, gateway.name);
  if (!service && isOutsideCluster(gateway, world)) {
    return lost(`the gateway of the object store is no pod of this cluster. ${GIVE}`);
  }
  if (!service) return lost(`${at}, the gateway of the object store, does not exist. ${GIVE}`);
  const port = portOf([service]);
  return port ? readyPod(world, port) : lost(`${at}, the gateway of the object store, has no port. ${GIVE}`);
}

/**
 * The gateways to choose from, by the first that tells one: the configuration of the catalogs, the classes of the
 * platform's bucket claims, what is there.
 */
export function gatewaysInUse(world: World, namespaced: boolean): ObjectRef[] {
  const all = gatewaysOf(world);
  const among = (refs: readonly (ObjectRef | undefined)[]) => {
    const keys = new Set(refs.flatMap((ref) => ref ? [refKey(ref)] : []));
    return all.filter((ref) => keys.has(refKey(ref)));
  };
  const catalogs = CATALOGS.flatMap((role) => [
    ...filling(world, role),
    ...namespaced ? [] : fillingElsewhere(world, role),
  ]);
  const told = [
    among(
      catalogs.flatMap((catalog) => servicesNamed(specOf(catalog), catalog.ref.namespace ?? "", world)).map((
        { to },
      ) => to),
    ),
    among(claimedBuckets(world).map(({ gateway }) => gateway)),
  ];
  return told.find((found) => found.length > 0) ?? all;
}

const specOf = ({ object }: Filler) => object.spec?.template?.spec;

/** A bucket that the platform lives on. */
export interface RealBucket {
  name: string;
  /** Absent: only a configuration names it. */
  claim?: ObjectRef;
  /** Who names it, for people: `ObjectBucketClaim lake/warehouse`. */
  via: string;
}

/**
 * The buckets that the platform claims, then those that only the configuration of its pods names; of those that are known
 * to be behind another gateway none.
 */
export function realBuckets(world: World, gateway?: ObjectRef): RealBucket[] {
  const isHere = (one: { gateway?: ObjectRef }) =>
    !gateway || !one.gateway || refKey(one.gateway) === refKey(gateway);
  const claimed = claimedBuckets(world).filter(isHere).map(({ bucket: name, claim }): RealBucket => ({
    name,
    ...claim ? { claim } : {},
    via: claim ? refText(claim) : "",
  }));
  const named = namedBuckets(world).filter(isHere).map(({ bucket: name, pod, via }): RealBucket => ({
    name,
    via: `${refText(refOf("Pod", pod))}, ${via}`,
  }));
  const all = new Map<string, RealBucket>();
  for (const bucket of [...claimed, ...named]) if (!all.has(bucket.name)) all.set(bucket.name, bucket);
  return [...all.values()];
}

/** The bucket that the configuration of the catalog names: its warehouse. */
export function warehouseOf(world: World): string | undefined {
  return CATALOGS.flatMap((role) => filling(world, role))
    .flatMap((catalog) => hostsNamed(specOf(catalog), catalog.ref.namespace ?? "", world))
    .flatMap(({ host }) => bucketOfHost(host) ?? []).at(0);
}

/** A Secret with a pair of S3 keys, by the names of its keys. */
export interface CredentialRef {
  secret: ObjectRef;
  /** Under which names the keys stand there. */
  idKey: string;
  secretKey: string;
  /** `copy`: in a namespace of the platform. `source`: Rook wrote it for a user. `given`: by whoever runs this; no Secret. */
  kind: "copy" | "source" | "given";
  /** A pod of the platform uses it. */
  used: boolean;
}

/** Names under which a pair of keys is usually kept, by those that write them. */
const PAIRS: readonly (readonly [id: string, secret: string])[] = [
  ["AccessKey", "SecretKey"],
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  ["access-key-id", "secret-access-key"],
  ["awsAccessKeyId", "awsSecretAccessKey"],
  ["aws_access_key_id", "aws_secret_access_key"],
  ["ACCESS_KEY_ID", "ACCESS_SECRET_KEY"],
  ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"],
  ["accessKeyId", "secretAccessKey"],
  ["accessKey", "secretKey"],
  ["access-key", "secret-key"],
  ["access_key", "secret_key"],
  ["accesskey", "secretkey"],
];

/** The pair of S3 keys among the names of a Secret's keys. */
export function pairAmong(names: readonly string[]): { idKey: string; secretKey: string } | undefined {
  const found = PAIRS.find(([id, secret]) => names.includes(id) && names.includes(secret));
  return found && { idKey: found[0], secretKey: found[1] };
}

/**
 * The Secrets with keys of the object store: those of the platform's namespaces, the ones that most pods use first; then
 * those that Rook wrote for the users that own the platform's buckets, or, where nothing says who does, for the users of
 * the store behind this gateway.
 */
export function credentialRefs(world: World, gateway?: ObjectRef): CredentialRef[] {
  const uses = usesOfSecrets(world);
  const copies = world.list(secrets)
    .filter(({ metadata }) => platformNamespaces(world).has(metadata?.namespace ?? ""))
    .flatMap((secret): CredentialRef[] => {
      const pair = pairAmong(secret.metadata?.keys ?? []);
      const ref = refOf("Secret", secret);
      return pair ? [{ secret: ref, ...pair, kind: "copy", used: uses.has(refKey(ref)) }] : [];
    })
    .toSorted((a, b) =>
      (uses.get(refKey(b.secret)) ?? 0) - (uses.get(refKey(a.secret)) ?? 0) ||
      (a.secret.name < b.secret.name ? -1 : 1)
    );
  return [...copies, ...sources(world, gateway)];
}

function sources(world: World, gateway: ObjectRef | undefined): CredentialRef[] {
  const owners = new Set(
    claimedBuckets(world).flatMap(({ claim }) => {
      const object = claim && world.get(objectBucketClaims, claim.namespace, claim.name);
      const owner = object && ownerOfClaim(object, world);
      return owner ? [refKey(owner)] : [];
    }),
  );
  return world.list(cephObjectStoreUsers).filter((user) => {
    const { metadata, spec } = user;
    if (owners.size > 0) return owners.has(refKey(refOf("CephObjectStoreUser", user)));
    const store = { kind: "CephObjectStore", namespace: metadata?.namespace, name: spec?.store ?? "" };
    return !gateway || refKey(gatewayOf(store)) === refKey(gateway);
  }).flatMap((user): CredentialRef[] => {
    const secret = secretOfUser(user);
    const keys = world.get(secrets, secret.namespace, secret.name)?.metadata?.keys;
    const pair = pairAmong(keys ?? ["AccessKey", "SecretKey"]);
    return pair ? [{ secret, ...pair, kind: "source", used: false }] : [];
  });
}

/** In how many pods of the platform a Secret is used. */
function usesOfSecrets(world: World): Map<string, number> {
  const uses = new Map<string, number>();
  for (const namespace of platformNamespaces(world)) {
    for (const pod of podsIn(world, namespace)) {
      const wanted = wantsOf(pod.spec).filter(({ kind }) => kind === "Secret");
      for (const name of new Set(wanted.map((want) => want.name))) {
        const key = refKey({ kind: "Secret", namespace, name });
        uses.set(key, (uses.get(key) ?? 0) + 1);
      }
    }
  }
  return uses;
}
