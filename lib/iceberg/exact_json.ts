/** JSON whose integers stay exact: snapshot ids have 64 bits, and a number of JavaScript 53. */
import { parseJson } from "../untrusted/json.ts";

/**
 * Strings are matched too, only to go past what looks like a number in them. One without an end goes to the end of the
 * text: it must not be looked for again from each quote in it.
 */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.?[^"\\]*)*(?:"|$)|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/gs;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * Like JSON.parse, except that integers of 16 digits or more that a number can't hold come as strings of digits.
 * Throws SyntaxError.
 */
export function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return parseJson(text);
  return parseJson(text.replace(STRING_OR_NUMBER, quoted));
}

function quoted(token: string): string {
  if (token.charCodeAt(0) === 0x22 || token.length < 16) return token;
  return LONG_INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
}
