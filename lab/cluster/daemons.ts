import type { LabContext } from "../context.ts";
import { apiServer } from "./parts/apiserver.ts";
import { felix } from "./parts/calico.ts";
import { containerd } from "./parts/containerd.ts";
import { controllerManager, scheduler } from "./parts/controllers.ts";
import type { Daemon } from "./daemon.ts";
import { etcd } from "./parts/etcd.ts";
import { kubelet } from "./parts/kubelet.ts";
import { onePassword } from "./parts/one_password.ts";
import { proxy } from "./parts/proxy.ts";
import { registry } from "./parts/registry.ts";

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
