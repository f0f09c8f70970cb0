// CephCluster and CephBlockPool: starts monitor and OSD, and reports what `ceph status` says.
import { apply, at, get, type KubeObject, list, merge, text } from "../kube.ts";
import { ceph, cephConf, ensureKeys, log, NAMESPACE, ownerOf, writeConf } from "./ceph.ts";
import { daemonLabels, deployment } from "./daemons.ts";

const API = `/apis/ceph.rook.io/v1/namespaces/${NAMESPACE}`;
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

/** Generation of each CR that was last rolled out, by uid. A scaled or edited Deployment stays as it is until then. */
const rolledOut = new Map<string, number>();
let lastChecked = 0;

/** True when `object` changed since its Deployments were last written, or one of them is missing. */
export async function needsRollOut(object: KubeObject, ...deployments: string[]): Promise<boolean> {
  if (rolledOut.get(object.metadata.uid ?? "") !== object.metadata.generation) return true;
  for (const name of deployments) if (!await get(`${APPS}/${name}`)) return true;
  return false;
}

/** Remembers that the Deployments of `object` are as it says. */
export function noteRollOut(object: KubeObject): void {
  rolledOut.set(object.metadata.uid ?? "", object.metadata.generation ?? 0);
}

async function rollOut(cluster: KubeObject): Promise<void> {
  const owner = ownerOf(cluster);
  const parent = { kind: "CephCluster", name: cluster.metadata.name };
  const image = text(cluster, "spec", "cephVersion", "image");
  const keys = await ensureKeys(owner);
  const mon = daemonLabels({ type: "mon", id: "a", parent });
  const service = await apply(`${CORE}/services/rook-ceph-mon-a`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "rook-ceph-mon-a", namespace: NAMESPACE, labels: mon, ownerReferences: [owner] },
    spec: {
      selector: { app: "rook-ceph-mon", ceph_daemon_id: "a" },
      publishNotReadyAddresses: true,
      ports: [{ name: "tcp-msgr2", port: 3300 }, { name: "tcp-msgr1", port: 6789 }],
    },
  });
  const address = text(service, "spec", "clusterIP");
  const conf = cephConf(keys.fsid, address);
  writeConf(conf, keys.keyring);
  await apply(`${CORE}/secrets/rook-ceph-config`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "rook-ceph-config", namespace: NAMESPACE, ownerReferences: [owner] },
    type: "kubernetes.io/rook",
    stringData: { "ceph.conf": conf, keyring: keys.keyring },
  });
  const resources = (type: string) => at(cluster, "spec", "resources", type);
  const tcp = (port: number) => ({ tcpSocket: { port }, periodSeconds: 2, failureThreshold: 3 });
  await apply(
    `${APPS}/rook-ceph-mon-a`,
    deployment({
      type: "mon",
      id: "a",
      name: "rook-ceph-mon-a",
      image,
      parent,
      owner,
      env: { MON_IP: address },
      resources: resources("mon"),
      probe: tcp(3300),
    }),
  );
  await apply(
    `${APPS}/rook-ceph-osd-0`,
    deployment({
      type: "osd",
      id: "0",
      name: "rook-ceph-osd-0",
      image,
      parent,
      owner,
      env: { MON_IP: address, OSD_UUID: keys.osdUuid },
      labels: { "ceph-osd-id": "0", failureDomain: "host" },
      resources: resources("osd"),
      probe: tcp(6800),
    }),
  );
  noteRollOut(cluster);
  log("I", "ceph-cluster-controller", `mon-a and osd-0 rolled out for "${cluster.metadata.name}"`);
}

async function setStatus(
  cluster: KubeObject,
  phase: string,
  ready: boolean,
  message: string,
  health: unknown,
) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const before = at(cluster, "status", "conditions");
  const old = Array.isArray(before) ? before.find((one) => text(one, "type") === "Ready") : undefined;
  const same = text(old, "status") === (ready ? "True" : "False");
  await merge(`${API}/cephclusters/${cluster.metadata.name}/status`, {
    status: {
      phase,
      state: phase === "Progressing" ? "Creating" : ready ? "Created" : "Error",
      message,
      observedGeneration: cluster.metadata.generation,
      version: { image: text(cluster, "spec", "cephVersion", "image"), version: "16.2.0-0" },
      conditions: [{
        type: "Ready",
        status: ready ? "True" : "False",
        reason: phase === "Progressing" ? "ClusterProgressing" : "ClusterCreated",
        message,
        lastHeartbeatTime: now,
        lastTransitionTime: same ? text(old, "lastTransitionTime") || now : now,
      }],
      ceph: health,
    },
  });
}

/** `ceph status` as CephCluster.status.ceph shows it. `up`: the cluster answered and has an OSD that is up. */
async function health(
  cluster: KubeObject,
): Promise<{ ceph: Record<string, unknown>; up: boolean; answered: boolean }> {
  const said = await ceph("ceph", "status", "--format", "json");
  const lastChecked = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const previous = text(cluster, "status", "ceph", "health");
  const changed = (now: string) =>
    now === previous || previous === "" ? {} : { previousHealth: previous, lastChanged: lastChecked };
  const stale = Object.fromEntries(
    Object.keys(Object(at(cluster, "status", "ceph", "details"))).map((key) => [key, null]),
  );
  if (!said.ok) {
    const why = `failed to get status. . ${said.stderr.split("\n").at(-1) || "timed out"}`;
    const details = { ...stale, error: { severity: "Urgent", message: why } };
    return {
      ceph: { health: "HEALTH_ERR", lastChecked, details, ...changed("HEALTH_ERR") },
      up: false,
      answered: false,
    };
  }
  const status: unknown = JSON.parse(said.stdout);
  const now = text(status, "health", "status");
  const details: Record<string, unknown> = stale;
  for (const [code, check] of Object.entries(Object(at(status, "health", "checks")))) {
    details[code] = { severity: text(check, "severity"), message: text(check, "summary", "message") };
  }
  const up = Number(text(status, "osdmap", "num_up_osds")) > 0;
  return {
    ceph: { health: now, lastChecked, details, fsid: text(status, "fsid"), ...changed(now) },
    up,
    answered: true,
  };
}

/** Seconds of a Go duration such as `60s` or `1m`; 60 when it can't be read. */
function seconds(duration: string): number {
  const parts = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  return parts && duration !== "" ? Number(parts[1] ?? 0) * 60 + Number(parts[2] ?? 0) : 60;
}

async function reconcilePools(created: boolean): Promise<void> {
  for (const pool of await list(`${API}/cephblockpools`)) {
    const done = text(pool, "status", "phase") === "Ready";
    if (done || !created) continue;
    const said = await ceph("ceph", "osd", "pool", "create", pool.metadata.name, "8");
    if (said.ok) await ceph("ceph", "osd", "pool", "application", "enable", pool.metadata.name, "rbd");
    await merge(`${API}/cephblockpools/${pool.metadata.name}/status`, {
      status: { phase: said.ok ? "Ready" : "Failure", observedGeneration: pool.metadata.generation },
    });
  }
}

/** One round over CephCluster and its pools. True when the cluster is there and answers. */
export async function reconcileCluster(): Promise<boolean> {
  const [cluster] = await list(`${API}/cephclusters`);
  if (!cluster || cluster.metadata.deletionTimestamp) return false;
  if (await needsRollOut(cluster, "rook-ceph-mon-a", "rook-ceph-osd-0")) {
    await rollOut(cluster);
    if (text(cluster, "status", "phase") === "") {
      await setStatus(cluster, "Progressing", false, "Configuring Ceph Mons", {
        health: "HEALTH_WARN",
        details: {},
      });
    }
    lastChecked = 0;
  }
  const phase = text(cluster, "status", "phase");
  const interval = seconds(text(cluster, "spec", "healthCheck", "daemonHealth", "status", "interval"));
  if (phase === "Ready" && Date.now() - lastChecked < interval * 1000) return true;
  const now = await health(cluster);
  lastChecked = Date.now();
  const created = phase === "Ready";
  if (!created && !now.up) return false;
  if (!created) log("I", "ceph-cluster-controller", "cluster is up");
  // As in Rook: a cluster that was created keeps its phase; Ready turns False when it can't be asked.
  const message = now.answered ? "Cluster created successfully" : "Failed to configure ceph cluster";
  await setStatus(cluster, "Ready", now.answered, message, now.ceph);
  await reconcilePools(now.up);
  return now.answered;
}
