// Connect's access tokens: JWTs (ES256) that name the vaults they open.
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";

const WRITE = 32;

/** A token as it was sent; nothing in it is to be believed before {@linkcode refusal} has said nothing. */
export interface Token {
  /** Vault id to "may write". */
  grants: ReadonlyMap<string, boolean>;
  id: string;
  account: string;
  jti: string;
  /** In milliseconds since 1970. */
  expires: number;
  signed: string;
  signature: Uint8Array;
}

/** The token of an Authorization header; undefined when there is none that can be read. */
export function parseToken(header: string | null): Token | undefined {
  const parts = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(header ?? "");
  const [, head = "", body = "", signature = ""] = parts ?? [];
  let claims: Record<string, unknown>;
  try {
    claims = JSON.parse(Buffer.from(body, "base64url").toString());
  } catch {
    return undefined;
  }
  const vaults = claims["1password.com/vts"];
  const grants = new Map<string, boolean>();
  for (const vault of Array.isArray(vaults) ? vaults : []) {
    grants.set(String(vault.u), (Number(vault.a) & WRITE) !== 0);
  }
  return {
    grants,
    id: String(claims.sub),
    account: String(claims["1password.com/auuid"]),
    jti: String(claims.jti),
    expires: typeof claims.exp === "number" ? claims.exp * 1000 : Infinity,
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

/** Why a token is refused, in Connect's words; undefined when it is good. `publicKey` is PEM. */
export function refusal(token: Token, publicKey: string, now = Date.now()): string | undefined {
  const key = { key: createPublicKey(publicKey), dsaEncoding: "ieee-p1363" } as const;
  const good = verify("sha256", new TextEncoder().encode(token.signed), key, token.signature);
  if (!good) return "Invalid token signature";
  return token.expires < now ? "Invalid bearer token" : undefined;
}
