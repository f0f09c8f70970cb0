/** An image that cannot be pulled is one fault, however many pods wait for it; so is a registry that cannot be reached. */
import { are, count } from "../../engine/sentence.ts";
import type { Check, Edge, ObjectJudgement, ShellCommand, World } from "../../engine/model.ts";
import { IMAGE_ERRORS, perWorld, refOf } from "../common/mod.ts";
import { type Pod, pods, podsOfConcern } from "../kubernetes/mod.ts";
import { eventsOf } from "./events.ts";
import { type PullFailure, pullFailureOf, pullText } from "./explain/image_failure.ts";
import { podCheck } from "./pods.ts";
import { command } from "../../untrusted/shell.ts";

const UNPULLABLE = new Set<string>([...IMAGE_ERRORS, "InvalidImageName"]);

/** The registry did not answer, or answered that it is ill: no image of it can be pulled. */
const SILENT: ReadonlySet<PullFailure> = new Set(["host", "unreachable"]);

interface Failing {
  image: string;
  registry: string;
  why: string;
  failure: PullFailure;
  pods: Pod[];
}

/** `registry.example:5000` of `registry.example:5000/a/b:1`; Docker Hub when the first part is no host. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

const failingImages = perWorld((world): Failing[] => {
  const found = new Map<string, Failing>();
  for (const pod of podsOfConcern(world)) {
    const statuses = [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
    for (const { name, state } of statuses) {
      if (!UNPULLABLE.has(state?.waiting?.reason ?? "")) continue;
      const containers = [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []];
      const image = containers.find((container) => container.name === name)?.image ?? "unknown";
      const { reason = "", message = "" } = state?.waiting ?? {};
      const why = [message, ...saidOf(pod, image, world), reason].find((one) =>
        pullFailureOf(one) !== "unknown"
      ) ?? (message || reason);
      const known = found.get(image);
      if (!known) {
        found.set(image, {
          image,
          registry: registryOf(image),
          why,
          failure: pullFailureOf(why),
          pods: [pod],
        });
        continue;
      }
      known.pods.push(pod);
      if (known.failure === "unknown") Object.assign(known, { why, failure: pullFailureOf(why) });
    }
  }
  return [...found.values()];
});

/** Between two tries the pod says no more than "back-off"; its events say why. */
function saidOf(pod: Pod, image: string, world: World): string[] {
  return eventsOf(world, "Pod", pod).flatMap(({ reason, message = "" }) =>
    reason === "Failed" && message.includes(`"${image}"`) ? [message] : []
  );
}

/** The Secrets with which the pods that wait for it ask. */
function pullSecretsOf({ pods }: Failing): string[] {
  return [
    ...new Set(pods.flatMap(({ spec }) => spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? [])),
  ];
}

/** What it means, and what the runtime said. */
function whyText(entry: Failing): string {
  const { failure, registry, why } = entry;
  const means = pullText(failure, { registry, pullSecrets: pullSecretsOf(entry) });
  return means ? `${means}; the container runtime says: ${why}` : why;
}

/** Critical when some workload has nothing else to run. */
function statusOf(failing: readonly Failing[], world: World): "critical" | "warning" {
  const worst = failing.some(({ pods }) =>
    pods.some((pod) => world.judge(podCheck, pod)?.status === "critical")
  );
  return worst ? "critical" : "warning";
}

function describeNext(pod: Pod | undefined): ShellCommand {
  return command`kubectl -n ${pod?.metadata?.namespace} describe pod ${pod?.metadata?.name}`;
}

export const imageCheck: Check = {
  id: "images.pulled",
  title: "images",
  explain:
    "Every image that a container waits for can be pulled. The fault is the image's, or its registry's when that cannot be " +
    "reached, and the pods that wait for it are its symptoms.",
  needs: [pods],
  object: () => ({ kind: "Image", name: "*" }),
  run(world) {
    const failing = failingImages(world);
    if (failing.length > 0) {
      return [...failing.map((entry) => judgeImage(entry, world)), ...registries(world)];
    }
    const images = podsOfConcern(world).flatMap((pod) =>
      (pod.spec?.containers ?? []).map(({ image }) => image)
    );
    const all = new Set(images).size;
    return [{
      status: "ok",
      reason: "AllWell",
      message: `${count(all, "image")} that the platform's containers use ${are(all)} pulled`,
      observed: count(all, "image"),
    }];
  },
};

function judgeImage(entry: Failing, world: World): ObjectJudgement {
  const [first] = entry.pods;
  return {
    object: { kind: "Image", name: entry.image },
    status: statusOf([entry], world),
    reason: "ImagePullFailed",
    message: `Image ${entry.image} cannot be pulled: ${whyText(entry)}`,
    observed: "not pulled",
    expected: "pulled",
    evidence:
      `${first?.metadata?.namespace}/${first?.metadata?.name} status.containerStatuses[].state.waiting`,
    next: [describeNext(first)],
  };
}

/** Registries that did not answer when their images were asked for. */
function registries(world: World): ObjectJudgement[] {
  const silent = failingImages(world).filter(({ failure }) => SILENT.has(failure));
  return [...Map.groupBy(silent, ({ registry }) => registry)].map(([name, entries]) => {
    const [first] = entries;
    return {
      object: { kind: "Registry", name },
      status: statusOf(entries, world),
      reason: "RegistryUnreachable",
      message: `Registry ${name} cannot be reached from the nodes, so ${
        count(entries.length, "image")
      } cannot be pulled: ${first ? whyText(first) : ""}`,
      observed: "no answer",
      expected: "answers",
      evidence: "status.containerStatuses[].state.waiting",
      next: [describeNext(first?.pods[0])],
    };
  });
}

/** An image needs its registry, and the pull Secrets of the pods that wait for it when the registry refuses. */
export function imageEdges(world: World): Edge[] {
  const silent = new Set(
    failingImages(world).filter(({ failure }) => SILENT.has(failure)).map((entry) => entry.registry),
  );
  return failingImages(world).flatMap(({ image, registry, failure, pods }) => {
    const from = { kind: "Image", name: image };
    const explains = ["ImagePullFailed"];
    const edges: Edge[] = [];
    // While it waits between two tries an image says nothing; another image of the registry may have said it.
    if (silent.has(registry) && (SILENT.has(failure) || failure === "unknown")) {
      edges.push({ from, to: { kind: "Registry", name: registry }, via: "registry", explains });
    }
    if (failure !== "refused") return edges;
    for (const pod of pods) {
      const { namespace } = refOf("Pod", pod);
      for (const { name } of pod.spec?.imagePullSecrets ?? []) {
        if (!name) continue;
        edges.push({ from, to: { kind: "Secret", namespace, name }, via: "imagePullSecrets", explains });
      }
    }
    return edges;
  });
}
