/** Quantities of Kubernetes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */

import { own } from "../untrusted/lookup.ts";

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** `500m` is 0.5, `1Gi` is 1073741824; undefined when it is no quantity. */
export function parseQuantity(text: string | number | undefined): number | undefined {
  if (typeof text === "number") return Number.isFinite(text) ? text : undefined;
  const [, digits, exponent, suffix = ""] = QUANTITY.exec(text?.trim() ?? "") ?? [];
  if (digits === undefined) return undefined;
  const value = exponent === undefined
    ? Number(digits) * (own(FACTORS, suffix) ?? 1)
    : Number(digits) * 10 ** Number(exponent);
  return Number.isFinite(value) ? value : undefined;
}

const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** As people write it: bytes of memory and storage with a binary suffix, everything else as a number. */
export function formatQuantity(resource: string, value: number): string {
  if (!/memory|storage|hugepages/.test(resource)) return String(Math.round(value * 1000) / 1000);
  let [shown, suffix] = [value, ""];
  for (const next of BINARY) {
    if (Math.abs(shown) < 1024) break;
    [shown, suffix] = [shown / 1024, next];
  }
  return `${Math.round(shown * 10) / 10}${suffix}`;
}
