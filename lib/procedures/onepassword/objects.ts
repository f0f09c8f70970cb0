/** Reads loose API objects as the write client gives them, for all procedures of this room. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../clients/kubernetes/writer.ts";
import { CannotLook } from "../../engine/errors.ts";
import { at } from "../../untrusted/lookup.ts";

export const EXTERNAL_SECRETS = "/apis/external-secrets.io/v1";

/** The entries of a list; none where there is no list. */
export function entries(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The condition of that type in an object's status. */
export function conditionOf(object: KubeObject, type: string): unknown {
  return entries(at(object, "status", "conditions")).find((entry) => at(entry, "type") === type);
}

/** The objects at a path; none where the API server does not serve their kind. */
export async function listIfServed(kube: KubeWriter, path: string): Promise<KubeObject[]> {
  try {
    return await kube.list(path);
  } catch (error) {
    if (error instanceof CannotLook && error.failure.kind === "not-installed") return [];
    throw error;
  }
}

/** The pods of a namespace that have all these labels: a Service's selector, or a Deployment's matchLabels. */
export async function podsSelected(
  kube: KubeWriter,
  namespace: string,
  selector: unknown,
): Promise<KubeObject[]> {
  const labels = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`).join(",");
  return await kube.list(kubePath`/api/v1/namespaces/${namespace}/pods?labelSelector=${labels}`);
}

/** The store that an ExternalSecret names for all its entries; empty when it names none. */
export function storeNameOf(object: KubeObject): string {
  return String(at(object, "spec", "secretStoreRef", "name") ?? "");
}

/** The ExternalSecrets that read through stores of these names. */
export async function readersOf(kube: KubeWriter, stores: readonly string[]): Promise<KubeObject[]> {
  const all = await kube.list(kubePath`${EXTERNAL_SECRETS}/externalsecrets`);
  return all.filter((object) => stores.includes(storeNameOf(object)));
}
