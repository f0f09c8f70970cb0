/** What a CloudNativePG cluster needs, and what needs it. */
import type { Edge, ObjectRef, World } from "../../engine/model.ts";
import { IN_PROGRESS } from "../../engine/model.ts";
import { refOf } from "../common/fields.ts";
import { persistentVolumeClaims } from "../kubernetes/kinds.ts";
import { ownerOf, podsIn } from "../common/membership.ts";
import { mentionEdges } from "../common/mentions.ts";
import { deploymentsNamed, OPERATOR_DOWN } from "../kubernetes/operators.ts";
import { perWorld } from "../common/per_world.ts";
import { INSTANCE_FAULTS, OPERATOR_FAULTS } from "./judge.ts";
import { type Cluster, clusters } from "./kinds.ts";
import { POD_ERRORS } from "../common/reasons.ts";
import { GONE } from "../common/states.ts";

/** CloudNativePG's operator, in whatever namespace, by the names of its manifest and of its chart. */
export const operatorsOf = perWorld((world) =>
  deploymentsNamed(world, "cnpg-controller-manager", "cnpg-cloudnative-pg", "cloudnative-pg")
);

/** Secrets and Services that the operator makes for a cluster, by the ends of their names. */
const MADE_SECRETS = ["app", "superuser", "ca", "server", "replication"];
const MADE_SERVICES = ["rw", "ro", "r"];

/** The Secrets that a cluster's spec names, and so does not make. */
function givenSecrets(object: Cluster): { name: string; via: string; explains: readonly string[] }[] {
  const { bootstrap, superuserSecret, managed } = object.spec ?? {};
  const starting = [IN_PROGRESS, "SettingUp", "NoneReady", "CannotCreateObjects", "NoPrimary"];
  const given = [
    { name: bootstrap?.initdb?.secret?.name, via: "bootstrap.initdb.secret", explains: starting },
    { name: bootstrap?.recovery?.secret?.name, via: "bootstrap.recovery.secret", explains: starting },
    {
      name: bootstrap?.pg_basebackup?.secret?.name,
      via: "bootstrap.pg_basebackup.secret",
      explains: starting,
    },
    { name: superuserSecret?.name, via: "superuserSecret", explains: starting },
    ...(managed?.roles ?? []).map((role) => ({
      name: role.passwordSecret?.name,
      via: `managed role ${role.name}`,
      explains: ["RolesNotReconciled"],
    })),
  ];
  return given.flatMap(({ name, ...rest }) => name ? [{ name, ...rest }] : []);
}

/** Edges of all clusters. */
export const postgresqlEdges = perWorld((world): Edge[] =>
  world.list(clusters).flatMap((object) => [...needsOf(object, world), ...madeBy(object)])
);

function needsOf(object: Cluster, world: World): Edge[] {
  const from = refOf("Cluster", object);
  const namespace = from.namespace;
  const [operator = { kind: "Deployment", namespace: "cnpg-system", name: "cnpg-controller-manager" }] =
    operatorsOf(world);
  const classes = [object.spec?.storage?.storageClass, object.spec?.walStorage?.storageClass].flatMap((
    name,
  ) => name ?? []);
  const young = (object.status?.readyInstances ?? 0) < (object.spec?.instances ?? 1);
  const own = podsIn(world, namespace ?? "").filter((pod) =>
    pod.metadata?.labels?.["cnpg.io/cluster"] === from.name
  );
  const claims = world.list(persistentVolumeClaims).filter((claim) => {
    const owner = ownerOf(claim);
    return claim.metadata?.namespace === namespace && owner?.kind === "Cluster" && owner.name === from.name;
  });
  const explains = [...INSTANCE_FAULTS];
  return [
    ...givenSecrets(object).map(({ name, ...edge }): Edge => ({
      from,
      to: { kind: "Secret", namespace, name },
      ...edge,
    })),
    ...own.map((pod): Edge => ({
      from,
      to: refOf("Pod", pod),
      via: "its instances",
      explains,
      because: POD_ERRORS,
    })),
    ...claims.map((claim): Edge => ({
      from,
      to: refOf("PersistentVolumeClaim", claim),
      via: "its volumes",
      explains,
    })),
    ...classes.map((name): Edge => ({
      from,
      to: { kind: "StorageClass", name },
      via: "storageClass",
      explains,
      // Volumes that are bound do not need their class any more.
      optional: !young,
    })),
    {
      from,
      to: operator,
      via: "reconciled by",
      explains: [...OPERATOR_FAULTS],
      because: [...OPERATOR_DOWN],
      optional: true,
    },
    ...mentionEdges(
      from,
      object.status?.phaseReason,
      ["CannotCreateObjects", "SettingUp", "NoneReady"],
    ),
  ];
}

/** What the operator makes for a cluster is absent because of the cluster, or for want of one. */
function madeBy(object: Cluster): Edge[] {
  const to = refOf("Cluster", object);
  const given = new Set(givenSecrets(object).map(({ name }) => name));
  const made: ObjectRef[] = [
    ...MADE_SECRETS.map((end) => ({ kind: "Secret", namespace: to.namespace, name: `${to.name}-${end}` })),
    ...MADE_SERVICES.map((end) => ({ kind: "Service", namespace: to.namespace, name: `${to.name}-${end}` })),
  ];
  return made.filter(({ name }) => !given.has(name)).map((from) => ({
    from,
    to,
    via: "made by",
    explains: from.kind === "Service" ? [...GONE, "NoEndpoints", "NoAnswer"] : [...GONE],
    inferred: true,
  }));
}

/** The cluster that should make an absent Secret or Service, by the rule of its name, also when it is gone itself. */
export function clusterOf(ref: ObjectRef): ObjectRef | undefined {
  const ends = ref.kind === "Service" ? MADE_SERVICES : ref.kind === "Secret" ? MADE_SECRETS : [];
  const end = ends.find((word) => ref.name.endsWith(`-${word}`));
  return end
    ? { kind: "Cluster", namespace: ref.namespace, name: ref.name.slice(0, -end.length - 1) }
    : undefined;
}
