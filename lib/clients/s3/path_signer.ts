/**
 * Signatures (AWS, version 4) of requests without a body for `/bucket/key`, very many of them: the key of the day is
 * made once, and one request costs two hashes. s3_sign.ts signs everything else.
 */
import { escapedKey } from "../../untrusted/api_path.ts";
import type { S3Keys } from "./client.ts";
import { amzDate } from "./sign.ts";
import { trimEnd } from "../../untrusted/text.ts";

export interface SignedPath {
  url: string;
  /** Of the URL, escaped, without its query. */
  path: string;
  headers: Record<string, string>;
}

/** `query` is escaped, its fields in the order of their names. `headers` are sent, not signed. */
export type PathSigner = (method: string, bucket: string, key: string, query?: string) => Promise<SignedPath>;

const HMAC = { name: "HMAC", hash: "SHA-256" };
const UTF8 = new TextEncoder();

/** Signs for the origin `url`, which may have a path of its own. `payload` is what x-amz-content-sha256 says. */
export function pathSigner(url: string, keys: S3Keys, region: string, payload = EMPTY): PathSigner {
  const { host, origin, pathname } = new URL(url);
  const base = trimEnd(pathname, "/");
  let day = "";
  let dayKey: Promise<CryptoKey> | undefined;
  return async (method, bucket, key, query = "") => {
    const date = amzDate(new Date());
    if (date.slice(0, 8) !== day) {
      day = date.slice(0, 8);
      dayKey = keyOf(keys, region, day);
    }
    const scope = `${day}/${region}/s3/aws4_request`;
    const path = `${base}/${bucket}${key === "" ? "" : `/${escapedKey(key)}`}`;
    const canonical = `${method}\n${path}\n${query}\nhost:${host}\nx-amz-content-sha256:${payload}\n` +
      `x-amz-date:${date}\n\n${SIGNED_HEADERS}\n${payload}`;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", UTF8.encode(canonical))).toHex();
    const text = UTF8.encode(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash}`);
    const signature = new Uint8Array(
      await crypto.subtle.sign("HMAC", await (dayKey as Promise<CryptoKey>), text),
    );
    return {
      url: `${origin}${path}${query === "" ? "" : `?${query}`}`,
      path,
      headers: {
        "x-amz-content-sha256": payload,
        "x-amz-date": date,
        "accept-encoding": "identity",
        authorization:
          `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${SIGNED_HEADERS}, ` +
          `Signature=${signature.toHex()}`,
      },
    };
  };
}

/** The SHA-256 of nothing. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date";

async function keyOf({ secretAccessKey }: S3Keys, region: string, day: string): Promise<CryptoKey> {
  let key: Uint8Array<ArrayBuffer> = UTF8.encode(`AWS4${secretAccessKey}`);
  for (const part of [day, region, "s3", "aws4_request"]) {
    key = new Uint8Array(await crypto.subtle.sign("HMAC", await imported(key), UTF8.encode(part)));
  }
  return await imported(key);
}

const imported = (key: Uint8Array<ArrayBuffer>) => crypto.subtle.importKey("raw", key, HMAC, false, ["sign"]);
