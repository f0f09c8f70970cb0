import assert from "node:assert/strict";
import { closedPort } from "../../fakes/api_server.ts";
import { connectApi } from "../../../lib/clients/onepassword/client.ts";
import { againstConnect, connectError, connectFailure, ITEM, TOKEN, VALUE, VAULT } from "./fixture.ts";
import { PATIENT_MS } from "../../patience.ts";

const NEW = {
  title: "s3 keys",
  category: "API_CREDENTIAL",
  fields: [{ label: "secret-key", type: "CONCEALED", value: VALUE }],
};

Deno.test("400 gives Connect's words without the value that was sent", async () => {
  const quoting = (value: string) => () =>
    connectError(400, `Invalid value ${JSON.stringify(value)} for field`);
  for (const value of [VALUE, btoa(VALUE)]) {
    await againstConnect(quoting(value), async (api) => {
      const message = `1Password Connect says 400: Invalid value "…" for field. Next: correct what was given`;
      assert.deepEqual(await connectFailure(api.create(VAULT, NEW)), {
        kind: "server-error",
        message: `could not create an item in vault ${VAULT}: ${message}`,
      });
      const operations = [{ op: "replace", path: "/fields/x/value", value: VALUE }] as const;
      assert.equal(
        (await connectFailure(api.patch(VAULT, ITEM, operations))).message,
        `could not change item ${ITEM} of vault ${VAULT}: ${message}`,
      );
    });
  }
});

Deno.test("401 says that the token is not accepted, without the token", async () => {
  await againstConnect(() => connectError(401, `Invalid token signature: ${TOKEN}`), async (api) => {
    assert.deepEqual(await connectFailure(api.vaults()), {
      kind: "unauthorized",
      message:
        "could not list the vaults: it does not accept the token (1Password Connect says 401: Invalid token signature: " +
        "…). Next: issue a token for this Connect server in 1Password and give it to deno task 1p:install --token FILE",
    });
  });
});

Deno.test("403 tells a token that does not open the vault from one that may not write to it", async () => {
  await againstConnect(() => connectError(403, `vault ${VAULT} is not in scope`), async (api) => {
    const reading = await connectFailure(api.items(VAULT));
    assert.equal(reading.kind, "forbidden");
    assert.equal(
      reading.message,
      `could not list the items of vault ${VAULT}: the token does not open it (1Password Connect says 403: vault ` +
        `${VAULT} is not in scope). Next: issue a token for this Connect server in 1Password and give it to deno task ` +
        "1p:install --token FILE",
    );
    assert.match(
      (await connectFailure(api.create(VAULT, NEW))).message,
      /: the token does not allow writing to it \(1Password/,
    );
  });
});

Deno.test("404 says that it is not there", async () => {
  await againstConnect(() => connectError(404, `item ${ITEM} not found`), async (api) => {
    assert.deepEqual(await connectFailure(api.item(VAULT, ITEM)), {
      kind: "not-installed",
      message:
        `could not read item ${ITEM} of vault ${VAULT}: it is not there (1Password Connect says 404: item ${ITEM} ` +
        "not found). Next: look for it in 1Password; what is new there takes Connect a moment",
    });
  });
});

Deno.test("429 says how long to wait", async () => {
  await againstConnect(
    () => connectError(429, "Too many requests", { "retry-after": "3600" }),
    async (api) => {
      assert.deepEqual(await connectFailure(api.vaults()), {
        kind: "server-error",
        message:
          "could not list the vaults: too many requests (1Password Connect says 429: Too many requests); it asks to " +
          "wait 3600 s. Next: wait, then see with deno task 1p:status what reads so much",
      });
    },
  );
});

Deno.test("500 points at the logs", async () => {
  const words = "failed to initiate, review the sync container's logs for details";
  await againstConnect(() => connectError(500, words), async (api) => {
    assert.deepEqual(await connectFailure(api.vaults()), {
      kind: "server-error",
      message:
        `could not list the vaults: 1Password Connect says 500: ${words}. Next: look at the logs of its containers ` +
        "connect-api and connect-sync",
    });
  });
});

Deno.test("an error without a message, or with one of several lines, stays one line", async () => {
  await againstConnect(() => connectError(500, "one\ntwo\x1b[31m"), async (api) => {
    assert.match((await connectFailure(api.vaults())).message, /says 500: one two\. Next/);
  });
  await againstConnect(() => connectError(500, ""), async (api) => {
    assert.match((await connectFailure(api.vaults())).message, /says 500: it does not say why\. Next/);
  });
});

Deno.test("a proxy's page is not taken for Connect's answer, and is not quoted", async () => {
  const page = (status: number) => () =>
    new Response("<html><h1>Bad gateway</h1></html>", { status, headers: { "content-type": "text/html" } });
  for (const [status, kind] of [[502, "unreachable"], [403, "malformed"], [302, "malformed"]] as const) {
    await againstConnect(page(status), async (api) => {
      assert.deepEqual(await connectFailure(api.vaults()), {
        kind,
        message:
          `could not list the vaults: HTTP ${status} with a web page where 1Password Connect would say why; a proxy ` +
          "may stand between. Next: check its address, and that it is asked directly",
      });
    });
  }
  await againstConnect(() => Response.json({ error: "no" }, { status: 503 }), async (api) => {
    assert.match((await connectFailure(api.vaults())).message, /HTTP 503 with something else where/);
  });
});

Deno.test("a good answer that is not JSON, or of another shape, is malformed and not quoted", async () => {
  const problems: [string, RegExp][] = [
    ["<html>canary</html>", /of 1Password Connect is not JSON\. Next/],
    ['[{"id":"can', /is not JSON\. Next/],
    ["null", /is empty\. Next/],
    ['{"id":"canary"}', /is not what its API promises: is an object, expected a list\. Next/],
    ['[{"id":7,"name":"canary"}]', /promises: \[0\]\.id is a number, expected string\. Next/],
    ['[{"id":"a"}]', /promises: \[0\]\.name is missing\. Next/],
  ];
  for (const [text, problem] of problems) {
    await againstConnect(() => new Response(text), async (api) => {
      const { kind, message } = await connectFailure(api.vaults());
      assert.equal(kind, "malformed", text);
      assert.match(message, problem);
      assert(!message.includes("canary"));
    });
  }
  const item = { id: ITEM, vault: { id: VAULT }, fields: [{ id: "x", value: ["canary"] }] };
  await againstConnect(() => Response.json(item), async (api) => {
    const { message } = await connectFailure(api.item(VAULT, ITEM));
    assert.match(message, /promises: \.fields\[0\]\.value is a list, expected string\. Next/);
  });
  await againstConnect(() => Response.json({ ...item, vault: {}, fields: [] }), async (api) => {
    assert.match(
      (await connectFailure(api.item(VAULT, ITEM))).message,
      /promises: \.vault\.id is missing\. Next/,
    );
  });
});

Deno.test("an answer that is too slow; what was to be written may have been", async () => {
  const held = Promise.withResolvers<Response>();
  await againstConnect(() => held.promise, async (api) => {
    assert.deepEqual(await connectFailure(api.vaults()), {
      kind: "timeout",
      message:
        "could not list the vaults: 1Password Connect gave no answer within 0.2 s. Next: look at the logs of its " +
        "containers connect-api and connect-sync, or raise --timeout",
    });
    assert.match(
      (await connectFailure(api.create(VAULT, NEW))).message,
      /within 0\.2 s\. It may have been done nevertheless: look into 1Password before doing it again\. Next: /,
    );
    held.resolve(new Response());
  }, { timeoutMs: 200 });
});

Deno.test("a connection that is cut; what was to be written may have been", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  void (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(100));
      await connection.write(
        new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{"id"'),
      );
      connection.close();
    }
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const api = connectApi({ url, token: TOKEN, timeoutMs: PATIENT_MS });
  assert.deepEqual(await connectFailure(api.vaults(), url), {
    kind: "unreachable",
    message:
      "could not list the vaults: the connection to 1Password Connect at URL broke off. Next: look at the logs of " +
      "its containers connect-api and connect-sync",
  });
  assert.match(
    (await connectFailure(api.patch(VAULT, ITEM, []), url)).message,
    /at URL broke off\. It may have been done nevertheless: /,
  );
  listener.close();
});

Deno.test("nothing listens, or the name is not in DNS", async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  assert.deepEqual(
    await connectFailure(connectApi({ url, token: TOKEN, timeoutMs: PATIENT_MS }).vaults(), url),
    {
      kind: "unreachable",
      message:
        "could not list the vaults: nothing listens at URL. Next: check that 1Password Connect runs there",
    },
  );
  const nowhere = connectApi({
    url: "http://no-such-host.invalid:8080",
    token: TOKEN,
    timeoutMs: PATIENT_MS,
    plainHttp: true,
  });
  assert.match(
    (await connectFailure(nowhere.vaults())).message,
    /the name in http:\/\/no-such-host\.invalid:8080 can't/,
  );
});

Deno.test("what a port-forward knows of the broken connection is said", async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  const why = () =>
    ({ kind: "unreachable", message: "nothing listens on port 8080 of Pod x/y. Next: z" }) as const;
  assert.deepEqual(
    await connectFailure(connectApi({ url, token: TOKEN, timeoutMs: PATIENT_MS, why }).vaults()),
    {
      kind: "unreachable",
      message: "could not list the vaults: nothing listens on port 8080 of Pod x/y. Next: z",
    },
  );
});

Deno.test("an answer larger than the limit is not read", async () => {
  await againstConnect(() => new Response(new Uint8Array(33 * 1024 * 1024)), async (api) => {
    assert.match((await connectFailure(api.vaults())).message, /the answer is larger than 32 MiB\. Next: /);
  });
});
