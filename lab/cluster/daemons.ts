import type { LabContext } from "../context.ts";
import { apiServer } from "./apiserver.ts";
import { felix } from "./calico.ts";
import { containerd } from "./containerd.ts";
import { controllerManager, scheduler } from "./controllers.ts";
import type { Daemon } from "./daemon.ts";
import { etcd } from "./etcd.ts";
import { kubelet } from "./kubelet.ts";
import { onePassword } from "./one_password.ts";
import { proxy } from "./proxy.ts";
import { registry } from "./registry.ts";

/** Every daemon of the cluster, in the order in which they need each other. */
export function daemons(ctx: LabContext) {
  return {
    registry: registry(ctx),
    onePassword: onePassword(ctx),
    containerd: containerd(ctx),
    etcd: etcd(ctx),
    apiServer: apiServer(ctx),
    controllerManager: controllerManager(ctx),
    scheduler: scheduler(ctx),
    kubelet: kubelet(ctx),
    proxy: proxy(ctx),
    felix: felix(ctx),
  } satisfies Record<string, Daemon>;
}
