/** What ExternalSecrets, their stores and the Secrets they make need of each other. */
import { type Edge, IN_PROGRESS, type ListSource, type ObjectRef, type World } from "../../engine/model.ts";
import { deploymentsOf, dnsEdge, OPERATOR_DOWN, serviceOfHost } from "../kubernetes/mod.ts";
import {
  failureText,
  ITEM_FAULTS,
  OPERATOR_FAULTS,
  PROVIDER_FAULTS,
  STORE_FAULTS,
  VAULT_FAULTS,
} from "./judge.ts";
import {
  clusterSecretStores,
  type ExternalSecret,
  externalSecrets,
  type Provider,
  type Reference,
  SDK,
  type SecretStore,
  secretStores,
} from "./kinds.ts";
import { mentionEdges, perWorld, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import { usualPart } from "../../platform/mod.ts";

/** Reasons of a store that its provider, its credentials or the way there can explain. */
export const STORE_ERRORS = [
  IN_PROGRESS,
  "ValidationFailed",
  "InvalidProviderConfig",
  "InvalidStoreConfiguration",
  ...PROVIDER_FAULTS,
  ...VAULT_FAULTS,
  "NotReady",
] as const;

/** The operator's Deployments: the controller, and its helpers where they run. */
export const operatorsOf = perWorld((world) =>
  deploymentsOf(world, "external-secrets", "external-secrets-webhook", "external-secrets-cert-controller")
);

/** The controller alone, which writes every status; where it is not told from its helpers, all of them. */
export const writersOf = perWorld((world) => {
  const controllers = deploymentsOf(world, "external-secrets");
  return controllers.length > 0 ? controllers : operatorsOf(world);
});

/** The store that an ExternalSecret names for all its entries. */
export function storeOf(object: ExternalSecret): ObjectRef | undefined {
  return storeRef(object.spec?.secretStoreRef, object.metadata?.namespace);
}

/** The store that a reference in `namespace` names. */
export function storeRef(
  ref: { kind?: string; name?: string } | undefined,
  namespace: string | undefined,
): ObjectRef | undefined {
  if (!ref?.name) return undefined;
  return ref.kind === "ClusterSecretStore"
    ? { kind: "ClusterSecretStore", name: ref.name }
    : { kind: "SecretStore", namespace, name: ref.name };
}

/** Every store that an ExternalSecret names, also for single entries. */
export function storesOf(object: ExternalSecret): ObjectRef[] {
  const { data = [], dataFrom = [] } = object.spec ?? {};
  const refs = [
    storeOf(object),
    ...[...data, ...dataFrom].map((entry) => storeRef(entry.sourceRef?.storeRef, object.metadata?.namespace)),
  ];
  return refs.flatMap((ref) => ref ?? []);
}

/** undefined: there is no such store, or its kind could not be listed. */
export function findStore(ref: ObjectRef | undefined, world: World): SecretStore | undefined {
  if (!ref) return undefined;
  const source: ListSource<SecretStore> = ref.kind === "SecretStore" ? secretStores : clusterSecretStores;
  return world.get(source, ref.namespace, ref.name);
}

/** The keys an ExternalSecret asks its store for, each once. */
function keysOf(object: ExternalSecret): string[] {
  const { data = [], dataFrom = [] } = object.spec ?? {};
  const keys = [...data.map((entry) => entry.remoteRef?.key), ...dataFrom.map((entry) => entry.extract?.key)];
  return [...new Set(keys.flatMap((key) => key ?? []))];
}

/** The title in a key: Connect is asked for a title, 1Password itself for `title/[section/]field`. */
function titleOf(key: string, provider: string): string {
  return provider === SDK ? key.replace(/^\//, "").split("/")[0] ?? key : key;
}

const vaultsText = ({ vaults }: Provider): string => vaults?.join("+") ?? "vault";

/** All items that the store of an ExternalSecret reads, as one object outside the cluster: `vault/*`. */
export function allItemsOf(object: ExternalSecret, world: World): ObjectRef {
  const provider = findStore(storeOf(object), world)?.provider;
  return { kind: "OnePasswordItem", name: `${provider ? vaultsText(provider) : "vault"}/*` };
}

/** The 1Password items an ExternalSecret asks for, as objects outside the cluster: `vault/title`. */
export function itemsOf(object: ExternalSecret, world: World): { keys: string[]; ref: ObjectRef }[] {
  const provider = findStore(storeOf(object), world)?.provider;
  if (!provider?.name.startsWith("onepassword")) return [];
  const vault = vaultsText(provider);
  const byTitle = Map.groupBy(keysOf(object), (key) => titleOf(key, provider.name));
  return [...byTitle].map(([title, keys]) => ({
    keys,
    ref: { kind: "OnePasswordItem", name: `${vault}/${title}` },
  }));
}

/** The 1Password vaults that a store searches, as objects outside the cluster. */
export function vaultsOf(store: ObjectRef | undefined, world: World): ObjectRef[] {
  const provider = findStore(store, world)?.provider;
  if (!provider?.name.startsWith("onepassword")) return [];
  return (provider.vaults ?? []).map((name) => ({ kind: "OnePasswordVault", name }));
}

/** Edges of the operator's kinds; the items of a vault are the caller's. */
export const externalSecretEdges = perWorld((world): Edge[] => [
  ...world.list(externalSecrets).flatMap((object) => edgesOf(object, world)),
  ...world.list(clusterSecretStores).flatMap((object) => storeEdges("ClusterSecretStore", object, world)),
  ...world.list(secretStores).flatMap((object) => storeEdges("SecretStore", object, world)),
]);

function edgesOf(object: ExternalSecret, world: World): Edge[] {
  const from = refOf("ExternalSecret", object);
  const edges: Edge[] = [
    ...storesOf(object).map((to) => ({ from, to, via: "secretStoreRef", explains: [...STORE_FAULTS] })),
    ...operatorEdges(from, world),
  ];
  // The kubernetes provider speaks of Secrets of another namespace.
  const remote = findStore(storeOf(object), world)?.provider;
  if (remote?.name === "kubernetes" && !remote.host) {
    for (const key of keysOf(object)) {
      edges.push({
        from,
        to: { kind: "Secret", namespace: remote.remoteNamespace, name: key },
        via: `remoteRef in namespace ${remote.remoteNamespace}`,
        explains: [...ITEM_FAULTS, "SecretSyncedError", "NotReady"],
      });
    }
  } else {
    const said = failureText("ExternalSecret", object, world);
    edges.push(...mentionEdges(from, said, [...STORE_FAULTS, "TemplateFailed"]));
  }
  return edges;
}

function storeEdges(kind: string, object: SecretStore, world: World): Edge[] {
  const from = refOf(kind, object);
  const { provider } = object;
  const within = (ref: Reference) => ref.namespace ?? from.namespace;
  const needs = (kind: string, refs: Reference[] | undefined, via: string): Edge[] =>
    (refs ?? []).filter((ref) => within(ref)).map((ref) => ({
      from,
      to: { kind, namespace: within(ref), name: ref.name ?? "" },
      via: ref.key ? `${via} (key ${ref.key})` : via,
      explains: [...STORE_ERRORS],
    }));
  const service = provider?.host ? serviceOfHost(provider.host, from.namespace ?? "", world) : undefined;
  const to: Edge[] = service
    ? [{
      from,
      to: service,
      via: "provider's host",
      explains: [...STORE_ERRORS],
      because: [...SERVICE_ERRORS],
    }]
    : [];
  return [
    ...needs("Secret", provider?.secrets, "provider's credentials"),
    ...needs("ServiceAccount", provider?.accounts, "provider's service account"),
    ...to,
    ...provider?.host ? [dnsEdge(from, world, STORE_ERRORS)] : [],
    ...operatorEdges(from, world),
    ...mentionEdges(from, failureText(kind, object, world), STORE_ERRORS),
  ];
}

function operatorEdges(from: ObjectRef, world: World): Edge[] {
  const [operator = usualPart("external-secrets", "Deployment", world.namespace)] = operatorsOf(world);
  const explains = [...OPERATOR_FAULTS];
  return [{
    from,
    to: operator,
    via: "reconciled by",
    explains,
    because: [...OPERATOR_DOWN],
    optional: true,
  }];
}
