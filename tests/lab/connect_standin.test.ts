import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onePassword } from "../../lab/cluster/parts/one_password.ts";
import { tryCredentials } from "../../lab/images/standins/onepassword/sync.ts";
import { mintCredentials, mintToken, readVaults, vaultDir } from "../../lab/platform/vault.ts";
import { withConnect } from "./connect.ts";
import { PATIENT_MS } from "../patience.ts";

const NOBODY = "a".repeat(26);

Deno.test("connect: every answer names the server's version", () =>
  withConnect(async ({ get }) => {
    for (const path of ["/heartbeat", "/v1/vaults", "/v1/nothing"]) {
      assert.equal((await get(path)).headers.get("1Password-Connect-Version"), "1.7.3");
    }
    assert.equal((await get("/heartbeat", "")).text, ".");
  }));

Deno.test("connect: /health says what 1.7.3 says before and after the first request with a token", () =>
  withConnect(async ({ get }) => {
    const states = async () => {
      const { body } = await get("/health", "");
      return body.dependencies.map((one) => `${one.service} ${one.status}`);
    };
    assert.deepEqual(await states(), [
      "sqlite ACTIVE",
      "account_data NOT_SYNCED",
      "sync ACTIVE",
      "1Password UNINITIALIZED",
    ]);
    await get("/v1/vaults");
    assert.deepEqual(await states(), [
      "sqlite ACTIVE",
      "account_data AVAILABLE",
      "sync ACTIVE",
      "1Password ACTIVE",
    ]);
  }));

Deno.test("connect: lists the vaults of the token and no others, by name and by title", () =>
  withConnect(async ({ get, vault, change }) => {
    change((file) => file.vaults.push({ id: NOBODY, name: "other", items: [] }));
    const names = async (filter: string) =>
      (await get(`/v1/vaults?filter=${encodeURIComponent(filter)}`)).list.map(({ name }) => name);
    assert.deepEqual(await names(""), ["lakehouse"]);
    assert.deepEqual(await names('name eq "lakehouse"'), ["lakehouse"]);
    assert.deepEqual(await names('title eq "lakehouse"'), ["lakehouse"]);
    assert.deepEqual(await names('name eq "other"'), []);
    const { body } = await get(`/v1/vaults/${vault.id}`);
    assert.deepEqual([body.id, body.items], [vault.id, 2]);
  }));

Deno.test("connect: lists items without what is in them, by title and by tag; one item has it all", () =>
  withConnect(async ({ get, vault, change }) => {
    change((file) => {
      const item = file.vaults[0]?.items[0];
      if (item) Object.assign(item, { title: 'say "hi"', tags: ["db", "prod"], sections: [{ id: "s" }] });
    });
    const path = `/v1/vaults/${vault.id}/items`;
    const list = async (filter: string) => (await get(`${path}?filter=${encodeURIComponent(filter)}`)).list;
    const [found, ...others] = await list('title eq "say \\"hi\\""');
    assert.ok(found);
    assert.deepEqual([others.length, found.fields, found.sections, found.vault.id], [
      0,
      undefined,
      undefined,
      vault.id,
    ]);
    assert.equal((await list('tag eq "prod"')).length, 1);
    assert.equal((await list("")).length, 2);
    const { body } = await get(`${path}/${found.id}`);
    assert.deepEqual(body.fields.map(({ label }) => label), ["username", "password"]);
    assert.deepEqual(body.sections, [{ id: "s" }]);
    assert.deepEqual((await get(`${path}/${found.id}/files`)).list, []);
  }));

Deno.test("connect: 401 for no token, half a token, one signed by another, one that has ended", () =>
  withConnect(async ({ get, ctx, token, vault }) => {
    const refused = async (given: string) => {
      const { status, body } = await get("/v1/vaults", given);
      assert.equal(status, 401);
      assert.equal(body.status, 401);
      return body.message;
    };
    assert.equal(await refused(""), "Invalid bearer token");
    assert.equal(await refused(token.slice(0, 80)), "Invalid bearer token");
    assert.equal(await refused(`${token.slice(0, -4)}AAAA`), "Invalid token signature");
    const ended = mintToken(ctx, { [vault.id]: 48 }, new Date(Date.now() - 1_000));
    assert.equal(await refused(ended), "Invalid bearer token");
  }));

Deno.test("connect: 403 for a vault that the token does not name, and for writing with one that reads", () =>
  withConnect(async ({ get, send, ctx, vault }) => {
    const other = mintToken(ctx, { [NOBODY]: 48 });
    const closed = { status: 403, message: "Authorization: token does not have access to vault" };
    assert.deepEqual((await get(`/v1/vaults/${vault.id}`, other)).body, closed);
    assert.deepEqual((await get(`/v1/vaults/${vault.id}/items`, other)).body, closed);
    const reading = mintToken(ctx, { [vault.id]: 16 });
    const item = { title: "x", category: "LOGIN", vault: { id: vault.id } };
    const { status, body } = await send("POST", `/v1/vaults/${vault.id}/items`, item, reading);
    assert.deepEqual([status, body.status, body.message.includes("write access")], [403, 403, true]);
    assert.equal(readVaults(ctx).vaults[0]?.items.length, 2);
  }));

Deno.test("connect: 404 for a vault, an item, a file and a path that do not exist", () =>
  withConnect(async ({ get, vault }) => {
    const item = vault.items[0]?.id;
    const cases: [path: string, message: string][] = [
      [`/v1/vaults/${NOBODY}`, `vault ${NOBODY} not found`],
      [`/v1/vaults/${vault.id}/items/${NOBODY}`, `item ${NOBODY} not found`],
      [`/v1/vaults/${vault.id}/items/${item}/files/${NOBODY}`, `file ${NOBODY} not found`],
      ["/v1/nothing", "Not found"],
    ];
    for (const [path, message] of cases) {
      const { status, body } = await get(path);
      assert.deepEqual([status, body], [404, { status: 404, message }]);
    }
  }));

Deno.test("connect: 400 for ids and filters that are none", () =>
  withConnect(async ({ get, vault }) => {
    const cases: [path: string, message: string][] = [
      ["/v1/vaults/lakehouse", "Invalid Vault UUID"],
      [`/v1/vaults/${vault.id}/items/s3-credentials`, "Invalid Item UUID"],
      [`/v1/vaults?filter=${encodeURIComponent("name eq '")}`, "Invalid filter"],
      [`/v1/vaults/${vault.id}/items?filter=${encodeURIComponent('name eq "x"')}`, "Invalid filter"],
      ["/v1/activity?limit=many", "Invalid limit"],
    ];
    for (const [path, message] of cases) {
      const { status, body } = await get(path);
      assert.deepEqual([status, body], [400, { status: 400, message }]);
    }
  }));

Deno.test("connect: trouble answers 429 with its headers and 500, each with a body, and goes away again", () =>
  withConnect(async ({ get, change }) => {
    change((file) => file.trouble = { status: 429 });
    const limited = await get("/v1/vaults");
    assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "60"]);
    assert.deepEqual(limited.body, { status: 429, message: "Too Many Requests" });
    change((file) => file.trouble = { status: 429, headers: { "Retry-After": "2", "X-Test": "1" } });
    const { headers } = await get("/v1/vaults");
    assert.deepEqual([headers.get("retry-after"), headers.get("x-test")], ["2", "1"]);
    change((file) => file.trouble = { status: 500 });
    assert.deepEqual((await get("/v1/vaults")).body, { status: 500, message: "Something went wrong" });
    change((file) => file.trouble = { status: 503, message: "later" });
    assert.deepEqual((await get("/v1/vaults")).body, { status: 503, message: "later" });
    assert.equal((await get("/heartbeat", "")).status, 200);
    change((file) => delete file.trouble);
    assert.equal((await get("/v1/vaults")).status, 200);
  }));

Deno.test("connect: trouble makes an answer slow", () =>
  withConnect(async ({ get, change }) => {
    change((file) => file.trouble = { delayMs: 300 });
    const begun = performance.now();
    assert.equal((await get("/v1/vaults")).status, 200);
    assert.ok(performance.now() - begun >= 290);
  }));

Deno.test("connect: trouble cuts the connection in the middle of an answer", () =>
  withConnect(async ({ url, token, change }) => {
    change((file) => file.trouble = { cut: true });
    const answer = await fetch(`${url}/v1/vaults`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
  }));

Deno.test("connect: 408 while connect-sync has not connected, 500 once it has been refused", () =>
  withConnect(async ({ get, sync }) => {
    sync.state = "WAITING";
    const waited = await get("/v1/vaults");
    assert.deepEqual([waited.status, waited.body.status], [408, 408]);
    assert.match(waited.body.message, /sync did not complete within timeout/);
    sync.timeoutMs = PATIENT_MS;
    const connecting = get("/v1/vaults");
    setTimeout(() => sync.state = "ACTIVE", 120);
    assert.equal((await connecting).status, 200);
    sync.state = "REFUSED";
    const refused = await get("/v1/vaults");
    assert.deepEqual([refused.status, refused.body.status], [500, 500]);
    assert.match(refused.body.message, /failed to initiate/);
    assert.equal((await get("/v1/vaults", "")).status, 401);
  }));

Deno.test("connect: without its cloud it answers from the copy it has, and writes nothing", () =>
  withConnect(async ({ get, send, vault, stopCloud, logged }) => {
    assert.equal((await get("/v1/vaults")).status, 200);
    await stopCloud();
    const item = { title: "x", category: "LOGIN", vault: { id: vault.id } };
    const { status, body } = await send("POST", `/v1/vaults/${vault.id}/items`, item);
    assert.deepEqual([status, body], [500, { status: 500, message: "Something went wrong" }]);
    assert.ok(!logged.join().includes("serving the last copy"));
    assert.equal((await get(`/v1/vaults/${vault.id}/items`)).list.length, 2);
  }));

Deno.test("connect: without its cloud and without a copy it answers 500", () =>
  withConnect(async ({ get, stopCloud }) => {
    await stopCloud();
    assert.deepEqual((await get("/v1/vaults")).body, { status: 500, message: "Something went wrong" });
  }));

Deno.test("sync: accepts the lab's credentials, refuses others, and waits for a cloud that is away", () =>
  withConnect(async ({ ctx, stopCloud, change }) => {
    const path = join(vaultDir(ctx), "1password-credentials.json");
    const good = readFileSync(path, "utf8");
    const tried = (text: string) => {
      writeFileSync(path, text);
      return tryCredentials(path);
    };
    assert.deepEqual(await tried(good), { state: "ACTIVE" });
    const rotated = mintCredentials(ctx);
    assert.notEqual(rotated, good);
    assert.deepEqual(await tried(rotated), { state: "ACTIVE" });
    assert.match((await tried(btoa(good))).why ?? "", /illegal base64 data/);
    assert.equal((await tried("{}")).why, "credentials file is not valid");
    assert.equal((await tryCredentials(`${path}.not-there`)).state, "REFUSED");
    const foreign = good.replace(/"data":"[^"]*"/, '"data":"c29tZXRoaW5nIGVsc2U"');
    assert.equal((await tried(foreign)).state, "REFUSED");
    change((file) => file.deviceUuid = NOBODY);
    assert.deepEqual(await tried(good), { state: "REFUSED", why: "server not found (404)" });
    change((file) => file.deviceSecret = "another");
    assert.equal((await tried(good)).state, "REFUSED");
    await stopCloud();
    assert.equal((await tried(good)).state, "WAITING");
  }));

Deno.test("the place of 1password.com: only the device gets in, its secret stays, and the file is its owner's", () =>
  withConnect(async ({ ctx }) => {
    const { deviceSecret, ...cloud } = readVaults(ctx);
    const url = `${ctx.onePassword}/vaults.json`;
    const ask = async (init: RequestInit, secret = deviceSecret, path = "") => {
      const answer = await fetch(url + path, { ...init, headers: { authorization: `Bearer ${secret}` } });
      return { status: answer.status, text: await answer.text() };
    };
    assert.equal((await ask({}, "wrong")).status, 401);
    assert.deepEqual(JSON.parse((await ask({})).text), cloud);
    assert.equal((await ask({}, deviceSecret, ".bak")).status, 404);
    assert.equal((await ask({ method: "DELETE" })).status, 405);
    assert.equal((await ask({ method: "PUT", body: "[]" })).status, 400);
    assert.equal((await ask({ method: "PUT", body: JSON.stringify({ ...cloud, vaults: [] }) })).status, 200);
    assert.deepEqual(readVaults(ctx), { ...cloud, vaults: [], deviceSecret });
    const file = join(vaultDir(ctx), "vaults.json");
    assert.equal((statSync(file).mode ?? 0) & 0o777, 0o600);
    writeFileSync(file, JSON.stringify(cloud));
    assert.equal((await ask({}, "undefined")).status, 401);
    writeFileSync(file, "");
    assert.equal((await ask({})).status, 503);
  }));

Deno.test("the place of 1password.com: listens where credentials files say", () =>
  withConnect(({ ctx }) => {
    const daemon = onePassword(ctx);
    assert.deepEqual(daemon.argv.slice(-2), ["198.18.0.2", "443"]);
    assert.ok(daemon.argv.includes("--allow-net=198.18.0.2:443"));
    assert.equal(daemon.argv.at(-3), join(vaultDir(ctx), "vaults.json"));
    return Promise.resolve();
  }));
