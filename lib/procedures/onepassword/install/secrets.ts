/** The two Secrets that GitOps can't hold: Connect's credentials and the token of its clients. */
import type { KubeObject } from "../../../clients/kubernetes/writer.ts";
import { entries } from "../objects.ts";
import { at } from "../../../untrusted/lookup.ts";

/** A key of a Secret and what it is to hold. */
export interface Wanted {
  name: string;
  namespace: string;
  key: string;
  /** Secret. */
  value: string;
}

/** A Secret object with this one key. */
export function secretObject({ name, namespace, key, value }: Wanted): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "lakehouse" } },
    type: "Opaque",
    data: { [key]: new TextEncoder().encode(value).toBase64() },
  };
}

/** When the value was last written, as the API server tracks it; undefined when it does not. */
export function writtenAt(found: KubeObject | undefined, key: string): Date | undefined {
  const times = entries(at(found, "metadata", "managedFields")).filter((entry) =>
    at(entry, "fieldsV1", "f:data", `f:${key}`)
  )
    .map((entry) => Date.parse(String(at(entry, "time"))));
  return times.length > 0 ? new Date(Math.max(...times)) : undefined;
}
