/**
 * The one place where paths of HTTP APIs are made. Names come from clusters, catalogs and vaults, so from others: a name
 * like `../../payments/secrets/x` must not lead to another object than the one that is meant. What can't be a name is
 * refused here, before anything is sent. The lint rule `api-path` keeps path templates out of all other files.
 */
import { CannotLook } from "../engine/errors.ts";

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** A label of RFC 1123, as namespaces, Services and ports are called: at most 63 characters. */
export function isLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/**
 * A subdomain of RFC 1123, as most objects are called: labels between dots, at most 253 characters.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => LABEL.test(label));
}

/**
 * A path of the Kubernetes API: `/api/v1/namespaces/${namespace}/secrets/${name}`. What follows
 * `/namespaces/` or `:` must be a label, what follows another `/` a subdomain (in RBAC's group a path segment, as its
 * names may hold colons); what stands in the query is escaped. A value at the very beginning or right behind another
 * value is a path that was made before. Throws CannotLook for anything else.
 */
export function kubePath(literals: TemplateStringsArray, ...values: (string | number)[]): string {
  return assembled(literals, values, kubeName);
}

/**
 * A path of any other API, put together as by `kubePath`: a value behind `/` is one segment and is escaped whole, its
 * slashes too. Throws CannotLook for a segment that is empty, `.` or `..`: no client can ask for these.
 */
export function restPath(literals: TemplateStringsArray, ...values: (string | number)[]): string {
  return assembled(literals, values, segment);
}

type Encode = (before: string, value: string) => string;

function assembled(
  literals: readonly string[],
  values: readonly (string | number)[],
  encode: Encode,
): string {
  const [first = "", ...rest] = literals;
  const path = values.reduce<string>((before, value, at) => {
    const text = String(value);
    const made = before.includes("?")
      ? escaped(text)
      : literals[at] === ""
      ? madeBefore(text)
      : encode(before, text);
    return before + made + (rest[at] ?? "");
  }, first);
  return sendable(path);
}

function kubeName(before: string, name: string): string {
  const good = /(?:\/namespaces\/|:)$/.test(before)
    ? isLabel(name)
    : before.startsWith("/apis/rbac.authorization.k8s.io/")
    ? /^[^/%]+$/.test(name) && name !== "." && name !== ".."
    : isSubdomain(name);
  if (good) return escaped(name);
  throw refusal(
    `${quoted(name)} is not a valid name of a Kubernetes object, so no request was made below ${before}`,
  );
}

function segment(before: string, name: string): string {
  if (name !== "" && name !== "." && name !== "..") return escaped(name);
  throw refusal(`${quoted(name)} is not a valid name, so no request was made below ${before}`);
}

function madeBefore(path: string): string {
  if (path === "") return path;
  if (/^[/?]/.test(path)) return sendable(path.replace(/^\?/, "/?")) && path;
  throw refusal(`${quoted(path)} is no path, so no request was made`);
}

/**
 * The path itself, if a client asks for just that: clients take `.` and `..` out of paths (`%2e` too), turn backslashes,
 * and leave away what follows `#`. Throws CannotLook otherwise. For clients, right before they send.
 */
export function sendable(path: string): string {
  const [bare = ""] = path.split("?");
  const dots = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
  if (/^\/[\x21-\x7e]*$/.test(path) && !/[\\#]/.test(path) && !dots.test(bare)) return path;
  throw refusal(`the path ${quoted(path)} would lead elsewhere than it says, so no request was made`);
}

/** Every byte of UTF-8 that is not unreserved is escaped (RFC 3986), as signatures of S3 want it. */
export function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const PLAIN = /^[A-Za-z0-9\-._~/]*$/;

/** A key of S3 in a path or header, escaped but for its slashes. Its `.` and `..` are the sender's to refuse. */
export function escapedKey(key: string): string {
  return PLAIN.test(key) ? key : escaped(key).replaceAll("%2F", "/");
}

const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

function refusal(message: string): CannotLook {
  return new CannotLook({ kind: "malformed", message });
}
