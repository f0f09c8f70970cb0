import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { isOk } from "../api.ts";
import type { Daemon } from "../daemon.ts";
import { pkiPath } from "../pki.ts";

/** Where the API server finds etcd, inside the namespace. */
export const ETCD_URL = "https://127.0.0.1:2379";

/** etcd: one member, TLS with its own authority. It does not wait for the disk: the lab's state is not worth it. */
export function etcd(ctx: LabContext): Daemon {
  const metrics = `http://${ctx.net.node}:2381`;
  return {
    name: "etcd",
    version: "3.6.5",
    argv: [
      join(ctx.cache, "bin/etcd"),
      "--name=lab",
      `--data-dir=${join(ctx.dir, "etcd")}`,
      `--listen-client-urls=${ETCD_URL}`,
      `--advertise-client-urls=${ETCD_URL}`,
      "--listen-peer-urls=http://127.0.0.1:2380",
      "--initial-advertise-peer-urls=http://127.0.0.1:2380",
      "--initial-cluster=lab=http://127.0.0.1:2380",
      `--listen-metrics-urls=${metrics}`,
      "--client-cert-auth",
      `--cert-file=${pkiPath(ctx, "etcd", "crt")}`,
      `--key-file=${pkiPath(ctx, "etcd", "key")}`,
      `--trusted-ca-file=${pkiPath(ctx, "etcd-ca", "crt")}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
    files: [pkiPath(ctx, "etcd", "crt")],
    ready: () => isOk(ctx, `${metrics}/health`),
    readyMs: 20_000,
  };
}
