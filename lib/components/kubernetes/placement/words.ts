/** What keeps a pod from every node, as a clause. */
import { count, listed } from "../../../engine/sentence.ts";
import { type Cause, type Excluded, formatQuantity } from "../../../scheduling/mod.ts";
import { selectorText } from "../../common/mod.ts";
import type { Pod } from "../kinds.ts";

type Expressions = { key?: string; operator?: string; values?: string[] }[];

/** `its nodeSelector disk=ssd matches none of the 3 nodes; 1 other node is cordoned (master)`. */
export function placementText(pod: Pod, cause: Cause): string {
  return mainText(pod, cause) + othersText(cause);
}

function mainText(pod: Pod, cause: Cause): string {
  const { example } = cause;
  const nodes = nodesText(cause.nodes);
  const one = cause.nodes.length === 1;
  switch (example.kind) {
    case "selector":
      return `its nodeSelector ${wishText(pod, "selector")} ${noneOf(cause.nodes)}`;
    case "affinity":
      return `its nodeAffinity ${wishText(pod, "affinity")} ${noneOf(cause.nodes)}`;
    case "volume":
      return `its volume ${example.name} cannot be reached from the ${nodes}`;
    case "cordon":
      return cause.choosy
        ? `${namesOf(cause)}, ${only(one)} that ${wishesText(pod)} allows, ${one ? "is" : "are"} cordoned`
        : `${namesOf(cause)} ${one ? "is" : "are"} cordoned`;
    case "taint": {
      const { key, value, effect } = example.taint;
      const taint = `the taint ${key}${value ? `=${value}` : ""}:${effect}, which it does not tolerate`;
      return cause.choosy
        ? `${namesOf(cause)}, ${only(one)} that ${wishesText(pod)} allows, ${one ? "has" : "have"} ${taint}`
        : `${nodes} ${one ? "has" : "have"} ${taint}`;
    }
    case "anti-affinity": {
      const term = termText(example.term.labelSelector);
      return example.by === "own"
        ? `its pod anti-affinity forbids the ${nodes} where pods with ${term} run already`
        : `the anti-affinity of pods on the ${nodes} keeps pods with ${term} away`;
    }
    case "pod-affinity":
      return `its pod affinity asks for pods with ${
        termText(example.term.labelSelector)
      } beside it, and the ${nodes} ${one ? "has" : "have"} none`;
    case "ports":
      return `port ${example.port} of the host, which it asks for, is in use on the ${nodes}`;
    case "resources":
      return resourceText(cause);
  }
}

function resourceText({ nodes, example }: Cause): string {
  if (example.kind !== "resources") return "";
  const { resource } = example;
  const all = nodes.flatMap(({ by }) =>
    by.flatMap((one) => one.kind === "resources" && one.resource === resource ? [one] : [])
  );
  const amount = (value: number) => formatQuantity(resource, value);
  const largest = Math.max(...all.map((one) => one.all));
  const free = Math.max(0, ...all.map((one) => one.free));
  const offer = example.wanted > largest
    ? `the largest of the ${nodesText(nodes)} has ${amount(largest)} in all`
    : `none of the ${nodesText(nodes)} has more than ${amount(free)} free of at most ${amount(largest)}`;
  return `Insufficient ${resource}: it requests ${amount(example.wanted)}, and ${offer}`;
}

const nodesText = (nodes: readonly Excluded[]) => count(nodes.length, "node");
const noneOf = (nodes: readonly Excluded[]) =>
  nodes.length === 1
    ? `does not match node ${nodes[0]?.node.name}`
    : `matches none of the ${nodesText(nodes)}`;
const only = (one: boolean) => one ? "the only node" : "the only nodes";

function namesOf({ nodes }: Cause): string {
  const names = nodes.map(({ node }) => node.name);
  return names.length === 1 ? `node ${names[0]}` : `nodes ${listed(names)}`;
}

function wishesText(pod: Pod): string {
  const selector = wishText(pod, "selector");
  const affinity = wishText(pod, "affinity");
  return [selector && `its nodeSelector ${selector}`, affinity && `its nodeAffinity ${affinity}`]
    .filter(Boolean).join(" and ") || "its volume";
}

function wishText(pod: Pod, kind: "selector" | "affinity"): string {
  const { nodeSelector, affinity } = pod.spec ?? {};
  if (kind === "selector") return selectorText(nodeSelector ?? {});
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (terms ?? []).map(({ matchExpressions = [], matchFields = [] }) =>
    expressionsText([...matchExpressions, ...matchFields])
  ).join(" or ");
}

function expressionsText(expressions: Expressions): string {
  return expressions.map(({ key, operator, values = [] }) => {
    const words = operator === "NotIn" ? "not in" : operator === "In" ? "in" : operator;
    return values.length > 0 ? `${key} ${words} ${values.join("/")}` : `${key} ${words}`;
  }).join(", ");
}

function termText(
  selector: { matchLabels?: Record<string, string>; matchExpressions?: Expressions } | undefined,
): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [...equal, expressionsText(selector?.matchExpressions ?? [])].filter(Boolean).join(", ");
}

const OTHERS = {
  cordon: "cordoned",
  taint: "tainted",
  selector: "not selected",
  affinity: "not selected",
  volume: "out of its volume's reach",
  resources: "full",
  ports: "using its host port",
  "anti-affinity": "left out by pod anti-affinity",
  "pod-affinity": "without the pods it wants beside it",
} as const;

/** What speaks against the rest of the nodes, so that nobody lifts the one constraint and meets the next. */
function othersText({ others }: Cause): string {
  const groups = Map.groupBy(others, ({ by }) => by[0] ? OTHERS[by[0].kind] : "open");
  return [...groups].map(([why, all]) => {
    const names = listed(all.map(({ node }) => node.name));
    return all.length > 1 ? `; nodes ${names} are ${why}` : `; node ${names} is ${why}`;
  }).join("");
}
