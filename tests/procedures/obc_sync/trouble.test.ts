/** obc:sync where something is wrong with Connect, its token or the cluster. */
import assert from "node:assert/strict";
import { mintToken } from "../../../lab/platform/vault.ts";
import { CannotLook, UsageError } from "../../../lib/engine/errors.ts";
import { type Dependencies, round } from "../../../lib/procedures/obc_sync/run.ts";
import { ONLY_CLAIM, problem, through, told, withBoth } from "./fixture.ts";
import {
  CLAIM_SECRET,
  CONNECT_HOST,
  connectPod,
  jobFor,
  object,
  store,
  USER_SECRET,
  willing,
} from "./samples.ts";

Deno.test("a token that may only read is told so, with the command for one that may write, and no ExternalSecret is made", () =>
  withBoth(async ({ sync, kube, connect, items }) => {
    const token = mintToken(connect.ctx, { [connect.vault.id]: 16 });
    const { lines, status } = await sync({ ...ONLY_CLAIM, token, externalSecret: "analytics" });
    assert.match(
      lines[0] ?? "",
      /^failed .*may read vault lakehouse and not write to it.*--vault lakehouse,rw/,
    );
    assert.ok(!lines[0]?.includes(token));
    assert.equal(status, 2);
    assert.deepEqual([items().events, lines.length, kube.writes], [undefined, 1, []]);
  }));

Deno.test("a vault that the token does not open is refused with those that it opens", () =>
  withBoth(async ({ sync, kube, connect }) => {
    const [path, object] = store("onepassword-connect", ["elsewhere"], CONNECT_HOST);
    kube.objects.set(path, object);
    assert.match(await problem(sync(), UsageError), /opens no vault elsewhere; it opens: lakehouse/);
    const vault = connect.vault.id;
    assert.equal((await sync({ vault, connectUrl: connect.url })).status, 0);
  }));

Deno.test("a Connect that answers 429 once is asked again after the time it names", () =>
  withBoth(async ({ kube, connect, items }) => {
    let refused = 0;
    await through(connect, () => {
      if (++refused > 1) return undefined;
      const headers = { "retry-after": "1" };
      return Response.json({ status: 429, message: "Too Many Requests" }, { status: 429, headers });
    }, async (connectUrl) => {
      const results = await round(kube, jobFor(connect.token, { connectUrl }), willing);
      assert.equal(told(results).status, 0);
    });
    assert.ok(items().events);
  }));

Deno.test("a Connect that is cut off ends the round, and only the write that it cut when it was well before", () =>
  withBoth(async ({ sync, kube, connect, items }) => {
    connect.change((file) => file.trouble = { cut: true });
    assert.match(await problem(sync(), CannotLook), /broke off/);
    connect.change((file) => delete file.trouble);
    await through(connect, (request) => {
      if (request.method !== "POST") return undefined;
      return new Response(new Blob(["{"]).stream(), { headers: { "content-length": "1000" } });
    }, async (connectUrl) => {
      const { lines, status } = told(await round(kube, jobFor(connect.token, { connectUrl }), willing));
      assert.match(lines[0] ?? "", /^failed OnePasswordItem lakehouse\/events: .*broke off/);
      assert.equal(status, 2);
    });
    assert.equal(items().events, undefined);
    assert.equal((await sync()).status, 0);
  }));

Deno.test("the pod behind the store's host is forwarded to, and let go whatever happens; its own words say what broke", () =>
  withBoth(async ({ kube, connect }) => {
    const host = "http://connect.external-secrets.svc:8080";
    const [path, object] = store("onepassword-connect", ["lakehouse"], host);
    kube.objects.set(path, object);
    for (const [path, object] of connectPod()) kube.objects.set(path, object);
    const opened: string[] = [];
    const forwardTo = (url: string): Dependencies => ({
      ...willing,
      forward: (namespace, pod, port) => {
        opened.push(`${namespace}/${pod}:${port}`);
        const close = () => Promise.resolve(void opened.push("closed"));
        return Promise.resolve({
          url,
          close,
          failure: () => ({ kind: "unreachable", message: "the pod has gone" }),
        });
      },
    });
    assert.equal(told(await round(kube, jobFor(connect.token), forwardTo(connect.url))).status, 0);
    const gone = round(kube, jobFor(connect.token), forwardTo("http://127.0.0.1:1"));
    assert.match(await problem(gone, CannotLook), /the pod has gone/);
    assert.deepEqual(opened, ["external-secrets/c-1:8080", "closed", "external-secrets/c-1:8080", "closed"]);
  }));

Deno.test("an item that Connect keeps otherwise than it was sent is a failure that names the fields", () =>
  withBoth(async ({ kube, connect }) => {
    const theirs = {
      title: "events",
      category: "LOGIN",
      tags: ["lakecheck"],
      vault: { id: connect.vault.id },
    };
    const made = await connect.send("POST", `/v1/vaults/${connect.vault.id}/items`, theirs);
    await through(connect, (request) => {
      return request.method === "PATCH" ? Response.json(made.body) : undefined;
    }, async (connectUrl) => {
      const job = jobFor(connect.token, { connectUrl, ...ONLY_CLAIM });
      const { lines, status } = told(await round(kube, job, willing));
      assert.match(lines[0] ?? "", /^failed .*does not hold what was sent: source, AWS_ACCESS_KEY_ID/);
      assert.equal(status, 2);
    });
  }));

Deno.test("a key that can't be read is told, and does not keep the others from being written", () =>
  withBoth(async ({ sync, kube }) => {
    kube.objects.delete(CLAIM_SECRET);
    const { lines, status } = await sync();
    assert.match(lines[0] ?? "", /^failed .*Secret data-platform\/events does not exist/);
    assert.match(lines[1] ?? "", /^created /);
    assert.equal(status, 2);
    const forbidden = new CannotLook({ kind: "forbidden", message: "you may not get secrets" });
    const { get } = kube;
    kube.get = (path) => path === USER_SECRET ? Promise.reject(forbidden) : get(path);
    assert.match((await sync()).lines[1] ?? "", /^failed .*you may not get secrets/);
    const away = new CannotLook({ kind: "unreachable", message: "the API server is away" });
    kube.get = () => Promise.reject(away);
    assert.match(await problem(sync(), CannotLook), /is away/);
  }));

Deno.test("two claims of one name want one item, and neither gets it until one is chosen", () =>
  withBoth(async ({ sync, kube, items }) => {
    const twin = object("objectbucket.io/v1alpha1", "ObjectBucketClaim", "analytics/events");
    kube.objects.set("/apis/objectbucket.io/v1alpha1/namespaces/analytics/objectbucketclaims/events", twin);
    const { lines, status } = await sync({
      chosen: { claims: ["data-platform/events", "analytics/events"] },
    });
    const both = /^failed .*data-platform\/events and ObjectBucketClaim analytics\/events want it both/;
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(line, both);
    assert.equal(status, 2);
    assert.equal(items().events, undefined);
    assert.equal((await sync()).status, 0);
  }));

Deno.test("where there is no claim and no user, that is said and nobody is asked for a vault", () =>
  withBoth(async ({ sync, kube }) => {
    kube.objects.clear();
    assert.match(
      await problem(sync(), UsageError),
      /^There are no keys to copy: no ObjectBucketClaim in namespace/,
    );
  }));
