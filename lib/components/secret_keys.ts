/** Secrets and ConfigMaps have the keys their consumers want. Key names are enough; no value is read. */
import type { KindCheck, World } from "../model.ts";
import { refOf } from "./fields.ts";
import { deployments, pods, type SecretMeta, secrets } from "./kinds.ts";
import { placeOf } from "./membership.ts";
import { perWorld } from "./per_world.ts";
import { wantsOf } from "./pod_edges.ts";

/** Key names wanted of each Secret, with who wants them: `namespace/name` to key to consumers. */
const wantedKeys = perWorld((world: World) => {
  const wanted = new Map<string, Map<string, string[]>>();
  const consumers = [
    ...world.list(pods)
      .filter((pod) => pod.status?.phase === "Running" || pod.status?.phase === "Pending")
      .map((pod) => ({ ref: refOf("Pod", pod), spec: pod.spec })),
    ...world.list(deployments).map((object) => ({
      ref: refOf("Deployment", object),
      spec: object.spec?.template?.spec,
    })),
  ];
  for (const { ref, spec } of consumers) {
    for (const want of wantsOf(spec)) {
      if (want.kind !== "Secret" || !want.key || want.optional) continue;
      const secret = `${ref.namespace}/${want.name}`;
      const keys = wanted.get(secret) ?? new Map<string, string[]>();
      keys.set(want.key, [...keys.get(want.key) ?? [], `${ref.kind} ${ref.name}`]);
      wanted.set(secret, keys);
    }
  }
  return wanted;
});

export const secretKeyCheck: KindCheck<SecretMeta> = {
  id: "secrets.keys",
  title: "secrets",
  explain:
    "A Secret has every key that some pod or Deployment names. Key names come from the metadata API (managedFields); " +
    "values are never asked for.",
  source: secrets,
  also: [pods, deployments],
  component: placeOf,
  ref: (secret) => refOf("Secret", secret),
  judge(secret, world) {
    const { namespace, name, keys } = secret.metadata ?? {};
    const wanted = wantedKeys(world).get(`${namespace}/${name}`);
    if (!wanted || !keys) return undefined;
    const absent = [...wanted].filter(([key]) => !keys.includes(key));
    if (absent.length === 0) return undefined;
    const who = [...new Set(absent.flatMap(([, consumers]) => consumers))];
    return {
      status: "critical",
      reason: "MissingKey",
      message:
        `lacks ${absent.map(([key]) => `key ${key}`).join(", ")}, which ${who.slice(0, 3).join(", ")} ` +
        `${who.length > 1 ? "want" : "wants"}`,
      observed: `keys ${keys.join(", ") || "none"}`,
      expected: `keys ${[...wanted.keys()].join(", ")}`,
      evidence: "metadata.managedFields",
      next: [
        `kubectl -n ${namespace} describe secret ${name}`,
        `kubectl -n ${namespace} get externalsecrets`,
      ],
    };
  },
};
