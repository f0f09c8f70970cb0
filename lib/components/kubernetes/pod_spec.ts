/** What a pod spec names: Secrets and ConfigMaps, and the ports of its containers. */
import type { PodSpec } from "../common/mod.ts";

/** A named key of a Secret or ConfigMap that a pod wants. */
export interface Want {
  kind: "Secret" | "ConfigMap";
  name: string;
  /** Absent: the object is wanted, whichever of its keys. */
  key?: string;
  /** Only the keys of other wants are read of it. */
  partly?: true;
  via: string;
  optional: boolean;
}

/** Every Secret and ConfigMap that a pod spec names. */
export function wantsOf(spec: PodSpec | undefined): Want[] {
  const wants: Want[] = [];
  const add = (
    kind: Want["kind"],
    via: string,
    ref: { name?: string; optional?: boolean; items?: unknown[] } | undefined,
    key?: string,
  ) => {
    if (!ref?.name) return;
    const what = key ? { key } : ref.items?.length ? { partly: true as const } : {};
    wants.push({ kind, name: ref.name, via, optional: ref.optional ?? false, ...what });
  };
  for (const container of [...spec?.initContainers ?? [], ...spec?.containers ?? []]) {
    for (const env of container.env ?? []) {
      add("Secret", "env secretKeyRef", env.valueFrom?.secretKeyRef, env.valueFrom?.secretKeyRef?.key);
      add(
        "ConfigMap",
        "env configMapKeyRef",
        env.valueFrom?.configMapKeyRef,
        env.valueFrom?.configMapKeyRef?.key,
      );
    }
    for (const from of container.envFrom ?? []) {
      add("Secret", "envFrom secretRef", from.secretRef);
      add("ConfigMap", "envFrom configMapRef", from.configMapRef);
    }
  }
  for (const volume of spec?.volumes ?? []) {
    const secret = volume.secret;
    if (secret) {
      const ref = { name: secret.secretName, optional: secret.optional };
      add("Secret", "volume secret", ref);
      for (const item of secret.items ?? []) add("Secret", "volume secret item", ref, item.key);
    }
    add("ConfigMap", "volume configMap", volume.configMap);
    for (const item of volume.configMap?.items ?? []) {
      add("ConfigMap", "volume configMap item", volume.configMap, item.key);
    }
    for (const projected of volume.projected?.sources ?? []) {
      add("Secret", "projected volume", projected.secret);
      add("ConfigMap", "projected volume", projected.configMap);
    }
  }
  for (const ref of spec?.imagePullSecrets ?? []) {
    add("Secret", "imagePullSecrets", { ...ref, optional: true });
  }
  return wants;
}

/** The port in the pod that a Service's targetPort leads to: a number, or the name of a container's port. */
export function containerPort(
  target: string | number | undefined,
  spec: PodSpec | undefined,
): number | undefined {
  if (typeof target === "number") return target;
  const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.find(({ name }) => name === target)?.containerPort;
}
