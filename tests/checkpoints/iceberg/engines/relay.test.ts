/** What goes through the relay, whom it leads to, and how it loses an answer. */
import assert from "node:assert/strict";
import { PATIENT_MS } from "../../../patience.ts";
import {
  openRelay,
  type Relay,
  relayedUrl,
  type RelayOptions,
} from "../../../../lib/checkpoints/iceberg/engines/relay.ts";
import {
  givenConnection,
  type ServiceConnection,
} from "../../../../lib/clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { testAuthority } from "../../../fakes/api_server.ts";

const NAME = "http://catalog.lake.svc.cluster.local:19120";

interface Seen {
  method: string;
  url: string;
  host: string | null;
  body: string;
}

interface Scene {
  relay: Relay;
  /** Through the relay, as a program that was given it as its proxy. */
  ask(url: string, init?: RequestInit): Promise<Response>;
  seen: Seen[];
}

/** A service that is called NAME in its cluster, and a relay to it. */
async function withRelay(
  use: (scene: Scene) => Promise<void>,
  answer: (request: Request) => Response | Promise<Response> = () => new Response("hello"),
  more: Partial<RelayOptions> = {},
): Promise<void> {
  const seen: Seen[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    seen.push({
      method,
      url: new URL(url).pathname + new URL(url).search,
      host: headers.get("host"),
      body: await request.clone().text(),
    });
    return await answer(request);
  });
  const connection: ServiceConnection = {
    url: NAME,
    client: Deno.createHttpClient({
      proxy: { transport: "tcp", hostname: "127.0.0.1", port: server.addr.port },
    }),
    how: "direct",
    words: "at the Service's own address",
    failure: () => undefined,
    close: () => Promise.resolve(),
  };
  const relay = await openRelay({ connections: [connection], timeoutMs: PATIENT_MS, ...more });
  const client = Deno.createHttpClient({ proxy: { url: relay.url } });
  try {
    await use({ relay, seen, ask: (url, init) => fetch(url, { ...init, client }) });
  } finally {
    client.close();
    await relay.close();
    connection.client.close();
    await server.shutdown();
  }
}

/** All bytes that come back until the connection is closed: fetch would ask again by itself. */
async function rawAnswer(relay: Relay, line: string, body: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(relay.url).port) });
  const request = `${line}\r\nhost: ${new URL(NAME).host}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text().catch(() => "");
}

Deno.test("a request keeps its method, path, query, host and body, and its answer status, headers and body", () =>
  withRelay(async ({ ask, seen }) => {
    const said = await ask(`${NAME}/v1/a%7Cb/t?x=%2F`, { method: "POST", body: "sent" });
    assert.deepEqual([said.status, said.headers.get("x-own"), await said.text()], [409, "yes", "taken"]);
    const host = new URL(NAME).host;
    assert.deepEqual(seen, [{ method: "POST", url: "/v1/a%7Cb/t?x=%2F", host, body: "sent" }]);
  }, () => new Response("taken", { status: 409, headers: { "x-own": "yes" } })));

Deno.test("HEAD tells the length of what it gives no byte of", () =>
  withRelay(async ({ ask }) => {
    const said = await ask(`${NAME}/f`, { method: "HEAD" });
    assert.equal(said.headers.get("content-length"), "5");
    await said.body?.cancel();
  }));

Deno.test("no header of one connection is passed on, and a range is", () =>
  withRelay(async ({ ask }) => {
    const said = await ask(`${NAME}/f`, { headers: { range: "bytes=0-3", authorization: "AWS4 x" } });
    const headers = await said.json();
    assert.equal(headers.range, "bytes=0-3");
    assert.equal(headers.authorization, "AWS4 x");
    assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith("proxy-")), []);
    // With a range fetch asks for that by itself.
    const plain = await (await ask(`${NAME}/f`, { headers: { "accept-encoding": "gzip" } })).json();
    assert.equal(plain["accept-encoding"], "identity");
  }, (request) => Response.json(Object.fromEntries(request.headers))));

Deno.test("it leads to no other host", () =>
  withRelay(async ({ ask, seen }) => {
    const said = await ask("http://169.254.169.254/latest/meta-data");
    assert.equal(said.status, 502);
    assert.match(
      (await said.json()).error.message,
      /nothing is asked through this relay at 169\.254\.169\.254/,
    );
    assert.deepEqual(seen, []);
  }));

Deno.test("a path is asked for as it is rewritten", () =>
  withRelay(
    async ({ ask, seen }) => {
      await (await ask(`${NAME}/from?x`)).text();
      assert.deepEqual(seen.map(({ url }) => url), ["/to?x"]);
    },
    undefined,
    { rewrite: (path) => path.replace("from", "to") },
  ));

Deno.test("an answer that is lost was given there, is seen by nobody, and is one", () =>
  withRelay(async ({ relay, ask, seen }) => {
    const lost = relay.loseAnswer("POST", /\/commit$/);
    await (await ask(`${NAME}/v1/commit`)).text();
    assert.equal(lost.happened(), false, "GET is not what was to be lost");
    assert.equal(await rawAnswer(relay, `POST ${NAME}/v1/commit HTTP/1.1`, "1"), "");
    assert.equal(lost.happened(), true);
    const again = await ask(`${NAME}/v1/commit`, { method: "POST", body: "2" });
    assert.equal(await again.text(), "hello");
    assert.deepEqual(seen.map(({ body }) => body), ["", "1", "2"]);
  }));

Deno.test("an answer that was to be lost is not, once that is cancelled", () =>
  withRelay(async ({ relay, ask }) => {
    const lost = relay.loseAnswer("GET", /./);
    lost.cancel();
    assert.equal(await (await ask(`${NAME}/x`)).text(), "hello");
    assert.equal(lost.happened(), false);
  }));

Deno.test("a service that gives no answer in time is told as a bad gateway", () =>
  withRelay(async ({ ask }) => {
    const said = await ask(`${NAME}/x`);
    assert.equal(said.status, 502);
    assert.match((await said.json()).error.message, /gave no answer within 0\.1 s/);
  }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return new Response("late");
  }, { timeoutMs: 100 }));

Deno.test("closing it cuts what is open, twice does no harm, and nobody listens any more", async () => {
  const waiting = Promise.withResolvers<void>();
  await withRelay(async ({ relay, ask }) => {
    const asked = assert.rejects(() => ask(`${NAME}/x`));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await relay.close();
    await relay.close();
    await asked;
    await assert.rejects(() =>
      Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(relay.url).port) })
    );
    waiting.resolve();
  }, async () => {
    await waiting.promise;
    return new Response("late");
  });
});

Deno.test("over https the relay checks the certificate, and clients ask in plain http", async () => {
  const { ca, server: tls } = testAuthority();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, ...tls },
    () => new Response("safe"),
  );
  const url = `https://127.0.0.1:${server.addr.port}`;
  const [good, bad] = [givenConnection("--url", url, ca), givenConnection("--url", url)];
  try {
    assert.equal(relayedUrl(good), url.replace("https", "http"));
    for (const [connection, status] of [[good, 200], [bad, 502]] as const) {
      const relay = await openRelay({ connections: [connection], timeoutMs: PATIENT_MS });
      const client = Deno.createHttpClient({ proxy: { url: relay.url } });
      const said = await fetch(`${relayedUrl(connection)}/x`, { client });
      assert.equal(said.status, status, await said.text());
      client.close();
      await relay.close();
    }
  } finally {
    await Promise.all([good.close(), bad.close()]);
    await server.shutdown();
  }
});

Deno.test("one host over both http and https can't be told apart", async () => {
  const both = [
    givenConnection("--url", "http://lake.example:8080"),
    givenConnection("--url", "https://lake.example:8080"),
  ];
  await assert.rejects(() => openRelay({ connections: both, timeoutMs: 100 }), CannotLook);
  for (const one of both) await one.close();
});
