import assert from "node:assert/strict";
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import {
  openS3,
  rawS3,
  s3ErrorReply,
  s3Failure,
  type S3Options,
  s3ReplyFailure,
} from "../../../lib/clients/s3/client.ts";
import { givenConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { failureOf, KEYS, refusal, withBytes, withClient, withStore } from "./fixture.ts";
import { noReplyFailure } from "../../../lib/clients/s3/no_reply.ts";
import { NoAnswer } from "../../../lib/clients/s3/send.ts";
import { certificateFor } from "./certificates.ts";
import { withinLimits } from "../../patience.ts";

const get = new GetObjectCommand({ Bucket: "lake", Key: "t/a.parquet" });
const put = new PutObjectCommand({ Bucket: "lake", Key: "t/a.parquet", Body: "x" });

/** What the SDK's `send` comes to. */
async function trouble(
  options: S3Options,
  send: (s3: S3Client) => Promise<unknown> = async (s3) => {
    await (await s3.send(get)).Body?.transformToByteArray();
  },
): Promise<{ kind: string; message: string }> {
  const s3 = await openS3(options);
  try {
    return await failureOf(
      send(s3).catch((error) => {
        throw s3Failure(error, options);
      }),
    );
  } finally {
    s3.destroy();
  }
}

/** Of an answer: what the SDK's error and the raw reply are told as, which must be the same. */
async function told(
  reply: () => Response,
  more: Partial<S3Options> = {},
): Promise<{ kind: string; message: string }> {
  let said = { kind: "", message: "" };
  await withStore(reply, async (options) => {
    said = await trouble(options);
    const raw = await rawS3(options).send({ method: "GET", bucket: "lake", key: "t/a.parquet" });
    // Sent at another second, perhaps.
    const timeless = (text: string) => text.replace(/(?<=this machine's says )\S+Z/, "NOW");
    assert.equal(timeless(s3ReplyFailure(raw, options).failure.message), timeless(said.message));
  }, more);
  return said;
}

Deno.test("a name that can't be resolved is named, with the endpoint to correct", async () => {
  const client = Deno.createHttpClient({});
  const connection = { ...givenConnection("--url", "http://x"), url: "http://no-such-host.invalid" };
  connection.client.close();
  await withClient(
    { ...connection, client, close: () => Promise.resolve(client.close()) },
    async (options) => {
      const { kind, message } = await trouble(options);
      assert.equal(kind, "unreachable");
      assert.match(
        message,
        /^GET \/lake\/t\/a.parquet: the name in http:\/\/no-such-host.invalid can't be resolved/,
      );
    },
  );
});

Deno.test("a port where nothing listens", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  await withClient(givenConnection("--url", `http://127.0.0.1:${port}`), async (options) => {
    const { kind, message } = await trouble(options);
    assert.equal(kind, "unreachable");
    assert.match(
      message,
      /nothing listens at http:\/\/127.0.0.1:\d+: it refused the connection. Next: look whether the store runs/,
    );
  });
});

Deno.test("a port that takes the connection and never answers: reads are slow, and writes may be held by a full store", async () => {
  const silent = async (connection: Deno.Conn) => void await connection.read(new Uint8Array(8192));
  await withBytes(silent, async (options) => {
    const read = await trouble(options);
    assert.equal(read.kind, "timeout");
    assert.match(
      read.message,
      /gave no answer within 0.2 s: it is slow, or something on the way drops packets/,
    );
    const write = await trouble(options, (s3) => s3.send(put));
    assert.match(
      write.message,
      /it is slow, or its disks are full.*may still be done.*look whether the store runs/,
    );
    const raw = await failureOf(rawS3(options).send({ method: "GET" }));
    assert.equal(raw.kind, "timeout");
  }, { timeoutMs: 200 });
});

Deno.test("a body that stops half-way is a timeout of its own", () =>
  withinLimits([200, 2_000, 20_000], async (timeoutMs) => {
    await withBytes(async (connection) => {
      await connection.read(new Uint8Array(8192));
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
    }, async (options) => {
      const { kind, message } = await trouble(options);
      assert.equal(kind, "timeout");
      const within = `${timeoutMs / 1000} s`;
      assert.match(message, /the answer stopped after 3 bytes, and nothing more came within [\d.]+ s/);
      assert.ok(message.includes(within), message);
    }, { timeoutMs });
  }));

Deno.test("a body that is shorter than it was promised to be is cut, not read", async () => {
  await withBytes(async (connection) => {
    await connection.read(new Uint8Array(8192));
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"));
    connection.close();
  }, async (options) => {
    const { kind, message } = await trouble(options);
    assert.equal(kind, "unreachable");
    assert.match(message, /the answer broke off after 3 of 100 bytes/);
    const raw = await failureOf(rawS3(options).send({ method: "GET", bucket: "lake", key: "k" }));
    assert.match(raw.message, /broke off after 3 of 100 bytes/);
  });
});

Deno.test("a connection that closes at once may be one of https", async () => {
  await withBytes((connection) => Promise.resolve(connection.close()), async (options) => {
    const { kind, message } = await trouble(options, (s3) => s3.send(put));
    assert.equal(kind, "unreachable");
    assert.match(message, /broke the connection off before it answered \(a port of https closes so, too\)/);
    assert.match(message, /may have been done nevertheless/);
  });
});

Deno.test("what a port-forward knows of its end is said instead", async () => {
  await withBytes((connection) => Promise.resolve(connection.close()), async (options) => {
    const failure = { kind: "unreachable", message: "the pod is gone. Next: look" } as const;
    const connection = { ...options.connection, failure: () => failure };
    assert.equal(
      (await trouble({ ...options, connection })).message,
      "GET /lake/t/a.parquet: the pod is gone. Next: look",
    );
  });
});

for (
  const { name, of, trusted, expected } of [
    { name: "of an unknown issuer", of: {}, trusted: false, expected: /no CA that is trusted here signed/ },
    {
      name: "that has expired",
      of: { days: -1 },
      trusted: true,
      expected: /has expired or is not valid yet/,
    },
    { name: "for another name", of: { name: "other.test" }, trusted: true, expected: /is for another name/ },
  ]
) {
  Deno.test(`a certificate ${name} is told from the others`, async () => {
    const { ca, cert, key } = await certificateFor({ name: "localhost", days: 1, ...of });
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", cert, key, onListen: () => {} },
      () => new Response(),
    );
    try {
      const url = `https://localhost:${server.addr.port}`;
      await withClient(givenConnection("--url", url, trusted ? ca : undefined), async (options) => {
        const { kind, message } = await trouble(options);
        assert.equal(kind, "certificate");
        assert.match(message, expected);
      });
    } finally {
      await server.shutdown();
    }
  });
}

Deno.test("http spoken to https, and https to http", async () => {
  const { cert, key } = await certificateFor({ name: "localhost", days: 1 });
  const tls = Deno.listenTls({ port: 0, hostname: "127.0.0.1", cert, key });
  const serving = (async () => {
    for await (const one of tls) {
      await one.handshake().catch(() => {});
      one.close();
    }
  })();
  await withClient(givenConnection("--url", `http://127.0.0.1:${tls.addr.port}`), async (options) => {
    assert.match((await trouble(options)).message, /perhaps https is served there|a port of https closes so/);
  });
  tls.close();
  await serving.catch(() => {});
  await withBytes(async (connection) => {
    await connection.read(new Uint8Array(8192));
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  }, async (options) => {
    const { kind, message } = await trouble(options);
    assert.equal(kind, "unreachable");
    assert.match(message, /does not speak https: http is served there/);
  }, { scheme: "https" });
  const page = () => new Response("<html>The plain HTTP request was sent to HTTPS port", { status: 400 });
  assert.match(
    (await told(page)).message,
    /serves https, and was spoken to in http. Next: give the endpoint with https/,
  );
});

Deno.test("a bucket that is elsewhere: 301 and 307 name region and endpoint, and are not followed", async () => {
  const more = "<Endpoint>s3.eu-west-1.example.com</Endpoint><Bucket>lake</Bucket>";
  const moved = await told(() =>
    refusal(301, "PermanentRedirect", { more, headers: { "x-amz-bucket-region": "eu-west-1" } })
  );
  assert.match(moved.message, /belongs elsewhere: region eu-west-1, endpoint s3.eu-west-1.example.com \(301/);
  assert.match(moved.message, /in region us-east-1 at http:/);
  const location = "http://other.example.com/lake/k?X-Amz-Signature=abc";
  const temporary = await told(() => refusal(307, "TemporaryRedirect", { headers: { location } }));
  assert.match(
    temporary.message,
    /for now served elsewhere: endpoint http:\/\/other.example.com\/lake\/k \(307/,
  );
  assert.ok(!temporary.message.includes("X-Amz"));
});

Deno.test("a wrong region is named with the right one", async () => {
  const message =
    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
  const said = await told(() => refusal(400, "AuthorizationHeaderMalformed", { message }));
  assert.match(said.message, /region us-east-1 is not the one that the store expects .*: it is eu-west-1/);
});

Deno.test("each cause of a 403 is told apart", async () => {
  const key = await told(() =>
    refusal(403, "InvalidAccessKeyId", { more: `<AWSAccessKeyId>${KEYS.accessKeyId}</AWSAccessKeyId>` })
  );
  assert.equal(key.kind, "unauthorized");
  assert.match(key.message, /knows no such access key .*Next: take the keys anew/);
  const secret = await told(() => refusal(403, "SignatureDoesNotMatch", { message: KEYS.secretAccessKey }));
  assert.equal(secret.kind, "unauthorized");
  assert.match(secret.message, /access key is known, and the secret key is not/);
  const policy = await told(() => refusal(403, "AccessDenied", { more: "<BucketName>lake</BucketName>" }));
  assert.equal(policy.kind, "forbidden");
  assert.match(policy.message, /keys are right, and this user may not do that .*bucket policy/);
  const over = await told(() => refusal(403, "AccessDenied", { message: "Request has expired" }));
  assert.match(over.message, /time of the presigned URL is over/);
  const suspended = await told(() => refusal(403, "UserSuspended"));
  assert.match(suspended.message, /is suspended/);
  const quota = await told(() => refusal(403, "QuotaExceeded", { more: "<BucketName>lake</BucketName>" }));
  assert.match(quota.message, /quota .* is used up .*raise the quota/);
});

Deno.test("a store is advised about with Ceph's tools where it is Ceph's, by its answer or its name, and nowhere else", async () => {
  const ceph = { "x-amz-request-id": "tx0000000000000000000b3-0063a1-1037-default" };
  const other = { "x-amz-request-id": "17C5B1D2E3F4A5B6" };
  const refusals = [
    ...["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "UserSuspended", "QuotaExceeded"].map(
      (code) => [403, code] as const,
    ),
    ...[[404, "NoSuchBucket"], [500, "InternalError"], [503, "SlowDown"], [
      507,
      "InsufficientCapacity",
    ]] as const,
  ];
  for (const [status, code] of refusals) {
    const advice = async (headers: Record<string, string>) =>
      (await told(() => refusal(status, code, { headers, message: "no" }))).message.split("Next: ")[1] ?? "";
    assert.match(await advice(ceph), /rook|radosgw|obc|objectbucketclaims/, code);
    const plain = await advice(other);
    assert.ok(plain !== "", code);
    assert.doesNotMatch(plain, /rook|radosgw|ceph|objectbucketclaims|obc/i, code);
  }
  const late = (url: string) => {
    const connection = { ...givenConnection("--url", "http://x"), url };
    connection.client.close();
    const asked = { method: "PUT", path: "/lake/a", sentAt: 0 };
    return noReplyFailure(new NoAnswer({ why: "timeout" }, asked), {
      ...{ connection, keys: KEYS, region: "us-east-1", timeoutMs: 200 },
    }).message;
  };
  assert.match(late("http://rook-ceph-rgw-store.rook-ceph.svc"), /RGW holds writes.*ceph status/);
  assert.doesNotMatch(late("http://minio.lake.svc"), /rook|ceph|RGW/i);
});

Deno.test("a clock that is wrong is named with both clocks, also where the store says only AccessDenied", async () => {
  const theirs = new Date(Date.now() - 20 * 60_000);
  const headers = { date: theirs.toUTCString() };
  for (const code of ["RequestTimeTooSkewed", "AccessDenied"]) {
    const said = await told(() => refusal(403, code, { headers }));
    assert.equal(said.kind, "unauthorized");
    const stamp = theirs.toISOString().slice(0, 17);
    assert.match(
      said.message,
      new RegExp(`the clocks differ .*, the store's ${stamp}.* \\(here 2[0-5] min ahead of it\\)`),
    );
  }
  const more = `<ServerTime>${new Date(Date.now() + 3_600_000).toISOString()}</ServerTime>`;
  assert.match(
    (await told(() => refusal(403, "RequestTimeTooSkewed", { more }))).message,
    /here (?:60|5[5-9]) min behind it/,
  );
  assert.match((await told(() => refusal(403, "RequestTimeTooSkewed"))).message, /signed by another clock/);
});

Deno.test("a 403 to HEAD has no reason: which there can be, and how they are told apart", async () => {
  const head = (s3: S3Client) => s3.send(new HeadBucketCommand({ Bucket: "lake" }));
  const id = { "x-amz-request-id": "1" };
  await withStore(() => new Response(null, { status: 403, headers: id }), async (options) => {
    const { kind, message } = await trouble(options, head);
    assert.equal(kind, "forbidden");
    assert.match(message, /HEAD never says why: the access key is unknown, its secret key is another, or/);
    assert.match(message, /Next: a signed GET tells which: aws s3api list-objects-v2 --bucket lake/);
  });
  const headers = { ...id, date: new Date(Date.now() - 3_600_000).toUTCString() };
  await withStore(() => new Response(null, { status: 403, headers }), async (options) => {
    assert.match((await trouble(options, head)).message, /the clocks differ too much/);
  });
});

Deno.test("a store that is too busy, broken or full", async () => {
  const slow = await told(() => refusal(503, "SlowDown", { headers: { "retry-after": "7" } }));
  assert.match(slow.message, /asks for fewer requests \(503 SlowDown\) and to wait 7 s/);
  const quoting = await told(() =>
    refusal(500, "InternalError", { message: `no ${KEYS.secretAccessKey} here` })
  );
  assert.match(quoting.message, /InternalError\): no … here/);
  assert.match((await told(() => refusal(503, "ServiceUnavailable"))).message, /asks for fewer requests/);
  const own = await told(() => refusal(500, "InternalError", { message: "pool is gone" }));
  assert.match(own.message, /the store failed by itself \(500 InternalError\): pool is gone/);
  assert.match((await told(() => refusal(507, "InsufficientCapacity"))).message, /the store is full \(507/);
  assert.match((await told(() => refusal(507, "Whatever"))).message, /the store is full \(507/);
});

Deno.test("a bucket that is gone half-way", async () => {
  let asked = 0;
  const id = { "x-amz-request-id": "1", etag: '"e"' };
  const reply = () => asked++ < 1 ? new Response("x", { headers: id }) : refusal(404, "NoSuchBucket");
  await withStore(reply, async (options) => {
    const { message } = await trouble(options, async (s3) => {
      await s3.send(put);
      await s3.send(put);
    });
    assert.match(
      message,
      /^PUT \/lake\/t\/a.parquet: there is no bucket lake \(404 NoSuchBucket\): it was deleted meanwhile/,
    );
  });
});

Deno.test("an answer that no S3 gives is none, with a success too", async () => {
  const html = { headers: { "content-type": "text/html" } };
  for (const status of [200, 404]) {
    await withStore(
      () => new Response("<html><body>Welcome</body></html>", { ...html, status }),
      async (options) => {
        const { kind, message } = await trouble(options, (s3) => s3.send(new ListBucketsCommand({})));
        assert.equal(kind, "malformed");
        assert.match(
          message,
          new RegExp(`HTTP ${status} with a web page where S3 would answer in XML: http:.* is no S3`),
        );
        const s3 = await openS3(options);
        const error = await s3.send(get).catch((error) => error);
        assert.equal(s3ErrorReply(error), undefined);
      },
    );
  }
  await withStore(() => Response.json({ kind: "Status", code: 403 }, { status: 403 }), async (options) => {
    assert.match((await trouble(options)).message, /HTTP 403 with something else/);
  });
  const gateway = await told(() => new Response("<html>502 Bad Gateway", { ...html, status: 502 }));
  assert.equal(gateway.kind, "unreachable");
  assert.match(gateway.message, /a proxy stands before the store and can't reach it/);
});

Deno.test("what was wanted is said before the request, when it is known", async () => {
  const said = await withSaid("read the footer");
  assert.match(said, /^could not read the footer \(GET \/lake\/t\/a.parquet\): the store failed/);
});

async function withSaid(what: string): Promise<string> {
  let said = "";
  await withStore(() => refusal(500, "InternalError"), async (options) => {
    const s3 = await openS3(options);
    const error = await s3.send(get).catch((error) => error);
    said = (s3Failure(error, { ...options, what })).message;
  });
  return said;
}
