/** What the workload of the catalog sets, by itself and by the ConfigMaps that it names. */
import type { KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { anyText, list, map, num, obj, str } from "../../../engine/decode.ts";
import type { ObjectRef } from "../../../engine/model.ts";
import { recognise } from "../../../platform/mod.ts";
import { isSubdomain, kubePath } from "../../../untrusted/api_path.ts";

/** A key of a Secret. */
export interface SecretKey {
  name: string;
  key: string;
}

interface Setting {
  value: string;
  /** Where it was read: `ConfigMap catalog`, `env of Deployment catalog`. */
  from: string;
}

export interface Deployed {
  image?: string;
  replicas: number;
  /** By their canonical names, as are the Secrets. */
  settings: ReadonlyMap<string, Setting>;
  secrets: ReadonlyMap<string, SecretKey>;
}

const REF = obj({ secretKeyRef: obj({ name: str, key: str }) });
const POD = obj({
  containers: list(obj({
    name: str,
    image: str,
    env: list(obj({ name: str, value: anyText, valueFrom: REF })),
    envFrom: list(obj({ configMapRef: obj({ name: str }) })),
  })),
  volumes: list(obj({ configMap: obj({ name: str }) })),
});
const WORKLOAD = obj({ spec: obj({ replicas: num, template: obj({ spec: POD }) }) });
const DATA = obj({ data: map(anyText) });

/** A setting has one name as a property and another in the environment: `a.b-c`, `A_B_C`. */
export const canonical = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, "_").toLowerCase();

/** The API path of a Deployment or a StatefulSet. */
export function pathOf({ kind, namespace = "", name }: ObjectRef): string {
  const place = kubePath`/apis/apps/v1/namespaces/${namespace}`;
  return kind === "StatefulSet"
    ? kubePath`${place}/statefulsets/${name}`
    : kubePath`${place}/deployments/${name}`;
}

/** CannotLook when the workload or a ConfigMap may not be read; undefined: it does not exist. */
export async function readWorkload(
  kube: Pick<KubeWriter, "get">,
  workload: ObjectRef,
): Promise<Deployed | undefined> {
  const found = await kube.get(pathOf(workload));
  if (!found) return undefined;
  const { kind, namespace = "", name } = workload;
  const { replicas = 1, template } = WORKLOAD(found)?.spec ?? {};
  const { containers = [], volumes = [] } = template?.spec ?? {};
  const container =
    containers.find(({ image = "", name = "" }) =>
      recognise({ name, labels: {}, images: [image] })?.role === "nessie"
    ) ?? containers[0];
  const named = [
    ...volumes.map(({ configMap }) => configMap?.name),
    ...(container?.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
  ].flatMap((name) => name !== undefined && isSubdomain(name) ? [name] : []);
  const settings = new Map<string, Setting>();
  const maps = await Promise.all(
    [...new Set(named)].map(async (name) => ({
      from: `ConfigMap ${name}`,
      data: DATA(await kube.get(kubePath`/api/v1/namespaces/${namespace}/configmaps/${name}`))?.data ?? {},
    })),
  );
  for (const { from, data } of maps) {
    for (const [key, text] of Object.entries(data)) {
      const pairs: [string, string][] = key.endsWith(".properties") ? properties(text) : [[key, text]];
      for (const [name, value] of pairs) settings.set(canonical(name), { value, from });
    }
  }
  const secrets = new Map<string, SecretKey>();
  for (const { name: variable = "", value, valueFrom } of container?.env ?? []) {
    if (value !== undefined) settings.set(canonical(variable), { value, from: `env of ${kind} ${name}` });
    const ref = valueFrom?.secretKeyRef;
    if (ref?.name && ref.key) secrets.set(canonical(variable), { name: ref.name, key: ref.key });
  }
  return { ...container?.image === undefined ? {} : { image: container.image }, replicas, settings, secrets };
}

/** The lines `name=value` and `name: value` of a Java properties file; comments and empty lines apart. */
export function properties(text: string): [string, string][] {
  return text.replaceAll(/\\\r?\n\s*/g, "").split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, name, value = ""] = /^([^#!\s=:][^=:\s]*)\s*[=:](.*)/.exec(line.trimStart()) ?? [];
    return name === undefined ? [] : [[name, value.trim()]];
  });
}
