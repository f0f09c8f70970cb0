/** What each ExternalSecret reads of 1Password, into which Secret, and when it last did. */
import {
  type Check,
  IN_PROGRESS,
  type ObjectJudgement,
  type ObjectRef,
  refText,
  type World,
} from "../../engine/model.ts";
import {
  clusterSecretStores,
  type ExternalSecret,
  externalSecrets,
  findStore,
  type Provider,
  SDK,
  secretCheck,
  secretStores,
  storeOf,
  storeRef,
  targetOf,
} from "../external_secrets/mod.ts";
import { ageSeconds, ageText, perWorld, refOf } from "../common/mod.ts";
import { secrets } from "../kubernetes/mod.ts";

/** One entry of an ExternalSecret's data or dataFrom. */
export interface Entry {
  store: ObjectRef;
  /** Absent: there is no such store, so nobody knows what it would read. */
  provider?: Provider;
  /** The title of the item; absent: every item that fits a pattern. */
  title?: string;
  /** The field of the item; absent: all of them. */
  field?: string;
}

export interface Supplied {
  object: ExternalSecret;
  entries: Entry[];
}

/** Whether a provider reads 1Password, through Connect or itself. */
export function isOnePassword(provider: Provider | undefined): boolean {
  return provider?.name.startsWith("onepassword") === true;
}

/** The ExternalSecrets that read 1Password, and those whose store does not exist and so may be meant to. */
export const supplied = perWorld((world): Supplied[] =>
  world.list(externalSecrets).flatMap((object) => {
    const entries = entriesOf(object, world).filter(({ provider }) => !provider || isOnePassword(provider));
    return entries.length > 0 ? [{ object, entries }] : [];
  })
);

/** The store that an entry of data or dataFrom reads: its own, else that of the whole ExternalSecret. */
export function storeOfEntry(
  entry: { sourceRef?: { storeRef?: { kind?: string; name?: string } } },
  object: ExternalSecret,
): ObjectRef | undefined {
  return storeRef(entry.sourceRef?.storeRef, object.metadata?.namespace) ?? storeOf(object);
}

function entriesOf(object: ExternalSecret, world: World): Entry[] {
  const { data = [], dataFrom = [] } = object.spec ?? {};
  const at = (entry: Parameters<typeof storeOfEntry>[0]) => {
    const store = storeOfEntry(entry, object);
    return store ? [{ store, provider: findStore(store, world)?.provider }] : [];
  };
  return [
    ...data.flatMap((entry) =>
      at(entry).map((place) => ({ ...place, ...partsOf(entry.remoteRef, place.provider) }))
    ),
    ...dataFrom.filter(({ sourceRef }) => !sourceRef?.generatorRef).flatMap((entry) =>
      at(entry).map((place) => ({ ...place, title: entry.extract?.key, field: entry.extract?.property }))
    ),
  ];
}

/** Connect is asked for a title and a field, `password` if none is named; the SDK for `title/[section/]field`. */
function partsOf(
  ref: { key?: string; property?: string } | undefined,
  provider: Provider | undefined,
): { title?: string; field?: string } {
  const key = ref?.key ?? "";
  if (provider?.name !== SDK) return { title: key, field: ref?.property ?? "password" };
  const [title, ...rest] = key.replace(/^\//, "").split("/");
  return { title, field: rest.join("/") };
}

/** `item lakehouse/db (password, username)`, the items in the order in which they are named. */
function itemsText(entries: readonly Entry[]): string {
  const items = Map.groupBy(
    entries,
    ({ store, provider, title = "*" }) =>
      provider ? `${provider.vaults?.join("+") ?? "vault"}/${title}` : `${title} of ${refText(store)}`,
  );
  return [...items].map(([item, members]) => {
    const fields = members.map(({ title, field }) => field ?? (title ? "every field" : "all that fit"));
    const lost = members.some(({ provider }) => !provider) ? ", a store that does not exist," : "";
    return `item ${item}${lost} (${[...new Set(fields)].join(", ")})`;
  }).join(" and ");
}

/** How often it is refreshed, for people; it is read once where its policy says so or the interval is 0. */
function rhythmOf({ spec }: ExternalSecret): string {
  if (spec?.refreshPolicy === "CreatedOnce") return "only once";
  if (spec?.refreshPolicy === "OnChange") return "when its spec changes";
  const interval = spec?.refreshInterval ?? "1h";
  return /^0+[a-z]*$/.test(interval) ? "only once" : `every ${interval}`;
}

function describe({ object, entries }: Supplied, world: World): ObjectJudgement {
  const ref = refOf("ExternalSecret", object);
  const { kind, name } = targetOf(object);
  const reads = `${refText(ref)} reads ${itemsText(entries)} into ${kind} ${name}`;
  const judged = world.judge(secretCheck, object);
  if (judged && judged.status !== "ok") {
    const message = `${reads}, and is unhealthy (${judged.reason}, see external-secrets.synced)`;
    return { object: ref, status: "skipped", reason: "JudgedAlready", message };
  }
  if (judged) {
    return { object: ref, status: "ok", reason: IN_PROGRESS, message: `${reads}; it ${judged.message}` };
  }
  const age = ageSeconds(world.now, object.status?.refreshTime);
  const refreshed = age === undefined ? "at a time it does not tell" : `${ageText(age)} ago`;
  const rhythm = rhythmOf(object);
  return {
    object: ref,
    status: "ok",
    reason: "Synced",
    message: `${reads}; it was refreshed ${refreshed} and is refreshed ${rhythm}`,
    observed: `refreshed ${refreshed}`,
    expected: rhythm,
    evidence: "spec, status.refreshTime",
  };
}

export const readsCheck: Check = {
  id: "secret-supply.external-secrets",
  title: "what is read of 1Password",
  explain:
    "Says of each ExternalSecret that reads 1Password which fields of which items it reads into which Secret, when it " +
    "last did, and how often it should. Whether it is healthy is judged by external-secrets.synced and not a second time.",
  needs: [externalSecrets, clusterSecretStores, secretStores, secrets],
  object: () => ({ kind: "ExternalSecret", name: "*" }),
  run(world) {
    const all = supplied(world);
    if (all.length > 0) return all.map((entry) => describe(entry, world));
    return [{ status: "skipped", reason: "NoneFound", message: "No ExternalSecret reads 1Password" }];
  },
};
