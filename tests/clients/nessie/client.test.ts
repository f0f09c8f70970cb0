import assert from "node:assert/strict";
import {
  catalogRoot,
  errorBodyOf,
  keyPath,
  nessieApi,
  type OwnReference,
} from "../../../lib/clients/nessie/client.ts";
import { Interrupted } from "../../../lib/engine/errors.ts";
import { against, all, failing } from "../catalog_fixture.ts";

const HASH = "ab".repeat(32);
const main = { type: "BRANCH" as const, name: "main", hash: HASH };
const CONFIG = {
  defaultBranch: "main",
  minSupportedApiVersion: 1,
  maxSupportedApiVersion: 2,
  specVersion: "2.2.0",
};

Deno.test("any address of a catalog leads to its root", () => {
  const root = "https://nessie.example.com/x";
  const tails = [
    "",
    "/",
    "/api",
    "/api/v1",
    "/api/v2",
    "/api/v2/",
    "/api/v2/config",
    "/iceberg",
    "/iceberg/v1/config",
  ];
  for (const tail of tails) assert.equal(catalogRoot(`${root}${tail}`), root, tail);
  assert.equal(catalogRoot("http://h/apiary"), "http://h/apiary");
});

Deno.test("a key in a URL has its dots replaced", () => {
  assert.equal(keyPath(["a.b", "c"]), "a\u001db.c");
});

Deno.test("the configuration is read, and the server is told which errors are understood", async () => {
  await against(() => Response.json(CONFIG), async (api, asked) => {
    assert.deepEqual(await api.config(), CONFIG);
    assert.deepEqual(asked.requests, ["GET /api/v2/config"]);
    assert.equal(asked.headers[0]?.get("nessie-client-spec"), "2");
    assert.equal(asked.headers[0]?.get("authorization"), null);
  });
});

Deno.test("a token goes into the header, and never into a message", async () => {
  const token = "canary-nessie-token-0f9a";
  const said = { status: 500, errorCode: "UNKNOWN", message: `no ${token} here` };
  await against(() => Response.json(said, { status: 500 }), async (api, asked) => {
    const { message } = await failing(api.config());
    assert.equal(asked.headers[0]?.get("authorization"), `Bearer ${token}`);
    assert.ok(!message.includes(token), message);
  }, { token });
});

Deno.test("pages follow one another, on the commit that the first one showed", async () => {
  const entry = (name: string) => ({ name: { elements: [name] }, type: "NAMESPACE", contentId: name });
  const pages = [
    { entries: [entry("a"), entry("b")], hasMore: true, token: "t1", effectiveReference: main },
    { entries: [], hasMore: true, token: "t2", effectiveReference: main },
    { entries: [entry("c")], hasMore: false, effectiveReference: main },
  ];
  await against((_request, nth) => Response.json(pages[nth]), async (api, asked) => {
    const got = await all(api.entries("main", { pageSize: 2, below: ["x.y", "z"] }));
    assert.deepEqual(got.map(({ key }) => key[0]), ["a", "b", "c"]);
    const more = "max-records=2";
    assert.deepEqual(asked.requests, [
      `GET /api/v2/trees/main/entries?${more}&prefix-key=x\u001dy.z`,
      `GET /api/v2/trees/main@${HASH}/entries?${more}&page-token=t1&prefix-key=x\u001dy.z`,
      `GET /api/v2/trees/main@${HASH}/entries?${more}&page-token=t2&prefix-key=x\u001dy.z`,
    ]);
  });
});

Deno.test("who takes only the first entry asks for one page", async () => {
  const page = { references: [main, { ...main, name: "dev" }], hasMore: true, token: "t" };
  await against(() => Response.json(page), async (api, asked) => {
    for await (const { name } of api.references()) {
      assert.equal(name, "main");
      break;
    }
    assert.equal(asked.requests.length, 1);
  });
});

Deno.test("pages that run in a circle, or say that more follows and not where, are told", async () => {
  const page = { references: [main], hasMore: true };
  for (
    const [body, words] of [[{ ...page, token: "t" }, /leads back to itself/], [page, /not where/]] as const
  ) {
    await against(() => Response.json(body), async (api) => {
      const { kind, message } = await failing(all(api.references()));
      assert.equal(kind, "malformed");
      assert.match(message, words);
    });
  }
});

Deno.test("a page that is gone under way is told as a change, with what to do", async () => {
  for (const [status, errorCode] of [[404, "REFERENCE_NOT_FOUND"], [400, "BAD_REQUEST"]] as const) {
    await against(
      (_request, nth) =>
        nth === 0
          ? Response.json({ references: [main], hasMore: true, token: "t" })
          : Response.json({ status, errorCode, message: "token" }, { status }),
      async (api) => {
        const { message } = await failing(all(api.references()));
        assert.match(message, /changed while they were read: page 2 is gone .* Next: run it again/);
      },
    );
  }
  await against(
    () => Response.json({ status: 404, errorCode: "REFERENCE_NOT_FOUND", message: "x" }, { status: 404 }),
    async (api) => {
      assert.match(
        (await failing(all(api.entries("dev")))).message,
        /could not list the entries of dev: .* 404 REFERENCE_NOT_FOUND/,
      );
    },
  );
});

Deno.test("snapshot ids go out and come back exact", async () => {
  const id = 3051729675574597004n;
  const answer =
    `{"contents":[{"key":{"elements":["t"]},"content":{"type":"ICEBERG_TABLE","snapshotId":${id}}}]}`;
  await against(
    (request) =>
      request.url.endsWith("/commit")
        ? Response.json({ targetBranch: main, addedContents: [{ key: { elements: ["t"] }, contentId: "c" }] })
        : new Response(answer),
    async (api, asked) => {
      const content = { type: "ICEBERG_TABLE", snapshotId: id };
      const made = await api.commit("main", HASH, "m", [{ type: "PUT", key: ["t"], content }]);
      assert.deepEqual(made, { branch: main, added: [{ key: ["t"], contentId: "c" }] });
      assert.ok(asked.bodies[0]?.includes(`"snapshotId":${id}`), "rounded");
      assert.deepEqual(await api.contents("main", [["t"]]), [{ key: ["t"], content }]);
      assert.equal(asked.requests[0], `POST /api/v2/trees/main@${HASH}/history/commit`);
    },
  );
});

Deno.test("a conflict keeps its type and its keys", async () => {
  const conflicts = [{
    conflictType: "VALUE_DIFFERS",
    key: { elements: ["shop", "orders"] },
    message: "differs",
  }];
  const body = {
    status: 409,
    errorCode: "REFERENCE_CONFLICT",
    message: "changed",
    errorDetails: { type: "REFERENCE_CONFLICTS", conflicts },
  };
  await against(() => Response.json(body, { status: 409 }), async (api) => {
    const error = await api.remove(main as OwnReference).catch((why) => why);
    assert.deepEqual(errorBodyOf(error), {
      status: 409,
      code: "REFERENCE_CONFLICT",
      message: "changed",
      conflicts: [{ type: "VALUE_DIFFERS", key: ["shop", "orders"], message: "differs" }],
    });
  });
});

Deno.test("a dry run is asked for by the name that the server reads", async () => {
  await against(() => Response.json({ wasApplied: false, wasSuccessful: true }), async (api, asked) => {
    await api.merge("main", HASH, {
      fromRefName: "dev",
      fromHash: HASH,
      dryRun: true,
      returnConflictAsResult: true,
    });
    const body = JSON.parse(asked.bodies[0] ?? "");
    assert.deepEqual([body.isDryRun, body.isReturnConflictAsResult, body.dryRun], [true, true, undefined]);
  });
});

Deno.test("the release is read from the API document, and from nothing else", async () => {
  const document =
    "---\nopenapi: 3.0.3\ninfo:\n  title: Nessie API\n  description: |-\n    version: 1\n\n  license:\n    name: Apache\n    version: 9.9.9\n  version: 0.104.1\nservers:\n- version: 7.7.7\n";
  await against(() => new Response(document), async (api, asked) => {
    assert.equal(await api.serverVersion(), "0.104.1");
    assert.deepEqual(asked.requests, ["GET /nessie-openapi/openapi.yaml"]);
  });
  await against(
    () => new Response("<html>", { status: 200 }),
    async (api) => assert.equal(await api.serverVersion(), undefined),
  );
  await against(
    () => new Response("", { status: 404 }),
    async (api) => assert.equal(await api.serverVersion(), undefined),
  );
});

Deno.test("Ctrl-C ends what is under way, as an Interrupted", async () => {
  const stop = new AbortController();
  const late = Promise.withResolvers<Response>();
  await against(() => {
    stop.abort(new Interrupted("interrupted"));
    return late.promise;
  }, async (api) => {
    await assert.rejects(api.config(), Interrupted);
    late.resolve(new Response(""));
    await assert.rejects(api.config(), Interrupted);
  }, { signal: stop.signal });
});

Deno.test("a client asks nothing before it is used", () => {
  const connection = { url: "http://127.0.0.1:1" } as never;
  nessieApi({ connection, timeoutMs: 1 });
});
