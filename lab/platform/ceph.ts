/** What the lab's Ceph and Rook must both know: the cluster's id, its keys, its configuration, where the monitor is. */
import { Buffer } from "node:buffer";
import { randomBytes, randomUUID } from "node:crypto";
import { stringify } from "yaml";
import type { LabContext } from "../context.ts";
import { type Kube, text } from "./kube.ts";

const NAMESPACE = "rook-ceph";
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;

/** A Ceph key as ceph-authtool makes it: type, creation time, length, 16 random bytes. */
function cephKey(): string {
  const key = Buffer.alloc(28);
  key.writeUInt16LE(1, 0);
  key.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  key.writeUInt16LE(16, 10);
  randomBytes(16).copy(key, 12);
  return key.toString("base64");
}

/** ceph.conf for one monitor, one OSD, one gateway, no manager; quick rather than safe. */
function cephConf(fsid: string, monitor: string): string {
  return `[global]
fsid = ${fsid}
mon_host = [v2:${monitor}:3300,v1:${monitor}:6789]
keyring = /etc/ceph/keyring
auth_allow_insecure_global_id_reclaim = false
log_to_stderr = true
mon_cluster_log_to_stderr = true
log_file =
mon_cluster_log_file =
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_mgr_mkfs_grace = 315360000
mon_tick_interval = 1
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_osd_report_timeout = 20
osd_beacon_report_interval = 5
paxos_propose_interval = 0.05
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
crush_location = root=default host=lab
osd_class_load_list = *
osd_class_default_list = *
osd_memory_target = 939524096
osd_objectstore = bluestore
bluestore_block_create = true
bluestore_block_size = 8589934592
bluestore_cache_size = 67108864
rgw_frontends = beast port=80 tcp_nodelay=1
rgw_enable_apis = s3, admin
rgw_dynamic_resharding = false
debug_rgw = 0/0
rgw_lc_debug_interval = 3
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 60
rgw_thread_pool_size = 32
`;
}

interface Keys {
  fsid: string;
  osdUuid: string;
  monitor: string;
  admin: string;
  gateway: string;
  osd: string;
}

function keyring(keys: Keys): string {
  const entry = (name: string, key: string, caps: Record<string, string>) =>
    [`[${name}]`, `key = ${key}`, ...Object.entries(caps).map(([to, what]) => `caps ${to} = "${what}"`), ""]
      .join("\n");
  return [
    entry("mon.", keys.monitor, { mon: "allow *" }),
    entry("client.admin", keys.admin, { mon: "allow *", osd: "allow *", mgr: "allow *" }),
    entry("client.rgw", keys.gateway, { mon: "allow rw", osd: "allow rwx" }),
    entry("osd.0", keys.osd, { mon: "allow profile osd", osd: "allow *" }),
  ].join("\n");
}

/** The keys of this lab's Ceph: new ones, unless the cluster has some. */
async function cephKeys(kube: Kube): Promise<Keys> {
  const found = await kube.get(`${SECRETS}/ceph-daemons`);
  if (found) return JSON.parse(Buffer.from(text(found, "data", "keys.json"), "base64").toString());
  return {
    fsid: randomUUID(),
    osdUuid: randomUUID(),
    monitor: cephKey(),
    admin: cephKey(),
    gateway: cephKey(),
    osd: cephKey(),
  };
}

/** The S3 user by whom Rook asks the gateway: new keys, unless the cluster has some. */
async function adminUser(kube: Kube): Promise<Record<string, string>> {
  const found = await kube.get(`${SECRETS}/rgw-admin-ops-user`);
  const value = (key: string) => Buffer.from(text(found, "data", key), "base64").toString();
  if (found) return { accessKey: value("accessKey"), secretKey: value("secretKey") };
  return {
    accessKey: randomBytes(10).toString("hex").toUpperCase(),
    secretKey: randomBytes(20).toString("hex"),
  };
}

/**
 * As YAML: what Ceph's daemons read, and what Rook wants of a cluster that is not its own: who it is, by whom it may be
 * asked (Secrets), and where (ConfigMap). And the Service before the gateway: Rook keeps one that is there, and makes
 * its endpoints, since clusters from before Rook 1.11 have it.
 */
export async function cephConnection(ctx: LabContext, kube: Kube): Promise<string> {
  const [keys, user] = await Promise.all([cephKeys(kube), adminUser(kube)]);
  const named = (kind: string, name: string, rest: Record<string, unknown>) =>
    stringify({ apiVersion: "v1", kind, metadata: { name, namespace: NAMESPACE }, ...rest }, {
      lineWidth: 0,
    });
  return [
    named("Secret", "ceph-daemons", {
      stringData: {
        "keys.json": JSON.stringify(keys),
        "osd-uuid": keys.osdUuid,
        "ceph.conf": cephConf(keys.fsid, ctx.net.monitor),
        keyring: keyring(keys),
      },
    }),
    named("Secret", "rook-ceph-mon", {
      type: "kubernetes.io/rook",
      stringData: {
        "cluster-name": NAMESPACE,
        fsid: keys.fsid,
        "admin-secret": keys.admin,
        "mon-secret": keys.monitor,
        "ceph-username": "client.admin",
        "ceph-secret": keys.admin,
      },
    }),
    named("ConfigMap", "rook-ceph-mon-endpoints", {
      data: { data: `a=${ctx.net.monitor}:3300`, mapping: "{}", maxMonId: "0" },
    }),
    named("Secret", "rgw-admin-ops-user", { type: "kubernetes.io/rook", stringData: user }),
    named("Service", "rook-ceph-rgw-storage", { spec: { ports: [{ name: "http", port: 80 }] } }),
  ].join("\n---\n");
}
