/** Where keys come from and where they go: claims and users, the 1Password store, its vault. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../clients/kubernetes/writer.ts";
import type { ConnectApi, Vault } from "../../clients/onepassword/client.ts";
import { cephObjectStoreUsers, objectBucketClaims } from "../../components/rook_ceph/mod.ts";
import { UsageError } from "../../engine/errors.ts";
import { type ObjectRef, refText } from "../../engine/model.ts";
import { quote } from "../../redact/mod.ts";
import { claimSource, type Source, userSource } from "./keys.ts";
import { command } from "../../untrusted/shell.ts";
import { EXTERNAL_SECRETS, listIfServed } from "../onepassword/objects.ts";
import { at } from "../../untrusted/lookup.ts";

/** Names of claims and users, each `NAMESPACE/NAME`; neither: every claim of the namespace, and every user. */
export interface Chosen {
  claims?: readonly string[];
  users?: readonly string[];
}

/** The sources that were chosen. UsageError names one that does not exist. */
export async function sourcesOf(kube: KubeWriter, namespace: string, chosen: Chosen): Promise<Source[]> {
  const all = chosen.claims === undefined && chosen.users === undefined;
  const claims = all || chosen.claims ? await listed(kube, objectBucketClaims.path, claimSource) : [];
  const users = all || chosen.users ? await listed(kube, cephObjectStoreUsers.path, userSource) : [];
  if (all) return [...claims.filter(({ ref }) => ref.namespace === namespace), ...users];
  return [
    ...pick(claims, chosen.claims ?? [], "--claim", "ObjectBucketClaim"),
    ...pick(users, chosen.users ?? [], "--user", "CephObjectStoreUser"),
  ];
}

async function listed(
  kube: KubeWriter,
  path: string,
  read: (object: KubeObject) => Source,
): Promise<Source[]> {
  return (await listIfServed(kube, path)).map(read);
}

function pick(all: readonly Source[], names: readonly string[], flag: string, kind: string): Source[] {
  const nameOf = ({ ref }: Source) => `${ref.namespace}/${ref.name}`;
  return names.map((name) => {
    const found = all.find((one) => nameOf(one) === name);
    if (found) return found;
    const known = all.map(nameOf).join(", ") || "none";
    throw new UsageError(
      `${flag} names ${kind} ${name}, which does not exist; there are: ${
        quote(known, [], 300)
      }. Nothing was changed.`,
    );
  });
}

/** A store that asks a Connect server. */
export interface Store {
  ref: ObjectRef;
  host: string;
  vaults: string[];
}

/** The stores that ExternalSecrets of these namespaces can use and that ask Connect. */
export async function storesFor(kube: KubeWriter, namespaces: readonly string[]): Promise<Store[]> {
  const [cluster, own] = await Promise.all([
    listIfServed(kube, kubePath`${EXTERNAL_SECRETS}/clustersecretstores`),
    listIfServed(kube, kubePath`${EXTERNAL_SECRETS}/secretstores`),
  ]);
  return [
    ...cluster.flatMap((object) => storeOf("ClusterSecretStore", object)),
    ...own.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? "")).flatMap((object) =>
      storeOf("SecretStore", object)
    ),
  ];
}

function storeOf(kind: string, object: KubeObject): Store[] {
  const provider = at(object, "spec", "provider", "onepassword");
  const host = at(provider, "connectHost");
  const { name, namespace } = object.metadata;
  if (typeof host !== "string") return [];
  return [{
    ref: { kind, name, ...namespace ? { namespace } : {} },
    host,
    vaults: Object.keys(at(provider, "vaults") ?? {}),
  }];
}

/** The one store to go by, of those that search the vault if one was named. UsageError when there is none, or they differ. */
export function chooseStore(stores: readonly Store[], vault: string | undefined): Store {
  const fit = stores.filter(({ vaults }) => vault === undefined || vaults.includes(vault));
  const [store] = fit;
  const same = new Set(fit.map(({ host, vaults }) => JSON.stringify([host, vaults]))).size === 1;
  if (store && same) return store;
  const give = "Give --vault NAME and --connect-url URL";
  if (stores.length === 0) {
    throw new UsageError(
      `No store of this cluster reads 1Password through Connect. ${give}, or first: deno task 1p:install`,
    );
  }
  const told = stores.map(({ ref, vaults }) => `${refText(ref)} (${vaults.join(", ")})`).join(", ");
  throw new UsageError(
    fit.length === 0
      ? `No store searches the vault ${vault}; there are ${told}. Give a --vault of these, or add it to the store.`
      : `Several stores read 1Password: ${told}. ${give}.`,
  );
}

/** The store's single vault. UsageError when it has several. */
export function onlyVault({ ref, vaults }: Store): string {
  const [vault] = vaults;
  if (vault !== undefined && vaults.length === 1) return vault;
  throw new UsageError(
    `${refText(ref)} searches ${vaults.length} vaults (${
      vaults.join(", ")
    }). Give the one to write to: --vault NAME.`,
  );
}

/** The vault by its name, or id as stores may give it. UsageError when the token does not open it. */
export async function findVault(api: ConnectApi, wanted: string): Promise<Vault> {
  const all = await api.vaults();
  const named = all.filter(({ name }) => name === wanted);
  const found = named.length > 0 ? named : all.filter(({ id }) => id === wanted);
  const [vault] = found;
  if (vault && found.length === 1) return vault;
  if (vault) {
    const ids = found.map(({ id }) => id).join(" and ");
    throw new UsageError(
      `${found.length} vaults are called ${wanted}: ${ids}. Give one of these as --vault.`,
    );
  }
  const opened = all.map(({ name }) => name).join(", ") || "none";
  throw new UsageError(
    `The token opens no vault ${wanted}; it opens: ${
      quote(opened, [], 300)
    }. Give another --vault, or a token for it: ` +
      command`op connect token create obc-sync --server SERVER --vault ${wanted},rw`,
  );
}
