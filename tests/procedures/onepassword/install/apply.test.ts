import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import {
  carryOut,
  differences,
  planOf,
  rejectOtherSettings,
} from "../../../../lib/procedures/onepassword/install/apply.ts";
import { isOurs, MADE_BY } from "../../../../lib/procedures/onepassword/ownership.ts";
import { fakeCluster, writtenBy } from "../../../fakes/cluster.ts";

const PATH = "/apis/external-secrets.io/v1/clustersecretstores/store";
const store = (vault: string, metadata: object = {}): KubeObject => ({
  apiVersion: "external-secrets.io/v1",
  kind: "ClusterSecretStore",
  metadata: { name: "store", ...metadata },
  spec: { provider: { onepassword: { connectHost: "http://connect", vaults: { [vault]: 1 } } } },
});

Deno.test("what is absent is created with the mark, and a second time nothing is written", async () => {
  const kube = fakeCluster();
  await carryOut(kube, await planOf(kube, store("lake"), false));
  assert.ok(isOurs(kube.objects.get(PATH) ?? store("x")));
  const again = await planOf(kube, store("lake"), false);
  assert.equal(again.outcome, "unchanged");
  await carryOut(kube, again);
  assert.deepEqual(kube.writes, [`create ${PATH}`]);
});

Deno.test("what install made is changed to what the manifests say now", async () => {
  const kube = fakeCluster({
    [PATH]: writtenBy("lakecheck", store("old", { annotations: { [MADE_BY]: "1p:install" } })),
  });
  const step = await planOf(kube, store("lake"), false);
  assert.equal(step.outcome, "change");
  await carryOut(kube, step);
  assert.ok(isOurs(kube.objects.get(PATH) ?? store("x")), "the mark stays");
});

Deno.test("what somebody else made with other settings is refused by field, and adopted only when asked", async () => {
  const kube = fakeCluster({ [PATH]: writtenBy("kubectl-create", store("other")) });
  const plan = await planOf(kube, store("lake"), false);
  assert.equal(plan.outcome, "other settings");
  assert.throws(() => rejectOtherSettings([plan]), (error) => {
    assert.ok(error instanceof CannotLook);
    assert.match(
      error.message,
      /ClusterSecretStore store .* spec\.provider\.onepassword\.vaults\.lake is absent.*--adopt/,
    );
    return true;
  });
  const adopted = await planOf(kube, store("lake"), true);
  assert.equal(adopted.outcome, "change");
  await carryOut(kube, adopted);
  assert.equal(kube.objects.get(PATH)?.metadata.annotations?.[MADE_BY], undefined, "it was here before us");
});

Deno.test("what a webhook refuses over another's fields is told with both, asked or not to adopt, and never written", async () => {
  const message = 'admission webhook "v" denied the request: vault order numbers must be unique';
  for (const adopt of [false, true]) {
    const kube = fakeCluster({ [PATH]: writtenBy("kubectl-create", store("other")) });
    kube.apply = () => Promise.reject(new CannotLook({ kind: "forbidden", message }));
    const plan = await planOf(kube, store("lake"), adopt);
    assert.equal(plan.outcome, "other settings");
    assert.match(plan.problem ?? "", /vaults\.lake is absent.*order numbers must be unique.*delete it/);
    assert.doesNotMatch(plan.problem ?? "", /--adopt/, "that would not help");
    assert.throws(() => rejectOtherSettings([plan]), CannotLook);
    assert.deepEqual(kube.writes, []);
    kube.apply = () => Promise.reject(new CannotLook({ kind: "timeout", message: "no answer" }));
    await assert.rejects(planOf(kube, store("lake"), adopt), /no answer/);
  }
});

Deno.test("what Flux keeps is never written", async () => {
  const flux = store("other", { labels: { "kustomize.toolkit.fluxcd.io/name": "onepassword-store" } });
  const kube = fakeCluster({ [PATH]: flux });
  const plan = await planOf(kube, store("lake"), true);
  assert.equal(plan.outcome, "kept by Flux");
  await carryOut(kube, plan);
  assert.deepEqual(kube.writes, []);
});

Deno.test("differences: defaults that the API server adds are none, lists by name are compared by name", () => {
  const wanted = { replicas: 1, containers: [{ name: "a", image: "a:1", ports: [{ containerPort: 80 }] }] };
  const found = {
    replicas: 1,
    strategy: "RollingUpdate",
    containers: [{ name: "b", image: "b:1" }, {
      name: "a",
      image: "a:1",
      ports: [{ containerPort: 80, protocol: "TCP" }],
    }],
  };
  assert.deepEqual(differences(wanted, found), []);
  assert.deepEqual(differences({ containers: [{ name: "a", image: "a:2" }] }, found), [
    'containers[a].image is "a:1", not "a:2"',
  ]);
  assert.deepEqual(differences({ containers: [{ name: "c" }] }, { containers: [] }), [
    "containers has 0 entries, not 1",
    "containers[c] is absent",
  ]);
});
