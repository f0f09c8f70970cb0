/** Single objects of the fake S3: PUT, GET, HEAD, DELETE, copies, tags, batches. */
import { createHash } from "node:crypto";
import {
  bodyText,
  type Bucket,
  bucketOf,
  type Call,
  current,
  element,
  escapeXml,
  etagOf,
  Refusal,
  texts,
  unescapeXml,
  type Version,
  versionId,
  write,
  xml,
} from "./store.ts";

const unquoted = (etag: string) => etag.replaceAll('"', "");

export async function putObject(call: Call): Promise<Response> {
  const { headers, bytes, key, is } = call;
  const bucket = bucketOf(call);
  if (is("refuses-empty-objects") && bytes.length === 0) throw new Refusal(411, "MissingContentLength");
  const isDirectory = [...bucket.keys.keys()].some((one) =>
    one.startsWith(`${key}/`) || key.startsWith(`${one}/`)
  );
  if (is("keeps-files") && isDirectory) throw new Refusal(409, "ExistingObjectIsDirectory");
  const md5 = headers.get("content-md5");
  if (md5 && md5 !== createHash("md5").update(bytes).digest("base64") && !is("ignores-md5")) {
    throw new Refusal(400, "BadDigest");
  }
  const check = () => checkPut(call, current(bucket, key));
  check();
  if (is("checks-before-writing")) await new Promise((resolve) => setTimeout(resolve, 20));
  else check();
  const made = write(call, bucket, key, {
    bytes,
    etag: etagOf(bytes),
    type: headers.get("content-type") ?? undefined,
    meta: metaOf(headers),
    tags: Object.fromEntries(new URLSearchParams(headers.get("x-amz-tagging") ?? "")),
  });
  return new Response(null, { headers: { etag: made.etag, ...versionHeader(call, made) } });
}

function checkPut({ headers, is }: Call, found: Version | undefined): void {
  if (headers.get("if-none-match") === "*" && found && !is("ignores-if-none-match")) {
    throw new Refusal(412, "PreconditionFailed");
  }
  const match = headers.get("if-match");
  if (match === null || is("ignores-if-match")) return;
  const same = is("unquoted-if-match") ? match === unquoted(found?.etag ?? "") : match === found?.etag;
  if (!same || is("refuses-if-match")) throw new Refusal(412, "PreconditionFailed");
}

const versionHeader = ({ is }: Call, { id }: Version): Record<string, string> =>
  id === "null" || is("no-version-ids") ? {} : { "x-amz-version-id": id };

function metaOf(headers: Headers): Record<string, string> {
  const found = [...headers].filter(([name]) => name.startsWith("x-amz-meta-"));
  return Object.fromEntries(found.map(([name, value]) => [name.slice("x-amz-meta-".length), value]));
}

/** The version that is asked for. */
function versionOf(call: Call, bucket: Bucket): Version {
  const { key, query, is } = call;
  const id = query.get("versionId");
  const all = bucket.keys.get(key) ?? [];
  const found = id && !is("reads-latest-version") ? all.find((one) => one.id === id) : all[0];
  const readable = found?.marker && is("reads-behind-marker") ? all.find(({ marker }) => !marker) : found;
  if (!readable || readable.marker) throw new Refusal(404, "NoSuchKey");
  return readable;
}

export function getObject(call: Call): Response {
  const { method, headers, is } = call;
  const bucket = bucketOf(call);
  if (method === "HEAD" && is("head-finds-all") && !bucket.keys.has(call.key)) return new Response(null);
  const version = versionOf(call, bucket);
  checkGet(call, version);
  const plain: Record<string, string> = {
    etag: method === "HEAD" && is("head-other-etag") ? '"other"' : version.etag,
    "last-modified": version.modified.toUTCString(),
    "content-type": version.type ?? "binary/octet-stream",
    ...Object.fromEntries(Object.entries(version.meta).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...versionHeader(call, version),
  };
  const { length } = version.bytes;
  if (method === "HEAD") {
    const said = is("head-wrong-length") ? length + 1 : length;
    return new Response(null, { headers: { ...plain, "content-length": String(said) } });
  }
  const range = is("ignores-ranges") ? null : headers.get("range");
  return range ? ranged(call, version.bytes, range, plain) : whole(call, version.bytes, plain);
}

function whole({ is }: Call, bytes: Uint8Array, headers: Record<string, string>): Response {
  if (!is("cuts-bodies")) return new Response(new Uint8Array(bytes), { headers });
  const half = bytes.slice(0, Math.floor(bytes.length / 2));
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(half),
    pull: (controller) => controller.close(),
  });
  return new Response(body, { headers: { ...headers, "content-length": String(bytes.length) } });
}

function ranged({ is }: Call, bytes: Uint8Array, range: string, headers: Record<string, string>): Response {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (!first && is("refuses-suffix-range")) throw new Refusal(400, "InvalidArgument");
  const shift = !first && is("wrong-suffix-range") ? 1 : 0;
  const from = first ? Number(first) : Math.max(0, bytes.length - Number(last)) - shift;
  const to = first && last ? Math.min(Number(last), bytes.length - 1) : bytes.length - 1 - shift;
  if (from >= bytes.length) {
    if (is("range-beyond-is-200")) return new Response(new Uint8Array(bytes), { headers });
    throw new Refusal(416, "InvalidRange");
  }
  const total = is("wrong-content-range") ? "*" : bytes.length;
  return new Response(bytes.slice(from, to + 1), {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${from + shift}-${to + shift}/${total}` },
  });
}

function checkGet({ headers, is }: Call, { etag, modified }: Version): void {
  if (is("ignores-get-conditions")) return;
  const [match, noneMatch] = [headers.get("if-match"), headers.get("if-none-match")];
  const since = headers.get("if-modified-since");
  if ((match ?? noneMatch ?? since) !== null && is("refuses-get-conditions")) {
    throw new Refusal(412, "PreconditionFailed");
  }
  if (match !== null && unquoted(match) !== unquoted(etag)) throw new Refusal(412, "PreconditionFailed");
  if (noneMatch !== null && unquoted(noneMatch) === unquoted(etag)) throw new Refusal(304, "NotModified");
  const time = Math.floor(modified.getTime() / 1000) * 1000 + (is("compares-fractions") ? 500 : 0);
  if (since !== null && time <= Date.parse(since)) {
    throw new Refusal(304, "NotModified");
  }
}

/** An object that is locked: nobody deletes it who does not say that the lock may be broken. */
const isLocked = ({ is, headers }: Call) =>
  is("locks-objects") && headers.get("x-amz-bypass-governance-retention") !== "true";

export function deleteObject(call: Call): Response {
  const { key, query, is } = call;
  const bucket = bucketOf(call);
  if (isLocked(call)) throw new Refusal(403, "AccessDenied");
  const id = query.get("versionId");
  if (!bucket.keys.has(key) && is("missing-delete-is-404")) throw new Refusal(404, "NoSuchKey");
  const marker = is("ignores-delete") ? undefined : removeKey(call, bucket, key, id);
  const headers = marker && !is("no-delete-marker")
    ? { "x-amz-delete-marker": "true", "x-amz-version-id": marker.id }
    : undefined;
  return new Response(null, { status: 204, headers });
}

/** Deletes a version, or the object; gives the delete marker that is made. */
export function removeKey(call: Call, bucket: Bucket, key: string, id?: string | null): Version | undefined {
  const all = bucket.keys.get(key) ?? [];
  bucket.before = [...bucket.keys.keys()];
  if (id) {
    const kept = all.filter((one) => one.id !== id || (one.marker && call.is("marker-stays")));
    if (kept.length > 0) bucket.keys.set(key, kept);
    else bucket.keys.delete(key);
    return undefined;
  }
  if (!bucket.versioning) {
    bucket.keys.delete(key);
    return undefined;
  }
  const made = {
    id: versionId(call, bucket),
    marker: true,
    bytes: new Uint8Array(),
    etag: "",
    modified: new Date(),
    meta: {},
    tags: {},
  };
  bucket.keys.set(key, [made, ...all.filter((one) => one.id !== made.id)]);
  return made;
}

/** The object that x-amz-copy-source names. */
export function sourceOf(call: Call): Version {
  const text = (call.headers.get("x-amz-copy-source") ?? "").replace(/^\//, "");
  const at = text.indexOf("/");
  const bucket = call.store.buckets.get(text.slice(0, at));
  const found = bucket && current(bucket, decodeURIComponent(text.slice(at + 1)));
  if (found) return found;
  if (call.is("copies-missing")) return { ...EMPTY };
  throw new Refusal(404, "NoSuchKey");
}

const EMPTY: Version = {
  id: "null",
  marker: false,
  bytes: new Uint8Array(),
  etag: '"empty"',
  modified: new Date(0),
  meta: {},
  tags: {},
};

export function copyObject(call: Call): Response {
  const { headers, key, is } = call;
  const source = sourceOf(call);
  const replace = headers.get("x-amz-metadata-directive") === "REPLACE" && !is("ignores-replace");
  const made = write(call, bucketOf(call), key, {
    ...source,
    bytes: is("copies-empty") ? new Uint8Array() : source.bytes,
    meta: is("copy-drops-metadata") ? {} : replace ? metaOf(headers) : source.meta,
    type: replace ? headers.get("content-type") ?? undefined : source.type,
  });
  return xml(
    "CopyObjectResult",
    element("ETag", made.etag) + element("LastModified", made.modified.toISOString()),
  );
}

export function tagging(call: Call): Response {
  const { method, is } = call;
  const version = versionOf(call, bucketOf(call));
  if (method === "PUT") {
    const body = bodyText(call);
    const [names, values] = [texts(body, "Key"), texts(body, "Value")];
    const tags = names.map((name, at) => [unescapeXml(name), unescapeXml(values[at] ?? "")]);
    if (!is("forgets-tags")) version.tags = Object.fromEntries(tags);
    return new Response(null);
  }
  if (method === "DELETE") {
    version.tags = {};
    return new Response(null, { status: 204 });
  }
  const tags = Object.entries(version.tags).map(([name, value]) =>
    `<Tag>${element("Key", name)}${element("Value", value)}</Tag>`
  );
  return xml("Tagging", `<TagSet>${tags.join("")}</TagSet>`);
}

export function deleteObjects(call: Call): Response {
  const { is } = call;
  const bucket = bucketOf(call);
  const body = bodyText(call);
  const quiet = texts(body, "Quiet")[0] === "true" && !is("ignores-quiet");
  const answers = texts(body, "Object").map((one) => {
    const key = unescapeXml(texts(one, "Key")[0] ?? "");
    const id = texts(one, "VersionId")[0];
    if (!bucket.keys.has(key) && is("batch-delete-errors")) {
      return `<Error><Key>${escapeXml(key)}</Key><Code>NoSuchKey</Code></Error>`;
    }
    if (isLocked(call)) return `<Error><Key>${escapeXml(key)}</Key><Code>AccessDenied</Code></Error>`;
    if (!is("batch-delete-forgets")) removeKey(call, bucket, key, id);
    return quiet ? "" : `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`;
  });
  if (is("batch-deletes-all")) bucket.keys.clear();
  return xml("DeleteResult", answers.join(""));
}
