/** What stands behind a store: the vault and its items, and what its ExternalSecrets say of it. */
import { count, listed } from "../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  IN_PROGRESS,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { causeIn } from "./causes.ts";
import { failureText, ITEM_FAULTS, PROVIDER_FAULTS, secretCheck, VAULT_FAULTS } from "./judge.ts";
import { allItemsOf, itemsOf, STORE_ERRORS, storeOf, vaultsOf } from "./edges.ts";
import { clusterSecretStores, type ExternalSecret, externalSecrets, secretStores } from "./kinds.ts";
import { conditionOf, isReady, notUnderstood, perWorld, refOf } from "../common/mod.ts";
import { events } from "../kubernetes/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { command } from "../../untrusted/shell.ts";

interface Lack {
  object: ObjectRef;
  reason: string;
  by: string[];
  critical: boolean;
  said: string;
}

/** What is said of an item or a vault, by the reason that its ExternalSecrets give. */
const LACKS: Readonly<
  Record<string, { what: (name: string) => string; observed: string; expected: string }>
> = {
  ItemNotFound: {
    what: (name) => `1Password item ${name} is in no vault that the store may read`,
    observed: "absent",
    expected: "an item of that title",
  },
  ItemAmbiguous: {
    what: (name) => `1Password item ${name} exists more than once, so none of them is read`,
    observed: "several items of that title",
    expected: "one item of that title",
  },
  FieldNotFound: {
    what: (name) => `1Password item ${name} lacks a field`,
    observed: "no such field",
    expected: "the field that is asked for",
  },
  FieldAmbiguous: {
    what: (name) => `1Password item ${name} has a field more than once, so none of them is read`,
    observed: "several fields of that name",
    expected: "one field of that name",
  },
  VaultNotFound: {
    what: (name) => `1Password vault ${name} does not exist, or the store's token may not read it`,
    observed: "absent",
    expected: "a vault of that name",
  },
  VaultAmbiguous: {
    what: (name) => `1Password vault ${name} exists more than once, so none of them is read`,
    observed: "several vaults of that name",
    expected: "one vault of that name",
  },
};

const isOf = (reasons: readonly string[], reason: string): boolean => reasons.includes(reason);

/** What a provider does not have, each once, however many ExternalSecrets ask for it. */
const lacking = perWorld((world): Lack[] => {
  const found = new Map<string, Lack>();
  for (const object of world.list(externalSecrets)) {
    const judged = world.judge(secretCheck, object);
    if (!judged) continue;
    const said = failureText("ExternalSecret", object, world);
    const reason = isNotUnderstood(object, said, world) ? "NotUnderstood" : judged.reason;
    for (const ref of thingsNamed(object, reason, said, world)) {
      const key = `${reason} ${refKey(ref)}`;
      const known = found.get(key) ?? { object: ref, reason, by: [], critical: false, said };
      known.by.push(`${object.metadata?.namespace}/${object.metadata?.name}`);
      known.critical ||= judged.status === "critical";
      found.set(key, known);
    }
  }
  return [...found.values()];
});

/** It fails through a store that works, and its words do not tell whether an item is missing. */
function isNotUnderstood(object: ExternalSecret, said: string, world: World): boolean {
  if (conditionOf(object, "Ready")?.status !== "False" || causeIn(said) !== undefined) return false;
  const store = storeOf(object);
  return store !== undefined && world.judged(store).every(({ status }) => status === "ok");
}

/** The items or the vaults of which this failure speaks; of those that it does not name, all. */
function thingsNamed(object: ExternalSecret, reason: string, said: string, world: World): ObjectRef[] {
  if (isOf(VAULT_FAULTS, reason)) {
    const vaults = vaultsOf(storeOf(object), world);
    return vaults.filter(({ name }) => vaults.length === 1 || said.includes(`"${name}"`));
  }
  if (!isOf([...ITEM_FAULTS, "NotUnderstood"], reason)) return [];
  const items = itemsOf(object, world);
  const named = items.filter(({ keys }) => keys.some((key) => said.includes(key)));
  const meant = named.length > 0 ? named : items.length === 1 || reason === "NotUnderstood" ? items : [];
  return meant.map(({ ref }) => ref);
}

/** Why what an ExternalSecret asks for is not known to be there: its store is out of order, or it fails itself. */
type Unasked = "store" | "itself";

/** Reasons of an ExternalSecret that is not Ready, although its items were read or are spoken of. */
const TOLD: readonly string[] = [
  IN_PROGRESS,
  "TemplateFailed",
  "TargetConflict",
  ...ITEM_FAULTS,
  ...VAULT_FAULTS,
];

const unasked = perWorld((world) =>
  new Map(
    world.list(externalSecrets).filter((object) => itemsOf(object, world).length > 0)
      .flatMap((object) => {
        const why = whyUnasked(object, world);
        return why ? [[object, why] as const] : [];
      }),
  )
);

function whyUnasked(object: ExternalSecret, world: World): Unasked | undefined {
  const judged = world.judge(secretCheck, object);
  if (isOf(TOLD, judged?.reason ?? "")) return undefined;
  const store = storeOf(object);
  const works = store !== undefined && world.judged(store).every(({ status }) => status === "ok");
  if (!works) return "store";
  const said = failureText("ExternalSecret", object, world);
  const asks = isReady(object) && judged?.reason !== "Stale";
  return asks || !judged || isNotUnderstood(object, said, world) ? undefined : "itself";
}

function titlesOf(objects: readonly ExternalSecret[], world: World): Set<string> {
  return new Set(objects.flatMap((object) => itemsOf(object, world).map(({ ref }) => ref.name)));
}

/** The items that were not asked for now, those of a vault together. A store that does not work makes them unknown. */
function describeUnasked(world: World): ObjectJudgement[] {
  const groups = Map.groupBy(
    unasked(world),
    ([object, why]) => `${why} ${allItemsOf(object, world).name}`,
  );
  return [...groups].map(([key, members]): ObjectJudgement => {
    const objects = members.map(([object]) => object);
    const { size } = titlesOf(objects, world);
    const [why = "", ...vault] = key.split(" ");
    const name = vault.join(" ");
    const who = listed(objects.map((object) => refText(refOf("ExternalSecret", object))));
    const what = `Whether ${count(size, "item")} of 1Password vault ${name.slice(0, -2)} ${
      size === 1 ? "exists" : "exist"
    } is not known because ${who} cannot read ${size === 1 ? "it" : "them"} now`;
    return {
      object: { kind: "OnePasswordItem", name },
      ...why === "store"
        ? { status: "unknown", reason: "NotAsked", message: what }
        : { status: "skipped", reason: "JudgedAlready", message: `${what}, as a finding of its own says` },
      observed: `${count(size, "item")} not asked for`,
      expected: "every item was found at the last refresh",
      evidence: "conditions of the ExternalSecrets and of their stores",
    };
  });
}

export const vaultCheck: Check = {
  id: "external-secrets.items",
  title: "vaults and items",
  explain:
    "Every 1Password vault that a store names, and every item and field that an ExternalSecret asks for, was found, and " +
    "once. What is missing, or is named otherwise, is reported once, however many ExternalSecrets want it. When an " +
    "ExternalSecret fails in words that are not known, or cannot ask because its store is out of order, its items are " +
    "unknown.",
  needs: [externalSecrets, clusterSecretStores, events],
  okNeeds: [secretStores],
  object: () => ({ kind: "OnePasswordItem", name: "*" }),
  run(world) {
    const asked = titlesOf(world.list(externalSecrets), world);
    if (asked.size === 0) {
      const message = "No ExternalSecret asks for a 1Password item";
      return [{ status: "skipped", reason: "NoneAsked", message }];
    }
    const found = [...lacking(world).map(describe), ...describeUnasked(world)];
    if (found.some(({ status }) => status !== "skipped")) return found;
    const known = titlesOf(
      world.list(externalSecrets).filter((object) => !unasked(world).has(object)),
      world,
    );
    if (known.size === 0) return found;
    const message = `ExternalSecrets ask for ${count(known.size, "item")}, and none is reported missing`;
    const observed = `0 of ${known.size} missing`;
    return [{ status: "ok", reason: "NoneMissing", message, observed }, ...found];
  },
};

function describe({ object, reason, by, critical, said }: Lack): ObjectJudgement {
  const [place = "", ...title] = object.name.split("/");
  const who = `${by.length > 1 ? "ExternalSecrets" : "ExternalSecret"} ${listed(by)}`;
  const items = [command`op item list --vault ${place}`, command`op item get ${title.join("/")}`];
  const evidence = "events of the ExternalSecrets";
  const lack = own(LACKS, reason);
  if (!lack) {
    const what = `1Password item ${object.name} may be missing: ${who} failed`;
    const base = { observed: said, expected: "an item that was read", evidence, next: items };
    return { object, ...notUnderstood(`${what} with a message`, base) };
  }
  return {
    object,
    status: critical ? "critical" : "warning",
    reason,
    message: `${lack.what(object.name)}, and ${who} ${by.length > 1 ? "need" : "needs"} it: ${said}`,
    observed: lack.observed,
    expected: lack.expected,
    evidence,
    next: isOf(VAULT_FAULTS, reason)
      ? [
        command`op vault list`,
        command`kubectl get clustersecretstore -o jsonpath='{.items[*].spec.provider}'`,
      ]
      : items,
  };
}

/** From ExternalSecrets and stores to the items and vaults that they name. */
export function vaultEdges(world: World): Edge[] {
  const items = world.list(externalSecrets).flatMap((object): Edge[] => {
    const from = refOf("ExternalSecret", object);
    return [
      ...itemsOf(object, world).flatMap(({ ref: to }): Edge[] => [
        { from, to, via: "remoteRef", explains: [...ITEM_FAULTS], because: [...ITEM_FAULTS] },
        { from: to, to: from, via: "read by", explains: ["NotUnderstood"] },
      ]),
      ...vaultsOf(storeOf(object), world).map((to): Edge => ({
        from,
        to,
        via: "the store's vault",
        explains: [...VAULT_FAULTS],
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
  const blocked = [...unasked(world)].flatMap(([object, why]): Edge[] => {
    const to = storeOf(object);
    if (!to || why !== "store") return [];
    return [{ from: allItemsOf(object, world), to, via: "read through", explains: ["NotAsked"] }];
  });
  return [...items, ...stores, ...blocked];
}

/** Reasons that the store is at fault with, as it stands. */
const OF_STORE: readonly string[] = [...PROVIDER_FAULTS, ...VAULT_FAULTS];
/** Reasons that say nothing of the entry that was asked for. */
const SHARED = new Set<string>([...OF_STORE, "StoreNotReady", "StoreNotFound", "SecretSyncedError"]);

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
  const reached = failing.filter(({ judged }) => isOf(OF_STORE, judged.reason));
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
