/** The ExternalSecret that would make a Secret out of a 1Password item, as a manifest. */
import { type ObjectRef, refText, type World } from "../../engine/model.ts";
import {
  clusterSecretStores,
  externalSecrets,
  type Provider,
  SDK,
  secretOf,
  type SecretStore,
  secretStores,
} from "../external_secrets/mod.ts";
import { refOf } from "../common/mod.ts";
import { type SecretMeta, secrets } from "../kubernetes/mod.ts";
import { comment, yamlText } from "../../untrusted/quoting.ts";
import { isOnePassword } from "./reads.ts";

/** A store that an offer can name. */
export interface OfferStore {
  ref: ObjectRef;
  provider: Provider;
}

/** The 1Password store for ExternalSecrets of a namespace: its own, else the cluster's; undefined when there is none. */
export function storeFor(world: World, namespace: string | undefined): OfferStore | undefined {
  const own = world.list(secretStores).filter(({ metadata }) => metadata?.namespace === namespace);
  const all = [
    ...own.map((store) => [secretStores.kind, store] as const),
    ...world.list(clusterSecretStores).map((store) => [clusterSecretStores.kind, store] as const),
  ];
  return all.flatMap(([kind, store]) => usable(kind, store))[0];
}

function usable(kind: string, store: SecretStore): OfferStore[] {
  const { provider } = store;
  return provider && isOnePassword(provider) ? [{ ref: refOf(kind, store), provider }] : [];
}

/**
 * A complete manifest: an item of the Secret's name, a field for each of its keys; every field where the keys are not
 * known. It holds names only. The type of a Secret is not in its metadata, so the manifest says what to do about it.
 */
export function offerFor(secret: SecretMeta, store: OfferStore): string {
  const { namespace = "", name = "", keys = [] } = secret.metadata ?? {};
  const title = scalar(name);
  const fields = keys.length > 0 ? keys.map(scalar).join(", ") : "that the Secret has as keys";
  return [
    comment(
      "#",
      `First the item ${name} in vault ${
        store.provider.vaults?.join(" or ") ?? "of the store"
      }, with the fields ${fields}.`,
    ),
    "# External Secrets then takes the Secret over. Where its type is not Opaque, spec.target.template.type says so,",
    "# as in `kubectl get secret` under TYPE.",
    "apiVersion: external-secrets.io/v1",
    "kind: ExternalSecret",
    "metadata:",
    `  name: ${title}`,
    `  namespace: ${scalar(namespace)}`,
    "spec:",
    "  refreshInterval: 1h",
    "  secretStoreRef:",
    `    kind: ${store.ref.kind}`,
    `    name: ${scalar(store.ref.name)}`,
    "  target:",
    `    name: ${title}`,
    "    creationPolicy: Owner",
    ...keys.length > 0 ? ["  data:", ...keys.flatMap((key) => entryFor(name, key, store))] : wholeItem(title),
    "",
  ].join("\n");
}

function entryFor(title: string, key: string, { provider }: OfferStore): string[] {
  const from = provider.name === SDK
    ? [`        key: ${scalar(`${title}/${key}`)}`]
    : [`        key: ${scalar(title)}`, `        property: ${scalar(key)}`];
  return [`    - secretKey: ${scalar(key)}`, "      remoteRef:", ...from];
}

function wholeItem(title: string): string[] {
  return ["  dataFrom:", "    - extract:", `        key: ${title}`];
}

/** YAML reads some plain words as numbers, dates, booleans or nothing; those, and whatever is unusual, are quoted. */
function scalar(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9._/-]*$/.test(text) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : yamlText(text);
}

/** The offer for the Secret of that name, or why there is none: it is for people who asked for it by name. */
export function offer(
  world: World,
  namespace: string,
  name: string,
): { manifest: string } | { problem: string } {
  const ref = { kind: "Secret", namespace, name };
  const unread = [secrets, externalSecrets, clusterSecretStores].find((source) => world.failure(source));
  if (unread) return { problem: `could not look at ${unread.kind}: ${world.failure(unread)?.message}` };
  const secret = world.get(secrets, namespace, name);
  if (!secret) return { problem: `${refText(ref)} does not exist` };
  const maker = world.list(externalSecrets).find((object) =>
    object.metadata?.namespace === namespace && secretOf(object)?.name === name
  );
  if (maker) return { problem: `${refText(refOf("ExternalSecret", maker))} makes ${refText(ref)} already` };
  const store = storeFor(world, namespace);
  if (!store) return { problem: "no store of this cluster reads 1Password. Next: deno task 1p:install" };
  return { manifest: offerFor(secret, store) };
}
