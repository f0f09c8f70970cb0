/** A cluster with a bucket claim and an object store user, for tests of obc:sync. */
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import type { Dependencies, Job } from "../../../lib/procedures/obc_sync/run.ts";
import { type FakeCluster, fakeCluster } from "../../fakes/cluster.ts";
import { base64 } from "../onepassword/samples.ts";
import { PATIENT_MS } from "../../patience.ts";

/** Values that must stand nowhere but in Secrets and items. */
export const CANARIES = {
  AWS_ACCESS_KEY_ID: "CANARYACCESS7Q4Z9X2W",
  AWS_SECRET_ACCESS_KEY: "canary-secret-of-the-claim-5f1d9b3c",
  AccessKey: "CANARYUSER8R5Y1V6T",
  SecretKey: "canary-secret-of-the-user-0a8e6c2d",
};

const OBC = "/apis/objectbucket.io/v1alpha1/namespaces/data-platform/objectbucketclaims/events";
const USER = "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephobjectstoreusers/iceberg";
export const CLAIM_SECRET = "/api/v1/namespaces/data-platform/secrets/events";
export const CLAIM_MAP = "/api/v1/namespaces/data-platform/configmaps/events";
export const USER_TITLE = "rook-ceph-object-user-storage-iceberg";
export const USER_SECRET = `/api/v1/namespaces/rook-ceph/secrets/${USER_TITLE}`;

export function object(
  apiVersion: string,
  kind: string,
  place: string,
  more: Record<string, unknown> = {},
): KubeObject {
  const [name = "", namespace] = place.split("/").toReversed();
  return { apiVersion, kind, metadata: { name, ...namespace ? { namespace } : {} }, ...more };
}

export const claim = object("objectbucket.io/v1alpha1", "ObjectBucketClaim", "data-platform/events", {
  spec: { bucketName: "events" },
  status: { phase: "Bound" },
});
export const user = object("ceph.rook.io/v1", "CephObjectStoreUser", "rook-ceph/iceberg", {
  spec: { store: "storage" },
  status: { phase: "Ready", info: { secretName: USER_TITLE } },
});
export const claimMap = object("v1", "ConfigMap", "data-platform/events", {
  data: {
    BUCKET_NAME: "events",
    BUCKET_HOST: "rook-ceph-rgw-storage.rook-ceph.svc",
    BUCKET_PORT: "80",
    BUCKET_REGION: "",
  },
});

export function secret(place: string, values: Record<string, string>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return object("v1", "Secret", place, { data });
}

export const claimSecret = (changes: Record<string, string> = {}) =>
  secret("data-platform/events", {
    AWS_ACCESS_KEY_ID: CANARIES.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: CANARIES.AWS_SECRET_ACCESS_KEY,
    ...changes,
  });
export const userSecret = secret(`rook-ceph/${USER_TITLE}`, {
  AccessKey: CANARIES.AccessKey,
  SecretKey: CANARIES.SecretKey,
  Endpoint: "http://rook-ceph-rgw-storage.rook-ceph.svc:80",
});

export function store(name: string, vaults: string[], connectHost: string): [string, KubeObject] {
  const path = `/apis/external-secrets.io/v1/clustersecretstores/${name}`;
  const onepassword = { connectHost, vaults: Object.fromEntries(vaults.map((vault, at) => [vault, at + 1])) };
  const spec = { provider: { onepassword } };
  return [path, object("external-secrets.io/v1", "ClusterSecretStore", name, { spec })];
}

/** Where the stores of these samples ask Connect: at the Service of `connectPod`. */
export const CONNECT_HOST = "http://connect.external-secrets.svc:8080";

/** One claim and one user with their keys, Connect, and a store that asks it at `host` and searches the vault lakehouse. */
export function platform(host = CONNECT_HOST): FakeCluster {
  return fakeCluster({
    [OBC]: claim,
    [USER]: user,
    [CLAIM_SECRET]: claimSecret(),
    [CLAIM_MAP]: claimMap,
    [USER_SECRET]: userSecret,
    ...Object.fromEntries([store("onepassword-connect", ["lakehouse"], host), ...connectPod()]),
  });
}

export function jobFor(token: string, changes: Partial<Job> = {}): Job {
  return {
    namespace: "data-platform",
    chosen: {},
    token,
    plainHttp: false,
    adopt: false,
    dryRun: false,
    timeoutMs: PATIENT_MS,
    watch: false,
    ...changes,
  };
}

/** Forwards nothing, and consents to all. */
export const willing: Dependencies = {
  forward: () => Promise.reject(new Error("nothing is forwarded in this test")),
  trust: () => Promise.resolve(),
  consent: () => Promise.resolve(),
};

/** The same, with a port-forward whose end on this machine is `url`. */
export function forwardingTo(url: string): Dependencies {
  const forwarded = { url, failure: () => undefined, close: () => Promise.resolve() };
  return { ...willing, forward: () => Promise.resolve(forwarded) };
}

/** What a test has to search for canaries. */
export function leaks(...written: unknown[]): string[] {
  const all = written.map((one) => typeof one === "string" ? one : JSON.stringify(one)).join("\n");
  return Object.values(CANARIES).filter((value) => all.includes(value) || all.includes(base64(value)));
}

/** A Connect that runs in the cluster: its Service and its pod. */
export function connectPod(): [string, KubeObject][] {
  const place = "/api/v1/namespaces/external-secrets";
  const spec = { selector: { app: "connect" }, ports: [{ port: 8080 }] };
  const status = { conditions: [{ type: "Ready", status: "True" }] };
  return [
    [`${place}/services/connect`, object("v1", "Service", "external-secrets/connect", { spec })],
    [`${place}/pods/c-1`, object("v1", "Pod", "external-secrets/c-1", { status })],
  ];
}
