// The Ceph that the stand-in operator runs: its keys, its configuration, and how to ask it.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { apply, get, text } from "../kube.ts";

/** Namespace of operator and cluster. */
export const NAMESPACE = "rook-ceph";
const CONF_DIR = "/tmp/ceph";
const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/rook-ceph-mons-keyring`;

/** What a command said. */
export interface Said {
  ok: boolean;
  stdout: string;
  stderr: string;
}

/** A Ceph key as ceph-authtool makes it: type, creation time, length, 16 random bytes. */
function cephKey(): string {
  const key = Buffer.alloc(28);
  key.writeUInt16LE(1, 0);
  key.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  key.writeUInt16LE(16, 10);
  randomBytes(16).copy(key, 12);
  return key.toString("base64");
}

function keyring(): string {
  const entry = (name: string, caps: Record<string, string>) =>
    [
      `[${name}]`,
      `key = ${cephKey()}`,
      ...Object.entries(caps).map(([to, what]) => `caps ${to} = "${what}"`),
      "",
    ].join("\n");
  return [
    entry("mon.", { mon: "allow *" }),
    entry("client.admin", { mon: "allow *", osd: "allow *", mgr: "allow *" }),
    entry("client.rgw", { mon: "allow rw", osd: "allow rwx" }),
    entry("osd.0", { mon: "allow profile osd", osd: "allow *" }),
  ].join("\n");
}

/** The keys of this cluster, made once and kept in a Secret as Rook does. */
export async function ensureKeys(
  owner: unknown,
): Promise<{ fsid: string; osdUuid: string; keyring: string }> {
  const found = await get(SECRET);
  const secret = found ?? await apply(SECRET, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "rook-ceph-mons-keyring", namespace: NAMESPACE, ownerReferences: [owner] },
    type: "kubernetes.io/rook",
    stringData: { fsid: randomUUID(), "osd-uuid": randomUUID(), keyring: keyring() },
  });
  const value = (key: string) => Buffer.from(text(secret, "data", key), "base64").toString();
  return { fsid: value("fsid"), osdUuid: value("osd-uuid"), keyring: value("keyring") };
}

/** ceph.conf for one monitor, one OSD, one gateway, no manager; quick rather than safe. */
export function cephConf(fsid: string, monitor: string): string {
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
rgw_frontends = beast port=8080 tcp_nodelay=1
rgw_enable_apis = s3, admin
rgw_dynamic_resharding = false
debug_rgw = 0/0
rgw_lc_debug_interval = 3
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 60
rgw_thread_pool_size = 32
`;
}

/** Writes the configuration that this process's own commands use. */
export function writeConf(conf: string, keys: string): void {
  mkdirSync(CONF_DIR, { recursive: true, mode: 0o700 });
  writeFileSync(`${CONF_DIR}/ceph.conf`, conf.replace("/etc/ceph/keyring", `${CONF_DIR}/keyring`), {
    mode: 0o600,
  });
  writeFileSync(`${CONF_DIR}/keyring`, keys, { mode: 0o600 });
}

/** Runs a Ceph command; it gets 20 seconds. */
export async function ceph(command: "ceph" | "radosgw-admin", ...args: string[]): Promise<Said> {
  const limits = command === "ceph" ? ["--connect-timeout", "8"] : [];
  const output = await new Deno.Command(command, {
    args: ["-c", `${CONF_DIR}/ceph.conf`, ...limits, ...args],
    signal: AbortSignal.timeout(20_000),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    ok: output.success,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr).trim(),
  };
}

/** What a CR's children name as their owner, so that they go when it goes. */
export function ownerOf(
  object: { apiVersion: string; kind: string; metadata: { name: string; uid?: string } },
): unknown {
  const { apiVersion, kind, metadata } = object;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Says something in the log as Rook does. */
export function log(level: "I" | "W" | "E", where: string, message: string): void {
  console.error(`${new Date().toISOString()} ${level} | ${where}: ${message}`);
}
