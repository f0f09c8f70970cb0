/** The published examples: docs.aws.amazon.com/AmazonS3/latest/API, sig-v4-header-based-auth and its siblings. */
import assert from "node:assert/strict";
import {
  CHUNKED,
  chunkedBody,
  chunkedLength,
  seedOf,
  sha256,
  signHeader,
  signQuery,
  trailedBody,
} from "../../../lib/clients/s3/sign.ts";
import { openS3 } from "../../../lib/clients/s3/client.ts";
import { KEYS, withStore } from "./fixture.ts";

const SIGNING = { ...KEYS, region: "us-east-1", at: new Date("2013-05-24T00:00:00Z") };
const HOST = "https://examplebucket.s3.amazonaws.com";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

interface Example {
  name: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  signedHeaders: string;
  signature: string;
}

const HEADER_EXAMPLES: readonly Example[] = [
  {
    name: "GET of an object, with a range",
    method: "GET",
    url: `${HOST}/test.txt`,
    headers: { range: "bytes=0-9", "x-amz-content-sha256": EMPTY },
    signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT of an object whose key has to be escaped",
    method: "PUT",
    url: `${HOST}/test%24file.text`,
    headers: {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    },
    signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET of the lifecycle, a query without a value",
    method: "GET",
    url: `${HOST}/?lifecycle=`,
    headers: { "x-amz-content-sha256": EMPTY },
    signedHeaders: "host;x-amz-content-sha256;x-amz-date",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "list of a bucket, two parameters",
    method: "GET",
    url: `${HOST}/?prefix=J&max-keys=2`,
    headers: { "x-amz-content-sha256": EMPTY },
    signedHeaders: "host;x-amz-content-sha256;x-amz-date",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
];

for (const { name, method, url, headers, signedHeaders, signature } of HEADER_EXAMPLES) {
  Deno.test(`a request is signed in its header as AWS signs it: ${name}`, async () => {
    const signed = await signHeader({ method, url, headers }, SIGNING);
    assert.equal(
      signed.headers["authorization"],
      `AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/20130524/us-east-1/s3/aws4_request, ` +
        `SignedHeaders=${signedHeaders}, Signature=${signature}`,
    );
    assert.equal(signed.headers["x-amz-date"], "20130524T000000Z");
  });
}

Deno.test("a body's hash is the one of the example", async () => {
  const hash = await sha256(new TextEncoder().encode("Welcome to Amazon S3."));
  assert.equal(hash, HEADER_EXAMPLES[1]?.headers["x-amz-content-sha256"]);
});

Deno.test("a URL is presigned as AWS presigns it", async () => {
  const signed = await signQuery(
    { method: "GET", url: `${HOST}/test.txt`, headers: {} },
    SIGNING,
    86_400,
  );
  const query = new URL(signed.url).searchParams;
  assert.equal(
    query.get("X-Amz-Signature"),
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
  assert.equal(query.get("X-Amz-Expires"), "86400");
  assert.equal(query.get("X-Amz-SignedHeaders"), "host");
});

Deno.test("a body goes in chunks that are signed as AWS signs them", async () => {
  const body = new Uint8Array(66_560).fill("a".charCodeAt(0));
  const length = chunkedLength(body.length, 65_536);
  assert.equal(length, 66_824);
  const signed = await signHeader({
    method: "PUT",
    url: "https://s3.amazonaws.com/examplebucket/chunkObject.txt",
    headers: {
      "content-encoding": "aws-chunked",
      "content-length": String(length),
      "x-amz-content-sha256": CHUNKED,
      "x-amz-decoded-content-length": "66560",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
    },
  }, SIGNING);
  const seed = seedOf(signed.headers);
  assert.equal(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  const chunks = await chunkedBody(body, 65_536, seed, SIGNING);
  assert.equal(chunks.length, length);
  const text = new TextDecoder().decode(chunks);
  assert.deepEqual(
    [...text.matchAll(/(?<![0-9a-f])([0-9a-f]+);chunk-signature=([0-9a-f]{64})\r\n/g)].map((
      [, n, s],
    ) => [n, s]),
    [
      ["10000", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"],
      ["400", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"],
      ["0", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"],
    ],
  );
});

Deno.test("a body without signatures ends with its trailer", () => {
  const body = trailedBody(new TextEncoder().encode("abcde"), 3, "x-amz-checksum-crc32:AAAAAA==");
  assert.equal(
    new TextDecoder().decode(body),
    "3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
  );
});

Deno.test("what the SDK signs, we sign the same", async () => {
  await withStore(
    () => new Response(null, { headers: { etag: '"x"', "x-amz-request-id": "1" } }),
    async (options, heard) => {
      const s3 = await openS3(options);
      const { PutObjectCommand } = await import("@aws-sdk/client-s3");
      const key = "ns/tab le=1/ü+(a)*'!.parquet";
      await s3.send(
        new PutObjectCommand({ Bucket: "lake", Key: key, Body: "hello", ContentType: "text/plain" }),
      );
      s3.destroy();
      const [one] = heard;
      assert.ok(one);
      const authorization = one.headers.get("authorization") ?? "";
      const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
      const stamp = one.headers.get("x-amz-date") ?? "";
      const at = stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
      const headers = Object.fromEntries(
        names.filter((name) => name !== "host" && name !== "x-amz-date")
          .map((name) => [name, one.headers.get(name) ?? ""]),
      );
      assert.ok(names.length >= 4, names.join());
      const ours = await signHeader(
        { method: "PUT", url: `${options.connection.url}${one.path}`, headers },
        { ...SIGNING, at: new Date(at) },
      );
      assert.equal(seedOf(ours.headers), seedOf({ authorization }));
    },
  );
});
