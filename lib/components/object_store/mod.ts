/** The object store as the lakehouse uses it: its user, the user's keys, its buckets. */
import { refText } from "../../engine/model.ts";
import { listed } from "../../engine/sentence.ts";
import { restPath } from "../../untrusted/api_path.ts";
import {
  type Check,
  type Component,
  type Edge,
  IN_PROGRESS,
  type Judgement,
  type ObjectRef,
  type ProbeSource,
  refKey,
  type World,
} from "../../engine/model.ts";
import { present } from "../../engine/decode.ts";
import { CONNECTION_ERRORS, isReady, perWorld, refOf, SERVICE_ERRORS, unreadAmong } from "../common/mod.ts";
import { makersShown } from "../gitops/mod.ts";
import {
  bucketOfHost,
  configMaps,
  deployments,
  endpointSlices,
  endpointsOf,
  hostsNamed,
  platformNamespaces,
  type Pod,
  pods,
  podsIn,
  proxyPath,
  secrets,
  serviceOfHost,
  services,
  statefulSets,
  storageClasses,
} from "../kubernetes/mod.ts";
import {
  cephClusters,
  cephObjectStores,
  cephObjectStoreUsers,
  claimCheck,
  gatewayOf,
  gatewayPort,
  gatewaysOf,
  isOutsideCluster,
  objectBucketClaims,
  operatorsOf,
  outsideGateways,
  ownerOfClaim,
  secretOfUser,
  storeOfClaim,
} from "../rook_ceph/mod.ts";
import { objectStores } from "./stores.ts";
import { usualPart } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";
import { contains, looksLike } from "../../untrusted/edit_distance.ts";
import { own } from "../../untrusted/lookup.ts";

export { type ObjectStore, objectStores, storeBehind } from "./stores.ts";

const KEYS = ["AccessKey", "SecretKey", "Endpoint"];

const bucketRef = (name: string): ObjectRef => ({ kind: "S3Bucket", name });

/** A bucket that somebody asks for, and the gateway where it is, if that is known. */
export interface Asked {
  bucket: string;
  claim?: ObjectRef;
  gateway?: ObjectRef;
}

const platformClaims = perWorld((world) =>
  world.list(objectBucketClaims).filter(({ metadata }) =>
    platformNamespaces(world).has(metadata?.namespace ?? "")
  )
);

/** Buckets that bucket claims of the platform ask for. */
export function claimedBuckets(world: World): Asked[] {
  return platformClaims(world).map((claim) => {
    const found = storeOfClaim(claim, world);
    return {
      bucket: claim.spec?.bucketName ?? claim.metadata?.name ?? "",
      claim: refOf("ObjectBucketClaim", claim),
      gateway: found && gatewayOf(found.store),
    };
  });
}

/** Buckets that the configuration of the platform's pods names, at the gateway that it names, too. */
export function namedBuckets(world: World): (Asked & { pod: Pod; via: string })[] {
  const gateways = objectStores(world).map(({ gateway }) => gateway);
  const known = new Set(gateways.map(refKey));
  const only = gateways.length === 1 ? gateways[0] : undefined;
  const all = [...platformNamespaces(world)].flatMap((namespace) => podsIn(world, namespace));
  return all.flatMap((pod) => {
    const namespace = pod.metadata?.namespace ?? "";
    const hosts = hostsNamed(pod.spec, namespace, world);
    const led = hosts.flatMap(({ host }) => serviceOfHost(host, namespace, world) ?? []);
    const gateway = led.find((ref) => known.has(refKey(ref))) ?? only;
    return hosts.flatMap(({ host, via }) => {
      const bucket = bucketOfHost(host);
      return bucket ? [{ bucket, pod, via, gateway }] : [];
    });
  });
}

/** The buckets that were claimed, and those that a pod which is not Ready names and that nobody claimed. */
function askedBuckets(world: World): Asked[] {
  const claimed = claimedBuckets(world);
  const known = new Set(claimed.map(({ bucket }) => bucket));
  const others = namedBuckets(world).filter(({ bucket, pod }) => !known.has(bucket) && !isReady(pod));
  const byName = new Map(others.map(({ bucket, gateway }) => [bucket, { bucket, gateway }]));
  return [...claimed, ...byName.values()];
}

/** The name of the answer; several stores may each have a bucket of this name. */
function answerOf(bucket: string, gateway: ObjectRef, world: World): string {
  return gatewaysOf(world).length > 1 ? `${bucket} at ${gateway.namespace}/${gateway.name}` : bucket;
}

/** Unsigned requests: 403 says that the bucket exists, 404 that it does not. No key is needed. */
export const bucketProbes: ProbeSource<true> = {
  id: "s3.buckets",
  after: [
    services,
    endpointSlices,
    cephObjectStores,
    objectBucketClaims,
    storageClasses,
    deployments,
    statefulSets,
    pods,
    configMaps,
  ],
  targets(world) {
    const targets: Record<string, string> = {};
    for (const { bucket, gateway } of askedBuckets(world)) {
      if (!isBucketName(bucket) || !gateway) continue;
      const path = proxyPath(world, gatewayPort(gateway, world), restPath`/${bucket}`);
      if (path) targets[answerOf(bucket, gateway, world)] = path;
    }
    return targets;
  },
  read: present,
};

const userCheck: Check = {
  id: "s3-user.ready",
  title: "S3 object store users",
  explain:
    "Every CephObjectStoreUser, and every user that owns a bucket which the platform claimed, exists and is Ready, and the " +
    "Secret that Rook makes for it has its keys.",
  needs: [cephObjectStoreUsers, secrets],
  okNeeds: [objectBucketClaims, storageClasses],
  object: (world) => users(world)[0]?.ref ?? { kind: "CephObjectStoreUser", name: "*" },
  run(world) {
    const all = users(world);
    if (all.length > 0) return all.map((user) => ({ object: user.ref, ...judgeUser(user, world) }));
    const blind = unreadAmong([objectBucketClaims, storageClasses], world);
    if (blind) return [blind];
    const message =
      "No CephObjectStoreUser is here, and no bucket claim of the platform names one as its owner";
    return [{ status: "skipped", reason: "NoUsers", message }];
  },
};

function judgeUser({ ref, phase, secret: at }: User, world: World): Judgement {
  const evidence = "GET /apis/ceph.rook.io/v1/cephobjectstoreusers";
  if (!at) {
    return {
      status: "critical",
      reason: "Missing",
      message: `${refText(ref)} does not exist, so nobody can read or write the buckets that it owns`,
      observed: "absent",
      expected: "Ready",
      evidence,
      next: [command`kubectl get cephobjectstoreusers -A`, ...makersShown(world)],
    };
  }
  const base = { observed: phase || "no phase", expected: "Ready", evidence };
  if (phase !== "Ready") {
    const message = `${refText(ref)} is ${phase ? `in phase ${phase}` : "not reconciled yet"}`;
    const next = [command`kubectl -n ${ref.namespace} describe cephobjectstoreuser ${ref.name}`];
    return { ...base, status: "critical", reason: "UserNotReady", message, next };
  }
  const secret = world.get(secrets, at.namespace, at.name);
  const keys = secret?.metadata?.keys;
  const absent = keys ? KEYS.filter((key) => !keys.includes(key)) : [];
  if (secret && absent.length === 0) {
    const message = `${refText(ref)} is Ready and its Secret has its keys`;
    return { ...base, status: "ok", reason: "Ready", message };
  }
  const operator = operatorsOf(world)[0] ?? usualPart("rook-ceph", "Deployment");
  return {
    ...base,
    status: "critical",
    reason: secret ? "MissingKey" : "SecretMissing",
    message: secret
      ? `${refText(ref)} is Ready, but its Secret ${at.name} has no ${absent.join(", ")}`
      : `${refText(ref)} is Ready, but its Secret ${at.name} does not exist`,
    next: [
      command`kubectl -n ${at.namespace} get secret ${at.name}`,
      command`kubectl -n ${operator.namespace} rollout restart deploy/${operator.name}`,
    ],
  };
}

interface User {
  ref: ObjectRef;
  phase: string;
  /** Absent: the user does not exist. */
  secret?: ObjectRef;
}

/** The users there are, and those that should own buckets and do not exist. */
const users = perWorld((world): User[] => {
  const found = world.list(cephObjectStoreUsers).map((user): User => ({
    ref: refOf("CephObjectStoreUser", user),
    phase: user.status?.phase ?? "",
    secret: secretOfUser(user),
  }));
  const there = new Set(found.map(({ ref }) => refKey(ref)));
  // What a young claim waits for may be on its way.
  const owners = platformClaims(world).filter((claim) => world.judge(claimCheck, claim)?.status !== "ok")
    .flatMap((claim) => ownerOfClaim(claim, world) ?? []);
  const gone = new Map(owners.map((ref) => [refKey(ref), ref]));
  return [...found, ...[...gone].filter(([key]) => !there.has(key)).map(([, ref]) => ({ ref, phase: "" }))];
});

const bucketCheck: Check = {
  id: "s3-user.buckets",
  title: "buckets",
  explain:
    "Every bucket that a bucket claim of the platform asks for, and that the configuration of a pod which is not Ready " +
    "names, answers an unsigned request with 403 or 200; 404 means that it does not exist, whatever the claim's status says. " +
    "Buckets of a gateway outside the cluster are not asked for.",
  needs: [services, endpointSlices, cephObjectStores, objectBucketClaims, bucketProbes],
  okNeeds: [pods, configMaps],
  object: () => bucketRef("*"),
  run(world) {
    const asked = askedBuckets(world);
    if (asked.length === 0) {
      const message = `Namespace ${world.namespace} has no ObjectBucketClaim, so there is no bucket to check`;
      return [{ status: "skipped", reason: "NoClaims", message }];
    }
    return asked.map((one) => ({ object: bucketRef(one.bucket), ...judgeBucket(one, world) }));
  },
};

function judgeBucket({ bucket, claim, gateway }: Asked, world: World): Judgement {
  if (!isBucketName(bucket)) return invalidName(bucket);
  if (!gateway) {
    const message = `Bucket ${bucket} was not checked because nothing says which object store it is in`;
    return {
      status: "unknown",
      reason: "StoreNotKnown",
      message,
      next: [command`kubectl get storageclasses`],
    };
  }
  const status = own(world.answers(bucketProbes), answerOf(bucket, gateway, world))?.status;
  if (status === undefined && isOutsideCluster(gateway, world)) {
    const message =
      `Bucket ${bucket} was not asked for because the gateway of its object store is outside this ` +
      `cluster: ${listed(outsideGateways(gateway, world))}`;
    return { status: "skipped", reason: "OutsideCluster", message };
  }
  if (status === undefined && endpointsOf(world, gateway.namespace ?? "", gateway.name).ready > 0) {
    const message = `Bucket ${bucket} was not asked for at ${
      refText(gateway)
    } when these facts were recorded`;
    return { status: "skipped", reason: "NotAsked", message };
  }
  const base = {
    observed: status === undefined ? "no answer" : `HTTP ${status}`,
    expected: "HTTP 403 or 200",
    evidence: `GET /${bucket}, unsigned`,
  };
  if (status === 403 || status === 200) {
    return { ...base, status: "ok", reason: "Exists", message: `Bucket ${bucket} exists` };
  }
  const next = [
    command`kubectl -n ${gateway.namespace} get cephobjectstores,pods,endpointslices`,
    command`kubectl -n ${claim?.namespace ?? world.namespace} get objectbucketclaims`,
  ];
  const young = claim && status === 404 ? claimInProgress(claim, world) : undefined;
  if (young) {
    const message = `Bucket ${bucket} does not exist yet because its claim ${young.message}`;
    return { ...base, status: "ok", reason: IN_PROGRESS, message };
  }
  if (status === 404) {
    const message = `Bucket ${bucket} does not exist`;
    return { ...base, status: "critical", reason: "NoSuchBucket", message, next };
  }
  const reason = status === undefined || status === 503 ? "NoAnswer" : "ErrorAnswer";
  const message = status === undefined
    ? `Bucket ${bucket} cannot be reached because the gateway has no ready endpoints`
    : `Bucket ${bucket} cannot be used because the gateway answers HTTP ${status}`;
  return { ...base, status: "critical", reason, message, next };
}

/** What the name leads to is not known: it comes from a claim or from a pod's configuration, and may be no name at all. */
function invalidName(bucket: string): Judgement {
  const name = JSON.stringify(bucket.slice(0, 80));
  return {
    status: "unknown",
    reason: "InvalidName",
    message: `${name} is not a valid name of a bucket, so it was not checked`,
    observed: name,
    expected: "3 to 255 letters, digits, dots, dashes and underscores",
    next: [command`kubectl get objectbucketclaims -A`],
  };
}

/** As S3 takes them, the old ones of us-east-1 too; two dots in a row are in no name. */
export function isBucketName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/.test(text) && !text.includes("..");
}

function claimInProgress(ref: ObjectRef, world: World): Judgement | undefined {
  const object = world.get(objectBucketClaims, ref.namespace, ref.name);
  const judged = object && world.judge(claimCheck, object);
  return judged?.status === "ok" ? judged : undefined;
}

/** A bucket needs the gateway, its claim, and the user needs its store. */
function edges(world: World): Edge[] {
  const all: Edge[] = [];
  for (const { bucket, claim, gateway } of askedBuckets(world)) {
    const from = bucketRef(bucket);
    for (const to of gateway ? [gateway] : []) {
      all.push({ from, to, via: "gateway", explains: ["NoAnswer", "ErrorAnswer"], because: SERVICE_ERRORS });
    }
    if (claim) all.push({ from, to: claim, via: "claimed by", explains: ["NoSuchBucket"] });
  }
  for (const { bucket, pod, via, gateway } of namedBuckets(world)) {
    const cluster = world.list(cephClusters).find(({ metadata }) =>
      metadata?.namespace === gateway?.namespace
    );
    // The gateway answers, and hangs as soon as it asks Ceph for data.
    if (gateway && cluster) {
      all.push({
        from: refOf("Pod", pod),
        to: refOf("CephCluster", cluster),
        via: `${via}, whose object store it keeps`,
        explains: CONNECTION_ERRORS,
        because: ["DataUnavailable", "HealthError", "WritesBlocked"],
        inferred: true,
      });
    }
    all.push({
      from: refOf("Pod", pod),
      to: bucketRef(bucket),
      via,
      explains: CONNECTION_ERRORS,
      because: ["NoSuchBucket"],
      inferred: true,
    });
  }
  for (const { ref, secret } of users(world)) {
    if (!secret) continue;
    // Whether the Secret's maker runs is the maker's affair: the user is what the check speaks of.
    all.push({ from: secret, to: ref, via: "made for the user", explains: ["Missing", "MissingKey"] });
  }
  return all;
}

/** So many claims are named in place of a bucket. */
const MOST_CLAIMS = 3;

/** What was claimed, where a bucket that nobody claimed does not exist; the only gateway, where another does not. */
function instead(ref: ObjectRef, world: World): string[] {
  if (ref.kind === "Service" && ref.name.startsWith(gatewayOf({ kind: "", name: "" }).name)) {
    const [only, ...others] = gatewaysOf(world).filter((gateway) => world.presence(gateway) === "present");
    return only && others.length === 0 ? [`the only gateway is ${refText(only)}`] : [];
  }
  if (ref.kind !== "S3Bucket") return [];
  const asked = askedBuckets(world).find(({ bucket }) => bucket === ref.name);
  const status = asked?.gateway &&
    own(world.answers(bucketProbes), answerOf(ref.name, asked.gateway, world))?.status;
  if (status !== 404 || asked?.claim) return [];
  const claimed = claimedBuckets(world);
  const near = claimed.filter(({ bucket }) => looksLike(bucket, ref.name) || contains(bucket, ref.name));
  const named = new Set(namedBuckets(world).map(({ bucket }) => bucket));
  const free = claimed.filter(({ bucket }) => !named.has(bucket));
  const [chosen = []] = [near, free, claimed].filter(({ length }) => length > 0 && length <= MOST_CLAIMS);
  const claims = chosen.flatMap(({ claim }) => claim ? [`${claim.namespace}/${claim.name}`] : []);
  if (claims.length === 0) return [];
  return claims.length > 1
    ? [`ObjectBucketClaims ${listed(claims)} exist`]
    : [`ObjectBucketClaim ${claims[0]} exists`];
}

export const s3User: Component = {
  name: "s3-user",
  title: "S3 object store user and buckets",
  dependsOn: ["rook-ceph"],
  sources: [bucketProbes],
  namespaces: () => [],
  kinds: [],
  checks: [userCheck, bucketCheck],
  edges,
  instead,
};
