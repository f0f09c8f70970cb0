import assert from "node:assert/strict";
import { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Interrupted } from "../../../lib/engine/errors.ts";
import { openS3, rawS3, s3ErrorReply, s3Failure, type S3Options } from "../../../lib/clients/s3/client.ts";
import { failureOf, KEYS, refusal, withBytes, withStore } from "./fixture.ts";

const OK = { headers: { "x-amz-request-id": "tx1", etag: '"e"' } };
const ok = () => new Response(null, OK);
const bytesOf = (text: string) => new TextEncoder().encode(text);

async function using<T>(options: S3Options, use: (s3: S3Client) => Promise<T>): Promise<T> {
  const s3 = await openS3(options);
  try {
    return await use(s3).catch((error) => {
      throw s3Failure(error, options);
    });
  } finally {
    s3.destroy();
  }
}

const put = (Body: string | Uint8Array | Readable, more = {}) =>
  new PutObjectCommand({ Bucket: "lake", Key: "a/b", Body, ...more });
const get = new GetObjectCommand({ Bucket: "lake", Key: "a/b" });

Deno.test("what is put arrives byte by byte, signed, with path style", async () => {
  await withStore(ok, async (options, heard) => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7 % 256);
    await using(options, (s3) => s3.send(put(bytes)));
    assert.equal(heard[0]?.path, "/lake/a/b?x-id=PutObject");
    assert.deepEqual(heard[0]?.body, bytes);
    assert.match(heard[0]?.headers.get("authorization") ?? "", /\/us-east-1\/s3\/aws4_request/);
    assert.equal(heard[0]?.headers.get("content-type"), "application/octet-stream");
  });
});

Deno.test("a bucket goes into the host when path style is off", async () => {
  const hosts: (string | null)[] = [];
  await withStore((heard) => (hosts.push(heard.headers.get("host")), ok()), async (options, heard) => {
    await using(options, (s3) => s3.send(put("x")));
    assert.match(hosts[0] ?? "", /^lake\.s3\.test:?/);
    assert.equal(heard[0]?.path, "/a/b?x-id=PutObject");
    await rawS3({ ...options, pathStyle: true }).send({
      method: "GET",
      bucket: "lake",
      key: "a/b",
      virtualHost: true,
    });
    assert.match(hosts[1] ?? "", /^lake\.s3\.test:?/);
  }, { pathStyle: false, named: "s3.test" });
});

Deno.test("the SDK adds a checksum to what is put only when it is told to", async () => {
  for (const [checksums, expected] of [["WHEN_REQUIRED", false], ["WHEN_SUPPORTED", true]] as const) {
    await withStore(ok, async (options, heard) => {
      await using(options, (s3) => s3.send(put("x")));
      assert.equal(heard[0]?.headers.has("x-amz-checksum-crc32"), expected);
    }, { checksums });
  }
});

Deno.test("a stream goes as aws-chunked without a length by the SDK's defaults, and with its length when required only", async () => {
  const stream = () => put(Readable.from([bytesOf("hello")]), { ContentLength: 5 });
  await withStore(ok, async (options, heard) => {
    await using(options, (s3) => s3.send(stream()));
    assert.equal(heard[0]?.headers.get("content-length"), null);
    assert.equal(heard[0]?.headers.get("x-amz-content-sha256"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert.match(new TextDecoder().decode(heard[0]?.body), /x-amz-checksum-crc32:/);
  }, { checksums: "WHEN_SUPPORTED" });
  await withStore(ok, async (options, heard) => {
    await using(options, (s3) => s3.send(stream()));
    assert.equal(heard[0]?.headers.get("content-length"), "5");
    assert.deepEqual(heard[0]?.body, bytesOf("hello"));
  });
});

Deno.test("a body is read as bytes, text or a stream, and a compressed object stays as it is stored", async () => {
  const gzip = bytesOf("\u001f not really gzip");
  const reply = () => new Response(gzip, { headers: { ...OK.headers, "content-encoding": "gzip" } });
  await withStore(reply, async (options, heard) => {
    await using(options, async (s3) => {
      assert.deepEqual(await (await s3.send(get)).Body?.transformToByteArray(), gzip);
      assert.equal(await (await s3.send(get)).Body?.transformToString(), "\u001f not really gzip");
      const stream = (await s3.send(get)).Body?.transformToWebStream();
      assert.deepEqual(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes(), gzip);
    });
    assert.equal(heard[0]?.headers.get("accept-encoding"), "identity");
  });
});

Deno.test("a request is sent once, unless more attempts are asked for", async () => {
  for (const [maxAttempts, expected] of [[undefined, 1], [3, 3]] as const) {
    await withStore(() => refusal(503, "SlowDown"), async (options, heard) => {
      await failureOf(using(options, (s3) => s3.send(get)));
      assert.equal(heard.length, expected);
    }, { maxAttempts });
  }
});

Deno.test("an answer of S3 is told by status and code, with and without a body", async () => {
  const replies = [refusal(412, "PreconditionFailed", { message: "At least one" }), refusal(409, "Conflict")];
  const heads = [404, 403, 412, 400];
  await withStore(
    ({ method }) =>
      method === "HEAD"
        ? new Response(null, { status: heads.shift(), headers: OK.headers })
        : replies.shift() ?? ok(),
    async (options) => {
      const s3 = await openS3(options);
      const head = () => s3.send(new HeadObjectCommand({ Bucket: "lake", Key: "k" }));
      const seen = async (sent: Promise<unknown>) => s3ErrorReply(await sent.catch((error) => error));
      const full = await seen(s3.send(put("x")));
      assert.deepEqual(full, { status: 412, code: "PreconditionFailed", message: "At least one" });
      assert.equal((await seen(s3.send(put("x"))))?.code, "Conflict");
      assert.equal((await seen(head()))?.code, "NotFound");
      assert.equal((await seen(head()))?.code, "Forbidden");
      assert.equal((await seen(head()))?.code, "PreconditionFailed");
      assert.equal((await seen(head()))?.code, "BadRequest");
      assert.equal(s3ErrorReply(new Error("a bug")), undefined);
      s3.destroy();
    },
  );
});

Deno.test("an error that comes with a 200 is an error", async () => {
  await withStore(() => {
    const body = "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>no luck</Message></Error>";
    return new Response(body, { headers: { "x-amz-request-id": "1" } });
  }, async (options) => {
    const complete = new CompleteMultipartUploadCommand({
      Bucket: "lake",
      Key: "k",
      UploadId: "u",
      MultipartUpload: { Parts: [] },
    });
    const { message } = await failureOf(using(options, (s3) => s3.send(complete)));
    assert.match(message, /the store failed by itself .*InternalError/);
  });
});

Deno.test("a bug is not taken for a failure to look", async () => {
  await withStore(ok, (options) => {
    assert.throws(() => s3Failure(new TypeError("x is not a function"), options), TypeError);
    return Promise.resolve();
  });
});

Deno.test("Ctrl-C ends a request that is under way, and one whose body is read", async () => {
  for (const begun of [false, true]) {
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const head = "HTTP/1.1 200 OK\r\nx-amz-request-id: 1\r\ncontent-length: 9\r\n\r\nabc";
    await withBytes(async (connection) => {
      await connection.read(new Uint8Array(8192));
      if (begun) await connection.write(bytesOf(head));
      asked.resolve();
    }, async (options) => {
      const sent = failureOf(
        using(options, async (s3) => (await s3.send(get)).Body?.transformToByteArray()),
      );
      await asked.promise;
      setTimeout(() => stop.abort(new Interrupted("interrupted")), 20);
      assert.equal((await sent).kind, "interrupted");
    }, { signal: stop.signal, timeoutMs: 60_000 });
  }
});

Deno.test("Ctrl-C ends a request at whatever moment it comes", async () => {
  await withBytes(async (connection) => {
    await connection.read(new Uint8Array(8192));
    await connection.write(bytesOf("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"));
  }, async (options) => {
    for (let i = 0; i < 150; i++) {
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Interrupted("interrupted")), i % 8);
      const sent = rawS3({ ...options, signal: stop.signal }).send({ method: "GET", bucket: "lake" });
      assert.equal((await failureOf(sent)).kind, "interrupted");
    }
  }, { timeoutMs: 60_000 });
});

Deno.test("a raw request goes out as it was asked for, in every way of signing", async () => {
  await withStore(ok, async (options, heard) => {
    const raw = rawS3(options);
    const body = bytesOf("hello");
    const key = "a b+c/ü";
    await raw.send({ method: "PUT", bucket: "lake", key, body, headers: { "If-None-Match": "*" } });
    await raw.send({ method: "PUT", bucket: "lake", key, body, sign: "none" });
    await raw.send({ method: "PUT", bucket: "lake", key, body, sign: "query", expiresS: 60 });
    await raw.send({ method: "PUT", bucket: "lake", key, body, sign: "chunked" });
    await raw.send({ method: "PUT", bucket: "lake", key, body, sign: "trailer" });
    await raw.send({ method: "GET", bucket: "lake", query: { "list-type": "2", prefix: "a b" } });
    const [header, none, query, chunked, trailer, list] = heard;
    assert.equal(header?.path, "/lake/a%20b%2Bc/%C3%BC");
    assert.match(header?.headers.get("authorization") ?? "", /SignedHeaders=host;if-none-match;x-amz/);
    assert.equal(none?.headers.has("authorization"), false);
    assert.equal(query?.headers.has("authorization"), false);
    assert.match(query?.path ?? "", /X-Amz-Expires=60.*X-Amz-Signature=[0-9a-f]{64}/);
    assert.match(
      new TextDecoder().decode(chunked?.body),
      /^5;chunk-signature=[0-9a-f]{64}\r\nhello\r\n0;chunk/,
    );
    assert.equal(chunked?.headers.get("content-length"), String(chunked?.body.length));
    assert.match(
      new TextDecoder().decode(trailer?.body),
      /^5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n$/,
    );
    assert.equal(trailer?.headers.get("x-amz-trailer"), "x-amz-checksum-crc32");
    assert.equal(list?.path, "/lake?list-type=2&prefix=a%20b");
  });
});

Deno.test("a raw request may be signed by other keys and by another clock", async () => {
  await withStore(() => refusal(403, "InvalidAccessKeyId"), async (options, heard) => {
    const keys = { accessKeyId: "OTHERKEYOTHERKEY", secretAccessKey: "other" };
    const reply = await rawS3(options).send({ method: "GET", keys, clockSkewMs: -3_600_000 });
    assert.equal(reply.status, 403);
    assert.equal(reply.code, "InvalidAccessKeyId");
    assert.match(reply.text(), /<Error>/);
    assert.match(heard[0]?.headers.get("authorization") ?? "", /Credential=OTHERKEYOTHERKEY\//);
    const stamp = heard[0]?.headers.get("x-amz-date") ?? "";
    const at = Date.parse(stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    assert.ok(Math.abs(Date.now() - at - 3_600_000) < 60_000, stamp);
    assert.ok(!JSON.stringify([...heard[0]?.headers ?? []]).includes(KEYS.accessKeyId));
  });
});

Deno.test("a key that fetch would change is refused before it is asked for", async () => {
  await withStore(ok, async (options, heard) => {
    await assert.rejects(rawS3(options).send({ method: "GET", bucket: "lake", key: "a/../b" }), TypeError);
    assert.equal(heard.length, 0);
  });
});

Deno.test("nothing that this machine has for other clients of S3 is used", async () => {
  await withStore(ok, async (options, heard) => {
    const code = `
      import { openS3 } from "${new URL("../../../lib/clients/s3/client.ts", import.meta.url)}";
      import { givenConnection } from "${new URL(
      "../../../lib/clients/kubernetes/service_connection.ts",
      import.meta.url,
    )}";
      const { ListBucketsCommand } = await import("@aws-sdk/client-s3");
      const connection = givenConnection("--url", "${options.connection.url}");
      const s3 = await openS3({ connection, keys: { accessKeyId: "a", secretAccessKey: "b" }, region: "r", timeoutMs: 120000 });
      await s3.send(new ListBucketsCommand({}));
      Deno.exit(0);`;
    const root = new URL("../../..", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      cwd: root,
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--ext=ts",
        "--allow-net=127.0.0.1",
        "--allow-env",
        "--allow-sys=osRelease",
        "-",
      ],
      stdin: "piped",
      stderr: "piped",
      env: {
        NO_COLOR: "1",
        // Each of them would make the SDK refuse, or ask elsewhere, if it heard of it.
        AWS_USE_DUALSTACK_ENDPOINT: "true",
        AWS_USE_FIPS_ENDPOINT: "true",
        AWS_ENDPOINT_URL: "http://192.0.2.1",
        AWS_MAX_ATTEMPTS: "none",
        AWS_PROFILE: "nobody",
        AWS_ACCESS_KEY_ID: "OTHERKEYOTHERKEY",
        AWS_SECRET_ACCESS_KEY: "other",
      },
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(bytesOf(code));
    await input.close();
    const { code: status, stderr } = await child.output();
    assert.equal(status, 0, new TextDecoder().decode(stderr));
    assert.match(heard[0]?.headers.get("authorization") ?? "", /Credential=a\//);
  });
});

/** A body of pieces of 64 KiB without an end, and how many of them were taken. */
function endless(taken: { pieces: number; cancelled: boolean }) {
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.pieces++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(32));
    },
    cancel: () => void (taken.cancelled = true),
  });
}

for (
  const [what, ask] of Object.entries<(s3: S3Client) => Promise<unknown>>({
    "an object": async (s3: S3Client) => await (await s3.send(get)).Body?.transformToByteArray(),
    "a list": async (s3: S3Client) => await s3.send(new ListObjectsV2Command({ Bucket: "lake" })),
    "an answer to a write": async (s3: S3Client) =>
      await s3.send(new CompleteMultipartUploadCommand({ Bucket: "lake", Key: "a", UploadId: "u" })),
  })
) {
  Deno.test(`${what} that has no end, or is said to be too large, is not read beyond the limit`, async () => {
    const taken = { pieces: 0, cancelled: false };
    const failure = await failureOf(
      withStore(() => new Response(endless(taken), OK), async (options) => void await using(options, ask), {
        maxBytes: 4 * 1024 * 1024,
      }),
    );
    assert.match(failure.message, /: the answer is larger than 4 MiB\. Next: /);
    // What is on its way when the connection is closed was taken, too.
    assert.ok(taken.cancelled && taken.pieces < 1000, `${taken.pieces} pieces`);
  });
}

Deno.test("an object that is said to be larger than the limit is not read at all", async () => {
  await withBytes(
    async (connection) => {
      await connection.read(new Uint8Array(8192));
      const head = `HTTP/1.1 200 OK\r\nx-amz-request-id: tx1\r\netag: "e"\r\ncontent-length: ${
        2 ** 31
      }\r\n\r\nx`;
      await connection.write(bytesOf(head));
    },
    async (options) => {
      const failure = await failureOf(using(options, (s3) => s3.send(get)));
      assert.match(failure.message, /: the answer is larger than 256 MiB\. Next: /);
    },
  );
});
