import assert from "node:assert/strict";
import type { Grants } from "../../../../lib/components/secret_supply/grants.ts";
import { externalSecret, PATHS, type Platform, platform, ready } from "../../../components/flux/gitops.ts";
import { found, sdkStore } from "../../../components/secret_supply/platform.ts";

const SDK = { kind: "ClusterSecretStore", name: "sdk" };

/** One store of a service account, and one ExternalSecret of it for each interval. */
function reading(...intervals: string[]): Platform {
  const objects = platform();
  objects.clusterSecretStores = [sdkStore("sdk")];
  objects.externalSecrets = intervals.map((refreshInterval, index) => {
    const object = externalSecret(`secret-${index}`, SDK, `item-${index}/password`);
    return { ...object, spec: { ...object.spec, refreshInterval } };
  });
  return objects;
}

const judged = async (objects: Platform, account?: string) => {
  const grants: Record<string, Grants> = { "ClusterSecretStore//sdk": { account } };
  const [told] = await found("budget", objects, account ? { grants } : {});
  return told;
};

Deno.test("budget: what is asked of Connect is said and not judged", async () => {
  const objects = platform();
  const spec = objects.externalSecrets[0]?.spec;
  assert.ok(spec);
  spec.refreshInterval = "1s";
  const [told] = await found("budget", objects);
  assert.deepEqual([told?.status, told?.reason], ["ok", "NotLimited"]);
  assert.equal(told?.object.name, "onepassword-connect");
  // Two requests for the vault and the search, two for the item, each second; and a look at the store every 5 minutes.
  assert.equal(told?.observed, "345,888 requests a day");
});

Deno.test("budget: a service account that reads little is well", async () => {
  const told = await judged(reading("24h"));
  // 2 vault lists every 5 minutes, and 4 reads a day.
  assert.deepEqual([told?.status, told?.observed], ["ok", "580 reads a day"]);
});

Deno.test("budget: 80 % of a limit that may be the account's is a warning, and the known account decides", async () => {
  const objects = reading("1h", "1h", "1h");
  const unsaid = await judged(objects);
  assert.deepEqual([unsaid?.status, unsaid?.reason], ["warning", "NearBudget"]);
  assert.equal((await judged(objects, "business"))?.status, "ok");
  assert.equal((await judged(objects, "families"))?.status, "warning");
  assert.equal((await judged(reading("1m", "1m"), "teams"))?.status, "critical");
});

Deno.test("budget: what is too much for every kind of account is critical when the kind is not known", async () => {
  const told = await judged(reading("1s"));
  assert.deepEqual([told?.status, told?.reason], ["critical", "OverBudget"]);
  assert.equal((await judged(reading("1m")))?.status, "warning");
});

Deno.test("budget: the three most expensive ExternalSecrets are named, and the interval that fits", async () => {
  const told = await judged(reading("1h", "5m", "2m", "1m"), "teams");
  assert.match(
    told?.message ?? "",
    /10,464 reads a day .*, which is 209 % of the 5,000 of 1Password Teams\. /,
  );
  const named = [...(told?.message ?? "").matchAll(/ExternalSecret data-platform\/secret-(\d)/g)].map((
    [, at],
  ) => at);
  assert.deepEqual(named, ["3", "2", "1"]);
  // 16 reads at once, and 3,424 a day to be shared out: 404 s.
  assert.match(told?.message ?? "", /refreshInterval 7m for all of them fits 1Password Teams$/);
});

Deno.test("budget: where the stores alone cost more than there is, no interval fits", async () => {
  const objects = reading("1h");
  objects.clusterSecretStores.push(sdkStore("second"));
  assert.match(
    (await judged(objects, "families"))?.message ?? "",
    /no refreshInterval fits 1Password and 1Password Families/,
  );
});

Deno.test("budget: entries count for the store that they name, and what is refreshed once costs nothing", async () => {
  const objects = reading("0s");
  const [object] = objects.externalSecrets;
  assert.ok(object?.spec);
  assert.equal((await judged(objects))?.observed, "576 reads a day");
  const elsewhere = { storeRef: { kind: "ClusterSecretStore", name: "other" } };
  object.spec = {
    ...object.spec,
    refreshInterval: "24h",
    data: [{ remoteRef: { key: "a/b" } }, { remoteRef: { key: "c/d" }, sourceRef: elsewhere }],
  };
  assert.equal((await judged(objects))?.observed, "580 reads a day");
});

Deno.test("budget: one that fails is counted by its retries, whatever its interval", async () => {
  const objects = reading("24h");
  const [object] = objects.externalSecrets;
  assert.ok(object);
  ready(object, "False", "SecretSyncedError", "could not get secret data from provider");
  // 4 reads every 7 minutes.
  assert.equal((await judged(objects))?.observed, "1,399 reads a day");
});

Deno.test("budget: no store of 1Password is skipped, stores that cannot be listed are unknown", async () => {
  const objects = platform();
  objects.clusterSecretStores = [];
  assert.equal((await found("budget", objects))[0]?.status, "skipped");
  const failures = { [PATHS.clusterSecretStores]: { kind: "forbidden", message: "no" } as const };
  assert.equal((await found("budget", platform(), { failures }))[0]?.status, "unknown");
});
