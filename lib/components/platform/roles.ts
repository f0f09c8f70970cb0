/** What fills each role of the platform: workloads by their signs, the others by their custom resources. */
import {
  type FilledRole,
  isAbsent,
  type ListSource,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { listed, plural } from "../../engine/sentence.ts";
import { perWorld, refOf } from "../common/mod.ts";
import {
  clusterDns,
  DECLARED,
  declaredRole,
  deployments,
  type Filler,
  filling,
  fillingElsewhere,
  otherCatalogs,
  platformNamespaces,
  services,
  statefulSets,
} from "../kubernetes/mod.ts";
import { catalogDatabases, clusters } from "../postgresql/mod.ts";
import {
  cephObjectStores,
  cephObjectStoreUsers,
  objectBucketClaims,
  ownerOfClaim,
} from "../rook_ceph/mod.ts";
import { clusterSecretStores, secretStores } from "../external_secrets/mod.ts";
import { partsOf } from "../workloads/mod.ts";
import {
  type BroadRole,
  isBroad,
  type Role,
  ROLE_NAMES,
  type RoleName,
  rolesWithin,
  titleOfRole,
} from "../../platform/mod.ts";

type Filled = FilledRole["objects"][number];

interface Finder {
  /** What must be readable for "there is none" to be known. */
  sources: readonly ListSource[];
  find(world: World): Filled[];
  /** A platform has one of these; of several, some commands must be told which. */
  single?: true;
}

const WORKLOADS: readonly ListSource[] = [deployments, statefulSets];

const BROAD: Readonly<Record<BroadRole, Finder>> = {
  catalog: { sources: WORKLOADS, find: catalogs, single: true },
  database: {
    sources: [clusters],
    find: (world) => catalogDatabases(world).map(({ ref, by }) => found(ref, by, world)),
    single: true,
  },
  "object-store": {
    sources: [cephObjectStores, ...WORKLOADS],
    find: (world) => [
      ...resources(world, cephObjectStores),
      ...declaredRole(world, "object-store")?.objects.length
        ? []
        : workloads(world, ...rolesWithin("object-store")),
    ],
    single: true,
  },
  "s3-user": {
    sources: [cephObjectStoreUsers],
    find: (world) => [...resources(world, cephObjectStoreUsers), ...missingOwners(world)],
  },
  secrets: {
    sources: [clusterSecretStores],
    find: (world) => [
      ...resources(world, clusterSecretStores),
      ...resources(world, secretStores).filter(({ object }) =>
        platformNamespaces(world).has(object.namespace ?? "")
      ),
    ],
  },
  gitops: {
    sources: WORKLOADS,
    find: (world) => workloads(world, ...rolesWithin("gitops")),
  },
  dns: {
    sources: [services],
    find: (world) => {
      const service = clusterDns(world);
      return isAbsent(world, service) ? [] : [found(service, "Service that leads to a DNS server", world)];
    },
  },
};

function found(object: ObjectRef, by: string, world: World): Filled {
  return { object, by, ...isAbsent(world, object) ? { missing: true } : {} };
}

function workloads(world: World, ...roles: readonly Role[]): Filled[] {
  return roles.flatMap((role) => filling(world, role)).map(filled);
}

function filled({ ref, by, doubt }: Filler): Filled {
  return { object: ref, by, ...doubt === undefined ? {} : { doubt } };
}

function catalogs(world: World): Filled[] {
  const nessie = partsOf(world, "nessie").map(({ workload, by }) => found(workload, by, world));
  return [
    ...nessie,
    ...otherCatalogs(world).map(({ ref, title }) => found(ref, title, world)),
  ];
}

/** Users that own claimed buckets and do not exist. */
function missingOwners(world: World): Filled[] {
  const refs = world.list(objectBucketClaims)
    .filter(({ metadata }) => platformNamespaces(world).has(metadata?.namespace ?? ""))
    .flatMap((claim) => ownerOfClaim(claim, world) ?? []).filter((ref) => isAbsent(world, ref));
  const owners = new Map(refs.map((ref) => [refKey(ref), ref]));
  return [...owners.values()].map((ref) => found(ref, "owner of a claimed bucket", world));
}

/** Custom resources of one kind. */
function resources(
  world: World,
  source: ListSource<{ metadata?: { name?: string; namespace?: string } }>,
): Filled[] {
  return world.list(source).map((object) =>
    found(refOf(source.kind, object), `custom resource ${source.kind}`, world)
  );
}

/** What must be readable for it to be known that nothing fills a role. */
export function sourcesOfRole(role: RoleName): readonly ListSource[] {
  return isBroad(role) ? BROAD[role].sources : WORKLOADS;
}

/** What fills the role; what is wanted and does not exist is marked as missing. */
export function objectsOf(world: World, role: RoleName): Filled[] {
  const { need, objects: named = [] } = declaredRole(world, role) ?? {};
  if (need === "absent") return [];
  if (isBroad(role)) {
    return named.length > 0 ? named.map((ref) => found(ref, DECLARED, world)) : BROAD[role].find(world);
  }
  return partsOf(world, role).map(({ workload, object, by, doubt }) => ({
    object: workload,
    by,
    ...object ? {} : { missing: true },
    ...doubt === undefined ? {} : { doubt },
  }));
}

/** Every role that something fills, or that something is declared of. */
export const filledRoles = perWorld((world): FilledRole[] =>
  ROLE_NAMES.flatMap((role): FilledRole[] => {
    const need = declaredRole(world, role)?.need;
    const objects = objectsOf(world, role);
    if (objects.length === 0 && need === undefined) return [];
    const ambiguous = ambiguity(role, objects, world);
    return [{
      role,
      title: titleOfRole(role),
      ...need === undefined ? {} : { need },
      objects,
      ...ambiguous === undefined ? {} : { ambiguous },
    }];
  })
);

function ambiguity(role: RoleName, objects: readonly Filled[], world: World): string | undefined {
  const present = objects.filter(({ missing }) => !missing);
  const doubted = present.filter(({ doubt }) => doubt !== undefined);
  if (doubted.length > 0) {
    const names = listed(
      doubted.map(({ object, by, doubt }) => `${refText(object)} has ${by}, and runs ${doubt}`),
    );
    return `${names}: name what fills it in roles.${role}.objects`;
  }
  if (isBroad(role) && BROAD[role].single && present.length > 1) {
    const names = listed(present.map(({ object }) => refText(object)));
    return `there are ${present.length} ${
      plural(titleOfRole(role))
    }: ${names}. Name the platform's own in roles.${role}.objects`;
  }
  const elsewhere = isBroad(role) ? [] : fillingElsewhere(world, role).map(({ ref }) => ref);
  return elsewhere.length === 0
    ? undefined
    : `${
      listed(elsewhere.map(refText))
    } could fill it, too, and is taken to be another tenant's: name it in roles.${role}.objects if it is not`;
}
