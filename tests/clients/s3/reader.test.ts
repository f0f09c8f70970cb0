import assert from "node:assert/strict";
import fc from "fast-check";
import { givenConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { neighbourLists } from "../../../lib/clients/s3/neighbours.ts";
import { pathSigner } from "../../../lib/clients/s3/path_signer.ts";
import { type S3Reader, s3Reader, S3ReplyError } from "../../../lib/clients/s3/reader.ts";
import { NoAnswer } from "../../../lib/clients/s3/send.ts";
import { amzDate, signHeader } from "../../../lib/clients/s3/sign.ts";
import { Interrupted } from "../../../lib/engine/errors.ts";
import { PATIENT_MS } from "../../patience.ts";
import { KEYS, putBytes, refuse, withStore } from "../../checkpoints/nessie/integrity/fixture.ts";

Deno.test("the quick signature is the one that aws4fetch makes", async () => {
  const segment = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((one) =>
    !/^\.{1,2}$|\//.test(one)
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (parts, lists) => {
        const key = parts.join("/");
        const query = lists ? `list-type=2&prefix=${encodeURIComponent(key).replace(/[!'()*]/g, hex)}` : "";
        const sign = pathSigner("http://rgw.example:8080", KEYS, "us-east-1");
        const signed = sign("GET", "lake", key, query);
        const date = signed.headers["x-amz-date"] ?? "";
        const at = new Date(date.replace(/^(....)(..)(..T..)(..)(..)Z$/, "$1-$2-$3:$4:$5Z"));
        assert.equal(amzDate(at), date);
        const headers = {
          "x-amz-content-sha256": signed.headers["x-amz-content-sha256"] ?? "",
          "x-amz-date": date,
        };
        const theirs = await signHeader({ method: "GET", url: signed.url, headers }, {
          ...KEYS,
          region: "us-east-1",
          at,
        });
        assert.equal(signed.headers.authorization, theirs.headers.authorization, signed.url);
      },
    ),
    { numRuns: 200 },
  );
});

const hex = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;

Deno.test("objects are read, measured and listed, and those that are not there are told apart from refusals", () =>
  withStore(async (store) => {
    putBytes(store, "s3://lake/a b/ü&%.bin", new Uint8Array([1, 2, 3]));
    assert.deepEqual(await store.reader.get("lake", "a b/ü&%.bin"), new Uint8Array([1, 2, 3]));
    assert.equal(await store.reader.size("lake", "a b/ü&%.bin"), 3);
    assert.equal(await store.reader.get("lake", "nothing"), undefined);
    assert.equal(await store.reader.size("lake", "nothing"), undefined);
    await assert.rejects(
      store.reader.get("nowhere", "x"),
      (error) => error instanceof S3ReplyError && error.code === "NoSuchBucket",
    );
    store.instead.answer = () => refuse(403, "AccessDenied");
    await assert.rejects(
      store.reader.get("lake", "x"),
      (error) => error instanceof S3ReplyError && error.status === 403,
    );
    await assert.rejects(
      store.reader.size("lake", "x"),
      (error) => error instanceof S3ReplyError && error.status === 403,
    );
  }));

Deno.test("a body that breaks off is asked for again, and is never taken for the whole", () =>
  withStore(async (store) => {
    putBytes(store, "s3://lake/x", new Uint8Array(100));
    let cut = 2;
    store.instead.answer = () => {
      if (cut-- <= 0) return undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(10));
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-length": "100" } });
    };
    assert.equal((await store.reader.get("lake", "x"))?.length, 100);
    assert.equal(store.requests.length, 3);
  }));

Deno.test("a store that never answers is given up after its time, and Ctrl-C does not wait for it", async () => {
  await withStore(async (store) => {
    store.instead.answer = () => new Response(new ReadableStream({ start() {} }));
    await assert.rejects(
      s3Reader({ ...store.options.session, timeoutMs: 300 }).get("lake", "x"),
      (error) => error instanceof NoAnswer && error.trouble.why === "timeout",
    );
  });
  const control = new AbortController();
  await withStore(async (store) => {
    store.instead.answer = () => {
      control.abort(new Interrupted("interrupted"));
      return new Response(new ReadableStream({ start() {} }));
    };
    await assert.rejects(store.reader.get("lake", "x"), Interrupted);
  }, control.signal);
});

/** A reader of a server that answers so, with a limit of 1,000 bytes for an object. */
async function reading(answer: () => Response, use: (reader: S3Reader) => Promise<void>): Promise<void> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  const connection = givenConnection("--url", `http://127.0.0.1:${server.addr.port}`);
  await use(s3Reader({ connection, keys: KEYS, region: "us-east-1", timeoutMs: PATIENT_MS, maxBytes: 1000 }));
  await connection.close();
}

const streamed = (bytes: Uint8Array<ArrayBuffer>) => () => new Response(new Blob([bytes]).stream());

const tooBig = (error: unknown) => error instanceof NoAnswer && error.trouble.why === "too-big";

Deno.test("an object of more than the limit is not read, whether its length is said or not", async () => {
  for (
    const answer of [
      (size: number) => () => new Response(new Uint8Array(size)),
      (size: number) => streamed(new Uint8Array(size)),
    ]
  ) {
    await reading(
      answer(1000),
      async (reader) => assert.equal((await reader.get("lake", "x"))?.length, 1000),
    );
    await reading(answer(1001), (reader) => assert.rejects(reader.get("lake", "x"), tooBig));
    await reading(answer(10_000_000), (reader) => assert.rejects(reader.get("lake", "x"), tooBig));
  }
});

const listing = (next: string | undefined, key?: string) =>
  new Response(
    `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>` +
      (key === undefined ? "" : `<Contents><Key>${key}</Key><Size>1</Size></Contents>`) +
      (next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`) +
      "</ListBucketResult>",
  );

for (
  const [what, page] of [
    ["leads back to itself", () => listing("a", "k")],
    ["runs in a circle", (at: number) => listing(`t${at % 3}`, `k${at}`)],
    ["goes on and on with nothing", (at: number) => listing(`t${at}`)],
  ] as const
) {
  Deno.test(`a list that ${what} is no listing, and ends`, async () => {
    let pages = 0;
    await reading(() => page(pages++), async (reader) => {
      await assert.rejects(
        Array.fromAsync(reader.list("lake", "")),
        (error) => error instanceof S3ReplyError && error.code === "NotAListing",
      );
    });
    assert.ok(pages < 110, `${pages} pages`);
  });
}

Deno.test("empty pages between others are borne", async () => {
  let pages = 0;
  const answer = () =>
    listing(pages < 250 ? `t${pages}` : undefined, pages++ % 100 === 0 ? `k${pages}` : undefined);
  await reading(answer, async (reader) => {
    const keys = (await Array.fromAsync(reader.list("lake", ""))).flatMap(({ objects }) => objects);
    assert.equal(keys.length, 3);
  });
});

/** A list of these keys in pages of so many, as S3 gives it; and how often it was asked. */
function fakeList(keys: string[], page: number) {
  const sorted = keys.toSorted();
  const asked: string[] = [];
  const list: S3Reader["list"] = async function* (_bucket, prefix, { after = "" } = {}) {
    let rest = sorted.filter((key) => key.startsWith(prefix) && key > after);
    do {
      asked.push(prefix);
      await new Promise((resolve) => setTimeout(resolve, 0));
      const objects = rest.slice(0, page).map((key) => ({ key, size: key.length, modified: 0 }));
      rest = rest.slice(page);
      yield { objects, prefixes: [], ...rest.length > 0 ? { next: "more" } : {} };
    } while (rest.length > 0);
  };
  return { list, asked };
}

async function keysOf(pages: AsyncIterable<{ objects: { key: string }[] }>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { objects } of pages) keys.push(...objects.map(({ key }) => key));
  return keys;
}

Deno.test("a page shared by neighbours gives each of them what a list of its own would", async () => {
  const name = fc.stringMatching(/^[ab_1ü]{1,3}$/);
  const key = fc.tuple(name, name, name).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 60 }),
      fc.array(fc.tuple(name, name).map((parts) => `${parts.join("/")}/`), { maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      async (keys, prefixes, page, together) => {
        const { list } = fakeList(keys, page);
        const shared = neighbourLists(list);
        const own = (prefix: string) => keys.filter((one) => one.startsWith(prefix)).sort();
        const look = async (prefix: string) =>
          assert.deepEqual(await keysOf(shared("lake", prefix)), own(prefix), prefix);
        if (together) await Promise.all(prefixes.map(look));
        else for (const prefix of prefixes) await look(prefix);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("many small neighbours cost a page for dozens of them, and large ones no more than their own lists", async () => {
  const small = Array.from({ length: 500 }, (_, n) => `db/t${String(n).padStart(3, "0")}/`);
  const few = fakeList(small.flatMap((prefix) => [`${prefix}a`, `${prefix}b`]), 100);
  const shared = neighbourLists(few.list);
  for (let at = 0; at < small.length; at += 20) {
    await Promise.all(small.slice(at, at + 20).map((prefix) => keysOf(shared("lake", prefix))));
  }
  assert.ok(few.asked.length < 20, `${few.asked.length} requests for 500 tables`);
  const large = Array.from({ length: 100 }, (_, n) => `db/t${String(n).padStart(3, "0")}/`);
  const much = fakeList(
    large.flatMap((prefix) => Array.from({ length: 150 }, (_, n) => `${prefix}${n}`)),
    100,
  );
  const each = neighbourLists(much.list);
  for (const prefix of large) assert.equal((await keysOf(each("lake", prefix))).length, 150);
  assert.ok(much.asked.length <= 230, `${much.asked.length} requests for 100 tables of two pages`);
});
