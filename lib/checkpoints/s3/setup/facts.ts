/** What the facts say of the object store: its gateway, its buckets, and the Secrets that hold keys for it. Pure. */
import type { Destination } from "../../../clients/kubernetes/service_connection.ts";
import { isReady, refOf } from "../../../components/common/mod.ts";
import {
  bucketOfHost,
  containerPort,
  hostsNamed,
  placeOf,
  podsIn,
  secrets,
  type Service,
  services,
  wantsOf,
} from "../../../components/kubernetes/mod.ts";
import { selectedPods } from "../../../components/workloads/mod.ts";
import {
  cephObjectStores,
  cephObjectStoreUsers,
  gatewaysOf,
  isOutside,
  objectBucketClaims,
  secretOfUser,
} from "../../../components/rook_ceph/mod.ts";
import { type Failure, type ObjectRef, refKey, refText, type World } from "../../../engine/model.ts";

/** The user that the platform's manifests make. */
const USER = "iceberg";

/** The gateway of the first object store, with a Ready pod behind it; or why there is none to be had. */
export function gatewayOf(world: World): { to: Destination } | { failure: Failure } {
  const failure = world.failure(cephObjectStores) ?? world.failure(services);
  const give = "Next: give the address of the object store: --endpoint URL";
  // Not "not-installed", which would make of this something that does not matter.
  if (failure) {
    return lost(failure.kind, `the object store could not be looked for: ${failure.message}. ${give}`);
  }
  const [ref] = gatewaysOf(world);
  if (!ref) return lost("unreachable", `there is no CephObjectStore in this cluster. ${give}`);
  if (isOutside(ref, world)) {
    return lost("unreachable", `the gateway of the object store is no pod of this cluster. ${give}`);
  }
  const service = world.get(services, ref.namespace, ref.name);
  if (!service) {
    return lost("unreachable", `${refText(ref)}, the gateway of the object store, does not exist`);
  }
  const port = chosenPort(service);
  if (!port?.port) return lost("unreachable", `${refText(ref)} has no port`);
  const ready = selectedPods(service, world).filter((pod) => isReady(pod) && !deleting(pod));
  for (const pod of ready) {
    const inPod = containerPort(port.targetPort ?? port.port, pod.spec);
    if (inPod === undefined) continue;
    const scheme = isTls(port) ? "https" : "http";
    const place = { namespace: ref.namespace ?? "", service: ref.name, scheme, port: port.port } as const;
    return { to: { ...place, pod: { name: pod.metadata?.name ?? "", port: inPod } } };
  }
  return lost("unreachable", `no pod behind ${refText(ref)}, the gateway of the object store, is ready`);
}

function lost(kind: Failure["kind"], message: string): { failure: Failure } {
  return { failure: { kind: kind === "not-installed" ? "unreachable" : kind, message } };
}

type Port = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];
type Pod = ReturnType<typeof selectedPods>[number];

const isTls = ({ name, port }: Port) => port === 443 || name === "https";

/** Plain HTTP where it is offered: it needs no CA of the cluster here. */
function chosenPort(service: Service): Port | undefined {
  const ports = service.spec?.ports ?? [];
  return ports.find((port) => !isTls(port)) ?? ports[0];
}

const deleting = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;

/** A bucket that the platform lives on. */
export interface RealBucket {
  name: string;
  /** Absent: only a configuration names it. */
  claim?: ObjectRef;
  /** Who names it, for people: `ObjectBucketClaim data-platform/iceberg-warehouse`. */
  via: string;
}

/** The buckets that the platform claims, then those that only the configuration of its pods names. */
export function realBuckets(world: World): RealBucket[] {
  const claimed = world.list(objectBucketClaims)
    .filter((claim) => claim.metadata?.namespace === world.namespace)
    .map((claim): RealBucket => {
      const ref = refOf("ObjectBucketClaim", claim);
      return { name: claim.spec?.bucketName ?? ref.name, claim: ref, via: refText(ref) };
    });
  const named = podsIn(world, world.namespace).flatMap((pod) =>
    hostsNamed(pod.spec, world.namespace, world).flatMap(({ host, via }): RealBucket[] => {
      const name = bucketOfHost(host);
      return name ? [{ name, via: `${refText(refOf("Pod", pod))}, ${via}` }] : [];
    })
  );
  const all = new Map<string, RealBucket>();
  for (const bucket of [...claimed, ...named]) if (!all.has(bucket.name)) all.set(bucket.name, bucket);
  return [...all.values()];
}

/** The bucket that the configuration of the catalog names: its warehouse. */
export function warehouseOf(world: World): string | undefined {
  return podsIn(world, world.namespace).filter((pod) => placeOf(pod, world) === "nessie")
    .flatMap((pod) => hostsNamed(pod.spec, world.namespace, world))
    .flatMap(({ host }) => bucketOfHost(host) ?? []).at(0);
}

/** A Secret with a pair of S3 keys, by the names of its keys. */
export interface CredentialRef {
  secret: ObjectRef;
  /** Names of the Secret's keys. */
  idKey: string;
  secretKey: string;
  /** `copy`: in the platform's namespace. `source`: Rook wrote it for a user. */
  kind: "copy" | "source";
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
 * The Secrets with keys of the object store: those of the platform's namespace, the ones that most pods use first; then
 * those that Rook wrote for the users that own the platform's buckets.
 */
export function credentialRefs(world: World): CredentialRef[] {
  const uses = usesOfSecrets(world);
  const copies = world.list(secrets)
    .filter((secret) => secret.metadata?.namespace === world.namespace)
    .flatMap((secret): CredentialRef[] => {
      const pair = pairAmong(secret.metadata?.keys ?? []);
      const ref = refOf("Secret", secret);
      return pair ? [{ secret: ref, ...pair, kind: "copy", used: uses.has(refKey(ref)) }] : [];
    })
    .toSorted((a, b) =>
      (uses.get(refKey(b.secret)) ?? 0) - (uses.get(refKey(a.secret)) ?? 0) ||
      (a.secret.name < b.secret.name ? -1 : 1)
    );
  return [...copies, ...sources(world)];
}

function sources(world: World): CredentialRef[] {
  const owners = new Set([
    USER,
    ...world.list(objectBucketClaims)
      .filter((claim) => claim.metadata?.namespace === world.namespace)
      .flatMap((claim) => claim.spec?.additionalConfig?.bucketOwner ?? []),
  ]);
  return world.list(cephObjectStoreUsers).flatMap((user): CredentialRef[] => {
    if (!owners.has(user.metadata?.name ?? "")) return [];
    const secret = secretOfUser(user);
    const keys = world.get(secrets, secret.namespace, secret.name)?.metadata?.keys;
    const pair = pairAmong(keys ?? ["AccessKey", "SecretKey"]);
    return pair ? [{ secret, ...pair, kind: "source", used: false }] : [];
  });
}

/** In how many pods of the platform a Secret is used. */
function usesOfSecrets(world: World): Map<string, number> {
  const uses = new Map<string, number>();
  for (const pod of podsIn(world, world.namespace)) {
    const wanted = wantsOf(pod.spec).filter(({ kind }) => kind === "Secret");
    for (const name of new Set(wanted.map((want) => want.name))) {
      const key = refKey({ kind: "Secret", namespace: world.namespace, name });
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  return uses;
}
