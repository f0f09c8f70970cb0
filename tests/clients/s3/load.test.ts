import assert from "node:assert/strict";
import { loadClient } from "../../../lib/clients/s3/load.ts";
import { givenConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../../lib/engine/errors.ts";
import { PATIENT_MS } from "../../patience.ts";

const KEYS = { accessKeyId: "AKIDOFTESTS", secretAccessKey: "secret-of-tests" };
const still = new AbortController().signal;

async function withStore(
  answer: (request: Request) => Response | Promise<Response>,
  use: (client: ReturnType<typeof loadClient>, url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answer);
  const connection = givenConnection("--url", `http://127.0.0.1:${server.addr.port}`);
  try {
    await use(
      loadClient({ connection, keys: KEYS, region: "us-east-1", timeoutMs: PATIENT_MS }),
      connection.url,
    );
  } finally {
    await connection.close();
    await server.shutdown();
  }
}

const error = (status: number, code: string, message: string) =>
  new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`, {
    status,
  });

for (const bytes of [0, 1, 4096, 70_000, 5_000_000]) {
  Deno.test(`a body of ${bytes} bytes is drained and counted`, () =>
    withStore(() => new Response(new Uint8Array(bytes)), async (client, url) => {
      for (let again = 0; again < 3; again++) {
        assert.equal(await client.send({ method: "GET", url, expect: bytes }, still), bytes);
      }
      assert.equal(await client.send({ method: "GET", url }, still), bytes);
    }));
}

Deno.test("what is sent is counted too", () =>
  withStore(async (request) => (await request.bytes(), new Response(null)), async (client, url) => {
    assert.equal(await client.send({ method: "PUT", url, body: new Uint8Array(3000) }, still), 3000);
  }));

Deno.test("an answer of another length is a cut body, large or small", () =>
  withStore(() => new Response(new Uint8Array(100_000)), async (client, url) => {
    for (const expect of [4096, 200_000]) {
      const said = await client.send({ method: "GET", url, expect }, still);
      assert.deepEqual(said, { kind: "CutBody", words: `GET gave 100000 bytes where ${expect} were stored` });
    }
  }));

Deno.test("SlowDown is told apart from what is broken, also when a proxy says it", async () => {
  await withStore(() => error(503, "SlowDown", "Please reduce your request rate."), async (client, url) => {
    assert.deepEqual(await client.send({ method: "PUT", url }, still), {
      kind: "SlowDown",
      words: "PUT gave HTTP 503 SlowDown: Please reduce your request rate.",
    });
  });
  await withStore(() => new Response("too many", { status: 429 }), async (client, url) => {
    assert.deepEqual(await client.send({ method: "GET", url }, still), {
      kind: "SlowDown",
      words: "GET gave HTTP 429",
    });
  });
  await withStore(() => error(500, "InternalError", "oops"), async (client, url) => {
    const said = await client.send({ method: "GET", url }, still);
    assert.deepEqual(said, {
      kind: "HTTP 500 InternalError",
      words: "GET gave HTTP 500 InternalError: oops",
    });
  });
});

Deno.test("no key that a server says gets into the words", () =>
  withStore(() => error(403, "InvalidAccessKeyId", `no key ${KEYS.accessKeyId}`), async (client, url) => {
    assert.doesNotMatch(JSON.stringify(await client.send({ method: "GET", url }, still)), /AKIDOFTESTS/);
  }));

Deno.test("a redirect is not followed: it is a refusal", () =>
  withStore(() => Response.redirect("http://127.0.0.1:1/elsewhere", 307), async (client, url) => {
    assert.equal((await client.send({ method: "GET", url }, still) as { kind: string }).kind, "HTTP 307");
  }));

Deno.test("a store that nobody reaches could not be looked at", async () => {
  const connection = givenConnection("--url", "http://127.0.0.1:1");
  const client = loadClient({ connection, keys: KEYS, region: "us-east-1", timeoutMs: PATIENT_MS });
  await assert.rejects(client.send({ method: "GET", url: `${connection.url}/b/k` }, still), CannotLook);
  await connection.close();
});

Deno.test("a request that is ended ends, before its answer and in the middle of it", async () => {
  let sent: (() => void) | undefined;
  await withStore(({ url }) => {
    if (url.endsWith("/silent")) return new Promise((resolve) => sent = () => resolve(new Response()));
    return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(100_000)) }));
  }, async (client, url) => {
    for (const path of ["/silent", "/half"]) {
      const controller = new AbortController();
      const going = client.send({ method: "GET", url: url + path }, controller.signal);
      setTimeout(() => controller.abort(), 50);
      await assert.rejects(going, CannotLook);
    }
    sent?.();
  });
});
