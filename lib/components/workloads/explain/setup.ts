/** What is wrong with how a pod is set up, told only of one that fails: its DNS, the ports of its containers. */
import type { World } from "../../../engine/model.ts";
import type { Pod } from "../../kubernetes/mod.ts";
import { wordsOf } from "../log_signals.ts";
import { elsewhereText } from "./databases.ts";
import { logSays } from "../log_signals.ts";

/** What the log of a failing pod and its set-up tell together, as an addition to a message. */
export function whyText(pod: Pod, world: World): string {
  return logSays(pod, world) + elsewhereText(pod, world) + portText(pod) + dnsText(pod, world);
}

/** Words that a pod's own DNS has nothing to do with. */
const NOT_DNS = new Set([
  "PortInUse",
  "OutOfMemory",
  "DiskFull",
  "ClassNotFound",
  "WrongArchitecture",
  "BadBase64",
]);

/** A pod that asks other name servers than the cluster's does not find Services. */
function dnsText(pod: Pod, world: World): string {
  const { dnsPolicy, dnsConfig, hostNetwork } = pod.spec ?? {};
  const servers = dnsConfig?.nameservers ?? [];
  const inCluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === undefined && !hostNetwork);
  if (inCluster || wordsOf(pod, world).some((word) => NOT_DNS.has(word))) return "";
  const policy = dnsPolicy ?? "ClusterFirst on the node's network";
  const whom = servers.length > 0 ? `the nameserver ${servers.join(", ")}` : "the name servers of its node";
  return `; its dnsPolicy ${policy} makes it ask ${whom} instead of the cluster's DNS, so that names of Services do not resolve`;
}

/** Containers of a pod share their ports: two that want one cannot both run. */
function portText(pod: Pod): string {
  const takers = new Map<number, string>();
  for (const { name = "", ports = [], ownPorts = [] } of pod.spec?.containers ?? []) {
    for (const port of new Set([...ports.flatMap(({ containerPort }) => containerPort ?? []), ...ownPorts])) {
      const other = takers.get(port);
      if (other !== undefined) {
        return `; its containers ${other} and ${name} both want port ${port}, so that one finds it already in use`;
      }
      takers.set(port, name);
    }
  }
  return "";
}
