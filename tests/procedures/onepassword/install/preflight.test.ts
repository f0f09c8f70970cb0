import assert from "node:assert/strict";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { MANIFESTS, readManifests } from "../../../../lib/procedures/onepassword/install/manifests.ts";
import {
  requireExternalSecrets,
  requireRights,
  rightsFor,
} from "../../../../lib/procedures/onepassword/install/preflight.ts";
import { fakeCluster } from "../../../fakes/cluster.ts";

const secrets = [{ name: "onepassword-connect-token", namespace: "external-secrets" }];
const said = async (promise: Promise<unknown>) =>
  await promise.then(() => "nothing", (error) => {
    assert.ok(error instanceof CannotLook);
    return error.message;
  });

Deno.test("rights are asked for by name where a name can be given, and never on all Secrets", async () => {
  const rights = rightsFor(await readManifests(MANIFESTS), secrets);
  const onSecrets = rights.filter(({ resource }) => resource === "secrets");
  assert.deepEqual(onSecrets.map(({ verb, name, namespace }) => [verb, name, namespace]), [
    ["get", "onepassword-connect-token", "external-secrets"],
    ["create", undefined, "external-secrets"],
    ["patch", "onepassword-connect-token", "external-secrets"],
  ]);
  assert.ok(
    rights.some(({ verb, resource, group }) =>
      verb === "create" && resource === "clustersecretstores" && group === "external-secrets.io"
    ),
  );
  assert.ok(
    rights.some(({ resource, group, namespace }) =>
      resource === "deployments" && group === "apps" && namespace === "external-secrets"
    ),
  );
});

Deno.test("every right that is missing is named, and that nothing was changed", async () => {
  const kube = fakeCluster();
  const rights = rightsFor(await readManifests(MANIFESTS), secrets);
  assert.equal(await said(requireRights(kube, rights)), "nothing");
  kube.refused.add("create secrets").add("patch deployments");
  const message = await said(requireRights(kube, rights));
  assert.match(message, /create secrets in namespace external-secrets/);
  assert.match(message, /patch deployments\.apps onepassword-connect in namespace external-secrets/);
  assert.match(message, /Nothing was changed/);
});

Deno.test("External Secrets that is absent, or serves an older version only, is told apart", async () => {
  const manifests = await readManifests(MANIFESTS);
  const kube = fakeCluster();
  assert.equal(await said(requireExternalSecrets(kube, manifests)), "nothing");
  kube.unserved.add("external-secrets.io/v1");
  assert.match(
    await said(requireExternalSecrets(kube, manifests)),
    /serves no external-secrets\.io\/v1.*v1beta1/,
  );
  kube.unserved.add("external-secrets.io/v1beta1");
  assert.match(await said(requireExternalSecrets(kube, manifests)), /External Secrets is not installed/);
});
