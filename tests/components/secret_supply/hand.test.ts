import assert from "node:assert/strict";
import { parse } from "yaml";
import { secrets } from "../../../lib/components/kubernetes/kinds.ts";
import { offer } from "../../../lib/components/secret_supply/offer.ts";
import { openWorld } from "../../../lib/engine/world.ts";
import { PATHS, type Platform, platform, type Raw, wantingPod, without } from "../flux/gitops.ts";
import { found, sdkStore, seen, written } from "./platform.ts";

const FORBIDDEN = { kind: "forbidden", message: "no" } as const;

/** The platform with one more Secret, which a pod uses. */
function using(secret: Raw, namespace = "data-platform"): Platform {
  const objects = platform();
  objects.secrets.push({ ...secret, metadata: { ...secret.metadata, namespace } });
  objects.pods.push(wantingPod("app-1", secret.metadata.name, { namespace }));
  return objects;
}

const judged = async (objects: Platform) =>
  (await found("hand-made", objects)).map(({ object, status, reason }) =>
    `${status} ${object.name} ${reason}`
  );

Deno.test("made by hand: Secrets that ExternalSecrets and controllers make are well", async () => {
  assert.deepEqual(await judged(platform()), ["ok * NoneMadeByHand"]);
});

Deno.test("made by hand: a Secret of kubectl create that a pod uses is a warning that offers the ExternalSecret", async () => {
  const [told] = await found("hand-made", using(written("smtp", "kubectl-create", ["user", "password"])));
  assert.deepEqual([told?.status, told?.reason, told?.role], ["warning", "MadeByHand", "independent"]);
  assert.match(
    told?.message ?? "",
    /^Secret \S+ was made by hand \(kubectl-create\), and Pod app-1 needs it/,
  );
  assert.match(told?.next?.[0] ?? "", /^deno task 1p:status --print-external-secret data-platform\/smtp$/);
});

Deno.test("made by hand: every tool that people type into counts, and no controller does", async () => {
  for (const manager of ["kubectl", "kubectl-client-side-apply", "kubectl-edit", "k9s", "Lens"]) {
    assert.deepEqual(
      await judged(using(written("smtp", manager, ["user"]))),
      ["warning smtp MadeByHand"],
      manager,
    );
  }
  for (
    const manager of [
      ...["kustomize-controller", "helm", "cert-manager-certificates-issuing", "manager", "rook"],
      ...["dashboard-controller", "curl-syncer", "my-oc", "secrets-kubectl"],
    ]
  ) {
    assert.deepEqual(
      await judged(using(written("smtp", manager, ["user"]))),
      ["ok * NoneMadeByHand"],
      manager,
    );
  }
});

Deno.test("made by hand: what a controller made and somebody edited is the controller's", async () => {
  const secret = written("smtp", "manager", ["user"]);
  const edited = { manager: "kubectl-edit", fieldsV1: { "f:data": { "f:user": {} } } };
  (secret.metadata.managedFields as unknown[]).push(edited);
  assert.deepEqual(await judged(using(secret)), ["ok * NoneMadeByHand"]);
});

Deno.test("made by hand: who only put a label on a Secret has not made it", () => {
  const secret = written("smtp", "manager", ["user"]);
  (secret.metadata.managedFields as unknown[]).unshift({
    manager: "kubectl-label",
    fieldsV1: { "f:metadata": {} },
  });
  assert.deepEqual(secrets.read(secret)?.metadata?.managers, ["manager"]);
});

Deno.test("made by hand: where nobody knows who wrote a Secret without an owner, it is likely", async () => {
  const [told] = await found("hand-made", using(written("smtp", undefined, [])));
  assert.match(told?.message ?? "", /has no owner and no ExternalSecret, so it was likely made by hand/);
});

Deno.test("made by hand: a Secret with an owner, a maker's name or a type that no item holds is left out", async () => {
  const owned = { ownerReferences: [{ kind: "Cluster", name: "nessie-postgres", controller: true }] };
  const innocent = [
    written("smtp", "kubectl-create", ["user"], owned),
    written("sh.helm.release.v1.app.v1", undefined, []),
    written("nessie-postgres-app", undefined, []),
    written("registry", "kubectl-create", [".dockerconfigjson"]),
    written("cert", "kubectl-create", ["tls.crt", "tls.key"]),
    written("account", "kubectl-create", ["token", "ca.crt", "namespace"]),
    written("onepassword-connect-token", "kubectl-create", ["token"]),
  ];
  for (const secret of innocent) {
    assert.deepEqual(await judged(using(secret)), ["ok * NoneMadeByHand"], secret.metadata.name);
  }
});

Deno.test("made by hand: what a Kustomization applied has a maker also when its writer is not known", async () => {
  const objects = using(written("smtp", undefined, []));
  const status = objects.kustomizations[0]?.status as { inventory: { entries: unknown[] } };
  status.inventory.entries.push({ id: "data-platform_smtp__Secret", v: "v1" });
  assert.deepEqual(await judged(objects), ["ok * NoneMadeByHand"]);
});

Deno.test("made by hand: what nobody uses, what another tenant uses and what Connect needs is nobody's concern", async () => {
  const unused = platform();
  unused.secrets.push(written("smtp", "kubectl-create", ["user"]));
  const tenant = using(written("smtp", "kubectl-create", ["user"]), "shop");
  const connect = using(written("connect-extra", "kubectl-create", ["user"]), "external-secrets");
  for (const objects of [unused, tenant, connect]) {
    assert.deepEqual(await judged(objects), ["ok * NoneMadeByHand"]);
  }
});

Deno.test("made by hand: what a store signs in with is not asked for, whoever else mounts it", async () => {
  const objects = using(written("sa-token", "kubectl-create", ["secret"]));
  const signIn = { serviceAccountSecretRef: { name: "sa-token" } };
  const provider = { onepasswordSDK: { vault: "staging", auth: signIn } };
  objects.secretStores = [{ metadata: { name: "own", namespace: "data-platform" }, spec: { provider } }];
  assert.deepEqual(await judged(objects), ["ok * NoneMadeByHand"]);
});

Deno.test("made by hand: a Secret that only a store looks into is not what the platform runs with", async () => {
  const objects = platform();
  objects.secrets.push(written("webhook", "kubectl-create", ["key"]));
  const provider = {
    vault: { server: "https://vault.example.com", auth: { tokenSecretRef: { name: "webhook" } } },
  };
  objects.secretStores = [{ metadata: { name: "other", namespace: "data-platform" }, spec: { provider } }];
  assert.deepEqual(await judged(objects), ["ok * NoneMadeByHand"]);
});

Deno.test("made by hand: without a 1Password store the next step is to install it", async () => {
  const objects = using(written("smtp", "kubectl-create", ["user"]));
  objects.clusterSecretStores = [];
  const [told] = await found("hand-made", objects);
  assert.equal(told?.next?.[0], "deno task 1p:install");
});

Deno.test("made by hand: no Secret in use is skipped, Secrets or pods that cannot be listed are unknown", async () => {
  const objects = platform();
  without(objects, "pods", "catalog-1");
  objects.clusters = [];
  assert.deepEqual(await judged(objects), ["skipped * NoneUsed"]);
  for (const path of [PATHS.secrets, PATHS.pods]) {
    const told = await found("hand-made", platform(), { failures: { [path]: FORBIDDEN } });
    assert.deepEqual(told.map(({ status }) => status), ["unknown"]);
  }
});

async function offered(
  objects: Platform,
  name: string,
): Promise<{ text: string; manifest: Record<string, unknown> }> {
  const { world } = await seen(objects);
  const made = offer(world, "data-platform", name);
  assert.ok("manifest" in made, "problem" in made ? made.problem : "");
  return { text: made.manifest, manifest: parse(made.manifest) };
}

Deno.test("offer: a complete manifest, each key from the field of its name in the item of the Secret's name", async () => {
  const { text, manifest } = await offered(
    using(written("smtp", "kubectl-create", ["user", "password"])),
    "smtp",
  );
  assert.deepEqual(manifest, {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "smtp", namespace: "data-platform" },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "ClusterSecretStore", name: "onepassword-connect" },
      target: { name: "smtp", creationPolicy: "Owner" },
      data: ["user", "password"].map((key) => ({
        secretKey: key,
        remoteRef: { key: "smtp", property: key },
      })),
    },
  });
  assert.match(text, /^# First the item smtp in vault lakehouse, with the fields user, password/);
});

Deno.test("offer: names that YAML would read as something else stay names", async () => {
  const keys = ["true", "123", "1e3", "null", "~", "-", ".env", "a:b", "2026-01-01", "ca.crt", "A_B"];
  const { manifest } = await offered(using(written("007", "kubectl-create", keys)), "007");
  const { metadata, spec } = manifest as {
    metadata: { name: string };
    spec: { data: { secretKey: string }[] };
  };
  assert.equal(metadata.name, "007");
  assert.deepEqual(spec.data.map(({ secretKey }) => secretKey), keys);
});

Deno.test("offer: where the keys are not known, every field of the item is taken", async () => {
  const { manifest } = await offered(using(written("smtp", undefined, [])), "smtp");
  const spec = manifest.spec as Record<string, unknown>;
  assert.deepEqual([spec.data, spec.dataFrom], [undefined, [{ extract: { key: "smtp" } }]]);
});

Deno.test("offer: for a service account's store the field is a part of the key", async () => {
  const objects = using(written("smtp", "kubectl-create", ["user"]));
  objects.clusterSecretStores = [sdkStore("sdk")];
  const { manifest } = await offered(objects, "smtp");
  const spec = manifest.spec as { data: unknown[] };
  assert.deepEqual(spec.data, [{ secretKey: "user", remoteRef: { key: "smtp/user" } }]);
});

Deno.test("offer: a store of the Secret's own namespace comes before the cluster's", async () => {
  const objects = using(written("smtp", "kubectl-create", ["user"]));
  const own = { ...sdkStore("own"), metadata: { name: "own", namespace: "data-platform" } };
  objects.secretStores = [{ ...own, metadata: { name: "other", namespace: "shop" } }, own];
  const { manifest } = await offered(objects, "smtp");
  const spec = manifest.spec as { secretStoreRef: unknown };
  assert.deepEqual(spec.secretStoreRef, { kind: "SecretStore", name: "own" });
});

Deno.test("offer: the name of a vault and of a key stay in their line and their scalar", async () => {
  const objects = using(written("smtp", "kubectl-create", ["user\nkind: Evil", "no", "a: b"]));
  objects.clusterSecretStores = [sdkStore("sdk", "my vault\nkind: Evil\u2028x")];
  const { text, manifest } = await offered(objects, "smtp");
  assert.equal(manifest.kind, "ExternalSecret");
  assert.ok(!/^kind: Evil/m.test(text), text);
  const { data } = manifest.spec as { data: { secretKey: string }[] };
  assert.deepEqual(data.map(({ secretKey }) => secretKey), ["user\nkind: Evil", "no", "a: b"]);
});

Deno.test("offer: says why there is none", async () => {
  const problem = async (objects: Platform, name: string, around = {}) => {
    const made = offer((await seen(objects, around)).world, "data-platform", name);
    return "problem" in made ? made.problem : "";
  };
  assert.match(await problem(platform(), "gone"), /Secret data-platform\/gone does not exist/);
  assert.match(
    await problem(platform(), "db"),
    /ExternalSecret data-platform\/db makes Secret data-platform\/db already/,
  );
  assert.match(
    await problem(platform(), "db", { failures: { [PATHS.secrets]: FORBIDDEN } }),
    /could not look at Secret: no/,
  );
  const bare = using(written("smtp", "kubectl-create", ["user"]));
  bare.clusterSecretStores = [];
  assert.match(await problem(bare, "smtp"), /1p:install/);
});

Deno.test("offer: facts recorded before writers were kept still work", () => {
  const old = { metadata: { name: "smtp", namespace: "data-platform", keys: ["user"] } };
  const store = { metadata: { name: "s" }, provider: { name: "onepassword", vaults: ["lakehouse"] } };
  const world = openWorld({
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-01-01T12:00:00Z",
    context: "old",
    namespace: "data-platform",
    sources: {
      secrets: { ok: true, items: [old] },
      externalsecrets: { ok: true, items: [] },
      clustersecretstores: { ok: true, items: [store] },
      secretstores: { ok: true, items: [] },
    },
  });
  assert.ok("manifest" in offer(world, "data-platform", "smtp"));
});
