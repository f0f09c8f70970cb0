/** Waits until Connect runs with what was applied and answers. */
import { kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { pathOf } from "./manifests.ts";
import { podsOf } from "./restart.ts";
import { conditionOf, entries } from "../objects.ts";
import { at } from "../../../untrusted/lookup.ts";

const POLL_MS = 1000;
/** Reasons that do not go away by waiting, when they are still there after this time. */
const HOPELESS_MS = 20_000;

/** undefined: it answers. Else why it does not, in words for people; the report afterwards says more. */
export async function untilConnectAnswers(
  kube: KubeWriter,
  deployment: KubeObject,
  limitMs: number,
): Promise<string | undefined> {
  const started = Date.now();
  while (true) {
    const trouble = await troubleWith(kube, deployment);
    if (trouble === undefined) return undefined;
    const waited = Date.now() - started;
    if (waited > limitMs || (trouble.hopeless && waited > HOPELESS_MS)) return trouble.text;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Trouble {
  text: string;
  /** Waiting longer does not help. */
  hopeless?: boolean;
}

async function troubleWith(kube: KubeWriter, deployment: KubeObject): Promise<Trouble | undefined> {
  const found = await kube.get(pathOf(deployment));
  const wanted = Number(at(found, "spec", "replicas") ?? 1);
  const count = (field: string) => Number(at(found, "status", field) ?? 0);
  const seen = count("observedGeneration") === at(found, "metadata", "generation");
  const rolled = seen && count("updatedReplicas") === wanted && count("replicas") === wanted;
  if (!rolled || count("readyReplicas") < wanted) {
    // The newest pod is of what was applied last; the others are on their way out.
    const [newest] = (await podsOf(kube, deployment)).toSorted((a, b) => createdAt(b) - createdAt(a));
    const told = newest && waitingOf(newest);
    return told ?? { text: `${count("readyReplicas")} of ${wanted} pods are ready` };
  }
  const { name, namespace } = deployment.metadata;
  const health = kubePath`/api/v1/namespaces/${namespace ?? ""}/services/${name}:http/proxy/health`;
  const { status } = await kube.raw(health);
  return status === 200 ? undefined : { text: `GET /health answers HTTP ${status}` };
}

const HOPELESS = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CrashLoopBackOff",
  "CreateContainerConfigError",
]);

function createdAt(pod: KubeObject): number {
  return Date.parse(String(at(pod, "metadata", "creationTimestamp")));
}

/** Why a pod waits: its container's reason, or what the scheduler says. */
function waitingOf(pod: KubeObject): Trouble | undefined {
  const name = pod.metadata.name;
  for (const status of entries(at(pod, "status", "containerStatuses"))) {
    const waiting = at(status, "state", "waiting");
    const reason = at(waiting, "reason");
    if (typeof reason !== "string" || !HOPELESS.has(reason)) continue;
    return { text: `pod ${name}: ${reason}: ${at(waiting, "message") ?? ""}`, hopeless: true };
  }
  const placed = conditionOf(pod, "PodScheduled");
  return at(placed, "status") === "False"
    ? { text: `pod ${name} cannot be placed on a node: ${at(placed, "message")}`, hopeless: true }
    : undefined;
}
