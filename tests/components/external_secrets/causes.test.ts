/** What is wrong is told by the words of the operator and of its providers, and by no others. */
import assert from "node:assert/strict";
import { causeIn } from "../../../lib/components/external_secrets/causes.ts";
import { externalSecret, look, type Platform, platform, ready, the, without } from "../flux/gitops.ts";
import { NOW, on, rootsOf } from "../platform.ts";
import { expected, rowsOf, saying } from "../words.ts";
import { secretEventWords, storeWords } from "../../../lib/components/external_secrets/causes.ts";

Deno.test("external secrets: what the operator says tells the cause", () => {
  const told: Record<string, string> = {
    'ClusterSecretStore "onepassword-connect" is not ready': "StoreNotReady",
    'could not get ClusterSecretStore "x", clustersecretstores.external-secrets.io "x" not found':
      "StoreNotFound",
    "error processing spec.data[0] (key: a), err: key not found in 1Password Vaults: a in: map[lakehouse:1]":
      "ItemNotFound",
    "expected one 1Password ItemField matching: 'Password' in 'db', got 0": "FieldNotFound",
    "error finding 1Password Vault: no vaults found": "VaultNotFound",
    "error finding 1Password Vault: status 404: Vault was not found": "VaultNotFound",
    'error finding 1Password Vault: Found 2 vaults with title "lakehouse"': "VaultAmbiguous",
    "error finding 1Password Item: status 404: no such item": "ItemNotFound",
    'Found 0 item(s) in vault "x" with title "db"': "ItemNotFound",
    'Found 2 item(s) in vault "x" with title "db"': "ItemAmbiguous",
    "expected one 1Password Item matching: 'db', got 2": "ItemAmbiguous",
    "expected one 1Password ItemField matching: 'x' in 'db', got 3": "FieldAmbiguous",
    "error finding 1Password Document: 'db', 'key.pem'": "FieldNotFound",
    "error finding 1Password Item: status 429: too many requests": "RateLimited",
    "error finding 1Password Vault: status 401: Invalid token signature": "Unauthorized",
    "Get http://connect:8080/v1/vaults: dial tcp: lookup connect: no such host": "ProviderUnreachable",
    "error finding 1Password Vault: status 500: Internal Server Error": "ProviderError",
    "target is owned by another ExternalSecret": "TargetConflict",
  };
  for (const [message, reason] of Object.entries(told)) assert.equal(causeIn(message), reason, message);
});

/** Every text of the SDK that tells why a reference was not resolved, from its core.wasm. */
const SDK = {
  "the specified field cannot be found within the item": "FieldNotFound",
  "no section matched the secret reference": "FieldNotFound",
  "unable to read value from field": "FieldNotFound",
  "more than one field matched the secret reference": "FieldAmbiguous",
  "more than one section matched the secret reference": "FieldAmbiguous",
  "no item matched the secret reference query": "ItemNotFound",
  "unable to retrieve item: x": "ItemNotFound",
  "more than one item matched the secret reference query": "ItemAmbiguous",
  "no vault matched the secret reference query": "VaultNotFound",
  "unable to retrieve vault: x": "VaultNotFound",
  "more than one vault matched the secret reference query": "VaultAmbiguous",
  'secret reference is not prefixed with "op://"': "InvalidReference",
  'secret reference has invalid format - must be "op://<vault>/<item>/[section/]field"': "InvalidReference",
  "performing a vault operation: rate limit exceeded": "RateLimited",
  "you don't have the right permissions to access this resource": "Unauthorized",
};

Deno.test("external secrets: what 1Password's SDK says tells the cause", () => {
  for (const [words, reason] of Object.entries(SDK)) {
    const message =
      `error processing spec.data[0] (key: a/b), err: error resolving secret reference: ${words}`;
    assert.equal(causeIn(message), reason, words);
  }
  assert.equal(causeIn("error processing spec.dataFrom[0].extract, err: key not found"), "ItemNotFound");
  assert.equal(causeIn("found multiple items with name db"), "ItemAmbiguous");
  assert.equal(causeIn("found more than 1 fields with title 'x' in 'db', got 2"), "FieldAmbiguous");
  assert.equal(
    causeIn("could not get provider client: failed to get store ID: vault items not found"),
    "VaultNotFound",
  );
  assert.equal(
    causeIn("invalid service account token, please make sure you provide a valid one"),
    "Unauthorized",
  );
});

Deno.test("external secrets: words that are not known tell no cause, whatever the key is called", () => {
  for (
    const words of [
      "could not get secret data from provider",
      "error processing spec.data[0] (key: item not found/403), err: something new",
      "error finding 1Password Item: something new",
      "error finding 1Password Vault: something new",
    ]
  ) {
    assert.equal(causeIn(words), undefined, words);
  }
});

/** The toy platform on the provider that asks 1Password itself, with this failure. */
function sdk(said: string, key = "db/password"): Platform {
  const objects = platform();
  the(objects, "clusterSecretStores", "onepassword-connect").spec = {
    provider: {
      onepasswordSDK: {
        vault: "lakehouse",
        auth: {
          serviceAccountSecretRef: { name: "connect-token", namespace: "external-secrets", key: "token" },
        },
      },
    },
  };
  const failed = externalSecret("db", { kind: "ClusterSecretStore", name: "onepassword-connect" }, key);
  objects.externalSecrets = [failed];
  ready(failed, "False", "SecretSyncedError", said);
  without(objects, "secrets", "db");
  return objects;
}

const items = async (objects: Platform) =>
  (await look(objects)).findings.filter(({ check }) => check === "external-secrets.items");

Deno.test("external secrets: of 1Password itself an item is asked for by the title in the key", async () => {
  for (const reason of ["FieldNotFound", "FieldAmbiguous", "ItemNotFound", "ItemAmbiguous"]) {
    const words = Object.entries(SDK).find(([, one]) => one === reason)?.[0];
    const objects = sdk(`error processing spec.data[0] (key: /db/password), err: ${words}`, "/db/password");
    assert.deepEqual(rootsOf(await look(objects)), [`OnePasswordItem lakehouse/db ${reason}`]);
    assert.deepEqual((await items(objects)).map(({ status }) => status), ["critical"]);
  }
});

Deno.test("external secrets: a vault that 1Password itself does not find is one root of the store and its users", async () => {
  for (const reason of ["VaultNotFound", "VaultAmbiguous"]) {
    const words = Object.entries(SDK).find(([, one]) => one === reason)?.[0] ?? "";
    const objects = sdk(words);
    objects.externalSecrets.push(
      externalSecret("other", { kind: "ClusterSecretStore", name: "onepassword-connect" }, "other/password"),
    );
    ready(the(objects, "externalSecrets", "other"), "False", "SecretSyncedError", words);
    const diagnosis = await look(objects);
    assert.deepEqual(rootsOf(diagnosis), [`OnePasswordVault lakehouse ${reason}`]);
    const [store] = on(diagnosis, "ClusterSecretStore", "onepassword-connect");
    assert.deepEqual([store?.reason, store?.role], [reason, "symptom"]);
  }
});

Deno.test("external secrets: a failure in words that are not known makes its items unknown, as its symptom", async () => {
  const objects = sdk("error resolving secret reference: something new");
  const [item] = await items(objects);
  assert.deepEqual([item?.status, item?.reason, item?.role], ["unknown", "NotUnderstood", "symptom"]);
  assert.match(
    item?.message ?? "",
    /^1Password item lakehouse\/db may be missing: ExternalSecret data-platform\/db failed/,
  );
  assert.deepEqual(rootsOf(await look(objects)), ["ExternalSecret db SecretSyncedError"]);
});

/** An event of the operator about one of its objects. */
const told = (kind: string, name: string, reason: string, message: string, namespace?: string) => ({
  metadata: { name: `${name}.1`, namespace: namespace ?? "default" },
  type: "Warning",
  reason,
  message,
  involvedObject: { kind, namespace, name },
  lastTimestamp: NOW,
});

Deno.test("external secrets: every condition and event of a store is judged as its table says", async () => {
  const rows = rowsOf({ words: storeWords });
  assert.ok(rows.length >= 10, String(rows.length));
  for (const [field, word, verdict] of rows) {
    const objects = platform();
    const store = the(objects, "clusterSecretStores", "onepassword-connect");
    const [, status = "False", reason = "Dreaming"] = /^Ready=(\w+)(?:, (\w+))?/.exec(word) ??
      ["", "False", word];
    ready(store, status, reason, "some words");
    const isEvent = field !== "status.conditions";
    if (isEvent) {
      objects.events.push(told("ClusterSecretStore", "onepassword-connect", word, "status 418: a teapot"));
    }
    const [found] = on(await look(objects), "ClusterSecretStore", "onepassword-connect")
      .filter(({ check }) => check === "external-secrets.cluster-stores");
    if (isEvent) {
      assert.match(found?.message ?? "", /a teapot/, word);
      continue;
    }
    const general = verdict.replace("critical, with that reason", "critical, `Dreaming`");
    assert.equal(saying(found), expected(general).old, word);
  }
});

Deno.test("external secrets: the message of each of its events tells the cause", async () => {
  const rows = rowsOf({ words: [secretEventWords] });
  assert.ok(rows.length >= 1);
  for (const [, word] of rows) {
    const objects = platform();
    ready(the(objects, "externalSecrets", "db"), "False", "SecretSyncedError", "could not get secret data");
    objects.events.push(
      told(
        "ExternalSecret",
        "db",
        word,
        "expected one 1Password ItemField matching: 'x' in 'db', got 0",
        "data-platform",
      ),
    );
    assert.equal(on(await look(objects), "ExternalSecret", "db")[0]?.reason, "FieldNotFound", word);
  }
});
