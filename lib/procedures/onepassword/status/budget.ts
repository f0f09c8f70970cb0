/**
 * How often External Secrets asks 1Password, counted from the specs, and against which limits.
 *
 * Counted in the source of External Secrets 0.17 (pkg/provider/onepassword/onepassword.go with connect-sdk-go 1.5.3,
 * pkg/provider/onepasswordsdk, pkg/controllers). Nothing is kept between two keys: an ExternalSecret with username
 * and password of one item looks for the vault and the item twice.
 */
import { goSeconds } from "../../../components/common/mod.ts";

/** Something that asks at an interval. */
export interface Reading {
  /** Seconds between two refreshes; 0 for what is never refreshed again. */
  refreshIntervalSeconds: number;
  /** Requests about items in one refresh: searches, fetches, contents of files. */
  items: number;
  /** Requests about vaults in one refresh. */
  vaultLookups: number;
}

/** `onepassword` asks a Connect server, `onepasswordSDK` asks 1Password.com with a service account. */
export type Provider = "onepassword" | "onepasswordSDK";

export interface Store {
  provider: Provider;
  /** Number of vaults that it is configured to search; the SDK's has one. */
  vaults: number;
  /** spec.refreshInterval of the store, in seconds; absent or 0 for the operator's default. */
  refreshIntervalSeconds?: number;
}

/** The parts of spec of an ExternalSecret that decide; those entries that read from the store in question. */
export interface Spec {
  refreshInterval?: string;
  refreshPolicy?: string;
  data?: readonly { remoteRef?: { property?: string } }[];
  dataFrom?: readonly { extract?: { property?: string }; find?: unknown }[];
}

/** What a spec does not tell. */
export interface Known {
  /** How many vaults are searched until an item is found; by default all of them, which is the most it can be. */
  searched?: number;
  /** How many items one `find` fetches, of all vaults. */
  found?: number;
  /** Its last refresh failed: it is then repeated every 7 minutes, whatever its interval. */
  failing?: boolean;
}

const DAY_SECONDS = 86_400;
/** The CRD's default of refreshInterval. */
const HOUR_SECONDS = 3600;
/** failureMaxDelay of BuildRateLimiter; the first nine retries come sooner, from 1 s on, doubling. */
const RETRY_SECONDS = 420;
/** `--store-requeue-interval`: the time after which a store is validated again. */
const STORE_SECONDS = 300;
/**
 * Vault, item and field by name are three reads with the command line (`op item get`:
 * https://developer.1password.com/docs/service-accounts/use-with-1password-cli). What the SDK needs is not published.
 */
const SDK_READS_PER_KEY = 3;

/** Requests a day, with a part of one counted as one. */
export function readsPerDay(all: readonly Reading[]): number {
  return Math.ceil(all.reduce((sum, { refreshIntervalSeconds: seconds, items, vaultLookups }) => {
    return seconds > 0 ? sum + DAY_SECONDS / seconds * (items + vaultLookups) : sum;
  }, 0));
}

/** What an ExternalSecret asks of a store. */
export function readingOf(spec: Spec, store: Store, known: Known = {}): Reading {
  const refs = [
    ...(spec.data ?? []).map(({ remoteRef }) => remoteRef?.property),
    ...(spec.dataFrom ?? []).flatMap(({ extract }) => extract ? [extract.property] : []),
  ];
  const finds = (spec.dataFrom ?? []).filter(({ find }) => find).length;
  const calls = store.provider === "onepassword"
    ? connectCalls(refs, finds, store.vaults, known)
    : sdkCalls(refs.length);
  return { refreshIntervalSeconds: known.failing ? RETRY_SECONDS : intervalOf(spec), ...calls };
}

/** What the operator asks to see whether a store still works. */
export function validationOf(store: Store): Reading {
  return {
    refreshIntervalSeconds: store.refreshIntervalSeconds || STORE_SECONDS,
    items: 0,
    // Connect: each vault is got. SDK: the vaults are listed to make the client, and again to validate it.
    vaultLookups: store.provider === "onepassword" ? store.vaults : 2,
  };
}

/**
 * findItem: for each vault in order, get the vault and search the item by its title; the SDK of Connect fetches what
 * the search found, and then the provider fetches it once more. A key is always a title: an item's id of 26 letters is
 * not what the provider takes for one. GetAllSecrets: for each vault, get it, list its items, fetch those that match.
 */
function connectCalls(
  refs: readonly (string | undefined)[],
  finds: number,
  vaults: number,
  { searched = vaults, found = 0 }: Known,
): Pick<Reading, "items" | "vaultLookups"> {
  const files = refs.filter((property) => property?.startsWith("file/")).length;
  return {
    items: refs.length * (searched + 2) + files + finds * (vaults + found),
    vaultLookups: refs.length * searched + finds * vaults,
  };
}

/** One client for a refresh, which lists the vaults; one Resolve for a key. It has no `find`. */
function sdkCalls(keys: number): Pick<Reading, "items" | "vaultLookups"> {
  return { items: keys * SDK_READS_PER_KEY, vaultLookups: keys > 0 ? 1 : 0 };
}

/** CreatedOnce and OnChange ask no more once they have their Secret; neither does an interval of 0 or less. */
function intervalOf({ refreshPolicy, refreshInterval }: Spec): number {
  if (refreshPolicy === "CreatedOnce" || refreshPolicy === "OnChange") return 0;
  if (refreshInterval === "0" || refreshInterval?.startsWith("-")) return 0;
  return goSeconds(refreshInterval) ?? HOUR_SECONDS;
}

/** What 1Password allows the service accounts of an account. */
export interface Limit {
  account: string;
  /** Reads and writes of all its service accounts together. */
  perDay: number;
  /** Reads with one token; reached by bursts only, for 24 hours of it are more than a day allows. */
  readsPerHour: number;
}

/** https://developer.1password.com/docs/service-accounts/rate-limits */
export const SERVICE_ACCOUNT_LIMITS: readonly Limit[] = [
  { account: "1Password and 1Password Families", perDay: 1000, readsPerHour: 1000 },
  { account: "1Password Teams", perDay: 5000, readsPerHour: 1000 },
  { account: "1Password Business", perDay: 50_000, readsPerHour: 10_000 },
];

/** How a number of requests a day stands to a limit: `near` from 80 % on. */
export interface Standing extends Limit {
  /** 1 is all of it. */
  share: number;
  verdict: "fits" | "near" | "over";
}

/**
 * The limits that count for a provider; none for Connect, which answers from its own copy of the vaults: "unlimited
 * re-requests after the server fetches your secrets" (https://developer.1password.com/docs/connect).
 */
export function standings(provider: Provider, perDay: number): Standing[] {
  if (provider === "onepassword") return [];
  return SERVICE_ACCOUNT_LIMITS.map((limit) => {
    const share = perDay / limit.perDay;
    return { ...limit, share, verdict: share > 1 ? "over" : share >= 0.8 ? "near" : "fits" };
  });
}
