/** A rolling restart of a Deployment, as `kubectl rollout restart` asks for it, and how far it has come. */
import { anyText, list, map, messageText, num, obj, str } from "../../engine/decode.ts";
import type { KubeObject, KubeWriter } from "./writer.ts";

export const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/** Has every pod replaced, in the way that the Deployment's strategy says. Gives the time that was written. */
export async function restartRollout(kube: Pick<KubeWriter, "merge">, path: string): Promise<string> {
  const time = new Date().toISOString();
  const annotations = { [RESTARTED_AT]: time };
  await kube.merge(path, { spec: { template: { metadata: { annotations } } } });
  return time;
}

const DEPLOYMENT = obj({
  metadata: obj({ generation: num }),
  spec: obj({
    replicas: num,
    selector: obj({ matchLabels: map(str) }),
    template: obj({ metadata: obj({ annotations: map(anyText) }) }),
  }),
  status: obj({
    observedGeneration: num,
    replicas: num,
    updatedReplicas: num,
    readyReplicas: num,
    conditions: list(obj({ type: str, reason: str, message: messageText })),
  }),
});

export interface Rollout {
  /** Every pod is of the newest template and ready, and none of an older one is left. */
  done: boolean;
  /** It will not end by itself: the Deployment's deadline is over. */
  failed: boolean;
  /** For people: `1 of 2 pods are new and ready`. */
  words: string;
  replicas: number;
  selector: Record<string, string>;
  restartedAt?: string;
}

/** How far the rollout of this Deployment is. */
export function rolloutOf(deployment: KubeObject | undefined): Rollout {
  const { metadata, spec, status } = DEPLOYMENT(deployment) ?? {};
  const replicas = spec?.replicas ?? 1;
  const { updatedReplicas = 0, readyReplicas = 0, observedGeneration = 0 } = status ?? {};
  const seen = observedGeneration >= (metadata?.generation ?? 0);
  const done = seen && updatedReplicas === replicas && readyReplicas >= replicas &&
    (status?.replicas ?? 0) === replicas;
  const late = status?.conditions?.find(({ reason }) => reason === "ProgressDeadlineExceeded");
  const restartedAt = spec?.template?.metadata?.annotations?.[RESTARTED_AT];
  return {
    done,
    failed: seen && !done && late !== undefined,
    words: `${Math.min(updatedReplicas, readyReplicas)} of ${replicas} pods are new and ready`,
    replicas,
    selector: spec?.selector?.matchLabels ?? {},
    ...restartedAt === undefined ? {} : { restartedAt },
  };
}
