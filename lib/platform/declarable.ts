/** What a declaration may speak of: the roles of workloads, and the ones that other objects fill. Pure. */
import { ALL_ROLES, type Role } from "./roles.ts";

/** Roles that are not one kind of workload, with the kinds of objects by which a declaration may name them. */
export const BROAD_ROLES = {
  catalog: { title: "Iceberg catalog", kinds: ["Deployment", "StatefulSet"] },
  database: { title: "database of the catalog", kinds: ["Cluster"] },
  "object-store": { title: "object store", kinds: ["CephObjectStore", "Deployment", "StatefulSet"] },
  "s3-user": { title: "S3 user", kinds: ["CephObjectStoreUser"] },
  secrets: { title: "secret store", kinds: ["ClusterSecretStore", "SecretStore"] },
  gitops: { title: "GitOps", kinds: ["Deployment", "StatefulSet"] },
  dns: { title: "cluster DNS", kinds: ["Service"] },
} as const satisfies Record<string, { title: string; kinds: readonly string[] }>;

export type BroadRole = keyof typeof BROAD_ROLES;
export type RoleName = Role | BroadRole;

export const ROLE_NAMES: readonly RoleName[] = [
  ...Object.keys(BROAD_ROLES) as BroadRole[],
  ...ALL_ROLES.map(([role]) => role),
];

export function isBroad(role: RoleName): role is BroadRole {
  return Object.hasOwn(BROAD_ROLES, role);
}

/** What a role is called in a sentence. */
export function titleOfRole(role: RoleName): string {
  return isBroad(role) ? BROAD_ROLES[role].title : role;
}

/** The kinds of objects that can fill a role. */
export function kindsOfRole(role: RoleName): readonly string[] {
  return isBroad(role) ? BROAD_ROLES[role].kinds : ["Deployment", "StatefulSet"];
}
