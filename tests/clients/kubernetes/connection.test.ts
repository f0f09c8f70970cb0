import assert from "node:assert/strict";
import type { Failure } from "../../../lib/engine/model.ts";
import {
  apiError,
  apiList,
  base64,
  type Behaviour,
  certificateUser,
  closedPort,
  kubeconfigFor,
  serveFake,
  serveHttp1,
  serveRaw,
  testAuthority,
} from "../../fakes/api_server.ts";
import { against, CANARY, failureOf, PODS, PROXY, withClient } from "./fixture.ts";

Deno.test("a server without HTTP/2 is read over HTTP/1.1", async () => {
  await using server = await serveHttp1('{"gitVersion":"v1.36.3"}');
  await withClient(kubeconfigFor(server.url), async (client) => {
    assert.deepEqual(await client.preflight(), { ok: true, version: "v1.36.3" });
    await client.get(PODS);
    assert.deepEqual(server.requests, ["GET /version", `GET ${PODS}`]);
  });
});

Deno.test("API server down: refused, in the same words for every path and for preflight", async () => {
  const url = `https://127.0.0.1:${await closedPort()}`;
  await withClient(kubeconfigFor(url), async (client) => {
    const expected: Failure = {
      kind: "unreachable",
      message:
        `the API server ${url} refused the connection: nothing listens there. Next: check the server ` +
        "address of the context, and that the API server runs",
    };
    assert.deepEqual(await failureOf(client.get(PODS)), expected);
    assert.deepEqual(await failureOf(client.get(PROXY, { raw: true })), expected);
    assert.deepEqual(await client.preflight(), { ok: false, failure: expected });
  });
});

Deno.test("API server slow: no answer within the limit", async () => {
  await using server = await serveRaw("mute");
  await withClient(kubeconfigFor(server.url), async (client) => {
    const { kind, message } = await failureOf(client.get(PODS), server.url);
    assert.equal(kind, "timeout");
    assert.equal(
      message,
      "the API server SERVER gave no answer within 0.2 s: it is slow, or something on the way drops packets. " +
        "Next: kubectl get --raw /readyz, or raise --timeout",
    );
  }, { timeoutMs: 200 });
});

for (const act of ["hang up", "nonsense"] as const) {
  Deno.test(`a server that answers with ${act} is unreachable`, async () => {
    await using server = await serveRaw(act);
    await withClient(kubeconfigFor(server.url), async (client) => {
      const { kind, message } = await failureOf(client.get(PODS), server.url);
      assert.equal(kind, "unreachable");
      assert.match(
        message,
        act === "hang up" ? /^the API server SERVER broke the connection off/ : /does not speak/,
      );
      assert.match(message, /Next: /);
    });
  });
}

Deno.test("a name that is not in DNS", async () => {
  await withClient(kubeconfigFor("https://no-such-host.invalid:6443"), async (client) => {
    assert.deepEqual(await failureOf(client.get(PODS)), {
      kind: "unreachable",
      message:
        "the API server https://no-such-host.invalid:6443 has a name that can't be resolved. Next: check the " +
        "server address of the context, DNS and VPN",
    });
  });
});

Deno.test("an expired client certificate: a 401 says when it expired", async () => {
  await using server = serveFake(() => apiError(401, "Unauthorized", "Unauthorized"));
  const user = certificateUser(testAuthority().expiredClient);
  await withClient(kubeconfigFor(server.url, user), async (client) => {
    for (const options of [{}, { raw: true }]) {
      const { kind, message } = await failureOf(client.get(PODS, options), server.url);
      assert.equal(kind, "certificate");
      assert.match(
        message,
        /^the client certificate of user me is no longer accepted by SERVER: it expired at \d{4}-\d\d-\d\dT[\d:]+Z, 24 hours ago\. Next: get a new kubeconfig/,
      );
    }
  });
});

Deno.test("an expired certificate of the server", async () => {
  await using server = serveFake(() => apiList("PodList", []), testAuthority().expiredServer);
  await withClient(kubeconfigFor(server.url), async (client) => {
    const { kind, message } = await failureOf(client.get(PODS), server.url);
    assert.equal(kind, "certificate");
    assert.match(
      message,
      /^the certificate of the API server SERVER has expired or is not valid yet\. Next: renew/,
    );
  });
});

Deno.test("a certificate of a CA that the kubeconfig does not trust", async () => {
  await using server = serveFake(() => apiList("PodList", []));
  const cluster = { "certificate-authority-data": base64(testAuthority().otherCa) };
  await withClient(kubeconfigFor(server.url, {}, cluster), async (client) => {
    assert.deepEqual(await failureOf(client.get(PODS), server.url), {
      kind: "certificate",
      message:
        "no CA that cluster fake of the kubeconfig trusts signed the certificate of the API server SERVER. " +
        "Next: correct its certificate-authority-data",
    });
  });
});

Deno.test("a certificate for another name, and tls-server-name that accepts it", async () => {
  await using server = serveFake(() => apiList("PodList", []), testAuthority().namedServer);
  await withClient(kubeconfigFor(server.url), async (client) => {
    const { kind, message } = await failureOf(client.get(PODS), server.url);
    assert.equal(kind, "certificate");
    assert.match(
      message,
      /^the certificate of the API server SERVER is for another name\. Next: correct server or/,
    );
  });
  await withClient(kubeconfigFor(server.url, {}, { "tls-server-name": "api.example" }), async (client) => {
    assert.equal((await client.get(PODS)).status, 200);
  });
  await withClient(kubeconfigFor(server.url, {}, { "tls-server-name": "else.example" }), async (client) => {
    assert.equal((await failureOf(client.get(PODS))).kind, "certificate");
  });
});

Deno.test("insecure-skip-tls-verify accepts an expired certificate, within the same limits", async () => {
  await using server = serveFake(() => apiList("PodList", ["x".repeat(100)]), testAuthority().expiredServer);
  const text = kubeconfigFor(server.url, { token: CANARY }, {
    "insecure-skip-tls-verify": true,
    "certificate-authority-data": undefined,
  });
  await withClient(text, async (client) => {
    assert.equal((await client.get(PODS)).status, 200);
    assert.equal(server.headers[0]?.get("authorization"), `Bearer ${CANARY}`);
  });
  await withClient(text, async (client) => {
    assert.equal((await failureOf(client.get(PODS))).kind, "malformed");
  }, { maxBytes: 64 });
});

Deno.test("a redirect is not followed: the token would go elsewhere", async () => {
  await using other = serveFake(() => apiList("PodList", []));
  await against(() => Response.redirect(`${other.url}/login`, 302), async (client) => {
    assert.match(
      (await failureOf(client.get(PODS))).message,
      /answered pods with HTTP 302, which no Kubernetes/,
    );
    assert.equal((await client.get(PROXY, { raw: true })).status, 302);
    assert.deepEqual(other.requests, []);
  });
});

Deno.test("a server that quotes the token gets it taken out of the message", async () => {
  const quoting: Behaviour = (_path, request) =>
    apiError(403, "Forbidden", `no rights for\n${request.headers.get("authorization")}`);
  await against(quoting, async (client) => {
    const { message } = await failureOf(client.get(PODS));
    assert.match(message, /^no rights for Bearer …\. Next: /);
  });
});
