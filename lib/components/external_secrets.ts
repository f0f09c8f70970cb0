/** The External Secrets operator: the Secrets it should have made, the stores it reads, and the operator itself. */
import type { Check, Component, Edge, Judgement, KindCheck, ListSource, ObjectRef, World } from "../model.ts";
import { appliesKind } from "./flux_inventory.ts";
import { failureText, ITEM_FAULTS, judgeExternalSecret, judgeStore } from "./external_secrets_judge.ts";
import { externalSecretEdges, itemsOf, operatorsOf, storeOf } from "./external_secrets_edges.ts";
import {
  clusterSecretStores,
  type ExternalSecret,
  externalSecrets as secretList,
  type SecretStore,
  secretStores,
} from "./external_secrets_kinds.ts";
import { refOf } from "./fields.ts";
import { deployments, events, secrets } from "./kinds.ts";
import { namespacesOf, operatorCheck } from "./operators.ts";
import { perWorld } from "./per_world.ts";
import { servedCheck } from "./states.ts";

const NAME = "external-secrets";

const secretCheck: KindCheck<ExternalSecret> = {
  id: "external-secrets.synced",
  title: "external secrets",
  explain:
    "An ExternalSecret is Ready, its Secret exists, and it was refreshed lately. One that fails while its Secret still " +
    "exists is a warning: the old value is served, until a pod wants a new one. One younger than a minute may wait.",
  source: secretList,
  also: [secrets],
  component: () => NAME,
  ref: (object) => refOf("ExternalSecret", object),
  judge: judgeExternalSecret,
};

function storeCheck(kind: string, source: ListSource<SecretStore>): KindCheck<SecretStore> {
  return {
    id: kind === "SecretStore" ? "external-secrets.stores" : "external-secrets.cluster-stores",
    title: kind === "SecretStore" ? "secret stores" : "cluster secret stores",
    explain:
      `A ${kind} is Ready: the operator could make a client for its provider with the credentials that it names, ` +
      "and the provider accepted them.",
    source,
    component: () => NAME,
    ref: (object) => refOf(kind, object),
    judge: (object, world) => judgeStore(kind, object, world),
  };
}

/** Items that a provider does not have, each once, however many ExternalSecrets ask for it. */
const missingItems = perWorld((world) => {
  const found = new Map<string, { item: ObjectRef; by: string[]; critical: boolean; said: string }>();
  for (const object of world.list(secretList)) {
    const judged = judgeExternalSecret(object, world);
    if (judged?.reason !== "ItemNotFound") continue;
    const said = failureText("ExternalSecret", object, world);
    for (
      const item of itemsOf(object, world).filter(({ key }) =>
        said.includes(key) || itemsOf(object, world).length === 1
      )
    ) {
      const known = found.get(item.ref.name) ?? { item: item.ref, by: [], critical: false, said };
      known.by.push(`${object.metadata?.namespace}/${object.metadata?.name}`);
      known.critical ||= judged.status === "critical";
      found.set(item.ref.name, known);
    }
  }
  return [...found.values()];
});

const itemCheck: Check = {
  id: "external-secrets.items",
  title: "items in the vault",
  explain:
    "Every 1Password item that an ExternalSecret asks for was found. An item that is missing, or is named otherwise, is " +
    "reported once, however many ExternalSecrets want it.",
  needs: [secretList, events],
  object: () => ({ kind: "OnePasswordItem", name: "*" }),
  run(world) {
    const asked = new Set(
      world.list(secretList).flatMap((object) => itemsOf(object, world).map(({ ref }) => ref.name)),
    );
    if (asked.size === 0) {
      return [{
        status: "skipped",
        reason: "NoneAsked",
        message: "no ExternalSecret asks for a 1Password item",
      }];
    }
    const missing = missingItems(world);
    if (missing.length === 0) {
      const message = `none of the ${asked.size} items that ExternalSecrets ask for is reported missing`;
      return [{ status: "ok", reason: "NoneMissing", message, observed: `0 of ${asked.size} missing` }];
    }
    return missing.map(({ item, by, critical, said }) => ({
      object: item,
      status: critical ? "critical" : "warning",
      reason: "ItemNotFound",
      message: `is not in any vault that the store may read; ${by.slice(0, 3).join(", ")} ${
        by.length > 1 ? "need" : "needs"
      } it: ${said}`,
      observed: "absent",
      expected: "an item of that title",
      evidence: "events of the ExternalSecret",
      next: [
        `op item list --vault ${item.name.split("/")[0]}`,
        `op item get "${item.name.split("/").slice(1).join("/")}"`,
      ],
    }));
  },
};

const storesCheck: Check = {
  id: "external-secrets.stores-used",
  title: "stores in use",
  explain: "Every ExternalSecret names a store, and at least one ExternalSecret exists to be judged.",
  needs: [secretList],
  object: (world) => ({ kind: "Namespace", name: world.namespace }),
  run(world): Judgement[] {
    const all = world.list(secretList).filter((object) => object.metadata?.namespace === world.namespace);
    if (all.length === 0) {
      const message = `there is no ExternalSecret in namespace ${world.namespace}`;
      return [{ status: "skipped", reason: "NoneFound", message }];
    }
    const stores = new Set(all.flatMap((object) => storeOf(object)?.name ?? []));
    const message = `${all.length} ExternalSecrets of namespace ${world.namespace} read ${
      [...stores].join(", ")
    }`;
    return [{ status: "ok", reason: "Found", message, observed: `${all.length} ExternalSecrets` }];
  },
};

function edges(world: World): Edge[] {
  const items: Edge[] = world.list(secretList).flatMap((object) =>
    itemsOf(object, world).map(({ ref }) => ({
      from: refOf("ExternalSecret", object),
      to: ref,
      via: "remoteRef",
      explains: [...ITEM_FAULTS],
      because: ["ItemNotFound"],
    }))
  );
  return [...externalSecretEdges(world), ...items];
}

/** Used when something shows it: what Kustomizations apply, or the operator's own Deployment. */
function isUsed(world: World, source: ListSource): boolean {
  return appliesKind(world, source) || operatorsOf(world).length > 0;
}

export const externalSecrets: Component = {
  name: NAME,
  title: "External Secrets",
  dependsOn: ["onepassword-connect", "kubernetes"],
  sources: [secretList, clusterSecretStores, secretStores, secrets],
  namespaces: (world) => namespacesOf(operatorsOf(world), "external-secrets"),
  kinds: [
    secretCheck,
    storeCheck("ClusterSecretStore", clusterSecretStores),
    storeCheck("SecretStore", secretStores),
  ],
  checks: [
    servedCheck(NAME, "External Secrets", [secretList, clusterSecretStores, secretStores], isUsed),
    operatorCheck({
      id: "external-secrets.operator",
      title: "External Secrets operator",
      needs: [secretList, deployments],
      used: (world) => world.list(secretList).length > 0,
      found: operatorsOf,
      fallback: { kind: "Deployment", namespace: "external-secrets", name: "external-secrets" },
      stands: "no Secret is made or refreshed",
    }),
    storesCheck,
    itemCheck,
  ],
  edges,
};
