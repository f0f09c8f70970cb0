// PersistentVolumeClaims of the lab's storage class: a directory of the node each. Takes the place of Ceph's CSI driver.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { at, create, get, type KubeObject, list, remove, text } from "../kube.ts";
import { log } from "./log.ts";

const PROVISIONER = "lakecheck.dev/directory";
const PATH_ON_NODE = Deno.env.get("LAB_PV_DIR") ?? "/var/lib/lakecheck-pv";
/** Where this pod sees PATH_ON_NODE. */
const PATH_HERE = "/pv";
const VOLUMES = "/api/v1/persistentvolumes";

async function provision(claim: KubeObject, type: KubeObject): Promise<void> {
  const name = `pvc-${claim.metadata.uid}`;
  if (await get(`${VOLUMES}/${name}`)) return;
  mkdirSync(`${PATH_HERE}/${name}`, { recursive: true });
  chmodSync(`${PATH_HERE}/${name}`, 0o777);
  await create(VOLUMES, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
    spec: {
      capacity: { storage: text(claim, "spec", "resources", "requests", "storage") },
      accessModes: at(claim, "spec", "accessModes"),
      persistentVolumeReclaimPolicy: text(type, "reclaimPolicy") || "Delete",
      storageClassName: type.metadata.name,
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        uid: claim.metadata.uid,
        namespace: claim.metadata.namespace,
        name: claim.metadata.name,
      },
      local: { path: `${PATH_ON_NODE}/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "Exists" }] }],
        },
      },
    },
  });
  log("I", "volumes", `directory for ${claim.metadata.namespace}/${claim.metadata.name}`);
}

/** One round: a directory for every new claim, none for volumes that were released. */
export async function reconcileVolumes(): Promise<void> {
  const types = (await list("/apis/storage.k8s.io/v1/storageclasses")).filter((type) =>
    text(type, "provisioner") === PROVISIONER
  );
  for (const claim of types.length > 0 ? await list("/api/v1/persistentvolumeclaims") : []) {
    const type = types.find((one) => one.metadata.name === text(claim, "spec", "storageClassName"));
    if (type && text(claim, "status", "phase") === "Pending" && !claim.metadata.deletionTimestamp) {
      await provision(claim, type);
    }
  }
  for (const volume of await list(VOLUMES)) {
    const ours = volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER;
    if (!ours || text(volume, "status", "phase") !== "Released") continue;
    if (text(volume, "spec", "persistentVolumeReclaimPolicy") !== "Delete") continue;
    await remove(`${VOLUMES}/${volume.metadata.name}`);
    rmSync(`${PATH_HERE}/${volume.metadata.name}`, { recursive: true, force: true });
  }
}
