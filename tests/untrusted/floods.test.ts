/** Texts of a size that nobody meant, from objects and from facts files. */
import assert from "node:assert/strict";
import process from "node:process";
import { plainText, replay } from "../../lab/faults/replay.ts";
import { collect } from "../../lib/engine/collect.ts";
import {
  externalSecrets,
  type SecretStore,
  secretStores,
} from "../../lib/components/external_secrets/kinds.ts";
import { pods } from "../../lib/components/kubernetes/kinds.ts";
import { looksLike } from "../../lib/untrusted/edit_distance.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import type { Facts, Source } from "../../lib/engine/model.ts";
import {
  anyText,
  map,
  messageText,
  objectName,
  remoteName,
  ShapeError,
  str,
} from "../../lib/engine/decode.ts";

const INCIDENT = new URL("../scenarios/onepassword-connect-missing/facts.json.gz", import.meta.url).pathname;

/** Milliseconds of this process's own time, whatever else the machine does. */
async function costMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function withKeys(key: string): Promise<Facts> {
  const facts = await loadFacts(INCIDENT);
  const read = facts.sources.externalsecrets;
  assert.ok(read?.ok && "items" in read && read.items.length > 0);
  for (const item of read.items as { spec: { data?: { remoteRef: { key: string } }[] } }[]) {
    for (const entry of item.spec.data ?? []) entry.remoteRef.key = key;
  }
  return facts;
}

for (
  const [what, sign] of Object.entries({
    spaces: " ",
    tabs: "\t",
    "line ends": "\n",
    slashes: "/",
    letters: "a",
    quotes: '"',
    dots: ".",
    digits: "0",
  })
) {
  Deno.test(`a report on facts with keys of 40 kB of ${what} takes no longer than without`, async () => {
    const facts = await withKeys(sign.repeat(40_000));
    const ms = await costMs(async () => await plainText(replay(facts)));
    assert.ok(ms < 4000, `${ms} ms`);
  });
}

async function collected(source: Source, items: unknown[]): Promise<Facts["sources"][string] | undefined> {
  const client = { context: "toy", get: () => Promise.resolve({ status: 200, body: { items } }) };
  return (await collect(client, [source], { namespace: "lake" })).sources[source.id];
}

Deno.test("an object whose name or key is too long is not understood, by a name that is no other's; the rest is", async () => {
  const metadata = { name: "good", namespace: "lake" };
  const key = (key: string) => ({
    metadata: { ...metadata, name: "keyed" },
    spec: { data: [{ remoteRef: { key } }] },
  });
  const read = await collected(externalSecrets, [
    { metadata },
    { metadata: { ...metadata, name: "x".repeat(40_000) } },
    key(" ".repeat(40_000)),
  ]);
  assert.ok(read?.ok && "items" in read);
  assert.deepEqual(read.items, [{ metadata }]);
  const [named, keyed] = read.malformed ?? [];
  assert.equal(named?.object.name, `${"x".repeat(252)}…`);
  assert.equal(
    named?.message,
    "ExternalSecret.metadata.name is a text of 40000 characters, expected at most 253",
  );
  assert.equal(keyed?.object.name, "keyed");
  assert.equal(
    keyed?.message,
    "ExternalSecret.spec.data[0].remoteRef.key is a text of 40000 characters, expected at most 2048",
  );
});

Deno.test("names of each length that Kubernetes allows are kept, and one more is not", async () => {
  for (const [length, kept] of [[253, 1], [254, 0]] as const) {
    const read = await collected(pods, [{ metadata: { name: "x".repeat(length), namespace: "lake" } }]);
    assert.ok(read?.ok && "items" in read);
    assert.equal(read.items.length, kept, `${length}`);
  }
});

Deno.test("a store's vaults are read as names, and no more of them", async () => {
  const store = (onepasswordSDK: unknown) => ({
    metadata: { name: "s" },
    spec: { provider: { onepasswordSDK } },
  });
  const read = await collected(secretStores, [store({ vault: "v" }), store({ vault: "v".repeat(3000) })]);
  assert.ok(read?.ok && "items" in read);
  assert.deepEqual((read.items as SecretStore[]).map(({ provider }) => provider?.vaults), [["v"]]);
  assert.equal(read.malformed?.length, 1);
});

Deno.test("each kind of text has its limit: names and settings are refused beyond it, messages are cut and say so", () => {
  for (const [read, limit] of [[objectName, 253], [remoteName, 2048], [str, 32 * 1024]] as const) {
    assert.equal(read("x".repeat(limit)), "x".repeat(limit));
    assert.throws(() => read("x".repeat(limit + 1)), ShapeError);
  }
  assert.equal(messageText("x".repeat(32 * 1024)), "x".repeat(32 * 1024));
  assert.equal(messageText("x".repeat(32 * 1024 + 1)), `${"x".repeat(32 * 1024 - 1)}…`);
  const pairs = messageText("🌊".repeat(32 * 1024)) ?? "";
  assert.ok(pairs.isWellFormed() && pairs.endsWith("🌊…"));
  assert.equal(anyText("x".repeat(1e6))?.length, 1e6);
});

Deno.test("a map's keys are capped, and one called __proto__ is a key like any other", () => {
  const labels = map(str);
  assert.throws(() => labels({ ["k".repeat(5000)]: "v" }), ShapeError);
  assert.throws(() => labels({ ["k".repeat(200)]: 5 }), (error: Error) => error.message.length < 200);
  const kept = labels(JSON.parse('{"__proto__":"v","constructor":"w"}'));
  assert.deepEqual(Object.entries(kept ?? {}), [["__proto__", "v"], ["constructor", "w"]]);
  const inner = map(map(str))(JSON.parse('{"__proto__":{"toString":"v"}}'));
  assert.equal(Object.getPrototypeOf(inner), Object.prototype);
});

Deno.test("two long names are not compared letter by letter", async () => {
  assert.ok(await costMs(() => looksLike("a".repeat(40_000), "b".repeat(40_000))) < 1000);
});
