import assert from "node:assert/strict";
import net from "node:net";
import { type Forward, forward } from "../../lib/clients/port_forward.ts";
import type { WriterOptions } from "../../lib/clients/kube_writer.ts";
import { Interrupted } from "../../lib/errors.ts";
import { certificateUser, closedPort, kubeconfigFor, testAuthority } from "../fake_api_server.ts";
import { type FakeForwarder, type FakePod, serveForwards } from "../fake_port_forward.ts";
import { CANARY, failureOf, withKubeconfig } from "./kube_fixture.ts";

const NAMESPACE = "external-secrets";
const POD = "onepassword-connect-0";

/** A server on this machine that stands for the one in the pod. */
async function inPod(use: (port: number) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  );
  try {
    await use(server.addr.port);
  } finally {
    stop.abort();
    await server.finished;
  }
}

interface Attempt {
  pod?: Partial<FakePod>;
  user?: unknown;
  cluster?: Record<string, unknown>;
  options?: Partial<WriterOptions>;
  name?: string;
}

/** Forwards port 8080 of the pod, which leads to `port`. */
async function forwarding(
  port: number,
  { pod = {}, user = { token: CANARY }, cluster = {}, options = {}, name = POD }: Attempt,
  use: (opening: Promise<Forward>, server: FakeForwarder) => Promise<void>,
): Promise<void> {
  await using server = await serveForwards({ namespace: NAMESPACE, name: POD, leadsTo: port, ...pod });
  await withKubeconfig(kubeconfigFor(server.url, user, cluster), async (kubeconfig) => {
    await use(forward({ kubeconfig, timeoutMs: 5000, ...options }, NAMESPACE, name, 8080), server);
  });
}

async function fetchText(url: string, init?: RequestInit): Promise<string> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    return await (await fetch(url, { ...init, client })).text();
  } finally {
    client.close();
  }
}

/** Waits, at most 2 s, until it is so. */
async function until(so: () => boolean): Promise<void> {
  for (const end = performance.now() + 2000; !so(); await new Promise((next) => setTimeout(next, 5))) {
    assert(performance.now() < end, `not within 2 s: ${so}`);
  }
}

Deno.test("requests through the port reach the pod, several at once, with the kubeconfig's token", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, failure, close } = await opening;
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
      const long = "x".repeat(200_000);
      const answers = await Promise.all([
        fetchText(`${url}/heartbeat`),
        fetchText(`${url}/v1/vaults`, { method: "POST", body: long }),
      ]);
      assert.deepEqual(answers, ["GET /heartbeat ", `POST /v1/vaults ${long}`]);
      assert.equal(failure(), undefined);
      const opened = `GET /api/v1/namespaces/${NAMESPACE}/pods/${POD}/portforward?ports=8080`;
      assert.deepEqual(server.requests.slice(1), [opened, opened, opened]);
      assert(server.headers.every((one) => one.authorization === `Bearer ${CANARY}`));
      await close();
      await until(() => server.connections.size === 0);
      await assert.rejects(fetchText(url));
    })
  );
});

Deno.test("it logs in with a client certificate, and impersonates, as other requests do", async () => {
  const user = { ...certificateUser(testAuthority().client), as: "jane", "as-groups": ["a", "b"] };
  await inPod((port) =>
    forwarding(port, { pod: { certificate: true }, user }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      assert.equal(server.headers.at(-1)?.["impersonate-user"], "jane");
      assert.equal(server.headers.at(-1)?.["impersonate-group"], "a, b");
      await close();
    })
  );
});

Deno.test("a server without a certificate that can be verified is accepted when the kubeconfig says so", async () => {
  const cluster = { "insecure-skip-tls-verify": true, "certificate-authority-data": undefined };
  await inPod((port) =>
    forwarding(port, { cluster }, async (opening) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      await close();
    })
  );
});

Deno.test("a server that speaks v5.channel.k8s.io will do", async () => {
  await inPod((port) =>
    forwarding(port, { pod: { protocol: "v5.channel.k8s.io" } }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});

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

Deno.test("whoever breaks a connection off harms no other", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, failure, close } = await opening;
      const port = Number(new URL(url).port);
      // At once, and when the pod has answered.
      for (const moment of ["connect", "data"]) {
        const broken = net.connect(port, "127.0.0.1");
        const gone = new Promise((resolve) => broken.once("close", resolve));
        broken.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        await new Promise((resolve) => broken.once(moment, resolve));
        broken.resetAndDestroy();
        await gone;
      }
      assert.equal(await fetchText(url), "GET / ");
      assert.equal(failure(), undefined);
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});

Deno.test("close ends connections that are open, and that are being opened", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, close } = await opening;
      const idle = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
      await until(() => server.requests.length === 3);
      server.pod.refuse = 0;
      const asked = assert.rejects(fetchText(url));
      await until(() => server.requests.length === 4);
      await close();
      await asked;
      await until(() => server.connections.size === 0);
      idle.close();
    })
  );
});

Deno.test("a connection that can't be opened ends within the limit", async () => {
  await forwarding(1, { options: { timeoutMs: 500 } }, async (opening, server) => {
    const { url, failure, close } = await opening;
    server.pod.refuse = 0;
    const started = performance.now();
    await assert.rejects(fetchText(url));
    assert(performance.now() - started < 3000);
    assert.equal(failure()?.kind, "timeout");
    await close();
  });
});

Deno.test("a pod that does not run, or is not there", async () => {
  const options = { timeoutMs: 500 };
  await forwarding(1, { pod: { phase: "Pending" }, options }, async (opening, server) => {
    assert.deepEqual(await failureOf(opening), {
      kind: "unreachable",
      message:
        "Pod external-secrets/onepassword-connect-0 does not run: its phase is Pending. Next: kubectl --context " +
        "test -n external-secrets describe pod onepassword-connect-0",
    });
    assert.equal(server.requests.length, 1);
    // The time for opening passes, and nobody waits for it any more.
    await new Promise((resolve) => setTimeout(resolve, 600));
  });
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

Deno.test("opening that is never answered ends within the limit", async () => {
  await forwarding(1, { pod: { refuse: 0 }, options: { timeoutMs: 300 } }, async (opening) => {
    const started = performance.now();
    const failure = await failureOf(opening);
    assert(performance.now() - started < 3000);
    assert.equal(failure.kind, "timeout");
    assert.match(
      failure.message,
      /was not opened within 0\.3 s\. Next: look at its node: kubectl .* -o wide$/,
    );
  });
});

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

Deno.test("the caller's signal ends opening, and what was opened", async () => {
  const reason = new Interrupted("Ctrl-C");
  const before = AbortSignal.abort(reason);
  await forwarding(1, { options: { signal: before } }, async (opening, server) => {
    await assert.rejects(opening, (error) => error === reason);
    assert.deepEqual(server.requests, []);
  });
  for (const [pod, requests] of [[{ phase: "held" }, 1], [{ refuse: 0 }, 2]] as const) {
    const during = new AbortController();
    await forwarding(1, { pod, options: { signal: during.signal } }, async (opening, server) => {
      const ended = assert.rejects(opening, (error) => error === reason);
      await until(() => server.requests.length === requests);
      const abortedAt = performance.now();
      during.abort(reason);
      await ended;
      assert(performance.now() - abortedAt < 2000, "it waited for the time limit");
      await until(() => server.connections.size === 0);
    });
  }
  const after = new AbortController();
  await inPod((port) =>
    forwarding(port, { options: { signal: after.signal } }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      after.abort(reason);
      await assert.rejects(fetchText(url));
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});
