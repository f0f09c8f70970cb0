/** The ExternalSecret that brings an item's keys to a namespace, through the cluster's 1Password store. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../clients/kubernetes/writer.ts";
import { CannotLook } from "../../engine/errors.ts";
import type { ObjectRef } from "../../engine/model.ts";
import { differences } from "../onepassword/install/apply.ts";
import { isFlux } from "../onepassword/ownership.ts";
import { pathOf } from "../onepassword/install/manifests.ts";
import { labelsOf, type WantedItem } from "./keys.ts";
import type { Step } from "./step.ts";
import { entries } from "../onepassword/objects.ts";
import { at } from "../../untrusted/lookup.ts";

/** Where ExternalSecrets go, and the store they read. */
export interface Supply {
  namespace: string;
  store: ObjectRef;
}

export function externalSecretOf(wanted: WantedItem, { namespace, store }: Supply): KubeObject {
  const { title } = wanted;
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: title, namespace, labels: { "app.kubernetes.io/part-of": "lakehouse" } },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: store.kind, name: store.name },
      target: { name: title, creationPolicy: "Owner" },
      data: labelsOf(wanted).map((label) => ({
        secretKey: label,
        remoteRef: { key: title, property: label },
      })),
    },
  };
}

/** `rotated`: the item changes, so that what reads it should look again now and not within the hour. */
export async function planExternalSecret(
  kube: KubeWriter,
  supply: Supply,
  wanted: WantedItem,
  rotated: boolean,
): Promise<Step> {
  const object = externalSecretOf(wanted, supply);
  const path = pathOf(object);
  const { name, namespace } = object.metadata;
  const ref = { kind: "ExternalSecret", namespace, name };
  const found = await kube.get(path);
  const taken = await takenSecret(kube, object);
  if (taken) return { object: ref, outcome: "failed", detail: taken };
  if (!found) return { object: ref, outcome: "create", detail: "", run: () => put(kube, path, object) };
  const differing = isFlux(found) ? [] : differences(object, found);
  if (differing.length === 0 && !rotated) return { object: ref, outcome: "unchanged", detail: "" };
  const what = differing.length > 0
    ? differing.map((line) => line.split(" ")[0]).join(", ")
    : "asked to refresh";
  return {
    object: ref,
    outcome: "change",
    detail: what,
    run: async () => {
      if (differing.length > 0) await put(kube, path, object);
      if (!rotated) return;
      await kube.merge(path, { metadata: { annotations: { "force-sync": new Date().toISOString() } } });
    },
  };
}

/** Why the Secret of that name is not there to be made: the bucket's own Secret, above all, must not be taken over. */
async function takenSecret(kube: KubeWriter, { metadata }: KubeObject): Promise<string | undefined> {
  const { name, namespace } = metadata;
  const secret = await kube.get(kubePath`/api/v1/namespaces/${namespace ?? ""}/secrets/${name}`);
  const byIt = entries(at(secret, "metadata", "ownerReferences")).some((owner) =>
    at(owner, "kind") === "ExternalSecret" && at(owner, "name") === name
  );
  return secret && !byIt
    ? `Secret ${namespace}/${name} is there already, made by something else. Next: --external-secret names another ` +
      "namespace, where the keys are needed and are not yet"
    : undefined;
}

async function put(kube: KubeWriter, path: string, object: KubeObject): Promise<void> {
  const applied = await kube.apply(path, object);
  if (applied.outcome !== "conflict") return;
  const fields = applied.fields.map(({ field, manager }) => `${field} (kept by ${manager})`).join(", ");
  throw new CannotLook({
    kind: "server-error",
    message: `it is there with other settings: ${fields}. Next: change or delete it, then run this again`,
  });
}
