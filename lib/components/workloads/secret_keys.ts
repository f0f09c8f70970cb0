/** Secrets and ConfigMaps have the keys their consumers want. Key names are enough; no value is read. */
import { listed } from "../../engine/sentence.ts";
import {
  isAbsent,
  type Judgement,
  type KindCheck,
  type ObjectRef,
  refText,
  type World,
} from "../../engine/model.ts";
import { CONFIG_ERRORS, perWorld, type PodSpec, refOf } from "../common/mod.ts";
import {
  configMaps,
  deployments,
  placeOf,
  type Pod,
  pods,
  podsOfConcern,
  type SecretMeta,
  secrets,
  wantsOf,
} from "../kubernetes/mod.ts";
import { podCheck } from "./pods.ts";
import { command } from "../../untrusted/shell.ts";

interface Consumer {
  ref: ObjectRef;
  spec?: PodSpec;
  /** Absent: a template, which does not fail. */
  pod?: Pod;
}

/** Keys wanted of each Secret and ConfigMap: `Kind/namespace/name` to key to consumers. */
const wantedKeys = perWorld((world: World) => {
  const wanted = new Map<string, Map<string, Consumer[]>>();
  for (const consumer of consumersOf(world)) {
    for (const want of wantsOf(consumer.spec)) {
      if (!want.key || want.optional) continue;
      const object = `${want.kind}/${consumer.ref.namespace}/${want.name}`;
      const keys = wanted.get(object) ?? new Map<string, Consumer[]>();
      wanted.set(object, keys);
      const known = keys.get(want.key);
      if (known) known.push(consumer);
      else keys.set(want.key, [consumer]);
    }
  }
  return wanted;
});

function consumersOf(world: World): Consumer[] {
  const running = podsOfConcern(world).filter(({ status }) =>
    status?.phase === "Running" || status?.phase === "Pending"
  );
  return [
    ...running.map((pod) => ({ ref: refOf("Pod", pod), spec: pod.spec, pod })),
    ...world.list(deployments).map((object) => ({
      ref: refOf("Deployment", object),
      spec: object.spec?.template?.spec,
    })),
  ];
}

function failsByConfiguration(pod: Pod | undefined, world: World): boolean {
  const judged = pod && world.judge(podCheck, pod);
  return judged?.status === "critical" && CONFIG_ERRORS.some((reason) => reason === judged.reason);
}

/** The keys that are wanted and absent. Critical when somebody fails for want of them, else a warning. */
function judgeKeys(ref: ObjectRef, keys: readonly string[] | undefined, world: World): Judgement | undefined {
  const wanted = wantedKeys(world).get(`${ref.kind}/${ref.namespace}/${ref.name}`);
  if (!wanted || !keys) return undefined;
  const absent = [...wanted].filter(([key]) => !keys.includes(key));
  if (absent.length === 0) return undefined;
  const consumers = absent.flatMap(([, users]) => users);
  const who = [...new Set(consumers.map((user) => `${user.ref.kind} ${user.ref.name}`))];
  const hurts = consumers.some((user) => failsByConfiguration(user.pod, world));
  return {
    status: hurts ? "critical" : "warning",
    reason: "MissingKey",
    message:
      `has no ${absent.map(([key]) => `key ${key}`).join(", ")}, which ${listed(who)} ${
        who.length > 1 ? "need" : "needs"
      }` + (hurts ? "" : "; none can start again without it"),
    observed: `keys ${keys.join(", ") || "none"}`,
    expected: `keys ${[...wanted.keys()].join(", ")}`,
    evidence: ref.kind === "Secret" ? "metadata.managedFields" : "data",
    next: [
      command`kubectl -n ${ref.namespace} describe ${ref.kind.toLowerCase()} ${ref.name}`,
      ...ref.kind === "Secret" ? [command`kubectl -n ${ref.namespace} get externalsecrets`] : [],
    ],
  };
}

/** Keys that say nothing of what they are for. */
const GENERIC = new Set(["username", "password", "user", "token", "url", "ca.crt", "tls.crt", "tls.key"]);

/** The only Secret or ConfigMap of the namespace with the keys that are asked of one that does not exist. */
export function sameKeys(ref: ObjectRef, world: World): string[] {
  const wanted = [...wantedKeys(world).get(`${ref.kind}/${ref.namespace}/${ref.name}`)?.keys() ?? []];
  if (wanted.every((key) => GENERIC.has(key)) || !isAbsent(world, ref)) return [];
  const all = ref.kind === "Secret"
    ? world.list(secrets).map(({ metadata }) => ({ metadata, keys: metadata?.keys ?? [] }))
    : world.list(configMaps).map(({ metadata, keys }) => ({ metadata, keys }));
  const [only, ...others] = all.filter(({ metadata, keys }) =>
    metadata?.namespace === ref.namespace && wanted.every((key) => keys.includes(key))
  );
  return only && others.length === 0
    ? [
      `${refText(refOf(ref.kind, only))} is the only one there with ${wanted.length > 1 ? "keys" : "key"} ${
        listed(wanted)
      }`,
    ]
    : [];
}

export const secretKeyCheck: KindCheck<SecretMeta> = {
  id: "secrets.keys",
  title: "secrets",
  explain:
    "A Secret has every key that some pod or Deployment names: critical when a pod cannot start for want of it, a warning " +
    "when all still run. Key names come from the metadata API (managedFields); values are never asked for.",
  source: secrets,
  also: [pods, deployments],
  component: placeOf,
  ref: (secret) => refOf("Secret", secret),
  judge: (secret, world) => judgeKeys(refOf("Secret", secret), secret.metadata?.keys, world),
};

export const configMapKeyCheck: KindCheck<NonNullable<ReturnType<typeof configMaps.read>>> = {
  id: "configmaps.keys",
  title: "config maps",
  explain: "A ConfigMap has every key that some pod or Deployment names, judged as the keys of Secrets are.",
  source: configMaps,
  also: [pods, deployments],
  component: placeOf,
  ref: (object) => refOf("ConfigMap", object),
  judge: (object, world) => judgeKeys(refOf("ConfigMap", object), object.keys, world),
};
