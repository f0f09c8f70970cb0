/** What a real API server makes of install's and uninstall's writes to Secrets, in a namespace of their own. */
import assert from "node:assert/strict";
import { kubectl } from "../../../lab/cluster/mod.ts";
import { connectWriter, type KubeObject, type KubeWriter } from "../../../lib/clients/kubernetes/writer.ts";
import { carryOut, planOf, rejectOtherSettings } from "../../../lib/procedures/onepassword/install/apply.ts";
import { isOurs, pinOf } from "../../../lib/procedures/onepassword/ownership.ts";
import { secretObject } from "../../../lib/procedures/onepassword/install/secrets.ts";
import { verdictOf } from "../../../lib/procedures/onepassword/uninstall.ts";
import { lab } from "../live.ts";

/** A new one for each test: one that is being deleted takes nothing new. */
let namespace = "";
const secretPath = (name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;
const wanted = (name: string, value: string) => secretObject({ name, namespace, key: "token", value });

async function within(work: (kube: KubeWriter) => Promise<void>): Promise<void> {
  const ctx = lab();
  namespace = `lakecheck-secrets-${crypto.randomUUID().slice(0, 8)}`;
  await kubectl(ctx, ["create", "namespace", namespace]);
  const kube = await connectWriter({ kubeconfig: ctx.kubeconfig, timeoutMs: 20_000 });
  try {
    await work(kube);
  } finally {
    kube.close();
    await kubectl(ctx, ["delete", "namespace", namespace, "--wait=false"]);
  }
}

async function found(kube: KubeWriter, name: string): Promise<KubeObject> {
  const object = await kube.get(secretPath(name));
  assert.ok(object, `Secret ${name} is not there`);
  return object;
}

async function byHand(name: string, ...literals: string[]): Promise<void> {
  const given = literals.map((one) => `--from-literal=${one}`);
  const { code, stderr } = await kubectl(lab(), [
    "-n",
    namespace,
    "create",
    "secret",
    "generic",
    name,
    ...given,
  ]);
  assert.equal(code, 0, stderr);
}

Deno.test("Secrets on a real API server: ours are made, rotated and deleted; others' are told and left", () =>
  within(async (kube) => {
    await carryOut(kube, await planOf(kube, wanted("ours", "first"), false));
    assert.ok(isOurs(await found(kube, "ours")));
    for (const value of ["second", "third"]) {
      const step = await planOf(kube, wanted("ours", value), false);
      assert.deepEqual([step.outcome, step.takes], ["change", []]);
      await carryOut(kube, step);
      const now = await found(kube, "ours");
      assert.equal((now.data as Record<string, string>).token, btoa(value));
      assert.ok(isOurs(now), "the mark stays");
    }
    assert.equal((await planOf(kube, wanted("ours", "third"), false)).outcome, "unchanged");
    assert.deepEqual(verdictOf(await found(kube, "ours"), "token"), { does: "delete" });

    await byHand("theirs", "token=mine", "more=x");
    const refused = await planOf(kube, wanted("theirs", "other"), false);
    assert.throws(() => rejectOtherSettings([refused]), /kept by kubectl-create/);
    assert.equal(verdictOf(await found(kube, "theirs"), "token").does, "stay");

    const adopted = await planOf(kube, wanted("theirs", "other"), true);
    assert.deepEqual(adopted.takes, [{ manager: "kubectl-create", field: ".data.token" }]);
    await carryOut(kube, adopted);
    const now = await found(kube, "theirs");
    assert.ok(!isOurs(now));
    assert.deepEqual(verdictOf(now, "token"), {
      does: "remove key",
      key: "token",
      why: "it holds more, too",
    });
    await kube.merge(secretPath("theirs"), { metadata: pinOf(now), data: { token: null } });
    assert.deepEqual((await found(kube, "theirs")).data, { more: btoa("x") });
  }));

Deno.test("pins on a real API server: what was replaced or changed is neither written nor deleted", () =>
  within(async (kube) => {
    const path = secretPath("ours");
    await carryOut(kube, await planOf(kube, wanted("ours", "first"), false));
    assert.equal(await kube.create(path, wanted("ours", "again")), "exists");
    const stale = await found(kube, "ours");
    const step = await planOf(kube, wanted("ours", "second"), false);
    await kube.merge(path, { data: { more: btoa("x") } });
    await assert.rejects(carryOut(kube, step), /was changed since it was looked at/);
    assert.equal(await kube.remove(path, pinOf(stale)), "another");
    await assert.rejects(kube.merge(path, { metadata: pinOf(stale), data: { token: null } }), /409/);
    const pinned = (pins: object) => ({
      ...wanted("ours", "second"),
      metadata: { ...wanted("ours", "x").metadata, ...pins },
    });
    await assert.rejects(kube.apply(path, pinned(pinOf(stale)), { force: true }), /\((?:409|422)\)/);
    const { uid } = pinOf(stale);
    assert.equal(await kube.remove(path, { uid }), "removed");
    await byHand("ours", "token=theirs");
    assert.equal(await kube.remove(path, { uid }), "another");
    await assert.rejects(kube.apply(path, pinned({ uid }), { force: true }), /\((?:409|422)\)/);
    assert.equal(((await found(kube, "ours")).data as Record<string, string>).token, btoa("theirs"));
    await kube.remove(path);
    await assert.rejects(kube.apply(path, pinned({ uid }), { force: true }), /\((?:404|409|422)\)/);
  }));

Deno.test("an immutable Secret and one of another type on a real API server", () =>
  within(async (kube) => {
    await byHand("fixed", "token=x");
    await kube.merge(secretPath("fixed"), { immutable: true });
    const step = await planOf(kube, wanted("fixed", "y"), true);
    assert.throws(() => rejectOtherSettings([step]), /is immutable/);
    const typed = { ...wanted("typed", "x"), type: "example.com/token" };
    await kube.create(secretPath("typed"), typed);
    const other = await planOf(kube, wanted("typed", "y"), false);
    await carryOut(kube, other);
    const now = await found(kube, "typed");
    assert.deepEqual([now.type, (now.data as Record<string, string>).token], [
      "example.com/token",
      btoa("y"),
    ]);
  }));
