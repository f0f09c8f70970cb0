import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import { CannotLook } from "../../../lib/engine/errors.ts";
import { externalSecretOf, planExternalSecret } from "../../../lib/procedures/obc_sync/external_secret.ts";
import { userSource, type WantedItem, wantedItem } from "../../../lib/procedures/obc_sync/keys.ts";
import { lineOf } from "../../../lib/procedures/obc_sync/steps.ts";
import { round } from "../../../lib/procedures/obc_sync/run.ts";
import { withConnect } from "../../lab/connect.ts";
import { type FakeCluster, fakeCluster } from "../../fakes/cluster.ts";
import {
  CLAIM_SECRET,
  claimSecret,
  forwardingTo,
  jobFor,
  leaks,
  object,
  platform,
  user,
  USER_TITLE,
  userSecret,
} from "./samples.ts";

const SUPPLY = { namespace: "analytics", store: { kind: "ClusterSecretStore", name: "onepassword-connect" } };
const PATH = `/apis/external-secrets.io/v1/namespaces/analytics/externalsecrets/${USER_TITLE}`;
const wanted = wantedItem(userSource(user), userSecret, undefined) as WantedItem;
const made = externalSecretOf(wanted, SUPPLY);

function cluster(found?: KubeObject): FakeCluster {
  return fakeCluster(found ? { [PATH]: found } : {});
}

/** Plans and carries out. */
async function put(kube: FakeCluster, rotated = false): Promise<string> {
  const { outcome, detail, run } = await planExternalSecret(kube, SUPPLY, wanted, rotated);
  await run?.();
  return `${outcome} ${detail}`.trim();
}

Deno.test("the ExternalSecret reads every key by its label, and not whose they are; it holds no value", () => {
  assert.deepEqual(made.spec, {
    refreshInterval: "1h",
    secretStoreRef: { kind: "ClusterSecretStore", name: "onepassword-connect" },
    target: { name: USER_TITLE, creationPolicy: "Owner" },
    data: ["AccessKey", "SecretKey", "Endpoint"].map((key) => ({
      secretKey: key,
      remoteRef: { key: USER_TITLE, property: key },
    })),
  });
  assert.deepEqual(leaks(made), []);
});

Deno.test("it is created, left alone, changed where it differs, and asked to refresh after a rotation", async () => {
  const kube = cluster();
  assert.equal(await put(kube), "create");
  assert.equal(await put(kube), "unchanged");
  assert.deepEqual(kube.writes, [`apply ${PATH}`]);
  assert.equal(await put(kube, true), "change asked to refresh");
  assert.deepEqual(kube.writes.slice(1), [`merge ${PATH}`]);
  assert.ok(kube.objects.get(PATH)?.metadata.annotations?.["force-sync"]);
  const other = { ...made, spec: { ...made.spec as object, refreshInterval: "24h" } };
  assert.equal(await put(cluster(other)), "change spec.refreshInterval");
  const flux = { "kustomize.toolkit.fluxcd.io/name": "x" };
  assert.equal(await put(cluster({ ...other, metadata: { ...other.metadata, labels: flux } })), "unchanged");
});

Deno.test("a Secret that something else made is not taken over", async () => {
  const path = `/api/v1/namespaces/analytics/secrets/${USER_TITLE}`;
  const secret = object("v1", "Secret", `analytics/${USER_TITLE}`);
  const kube = fakeCluster({ [path]: secret });
  assert.match(await put(kube), /^failed Secret analytics\/.* is there already/);
  assert.deepEqual(kube.writes, []);
  const ownerReferences = [{ kind: "ExternalSecret", name: USER_TITLE }];
  kube.objects.set(path, { ...secret, metadata: { ...secret.metadata, ownerReferences } });
  assert.equal(await put(kube), "create");
});

Deno.test("fields that another manager keeps are named, not taken", async () => {
  const kube = cluster({ ...made, spec: {} });
  const fields = [{ manager: "kubectl", field: ".spec.refreshInterval" }];
  kube.apply = () => Promise.resolve({ outcome: "conflict", fields });
  await assert.rejects(
    put(kube),
    (error) => error instanceof CannotLook && /refreshInterval \(kept by kubectl\)/.test(error.message),
  );
});

Deno.test("with --external-secret every item is followed by its own, but for keys that are at home there", () =>
  withConnect(async ({ url, token }) => {
    const kube = platform();
    const sync = async (externalSecret: string) =>
      (await round(kube, jobFor(token, { externalSecret }), forwardingTo(url))).map((one) =>
        lineOf(one).trim().replace(/\s+/, " ").replace(/:.*/, "")
      );
    const item = (title: string) => `OnePasswordItem lakehouse/${title}`;
    assert.deepEqual(await sync("data-platform"), [
      `created ${item("events")}`,
      `created ${item(USER_TITLE)}`,
      `created ExternalSecret data-platform/${USER_TITLE}`,
    ]);
    assert.deepEqual((await sync("analytics"))[1], "created ExternalSecret analytics/events");
    kube.objects.set(CLAIM_SECRET, claimSecret({ AWS_SECRET_ACCESS_KEY: "rotated" }));
    assert.deepEqual(await sync("analytics"), [
      `changed ${item("events")}`,
      "changed ExternalSecret analytics/events",
      `unchanged ${item(USER_TITLE)}`,
      `unchanged ExternalSecret analytics/${USER_TITLE}`,
    ]);
    assert.deepEqual(leaks([...kube.objects].filter(([path]) => path.includes("externalsecrets"))), []);
  }));
