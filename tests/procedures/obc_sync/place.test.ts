import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import type { ConnectApi } from "../../../lib/clients/onepassword/client.ts";
import { CannotLook, UsageError } from "../../../lib/engine/errors.ts";
import { connectService, podBehind } from "../../../lib/procedures/onepassword/connect_service.ts";
import {
  chooseStore,
  findVault,
  onlyVault,
  sourcesOf,
  storesFor,
} from "../../../lib/procedures/obc_sync/place.ts";
import { fakeCluster } from "../../fakes/cluster.ts";
import { object, platform, store } from "./samples.ts";

const HOST = "http://connect.external-secrets.svc.cluster.local:8080";
const PODS = "/api/v1/namespaces/external-secrets/pods";

function pod(name: string, ready: string, more: Record<string, unknown> = {}): [string, KubeObject] {
  const containers = [{ name: "api", ports: [{ name: "http", containerPort: 8081 }] }];
  const made = object("v1", "Pod", `external-secrets/${name}`, {
    spec: { containers },
    status: { conditions: [{ type: "Ready", status: ready }] },
  });
  return [`${PODS}/${name}`, { ...made, metadata: { ...made.metadata, ...more } }];
}

function service(targetPort?: unknown): [string, KubeObject] {
  const spec = { selector: { app: "connect" }, ports: [{ name: "http", port: 8080, targetPort }] };
  return [
    "/api/v1/namespaces/external-secrets/services/connect",
    object("v1", "Service", "external-secrets/connect", { spec }),
  ];
}

const throws = (work: Promise<unknown>, kind: typeof UsageError | typeof CannotLook, words: RegExp) =>
  assert.rejects(work, (error) => error instanceof kind && words.test(error.message));

Deno.test("every claim of the namespace and every user are sources, unless some are chosen", async () => {
  const kube = platform();
  const names = async (namespace: string, chosen = {}) =>
    (await sourcesOf(kube, namespace, chosen)).map(({ ref }) => `${ref.kind} ${ref.namespace}/${ref.name}`);
  const [claim, user] = ["ObjectBucketClaim data-platform/events", "CephObjectStoreUser rook-ceph/iceberg"];
  assert.deepEqual(await names("data-platform"), [claim, user]);
  assert.deepEqual(await names("other"), [user]);
  assert.deepEqual(await names("other", { claims: ["data-platform/events"] }), [claim]);
  assert.deepEqual(await names("data-platform", { users: ["rook-ceph/iceberg"] }), [user]);
  const wrong = names("data-platform", { claims: ["data-platform/event"] });
  await throws(wrong, UsageError, /event, which does not exist; there are: data-platform\/events/);
});

Deno.test("a cluster without bucket claims or users has none; one that can't be read is an error", async () => {
  const kube = platform();
  const { list } = kube;
  const failing = (kind: "not-installed" | "forbidden") => (path: string) =>
    path.includes("objectbucket") ? Promise.reject(new CannotLook({ kind, message: kind })) : list(path);
  kube.list = failing("not-installed");
  assert.deepEqual((await sourcesOf(kube, "data-platform", {})).length, 1);
  kube.list = failing("forbidden");
  await throws(sourcesOf(kube, "data-platform", {}), CannotLook, /forbidden/);
});

Deno.test("the store to go by is the only one that searches the vault; everything else is asked for", async () => {
  const own = object("external-secrets.io/v1", "SecretStore", "analytics/mine", {
    spec: { provider: { onepassword: { connectHost: "http://mine", vaults: { theirs: 1 } } } },
  });
  const aws = object("external-secrets.io/v1", "ClusterSecretStore", "aws", {
    spec: { provider: { aws: {} } },
  });
  const kube = fakeCluster({
    ...Object.fromEntries([store("connect", ["lakehouse", "second"], HOST)]),
    "/apis/external-secrets.io/v1/clustersecretstores/aws": aws,
    "/apis/external-secrets.io/v1/namespaces/analytics/secretstores/mine": own,
  });
  const stores = await storesFor(kube, ["data-platform"]);
  assert.deepEqual(stores, [{
    ref: { kind: "ClusterSecretStore", name: "connect" },
    host: HOST,
    vaults: ["lakehouse", "second"],
  }]);
  const both = await storesFor(kube, ["analytics"]);
  assert.equal(chooseStore(both, "theirs").ref.name, "mine");
  assert.throws(() => chooseStore(both, undefined), /Several stores/);
  assert.throws(
    () => chooseStore(both, "none"),
    /No store searches the vault none; there are ClusterSecretStore/,
  );
  assert.throws(() => chooseStore([], "none"), /No store of this cluster .*--connect-url URL.*1p:install/);
  assert.throws(
    () => onlyVault(chooseStore(stores, undefined)),
    /2 vaults \(lakehouse, second\).*--vault NAME/,
  );
});

Deno.test("a vault is found by its name, or by its id, and not when two are called so", async () => {
  const of = (...all: [id: string, name: string][]) =>
    ({ vaults: () => Promise.resolve(all.map(([id, name]) => ({ id, name }))) }) as ConnectApi;
  assert.equal((await findVault(of(["a", "x"], ["b", "y"]), "y")).id, "b");
  assert.equal((await findVault(of(["a", "x"]), "a")).name, "x");
  await throws(findVault(of(["a", "x"], ["b", "x"]), "x"), UsageError, /2 vaults are called x: a and b/);
  await throws(findVault(of(), "x"), UsageError, /opens no vault x; it opens: none/);
});

Deno.test("the pod behind a store's host is a ready one of its Service, at the port behind the Service's", async () => {
  const found = async (...objects: [string, KubeObject][]) => {
    const kube = fakeCluster(Object.fromEntries(objects));
    return await podBehind(kube, await connectService(kube, HOST));
  };
  const leaving = pod("c0", "True", { deletionTimestamp: "2026-11-21T09:00:00Z" });
  const all = [leaving, pod("c1", "False"), pod("c2", "True")];
  const place = { namespace: "external-secrets", pod: "c2" };
  assert.deepEqual(await found(service("http"), ...all), { ...place, port: 8081 });
  assert.deepEqual(await found(service(9000), ...all), { ...place, port: 9000 });
  assert.deepEqual(await found(service(), ...all), { ...place, port: 8080 });
  await throws(
    found(service("http"), leaving),
    CannotLook,
    /no pod that is ready. Next: deno task 1p:status/,
  );
  await throws(found(service("grpc"), ...all), CannotLook, /no port 8080/);
  const kube = fakeCluster(Object.fromEntries([service()]));
  await throws(connectService(kube, HOST.replace("http:", "https:")), UsageError, /--connect-url/);
});
