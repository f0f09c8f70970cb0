/** Who uses a Secret: pods, workloads, databases, stores and Flux objects that name it. */
import { count, listed } from "../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type ListSource,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import {
  clusterSecretStores,
  externalSecretEdges,
  externalSecrets,
  secretOf,
  secretStores,
} from "../external_secrets/mod.ts";
import { perWorld, type PodSpec, refOf } from "../common/mod.ts";
import { fluxEdges, fluxSources, helmReleases, kustomizations } from "../flux/mod.ts";
import {
  daemonSets,
  deployments,
  jobs,
  ownerOf,
  pods,
  secrets,
  statefulSets,
  wantsOf,
  workloadOf,
} from "../kubernetes/mod.ts";
import { clusters, postgresqlEdges } from "../postgresql/mod.ts";
import { supplied } from "./reads.ts";

export interface User {
  ref: ObjectRef;
  /** It runs with the Secret, as opposed to a store or a Flux object that only looks into it. */
  runs: boolean;
}

/** Kinds that may name Secrets besides pods and their workloads; a cluster may lack any of them. */
export const OTHER_USERS: readonly ListSource[] = [
  ...[statefulSets, daemonSets, jobs],
  ...[clusters, kustomizations, helmReleases, ...fluxSources],
];

/** Edges of Flux objects that read a Secret; the others say what they apply. */
const READING = new Set(["spec.secretRef", "valuesFrom", "postBuild.substituteFrom"]);

const usersBySecret = perWorld((world) => {
  const found = new Map<string, Map<string, User>>();
  const add = (secret: ObjectRef, ref: ObjectRef, runs: boolean) => {
    const users = found.get(refKey(secret)) ?? new Map<string, User>();
    found.set(refKey(secret), users.set(refKey(ref), { ref, runs }));
  };
  for (const { ref, spec } of runners(world)) {
    for (const want of wantsOf(spec)) {
      if (want.kind === "Secret") {
        add({ kind: want.kind, namespace: ref.namespace, name: want.name }, ref, true);
      }
    }
  }
  for (const edge of namingEdges(world)) add(edge.to, edge.from, edge.from.kind === "Cluster");
  return found;
});

/** Whoever runs pods: a pod stands for its workload, a Job for its CronJob. */
function runners(world: World): { ref: ObjectRef; spec?: PodSpec }[] {
  const templated = [deployments, statefulSets, daemonSets].flatMap((source) =>
    world.list(source).map((object) => ({
      ref: refOf(source.kind, object),
      spec: object.spec?.template?.spec,
    }))
  );
  const running = world.list(pods).filter(({ status }) =>
    status?.phase !== "Succeeded" && status?.phase !== "Failed"
  );
  const single = running.map((object) => {
    const ref = refOf("Pod", object);
    return { ref: { ...ref, ...workloadOf(object, world) }, spec: object.spec };
  });
  const scheduled = world.list(jobs).flatMap((object) => {
    const owner = ownerOf(object);
    return owner?.kind === "CronJob"
      ? [{ ref: { ...refOf("Job", object), ...owner }, spec: object.spec?.template?.spec }]
      : [];
  });
  return [...templated, ...single, ...scheduled];
}

function namingEdges(world: World): Edge[] {
  const read = fluxEdges(world).filter(({ via }) => READING.has(via));
  return [...externalSecretEdges(world), ...postgresqlEdges(world), ...read].filter((edge) =>
    edge.to.kind === "Secret" && edge.from.kind !== "Secret" && !edge.inferred
  );
}

/** The users of a Secret, present or absent; empty when nothing that could be read names it. */
export function usersOf(world: World, secret: ObjectRef): User[] {
  return [...usersBySecret(world).get(refKey(secret))?.values() ?? []];
}

/** `Deployment nessie, Cluster nessie-postgres and 2 more`. */
export function usersText(users: readonly User[]): string {
  return listed(users.map(({ ref }) => `${ref.kind} ${ref.name}`));
}

/** What could not be read and may name Secrets too. */
function unseenText(world: World): string {
  const unseen = OTHER_USERS.filter((source) => {
    const failure = world.failure(source);
    return failure !== undefined && failure.kind !== "not-installed";
  });
  return unseen.length === 0 ? "" : `; ${unseen.map(({ kind }) => kind).join(", ")} could not be read`;
}

export const usersCheck: Check = {
  id: "secret-supply.users",
  title: "who uses the Secrets of 1Password",
  explain:
    "Says who uses each Secret that is made from 1Password: pods and their workloads, databases, secret stores, Flux " +
    "objects. A Secret that nobody names is no fault; an application may still read it through the API.",
  needs: [externalSecrets, clusterSecretStores, secretStores, secrets, pods, deployments],
  object: () => ({ kind: "Secret", name: "*" }),
  run(world) {
    const targets = supplied(world).flatMap(({ object }) => secretOf(object) ?? []);
    if (targets.length === 0) {
      return [{ status: "skipped", reason: "NoneFound", message: "No ExternalSecret reads 1Password" }];
    }
    const unseen = unseenText(world);
    // An absent Secret is told of by who needs it; a finding here would hide that.
    const there = targets.filter(({ namespace, name }) => world.get(secrets, namespace, name));
    if (there.length === 0) {
      const message = `No Secret that should be made from 1Password exists: ` +
        listed(targets.map(refText));
      return [{ status: "skipped", reason: "NoneThere", message }];
    }
    return [...new Map(there.map((ref) => [refKey(ref), ref])).values()].map((object) => {
      const users = usersOf(world, object);
      return {
        object,
        status: "ok" as const,
        reason: users.length > 0 ? "Used" : "Unused",
        message: (users.length > 0
          ? `${refText(object)} is used by ${usersText(users)}`
          : `${refText(object)} is used by no pod, workload, database, store or Flux object`) + unseen,
        observed: count(users.length, "user"),
      };
    });
  },
};
