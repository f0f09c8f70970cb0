import assert from "node:assert/strict";
import { connectWriter, type KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import {
  apiError,
  type Behaviour,
  closedPort,
  kubeconfigFor,
  serveFake,
  serveRaw,
} from "../../fakes/api_server.ts";
import { failureOf, PROXY, withKubeconfig, writing } from "./fixture.ts";
import { PATIENT_MS } from "../../patience.ts";

const NAMESPACE = "/api/v1/namespaces/external-secrets";
const PATH = `${NAMESPACE}/secrets/onepassword-connect-token`;
const VALUE = "canary-Yq77-value-of-the-secret";
const SECRET: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "onepassword-connect-token", namespace: "external-secrets" },
  data: { token: btoa(VALUE) },
};

/** Nothing is there yet, and what is written is answered like this. */
function refusing(refuse: () => Response | Promise<Response>): Behaviour {
  return (_path, request) =>
    request.method === "GET"
      ? apiError(404, "NotFound", "not found", { details: { name: "x", kind: "secrets" } })
      : refuse();
}

/** What writing the Secret fails with; checked to hold nothing of its value. */
async function refusal(refuse: () => Response | Promise<Response>, timeoutMs = PATIENT_MS) {
  let failure: Awaited<ReturnType<typeof failureOf>> | undefined;
  await writing(refusing(refuse), async (writer, server) => {
    failure = await failureOf(writer.apply(PATH, SECRET), server.url);
  }, { timeoutMs });
  assert(failure);
  for (const part of [VALUE, btoa(VALUE), VALUE.slice(7, 15), btoa(VALUE).slice(12, 24)]) {
    assert(!failure.message.includes(part), failure.message);
  }
  return failure;
}

Deno.test("403 says who may not do what, and which rule is missing", async () => {
  const why =
    'secrets "onepassword-connect-token" is forbidden: User "jane" cannot patch resource "secrets" ' +
    'in API group "" in the namespace "external-secrets"';
  assert.deepEqual(await refusal(() => apiError(403, "Forbidden", why)), {
    kind: "forbidden",
    message:
      "user jane may not patch secrets in namespace external-secrets (403): no Role that it has holds the rule { " +
      'apiGroups: [""], resources: ["secrets"], verbs: ["patch"] }. Next: have it granted, then kubectl ' +
      "--context test auth can-i patch secrets -n external-secrets",
  });
});

Deno.test("403 at the cluster's scope and of a subresource", async () => {
  const why =
    'clustersecretstores.external-secrets.io "onepassword" is forbidden: User "jane" cannot create ' +
    'resource "clustersecretstores/status" in API group "external-secrets.io" at the cluster scope';
  assert.equal(
    (await refusal(() => apiError(403, "Forbidden", why))).message,
    "user jane may not create clustersecretstores.external-secrets.io/status (403): no ClusterRole that it has holds " +
      'the rule { apiGroups: ["external-secrets.io"], resources: ["clustersecretstores/status"], verbs: ["create"] }. ' +
      "Next: have it granted, then kubectl --context test auth can-i create clustersecretstores.external-secrets.io/status",
  );
});

Deno.test("403 of an admission plugin is no missing rule", async () => {
  const quota = 'secrets "onepassword-connect-token" is forbidden: exceeded quota: few, requested: secrets=1';
  assert.deepEqual(await refusal(() => apiError(403, "Forbidden", quota)), {
    kind: "forbidden",
    message:
      "the API server rejected the request to write secrets/onepassword-connect-token in namespace external-secrets (403): " +
      `${quota}. Next: ask whoever sets the cluster's quotas and policies`,
  });
});

Deno.test("403 because the namespace is being deleted", async () => {
  const terminating = () =>
    apiError(403, "Forbidden", "unable to create new content in namespace external-secrets", {
      details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
    });
  assert.deepEqual(await refusal(terminating), {
    kind: "forbidden",
    message:
      "namespace external-secrets is being deleted, and takes nothing new. Next: wait until it is gone " +
      "(kubectl --context test get namespace external-secrets), then run this again",
  });
});

Deno.test("422 and 400 give the API server's words without the Secret's values", async () => {
  const quoting = [
    `Secret "x" is invalid: data[token]: Invalid value: "${VALUE}": must be shorter`,
    `Secret "x" is invalid: data[token]: Invalid value: "${btoa(VALUE)}": must be shorter`,
    `json: cannot unmarshal: error found in #10 byte of ...|"token":"${btoa(VALUE).slice(0, 20)}"|...`,
  ];
  for (const [i, message] of quoting.entries()) {
    const failure = await refusal(() => apiError(i < 2 ? 422 : 400, "Invalid", message));
    assert.equal(failure.kind, "server-error");
    assert.match(
      failure.message,
      /^the API server rejected the request to write secrets\/onepassword-connect-token in namespace external-secrets \(4\d\d\): /,
    );
    assert.match(failure.message, /"…"/);
    assert.match(failure.message, /Next: compare with kubectl --context test explain secrets$/);
  }
});

Deno.test("500 does not quote the Secret's values either", async () => {
  const message = `failed to create typed patch object: .data.token: expected string, got ${VALUE}`;
  const failure = await refusal(() => apiError(500, "InternalError", message));
  assert.equal(failure.kind, "server-error");
  assert.match(failure.message, /expected string, got …\. Next: /);
});

Deno.test("404 tells a missing namespace from a missing kind and a missing object", async () => {
  const namespace = () =>
    apiError(404, "NotFound", 'namespaces "external-secrets" not found', {
      details: { name: "external-secrets", kind: "namespaces" },
    });
  assert.deepEqual(await refusal(namespace), {
    kind: "not-installed",
    message: "namespace external-secrets does not exist. Next: create it first: " +
      "kubectl --context test create namespace external-secrets",
  });
  const store = "/apis/external-secrets.io/v1/clustersecretstores/onepassword";
  await writing(() => new Response("404 page not found\n", { status: 404 }), async (writer) => {
    assert.deepEqual(await failureOf(writer.apply(store, SECRET)), {
      kind: "not-installed",
      message:
        `the API server does not serve clustersecretstores.external-secrets.io (${store}): its CRD is not ` +
        "installed in that version. Next: kubectl --context test api-resources --api-group=external-secrets.io",
    });
  });
  await writing(refusing(() => new Response()), async (writer) => {
    const missing = () =>
      apiError(404, "NotFound", "no", { details: { name: "onepassword-connect-token", kind: "secrets" } });
    await writing(missing, async (second) => {
      assert.equal(
        (await failureOf(second.merge(PATH, {}))).message,
        "secrets/onepassword-connect-token in namespace external-secrets does not exist",
      );
    });
    assert.equal(await writer.get(PATH), undefined);
  });
});

Deno.test("404 of something that is no API server is not taken for an absence", async () => {
  await writing(() => new Response("<html>not here</html>", { status: 404 }), async (writer, server) => {
    for (const asked of [writer.get(PATH), writer.remove(PATH), writer.serves("apps", "v1")]) {
      const { kind, message } = await failureOf(asked, server.url);
      assert.equal(kind, "malformed");
      assert.match(
        message,
        /^SERVER answered .* with HTTP 404, which no Kubernetes API server does\. Next: /,
      );
    }
  });
});

Deno.test("401 says that the credentials are not accepted", async () => {
  const { kind, message } = await refusal(() => apiError(401, "Unauthorized", "Unauthorized"));
  assert.equal(kind, "unauthorized");
  assert.match(message, /^the API server SERVER does not accept the credentials of user me \(401\)/);
});

Deno.test("a 409 that is no conflict of managers says to run it again", async () => {
  const message = 'Operation cannot be fulfilled on secrets "x": the object has been modified';
  assert.deepEqual(await refusal(() => apiError(409, "Conflict", message)), {
    kind: "server-error",
    message:
      "the API server rejected the request to write secrets/onepassword-connect-token in namespace external-secrets (409): " +
      `${message}. Next: run this again: something else changed it at the same time`,
  });
});

Deno.test("an API server that is slow may have written; the limit is kept", async () => {
  const held = Promise.withResolvers<Response>();
  const { kind, message } = await refusal(() => held.promise, 300);
  held.resolve(new Response());
  assert.equal(kind, "timeout");
  assert.match(message, /^the API server SERVER gave no answer within 0\.3 s/);
  assert.match(message, /What was to be written may have been\. Next: run this again, which is safe/);
});

Deno.test("an API server that goes away in the middle of its answer may have written", async () => {
  const broken = () =>
    new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(new TextEncoder().encode('{"kind":"Secret",')),
      pull: (stream) => stream.error(new Error("broken on purpose")),
    });
  const { kind, message } = await refusal(() => new Response(broken()));
  assert.equal(kind, "unreachable");
  assert.match(
    message,
    /^the API server SERVER broke the connection off before its answer was whole\. What was to/,
  );
});

Deno.test("an API server that goes away between reading and writing refuses the connection", async () => {
  await using mute = await serveRaw("mute");
  const url = `https://127.0.0.1:${await closedPort()}`;
  for (const server of [url, mute.url]) {
    await withKubeconfig(kubeconfigFor(server), async (kubeconfig) => {
      const writer = await connectWriter({ kubeconfig, timeoutMs: server === url ? PATIENT_MS : 200 });
      const { kind, message } = await failureOf(writer.merge(PATH, SECRET), server);
      assert.equal(kind, server === url ? "unreachable" : "timeout");
      assert.equal(message.includes("may have been"), server !== url);
      writer.close();
    });
  }
});

Deno.test("a good answer that is no JSON or no object is malformed", async () => {
  for (const text of ["<html>", '{"kind":"Secret"', "[]", '{"kind":"Secret","metadata":{}}']) {
    const { kind, message } = await refusal(() => new Response(text));
    assert.equal(kind, "malformed", text);
    assert.match(message, /Next: /);
  }
  for (const body of [{ kind: "Status", status: {} }, { kind: "Pod", items: [] }, { kind: "PodList" }]) {
    await writing(() => Response.json(body), async (writer) => {
      assert.equal((await failureOf(writer.list(NAMESPACE))).kind, "malformed");
      assert.equal((await failureOf(writer.may("get", "", "pods"))).kind, "malformed");
    });
  }
});

Deno.test("what the service proxy itself refuses is a failure", async () => {
  await using server = serveFake(() => apiError(403, "Forbidden", "no services/proxy for you"));
  await withKubeconfig(kubeconfigFor(server.url), async (kubeconfig) => {
    const writer = await connectWriter({ kubeconfig, timeoutMs: PATIENT_MS });
    assert.equal((await failureOf(writer.raw(PROXY))).kind, "forbidden");
    writer.close();
  });
});
