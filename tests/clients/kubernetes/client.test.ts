import assert from "node:assert/strict";
import { apiError, apiList } from "../../fakes/api_server.ts";
import { against, CANARY, failureOf, PODS, PROXY } from "./fixture.ts";

Deno.test("a list is answered with its body, asked for as JSON with the token", async () => {
  await against(() => apiList("PodList", [{ metadata: { name: "a" } }]), async (client, server) => {
    const { status, body } = await client.get(`${PODS}?resourceVersion=0`);
    assert.equal(status, 200);
    assert.deepEqual((body as { items: unknown }).items, [{ metadata: { name: "a" } }]);
    assert.deepEqual(server.requests, [`GET ${PODS}?resourceVersion=0`]);
    assert.equal(server.headers[0]?.get("accept"), "application/json");
    assert.equal(server.headers[0]?.get("authorization"), `Bearer ${CANARY}`);
    assert.equal(server.headers[0]?.get("user-agent"), "lakecheck/9");
    assert.equal(client.context, "test");
  }, { userAgent: "lakecheck/9" });
});

Deno.test("metadata alone is asked for by content type, and null items are an empty list", async () => {
  await against(() => apiList("PartialObjectMetadataList", null), async (client, server) => {
    const { body } = await client.get("/api/v1/secrets", { metadataOnly: true });
    assert.deepEqual((body as { items: unknown }).items, []);
    assert.equal(
      server.headers[0]?.get("accept"),
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
  });
});

Deno.test("preflight asks for the version once, whoever asks", async () => {
  await against(() => Response.json({ gitVersion: "v1.36.3" }), async (client, server) => {
    const both = await Promise.all([client.preflight(), client.preflight()]);
    assert.deepEqual(both, [{ ok: true, version: "v1.36.3" }, { ok: true, version: "v1.36.3" }]);
    assert.deepEqual(server.requests, ["GET /version"]);
  });
});

Deno.test("a service that is slow behind the proxy is named", async () => {
  const held = Promise.withResolvers<Response>();
  await against(() => held.promise, async (client) => {
    const { kind, message } = await failureOf(client.get(PROXY, { raw: true }));
    held.resolve(new Response());
    assert.equal(kind, "timeout");
    assert.equal(
      message,
      "Service data-platform/nessie gave no answer through the API server within 0.2 s. Next: look at its pods, " +
        "or raise --timeout",
    );
  }, { timeoutMs: 200 });
});

Deno.test("401: credentials that are not accepted", async () => {
  await against(() => apiError(401, "Unauthorized", "Unauthorized"), async (client, server) => {
    assert.deepEqual(await failureOf(client.get(PODS), server.url), {
      kind: "unauthorized",
      message:
        "the API server SERVER does not accept the credentials of user me (401): they have expired or are for " +
        "another cluster. Next: log in again, then kubectl --context test auth whoami",
    });
  });
});

Deno.test("403 on one kind is a failure of that kind alone", async () => {
  const why = 'pods is forbidden: User "me" cannot list resource "pods" in API group "" at the cluster scope';
  await against(
    (path) => path === PODS ? apiError(403, "Forbidden", why) : apiList("ServiceList", []),
    async (client) => {
      assert.deepEqual(await failureOf(client.get(PODS)), {
        kind: "forbidden",
        message: `${why}. Next: kubectl auth can-i list pods -A, and ask for a role that allows it`,
      });
      assert.equal((await client.get("/api/v1/services")).status, 200);
    },
  );
});

Deno.test("404: a CRD that is not installed, as text and as a Status", async () => {
  const replies = [
    () => new Response("404 page not found\n", { status: 404 }),
    () => apiError(404, "NotFound", "the server could not find the requested resource"),
  ];
  for (const reply of replies) {
    await against(reply, async (client) => {
      assert.deepEqual(await failureOf(client.get("/apis/postgresql.cnpg.io/v1/clusters?limit=5")), {
        kind: "not-installed",
        message:
          "the API server does not serve clusters.postgresql.cnpg.io (/apis/postgresql.cnpg.io/v1/clusters): " +
          "its CRD is not installed",
      });
    });
  }
});

Deno.test("404 of something that is no API server does not pass for a missing CRD", async () => {
  await against(() => new Response("<html>not here</html>", { status: 404 }), async (client, server) => {
    assert.deepEqual(await failureOf(client.get(PODS), server.url), {
      kind: "malformed",
      message:
        "SERVER answered pods with HTTP 404, which no Kubernetes API server does. Next: check the server " +
        "address of the context",
    });
  });
});

Deno.test("garbage and a list that is cut short are malformed", async () => {
  await against(() => new Response("<html>welcome</html>"), async (client, server) => {
    assert.deepEqual(await failureOf(client.get(PODS), server.url), {
      kind: "malformed",
      message:
        "the answer to pods is not JSON. Next: check that SERVER is a Kubernetes API server and what stands " +
        "between",
    });
  });
  await against(() => new Response('{"kind":"PodList","items":[{"metadata":{"na'), async (client) => {
    const { kind, message } = await failureOf(client.get(PODS));
    assert.equal(kind, "malformed");
    assert.match(message, /^the answer to pods is not JSON: it is cut short or damaged\. Next: /);
  });
});

Deno.test("a connection that breaks in the middle of the body is unreachable", async () => {
  const broken = () =>
    new ReadableStream<Uint8Array>({
      start(stream) {
        stream.enqueue(new TextEncoder().encode('{"kind":"PodList","items":['));
      },
      pull(stream) {
        stream.error(new Error("broken on purpose"));
      },
    });
  await against(() => new Response(broken()), async (client, server) => {
    const { kind, message } = await failureOf(client.get(PODS), server.url);
    assert.equal(kind, "unreachable");
    assert.match(
      message,
      /^the API server SERVER broke the connection off before its answer was whole\. Next: /,
    );
  });
});

Deno.test("an answer larger than the limit is not read", async () => {
  await against(() => new Response("x".repeat(3 * 1024 * 1024)), async (client) => {
    assert.deepEqual(await failureOf(client.get(PODS)), {
      kind: "malformed",
      message: "the answer to pods is larger than 2 MiB, so it was not read",
    });
  }, { maxBytes: 2 * 1024 * 1024 });
});

Deno.test("500 says what the server said", async () => {
  await against(() => apiError(500, "InternalError", "etcdserver: no leader"), async (client, server) => {
    assert.deepEqual(await failureOf(client.get(PODS), server.url), {
      kind: "server-error",
      message:
        "the API server SERVER failed to answer pods (HTTP 500): etcdserver: no leader. Next: kubectl get " +
        "--raw '/readyz?verbose'",
    });
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("429 and 503 are asked once more when Retry-After fits in the limit", async () => {
  for (const code of [429, 503]) {
    let asked = 0;
    const busy = () => apiError(code, "TooManyRequests", "busy", { headers: { "retry-after": "0" } });
    await against(() => asked++ === 0 ? busy() : apiList("PodList", []), async (client) => {
      assert.equal((await client.get(PODS)).status, 200);
      assert.equal(asked, 2);
    });
    await against(busy, async (client, server) => {
      assert.equal((await failureOf(client.get(PODS))).kind, "server-error");
      assert.equal(server.requests.length, 2);
    });
  }
  const later = () => apiError(429, "TooManyRequests", "busy", { headers: { "retry-after": "3600" } });
  await against(later, async (client, server) => {
    assert.equal((await failureOf(client.get(PODS))).kind, "server-error");
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("close ends what is under way", async () => {
  const held = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  await against(() => {
    arrived.resolve();
    return held.promise;
  }, async (client) => {
    const asked = failureOf(client.get(PODS));
    await arrived.promise;
    client.close();
    assert.deepEqual(await asked, {
      kind: "unreachable",
      message: "the client was closed before the answer came",
    });
    held.resolve(new Response());
  });
});
