import assert from "node:assert/strict";
import { errorBodyOf, nessieApi } from "../../lib/clients/nessie/client.ts";
import { icebergRest } from "../../lib/clients/iceberg_rest.ts";
import { givenConnection } from "../../lib/clients/kubernetes/service_connection.ts";
import type { FailureKind } from "../../lib/engine/model.ts";
import { serveFake, testAuthority } from "../fakes/api_server.ts";
import { against, failing } from "./catalog_fixture.ts";
import { PATIENT_MS } from "../patience.ts";

const html = (status: number) => new Response("<!doctype html><html>hello</html>", { status });

/** What answers instead of a catalog, and what it is called. */
const ANSWERS: [title: string, answer: () => Response, kind: FailureKind, words: RegExp][] = [
  [
    "301",
    () =>
      new Response(null, {
        status: 301,
        headers: { location: "https://new.example.com/api/v2/config?token=x" },
      }),
    "unreachable",
    /HTTP 301 and points to https:\/\/new\.example\.com\/api\/v2\/config\. Next: give that with --url/,
  ],
  [
    "307 without a place",
    () => new Response(null, { status: 307 }),
    "unreachable",
    /HTTP 307 and points elsewhere, and does not say where/,
  ],
  ["401 of a proxy", () => html(401), "unauthorized", /wants a login \(HTTP 401\)/],
  ["403 of a proxy", () => html(403), "forbidden", /does not allow it \(HTTP 403, with a web page\)/],
  [
    "404 of something else",
    () => html(404),
    "malformed",
    /answers HTTP 404 with a web page, as no Nessie does\. Next: check the address/,
  ],
  [
    "502 of a proxy",
    () => html(502),
    "unreachable",
    /HTTP 502 with a web page: a proxy stands between, or the catalog is not ready/,
  ],
  ["503 and nothing", () => new Response("", { status: 503 }), "unreachable", /HTTP 503 with nothing/],
  [
    "500 and a text",
    () => new Response("oops", { status: 500 }),
    "server-error",
    /HTTP 500 with something else\. Next: look at the logs/,
  ],
  [
    "200 and a web page",
    () => html(200),
    "malformed",
    /answers with a web page instead of JSON\. It may be no Nessie/,
  ],
  ["200 and nothing", () => new Response(""), "malformed", /the answer of .* is empty/],
  [
    "200 and cut JSON",
    () => new Response('{"defaultBranch": "ma'),
    "malformed",
    /answers with something else instead of JSON/,
  ],
  [
    "200 and other JSON",
    () => Response.json({ swagger: "2.0" }),
    "malformed",
    /is not what its API promises: \.defaultBranch is missing/,
  ],
  [
    "200 and another type",
    () => Response.json({ defaultBranch: 7 }),
    "malformed",
    /\.defaultBranch is a number, expected string/,
  ],
  [
    "401 of Nessie",
    () => Response.json({ status: 401, errorCode: "UNAUTHORIZED", message: "who?" }, { status: 401 }),
    "unauthorized",
    /wants a valid token \(the catalog says 401 UNAUTHORIZED: who\?\)/,
  ],
  [
    "403 of Nessie",
    () => Response.json({ status: 403, errorCode: "FORBIDDEN", message: "no" }, { status: 403 }),
    "forbidden",
    /403 FORBIDDEN: no\)\. Next: grant it/,
  ],
  [
    "429 of Nessie",
    () => Response.json({ status: 429, errorCode: "TOO_MANY_REQUESTS", message: "slow" }, { status: 429 }),
    "server-error",
    /too many requests/,
  ],
  [
    "503 of Nessie",
    () => Response.json({ status: 503, errorCode: "SERVICE_UNAVAILABLE", message: "db" }, { status: 503 }),
    "server-error",
    /503 SERVICE_UNAVAILABLE: db\. Next: look at the logs/,
  ],
];

for (const [title, answer, kind, words] of ANSWERS) {
  Deno.test(`a catalog that answers with ${title} is told in words`, async () => {
    await against(answer, async (api) => {
      const failure = await failing(api.config());
      assert.match(failure.message, words);
      assert.equal(failure.kind, kind);
      assert.match(failure.message, /^could not read the configuration of Nessie: /);
    });
  });
}

Deno.test("what the server says stays on one line, and is cut", async () => {
  const message = `a\nb\u001b[31m${"x".repeat(5000)}`;
  await against(() => Response.json({ errorCode: "UNKNOWN", message }, { status: 500 }), async (api) => {
    const failure = await failing(api.config());
    assert.ok(
      failure.message.length <= 500 && !["\n", "\u001b"].some((one) => failure.message.includes(one)),
      failure.message,
    );
  });
});

Deno.test("a server that gives no answer in time is told, and that a write may have been done", async () => {
  const late = Promise.withResolvers<void>();
  await against(() => late.promise.then(() => new Response("")), async (api) => {
    assert.match(
      (await failing(api.config())).message,
      /gave no answer within 0\.2 s\. Next: .*raise --timeout/,
    );
    const main = { type: "BRANCH" as const, name: "main", hash: "ab" };
    const { kind, message } = await failing(api.create("BRANCH", "x", main));
    assert.equal(kind, "timeout");
    assert.match(message, /It may have been done nevertheless/);
    late.resolve();
  }, { timeoutMs: 200 });
});

/** A server that speaks no HTTP worth the name: it says this to whoever connects, and hangs up. */
async function againstBytes(bytes: string, use: (url: string) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    for await (const connection of listener) {
      try {
        await connection.read(new Uint8Array(4096));
        if (bytes) await connection.write(new TextEncoder().encode(bytes));
        connection.close();
      } catch {
        // Who connects may hang up first.
      }
    }
  })();
  try {
    await use(`127.0.0.1:${listener.addr.port}`);
  } finally {
    listener.close();
    await serving;
  }
}

async function configOf(url: string): Promise<{ kind: string; message: string }> {
  const connection = givenConnection("--url", url);
  try {
    return await failing(nessieApi({ connection, timeoutMs: PATIENT_MS }).config());
  } finally {
    await connection.close();
  }
}

Deno.test("a body that is cut is told as that", async () => {
  await againstBytes('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{"defaultBranch"', async (at) => {
    const { kind, message } = await configOf(`http://${at}`);
    assert.equal(kind, "unreachable");
    assert.match(
      message,
      /the connection to http:\/\/127\.0\.0\.1:\d+ broke off before the answer was whole/,
    );
  });
});

Deno.test("a port that hangs up at once, and one that is closed, are told apart", async () => {
  let closed = "";
  await againstBytes("", async (at) => {
    closed = at;
    assert.match((await configOf(`http://${at}`)).message, /broke off before the answer was whole/);
  });
  assert.match(
    (await configOf(`http://${closed}`)).message,
    /nothing listens at http:\/\/127\.0\.0\.1:\d+\. Next/,
  );
});

Deno.test("https where http is spoken is told", async () => {
  await againstBytes("HTTP/1.1 400 Bad Request\r\n\r\n", async (at) => {
    const { message } = await configOf(`https://${at}`);
    assert.match(message, /does not speak the protocol of its address\. Next: try http instead of https/);
  });
});

Deno.test("a port that fetch never asks is told", async () => {
  assert.match(
    (await configOf("http://127.0.0.1:1")).message,
    /127\.0\.0\.1:1 is at a port that is never asked over HTTP/,
  );
});

Deno.test("a name that can't be resolved is told", async () => {
  const { kind, message } = await configOf("https://nessie.invalid");
  assert.equal(kind, "unreachable");
  assert.match(message, /the name in https:\/\/nessie\.invalid can't be resolved/);
});

Deno.test("the Iceberg catalog's own errors keep their type", async () => {
  const error = { message: "Table does not exist: a.b", type: "NoSuchTableException", code: 404 };
  await against(() => Response.json({ error }, { status: 404 }), async (_api, asked, options) => {
    const rest = icebergRest({ ...options, prefix: "main@ab|w" });
    const why = await rest.loadTable({ namespace: ["a", "x.y"], name: "b/c" }).catch((one) => one);
    assert.deepEqual(errorBodyOf(why), {
      status: 404,
      code: "NoSuchTableException",
      message: error.message,
      conflicts: [],
    });
    assert.deepEqual(asked.requests, ["GET /iceberg/v1/main@ab|w/namespaces/a\u001fx.y/tables/b/c"]);
  });
});

Deno.test("lists of the Iceberg catalog are read to their last page, and no circle is followed", async () => {
  const pages = [{ namespaces: [["a"]], "next-page-token": "t" }, { namespaces: [["b"]] }];
  await against((_request, nth) => Response.json(pages[nth]), async (_api, asked, options) => {
    assert.deepEqual(await icebergRest({ ...options, prefix: "main" }).namespaces(), [["a"], ["b"]]);
    assert.deepEqual(asked.requests.map((one) => one.replace(/.*namespaces/, "")), ["", "?pageToken=t"]);
  });
  await against(() => Response.json(pages[0]), async (_api, _asked, options) => {
    const { message } = await failing(icebergRest({ ...options, prefix: "main" }).namespaces(["a"]));
    assert.match(message, /leads back to itself/);
  });
});

Deno.test("an Iceberg configuration that is none is told", async () => {
  await against(() => Response.json({ a: 1 }), async (_api, _asked, options) => {
    const { message } = await failing(icebergRest({ ...options, prefix: "main" }).config());
    assert.match(message, /\.defaults is missing/);
  });
});

Deno.test("a certificate of another CA, one that has expired and one for another name are told apart", async () => {
  const { ca, server, expiredServer, namedServer } = testAuthority();
  const cases = [
    [server, undefined, /is signed by no CA that this machine trusts/],
    [expiredServer, ca, /has expired or is not valid yet/],
    [namedServer, ca, /is for another name/],
  ] as const;
  for (const [pair, trusted, words] of cases) {
    await using fake = serveFake(() => new Response("{}"), pair);
    const connection = givenConnection("--url", fake.url, trusted);
    try {
      const { kind, message } = await failing(nessieApi({ connection, timeoutMs: PATIENT_MS }).config());
      assert.equal(kind, "certificate");
      assert.match(message, words);
    } finally {
      await connection.close();
    }
  }
});
