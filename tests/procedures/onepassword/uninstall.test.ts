import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import {
  CREDENTIALS_KEY,
  MANIFESTS,
  pathOf,
  readManifests,
} from "../../../lib/procedures/onepassword/install/manifests.ts";
import { marked } from "../../../lib/procedures/onepassword/ownership.ts";
import { remove, verdictOf } from "../../../lib/procedures/onepassword/uninstall.ts";
import { alsoWrittenBy, type FakeCluster, fakeCluster, writtenBy } from "../../fakes/cluster.ts";

const manifests = await readManifests(MANIFESTS);
const TOKEN = "/api/v1/namespaces/external-secrets/secrets/onepassword-connect-token";
const CREDENTIALS = "/api/v1/namespaces/external-secrets/secrets/onepassword-connect-credentials";
const CLAIM = "/api/v1/namespaces/data-platform/secrets/s3-credentials";

function secret(name: string, data: Record<string, string>, more: Partial<KubeObject> = {}): KubeObject {
  const metadata = { name, namespace: "external-secrets", ...more.metadata };
  return { apiVersion: "v1", kind: "Secret", type: "Opaque", data, ...more, metadata };
}

const token = (more: Partial<KubeObject> = {}) =>
  secret("onepassword-connect-token", { token: "dA==" }, more);
const credentials = () => secret("onepassword-connect-credentials", { [CREDENTIALS_KEY]: "Yw==" });
const ours = (object: KubeObject) => writtenBy("lakecheck", marked(object));
const everything = [...manifests.stores, ...manifests.connect];

/** The whole platform as install made it, but for what is given. */
function installed(changes: Record<string, KubeObject | undefined> = {}): FakeCluster {
  const all: Record<string, KubeObject | undefined> = {
    ...Object.fromEntries(everything.map((object) => [pathOf(object), ours(object)])),
    [TOKEN]: ours(token()),
    [CREDENTIALS]: ours(credentials()),
    [CLAIM]: writtenBy("external-secrets", secret("s3-credentials", { AccessKey: "eA==" })),
    ...changes,
  };
  const there = Object.entries(all).filter((entry): entry is [string, KubeObject] => entry[1] !== undefined);
  return fakeCluster(Object.fromEntries(there));
}

/** Runs it with a yes, and gives what it said up to the question and afterwards. */
async function run(kube: FakeCluster, atQuestion = () => {}): Promise<{ shown: string[]; done: string[] }> {
  const [shown, done]: [string[], string[]] = [[], []];
  let confirmed = false;
  await remove(kube, manifests, () => {
    confirmed = true;
    atQuestion();
    return Promise.resolve();
  }, (line) => void (confirmed ? done : shown).push(line.trim().replace(/\s+/g, " ")));
  return { shown, done };
}

Deno.test("what install made is shown, and removed after a yes: stores first, then Connect, then its two Secrets", async () => {
  const kube = installed();
  const { shown } = await run(kube);
  const paths = [...everything.map(pathOf), CREDENTIALS, TOKEN];
  assert.deepEqual(kube.writes, paths.map((path) => `remove ${path}`));
  assert.deepEqual([...kube.objects.keys()], [CLAIM]);
  assert.equal(shown.filter((line) => line.startsWith("removes ")).length, paths.length);
  assert.ok(shown.includes("removes Secret external-secrets/onepassword-connect-token"));
  assert.deepEqual((await run(kube)).shown, [
    "1p:install has made nothing here, so there is nothing to remove.",
  ]);
});

Deno.test("without a yes nothing is removed", async () => {
  const kube = installed();
  const no = () => Promise.reject(new UsageError("Not confirmed."));
  await assert.rejects(remove(kube, manifests, no, () => {}), /Not confirmed/);
  assert.deepEqual(kube.writes, []);
});

Deno.test("what somebody else made or keeps stays, whatever it is, and is said to stay", async () => {
  const kube = installed(Object.fromEntries([
    ...everything.map((object) => [pathOf(object), writtenBy("kubectl-create", object)]),
    [TOKEN, writtenBy("kubectl-create", token())],
    [CREDENTIALS, writtenBy("helm", credentials())],
  ]));
  const { shown } = await run(kube);
  assert.deepEqual(kube.writes, []);
  assert.equal(shown.filter((line) => line.startsWith("stays ")).length, everything.length + 2);
  assert.ok(
    shown.includes(
      "stays Secret external-secrets/onepassword-connect-token (its key token was written by kubectl-create)",
    ),
  );
});

Deno.test("a Secret is deleted only with our mark, in our writing, kept by nobody, and holding our key alone", () => {
  const verdict = (object: KubeObject) => verdictOf(object, "token");
  assert.deepEqual(verdict(ours(token())), { does: "delete" });
  const stays: [KubeObject, RegExp][] = [
    [writtenBy("kubectl-create", token()), /its key token was written by kubectl-create/],
    // A backup that was put back, or another cluster's YAML: the mark is a copy.
    [writtenBy("kubectl-create", marked(token())), /written by kubectl-create/],
    [writtenBy("velero-server", marked(token())), /written by velero-server/],
    [{ ...marked(token()) }, /written by somebody unknown/],
    [
      alsoWrittenBy("kubectl-edit", writtenBy("lakecheck", token(), "Apply"), { data: { token: "dA==" } }),
      /written by lakecheck, kubectl-edit/,
    ],
    [
      ours(token({ metadata: { name: "x", labels: { "kustomize.toolkit.fluxcd.io/name": "k" } } })),
      /Kustomization k keeps it/,
    ],
    [
      ours(token({ metadata: { name: "x", labels: { "helm.toolkit.fluxcd.io/name": "h" } } })),
      /HelmRelease h keeps it/,
    ],
    [
      ours(token({ metadata: { name: "x", annotations: { "meta.helm.sh/release-name": "r" } } })),
      /Helm release r keeps it/,
    ],
    [
      ours(token({ metadata: { name: "x", annotations: { "argocd.argoproj.io/tracking-id": "a" } } })),
      /Argo CD keeps it/,
    ],
    [
      ours(token({ metadata: { name: "x", ownerReferences: [{ kind: "ExternalSecret", name: "e" }] } })),
      /ExternalSecret e keeps it/,
    ],
    [ours(secret("x", { other: "eA==" })), /it has no key token/],
    [writtenBy("lakecheck", token({ immutable: true })), /it is immutable/],
  ];
  for (const [object, words] of stays) {
    const given = verdict(object);
    assert.ok(given.does === "stay" && words.test(given.why), JSON.stringify(given));
  }
  const more = alsoWrittenBy("kubectl-edit", ours(token()), { data: { mine: "eA==" } });
  assert.deepEqual(verdict(more), { does: "remove key", key: "token", why: "it holds mine, too" });
  // Made by an older version, which set no mark; or by somebody else, with our key added.
  const old = verdict(writtenBy("lakecheck", token(), "Apply"));
  assert.equal(old.does, "remove key");
});

Deno.test("another kind is deleted only with our mark in our writing", () => {
  const [store] = manifests.stores;
  assert.ok(store);
  assert.deepEqual(verdictOf(ours(store)), { does: "delete" });
  for (
    const object of [
      writtenBy("lakecheck", store),
      writtenBy("kubectl-create", marked(store)),
      writtenBy("lakecheck", {
        ...store,
        metadata: { ...store.metadata, annotations: { "lakecheck/made-by": "somebody" } },
      }),
      ours({
        ...store,
        metadata: { ...store.metadata, labels: { "kustomize.toolkit.fluxcd.io/name": "k" } },
      }),
    ]
  ) assert.equal(verdictOf(object).does, "stay");
});

Deno.test("from a Secret that holds more, or that somebody else made, our key alone is taken", async () => {
  const theirs = writtenBy("kubectl-create", secret("onepassword-connect-token", { mine: "eA==" }));
  const added = alsoWrittenBy("lakecheck", theirs, { data: { token: "dA==" } });
  const kube = installed({
    [TOKEN]: added,
    [CREDENTIALS]: alsoWrittenBy("kubectl-edit", ours(credentials()), { data: { note: "bg==" } }),
  });
  const { shown } = await run(kube);
  assert.ok(
    shown.includes(
      "removes Secret external-secrets/onepassword-connect-token: only its key token (it holds mine, too)",
    ),
  );
  assert.deepEqual(kube.objects.get(TOKEN)?.data, { mine: "eA==" });
  assert.deepEqual(kube.objects.get(CREDENTIALS)?.data, { note: "bg==" });
  assert.ok(kube.writes.includes(`merge ${TOKEN}`) && !kube.writes.includes(`remove ${TOKEN}`));
});

Deno.test("what was replaced or changed since it was shown stays, and that is an error", async () => {
  const [store] = manifests.stores;
  const path = store && pathOf(store);
  assert.ok(store && path);
  const replaced = installed();
  const anew: KubeObject[] = [ours(token()), ours(store)];
  await assert.rejects(
    run(replaced, () => {
      replaced.objects.set(TOKEN, anew[0] ?? store);
      replaced.objects.set(path, anew[1] ?? store);
    }),
    /ClusterSecretStore onepassword-connect, Secret external-secrets\/onepassword-connect-token changed since it was shown/,
  );
  assert.deepEqual([replaced.objects.get(TOKEN), replaced.objects.get(path)], anew);

  const filled = installed();
  await assert.rejects(
    run(filled, () => {
      const now = alsoWrittenBy("kubectl-edit", filled.objects.get(TOKEN) ?? token(), {
        data: { mine: "eA==" },
      });
      filled.objects.set(TOKEN, now);
    }),
    /changed since it was shown/,
  );
  assert.deepEqual(filled.objects.get(TOKEN)?.data, { token: "dA==", mine: "eA==" });

  const gone = installed();
  const { done } = await run(gone, () => void gone.objects.delete(TOKEN));
  assert.ok(done.includes("gone Secret external-secrets/onepassword-connect-token"));
});

Deno.test("a change between the last look and the delete is seen by the pins of the delete", async () => {
  const kube = installed();
  kube.meanwhile = (write) => {
    if (write !== `remove ${TOKEN}`) return;
    delete kube.meanwhile;
    const now = alsoWrittenBy("kubectl-edit", kube.objects.get(TOKEN) ?? token(), { data: { mine: "eA==" } });
    kube.objects.set(TOKEN, now);
  };
  await assert.rejects(run(kube), /onepassword-connect-token changed since it was shown/);
  assert.deepEqual(kube.objects.get(TOKEN)?.data, { token: "dA==", mine: "eA==" });
  // A status that a controller writes is no reason to leave it.
  const [store] = manifests.stores;
  const path = store ? pathOf(store) : "";
  const busy = installed();
  let times = 0;
  busy.meanwhile = (write) => {
    if (write !== `remove ${path}` || ++times > 2) return;
    busy.objects.set(
      path,
      alsoWrittenBy("external-secrets", busy.objects.get(path) ?? token(), { status: { x: times } }),
    );
  };
  await run(busy);
  assert.equal(busy.objects.has(path), false);
});
