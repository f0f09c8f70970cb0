/** An image that cannot be pulled is one fault, however many pods wait for it. */
import type { Check, Judgement, ObjectRef, World } from "../model.ts";
import { refOf } from "./fields.ts";
import { pods } from "./kinds.ts";
import { IMAGE_ERRORS } from "./reasons.ts";

const UNPULLABLE = new Set<string>([...IMAGE_ERRORS, "InvalidImageName"]);

export const imageCheck: Check = {
  id: "images.pulled",
  title: "images",
  explain:
    "Every image that a container waits for can be pulled. The fault is the image's or its registry's, and the " +
    "pods that wait for it are its symptoms.",
  needs: [pods],
  object: () => ({ kind: "Image", name: "*" }),
  run(world) {
    const failing = failingImages(world);
    if (failing.length > 0) return failing;
    const count =
      new Set(world.list(pods).flatMap((pod) => (pod.spec?.containers ?? []).map(({ image }) => image))).size;
    return [{
      status: "ok",
      reason: "AllWell",
      message: `images: ${count} of ${count} are there`,
      observed: `${count} images`,
    }];
  },
};

function failingImages(world: World): (Judgement & { object: ObjectRef })[] {
  const found = new Map<string, Judgement & { object: ObjectRef }>();
  for (const pod of world.list(pods)) {
    const statuses = [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
    for (const status of statuses) {
      const waiting = status.state?.waiting;
      if (!UNPULLABLE.has(waiting?.reason ?? "")) continue;
      const containers = [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []];
      const image = containers.find((container) => container.name === status.name)?.image ?? "unknown";
      // The message alternates between "back-off" and the true reason: the longer one says more.
      const known = found.get(image);
      const why = waiting?.message ?? waiting?.reason ?? "";
      if (known && (known.observed ?? "").length >= why.length) continue;
      found.set(image, {
        object: { kind: "Image", name: image },
        status: "critical",
        reason: "ImagePullFailed",
        message: `cannot be pulled: ${why}`,
        observed: why,
        expected: "pulled",
        evidence: `${
          refOf("Pod", pod).namespace
        }/${pod.metadata?.name} status.containerStatuses[].state.waiting`,
        next: [`kubectl -n ${pod.metadata?.namespace} describe pod ${pod.metadata?.name}`],
      });
    }
  }
  return [...found.values()];
}
