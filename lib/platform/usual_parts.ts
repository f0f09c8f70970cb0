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
  "argocd": "argo-cd",
  "external-secrets": "external-secrets",
  "rook-ceph": "rook-ceph",
  "kube-system": "kubernetes",
  "kube-public": "kubernetes",
  "kube-node-lease": "kubernetes",
};

/** Where the parts of the platform are, if nothing tells it. */
export const USUAL_NAMESPACE = "data-platform";

/** Longer names first: `nessie-postgres-1` is not of `nessie`. */
const BY_NAME = PARTS.toSorted((a, b) => b.name.length - a.name.length);

const refOf = ({ kind, namespace, name }: Part, platform: string): ObjectRef => ({
  kind,
  namespace: namespace ?? platform,
  name,
});

/** Every part of the platform in namespace `platform`, present or absent. */
export function usualParts(platform: string): ObjectRef[] {
  return PARTS.map((part) => refOf(part, platform));
}

/** Where this component's part of this kind is when nothing else tells; `platform` is for parts of its own namespace. */
export function usualPart(component: string, kind: string, platform = ""): ObjectRef {
  const part = PARTS.find((one) => one.component === component && one.kind === kind);
  if (!part) throw new Error(`${component} has no part of kind ${kind}`);
  return refOf(part, platform);
}

/**
 * The component that an object belongs to by its name or its namespace; `near` are the components of the parts that were
 * found in its namespace, by their names.
 */
export function componentOf(
  name: string,
  namespace: string,
  platform: string,
  near: ReadonlyMap<string, string>,
): string | undefined {
  const usual = BY_NAME.find((one) =>
    (one.anywhere || namespace === (one.namespace ?? platform)) && isNamed(name, one.name)
  );
  const found = longestStart(name, near);
  const isNearer = found.length > (usual?.name.length ?? 0);
  return (isNearer ? near.get(found) : usual?.component) ?? own(NAMESPACES, namespace);
}

/** The longest part before a dash that is known, or all of it: `lake-history-7f9c` is not of `lake`. */
function longestStart(name: string, known: ReadonlyMap<string, string>): string {
  for (let end = name.length; end > 0; end = name.lastIndexOf("-", end - 1)) {
    if (known.has(name.slice(0, end))) return name.slice(0, end);
  }
  return "";
}

function isNamed(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && (name.length === prefix.length || name[prefix.length] === "-");
}
