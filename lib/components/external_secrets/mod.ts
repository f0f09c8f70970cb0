/** The External Secrets operator: the Secrets it should have made, the stores it reads, and the operator itself. */
import { count } from "../../engine/sentence.ts";
import type {
  Check,
  Component,
  Edge,
  Judgement,
  KindCheck,
  ListSource,
  ObjectRef,
  ShellCommand,
  World,
} from "../../engine/model.ts";
import { isApplied, makersShown } from "../gitops/mod.ts";
import { storeWords } from "./causes.ts";
import { judgeStore, secretCheck } from "./judge.ts";
import { externalSecretEdges, operatorsOf, storeOf, writersOf } from "./edges.ts";
import {
  clusterSecretStores,
  externalSecrets as secretList,
  type SecretStore,
  secretStores,
} from "./kinds.ts";
import { makersOf } from "./makers.ts";
import { judgeContradicted, vaultCheck, vaultEdges } from "./vault.ts";
import { refOf, servedCheck } from "../common/mod.ts";
import {
  deployments,
  namespacesOf,
  type OperatorCheck,
  operatorCheck,
  secrets,
  silentWithout,
} from "../kubernetes/mod.ts";
import { usualPart } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";

export {
  externalSecretEdges,
  findStore,
  operatorsOf,
  STORE_ERRORS,
  storeOf,
  storeRef,
  storesOf,
} from "./edges.ts";
export { judgeStore, secretCheck } from "./judge.ts";
export { secretOf, targetOf } from "./target.ts";
export * from "./kinds.ts";

const NAME = "external-secrets";

function storeCheckId(source: ListSource<SecretStore>): string {
  return source === secretStores ? "external-secrets.stores" : "external-secrets.cluster-stores";
}

function storeCheck(kind: string, source: ListSource<SecretStore>): KindCheck<SecretStore> {
  return {
    id: storeCheckId(source),
    title: kind === "SecretStore" ? "secret stores" : "cluster secret stores",
    explain:
      `A ${kind} is Ready: the operator could make a client for its provider with the credentials that it names, ` +
      "and the provider accepted them.",
    source,
    words: storeWords,
    component: () => NAME,
    ref: (object) => refOf(kind, object),
    also: [secretList],
    judge: (object, world) =>
      judgeStore(kind, object, world) ?? judgeContradicted(refOf(kind, object), world),
  };
}

const storesCheck: Check = {
  id: "external-secrets.stores-used",
  title: "stores in use",
  explain: "Every ExternalSecret names a store, and at least one ExternalSecret exists to be judged.",
  needs: [secretList],
  object: (world) => ({ kind: "Namespace", name: world.namespace }),
  run(world): Judgement[] {
    const all = world.list(secretList).filter((object) => object.metadata?.namespace === world.namespace);
    if (all.length === 0) {
      const message = `Namespace ${world.namespace} has no ExternalSecret`;
      return [{ status: "skipped", reason: "NoneFound", message }];
    }
    const stores = new Set(all.flatMap((object) => storeOf(object)?.name ?? []));
    const observed = count(all.length, "ExternalSecret");
    const message = `Namespace ${world.namespace} has ${observed}, which read from ${[...stores].join(", ")}`;
    return [{ status: "ok", reason: "Found", message, observed }];
  },
};

const OPERATOR: OperatorCheck = {
  id: "external-secrets.operator",
  title: "External Secrets operator",
  needs: [secretList, deployments],
  used: (world) => world.list(secretList).length > 0,
  found: operatorsOf,
  fallback: (world) => usualPart(NAME, "Deployment", world.namespace),
  stands: "no Secret is made or refreshed",
};

function edges(world: World): Edge[] {
  return [...externalSecretEdges(world), ...vaultEdges(world)];
}

/** Used when something shows it: what Kustomizations apply, or the operator's own Deployment. */
function isUsed(world: World, source: ListSource): boolean {
  return isApplied(world, source) || operatorsOf(world).length > 0;
}

/** A store comes with the provider behind it: after a rebuild both are missing, and only the store shows it. */
function installStore(_: ObjectRef, world: World): ShellCommand[] {
  return [
    ...makersShown(world),
    command`deno task 1p:install --credentials 1password-credentials.json --token token   # if none of these brings it`,
    command`deno task 1p:status`,
  ];
}

export const externalSecretsComponent: Component = {
  name: NAME,
  title: "External Secrets",
  dependsOn: ["onepassword-connect", "kubernetes"],
  sources: [secretList, clusterSecretStores, secretStores, secrets],
  whenMissing: {
    ClusterSecretStore: installStore,
    SecretStore: installStore,
    Secret: ({ namespace, name }, world) => [
      command`kubectl -n ${namespace} get externalsecrets   # which should make ${name}?`,
      ...makersShown(world),
    ],
  },
  namespaces: (world) => namespacesOf(operatorsOf(world), "external-secrets"),
  kinds: [
    secretCheck,
    storeCheck("ClusterSecretStore", clusterSecretStores),
    storeCheck("SecretStore", secretStores),
  ],
  checks: [
    servedCheck(NAME, "External Secrets", [secretList, clusterSecretStores, secretStores], isUsed),
    operatorCheck(OPERATOR),
    storesCheck,
    vaultCheck,
  ],
  edges,
  silent: silentWithout(
    { ...OPERATOR, found: writersOf },
    secretCheck.id,
    vaultCheck.id,
    "secret-supply.external-secrets",
    ...[clusterSecretStores, secretStores].map(storeCheckId),
  ),
  makers: makersOf,
};
