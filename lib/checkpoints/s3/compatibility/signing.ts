/** The forms of a signature that clients use. */
import { escapedKey } from "../../../untrusted/api_path.ts";
import { rawS3 } from "../../../clients/s3/client.ts";
import type { S3Context } from "../context.ts";
import { bytesFor, type Probe, put, readBack, type Seen, send, writes } from "./probe.ts";
import { ofServed, said } from "./told.ts";

/** Signature version 2: HMAC-SHA1 over the request line, as clients before 2014 sign. */
async function signedV2(context: S3Context, method: string, key: string): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = context.session.keys;
  const date = new Date().toUTCString();
  const path = `/${context.bucket}/${escapedKey(key)}`;
  const text = new TextEncoder().encode(`${method}\n\n\n${date}\n${path}`);
  const secret = new TextEncoder().encode(secretAccessKey);
  const hmac = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", hmac, text)).toBase64();
  return { date, authorization: `AWS ${accessKeyId}:${signature}` };
}

async function versionTwo(context: S3Context, key: string): Promise<Seen> {
  const body = bytesFor(key);
  const headers = await signedV2(context, "PUT", key);
  const reply = await send(context, { method: "PUT", key, body, headers, sign: "none" });
  if (reply.status !== 200) return { behaviour: "refused", observed: said(reply) };
  return await readBack(context, key, body, said(reply));
}

async function anyRegion(context: S3Context, key: string): Promise<Seen> {
  const { connection, session, timeoutMs, signal } = context;
  const region = context.region === "eu-central-1" ? "eu-west-1" : "eu-central-1";
  await put(context, key);
  const elsewhere = rawS3({ connection, keys: session.keys, region, timeoutMs, signal });
  return ofServed(await elsewhere.send({ method: "GET", bucket: context.bucket, key }));
}

export const signingProbes: readonly Probe[] = [
  {
    id: "signing.chunked",
    // More than one chunk.
    run: (context, key) => writes(context, { key, body: bytesFor(key, 150_000), sign: "chunked" }),
  },
  {
    id: "signing.chunked-empty",
    run: (context, key) => writes(context, { key, body: new Uint8Array(), sign: "chunked" }),
  },
  {
    id: "signing.trailer",
    run: (context, key) => writes(context, { key, body: bytesFor(key, 150_000), sign: "trailer" }),
  },
  {
    id: "signing.unsigned",
    run: (context, key) =>
      writes(context, { key, body: bytesFor(key), headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } }),
  },
  { id: "signing.v2", run: versionTwo },
  { id: "signing.any-region", run: anyRegion },
  {
    id: "signing.expect-100",
    run: (context, key) => writes(context, { key, body: bytesFor(key), headers: { expect: "100-continue" } }),
  },
];
