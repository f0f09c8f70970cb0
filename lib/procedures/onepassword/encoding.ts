/** Texts out of bytes and base64, for input that nobody has looked at yet. Nothing here quotes what it reads. */
import { parseJson } from "../../untrusted/json.ts";

/** The text of UTF-8 bytes, without a byte order mark; undefined when they are something else. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text that base64 of either alphabet holds, wrapped or not; undefined when it is not base64 of UTF-8. */
export function fromBase64(text: string): string | undefined {
  try {
    return utf8(Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}

/** The value of a JSON text; undefined when it is none. JSON.parse's own message would quote the text. */
export function fromJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A service account's token begins with `ops_`. */
export function isServiceAccountToken(text: string): boolean {
  return text.startsWith("ops_");
}

/** Three parts of base64url: a JWT, whoever issued it (RFC 7519). */
export function isJwt(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text);
}

/** A word or two with a slash or a file's ending: somebody gave the name of a file where its content belongs. */
export function isLikePath(text: string): boolean {
  return text.length <= 300 && !/[\r\n]/.test(text) && /^[~./\\]|\.(json|txt|token|key)$/.test(text);
}
