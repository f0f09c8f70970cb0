// CephObjectStore: starts the gateway, and reports whether it answers.
import { apply, at, type KubeObject, list, merge, text } from "../kube.ts";
import { log, NAMESPACE, ownerOf } from "./ceph.ts";
import { needsRollOut, noteRollOut } from "./cluster.ts";
import { deployment } from "./daemons.ts";

const API = `/apis/ceph.rook.io/v1/namespaces/${NAMESPACE}/cephobjectstores`;

/** Service DNS name and port of an object store, as Rook writes it into status and Secrets. */
export function endpointOf(store: KubeObject): string {
  return `http://rook-ceph-rgw-${store.metadata.name}.${NAMESPACE}.svc:${
    text(store, "spec", "gateway", "port") || "80"
  }`;
}

async function rollOut(store: KubeObject, cluster: KubeObject): Promise<void> {
  const name = store.metadata.name;
  const owner = ownerOf(store);
  const parent = { kind: "CephObjectStore", name };
  const labels = { rgw: name, rook_object_store: name };
  await apply(`/api/v1/namespaces/${NAMESPACE}/services/rook-ceph-rgw-${name}`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: `rook-ceph-rgw-${name}`,
      namespace: NAMESPACE,
      labels: { app: "rook-ceph-rgw", rook_cluster: NAMESPACE, ...labels },
      ownerReferences: [owner],
    },
    spec: {
      selector: { app: "rook-ceph-rgw", rook_object_store: name },
      ports: [{ name: "http", port: Number(text(store, "spec", "gateway", "port") || 80), targetPort: 8080 }],
    },
  });
  await apply(
    `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/rook-ceph-rgw-${name}-a`,
    deployment({
      type: "rgw",
      id: `${name}.a`,
      name: `rook-ceph-rgw-${name}-a`,
      image: text(cluster, "spec", "cephVersion", "image"),
      parent,
      owner,
      labels,
      resources: at(store, "spec", "gateway", "resources"),
      probe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 2, failureThreshold: 3 },
    }),
  );
  noteRollOut(store);
  log("I", "ceph-object-controller", `gateway of object store "${name}" rolled out`);
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(3000) });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  }
}

/** One round over the object stores of `cluster`. Gives those that answer. */
export async function reconcileStores(cluster: KubeObject): Promise<KubeObject[]> {
  const ready: KubeObject[] = [];
  for (const store of await list(API)) {
    if (store.metadata.deletionTimestamp) continue;
    if (await needsRollOut(store, `rook-ceph-rgw-${store.metadata.name}-a`)) await rollOut(store, cluster);
    const endpoint = endpointOf(store);
    const up = await answers(endpoint);
    const before = text(store, "status", "phase");
    const phase = up ? "Ready" : before === "Ready" || before === "Failure" ? "Failure" : "Progressing";
    if (phase !== before || at(store, "status", "observedGeneration") !== store.metadata.generation) {
      log(up ? "I" : "W", "ceph-object-controller", `object store "${store.metadata.name}" is ${phase}`);
      await merge(`${API}/${store.metadata.name}/status`, {
        status: {
          phase,
          observedGeneration: store.metadata.generation,
          info: { endpoint },
          endpoints: { insecure: [endpoint], secure: [] },
        },
      });
    }
    if (up) ready.push(store);
  }
  return ready;
}
