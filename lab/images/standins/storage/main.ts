// STAND-IN for what the lab's Rook does not bring: volumes of the lab's StorageClass, in the place of Ceph's CSI driver, and
// the owners of claimed buckets, which Rook reads from 1.17.
import { watch } from "../kube.ts";
import { log } from "./log.ts";
import { reconcileOwners } from "./owners.ts";
import { reconcileVolumes } from "./volumes.ts";

/** Changes of objects wake the loop at once; what they do not tell is looked for this often. */
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

for (
  const path of [
    "/apis/objectbucket.io/v1alpha1/objectbucketclaims",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
  ]
) {
  watch(path, () => (woken = true, wake()));
}
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ port: 8080, onListen: () => {} }, () => new Response("ok\n"));
log("I", "main", "starting the lab's volumes and owners of buckets");

for (;;) {
  woken = false;
  let settled = false;
  try {
    await reconcileVolumes();
    settled = await reconcileOwners();
  } catch (error) {
    log("E", "main", error instanceof Error ? error.message : String(error));
  }
  if (woken) await new Promise((resolve) => setTimeout(resolve, 200));
  else await pause(settled ? IDLE_MS : BUSY_MS);
}
