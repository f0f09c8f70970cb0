/** What must be true before anything is written: the cluster, External Secrets, and what the user may do. */
import type { KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type Manifests, pathOf } from "./manifests.ts";
import { placeOf } from "../../../clients/kubernetes/write_replies.ts";

/** A right that install needs, as `kubectl auth can-i` names it. */
export interface Right {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

/** Every right that install uses to put these manifests there; docs/1password.md has them as a role. */
export function rightsFor(
  manifests: Manifests,
  secrets: readonly { name: string; namespace: string }[],
): Right[] {
  const objects = [...manifests.connect, ...manifests.stores].flatMap((object): Right[] => {
    const { name: _, ...place } = placeOf(pathOf(object));
    return ["get", "create", "patch"].map((verb) => ({
      ...place,
      verb,
      // Nobody can be let create only objects of one name.
      ...verb === "create" ? {} : { name: object.metadata.name },
    }));
  });
  const own = secrets.flatMap(({ name, namespace }): Right[] =>
    ["get", "create", "patch"].map((verb) => ({
      verb,
      group: "",
      resource: "secrets",
      namespace,
      ...verb === "create" ? {} : { name },
    }))
  );
  const kicks: Right[] = [{ verb: "patch", group: "external-secrets.io", resource: "externalsecrets" }];
  const all = [...objects, ...own, ...kicks];
  return [...new Map(all.map((right) => [JSON.stringify(right), right])).values()];
}

/** Throws CannotLook naming every right that is missing. */
export async function requireRights(kube: KubeWriter, rights: readonly Right[]): Promise<void> {
  const answers = await Promise.all(
    rights.map(async (right) => ({
      right,
      allowed: await kube.may(right.verb, right.group, right.resource, right.namespace, right.name),
    })),
  );
  const missing = answers.filter(({ allowed }) => !allowed).map(({ right }) => rightText(right));
  if (missing.length === 0) return;
  throw new CannotLook({
    kind: "forbidden",
    message:
      `you may not do what 1p:install needs on ${kube.context}: ${[...new Set(missing)].join("; ")}. ` +
      "Nothing was changed. Next: ask for the role in docs/1password.md, then run this again",
  });
}

function rightText({ verb, group, resource, namespace, name }: Right): string {
  return `${verb} ${resource}${group ? `.${group}` : ""}${name ? ` ${name}` : ""}${
    namespace ? ` in namespace ${namespace}` : ""
  }`;
}

/** Throws CannotLook when External Secrets is not there, or serves another version than the manifests use. */
export async function requireExternalSecrets(kube: KubeWriter, manifests: Manifests): Promise<void> {
  const [store] = manifests.stores;
  const [group = "", version = ""] = (store?.apiVersion ?? "").split("/");
  if (await kube.serves(group, version)) return;
  const older = await kube.serves(group, "v1beta1");
  throw new CannotLook({
    kind: "not-installed",
    message: older
      ? `External Secrets is here, but serves no ${group}/${version}, which the manifests use (it serves v1beta1). ` +
        "Nothing was changed. Next: upgrade External Secrets to 0.16 or newer"
      : `External Secrets is not installed: the API server serves no ${group}/${version}. Nothing was changed. ` +
        "Next: install the operator (flux get helmreleases -A, or its Helm chart), then run this again",
  });
}
