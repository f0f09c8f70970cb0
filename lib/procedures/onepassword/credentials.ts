/**
 * The credentials file of a Connect server, `1password-credentials.json`: what `op connect server create` writes.
 * Its shape is the one 1Password shows in https://github.com/1Password/connect/issues/67.
 */
import { UsageError } from "../../engine/errors.ts";
import { anyText, obj, ShapeError, str } from "../../engine/decode.ts";
import { fromBase64, fromJson, isJwt, isLikePath, isRecord, isServiceAccountToken } from "./encoding.ts";

export interface Credentials {
  /** The JSON as 1Password made it: decoded, without white space around it. Secret. */
  text: string;
  /** 26 characters that tell one Connect server from another; not secret. */
  deviceUuid: string;
  /** Layers of base64 that were taken off, 0 to 2. */
  encodedTimes: number;
  /** Sentences for the user. */
  warnings: string[];
}

const LAYERS = 2;
const NEXT = "Give the file 1password-credentials.json as 1Password made it with the Connect server " +
  "(a new one: op connect server create NAME --vaults VAULT).";

/**
 * Reads the content of a credentials file, also when it was base64-encoded once or twice too often. Throws
 * UsageError that says what it is instead, and never quotes any of it.
 */
export function readCredentials(text: string): Credentials {
  const given = text.trim();
  if (given === "") throw refuse("it is empty");
  let layer: string | undefined = given;
  for (let encodedTimes = 0; layer !== undefined && encodedTimes <= LAYERS; encodedTimes++) {
    const value = fromJson(layer);
    if (isRecord(value)) return checked(layer, value, encodedTimes);
    layer = fromBase64(layer)?.trim();
  }
  throw refuse(whatElse(given));
}

/** Whether this is a credentials file, whole or not, for those who were given it in another's place. */
export function isCredentials(text: string): boolean {
  const given = text.trim();
  const value = fromJson(given) ?? fromJson(fromBase64(given) ?? "");
  return isRecord(value) && "verifier" in value && "encCredentials" in value;
}

const shape = obj({
  verifier: obj({ salt: str, localHash: str }),
  encCredentials: obj({ iv: str, data: anyText }),
  uniqueKey: obj({ k: str }),
  deviceUuid: str,
  version: str,
});

function checked(text: string, value: Record<string, unknown>, encodedTimes: number): Credentials {
  const file = decoded(value);
  const parts: [string, string | undefined][] = [
    ["verifier.salt", file?.verifier?.salt],
    ["verifier.localHash", file?.verifier?.localHash],
    ["encCredentials.iv", file?.encCredentials?.iv],
    ["encCredentials.data", file?.encCredentials?.data],
    ["uniqueKey.k", file?.uniqueKey?.k],
    ["deviceUuid", file?.deviceUuid],
    ["version", file?.version],
  ];
  const missing = parts.filter(([, part]) => !part).map(([name]) => name);
  if (missing.length > 0) {
    const known = otherJson(value);
    const lacks = `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`;
    throw refuse(known ? `it is ${known}` : `it is JSON of something else, or of a part: ${lacks}`);
  }
  // Connect says "credentials file is not version 2" (https://github.com/1Password/connect/issues/18).
  if (file?.version !== "2") throw refuse("its version is not 2, which is the one that Connect reads");
  return { text, deviceUuid: file.deviceUuid ?? "", encodedTimes, warnings: warningsOf(encodedTimes) };
}

function decoded(value: Record<string, unknown>): ReturnType<typeof shape> {
  try {
    return shape(value);
  } catch (error) {
    if (error instanceof ShapeError) throw refuse(`it is JSON of something else: ${error.message.slice(1)}`);
    throw error;
  }
}

function warningsOf(encodedTimes: number): string[] {
  if (encodedTimes === 0) return [];
  const often = encodedTimes === 1 ? "once too often" : "twice over";
  return [
    `The credentials were base64-encoded ${often}; they are used decoded. Kubernetes encodes by itself.`,
  ];
}

/** Other JSON that is met in this place, by its keys. */
function otherJson(value: Record<string, unknown>): string | undefined {
  if ("documentAttributes" in value || ("details" in value && "uuid" in value)) {
    return "the 1Password item that holds the file, not the file in it (op document get ITEM)";
  }
  if ("signInAddress" in value || "client_email" in value || "private_key" in value) {
    return "the JSON of a service account, which Connect cannot use";
  }
  if (value.kind === "Secret") return "a Kubernetes Secret, not what is in its data";
  return undefined;
}

function whatElse(given: string): string {
  if (isServiceAccountToken(given)) return "it is a service account's token, which Connect cannot use";
  if (isJwt(given)) return "this is a Connect token: --credentials and --token are swapped?";
  if (given.startsWith("{")) return "it begins like JSON and is cut short or damaged";
  const value = fromJson(given);
  if (typeof value === "string") {
    return isJwt(value.trim())
      ? "this is a Connect token inside quotes: --credentials and --token are swapped?"
      : "it is a text inside quotes";
  }
  if (value !== undefined) {
    return `it is JSON of something else: ${Array.isArray(value) ? "a list" : "one value"}`;
  }
  if (isLikePath(given)) return "it is not JSON. If it is the name of a file, give it as --credentials FILE";
  return "it is not JSON";
}

function refuse(why: string): UsageError {
  return new UsageError(`The credentials cannot be used: ${why}. ${NEXT}`);
}
