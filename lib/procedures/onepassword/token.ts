/**
 * The access token of a Connect server: a JWT that 1Password signed with ES256
 * (https://support.1password.com/connect-security). Read here without its key, so nothing is verified: only Connect
 * can say that a token is good, and this can say early that one is not.
 */
import { UsageError } from "../../engine/errors.ts";
import { isCredentials } from "./credentials.ts";
import { fromBase64, fromJson, isJwt, isLikePath, isRecord, isServiceAccountToken } from "./encoding.ts";

export interface Grant {
  /** 26 characters in lower case, as in the paths of the Connect API. */
  vault: string;
  /** Whether the vault may be read at all: every access needs viewing. */
  read: boolean;
  /** Whether items may be created and changed, as far as the bits can be understood. */
  write: boolean;
  /** The number in the token. 1Password publishes no meaning for it; `write` takes that of its SDKs. */
  bits: number;
}

export interface Token {
  /** Without white space around it. Secret. */
  text: string;
  grants: Grant[];
  /** `com.1password.b5`; not secret. */
  issuer: string;
  /** Absent when the token does not expire. */
  expiresAt?: Date;
  /** True when white space stood around it, as after `echo` or in most files. */
  trimmed: boolean;
  /** Sentences for the user. */
  warnings: string[];
}

const AUDIENCE = "com.1password.connect";
const ISSUER = /^com\.1password\.[a-z0-9]+$/;
/** UPDATE_ITEMS and CREATE_ITEMS (https://developer.1password.com/docs/sdks/vault-permissions). */
const WRITE_BITS = 64 | 128;
const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
const NEXT =
  "Give an access token of the Connect server (a new one: op connect token create NAME --server SERVER " +
  "--vault VAULT,r).";

/** Reads a token. Throws UsageError that says what it is instead, or what is wrong, and never quotes any of it. */
export function readToken(text: string, now: Date): Token {
  const token = text.trim();
  refuseOther(token);
  const claims = claimsOf(token);
  const issuer = issuerOf(claims);
  const grants = grantsOf(claims["1password.com/vts"]);
  const expiresAt = expiryOf(claims.exp);
  if (expiresAt && expiresAt <= now) {
    throw refuse(`it expired on ${expiresAt.toISOString()}, ${days(now, expiresAt)} ago`);
  }
  const soon = expiresAt && expiresAt.getTime() - now.getTime() < SOON_DAYS * DAY_MS;
  return {
    text: token,
    grants,
    issuer,
    ...(expiresAt ? { expiresAt } : {}),
    trimmed: token !== text,
    warnings: soon ? [`The token expires on ${expiresAt.toISOString()}, in ${days(expiresAt, now)}.`] : [],
  };
}

/** Everything that is no JWT, by what it is. */
function refuseOther(token: string): void {
  if (token === "") throw refuse("it is empty");
  if (isServiceAccountToken(token)) {
    throw refuse("it is a service account's token (ops_...), which Connect does not accept");
  }
  if (isCredentials(token)) {
    throw refuse("this is a credentials file: --credentials and --token are swapped?");
  }
  if (/^(["']).*\1$/s.test(token)) throw refuse("it stands in quotes, which are no part of it");
  if (/^bearer\s/i.test(token)) throw refuse("the word Bearer stands before it, which is no part of it");
  if (isJwt(fromBase64(token)?.trim() ?? "")) {
    throw refuse("it is base64 of a token, as in the data of a Secret: decode it once (base64 -d)");
  }
  if (isLikePath(token)) {
    throw refuse("it is not a JWT. If it is the name of a file, give it as --token FILE");
  }
  if (/[\r\n]/.test(token)) throw refuse("it has line breaks inside, and a token is one line");
  if (/\s/.test(token)) throw refuse("it has white space inside, and a token has none");
}

function claimsOf(token: string): Record<string, unknown> {
  const parts = token.split(".");
  if (parts.length !== 3) {
    const cut = parts.length === 2 ? ": its end is missing?" : "";
    throw refuse(`it is not a JWT, which has 3 parts between dots and this has ${parts.length}${cut}`);
  }
  const [head, claims] = parts.map((part) =>
    /^[\w-]+$/.test(part) ? fromJson(fromBase64(part) ?? "") : undefined
  );
  if (!isRecord(head) || !isRecord(claims) || parts[2] === "") {
    throw refuse("it looks like a JWT and cannot be decoded: a character was lost or changed?");
  }
  return claims;
}

/** The issuer, after making sure that the token was made for Connect. */
function issuerOf(claims: Record<string, unknown>): string {
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audience.includes(AUDIENCE)) {
    throw refuse(`it is a JWT for something else: its audience is not ${AUDIENCE}`);
  }
  if (typeof claims.iss !== "string" || !ISSUER.test(claims.iss)) {
    throw refuse("it is a JWT that 1Password did not issue");
  }
  return claims.iss;
}

function grantsOf(vaults: unknown): Grant[] {
  if (vaults !== undefined && !Array.isArray(vaults)) {
    throw refuse("it names its vaults in a form that is not known here");
  }
  const grants = (vaults ?? []).map((one: unknown) => {
    const { u, a } = isRecord(one) ? one : {};
    if (
      typeof u !== "string" || !/^[a-z0-9]{26}$/i.test(u) || typeof a !== "number" || !Number.isSafeInteger(a)
    ) {
      throw refuse("it names its vaults in a form that is not known here");
    }
    return { vault: u.toLowerCase(), read: a !== 0, write: (a & WRITE_BITS) === WRITE_BITS, bits: a };
  });
  if (!grants.some(({ read }) => read)) throw refuse("it opens no vault at all");
  return grants;
}

function expiryOf(exp: unknown): Date | undefined {
  if (exp === undefined || exp === null) return undefined;
  const date = new Date(typeof exp === "number" ? exp * 1000 : NaN);
  if (Number.isNaN(date.getTime())) throw refuse("the time of its end cannot be read");
  return date;
}

function days(later: Date, earlier: Date): string {
  const count = Math.floor((later.getTime() - earlier.getTime()) / DAY_MS);
  return count < 1 ? "less than a day" : `${count} ${count === 1 ? "day" : "days"}`;
}

function refuse(why: string): UsageError {
  return new UsageError(`The token cannot be used: ${why}. ${NEXT}`);
}
