/** The daily budget of reads: what the specs add up to, and against which limits. */
import { count } from "../../../engine/sentence.ts";
import {
  clusterSecretStores,
  type ExternalSecret,
  externalSecrets,
  type SecretStore,
  secretStores,
} from "../../../components/external_secrets/mod.ts";
import { conditionOf, refOf } from "../../../components/common/mod.ts";
import { grants, isOnePassword, storeOfEntry } from "../../../components/secret_supply/mod.ts";
import {
  type Check,
  type ObjectJudgement,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../../engine/model.ts";
import {
  type Reading,
  readingOf,
  readsPerDay,
  SERVICE_ACCOUNT_LIMITS,
  type Spec,
  type Standing,
  standings,
  type Store,
  validationOf,
} from "./budget.ts";
import { command } from "../../../untrusted/shell.ts";

const DAY_SECONDS = 86_400;
/** The share of a limit that a plan should leave free. */
const ROOM = 0.8;
/** ExternalSecrets that are named as the most expensive ones. */
const NAMED = 3;

interface Asked {
  ref: ObjectRef;
  reading: Reading;
}

interface StoreReads {
  ref: ObjectRef;
  store: Store;
  validation: Reading;
  asked: Asked[];
}

const providerOf = (store: SecretStore): Store["provider"] =>
  store.provider?.name === "onepasswordSDK" ? "onepasswordSDK" : "onepassword";

function storesRead(world: World): StoreReads[] {
  return [clusterSecretStores, secretStores].flatMap((source) =>
    world.list(source).filter(({ provider }) => isOnePassword(provider)).map((object) => {
      const ref = refOf(source.kind, object);
      const store = { provider: providerOf(object), vaults: object.provider?.vaults?.length ?? 1 };
      const asked = world.list(externalSecrets).flatMap((secret): Asked[] => {
        const spec = specFor(secret, ref);
        const failing = conditionOf(secret, "Ready")?.status === "False";
        return spec
          ? [{ ref: refOf("ExternalSecret", secret), reading: readingOf(spec, store, { failing }) }]
          : [];
      });
      return { ref, store, validation: validationOf(store), asked };
    })
  );
}

/** The spec with those entries only that read this store; undefined when none does. */
function specFor(object: ExternalSecret, store: ObjectRef): Spec | undefined {
  const { data = [], dataFrom = [], ...rest } = object.spec ?? {};
  const reads = (entry: Parameters<typeof storeOfEntry>[0]) => {
    const named = storeOfEntry(entry, object);
    return named !== undefined && refKey(named) === refKey(store);
  };
  const own = { ...rest, data: data.filter(reads), dataFrom: dataFrom.filter(reads) };
  return own.data.length + own.dataFrom.length > 0 ? own : undefined;
}

const perDayOf = ({ validation, asked }: StoreReads): number =>
  readsPerDay([validation, ...asked.map(({ reading }) => reading)]);

const number = (value: number): string => Math.round(value).toLocaleString("en-US");

/** Connect answers from its own copy: the number is said, and there is nothing to judge it by. */
function connectLine(entry: StoreReads): ObjectJudgement {
  return {
    object: entry.ref,
    status: "ok",
    reason: "NotLimited",
    message: `${refText(entry.ref)} asks Connect about ${number(perDayOf(entry))} times a day for ` +
      `${count(entry.asked.length, "ExternalSecret")}; ` +
      "Connect answers from its own copy of the vaults, which 1Password does not limit",
    observed: `${number(perDayOf(entry))} requests a day`,
    evidence: "spec.refreshInterval, spec.data, spec.dataFrom",
  };
}

/** The kind of account if somebody said it: then one limit counts, else all that it could be. */
function limitsFor(perDay: number, world: World): Standing[] {
  const account = Object.values(world.answers(grants)).flatMap(({ body }) => body?.account ?? [])[0];
  const all = standings("onepasswordSDK", perDay);
  const known = all.filter((limit) => account && limit.account.toLowerCase().includes(account.toLowerCase()));
  return known.length > 0 ? known : all;
}

/** Critical when it is too much for whatever account it is, a warning when it may be. */
function accountLine(sdk: StoreReads[], world: World): ObjectJudgement {
  const perDay = sdk.reduce((sum, entry) => sum + perDayOf(entry), 0);
  const limits = limitsFor(perDay, world);
  const status = limits.every(({ verdict }) => verdict === "over")
    ? "critical"
    : limits.every(({ verdict }) => verdict === "fits")
    ? "ok"
    : "warning";
  const shares = limits.map((limit) =>
    `${number(limit.share * 100)} % of the ${number(limit.perDay)} of ${limit.account}`
  );
  const base = {
    object: { kind: "OnePasswordAccount", name: "service accounts" },
    observed: `${number(perDay)} reads a day`,
    expected: `at most ${
      limits.map((limit) => `${number(limit.perDay * ROOM)} (${limit.account})`).join(", ")
    }`,
    evidence: "spec.refreshInterval, spec.data, spec.dataFrom",
  };
  const stores = sdk.map((entry) => `${refText(entry.ref)} ${number(perDayOf(entry))}`).join(", ");
  const message = `Service accounts make about ${number(perDay)} reads a day (${stores}), which is ${
    shares.join(", ")
  }`;
  if (status === "ok") return { ...base, status, reason: "WithinBudget", message };
  return {
    ...base,
    status,
    reason: status === "critical" ? "OverBudget" : "NearBudget",
    message: `${message}. ${expensive(sdk)}; ${fitting(sdk, limits)}`,
    next: [
      command`op service-account ratelimit   # what of it is used up now`,
      command`kubectl get externalsecrets -A   # set spec.refreshInterval in their manifests`,
    ],
  };
}

function expensive(sdk: StoreReads[]): string {
  const costs = sdk.flatMap(({ asked }) => asked).map(({ ref, reading }) => ({
    ref,
    cost: readsPerDay([reading]),
  }));
  const most = costs.toSorted((a, b) => b.cost - a.cost).slice(0, NAMED);
  return most.length === 0
    ? "No ExternalSecret reads them: it is what looking after the stores costs"
    : `Most by ${most.map(({ ref, cost }) => `${refText(ref)} (${number(cost)})`).join(", ")}`;
}

/** The one interval for all ExternalSecrets that keeps the day below 80 % of a limit that is not kept. */
function fitting(sdk: StoreReads[], limits: readonly Standing[]): string {
  const limit = limits.find(({ verdict }) => verdict !== "fits") ?? SERVICE_ACCOUNT_LIMITS[0];
  if (!limit) return "";
  const fixed = readsPerDay(sdk.map(({ validation }) => validation));
  const once = sdk.flatMap(({ asked }) => asked).filter(({ reading }) => reading.refreshIntervalSeconds > 0)
    .reduce((sum, { reading }) => sum + reading.items + reading.vaultLookups, 0);
  const room = limit.perDay * ROOM - fixed;
  if (room <= 0) {
    return `no refreshInterval fits ${limit.account}: validating the stores alone makes ${number(fixed)}`;
  }
  return `refreshInterval ${intervalText(once * DAY_SECONDS / room)} for all of them fits ${limit.account}`;
}

/** Rounded up, as a Go duration. */
function intervalText(seconds: number): string {
  return seconds > 3600 ? `${Math.ceil(seconds / 3600)}h` : `${Math.ceil(seconds / 60)}m`;
}

export const budgetCheck: Check = {
  id: "secret-supply.budget",
  title: "daily reads of 1Password",
  explain:
    "Counts from the specs how often External Secrets asks 1Password in a day. Service accounts (the provider " +
    "onepasswordSDK) have a daily limit, all those of an account together: a warning from 80 % on, critical above 100 %. " +
    "While nobody says which kind of account it is, it is critical only when it is too much for every kind. Connect " +
    "answers from its own copy, so its number is said and not judged.",
  needs: [externalSecrets, clusterSecretStores, secretStores],
  object: () => ({ kind: "OnePasswordAccount", name: "service accounts" }),
  run(world) {
    const all = storesRead(world);
    if (all.length === 0) {
      return [{
        status: "skipped",
        reason: "NoneFound",
        message: "No store of this cluster reads 1Password",
      }];
    }
    const sdk = all.filter(({ store }) => store.provider === "onepasswordSDK");
    const connect = all.filter(({ store }) => store.provider === "onepassword");
    return [...connect.map(connectLine), ...sdk.length > 0 ? [accountLine(sdk, world)] : []];
  },
};
