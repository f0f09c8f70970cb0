/** Labels, taints and topologies: what matches what, as the scheduler sees it. */
import { own } from "../untrusted/lookup.ts";
import type { Expression, LabelSelector, NodeOffer, NodeTerm, PodNeeds, Taint, Toleration } from "./types.ts";

type Labels = Readonly<Record<string, string>>;

function satisfies({ key = "", operator, values = [] }: Expression, labels: Labels): boolean {
  const value = own(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** An empty selector matches everything, an absent one nothing. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (!selector) return false;
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => own(labels, key) === value) &&
    (selector.matchExpressions ?? []).every((one) => satisfies(one, labels));
}

export function matchesNodeSelector(needs: PodNeeds, node: NodeOffer): boolean {
  const labels = node.labels ?? {};
  return Object.entries(needs.nodeSelector ?? {}).every(([key, value]) => own(labels, key) === value);
}

/** Terms are alternatives, the expressions of one hold together; a term without any matches nothing. */
export function matchesNodeTerms(terms: readonly NodeTerm[] | undefined, node: NodeOffer): boolean {
  if (!terms) return true;
  return terms.some(({ matchExpressions = [], matchFields = [] }) =>
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((one) => satisfies(one, node.labels ?? {})) &&
    matchFields.every((one) => satisfies(one, { "metadata.name": node.name }))
  );
}

/** Whether the pod asks for nodes like this one, whatever else speaks against it. */
export function allowed(needs: PodNeeds, node: NodeOffer): boolean {
  return matchesNodeSelector(needs, node) && matchesNodeTerms(needs.nodeTerms, node) &&
    (needs.volumes ?? []).every(({ terms }) => matchesNodeTerms(terms, node));
}

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(({ key = "", operator = "Equal", value = "", effect = "" }) => {
    if (effect !== "" && effect !== taint.effect) return false;
    if (key === "") return operator === "Exists";
    return key === taint.key && (operator === "Exists" || value === (taint.value ?? ""));
  });
}
