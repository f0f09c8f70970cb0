/** What the token of a store grants. Whoever was given a token says so in the facts; the token itself is in none. */
import {
  type Check,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  type ProbeSource,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { bool, list, obj, str } from "../../engine/decode.ts";
import { clusterSecretStores, type SecretStore, secretStores } from "../external_secrets/mod.ts";
import { ageText, refOf } from "../common/mod.ts";
import { secrets, threshold } from "../kubernetes/mod.ts";
import { isOnePassword } from "./reads.ts";
import { command } from "../../untrusted/shell.ts";

export interface GrantedVault {
  /** 26 letters and digits. */
  id?: string;
  /** Absent: Connect could not be asked for it. */
  name?: string;
  read?: boolean;
  write?: boolean;
}

export interface Grants {
  /** RFC 3339; absent: it does not expire. */
  expiresAt?: string;
  vaults?: GrantedVault[];
  /** The items that ExternalSecrets read, as far as Connect was asked for them; `item` is `vault/title`. */
  items?: { externalSecret?: string; item?: string; granted?: boolean }[];
  /** The kind of 1Password account, where somebody said it: `families`, `teams` or `business`. */
  account?: string;
}

/**
 * Optional, and never collected: a run that was given tokens adds an entry to its facts, with an answer of status 200
 * for each store, by its `refKey` (`ClusterSecretStore//onepassword-connect`).
 */
export const grants: ProbeSource<Grants> = {
  id: "onepassword.grants",
  after: [],
  targets: () => ({}),
  read: obj({
    expiresAt: str,
    vaults: list(obj({ id: str, name: str, read: bool, write: bool })),
    items: list(obj({ externalSecret: str, item: str, granted: bool })),
    account: str,
  }),
};

interface Granted {
  /** Absent: the token was given for a store that does not exist (yet). */
  store?: SecretStore;
  ref: ObjectRef;
  grants: Grants;
}

function granted(world: World): Granted[] {
  const stores = new Map(
    [clusterSecretStores, secretStores].flatMap((source) =>
      world.list(source).filter(({ provider }) => isOnePassword(provider)).map((store) => {
        const ref = refOf(source.kind, store);
        return [refKey(ref), { store, ref }] as const;
      })
    ),
  );
  return Object.entries(world.answers(grants)).flatMap(([key, { body }]) => {
    const [kind = "", namespace, ...name] = key.split("/");
    const ref = { kind, ...namespace ? { namespace } : {}, name: name.join("/") };
    return body ? [{ ref, ...stores.get(key), grants: body }] : [];
  });
}

const NOT_ASKED: Judgement = {
  status: "skipped",
  reason: "NotAsked",
  message: "No token was given to this run, so what it grants is not known",
};

/** The Secret with the token: a store that is rejected points there. */
function tokenOf({ store, ref }: Granted, world: World): ObjectRef {
  const held = store?.provider?.secrets?.[0];
  const namespace = held?.namespace ?? ref.namespace;
  return held?.name && world.get(secrets, namespace, held.name)
    ? { kind: "Secret", namespace, name: held.name }
    : { kind: "OnePasswordToken", name: ref.name };
}

function judgeExpiry(entry: Granted, world: World): ObjectJudgement {
  const { expiresAt } = entry.grants;
  const object = tokenOf(entry, world);
  const whose = `The token of ${refText(entry.ref)}`;
  if (!expiresAt) {
    return { object, status: "ok", reason: "NeverExpires", message: `${whose} does not expire` };
  }
  const least = threshold(world, "tokenExpiry");
  const left = (Date.parse(expiresAt) - world.now) / 1000;
  const base = {
    object,
    observed: `expires ${expiresAt}`,
    expected: `at least ${ageText(least)} from now`,
    evidence: "claims of the token",
    next: [
      command`op connect token create NAME --server SERVER --vault VAULT,r`,
      command`deno task 1p:install --token FILE`,
    ],
  };
  if (Number.isNaN(left)) {
    return {
      ...base,
      status: "unknown",
      reason: "Malformed",
      message: `${whose} has an expiry time that could not be read`,
    };
  }
  if (left <= 0) {
    const message = `${whose} expired ${ageText(-left)} ago, so 1Password Connect rejects it`;
    return { ...base, status: "critical", reason: "TokenExpired", message };
  }
  const message = `${whose} expires in ${ageText(left)}`;
  return left < least
    ? { ...base, status: "warning", reason: "TokenExpires", message }
    : { ...base, status: "ok", reason: "Valid", message, next: undefined };
}

export const tokenCheck: Check = {
  id: "secret-supply.token",
  title: "token of Connect",
  explain:
    "The token that a store of 1Password uses has not expired, and does not within 30 days. It is looked at when a run is " +
    "given it; a token that does not expire is fine.",
  needs: [grants, clusterSecretStores, secretStores],
  object: () => ({ kind: "OnePasswordToken", name: "*" }),
  run(world) {
    const all = granted(world);
    return all.length > 0 ? all.map((entry) => judgeExpiry(entry, world)) : [NOT_ASKED];
  },
};

/** `lakehouse (read, write), ops (read)`; a vault without a name by its id. */
function grantsText(vaults: readonly GrantedVault[]): string {
  const told = vaults.map(({ id, name, read, write }) => {
    const rights = [...read ? ["read"] : [], ...write ? ["write"] : []];
    return `${name ?? id} (${rights.join(", ") || "nothing"})`;
  });
  return told.join(", ") || "no vault";
}

function judgeVaults(
  { store, ref, grants: { vaults = [], items = [] } }: Granted,
): ObjectJudgement[] {
  const whose = `the token of ${refText(ref)}`;
  const told = grantsText(vaults);
  const base = {
    observed: `grants ${told}`,
    expected: "read access to every vault of the store",
    evidence: "claims of the token",
  };
  if (!store) {
    const message = `The token of ${
      refText(ref)
    } grants ${told}, but the store does not exist, so what it needs is not known`;
    return [{ object: ref, status: "skipped", reason: "StoreMissing", message }];
  }
  const next = [
    command`op connect token create NAME --server SERVER --vault VAULT,r`,
    command`deno task 1p:install --token FILE`,
  ];
  const unnamed = vaults.some(({ name }) => name === undefined);
  const lacking = (store.provider?.vaults ?? []).flatMap((wanted): ObjectJudgement[] => {
    const vault = vaults.find(({ id, name }) => name === wanted || id === wanted);
    const object = { kind: "OnePasswordVault", name: wanted };
    if (vault?.read) return [];
    if (!vault && unnamed) {
      const message =
        `1Password vault ${wanted} may or may not be granted: ${whose} grants ${told}, and Connect did not tell their names`;
      return [{ ...base, object, status: "unknown", reason: "NamesUnknown", message }];
    }
    const what = vault ? "may be written but not read with" : "is not granted by";
    const message = `1Password vault ${wanted} ${what} ${whose}, which grants ${told}`;
    return [{
      ...base,
      object,
      status: "critical",
      reason: "NotGranted",
      message,
      next,
    }];
  });
  const missed = Map.groupBy(items.filter(({ granted }) => granted === false), ({ item }) => item ?? "");
  const unread = [...missed].map(([item, members]): ObjectJudgement => ({
    ...base,
    object: { kind: "OnePasswordItem", name: item },
    status: "critical",
    reason: "NotGranted",
    message: `1Password item ${item} is in no vault that ${whose} grants, and ${
      members.map((one) => one.externalSecret).join(", ")
    } ${members.length === 1 ? "needs" : "need"} it`,
    expected: "in a vault that the token grants",
    next,
  }));
  if (lacking.length + unread.length > 0) return [...lacking, ...unread];
  const message = `The token of ${refText(ref)} grants every vault that the store reads: ${told}`;
  return [{ ...base, object: ref, status: "ok", reason: "Granted", message }];
}

export const vaultGrantsCheck: Check = {
  id: "secret-supply.vault-grants",
  title: "vaults that the token grants",
  explain:
    "The token that a store of 1Password uses grants reading of every vault that the store names, and of every item that " +
    "an ExternalSecret asks for. More than is needed, and the right to write, is no fault.",
  needs: [grants, clusterSecretStores, secretStores],
  object: () => ({ kind: "OnePasswordVault", name: "*" }),
  run(world) {
    const all = granted(world);
    return all.length > 0 ? all.flatMap(judgeVaults) : [NOT_ASKED];
  },
};
