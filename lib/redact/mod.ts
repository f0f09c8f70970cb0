/**
 * The one place through which text from outside passes before anybody may read it: error bodies, messages, logs, what
 * programs print. Pure.
 */
import { cut, cutMiddle } from "../untrusted/text.ts";
import { clean } from "./clean.ts";
import { redact } from "./known.ts";
import { withoutCredentials } from "./patterns.ts";

export { clean, cleanLine } from "./clean.ts";
export { redact, RUN } from "./known.ts";
export { isSecretName, withoutCredentials } from "./patterns.ts";

/** More of a text than this is not looked at, and not quoted. UTF-16 units. */
const MOST = 64 * 1024;

/**
 * What somebody else said, as one line of at most `limit` UTF-16 units that may be shown: control sequences are gone,
 * then known secrets and what looks like credentials, and only then it is cut.
 */
export function quote(text: string, secrets: readonly string[], limit: number): string {
  return cut(withoutCredentials(redact(clean(text.slice(0, MOST)), secrets)), limit);
}

/** As `quote`, but of a text that is too long its beginning and its end are kept. */
export function quoteEnds(text: string, secrets: readonly string[], limit: number): string {
  return cutMiddle(withoutCredentials(redact(clean(text.slice(0, MOST)), secrets)), limit);
}

/** As `quote`, with its lines and without a mark where it was cut: for what programs read. */
export function excerpt(text: string, secrets: readonly string[], limit: number): string {
  return withoutCredentials(redact(text.slice(0, MOST), secrets)).slice(0, limit);
}

/** A copy of plain data in which no string or key holds a known secret. */
export function redactAll(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") return redact(value, secrets);
  if (Array.isArray(value)) return value.map((one) => redactAll(one, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [redact(key, secrets), redactAll(one, secrets)]),
  );
}

/** Our own words as one line of at most `limit` UTF-16 units. What is quoted in them has passed `quote`. */
export function oneLine(text: string, limit: number): string {
  return cut(clean(text), limit);
}
