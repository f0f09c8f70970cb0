import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { listens } from "../api.ts";
import { daemonCgroup } from "../cgroups.ts";
import type { Daemon } from "../daemon.ts";

/** The image of every pod's first container. */
export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

/** containerd's socket. */
export function containerdSocket(ctx: LabContext): string {
  return join(ctx.run, "containerd.sock");
}

/** Directory of the CNI plugins that containerd may run. */
export function cniBin(ctx: LabContext): string {
  return join(ctx.dir, "cni/bin");
}

/** Directory of the CNI network configuration. */
export function cniConf(ctx: LabContext): string {
  return join(ctx.dir, "cni/net.d");
}

/** Cgroup of the container shims: not containerd's own, so that containers outlive its restart. */
function shimCgroup(ctx: LabContext): string {
  return `${ctx.cgroup}/system/shims`;
}

const UNUSED_PLUGINS = [
  "io.containerd.internal.v1.opt",
  "io.containerd.image-verifier.v1.bindir",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
];

/** Pure: containerd's configuration. State is in `ctx.run`, for socket paths must be short; images are in `root`. */
export function containerdConfig(ctx: LabContext, root: string): string {
  const text = (value: string) => JSON.stringify(value);
  return `version = 4
root = ${text(root)}
state = ${text(join(ctx.run, "containerd"))}
imports = []
disabled_plugins = ${JSON.stringify(UNUSED_PLUGINS)}

[debug]
  level = "warn"

[plugins."io.containerd.server.v1.grpc"]
  address = ${text(containerdSocket(ctx))}
[plugins."io.containerd.server.v1.ttrpc"]
  address = ${text(`${containerdSocket(ctx)}.ttrpc`)}
[plugins."io.containerd.shim.v1.manager"]
  socket_dir = ${text(join(ctx.run, "shims"))}
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.metadata.v1.bolt"]
  no_sync = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  max_concurrent_downloads = 4
  use_local_image_pull = true
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${text(PAUSE_IMAGE)}
[plugins."io.containerd.cri.v1.images".registry]
  config_path = ${text(join(ctx.etc, "certs.d"))}

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [${text(cniBin(ctx))}]
  conf_dir = ${text(cniConf(ctx))}
  use_internal_loopback = true
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  Root = ${text(join(ctx.run, "runc"))}
  ShimCgroup = ${text(shimCgroup(ctx))}
  SystemdCgroup = false
`;
}

/** Pure: sends every pull, whatever registry the image names, to the lab's own. */
export function mirrorConfig(ctx: LabContext): string {
  return `[host."http://${ctx.registry}"]\n  capabilities = ["pull", "resolve"]\n`;
}

function configFile(ctx: LabContext): string {
  return join(ctx.etc, "containerd.toml");
}

/** Directory of containerd's images and snapshots. */
export function containerdRoot(ctx: LabContext): string {
  return join(ctx.dir, "containerd");
}

/** Writes containerd's configuration and puts the CNI plugins where it looks for them. */
export function configureContainerd(ctx: LabContext): void {
  mkdirSync(join(ctx.etc, "certs.d/_default"), { recursive: true, mode: 0o700 });
  writeFileSync(join(ctx.etc, "certs.d/_default/hosts.toml"), mirrorConfig(ctx));
  writeFileSync(configFile(ctx), containerdConfig(ctx, containerdRoot(ctx)));
  for (const dir of [cniBin(ctx), cniConf(ctx), daemonCgroup(ctx, "shims")]) {
    mkdirSync(dir, { recursive: true });
  }
  const plugins = [
    ["calico", "bin/calico"],
    ["calico-ipam", "bin/calico"],
    ["portmap", "cni/portmap"],
  ];
  for (const [name, path] of plugins) link(join(ctx.cache, path ?? ""), join(cniBin(ctx), name ?? ""));
}

function link(target: string, path: string): void {
  if (existsSync(path)) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** containerd, with runc from the distribution. */
export function containerd(ctx: LabContext): Daemon {
  return {
    name: "containerd",
    version: "2.4.2",
    argv: [join(ctx.cache, "bin/containerd"), `--config=${configFile(ctx)}`],
    files: [configFile(ctx)],
    ready: () => listens(containerdSocket(ctx)),
    readyMs: 30_000,
  };
}
