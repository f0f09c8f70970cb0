/** Connect reads its credentials once, when it starts: pods older than the Secret's value have read another one. */
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { restartRollout } from "../../../clients/kubernetes/rollout.ts";
import { pathOf } from "./manifests.ts";
import { secretObject, type Wanted, writtenAt } from "./secrets.ts";
import { podsSelected } from "../objects.ts";
import { at } from "../../../untrusted/lookup.ts";

/** Rolls Connect out anew if one of its pods started before the credentials were written. True when it did. */
export async function ensureRestarted(
  kube: KubeWriter,
  deployment: KubeObject,
  credentials: Wanted,
): Promise<boolean> {
  const written = writtenAt(await kube.get(pathOf(secretObject(credentials))), credentials.key);
  const pods = await podsOf(kube, deployment);
  const older = pods.some((pod) => {
    const started = Date.parse(String(at(pod, "metadata", "creationTimestamp")));
    return written !== undefined && started < written.getTime();
  });
  if (!older) return false;
  await restartRollout(kube, pathOf(deployment));
  return true;
}

/** The pods that the Deployment's selector chooses. */
export async function podsOf(kube: KubeWriter, deployment: KubeObject): Promise<KubeObject[]> {
  const selector = at(deployment, "spec", "selector", "matchLabels");
  return await podsSelected(kube, deployment.metadata.namespace ?? "", selector);
}
