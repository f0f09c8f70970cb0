import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExternalSecret } from "../../../../lib/components/external_secrets/kinds.ts";
import {
  readingOf,
  readsPerDay,
  type Spec,
  standings,
  type Store,
  validationOf,
} from "../../../../lib/procedures/onepassword/status/budget.ts";

const connect: Store = { provider: "onepassword", vaults: 1 };
const sdk: Store = { provider: "onepasswordSDK", vaults: 1 };
const field = (property: string) => ({ remoteRef: { property } });
/** Two fields of one item, as most of the platform's ExternalSecrets read. */
const pair: Spec = { refreshInterval: "1h", data: [field("username"), field("password")] };

Deno.test("each field costs a look for the vault, a search, and two fetches of the item", () => {
  assert.deepEqual(readingOf(pair, connect), { refreshIntervalSeconds: 3600, items: 6, vaultLookups: 2 });
  assert.equal(readsPerDay([readingOf(pair, connect)]), 24 * 8);
});

Deno.test("each further vault that is searched in vain costs two requests more for each field", () => {
  const store = { ...connect, vaults: 3 };
  assert.deepEqual(readingOf(pair, store), { refreshIntervalSeconds: 3600, items: 10, vaultLookups: 6 });
  assert.deepEqual(readingOf(pair, store, { searched: 1 }), readingOf(pair, connect));
});

Deno.test("the content of a file is a request of its own", () => {
  const { items } = readingOf({ data: [field("file/ca.crt")] }, connect);
  assert.equal(items, readingOf({ data: [field("ca.crt")] }, connect).items + 1);
});

Deno.test("extract costs what a field does, and find a list of each vault and a fetch of each item", () => {
  const extract = readingOf({ dataFrom: [{ extract: {} }] }, connect);
  assert.deepEqual(extract, readingOf({ data: [{}] }, connect));
  const store = { ...connect, vaults: 2 };
  const find = readingOf({ dataFrom: [{ find: true }] }, store, { found: 5 });
  assert.deepEqual(find, { refreshIntervalSeconds: 3600, items: 7, vaultLookups: 2 });
});

Deno.test("what is not refreshed costs nothing a day", () => {
  const specs: Spec[] = [
    { refreshInterval: "0" },
    { refreshInterval: "0s" },
    { refreshInterval: "-1h" },
    { refreshInterval: "1h", refreshPolicy: "CreatedOnce" },
    { refreshInterval: "1h", refreshPolicy: "OnChange" },
  ];
  for (const spec of specs) {
    assert.equal(readsPerDay([readingOf({ ...pair, ...spec }, connect)]), 0, JSON.stringify(spec));
  }
});

Deno.test("intervals are Go durations, and an hour where there is none that can be read", () => {
  const seconds = (refreshInterval?: string, refreshPolicy?: string) =>
    readingOf({ refreshInterval, refreshPolicy }, connect).refreshIntervalSeconds;
  assert.deepEqual(
    [seconds("1h30m"), seconds("15s", "Periodic"), seconds(), seconds("soon")],
    [5400, 15, 3600, 3600],
  );
});

Deno.test("what fails is tried again every seven minutes, whatever its interval", () => {
  for (const refreshInterval of ["24h", "0"]) {
    const reading = readingOf({ ...pair, refreshInterval }, connect, { failing: true });
    assert.equal(reading.refreshIntervalSeconds, 420);
  }
});

Deno.test("a store is validated every five minutes unless it says otherwise, with a request for each vault", () => {
  assert.equal(readsPerDay([validationOf({ ...connect, vaults: 2 })]), 288 * 2);
  assert.equal(readsPerDay([validationOf({ ...connect, refreshIntervalSeconds: 3600 })]), 24);
});

Deno.test("with the SDK each field is three reads, each refresh lists the vaults, and there is no find", () => {
  const spec: Spec = { ...pair, dataFrom: [{ find: true }] };
  assert.deepEqual(readingOf(spec, sdk), { refreshIntervalSeconds: 3600, items: 6, vaultLookups: 1 });
  assert.equal(readsPerDay([validationOf(sdk)]), 576);
});

Deno.test("no daily limit applies to Connect, and those of service accounts apply to the SDK", () => {
  assert.deepEqual(standings("onepassword", 1_000_000), []);
  const verdicts = (perDay: number) => standings("onepasswordSDK", perDay).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts(799), ["fits", "fits", "fits"]);
  assert.deepEqual(verdicts(800), ["near", "fits", "fits"]);
  assert.deepEqual(verdicts(1000), ["near", "fits", "fits"]);
  assert.deepEqual(verdicts(1001), ["over", "fits", "fits"]);
  assert.deepEqual(verdicts(45_000), ["over", "over", "near"]);
  assert.equal(standings("onepasswordSDK", 2500)[1]?.share, 0.5);
});

Deno.test("the specs that a health report reads can be counted as they are", () => {
  const object: ExternalSecret = {
    spec: { refreshInterval: "2h", data: [{ secretKey: "a", remoteRef: { key: "x", property: "a" } }] },
  };
  assert.equal(readsPerDay([readingOf(object.spec ?? {}, connect)]), 12 * 4);
});

Deno.test("property: the sum of a day is that of its readings, rounded up once, and never negative", () => {
  const reading = fc.record({
    refreshIntervalSeconds: fc.integer({ min: 0, max: 100_000 }),
    items: fc.nat(50),
    vaultLookups: fc.nat(50),
  });
  fc.assert(fc.property(fc.array(reading), (all) => {
    const whole = readsPerDay(all);
    const parts = all.reduce((sum, one) => sum + readsPerDay([one]), 0);
    assert.ok(whole >= 0 && whole <= parts && whole > parts - all.length - 1e-6);
    assert.ok(Number.isInteger(whole));
  }));
});
