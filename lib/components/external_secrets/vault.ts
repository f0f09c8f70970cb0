/** What stands behind a store: the vault and its items, and what its ExternalSecrets say of it. */
import { count, listed } from "../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  refKey,
  type World,
} from "../../engine/model.ts";
import { failureText, ITEM_FAULTS, PROVIDER_FAULTS, secretCheck } from "./judge.ts";
import { itemsOf, STORE_ERRORS, storeOf, vaultsOf } from "./edges.ts";
import { clusterSecretStores, type ExternalSecret, externalSecrets, secretStores } from "./kinds.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { events } from "../kubernetes/mod.ts";
import { command } from "../../untrusted/shell.ts";

interface Lack {
  object: ObjectRef;
  reason: "ItemNotFound" | "VaultNotFound";
  by: string[];
  critical: boolean;
  said: string;
}

/** What a provider does not have, each once, however many ExternalSecrets ask for it. */
const lacking = perWorld((world): Lack[] => {
  const found = new Map<string, Lack>();
  for (const object of world.list(externalSecrets)) {
    const judged = world.judge(secretCheck, object);
    const reason = judged?.reason;
    if (reason !== "ItemNotFound" && reason !== "VaultNotFound") continue;
    const said = failureText("ExternalSecret", object, world);
    for (
      const ref of reason === "ItemNotFound"
        ? itemsNamed(object, said, world)
        : vaultsNamed(object, said, world)
    ) {
      const known = found.get(refKey(ref)) ?? { object: ref, reason, by: [], critical: false, said };
      known.by.push(`${object.metadata?.namespace}/${object.metadata?.name}`);
      known.critical ||= judged?.status === "critical";
      found.set(refKey(ref), known);
    }
  }
  return [...found.values()];
});

function itemsNamed(object: ExternalSecret, said: string, world: World): ObjectRef[] {
  const items = itemsOf(object, world);
  return items.filter(({ key }) => items.length === 1 || said.includes(key)).map(({ ref }) => ref);
}

function vaultsNamed(object: ExternalSecret, said: string, world: World): ObjectRef[] {
  const vaults = vaultsOf(storeOf(object), world);
  return vaults.filter(({ name }) => vaults.length === 1 || said.includes(`"${name}"`));
}

export const vaultCheck: Check = {
  id: "external-secrets.items",
  title: "vaults and items",
  explain:
    "Every 1Password vault that a store names, and every item that an ExternalSecret asks for, was found. What is missing, " +
    "or is named otherwise, is reported once, however many ExternalSecrets want it.",
  needs: [externalSecrets, clusterSecretStores, events],
  object: () => ({ kind: "OnePasswordItem", name: "*" }),
  run(world) {
    const asked = new Set(
      world.list(externalSecrets).flatMap((object) => itemsOf(object, world).map(({ ref }) => ref.name)),
    );
    if (asked.size === 0) {
      const message = "No ExternalSecret asks for a 1Password item";
      return [{ status: "skipped", reason: "NoneAsked", message }];
    }
    const missing = lacking(world);
    if (missing.length === 0) {
      const message = `ExternalSecrets ask for ${count(asked.size, "item")}, and none is reported missing`;
      return [{ status: "ok", reason: "NoneMissing", message, observed: `0 of ${asked.size} missing` }];
    }
    return missing.map(describe);
  },
};

function describe({ object, reason, by, critical, said }: Lack): ObjectJudgement {
  const vault = reason === "VaultNotFound";
  const [place = "", ...title] = object.name.split("/");
  const who = listed(by);
  const what = vault
    ? `1Password vault ${object.name} does not exist, or the store's token may not read it`
    : `1Password item ${object.name} is in no vault that the store may read`;
  return {
    object,
    status: critical ? "critical" : "warning",
    reason,
    message: `${what}, and ${by.length > 1 ? "ExternalSecrets" : "ExternalSecret"} ${who} ${
      by.length > 1 ? "need" : "needs"
    } it: ${said}`,
    observed: "absent",
    expected: vault ? "a vault of that name" : "an item of that title",
    evidence: "events of the ExternalSecrets",
    next: vault
      ? [
        command`op vault list`,
        command`kubectl get clustersecretstore -o jsonpath='{.items[*].spec.provider.onepassword.vaults}'`,
      ]
      : [command`op item list --vault ${place}`, command`op item get ${title.join("/")}`],
  };
}

/** From ExternalSecrets and stores to the items and vaults that they name. */
export function vaultEdges(world: World): Edge[] {
  const items = world.list(externalSecrets).flatMap((object): Edge[] => {
    const from = refOf("ExternalSecret", object);
    return [
      ...itemsOf(object, world).map(({ ref: to }): Edge => ({
        from,
        to,
        via: "remoteRef",
        explains: [...ITEM_FAULTS],
        because: ["ItemNotFound"],
      })),
      ...vaultsOf(storeOf(object), world).map((to): Edge => ({
        from,
        to,
        via: "the store's vault",
        explains: ["VaultNotFound"],
      })),
    ];
  });
  const stores = [clusterSecretStores, secretStores].flatMap((source) =>
    world.list(source).flatMap((object) => {
      const from = refOf(source.kind, object);
      return vaultsOf(from, world).map((to): Edge => ({
        from,
        to,
        via: "vaults",
        explains: [...STORE_ERRORS],
      }));
    })
  );
  return [...items, ...stores];
}

/** Reasons that say nothing of the entry that was asked for. */
const SHARED = new Set<string>([...PROVIDER_FAULTS, "StoreNotReady", "StoreNotFound", "SecretSyncedError"]);

/**
 * A store is validated every few minutes; what its ExternalSecrets met since then is nearer to the truth. Two that
 * cannot reach its provider are enough; where the operator gives no reason, all of them must fail.
 */
export function judgeContradicted(store: ObjectRef, world: World): Judgement | undefined {
  const users = world.list(externalSecrets).filter((object) => {
    const named = storeOf(object);
    return named !== undefined && refKey(named) === refKey(store);
  });
  const failing = users.flatMap((object) => {
    const judged = world.judge(secretCheck, object);
    return judged && SHARED.has(judged.reason) ? [{ object, judged }] : [];
  });
  const reached = failing.filter(({ judged }) =>
    (PROVIDER_FAULTS as readonly string[]).includes(judged.reason)
  );
  const [first] = reached.length > 0 ? reached : failing;
  if (!first || failing.length < 2 || (reached.length < 2 && failing.length < users.length)) return undefined;
  const critical = failing.some(({ judged }) => judged.status === "critical");
  const reason = reached.length > 0 ? first.judged.reason : "NotReady";
  return {
    status: critical ? "critical" : "warning",
    reason,
    message:
      `was Ready when it was last validated, but ${failing.length} of ${users.length} ExternalSecrets cannot ` +
      `read through it: ${failureText("ExternalSecret", first.object, world)}`,
    observed: `${failing.length} of ${users.length} ExternalSecrets fail`,
    expected: "Ready, also for those who use it",
    evidence: "conditions and events of the ExternalSecrets",
    next: first.judged.next,
  };
}
