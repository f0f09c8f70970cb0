/** Who asks: verifies version 4 signatures, in headers and in the query. */
import { createHash, createHmac } from "node:crypto";
import type { Quirk } from "./quirks.ts";
import { Refusal, type Store } from "./store.ts";

const SKEW_MS = 15 * 60_000;

/** What a signature says of itself. */
interface Claim {
  accessKeyId: string;
  scope: string;
  signedHeaders: string[];
  signature: string;
  date: string;
  expiresS?: number;
}

/** The access key that signed the request; undefined when nobody did. Throws a Refusal. */
export function signer(request: Request, store: Store, body: Uint8Array): string | undefined {
  const is = (quirk: Quirk) => store.quirks.has(quirk);
  const url = new URL(request.url);
  const inQuery = url.searchParams.has("X-Amz-Signature");
  const claim = inQuery ? queryClaim(url.searchParams) : headerClaim(request.headers);
  if (!claim) return undefined;
  if (inQuery && is("refuses-presigned")) throw new Refusal(403, "AccessDenied");
  if (claim.accessKeyId !== store.keys.accessKeyId) {
    if (is("serves-any-key")) return store.keys.accessKeyId;
    throw new Refusal(403, is("other-codes") ? "AccessDenied" : "InvalidAccessKeyId");
  }
  checkTime(claim, is);
  const unverified = is("ignores-signatures") || (inQuery && is("ignores-query-signature"));
  if (!unverified && claim.signature !== expected(request, url, claim, store, inQuery)) {
    throw new Refusal(403, is("other-codes") ? "AccessDenied" : "SignatureDoesNotMatch");
  }
  const hash = request.headers.get("x-amz-content-sha256") ?? "";
  if (/^[0-9a-f]{64}$/.test(hash) && hash !== hex(body) && !is("ignores-body-hash")) {
    throw new Refusal(400, "XAmzContentSHA256Mismatch");
  }
  return claim.accessKeyId;
}

function checkTime({ date, expiresS }: Claim, is: (quirk: Quirk) => boolean): void {
  const at = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  if (expiresS !== undefined) {
    if (Date.now() > at + expiresS * 1000 && !is("ignores-expiry")) throw new Refusal(403, "AccessDenied");
  } else if (Math.abs(Date.now() - at) > SKEW_MS && !is("ignores-clock")) {
    throw new Refusal(403, is("other-codes") ? "AccessDenied" : "RequestTimeTooSkewed");
  }
}

function headerClaim(headers: Headers): Claim | undefined {
  const found = /Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)/
    .exec(headers.get("authorization") ?? "");
  if (!found) return undefined;
  const [, accessKeyId = "", scope = "", signed = "", signature = ""] = found;
  return {
    accessKeyId,
    scope,
    signedHeaders: signed.split(";"),
    signature,
    date: headers.get("x-amz-date") ?? "",
  };
}

function queryClaim(query: URLSearchParams): Claim {
  const [accessKeyId = "", ...scope] = (query.get("X-Amz-Credential") ?? "").split("/");
  return {
    accessKeyId,
    scope: scope.join("/"),
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    date: query.get("X-Amz-Date") ?? "",
    expiresS: Number(query.get("X-Amz-Expires")),
  };
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function expected(request: Request, url: URL, claim: Claim, store: Store, inQuery: boolean): string {
  const pairs = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const hash = inQuery ? "UNSIGNED-PAYLOAD" : request.headers.get("x-amz-content-sha256") ?? "";
  const canonical = [
    request.method,
    url.pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/"),
    pairs.join("&"),
    ...claim.signedHeaders.map((name) => `${name}:${headerOf(request, url, name)}`),
    "",
    claim.signedHeaders.join(";"),
    hash,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", claim.date, claim.scope, hex(canonical)].join("\n");
  let key: Uint8Array = new TextEncoder().encode(`AWS4${store.keys.secretAccessKey}`);
  for (const part of claim.scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  return createHmac("sha256", key).update(toSign).digest("hex");
}

/** HTTP/2 has no header of that name. */
const headerOf = ({ headers }: Request, url: URL, name: string): string =>
  (headers.get(name) ?? (name === "host" ? url.host : "")).trim().replace(/ +/g, " ");

const hex = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
