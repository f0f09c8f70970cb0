/** What a CloudNativePG cluster needs, and what needs it. */
import { type Edge, IN_PROGRESS, type World } from "../../engine/model.ts";
import { mentionEdges, perWorld, POD_ERRORS, refOf } from "../common/mod.ts";
import { deploymentsOf, OPERATOR_DOWN, ownerOf, persistentVolumeClaims, podsIn } from "../kubernetes/mod.ts";
import { INSTANCE_FAULTS, OPERATOR_FAULTS } from "./judge.ts";
import { type Cluster, clusters } from "./kinds.ts";
import { usualPart } from "../../platform/mod.ts";

/** CloudNativePG's operator, in whatever namespace. */
export const operatorsOf = perWorld((world) => deploymentsOf(world, "cnpg-operator"));

/** The Secrets that a cluster's spec names, and so does not make. */
export function givenSecrets(object: Cluster): { name: string; via: string; explains: readonly string[] }[] {
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
  world.list(clusters).flatMap((object) => needsOf(object, world))
);

function needsOf(object: Cluster, world: World): Edge[] {
  const from = refOf("Cluster", object);
  const namespace = from.namespace;
  const [operator = usualPart("postgresql", "Deployment", world.namespace)] = operatorsOf(world);
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
