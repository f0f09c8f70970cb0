/** Label selectors as the API defines them. */
import { own } from "../../untrusted/lookup.ts";

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key?: string; operator?: string; values?: string[] }[];
}

/** Whether labels satisfy a selector; an empty selector matches everything, an absent one nothing. */
export function matchesSelector(
  selector: Selector | undefined,
  labels: Record<string, string> = {},
): boolean {
  if (!selector) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) =>
    own(labels, key) === value
  );
  return equal && (selector.matchExpressions ?? []).every(({ key = "", operator, values = [] }) => {
    const value = own(labels, key);
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    if (operator === "Exists") return value !== undefined;
    return operator === "DoesNotExist" && value === undefined;
  });
}

/** As kubectl takes it behind -l: `app=nessie,tier=catalog`. */
export function selectorText(labels: Record<string, string>): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(",");
}
