/** The object store as the lakehouse uses it: its user, the user's keys, its buckets. */
import { refText } from "../../engine/model.ts";
import { restPath } from "../../untrusted/api_path.ts";
import {
  type Check,
  type Component,
  type Edge,
  IN_PROGRESS,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  type ProbeSource,
  type World,
} from "../../engine/model.ts";
import { present } from "../../engine/decode.ts";
import { CONNECTION_ERRORS, isReady, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import {
  bucketOfHost,
  configMaps,
  endpointSlices,
  type Pod,
  pods,
  podsIn,
  proxyPath,
  secrets,
  services,
} from "../kubernetes/mod.ts";
import { hostsNamed } from "../workloads/mod.ts";
import { cephObjectStores, cephObjectStoreUsers, claimCheck, objectBucketClaims } from "../rook_ceph/mod.ts";
import { usualPart } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

const USUAL = usualPart("s3-user", "CephObjectStoreUser");
const USER = USUAL.name;
const HTTP_PORT = 80;
const KEYS = ["AccessKey", "SecretKey", "Endpoint"];

const bucketRef = (name: string): ObjectRef => ({ kind: "S3Bucket", name });

/** The gateway Service that Rook makes for an object store. */
function gateways(world: World): ObjectRef[] {
  return world.list(cephObjectStores).map((store) => ({
    kind: "Service",
    namespace: store.metadata?.namespace ?? "",
    name: `rook-ceph-rgw-${store.metadata?.name}`,
  }));
}

/** Buckets that bucket claims of the platform's namespace ask for. */
function claimedBuckets(world: World): { bucket: string; claim: ObjectRef }[] {
  return world.list(objectBucketClaims)
    .filter((claim) => claim.metadata?.namespace === world.namespace)
    .map((claim) => ({
      bucket: claim.spec?.bucketName ?? claim.metadata?.name ?? "",
      claim: refOf("ObjectBucketClaim", claim),
    }));
}

/** Buckets that the configuration of the platform's pods names. */
function namedBuckets(world: World): { bucket: string; pod: Pod; via: string }[] {
  return podsIn(world, world.namespace).flatMap((pod) =>
    hostsNamed(pod.spec, world.namespace, world).flatMap(({ host, via }) => {
      const bucket = bucketOfHost(host);
      return bucket ? [{ bucket, pod, via }] : [];
    })
  );
}

/** The buckets that were claimed, and those that a pod which is not Ready names and that nobody claimed. */
function askedBuckets(world: World): { bucket: string; claim?: ObjectRef }[] {
  const claimed = claimedBuckets(world);
  const known = new Set(claimed.map(({ bucket }) => bucket));
  const others = namedBuckets(world).filter(({ bucket, pod }) => !known.has(bucket) && !isReady(pod));
  return [...claimed, ...[...new Set(others.map(({ bucket }) => bucket))].map((bucket) => ({ bucket }))];
}

/** Unsigned requests: 403 says that the bucket exists, 404 that it does not. No key is needed. */
export const bucketProbes: ProbeSource<true> = {
  id: "s3.buckets",
  after: [services, endpointSlices, cephObjectStores, objectBucketClaims, pods, configMaps],
  targets(world) {
    const gateway = gateways(world)[0];
    if (!gateway?.namespace) return {};
    const targets: Record<string, string> = {};
    for (const { bucket } of askedBuckets(world)) {
      if (!isBucketName(bucket)) continue;
      const path = proxyPath(world, gateway.namespace, gateway.name, HTTP_PORT, restPath`/${bucket}`);
      if (path) targets[bucket] = path;
    }
    return targets;
  },
  read: present,
};

const userCheck: Check = {
  id: "s3-user.ready",
  title: "S3 object store user",
  explain:
    `CephObjectStoreUser ${USER} exists and is Ready, and the Secret that Rook makes for it has its keys.`,
  needs: [cephObjectStoreUsers, secrets],
  whenNotInstalled: "critical",
  object: (world) => found(world)?.ref ?? USUAL,
  run(world) {
    const user = found(world);
    const evidence = "GET /apis/ceph.rook.io/v1/cephobjectstoreusers";
    if (!user) {
      return [{
        status: "critical",
        reason: "Missing",
        message: `CephObjectStoreUser rook-ceph/${USER} does not exist, so nobody can read or write the lake`,
        observed: "absent",
        expected: "Ready",
        evidence,
        next: [command`kubectl get cephobjectstoreusers -A`, command`flux get kustomizations -A`],
      }];
    }
    const base = { observed: user.phase || "no phase", expected: "Ready", evidence };
    if (user.phase !== "Ready") {
      const next = [command`kubectl -n ${user.ref.namespace} describe cephobjectstoreuser ${USER}`];
      return [{
        ...base,
        status: "critical",
        reason: "UserNotReady",
        message: `${refText(user.ref)} is ${user.phase ? `in phase ${user.phase}` : "not reconciled yet"}`,
        next,
      }];
    }
    const secret = world.get(secrets, user.secret.namespace, user.secret.name);
    const keys = secret?.metadata?.keys;
    const absent = keys ? KEYS.filter((key) => !keys.includes(key)) : [];
    if (secret && absent.length === 0) {
      return [{
        ...base,
        status: "ok",
        reason: "Ready",
        message: `${refText(user.ref)} is Ready and its Secret has its keys`,
      }];
    }
    return [{
      ...base,
      status: "critical",
      reason: secret ? "MissingKey" : "SecretMissing",
      message: secret
        ? `${refText(user.ref)} is Ready, but its Secret ${user.secret.name} has no ${absent.join(", ")}`
        : `${refText(user.ref)} is Ready, but its Secret ${user.secret.name} does not exist`,
      next: [
        command`kubectl -n ${user.secret.namespace} get secret ${user.secret.name}`,
        command`kubectl -n rook-ceph rollout restart deploy/rook-ceph-operator`,
      ],
    }];
  },
};

interface User {
  ref: ObjectRef;
  store: string;
  phase: string;
  secret: ObjectRef;
}

function found(world: World): User | undefined {
  const user = world.list(cephObjectStoreUsers).find((entry) => entry.metadata?.name === USER);
  if (!user) return undefined;
  const ref = refOf("CephObjectStoreUser", user);
  const store = user.spec?.store ?? "";
  const name = user.status?.info?.secretName ?? `rook-ceph-object-user-${store}-${USER}`;
  return {
    ref,
    store,
    phase: user.status?.phase ?? "",
    secret: { kind: "Secret", namespace: ref.namespace, name },
  };
}

const bucketCheck: Check = {
  id: "s3-user.buckets",
  title: "buckets",
  explain:
    "Every bucket that a bucket claim of the platform asks for, and that the configuration of a pod which is not Ready " +
    "names, answers an unsigned request with 403 or 200; 404 means that it does not exist, whatever the claim's status says.",
  needs: [services, endpointSlices, cephObjectStores, objectBucketClaims, bucketProbes],
  okNeeds: [pods, configMaps],
  object: () => bucketRef("*"),
  run(world) {
    const asked = askedBuckets(world);
    if (asked.length === 0) {
      const message = `Namespace ${world.namespace} has no ObjectBucketClaim, so there is no bucket to check`;
      return [{ status: "skipped", reason: "NoClaims", message }];
    }
    const answers = world.answers(bucketProbes);
    const judged = asked.map(({ bucket, claim }) => {
      if (!isBucketName(bucket)) return notAsked(bucket);
      const status = own(answers, bucket)?.status;
      const base = {
        object: bucketRef(bucket),
        observed: status === undefined ? "no answer" : `HTTP ${status}`,
        expected: "HTTP 403 or 200",
        evidence: `GET /${bucket}, unsigned`,
      };
      if (status === 403 || status === 200) {
        return { ...base, status: "ok" as const, reason: "Exists", message: `Bucket ${bucket} exists` };
      }
      const next = [
        command`kubectl -n rook-ceph get cephobjectstores,pods,endpointslices`,
        command`kubectl -n ${world.namespace} get objectbucketclaims`,
      ];
      const young = claim && status === 404 ? claimInProgress(claim, world) : undefined;
      if (young) {
        const message = `Bucket ${bucket} does not exist yet because its claim ${young.message}`;
        return { ...base, status: "ok" as const, reason: IN_PROGRESS, message };
      }
      if (status === 404) {
        return {
          ...base,
          status: "critical" as const,
          reason: "NoSuchBucket",
          message: `Bucket ${bucket} does not exist`,
          next,
        };
      }
      const reason = status === undefined || status === 503 ? "NoAnswer" : "ErrorAnswer";
      const message = status === undefined
        ? `Bucket ${bucket} cannot be reached because the gateway has no ready endpoints`
        : `Bucket ${bucket} cannot be used because the gateway answers HTTP ${status}`;
      return { ...base, status: "critical" as const, reason, message, next };
    });
    return judged;
  },
};

/** What the name leads to is not known: it comes from a claim or from a pod's configuration, and may be no name at all. */
function notAsked(bucket: string): ObjectJudgement {
  const name = JSON.stringify(bucket.slice(0, 80));
  return {
    object: bucketRef(bucket),
    status: "unknown",
    reason: "InvalidName",
    message: `${name} is not a valid name of a bucket, so it was not checked`,
    observed: name,
    expected: "3 to 255 letters, digits, dots, dashes and underscores",
    next: [command`kubectl get objectbucketclaims -A`],
  };
}

/** As S3 takes them, the old ones of us-east-1 too; two dots in a row are in no name. */
function isBucketName(text: string): boolean {
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
  for (const { bucket, claim } of askedBuckets(world)) {
    const from = bucketRef(bucket);
    for (const to of gateways(world)) {
      all.push({ from, to, via: "gateway", explains: ["NoAnswer", "ErrorAnswer"], because: SERVICE_ERRORS });
    }
    if (claim) all.push({ from, to: claim, via: "claimed by", explains: ["NoSuchBucket"] });
  }
  for (const { bucket, pod, via } of namedBuckets(world)) {
    all.push({
      from: refOf("Pod", pod),
      to: bucketRef(bucket),
      via,
      explains: CONNECTION_ERRORS,
      because: ["NoSuchBucket"],
      inferred: true,
    });
  }
  const user = found(world);
  if (user) {
    // Whether the Secret's maker runs is the maker's affair: the user is what the check speaks of.
    all.push({
      from: user.secret,
      to: user.ref,
      via: "made for the user",
      explains: ["Missing", "MissingKey"],
    });
  }
  return all;
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
};
