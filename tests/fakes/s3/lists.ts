/** Lists of the fake S3: keys in pages, versions. */
import {
  type Bucket,
  bucketOf,
  byUtf8,
  type Call,
  current,
  element,
  etagOf,
  sortedKeys,
  type Version,
  xml,
} from "./store.ts";

/** A key, or a common prefix. */
interface Entry {
  name: string;
  prefix: boolean;
}

const encodeToken = (text: string) => new TextEncoder().encode(text).toBase64();
const decodeToken = (text: string) => new TextDecoder().decode(Uint8Array.fromBase64(text));

/** Keys of the first page of a list, for a store that does not look again. */
const firstPages = new WeakMap<Bucket, string[]>();

function keysOf(call: Call, bucket: Bucket): string[] {
  const { is, query } = call;
  if (is("stale-list")) return bucket.before.toSorted(byUtf8);
  if (is("list-of-first-page")) {
    const known = query.get("continuation-token") ? firstPages.get(bucket) : undefined;
    const keys = known ?? sortedKeys(bucket);
    firstPages.set(bucket, keys);
    return keys;
  }
  const keys = sortedKeys(bucket).filter((key) =>
    !is("hides-empty-objects") || current(bucket, key)?.bytes.length !== 0
  );
  return is("utf16-order") ? keys.sort() : keys;
}

function entriesOf({ query, is }: Call, keys: string[]): Entry[] {
  const prefix = is("ignores-prefix") ? "" : query.get("prefix") ?? "";
  const delimiter = is("ignores-delimiter") ? "" : query.get("delimiter") ?? "";
  const entries: Entry[] = [];
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const name = end < 0 ? key : key.slice(0, end + delimiter.length);
    if (end < 0) entries.push({ name, prefix: false });
    else if (entries.at(-1)?.name !== name) entries.push({ name, prefix: true });
  }
  return entries;
}

export function listBuckets({ store }: Call): Response {
  const all = [...store.buckets.keys()].map((name) => `<Bucket>${element("Name", name)}</Bucket>`);
  return xml("ListAllMyBucketsResult", `<Buckets>${all.join("")}</Buckets>`);
}

export function listObjects(call: Call): Response {
  const { query, is } = call;
  const bucket = bucketOf(call);
  const all = entriesOf(call, keysOf(call, bucket));
  const token = is("ignores-token") || is("repeats-pages") ? null : query.get("continuation-token");
  const most = is("ignores-max-keys") ? 1000 : Number(query.get("max-keys") ?? 1000);
  const after = token ? decodeToken(token) : is("ignores-start-after") ? "" : query.get("start-after") ?? "";
  const rest = is("offset-tokens")
    ? all.slice(token ? Number(after) : 0)
    : all.filter(({ name, prefix }) =>
      byUtf8(name, after) > 0 || (prefix && is("repeats-prefixes") && name === after)
    );
  const page = rest.slice(0, most);
  const more = rest.length > most || is("repeats-pages");
  const next = is("offset-tokens")
    ? String((token ? Number(after) : 0) + page.length)
    : page.at(-1)?.name ?? "";
  const shown = is("loses-key-at-page-end") && more && page.length > 1 ? page.slice(0, -1) : page;
  const asksUrl = query.get("encoding-type") === "url";
  const named = (full: string) => {
    const name = is("lists-joined-slashes") ? full.replace(/\/{2,}/g, "/") : full;
    return asksUrl && !is("ignores-encoding-type") && !is("claims-encoding-type")
      ? encodeURIComponent(name).replaceAll("%2F", "/")
      : name;
  };
  const saysUrl = asksUrl && !is("ignores-encoding-type") && !is("hides-encoding-type");
  const contents = shown.filter(({ prefix }) => !prefix).map(({ name }) => contentOf(bucket, name, named));
  const prefixes = shown.filter(({ prefix }) => prefix).map(({ name }) =>
    `<CommonPrefixes>${element("Prefix", named(name))}</CommonPrefixes>`
  );
  return xml(
    "ListBucketResult",
    [
      element("Name", bucket.name),
      element("KeyCount", is("wrong-key-count") ? 0 : shown.length),
      element("MaxKeys", most),
      saysUrl ? element("EncodingType", "url") : "",
      element("IsTruncated", more),
      more && !is("no-token") ? element("NextContinuationToken", tokenOf(call, next)) : "",
      ...contents,
      ...prefixes,
    ].join(""),
  );
}

/** A store that repeats its pages may give another token each time. */
const tokenOf = ({ is, store }: Call, next: string): string =>
  encodeToken(is("repeats-pages") ? `${next}${store.count++}` : next);

function contentOf(bucket: Bucket, key: string, named: (name: string) => string): string {
  const { bytes, etag, modified }: Pick<Version, "bytes" | "etag" | "modified"> = current(bucket, key) ??
    { bytes: new Uint8Array(), etag: etagOf(new Uint8Array()), modified: new Date() };
  return `<Contents>${element("Key", named(key))}${element("Size", bytes.length)}${element("ETag", etag)}${
    element("LastModified", modified.toISOString())
  }</Contents>`;
}

export function listVersions(call: Call): Response {
  const bucket = bucketOf(call);
  const prefix = call.is("ignores-prefix") ? "" : call.query.get("prefix") ?? "";
  const all = [...bucket.keys].filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => byUtf8(a, b))
    .flatMap(([key, versions]) =>
      versions.slice(0, call.is("lists-one-version") ? 1 : undefined).map((version, at) => {
        const name = version.marker ? "DeleteMarker" : "Version";
        return `<${name}>${element("Key", key)}${element("VersionId", version.id)}${
          element("IsLatest", at === 0)
        }${element("Size", version.bytes.length)}</${name}>`;
      })
    );
  const most = Number(call.query.get("max-keys") ?? 1000);
  const from = Number(call.query.get("key-marker") ?? 0);
  const more = all.length > from + most;
  return xml(
    "ListVersionsResult",
    [
      element("IsTruncated", more),
      more ? element("NextKeyMarker", from + most) : "",
      ...all.slice(from, from + most),
    ].join(""),
  );
}
