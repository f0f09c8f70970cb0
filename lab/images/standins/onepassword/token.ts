// Connect's access tokens: JWTs (ES256) that name the vaults they open.
import { createPublicKey, verify } from "node:crypto";

/** What a token may do: vault id to "may write". */
export type Grants = ReadonlyMap<string, boolean>;

const WRITE = 32;

/** The grants of a token, or why it is refused, in Connect's words. */
export function readToken(header: string | null, publicKey: string, now = Date.now()): Grants | string {
  if (!header) return "Authorization header is missing";
  const [scheme, token] = header.split(" ");
  const [head, body, signature] = (token ?? "").split(".");
  if (scheme !== "Bearer" || !head || !body || !signature) return "Invalid bearer token";
  const valid = verify(
    "sha256",
    new TextEncoder().encode(`${head}.${body}`),
    { key: createPublicKey(publicKey), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!valid) return "Invalid token signature";
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(body, "base64url").toString());
  if (typeof claims.exp === "number" && claims.exp * 1000 < now) return "Token expired";
  const vaults = claims["1password.com/vts"];
  const grants = new Map<string, boolean>();
  for (const vault of Array.isArray(vaults) ? vaults : []) {
    grants.set(String(vault.u), (Number(vault.a) & WRITE) !== 0);
  }
  return grants;
}
