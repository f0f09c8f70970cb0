/** Nodes: Ready, without pressure, and open for pods. */
import { are, count, listed } from "../../engine/sentence.ts";
import type { Check, Component, KindCheck, WordTable } from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, isReady, notUnderstood, refOf } from "../common/mod.ts";
import { nodes } from "../kubernetes/mod.ts";
import { command } from "../../untrusted/shell.ts";

type Node = NonNullable<ReturnType<typeof nodes.read>>;

const PRESSURES = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

const conditionWords: WordTable = {
  field: "status.conditions",
  source: "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/nodestatus/setters.go",
  words: [
    ["Ready=True, KubeletReady", "ok, if nothing else speaks against it"],
    ...["False, KubeletNotReady", "Unknown, NodeStatusUnknown", "Unknown, NodeStatusNeverUpdated"].map((
      word,
    ) => [`Ready=${word}`, "critical, `NodeNotReady`"] as const),
    ...PRESSURES.flatMap((type) => [
      [`${type}=True`, `critical, \`${type}\``] as const,
      [`${type}=False`, "ok, if nothing else speaks against it"] as const,
      [`${type}=Unknown`, "unknown, `NotUnderstood`"] as const,
    ]),
  ],
};

const nodeCheck: KindCheck<Node> = {
  id: "nodes.ready",
  title: "nodes",
  explain:
    "A node is Ready and under no pressure. A cordoned node is a warning, for somebody may have meant it.",
  source: nodes,
  words: [conditionWords],
  component: () => "nodes",
  ref: (node) => refOf("Node", node),
  judge(node, world) {
    const ready = conditionOf(node, "Ready");
    const next = [command`kubectl describe node ${node.metadata?.name}`];
    if (ready && !["True", "False", "Unknown"].includes(ready.status ?? "")) {
      return notUnderstood(`reports Ready=${ready.status}`, {
        observed: `Ready=${ready.status}`,
        expected: "Ready=True",
        evidence: "status.conditions[Ready]",
        next,
      });
    }
    if (ready?.status !== "True") {
      const age = ageText(ageSeconds(world.now, ready?.lastTransitionTime) ?? 0);
      return {
        status: "critical",
        reason: "NodeNotReady",
        message: `has not been Ready for ${age}: ${ready?.message ?? "its kubelet has never reported"}`,
        observed: `Ready=${ready?.status ?? "absent"} ${ready?.reason ?? ""}`.trim(),
        expected: "Ready=True",
        evidence: "status.conditions[Ready]",
        next: [...next, command`systemctl status kubelet containerd   # on ${node.metadata?.name}`],
      };
    }
    const pressed = PRESSURES.map((type) => conditionOf(node, type)).find((entry) =>
      entry?.status === "True"
    );
    if (pressed) {
      return {
        status: "critical",
        reason: pressed.type ?? "Pressure",
        message: `reports ${pressed.type}: ${pressed.message ?? pressed.reason}`,
        observed: `${pressed.type}=True`,
        expected: "False",
        evidence: `status.conditions[${pressed.type}]`,
        next,
      };
    }
    const odd = PRESSURES.map((type) => conditionOf(node, type)).find((entry) =>
      entry !== undefined && entry.status !== "False"
    );
    if (odd) {
      return notUnderstood(`reports ${odd.type}=${odd.status}`, {
        observed: `${odd.type}=${odd.status}`,
        expected: "False",
        evidence: `status.conditions[${odd.type}]`,
        next,
      });
    }
    if (!node.spec?.unschedulable) return undefined;
    return {
      status: "warning",
      reason: "Cordoned",
      message: "is cordoned, so no new pods are placed on it",
      observed: "spec.unschedulable true",
      expected: "open for pods",
      evidence: "spec.unschedulable",
      next: [command`kubectl uncordon ${node.metadata?.name}`],
    };
  },
};

const someNode: Check = {
  id: "nodes.some-ready",
  title: "node capacity",
  explain: "At least one node is Ready and open for pods.",
  needs: [nodes],
  object: () => ({ kind: "Node", name: "*" }),
  run(world) {
    const all = world.list(nodes);
    const open = all.filter((node) => isReady(node) && !node.spec?.unschedulable);
    const base = {
      observed: `${open.length} of ${all.length}`,
      expected: "at least 1",
      evidence: "GET /api/v1/nodes",
    };
    if (open.length > 0) {
      return [{
        ...base,
        status: "ok",
        reason: "Ready",
        message: `${open.length} of ${count(all.length, "node")} ${
          open.length === 1 ? "accepts" : "accept"
        } new pods`,
      }];
    }
    const cordoned = all.filter((node) => node.spec?.unschedulable).map((node) => node.metadata?.name);
    const why = cordoned.length > 0
      ? ` because ${listed(cordoned.flatMap((name) => name ?? []))} ${are(cordoned.length)} cordoned`
      : "";
    const next = cordoned.map((name) => command`kubectl uncordon ${name}`).slice(0, 3);
    const message = `No node accepts new pods${why}`;
    return [{
      ...base,
      status: "critical",
      reason: "NoNode",
      message,
      next: [...next, command`kubectl get nodes`],
    }];
  },
};

export const nodesComponent: Component = {
  name: "nodes",
  title: "Nodes",
  dependsOn: ["kubernetes"],
  sources: [nodes],
  namespaces: () => [],
  kinds: [nodeCheck],
  checks: [someNode],
  // The cordon of a single node is why none is left; of several, none is the one.
  edges: (world) =>
    world.list(nodes).map((node, _, all) => ({
      from: { kind: "Node", name: "*" },
      to: refOf("Node", node),
      via: "nodes",
      explains: ["NoNode"],
      decisive: all.length === 1,
    })),
};
