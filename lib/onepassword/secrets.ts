/** The two Secrets that GitOps can't hold: Connect's credentials and the token of its clients. */
import type { KubeObject, KubeWriter } from "../clients/kube_writer.ts";
import { CannotLook } from "../errors.ts";
import { pathOf } from "./manifests.ts";
import { at, entries } from "./objects.ts";

/** The field manager of kube_writer.ts. */
export const MANAGER = "lakecheck";

export interface Wanted {
  name: string;
  namespace: string;
  key: string;
  value: string;
}

/** A Secret object with this one key. */
export function secretObject({ name, namespace, key, value }: Wanted): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "lakehouse" } },
    type: "Opaque",
    data: { [key]: base64(value) },
  };
}

/** Whether the cluster holds just this value. Nothing is written where it does, so that nobody's fields change hands. */
export function holds(found: KubeObject | undefined, { key, value }: Wanted): boolean {
  return at(found, "data", key) === base64(value);
}

/** Who keeps the Secret instead of us: another object, or Flux. Such a Secret is changed where it comes from. */
export function keeperOf(found: KubeObject | undefined): string | undefined {
  const [owner] = entries(at(found, "metadata", "ownerReferences"));
  if (owner) return `${at(owner, "kind")} ${at(owner, "name")}`;
  const flux = found?.metadata.labels?.["kustomize.toolkit.fluxcd.io/name"];
  return flux ? `Kustomization ${flux}` : undefined;
}

/** Writes the value unless it is there. Throws CannotLook when somebody else keeps another value. */
export async function putSecret(
  kube: KubeWriter,
  wanted: Wanted,
): Promise<"created" | "changed" | "unchanged"> {
  const object = secretObject(wanted);
  const path = pathOf(object);
  const found = await kube.get(path);
  if (holds(found, wanted)) return "unchanged";
  const keeper = keeperOf(found);
  if (keeper) {
    throw new CannotLook({
      kind: "server-error",
      message:
        `Secret ${wanted.namespace}/${wanted.name} holds another value and is kept by ${keeper}, which would put ` +
        "that value back. Next: change it there, or delete that keeper first",
    });
  }
  // Whoever wrote the old value, the file that was given now is the truth.
  await kube.apply(path, object, { force: true });
  return found ? "changed" : "created";
}

/** When the value was last written, as the API server tracks it; undefined when it does not. */
export function writtenAt(found: KubeObject | undefined, key: string): Date | undefined {
  const times = entries(at(found, "metadata", "managedFields")).filter((entry) =>
    at(entry, "fieldsV1", "f:data", `f:${key}`)
  )
    .map((entry) => Date.parse(String(at(entry, "time"))));
  return times.length > 0 ? new Date(Math.max(...times)) : undefined;
}

function base64(value: string): string {
  return new TextEncoder().encode(value).toBase64();
}
