import assert from "node:assert/strict";
import { closedPort } from "../../../fakes/api_server.ts";
import { failureOf } from "../fixture.ts";
import { fetchText, forwarding, inPod } from "./fixture.ts";
import { withinLimits } from "../../../patience.ts";

Deno.test("nothing listens in the pod: the connection ends, and failure says why until one works", async () => {
  const port = await closedPort();
  await forwarding(port, {}, async (opening) => {
    const { url, failure, close } = await opening;
    assert.equal(failure(), undefined);
    await assert.rejects(fetchText(url));
    assert.deepEqual(failure(), {
      kind: "unreachable",
      message:
        "nothing listens on port 8080 of Pod external-secrets/onepassword-connect-0. Next: kubectl --context " +
        "test -n external-secrets describe pod onepassword-connect-0",
    });
    const stop = new AbortController();
    const late = Deno.serve(
      { port, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
      () => new Response(),
    );
    await fetchText(url);
    assert.equal(failure(), undefined);
    await close();
    stop.abort();
    await late.finished;
  });
});

Deno.test("a pod that closes the connection without an answer is told", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  void (async () => {
    for await (const connection of listener) connection.close();
  })();
  await forwarding(listener.addr.port, {}, async (opening) => {
    const { url, failure, close } = await opening;
    await assert.rejects(fetchText(url));
    assert.match(failure()?.message ?? "", /^Pod .* gave no answer on port 8080 and closed it/);
    await close();
  });
  listener.close();
});

Deno.test("a connection that can't be opened ends within the limit", () =>
  withinLimits(
    [500, 5_000, 50_000],
    (timeoutMs) =>
      forwarding(1, { options: { timeoutMs } }, async (opening, server) => {
        const { url, failure, close } = await opening;
        server.pod.refuse = 0;
        await assert.rejects(fetchText(url));
        assert.equal(failure()?.kind, "timeout");
        await close();
      }),
  ));

Deno.test("a pod that does not run, or is not there", async () => {
  await withinLimits(
    [500, 5_000, 50_000],
    (timeoutMs) =>
      forwarding(1, { pod: { phase: "Pending" }, options: { timeoutMs } }, async (opening, server) => {
        assert.deepEqual(await failureOf(opening), {
          kind: "unreachable",
          message:
            "Pod external-secrets/onepassword-connect-0 does not run: its phase is Pending. Next: kubectl --context " +
            "test -n external-secrets describe pod onepassword-connect-0",
        });
        assert.equal(server.requests.length, 1);
        // The time for opening passes, and nobody waits for it any more.
        await new Promise((resolve) => setTimeout(resolve, timeoutMs + 100));
      }),
  );
  await forwarding(1, { name: "other" }, async (opening) => {
    assert.deepEqual(await failureOf(opening), {
      kind: "not-installed",
      message: 'pods "other" does not exist',
    });
  });
});

Deno.test("who may not forward ports is told the rule that is missing", async () => {
  await forwarding(1, { pod: { refuse: 403 } }, async (opening) => {
    assert.deepEqual(await failureOf(opening), {
      kind: "forbidden",
      message:
        "user me may not get and create pods/portforward in namespace external-secrets (403): no Role that it " +
        'has holds the rule { apiGroups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] }. Next: ' +
        "have it granted, then kubectl --context test auth can-i create pods/portforward -n external-secrets",
    });
  });
});

Deno.test("who may not read pods may forward their ports nevertheless", async () => {
  await inPod((port) =>
    forwarding(port, { pod: { phase: "forbidden" } }, async (opening) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      await close();
    })
  );
});

Deno.test("what else opening is refused with has a kind and a next step", async () => {
  const kinds = { 400: "unreachable", 401: "unauthorized", 404: "not-installed", 502: "server-error" };
  for (const [status, kind] of Object.entries(kinds)) {
    await forwarding(1, { pod: { refuse: Number(status) } }, async (opening) => {
      const failure = await failureOf(opening);
      assert.equal(failure.kind, kind);
      assert.match(failure.message, /Next: /);
    });
  }
});

Deno.test("opening that is never answered ends within the limit", () =>
  withinLimits(
    [300, 3_000, 30_000],
    (timeoutMs) =>
      forwarding(1, { pod: { refuse: 0 }, options: { timeoutMs } }, async (opening) => {
        const failure = await failureOf(opening);
        assert.equal(failure.kind, "timeout");
        assert.match(
          failure.message,
          /was not opened within [\d.]+ s\. Next: look at its node: kubectl .* -o wide$/,
        );
        assert.ok(failure.message.includes(`within ${timeoutMs / 1000} s`));
      }),
  ));

Deno.test("an API server that goes away ends the connections, and the next one says so", async () => {
  const held = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  const stop = new AbortController();
  const pod = Deno.serve({ port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} }, () => {
    arrived.resolve();
    return held.promise;
  });
  await forwarding(pod.addr.port, {}, async (opening, server) => {
    const { url, failure, close } = await opening;
    const asked = assert.rejects(fetchText(url));
    await arrived.promise;
    server.cut();
    await asked;
    assert.equal(failure()?.kind, "unreachable");
    await server[Symbol.asyncDispose]();
    await assert.rejects(fetchText(url));
    assert.match(failure()?.message ?? "", /could not open port 8080 of Pod .*refused.* Next: /i);
    await close();
  });
  held.resolve(new Response());
  stop.abort();
  await pod.finished;
});
