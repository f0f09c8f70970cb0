/** What install does with Secrets: its own are written, everybody else's are told. */
import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import {
  carryOut,
  planOf,
  rejectOtherSettings,
  type Step,
} from "../../../../lib/procedures/onepassword/install/apply.ts";
import { isOurs, MADE_BY, marked } from "../../../../lib/procedures/onepassword/ownership.ts";
import { secretObject } from "../../../../lib/procedures/onepassword/install/secrets.ts";
import { alsoWrittenBy, type FakeCluster, fakeCluster, writtenBy } from "../../../fakes/cluster.ts";
import { base64 } from "../samples.ts";

const CANARY = "canary-4f1c9a7e2b";
const THEIRS = "their-value-9c1d";
const wanted = { name: "connect-token", namespace: "external-secrets", key: "token", value: CANARY };
const PATH = "/api/v1/namespaces/external-secrets/secrets/connect-token";
const object = secretObject(wanted);
const with_ = (value: string, metadata: object = {}, more: object = {}): KubeObject => ({
  ...secretObject({ ...wanted, value }),
  ...more,
  metadata: { ...object.metadata, ...metadata },
});

const valueIn = (kube: FakeCluster) =>
  (kube.objects.get(PATH)?.data as Record<string, string> | undefined)?.token;

function problem(steps: Step[]): string {
  try {
    rejectOtherSettings(steps);
  } catch (error) {
    assert.ok(error instanceof CannotLook);
    for (const value of [CANARY, THEIRS]) {
      assert.ok(!error.message.includes(value) && !error.message.includes(base64(value)));
    }
    return error.message;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

Deno.test("a Secret is created with the mark, then left alone, then changed when the value is another one", async () => {
  const kube = fakeCluster();
  const made = await planOf(kube, object, false);
  assert.equal(made.outcome, "create");
  await carryOut(kube, made);
  assert.ok(isOurs(kube.objects.get(PATH) ?? object));
  assert.equal((await planOf(kube, object, false)).outcome, "unchanged");
  const rotated = await planOf(kube, secretObject({ ...wanted, value: "rotated" }), false);
  assert.deepEqual([rotated.outcome, rotated.differing, rotated.takes], [
    "change",
    ["data.token holds another value"],
    [],
  ]);
  await carryOut(kube, rotated);
  assert.equal(valueIn(kube), base64("rotated"));
  assert.ok(isOurs(kube.objects.get(PATH) ?? object), "the mark stays");
  assert.deepEqual(kube.writes, [`create ${PATH}`, `apply ${PATH}`, `force ${PATH}`]);
  const again = await planOf(kube, secretObject({ ...wanted, value: "again" }), false);
  await carryOut(kube, again);
  assert.equal(valueIn(kube), base64("again"));
});

Deno.test("a Secret that somebody else made with another value, or without the key, is refused with who made it", async () => {
  const others = [
    writtenBy("kubectl-create", with_(THEIRS)),
    writtenBy("kubectl-client-side-apply", with_(THEIRS)),
    writtenBy("somebody", with_(THEIRS), "Apply"),
    // The mark of another cluster's Secret, put back by kubectl.
    writtenBy("kubectl-create", marked(with_(THEIRS))),
  ];
  for (const found of others) {
    const kube = fakeCluster({ [PATH]: found });
    const step = await planOf(kube, object, false);
    assert.equal(step.outcome, "other settings");
    const manager = (found.metadata.managedFields as { manager: string }[])[0]?.manager;
    assert.match(
      problem([step]),
      new RegExp(
        `Secret external-secrets/connect-token .*data\\.token holds another value.*kept by ${manager}\\).*--adopt`,
      ),
    );
    await carryOut(kube, step);
    assert.deepEqual([kube.writes, valueIn(kube)], [[], base64(THEIRS)]);
  }
  const without = writtenBy("kubectl-create", { ...with_(THEIRS), data: { other: base64("x") } });
  const kube = fakeCluster({ [PATH]: without });
  assert.match(problem([await planOf(kube, object, false)]), /data\.token is absent/);
});

Deno.test("with --adopt just the fields that were shown are taken, and the Secret stays theirs", async () => {
  const kube = fakeCluster({
    [PATH]: writtenBy("kubectl-create", with_(THEIRS, {}, { data: { token: base64(THEIRS), x: "eA==" } })),
  });
  const step = await planOf(kube, object, true);
  assert.equal(step.outcome, "change");
  assert.deepEqual(step.takes, [{ manager: "kubectl-create", field: ".data.token" }]);
  await carryOut(kube, step);
  assert.equal(valueIn(kube), base64(CANARY));
  const now = kube.objects.get(PATH);
  assert.equal(now?.metadata.annotations?.[MADE_BY], undefined);
  assert.equal((now?.data as Record<string, string>).x, "eA==");
});

Deno.test("a field that somebody took between the question and the write is not forced away", async () => {
  const found = writtenBy("kubectl-create", {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    metadata: { name: "store" },
    spec: { a: "theirs", b: "same" },
  });
  const path = "/apis/external-secrets.io/v1/clustersecretstores/store";
  const kube = fakeCluster({ [path]: found });
  const store = { ...found, metadata: { name: "store" }, spec: { a: "ours", b: "same" } };
  const step = await planOf(kube, store, true);
  assert.deepEqual(step.takes.map(({ field }) => field), [".spec.a"]);
  kube.meanwhile = () => {
    delete kube.meanwhile;
    kube.objects.set(path, alsoWrittenBy("operator", found, { spec: { b: "theirs, too" } }));
  };
  await assert.rejects(carryOut(kube, step), /\.spec\.b \(kept by (kubectl-create|operator)\)/);
  assert.deepEqual(kube.writes, [`apply ${path}`]);
});

Deno.test("forcing is pinned to the version whose conflicts were shown", async () => {
  const found = writtenBy("kubectl-create", {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    metadata: { name: "store" },
    spec: { a: "theirs", b: "same" },
  });
  const path = "/apis/external-secrets.io/v1/clustersecretstores/store";
  const kube = fakeCluster({ [path]: found });
  const step = await planOf(kube, { ...found, metadata: { name: "store" }, spec: { a: "ours" } }, true);
  kube.meanwhile = (write) => {
    if (write.startsWith("force")) {
      kube.objects.set(path, alsoWrittenBy("operator", found, { spec: { a: "newer" } }));
    }
  };
  await assert.rejects(carryOut(kube, step), /409/);
  assert.equal((kube.objects.get(path)?.spec as { a: string }).a, "newer");
});

Deno.test("a Secret that an owner, Flux, Helm or Argo CD keeps with another value is refused, --adopt or not", async () => {
  const cases: [object, RegExp][] = [
    [{ ownerReferences: [{ kind: "ExternalSecret", name: "token" }] }, /kept by ExternalSecret token/],
    [{ labels: { "kustomize.toolkit.fluxcd.io/name": "connect" } }, /kept by Kustomization connect/],
    [{ labels: { "helm.toolkit.fluxcd.io/name": "connect" } }, /kept by HelmRelease connect/],
    [{ annotations: { "meta.helm.sh/release-name": "connect" } }, /kept by Helm release connect/],
    [{ annotations: { "argocd.argoproj.io/tracking-id": "x" } }, /kept by Argo CD/],
  ];
  for (const [metadata, keeper] of cases) {
    for (const adopt of [false, true]) {
      for (const manager of ["somebody", "lakecheck"]) {
        const kube = fakeCluster({ [PATH]: writtenBy(manager, marked(with_(THEIRS, metadata))) });
        assert.match(problem([await planOf(kube, object, adopt)]), keeper);
        const same = fakeCluster({ [PATH]: writtenBy(manager, with_(CANARY, metadata)) });
        assert.equal((await planOf(same, object, adopt)).outcome, "unchanged");
      }
    }
  }
});

Deno.test("an immutable Secret is refused with what to do; one of another type is written without its type", async () => {
  const fixed = fakeCluster({
    [PATH]: writtenBy("lakecheck", marked(with_(THEIRS, {}, { immutable: true }))),
  });
  assert.match(
    problem([await planOf(fixed, object, true)]),
    /is immutable.*kubectl -n external-secrets delete secret connect-token/,
  );
  const other = writtenBy("kubectl-create", with_(THEIRS, {}, { type: "example.com/token" }));
  const kube = fakeCluster({ [PATH]: other });
  assert.equal((await planOf(kube, object, false)).outcome, "other settings");
  const step = await planOf(kube, object, true);
  assert.equal(step.object.type, undefined);
  await carryOut(kube, step);
  assert.equal(kube.objects.get(PATH)?.type, "example.com/token");
});

Deno.test("a Secret of an older version, without the mark, is rotated and does not get it", async () => {
  const old = writtenBy("lakecheck", with_(THEIRS), "Apply");
  const kube = fakeCluster({ [PATH]: old });
  const step = await planOf(kube, object, false);
  assert.equal(step.outcome, "change");
  await carryOut(kube, step);
  assert.equal(valueIn(kube), base64(CANARY));
  assert.equal(kube.objects.get(PATH)?.metadata.annotations?.[MADE_BY], undefined);
  // Somebody wrote the same value: it is theirs, too.
  const shared = fakeCluster({
    [PATH]: alsoWrittenBy("kubectl-edit", old, { data: { token: base64(THEIRS) } }),
  });
  assert.match(problem([await planOf(shared, object, false)]), /kept by kubectl-edit/);
});

Deno.test("what was made, replaced, changed or deleted since the question is left as it is", async () => {
  const kube = fakeCluster();
  const create = await planOf(kube, object, false);
  const theirs = writtenBy("kubectl-create", with_(THEIRS));
  kube.meanwhile = () => kube.objects.set(PATH, theirs);
  await assert.rejects(carryOut(kube, create), /was made by somebody else since it was looked at/);
  assert.equal(kube.objects.get(PATH), theirs);

  const ours = writtenBy("lakecheck", marked(with_("old")));
  const cases: [KubeObject | undefined, RegExp][] = [
    [undefined, /was deleted or replaced/],
    [writtenBy("lakecheck", marked(with_("old"))), /was deleted or replaced/],
    [alsoWrittenBy("kubectl-edit", ours, { data: { more: "eA==" } }), /was changed since/],
  ];
  for (const [now, words] of cases) {
    const kube = fakeCluster({ [PATH]: ours });
    const step = await planOf(kube, object, false);
    if (now) kube.objects.set(PATH, now);
    else kube.objects.delete(PATH);
    await assert.rejects(carryOut(kube, step), words);
    assert.deepEqual(kube.writes, []);
  }
  // Between the last look and the write.
  const late = fakeCluster({ [PATH]: ours });
  const step = await planOf(late, object, false);
  late.meanwhile = () => late.objects.set(PATH, writtenBy("kubectl-create", with_(THEIRS)));
  await assert.rejects(carryOut(late, step), /409/);
  assert.equal(valueIn(late), base64(THEIRS));
});

Deno.test("what is ours and where somebody else took a field since is an answer, not a change", async () => {
  const ours = writtenBy("lakecheck", marked(with_("old")));
  const edited = alsoWrittenBy("kubectl-edit", ours, { data: { token: base64(THEIRS) } });
  const kube = fakeCluster({ [PATH]: edited });
  const step = await planOf(kube, object, false);
  assert.equal(step.outcome, "other settings");
  assert.match(problem([step]), /\.data\.token \(kept by kubectl-edit\).*--adopt/);
  const path = "/apis/external-secrets.io/v1/clustersecretstores/store";
  const store: KubeObject = {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    metadata: { name: "store" },
    spec: { a: "ours" },
  };
  const theirs = alsoWrittenBy("operator", writtenBy("lakecheck", marked(store)), { spec: { a: "theirs" } });
  const stores = fakeCluster({ [path]: theirs });
  assert.match(problem([await planOf(stores, store, false)]), /\.spec\.a \(kept by operator\)/);
  assert.deepEqual(stores.writes, []);
});

Deno.test("what carries our mark and is kept by somebody else now is not ours", () => {
  const kept: object[] = [
    { ownerReferences: [{ kind: "ExternalSecret", name: "token" }] },
    { labels: { "kustomize.toolkit.fluxcd.io/name": "k" } },
    { labels: { "helm.toolkit.fluxcd.io/name": "h" } },
    { annotations: { "meta.helm.sh/release-name": "r" } },
    { annotations: { "argocd.argoproj.io/tracking-id": "a" } },
  ];
  assert.ok(isOurs(writtenBy("lakecheck", marked(with_("x")))));
  for (const metadata of kept) assert.ok(!isOurs(writtenBy("lakecheck", marked(with_("x", metadata)))));
  assert.ok(!isOurs(writtenBy("lakecheck", with_("x"))));
  assert.ok(!isOurs(writtenBy("lakecheck", with_("x", { annotations: { [MADE_BY]: "somebody" } }))));
});
