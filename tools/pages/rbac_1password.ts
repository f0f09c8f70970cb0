/** docs/rbac-1password.yaml: what the person who runs `1p:install` and `1p:uninstall` may do, from what they ask for. */
import {
  CREDENTIALS_SECRET,
  MANIFESTS,
  type Manifests,
  readManifests,
} from "../../lib/procedures/onepassword/install/manifests.ts";
import { type Right, rightsFor } from "../../lib/procedures/onepassword/install/preflight.ts";

const NAME = "lakecheck-1password";

/** The roles and their bindings to a group, as YAML. */
export async function rbac1PasswordText(header: string): Promise<string> {
  const manifests = await readManifests(MANIFESTS);
  const namespace = manifests.connectDeployment.metadata.namespace ?? "";
  const all = [...rightsFor(manifests, secretsOf(manifests, namespace)), ...toWait(namespace)];
  const rights = [...all, ...removals(all)];
  const within = rights.filter((right) => right.namespace === namespace);
  const wide = rights.filter((right) => right.namespace === undefined);
  return [
    `# ${header}`,
    "# What `deno task 1p:install` and `1p:uninstall` may do beside reading the platform (rbac.yaml, bind it too).",
    "# The two Secrets are readable by name, so that a second run changes nothing; no other Secret is.",
    ...role("ClusterRole", undefined, wide),
    ...binding("ClusterRole", undefined),
    ...role("Role", namespace, within),
    ...binding("Role", namespace),
    "",
  ].join("\n");
}

function secretsOf({ token }: Manifests, namespace: string) {
  return [{ name: CREDENTIALS_SECRET, namespace }, { name: token.name, namespace: token.namespace }];
}

/** What the waiting looks at and kicks. */
function toWait(namespace: string): Right[] {
  const flux = [["helm.toolkit.fluxcd.io", "helmreleases"], [
    "kustomize.toolkit.fluxcd.io",
    "kustomizations",
  ]];
  return [
    { verb: "get", group: "", resource: "namespaces" },
    ...flux.flatMap(([group = "", resource = ""]) =>
      ["list", "patch"].map((verb) => ({ verb, group, resource }))
    ),
    ...["externalsecrets", "clustersecretstores"].map((resource) => ({
      verb: "list",
      group: "external-secrets.io",
      resource,
    })),
    { verb: "list", group: "", resource: "pods", namespace },
    { verb: "get", group: "", resource: "services/proxy", namespace },
  ];
}

/** Uninstall removes what install may make, by name. */
function removals(all: readonly Right[]): Right[] {
  return all.filter(({ verb, name }) => verb === "patch" && name !== undefined).map((right) => ({
    ...right,
    verb: "delete",
  }));
}

function role(kind: string, namespace: string | undefined, rights: readonly Right[]): string[] {
  const groups = Map.groupBy(
    rights,
    ({ group, resource, name }) => JSON.stringify([group, resource, name ?? ""]),
  );
  const rules = [...groups].toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([, members]) => {
    const [{ group, resource, name } = { group: "", resource: "", name: undefined }] = members;
    const verbs = [...new Set(members.map(({ verb }) => verb))].toSorted().join(", ");
    return [
      `  - apiGroups: [${JSON.stringify(group)}]`,
      `    resources: [${resource}]`,
      ...name ? [`    resourceNames: [${name}]`] : [],
      `    verbs: [${verbs}]`,
    ];
  });
  return [...head(kind, namespace), "rules:", ...rules];
}

function head(kind: string, namespace: string | undefined): string[] {
  return [
    "---",
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}`,
    "metadata:",
    `  name: ${NAME}`,
    ...namespace ? [`  namespace: ${namespace}`] : [],
  ];
}

function binding(kind: string, namespace: string | undefined): string[] {
  return [
    ...head(`${kind}Binding`, namespace),
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    `  kind: ${kind}`,
    `  name: ${NAME}`,
    "subjects:",
    "  - apiGroup: rbac.authorization.k8s.io",
    "    kind: Group",
    `    name: ${NAME}`,
  ];
}
