import assert from "node:assert/strict";
import { patched } from "../../lab/images/standins/onepassword/items.ts";
import { mintToken, readVaults } from "../../lab/platform/vault.ts";
import { type Connect, withConnect } from "./connect.ts";

const NEW = {
  title: "s3-credentials",
  category: "API_CREDENTIAL",
  tags: ["s3"],
  fields: [{ label: "access-key-id", type: "STRING", value: "canary-value" }],
};

/** Makes an item; gives its path and what was answered. */
async function made({ send, vault }: Connect) {
  const { status, body } = await send("POST", `/v1/vaults/${vault.id}/items`, {
    ...NEW,
    vault: { id: vault.id },
  });
  assert.equal(status, 200);
  return { path: `/v1/vaults/${vault.id}/items/${body.id}`, body };
}

Deno.test("connect: a new item gets id, version and ids of fields, and is in the file at once", () =>
  withConnect(async (connect) => {
    const { path, body } = await made(connect);
    assert.match(body.id, /^[a-z2-7]{26}$/);
    assert.match(body.fields[0]?.id ?? "", /^[a-z2-7]{26}$/);
    assert.deepEqual([body.version, body.title, body.vault.id], [1, "s3-credentials", connect.vault.id]);
    assert.deepEqual((await connect.get(path)).body, body);
    const kept = readVaults(connect.ctx).vaults[0]?.items.at(-1);
    assert.deepEqual([kept?.id, kept?.fields[0]?.value, kept?.vault], [body.id, "canary-value", undefined]);
  }));

Deno.test("connect: items made at the same time are all kept", () =>
  withConnect(async (connect) => {
    await Promise.all(Array.from({ length: 8 }, () => made(connect)));
    assert.equal(readVaults(connect.ctx).vaults[0]?.items.length, 10);
  }));

Deno.test("connect: 400 for an item of no category, of no vault, with no JSON or with no fields in the fields", () =>
  withConnect(async ({ send, ctx, vault }) => {
    const whole = { ...NEW, vault: { id: vault.id } };
    const cases: [body: unknown, message: RegExp][] = [
      [{ ...whole, category: "CUSTOM" }, /^Invalid item category$/],
      [{ ...whole, category: undefined }, /^Invalid item category$/],
      [NEW, /doesn't have a vault field/],
      ["{", /^Invalid request body$/],
      [{ ...whole, fields: "x" }, /^Invalid item fields$/],
    ];
    for (const [sent, message] of cases) {
      const { status, body } = await send("POST", `/v1/vaults/${vault.id}/items`, sent);
      assert.deepEqual([status, body.status], [400, 400]);
      assert.match(body.message, message);
    }
    assert.equal(readVaults(ctx).vaults[0]?.items.length, 2);
  }));

Deno.test("connect: PUT replaces an item and keeps its id; DELETE removes it", () =>
  withConnect(async (connect) => {
    const { path, body } = await made(connect);
    const { send, get, vault } = connect;
    const other = { title: "other", category: "LOGIN", vault: { id: vault.id } };
    const replaced = (await send("PUT", path, other)).body;
    assert.deepEqual([replaced.id, replaced.version, replaced.title], [body.id, 2, "other"]);
    assert.deepEqual([replaced.fields, replaced.tags, replaced.createdAt], [[], undefined, body.createdAt]);
    assert.equal((await send("DELETE", path, undefined)).status, 204);
    assert.equal((await get(path)).status, 404);
  }));

Deno.test("connect: PATCH changes attributes, tags, and fields by their id", () =>
  withConnect(async (connect) => {
    const { path, body } = await made(connect);
    const id = body.fields[0]?.id;
    const patch = async (...operations: unknown[]) => (await connect.send("PATCH", path, operations)).body;
    assert.equal(
      (await patch({ op: "replace", path: `/fields/${id}/value`, value: "new" })).fields[0]?.value,
      "new",
    );
    const added = await patch({
      op: "add",
      path: "/fields",
      value: { label: "secret-access-key", value: "k" },
    });
    assert.deepEqual(added.fields.map(({ label }) => label), [
      "access-key-id",
      "secret-access-key",
    ]);
    assert.deepEqual([added.fields[1]?.type, added.version], ["STRING", 3]);
    const renamed = await patch({ op: "replace", path: `/fields/${id}`, value: { label: "key" } });
    assert.deepEqual([renamed.fields[0]?.label, renamed.fields[0]?.id], ["key", id]);
    assert.equal((await patch({ op: "remove", path: `/fields/${id}` })).fields.length, 1);
    const tagged = await patch({ op: "replace", path: "/favorite", value: true }, {
      op: "remove",
      path: "/tags/0",
    });
    assert.deepEqual([tagged.favorite, tagged.tags], [true, []]);
    assert.equal((await patch()).version, tagged.version);
  }));

Deno.test("connect: 400 for a patch that is none, and the item stays as it was", () =>
  withConnect(async (connect) => {
    const { path, body } = await made(connect);
    const wrong = [
      { title: "no list" },
      [{ op: "move", path: "/title", value: "x" }],
      [{ op: "replace", path: "title", value: "x" }],
      [{ op: "replace", path: "/title", value: "x" }, { op: "remove", path: `/fields/${"a".repeat(26)}` }],
    ];
    for (const sent of wrong) assert.equal((await connect.send("PATCH", path, sent)).status, 400);
    assert.deepEqual((await connect.get(path)).body, body);
  }));

Deno.test("connect: a patch leaves the item that it is made from alone", () =>
  withConnect(({ vault: { items: [item] } }) => {
    assert.ok(item);
    const before = structuredClone(item);
    patched(item, [{ op: "replace", path: `/fields/${item.fields[0]?.id}/value`, value: "x" }]);
    assert.deepEqual(item, before);
    return Promise.resolve();
  }));

Deno.test("connect: activity lists who asked for what, newest first, in pages", () =>
  withConnect(async (connect) => {
    const { get, vault, ctx } = connect;
    assert.equal((await get("/v1/activity")).headers.get("content-range"), "0-0/0");
    const { path, body } = await made(connect);
    await get(path);
    await get(`/v1/vaults/${vault.id}`, mintToken(ctx, {}));
    const all = await get("/v1/activity");
    assert.equal(all.headers.get("content-range"), "1-3/3");
    const told = all.list.map((one) => [one.action, one.result]);
    assert.deepEqual(told, [["READ", "DENY"], ["READ", "SUCCESS"], ["CREATE", "SUCCESS"]]);
    const read = all.list[1];
    assert.deepEqual(read?.resource, {
      type: "ITEM",
      vault: { id: vault.id },
      item: { id: body.id },
      itemVersion: 1,
    });
    assert.match(read?.actor.userAgent ?? "", /^Deno/);
    assert.equal(read?.actor.requestIp, "10.0.0.1");
    const page = await get("/v1/activity?limit=1&offset=1");
    assert.deepEqual([page.list.length, page.headers.get("content-range")], [1, "2-2/3"]);
    assert.deepEqual(page.list[0], all.list[1]);
  }));

Deno.test("connect: neither tokens nor secrets nor values are logged", () =>
  withConnect(async (connect) => {
    const { path } = await made(connect);
    await connect.get(path);
    await connect.send("PATCH", path, "canary-value");
    await connect.stopCloud();
    await connect.get(path);
    assert.ok(connect.logged.some((line) => line.includes("serving the last copy")));
    const written = connect.logged.join("\n");
    const { deviceSecret } = readVaults(connect.ctx);
    for (const secret of [connect.token, deviceSecret, "canary-value"]) assert.ok(!written.includes(secret));
  }));
