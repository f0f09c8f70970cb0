/** What the facts say of the object store: its gateway, its buckets, and the Secrets that hold keys for it. Pure. */
import type { Destination } from "../../../clients/kubernetes/service_connection.ts";
import { refOf } from "../../../components/common/mod.ts";
import {
  bucketOfHost,
  deployments,
  type Filler,
  filling,
  fillingElsewhere,
  hostsNamed,
  platformNamespaces,
  podsIn,
  portOf,
  secrets,
  serviceOfHost,
  services,
  servicesNamed,
  statefulSets,
  wantsOf,
} from "../../../components/kubernetes/mod.ts";
import {
  claimedBuckets,
  namedBuckets,
  type ObjectStore,
  objectStores,
  storeBehind,
} from "../../../components/object_store/mod.ts";
import {
  cephObjectStores,
  cephObjectStoreUsers,
  gatewayOf,
  isOutsideCluster,
  objectBucketClaims,
  ownerOfClaim,
  secretOfUser,
} from "../../../components/rook_ceph/mod.ts";
import { type Failure, type ObjectRef, refKey, refText, type World } from "../../../engine/model.ts";
import { ALL_ROLES, isCatalog, rolesWithin } from "../../../platform/mod.ts";
import { listed } from "../../../engine/sentence.ts";
import { lost, notLooked, readyPod } from "../../ready_pod.ts";

/** What the object store is looked for in. */
export const LOOKED_IN = [cephObjectStores, services, deployments, statefulSets] as const;

/** Whatever the catalog is: its configuration says where the tables are. */
const CATALOGS = ALL_ROLES.map(([role]) => role).filter(isCatalog);

const STORES = rolesWithin("object-store").join(", ");
const GIVE = "Next: give the address of the object store with --endpoint";
const CHOOSE = `${GIVE}, or name the one that is meant with --store`;

/**
 * The object store that the platform uses, or that `named` says, with a Ready pod behind it; or why there is none to be
 * had. `namespaced`: the platform's namespace was asked for, so that what others use is not meant.
 */
export function storeOf(
  world: World,
  namespaced: boolean,
  named?: string,
): Destination | { failure: Failure } {
  // A cluster without Rook may have another store.
  const failures = LOOKED_IN.flatMap((source) => world.failure(source) ?? []);
  const failure = failures.find(({ kind }) => kind !== "not-installed");
  if (failure) return notLooked("the object store", failure, GIVE);
  const meant = named === undefined ? storesInUse(world, namespaced) : storesNamed(world, named);
  const [store, ...others] = meant;
  if (!store && named !== undefined) return lost(noSuchStore(world, named));
  if (!store) {
    return lost(
      `no object store was recognised in this cluster: there is no CephObjectStore, and no ${STORES}. ${GIVE}`,
    );
  }
  if (others.length > 0) {
    const all = listed(meant.map(storeText));
    return lost(`there are ${meant.length} object stores that may be meant: ${all}. ${CHOOSE}`);
  }
  const at = refText(store.gateway);
  const service = world.get(services, store.gateway.namespace, store.gateway.name);
  if (!service && isOutsideCluster(store.gateway, world)) {
    return lost(`the gateway of the object store is no pod of this cluster. ${GIVE}`);
  }
  if (!service) return lost(`${at}, the gateway of the object store, does not exist. ${GIVE}`);
  const port = store.port ?? portOf([service]);
  return port ? readyPod(world, port) : lost(`${at}, the gateway of the object store, has no port. ${GIVE}`);
}

/** `CephObjectStore rook-ceph/store`, for people and for `--store`. */
export const storeText = ({ ref }: ObjectStore): string => refText(ref);

/** The stores that `[NAMESPACE/]NAME` may mean: by their own name, or by that of the Service before them. */
export function storesNamed(world: World, text: string): ObjectStore[] {
  const [name = "", namespace] = text.split("/").toReversed();
  const isMeant = (ref: ObjectRef) =>
    ref.name === name && (namespace === undefined || ref.namespace === namespace);
  return objectStores(world).filter(({ ref, gateway }) => isMeant(ref) || isMeant(gateway));
}

/** What to say where `--store` names none. */
export function noSuchStore(world: World, text: string): string {
  const all = objectStores(world).map(storeText);
  const there = all.length > 0 ? `there are ${listed(all)}` : "none was recognised in this cluster";
  return `--store is ${
    JSON.stringify(text.slice(0, 128))
  }, and no object store is called so: ${there}. ${GIVE}`;
}

/**
 * The stores to choose from, by the first that tells one: the configuration of the catalogs, the classes of the
 * platform's bucket claims, what is there.
 */
export function storesInUse(world: World, namespaced: boolean): ObjectStore[] {
  const all = objectStores(world);
  const among = (refs: readonly (ObjectRef | undefined)[]) => {
    const keys = new Set(refs.flatMap((ref) => ref ? [refKey(ref)] : []));
    return all.filter(({ gateway }) => keys.has(refKey(gateway)));
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

/** The store of this cluster that an address leads to by its host; undefined when its name tells none. */
export function storeAt(world: World, url: string): ObjectStore | undefined {
  const service = serviceOfHost(URL.parse(url)?.hostname ?? "", world.namespace, world);
  return service && storeBehind(service, world);
}

/**
 * The store whose own keys these are: Rook writes the keys of each user for one store, and no other has them. Undefined when
 * no such keys are among them, or those of several stores.
 */
export function storeOfKeys(world: World, secrets: readonly ObjectRef[]): ObjectStore | undefined {
  const keys = new Set(secrets.map(refKey));
  const users = world.list(cephObjectStoreUsers).filter((user) => keys.has(refKey(secretOfUser(user))));
  const found = users.flatMap(({ metadata, spec }) => {
    const ref = { kind: "CephObjectStore", namespace: metadata?.namespace, name: spec?.store ?? "" };
    return storeBehind(gatewayOf(ref), world) ?? [];
  });
  const [only, ...others] = new Set(found);
  return others.length === 0 ? only : undefined;
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

type AtStore = RealBucket & { gateway?: ObjectRef };

/** The buckets that the platform claims, then those that only the configuration of its pods names. */
function bucketsOf(world: World): AtStore[] {
  const claimed = claimedBuckets(world).map(({ bucket: name, claim, gateway }): AtStore => ({
    name,
    ...claim ? { claim } : {},
    ...gateway ? { gateway } : {},
    via: claim ? refText(claim) : "",
  }));
  // A configuration that names no store means the bucket that was claimed.
  const claimedAt = new Map(claimed.map(({ name, gateway }) => [name, gateway]));
  const named = namedBuckets(world).map(({ bucket: name, pod, via, gateway = claimedAt.get(name) }) => ({
    name,
    ...gateway ? { gateway } : {},
    via: `${refText(refOf("Pod", pod))}, ${via}`,
  }));
  return [...claimed, ...named];
}

/** Of these, those behind this gateway, and those of which nothing says where they are. */
export function realBuckets(world: World, gateway?: ObjectRef): RealBucket[] {
  const isHere = (one: { gateway?: ObjectRef }) =>
    !gateway || !one.gateway || refKey(one.gateway) === refKey(gateway);
  const all = new Map<string, RealBucket>();
  for (const { gateway: _gateway, ...bucket } of bucketsOf(world).filter(isHere)) {
    if (!all.has(bucket.name)) all.set(bucket.name, bucket);
  }
  return [...all.values()];
}

/** A bucket that lies in another store than the one that is tried, or in one that this may not be. */
export interface BucketElsewhere extends RealBucket {
  /** What the store is, and the Service before it. */
  store: string;
}

/** Those of a known store that is not behind this gateway; with no gateway every one of a known store. */
export function bucketsElsewhere(world: World, gateway?: ObjectRef): BucketElsewhere[] {
  const here = new Set(gateway ? realBuckets(world, gateway).map(({ name }) => name) : []);
  const all = new Map<string, BucketElsewhere>();
  for (const { gateway: at, ...bucket } of bucketsOf(world)) {
    if (!at || here.has(bucket.name) || all.has(bucket.name) || (gateway && refKey(at) === refKey(gateway))) {
      continue;
    }
    const store = storeBehind(at, world);
    all.set(bucket.name, { ...bucket, store: store ? storeText(store) : refText(at) });
  }
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
