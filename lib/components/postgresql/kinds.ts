/** CloudNativePG's Cluster: where it is listed, and which of its fields are kept. */
import type { ListSource } from "../../engine/model.ts";
import { list, map, num, obj, objectName, str } from "../../engine/decode.ts";
import { conditions, metadata, text } from "../common/mod.ts";

const secret = obj({ name: objectName });
const storage = obj({ storageClass: str });

const read = obj({
  metadata,
  annotations: obj({ "cnpg.io/hibernation": str, "cnpg.io/fencedInstances": str }),
  spec: obj({
    instances: num,
    bootstrap: obj({ initdb: obj({ secret }), recovery: obj({ secret }), pg_basebackup: obj({ secret }) }),
    superuserSecret: secret,
    storage,
    walStorage: storage,
    managed: obj({ roles: list(obj({ name: objectName, passwordSecret: secret })) }),
  }),
  status: obj({
    instances: num,
    readyInstances: num,
    phase: str,
    phaseReason: text,
    currentPrimary: str,
    targetPrimary: str,
    targetPrimaryTimestamp: str,
    instanceNames: list(str),
    conditions,
    managedRolesStatus: obj({ cannotReconcile: map(list(text)) }),
  }),
});

/** The annotations stand in metadata, which is otherwise read as everywhere. */
export const clusters: ListSource<Cluster> = {
  id: "cnpg.clusters",
  kind: "Cluster",
  path: "/apis/postgresql.cnpg.io/v1/clusters",
  read(value) {
    const annotations = (value as { metadata?: { annotations?: unknown } } | null)?.metadata?.annotations;
    return read(typeof value === "object" && value !== null ? { ...value, annotations } : value);
  },
};
export type Cluster = NonNullable<ReturnType<typeof read>>;
