/**
 * What went wrong with an ExternalSecret or a store, by the words that the operator and the providers use. Sources:
 * https://github.com/external-secrets/external-secrets/tree/main/pkg/controllers/externalsecret for the operator,
 * providers/v1/onepassword and providers/v1/onepasswordsdk there for 1Password, and for the SDK that the latter asks
 * https://github.com/1Password/onepassword-sdk-go (its texts stand in internal/wasm/core.wasm).
 */
import type { WordTable } from "../../engine/model.ts";

/** The first match wins. */
const CAUSES: readonly [reason: string, words: RegExp][] = [
  ["RateLimited", /\b429\b|rate.?limit|too many requests/i],
  ["StoreNotAllowed", /is not allowed from namespace|denied by spec\.condition/i],
  ["StoreNotReady", /SecretStore "?[a-z0-9.-]+"? is not ready/i],
  [
    "StoreNotFound",
    /could not get (Cluster)?SecretStore|secretstores?(\.[a-z.-]{1,253})? "[^"]+" not found/i,
  ],
  [
    "ProviderUnreachable",
    /connection refused|no such host|i\/o timeout|deadline exceeded|no route to host|connection reset|\bEOF\b|context canceled|network is unreachable|error sending request for url/i,
  ],
  [
    "Unauthorized",
    /\b40[13]\b|unauthori[sz]ed|forbidden|invalid (bearer |service account )?token|permission denied|access denied|authentication error|not authenticated|don't have the right permissions|service account token (is invalid|had invalid format)/i,
  ],
  ["ProviderError", /\b5\d\d\b|internal server error|bad gateway|service unavailable/i],
  [
    "InvalidReference",
    /secret reference is not prefixed|secret reference has invalid format|is not implemented in the 1Password/i,
  ],
  ["VaultAmbiguous", /more than one vault matched|found [1-9]\d* vaults with title/i],
  [
    "VaultNotFound",
    /no vault matched|(?:^|: )vault .{1,300} not found|no vaults found|found 0 vaults|unable to retrieve vault|finding 1Password Vault: status 404/i,
  ],
  [
    "FieldAmbiguous",
    /more than one (field|section) matched|found more than 1 (fields|files) with title|found multiple labels|ItemField matching: .{1,600}, got [1-9]/i,
  ],
  [
    "FieldNotFound",
    /ItemField matching|field cannot be found within the item|no section matched|unable to read value from field|property .{0,300} does not exist|cannot find secret data for key|no such (field|property)|field .{0,300} not found|finding 1Password Document/i,
  ],
  [
    "ItemAmbiguous",
    /more than one item matched|found multiple items with name|expected one 1Password Item matching|found [1-9]\d* item\(s\) in vault/i,
  ],
  [
    "ItemNotFound",
    /no item matched|\bkey not found\b|secret does not exist|item.{0,300} not found|secrets "[^"]+" not found|unable to retrieve item|resource not found|couldn't be found|found 0 item\(s\) in vault|finding 1Password Item: status 404/i,
  ],
  ["TargetConflict", /owned by another ExternalSecret|take ownership|target is immutable/i],
  [
    "TemplateFailed",
    /apply template|execute template|conversion strategy|decoding strategy|invalid secret keys/i,
  ],
];

/** The operator names the key that it asked for; a key may be called anything. */
const KEY = /\(key: [^)]{0,300}\)/g;

/** The reason that a failure's own words give; undefined when they say nothing that we know. */
export function causeIn(message: string): string | undefined {
  const words = message.replace(KEY, "");
  return CAUSES.find(([, known]) => known.test(words))?.[0];
}

export const causeWords: WordTable = {
  field: "the message of the condition Ready, and of events since then",
  source: "https://github.com/external-secrets/external-secrets/tree/main/pkg/controllers/externalsecret",
  words: CAUSES.map(([reason, words]) => [
    `\`${words.source.replaceAll("|", "\\|")}\``,
    `\`${reason}\``,
  ]),
};

/** Events of the operator that name what its conditions do not: the item, the field, the vault, the limit. */
export const secretEventWords: WordTable = {
  field: "reason of its events since its condition changed",
  source:
    "https://github.com/external-secrets/external-secrets/blob/main/apis/externalsecrets/v1/externalsecret_types.go",
  words: [["UpdateFailed", "as the words of its message say, while it is not Ready"]],
};

const STORE_TYPES =
  "https://github.com/external-secrets/external-secrets/blob/main/apis/externalsecrets/v1/secretstore_types.go";
const STORE_EVENTS = ["InvalidProviderConfig", "ValidationFailed", "InvalidStoreConfiguration"];

export const storeWords: readonly WordTable[] = [
  {
    field: "status.conditions",
    source: STORE_TYPES,
    words: [
      ["Ready=True, Valid", "ok"],
      ["Ready=True, ValidationUnknown", "ok: its provider cannot be asked beforehand"],
      ...[...STORE_EVENTS, "ClientCreationFailed"].map((word) =>
        [`Ready=False, ${word}`, `critical, \`${word}\``] as const
      ),
      ["Ready=False with another reason", "critical, with that reason"],
    ],
  },
  {
    field: "reason of its events since its condition changed",
    source: STORE_TYPES,
    words: STORE_EVENTS.map((word) => [word, "its message is told, while it is not Ready"] as const),
  },
];
