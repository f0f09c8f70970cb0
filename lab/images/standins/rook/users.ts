// CephObjectStoreUser: makes the user in the gateway and writes its keys to Rook's Secret.
import { apply, at, get, type KubeObject, list, merge, text } from "../kube.ts";
import { ceph, log, NAMESPACE, ownerOf } from "./ceph.ts";
import type { Keys } from "./s3.ts";
import { endpointOf } from "./store.ts";

const API = `/apis/ceph.rook.io/v1/namespaces/${NAMESPACE}/cephobjectstoreusers`;

/** The user's keys as Ceph has them; makes the user if `displayName` is given. Undefined when it does not exist. */
export async function userKeys(uid: string, displayName?: string): Promise<Keys | undefined> {
  let said = await ceph("radosgw-admin", "user", "info", "--uid", uid);
  if (!said.ok && displayName !== undefined) {
    said = await ceph("radosgw-admin", "user", "create", "--uid", uid, "--display-name", displayName);
  }
  if (!said.ok) return undefined;
  const keys = at(JSON.parse(said.stdout), "keys");
  const first: unknown = Array.isArray(keys) ? keys[0] : undefined;
  return { accessKey: text(first, "access_key"), secretKey: text(first, "secret_key") };
}

async function reconcileUser(user: KubeObject, store: KubeObject): Promise<void> {
  const name = user.metadata.name;
  const secretName = `rook-ceph-object-user-${store.metadata.name}-${name}`;
  const secretPath = `/api/v1/namespaces/${NAMESPACE}/secrets/${secretName}`;
  const settled = text(user, "status", "phase") === "Ready" &&
    at(user, "status", "observedGeneration") === user.metadata.generation;
  if (settled && await get(secretPath)) return;
  const keys = await userKeys(name, text(user, "spec", "displayName") || name);
  if (keys) {
    await apply(secretPath, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: secretName,
        namespace: NAMESPACE,
        labels: {
          app: "rook-ceph-rgw",
          user: name,
          rook_cluster: NAMESPACE,
          rook_object_store: store.metadata.name,
        },
        ownerReferences: [ownerOf(user)],
      },
      type: "kubernetes.io/rook",
      stringData: { AccessKey: keys.accessKey, SecretKey: keys.secretKey, Endpoint: endpointOf(store) },
    });
  }
  log(
    keys ? "I" : "E",
    "ceph-object-store-user-controller",
    `user "${name}" ${keys ? "is ready" : "could not be made"}`,
  );
  await merge(`${API}/${name}/status`, {
    status: {
      phase: keys ? "Ready" : "ReconcileFailed",
      observedGeneration: user.metadata.generation,
      info: { secretName },
    },
  });
}

/** One round over the users of the stores that answer. */
export async function reconcileUsers(stores: KubeObject[]): Promise<void> {
  for (const user of await list(API)) {
    if (user.metadata.deletionTimestamp) continue;
    const store = stores.find((one) => one.metadata.name === text(user, "spec", "store"));
    if (store) await reconcileUser(user, store);
    else if (text(user, "status", "phase") === "") {
      await merge(`${API}/${user.metadata.name}/status`, { status: { phase: "ReconcileFailed" } });
    }
  }
}
