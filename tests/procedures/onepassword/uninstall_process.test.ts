/** 1p:uninstall against an API server: what really leaves this machine. */
import assert from "node:assert/strict";
import { uninstall } from "../../../lib/procedures/onepassword/uninstall.ts";
import { apiError, apiList, kubeconfigFor, serveFake } from "../../fakes/api_server.ts";
import { withKubeconfig } from "../../clients/kubernetes/fixture.ts";
import { withAsked } from "../../fakes/asked.ts";

const SECRETS = "/api/v1/namespaces/external-secrets/secrets";

function secret(name: string, data: Record<string, string>, mark: boolean, managedFields: unknown[]) {
  const annotations = mark ? { "lakecheck/made-by": "1p:install" } : {};
  const metadata = {
    name,
    namespace: "external-secrets",
    uid: `uid-${name}`,
    resourceVersion: "7",
    annotations,
    managedFields,
  };
  return { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata, data };
}

const by = (manager: string, fieldsV1: unknown) => ({
  manager,
  operation: "Apply",
  apiVersion: "v1",
  fieldsV1,
});
const MARK = { "f:metadata": { "f:annotations": { "f:lakecheck/made-by": {} } } };

Deno.test("a Secret that kubectl made keeps everything but the key that we wrote; ours is deleted with both pins", async () => {
  const objects: Record<string, unknown> = {
    // Made by hand, and install put its token into it.
    [`${SECRETS}/onepassword-connect-token`]: secret(
      "onepassword-connect-token",
      { token: "dA==", mine: "eA==" },
      false,
      [
        by("kubectl-create", { "f:data": { ".": {}, "f:mine": {} }, "f:type": {} }),
        by("lakecheck", { "f:data": { "f:token": {} } }),
      ],
    ),
    [`${SECRETS}/onepassword-connect-credentials`]: secret(
      "onepassword-connect-credentials",
      { "1password-credentials.json": "Yw==" },
      true,
      [by("lakecheck", { ...MARK, "f:data": { "f:1password-credentials.json": {} } })],
    ),
  };
  const bodies: unknown[] = [];
  await using server = serveFake(async (path, request) => {
    if (path.endsWith("/externalsecrets")) return apiList("ExternalSecretList", []);
    if (request.method !== "GET") bodies.push(await request.json());
    const found = objects[path];
    return found ? Response.json(found) : apiError(404, "NotFound", "not found", { details: { name: "x" } });
  });
  await withKubeconfig(kubeconfigFor(server.url, { token: "t" }), async (kubeconfig) => {
    const given = new Map([["yes", "true"]]);
    await withAsked({ given, kubeconfig }, uninstall);
  });
  assert.deepEqual(server.requests.filter((line) => !line.startsWith("GET ")), [
    `DELETE ${SECRETS}/onepassword-connect-credentials`,
    `PATCH ${SECRETS}/onepassword-connect-token?fieldManager=lakecheck`,
  ]);
  assert.deepEqual(bodies, [
    {
      kind: "DeleteOptions",
      apiVersion: "v1",
      preconditions: { uid: "uid-onepassword-connect-credentials", resourceVersion: "7" },
      propagationPolicy: "Background",
    },
    { metadata: { uid: "uid-onepassword-connect-token", resourceVersion: "7" }, data: { token: null } },
  ]);
});
