/**
 * What the platform consists of: one table of its parts, from which follows what must be there, to which component an
 * object belongs, and where a part is looked for that nothing else tells of. Pure.
 */
import type { ObjectRef } from "../engine/model.ts";
import { own } from "../untrusted/lookup.ts";

interface Part {
  /** The component that judges it. */
  component: string;
  kind: string;
  /** Absent: the platform's own. */
  namespace?: string;
  name: string;
  /** What bears its name is the component's in every namespace, not only in this one. */
  anywhere?: boolean;
}

const PARTS: readonly Part[] = [
  { component: "nessie", kind: "Deployment", name: "nessie" },
  { component: "nessie", kind: "Service", name: "nessie" },
  { component: "postgresql", kind: "Cluster", name: "nessie-postgres" },
  { component: "spark-operator", kind: "Deployment", name: "spark-operator", anywhere: true },
  { component: "spark-history-server", kind: "Deployment", name: "spark-history-server" },
  { component: "spark-history-server", kind: "Service", name: "spark-history-server" },
  { component: "spark-client", kind: "Deployment", name: "spark-client" },
  { component: "s3-user", kind: "CephObjectStoreUser", namespace: "rook-ceph", name: "iceberg" },
  { component: "rook-ceph", kind: "CephCluster", namespace: "rook-ceph", name: "rook-ceph" },
  { component: "rook-ceph", kind: "Deployment", namespace: "rook-ceph", name: "rook-ceph-operator" },
  { component: "postgresql", kind: "Deployment", namespace: "cnpg-system", name: "cnpg-controller-manager" },
  {
    component: "external-secrets",
    kind: "Deployment",
    namespace: "external-secrets",
    name: "external-secrets",
  },
  ...["Service", "Deployment"].map((kind) => ({
    component: "onepassword-connect",
    kind,
    namespace: "external-secrets",
    name: "onepassword-connect",
    anywhere: true,
  })),
];

/** Whose a namespace is, if nothing in it says otherwise. */
const NAMESPACES: Record<string, string> = {
  "cnpg-system": "postgresql",
  "flux-system": "flux",
  "external-secrets": "external-secrets",
  "rook-ceph": "rook-ceph",
  "kube-system": "kubernetes",
  "kube-public": "kubernetes",
  "kube-node-lease": "kubernetes",
};

/** Longer names first: `nessie-postgres-1` is not of `nessie`. */
const BY_NAME = PARTS.toSorted((a, b) => b.name.length - a.name.length);

const refOf = ({ kind, namespace, name }: Part, platform: string): ObjectRef => ({
  kind,
  namespace: namespace ?? platform,
  name,
});

/** Every part of the platform in namespace `platform`, present or absent. */
export function partsOf(platform: string): ObjectRef[] {
  return PARTS.map((part) => refOf(part, platform));
}

/** Where this component's part of this kind is when nothing else tells; `platform` is for parts of its own namespace. */
export function usualPart(component: string, kind: string, platform = ""): ObjectRef {
  const part = PARTS.find((one) => one.component === component && one.kind === kind);
  if (!part) throw new Error(`${component} has no part of kind ${kind}`);
  return refOf(part, platform);
}

/** Whether the platform cannot do without this Deployment, and the check of its component says how it is. */
export function isRequired(name: string, namespace: string, platform: string): boolean {
  return namespace === platform &&
    PARTS.some((part) => part.kind === "Deployment" && !part.namespace && part.name === name);
}

/** The component that an object belongs to by its name or its namespace. */
export function componentOf(name: string, namespace: string, platform: string): string | undefined {
  const part = BY_NAME.find((one) =>
    (one.anywhere || namespace === (one.namespace ?? platform)) && isNamed(name, one.name)
  );
  return part?.component ?? own(NAMESPACES, namespace);
}

function isNamed(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && (name.length === prefix.length || name[prefix.length] === "-");
}
