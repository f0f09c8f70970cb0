/** Credentials and tokens of the shape that 1Password gives them, of no account, for tests of what reads them. */
import assert from "node:assert/strict";
import { UsageError } from "../../../lib/engine/errors.ts";

export const NOW = new Date("2026-11-21T09:00:00Z");
export const VAULT = "nhemsvc6eetcd6wyvnrqtc7wxy";

/** The parts of a credentials file. */
export const PARTS = {
  verifier: { salt: "c2FsdC1mb3ItdGVzdHM", localHash: "aGFzaC1mb3ItdGVzdHMtb25seS1ub3RoaW5nLWVsc2U" },
  encCredentials: {
    kid: "localauthv2keykid",
    enc: "A256GCM",
    cty: "b5+jwk+json",
    iv: "aXYtZm9yLXRlc3Rz",
    data: "Y2lwaGVydGV4dC1mb3ItdGVzdHMtb25seS1ub3RoaW5nLWVsc2UtYXQtYWxs",
  },
  version: "2",
  deviceUuid: "rl5xahcbuydfyy2za2rgie6tdy",
  uniqueKey: {
    alg: "A256GCM",
    ext: true,
    k: "a2V5LWZvci10ZXN0cy1vbmx5LW5vdGhpbmctZWxzZQ",
    key_ops: ["encrypt", "decrypt"],
    kty: "oct",
    kid: "6b77cxjwwmiikfjua4gkylmh4u",
  },
};
export const CREDENTIALS = JSON.stringify(PARTS);

export function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function base64url(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

export const CLAIMS: Record<string, unknown> = {
  "1password.com/auuid": "GTLVZ4XKFFHVHHGUFQ3RKAPGYU",
  "1password.com/token": "bearer-for-tests-of-no-account-00",
  "1password.com/fts": ["vaultaccess"],
  "1password.com/vts": [{ u: VAULT, a: 48 }],
  aud: ["com.1password.connect"],
  sub: "MEHVQ6RJYVDKNE2SSPLX4BCR5E",
  iat: Math.floor(NOW.getTime() / 1000) - 3600,
  exp: Math.floor(NOW.getTime() / 1000) + 365 * 86_400,
  iss: "com.1password.b5",
  jti: "c2fdyhpdkzdlbhxnhhwvttxhru",
};

/** A token with these claims instead of some; undefined takes one away. */
export function tokenOf(claims: Record<string, unknown> = {}): string {
  const head = base64url({ alg: "ES256", kid: "lbhxnhhwvttxhruc2fdyhpdkzd", typ: "JWT" });
  return `${head}.${base64url({ ...CLAIMS, ...claims })}.${"Zm9yLXRlc3Rz".repeat(7)}`;
}

export const TOKEN = tokenOf();
export const SERVICE_ACCOUNT_TOKEN = `ops_${
  base64(JSON.stringify({ signInAddress: "my.1password.com", userAuth: {}, secretKey: "A3-FOR-TESTS" }))
}`;

/** The names that the formats are made of: known to everybody, so messages may say them. */
const WORDS = `${Object.keys(PARTS)} ${Object.values(PARTS).flatMap((part) => Object.keys(part))} ` +
  "encCredentials.data encCredentials.iv 1password-credentials.json com.1password.connect";

/** Fails when a message holds 12 characters in a row of an input. */
export function assertNotQuoted(message: string, input: string): void {
  for (let i = 0; i + 12 <= input.length; i++) {
    const piece = input.slice(i, i + 12);
    assert.ok(!message.includes(piece) || WORDS.includes(piece), `${JSON.stringify(piece)} in: ${message}`);
  }
}

/** The message with which it is refused, which quotes nothing of the input. */
export function problem(read: () => unknown, input: string): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof UsageError, `not a UsageError: ${error}`);
    assertNotQuoted(error.message, input);
    return error.message;
  }
  throw new Error("it was accepted");
}
