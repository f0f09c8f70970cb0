// STAND-IN for Rook's operator, which can't be had here. Real: Rook's CRDs, and the Ceph that it runs (one monitor, one
// OSD, one gateway, as Deployments with Rook's names and labels). Here: from CephCluster, CephBlockPool, CephObjectStore,
// CephObjectStoreUser and ObjectBucketClaim to that Ceph, and back from that Ceph to their status. Nothing else of Rook.
import { list, watch } from "../kube.ts";
import { reconcileBuckets } from "./buckets.ts";
import { log, NAMESPACE } from "./ceph.ts";
import { reconcileCluster } from "./cluster.ts";
import { reconcileStores } from "./store.ts";
import { reconcileUsers } from "./users.ts";
import { reconcileVolumes } from "./volumes.ts";

const ROOK = `/apis/ceph.rook.io/v1/namespaces/${NAMESPACE}`;
/** Once all is settled, Ceph itself is looked at this often; changes of objects wake the loop at once. */
const IDLE_MS = 5000;
const BUSY_MS = 500;

let wake = () => {};
let woken = false;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => (clearTimeout(timer), resolve());
  });
}

/** One round over everything; true when nothing is left to do. */
async function round(): Promise<boolean> {
  await reconcileVolumes();
  const [cluster] = await list(`${ROOK}/cephclusters`);
  if (!cluster) return true;
  const up = await reconcileCluster();
  if (!up) return false;
  const stores = await reconcileStores(cluster);
  await reconcileUsers(stores);
  await reconcileBuckets(stores);
  return true;
}

for (
  const path of [
    `${ROOK}/cephclusters`,
    `${ROOK}/cephobjectstores`,
    `${ROOK}/cephobjectstoreusers`,
    "/apis/objectbucket.io/v1alpha1/objectbucketclaims",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
  ]
) {
  watch(path, () => (woken = true, wake()));
}
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ port: 8080, onListen: () => {} }, () => new Response("ok\n"));
log("I", "rookcmd", "starting the stand-in for Rook's operator");

for (;;) {
  woken = false;
  let settled = false;
  try {
    settled = await round();
  } catch (error) {
    log("E", "op-k8sutil", error instanceof Error ? error.message : String(error));
  }
  if (woken) await new Promise((resolve) => setTimeout(resolve, 200));
  else await pause(settled ? IDLE_MS : BUSY_MS);
}
