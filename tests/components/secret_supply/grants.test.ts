import assert from "node:assert/strict";
import type { Grants } from "../../../lib/components/secret_supply/grants.ts";
import { type Platform, platform, ready, the } from "../flux/gitops.ts";
import { rootsOf } from "../platform.ts";
import { found, seen } from "./platform.ts";

const STORE = "ClusterSecretStore//onepassword-connect";
const LAKEHOUSE = { id: "a".repeat(26), name: "lakehouse", read: true, write: false };
const OTHER = { id: "b".repeat(26), name: "ops", read: true, write: true };
/** Noon of the first of January is now. */
const inDays = (days: number) => new Date(Date.UTC(2026, 0, 1 + days, 12)).toISOString();

async function judged(check: string, grants: Grants, objects: Platform = platform()): Promise<string[]> {
  const told = await found(check, objects, { grants: { [STORE]: grants } });
  return told.map(({ object, status, reason }) => `${status} ${object.kind} ${object.name} ${reason}`);
}

Deno.test("token: one that expires later than in 30 days, or never, is well", async () => {
  const vaults = [LAKEHOUSE];
  assert.deepEqual(await judged("token", { vaults }), ["ok Secret connect-token NeverExpires"]);
  assert.deepEqual(await judged("token", { vaults, expiresAt: inDays(31) }), [
    "ok Secret connect-token Valid",
  ]);
});

Deno.test("token: one that expires within 30 days is a warning, an expired one critical, an odd time unknown", async () => {
  const at = (expiresAt: string) => judged("token", { vaults: [LAKEHOUSE], expiresAt });
  assert.deepEqual(await at(inDays(29)), ["warning Secret connect-token TokenExpires"]);
  assert.deepEqual(await at(inDays(-1)), ["critical Secret connect-token TokenExpired"]);
  assert.deepEqual(await at("soon"), ["unknown Secret connect-token Malformed"]);
});

Deno.test("token: an expired one is the root of the store that is refused", async () => {
  const objects = platform();
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "status 401",
  );
  const grants = { [STORE]: { vaults: [LAKEHOUSE], expiresAt: inDays(-1) } };
  assert.deepEqual(rootsOf(await seen(objects, { grants })), ["Secret connect-token TokenExpired"]);
});

Deno.test("token: when it was not given, or could not be read, the checks say so", async () => {
  for (const check of ["token", "vault-grants"]) {
    const [unasked] = await found(check, platform());
    assert.deepEqual([unasked?.status, unasked?.reason], ["skipped", "NotAsked"]);
    const [unread] = await found(check, platform(), { grants: { kind: "forbidden", message: "no" } });
    assert.equal(unread?.status, "unknown");
  }
});

Deno.test("vault grants: every vault of the store is granted, by name or by id, and more rights are no fault", async () => {
  assert.deepEqual(await judged("vault-grants", { vaults: [LAKEHOUSE, OTHER] }), [
    "ok ClusterSecretStore onepassword-connect Granted",
  ]);
  const objects = platform();
  const store = the(objects, "clusterSecretStores", "onepassword-connect");
  store.spec = { provider: { onepassword: { connectHost: "http://x", vaults: { [LAKEHOUSE.id]: 1 } } } };
  assert.match(
    (await judged("vault-grants", { vaults: [{ ...LAKEHOUSE, name: undefined }] }, objects))[0] ?? "",
    /^ok/,
  );
});

Deno.test("vault grants: a vault that the store names and the token does not grant is critical, with what it grants", async () => {
  const [told] = await found("vault-grants", platform(), { grants: { [STORE]: { vaults: [OTHER] } } });
  assert.deepEqual([told?.status, told?.object, told?.reason], [
    "critical",
    { kind: "OnePasswordVault", name: "lakehouse" },
    "NotGranted",
  ]);
  assert.match(
    told?.message ?? "",
    /token of ClusterSecretStore onepassword-connect, which grants ops \(read, write\)/,
  );
});

Deno.test("vault grants: a vault that may be written only is not readable", async () => {
  const vaults = [{ ...LAKEHOUSE, read: false, write: true }];
  assert.deepEqual(await judged("vault-grants", { vaults }), [
    "critical OnePasswordVault lakehouse NotGranted",
  ]);
});

Deno.test("vault grants: where Connect did not tell the names of vaults, nobody knows", async () => {
  const vaults = [{ ...OTHER, name: undefined }];
  assert.deepEqual(await judged("vault-grants", { vaults }), [
    "unknown OnePasswordVault lakehouse NamesUnknown",
  ]);
});

Deno.test("vault grants: an item that is in no granted vault is critical, and names who asks for it", async () => {
  const items = [
    { externalSecret: "data-platform/db", item: "lakehouse/db", granted: false },
    { externalSecret: "data-platform/s3", item: "lakehouse/s3", granted: true },
  ];
  const [told, ...others] = await found("vault-grants", platform(), {
    grants: { [STORE]: { vaults: [LAKEHOUSE], items } },
  });
  assert.deepEqual([told?.status, told?.object.name], ["critical", "lakehouse/db"]);
  assert.deepEqual(others, [], "an item that is granted is no finding");
  assert.match(told?.message ?? "", /data-platform\/db needs it/);
});

Deno.test("vault grants: it is the root of the store and of what fails through it", async () => {
  const objects = platform();
  const said = 'error finding 1Password Vault: Found 0 vaults with title "lakehouse"';
  ready(the(objects, "clusterSecretStores", "onepassword-connect"), "False", "ValidationFailed", said);
  ready(the(objects, "externalSecrets", "db"), "False", "SecretSyncedError", said);
  const { roots } = await seen(objects, { grants: { [STORE]: { vaults: [OTHER] } } });
  assert.deepEqual(roots.map(({ object }) => `${object.kind} ${object.name}`), [
    "OnePasswordVault lakehouse",
  ]);
  assert.deepEqual(roots[0]?.explains.map(({ kind }) => kind).toSorted(), [
    "ClusterSecretStore",
    "ExternalSecret",
  ]);
});

Deno.test("vault grants: of a store that does not exist nobody knows what it will need", async () => {
  const objects = platform();
  objects.clusterSecretStores = [];
  assert.deepEqual(await judged("vault-grants", { vaults: [LAKEHOUSE] }, objects), [
    "skipped ClusterSecretStore onepassword-connect StoreMissing",
  ]);
});
