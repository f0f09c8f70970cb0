import assert from "node:assert/strict";
import { connectApi } from "../../../lib/clients/onepassword/client.ts";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import { againstConnect, connectError, connectFailure, ITEM, TOKEN, VALUE, VAULT } from "./fixture.ts";

/** As the published specification shows an item, with more than is kept. */
const FULL = {
  id: ITEM,
  title: "s3 keys",
  vault: { id: VAULT, name: "lakehouse" },
  category: "API_CREDENTIAL",
  favorite: false,
  tags: ["lakecheck"],
  version: 3,
  state: "ARCHIVED",
  createdAt: "2026-11-20T08:00:00Z",
  updatedAt: "2026-11-21T08:00:00Z",
  lastEditedBy: "DOIHOHSV2NHK5HMSOLCWJUXFDM",
  urls: [{ primary: true, href: "https://example.com" }],
  sections: [{ id: "95cdbc3b", label: "keys" }],
  fields: [
    { id: "username", type: "STRING", purpose: "USERNAME", label: "access-key", value: "AKIA" },
    {
      id: "r9qx",
      type: "CONCEALED",
      label: "secret-key",
      value: VALUE,
      section: { id: "95cdbc3b" },
      entropy: 1,
    },
    { id: "empty", type: "STRING" },
  ],
  files: [],
};
const SUMMARY = {
  id: ITEM,
  title: "s3 keys",
  vaultId: VAULT,
  category: "API_CREDENTIAL",
  tags: ["lakecheck"],
  version: 3,
  updatedAt: "2026-11-21T08:00:00Z",
};
const FIELDS = [
  { id: "username", type: "STRING", purpose: "USERNAME", label: "access-key", value: "AKIA" },
  { id: "r9qx", type: "CONCEALED", label: "secret-key", value: VALUE, sectionId: "95cdbc3b" },
  { id: "empty", type: "STRING", label: "" },
];

Deno.test("vaults are listed with the token", async () => {
  const vaults = [{ id: VAULT, name: "lakehouse", items: 7, type: "USER_CREATED" }];
  await againstConnect(() => Response.json(vaults), async (api, connect) => {
    assert.deepEqual(await api.vaults(), [{ id: VAULT, name: "lakehouse" }]);
    assert.deepEqual(connect.requests, ["GET /v1/vaults"]);
    assert.equal(connect.headers[0]?.get("authorization"), `Bearer ${TOKEN}`);
  });
});

Deno.test("items are searched by their exact title", async () => {
  const found = [FULL, { ...FULL, title: "S3 keys" }];
  await againstConnect(() => Response.json(found), async (api, connect) => {
    assert.deepEqual(await api.items(VAULT, "s3 keys"), [SUMMARY]);
    assert.equal((await api.items(VAULT)).length, 2);
    assert.deepEqual(connect.requests, [
      `GET /v1/vaults/${VAULT}/items?filter=title eq "s3 keys"`,
      `GET /v1/vaults/${VAULT}/items`,
    ]);
  });
});

Deno.test("a title with quotes is searched for here, and not by a filter", async () => {
  for (const title of ['a "b"', "it's", "a\\b"]) {
    await againstConnect(() => Response.json([FULL, { ...FULL, title }]), async (api, connect) => {
      assert.deepEqual((await api.items(VAULT, title)).map((one) => one.title), [title]);
      assert.deepEqual(connect.requests, [`GET /v1/vaults/${VAULT}/items`]);
    });
  }
});

Deno.test("an item is read with its fields", async () => {
  await againstConnect(() => Response.json(FULL), async (api, connect) => {
    assert.deepEqual(await api.item(VAULT, ITEM), { ...SUMMARY, fields: FIELDS });
    assert.deepEqual(connect.requests, [`GET /v1/vaults/${VAULT}/items/${ITEM}`]);
  });
});

Deno.test("ids go into the path as one part of it", async () => {
  await againstConnect(() => connectError(400, "Invalid Vault UUID"), async (api, connect) => {
    await connectFailure(api.item("../x?", "a/b"));
    assert.deepEqual(connect.requests, ["GET /v1/vaults/..%2Fx%3F/items/a%2Fb"]);
  });
});

Deno.test("an item is created in its vault", async () => {
  const fields = [{ label: "secret-key", type: "CONCEALED", value: VALUE }];
  await againstConnect(() => Response.json(FULL), async (api, connect) => {
    const made = await api.create(VAULT, {
      title: "s3 keys",
      category: "API_CREDENTIAL",
      tags: ["t"],
      fields,
    });
    assert.equal(made.id, ITEM);
    assert.deepEqual(connect.requests, [`POST /v1/vaults/${VAULT}/items`]);
    assert.deepEqual(connect.bodies, [
      { title: "s3 keys", category: "API_CREDENTIAL", tags: ["t"], fields, vault: { id: VAULT } },
    ]);
    assert.equal(connect.headers[0]?.get("content-type"), "application/json");
  });
});

Deno.test("an item is changed by JSON Patch", async () => {
  const operations = [{ op: "replace", path: "/fields/r9qx/value", value: VALUE }] as const;
  await againstConnect(() => Response.json(FULL), async (api, connect) => {
    assert.equal((await api.patch(VAULT, ITEM, operations)).version, 3);
    assert.deepEqual(connect.requests, [`PATCH /v1/vaults/${VAULT}/items/${ITEM}`]);
    assert.deepEqual(connect.bodies, [operations]);
  });
});

Deno.test("429 is asked once more when Retry-After fits in the limit", async () => {
  const busy = (after: string) => connectError(429, "Too many requests", { "retry-after": after });
  const answers = [busy("0"), Response.json([])];
  await againstConnect(() => answers.shift() ?? new Response(), async (api, connect) => {
    assert.deepEqual(await api.vaults(), []);
    assert.equal(connect.requests.length, 2);
  });
  await againstConnect(() => busy("0"), async (api, connect) => {
    await connectFailure(api.vaults());
    assert.equal(connect.requests.length, 2);
  });
  await againstConnect(() => busy("3600"), async (api, connect) => {
    await connectFailure(api.vaults());
    assert.equal(connect.requests.length, 1);
  });
});

Deno.test("the caller's signal ends a call as its own reason, in a wait too", async () => {
  const reason = new Interrupted("Ctrl-C");
  for (const after of [undefined, "4"]) {
    const stop = new AbortController();
    const held = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    await againstConnect(() => {
      arrived.resolve();
      return after ? connectError(429, "busy", { "retry-after": after }) : held.promise;
    }, async (api) => {
      const ended = assert.rejects(api.vaults(), (error) => error === reason);
      await arrived.promise;
      await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort(reason);
      await ended;
      held.resolve(new Response());
    }, { signal: stop.signal });
  }
  await againstConnect(() => new Response(), async (api, connect) => {
    await assert.rejects(api.vaults(), Interrupted);
    assert.deepEqual(connect.requests, []);
  }, { signal: AbortSignal.abort() });
});

Deno.test("a token with a line break, and an address that is none, are usage errors that quote neither", () => {
  const url = "http://127.0.0.1:8080";
  for (const token of ["", `${TOKEN}\n`, `${TOKEN} x`, "żeton"]) {
    assert.throws(
      () => connectApi({ url, token, timeoutMs: 1 }),
      (error) =>
        error instanceof UsageError && !error.message.includes("canary") && / Next: /.test(error.message),
    );
  }
  for (const bad of ["", "connect:8080", "ftp://connect", "http://canary:canary@connect"]) {
    assert.throws(
      () => connectApi({ url: bad, token: TOKEN, timeoutMs: 1 }),
      (error) =>
        error instanceof UsageError && !error.message.includes("canary") && / Next: /.test(error.message),
    );
  }
});

Deno.test("the HTTP_PROXY of the environment does not get the token", async () => {
  const seen: string[] = [];
  const stop = new AbortController();
  const proxy = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    (request) => {
      seen.push(request.url);
      return Response.json([]);
    },
  );
  await againstConnect(() => Response.json([{ id: VAULT, name: "lakehouse" }]), async (_api, { url }) => {
    const client = new URL("../../../lib/clients/onepassword/client.ts", import.meta.url).href;
    const code = `import { connectApi } from ${JSON.stringify(client)};
      const api = connectApi({ url: ${JSON.stringify(url)}, token: "x.y.z", timeoutMs: 120000 });
      console.log(JSON.stringify(await api.vaults()));`;
    const address = `http://127.0.0.1:${proxy.addr.port}`;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-net=127.0.0.1",
        `data:application/typescript,${encodeURIComponent(code)}`,
      ],
      env: { HTTP_PROXY: address, http_proxy: address },
    });
    const { stdout, stderr } = await child.output();
    assert.equal(
      new TextDecoder().decode(stdout),
      `[{"id":"${VAULT}","name":"lakehouse"}]\n`,
      new TextDecoder().decode(stderr),
    );
  });
  stop.abort();
  await proxy.finished;
  assert.deepEqual(seen, []);
});
