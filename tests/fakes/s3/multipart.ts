/** Multipart uploads of the fake S3. */
import { Buffer } from "node:buffer";
import { sourceOf } from "./objects.ts";
import {
  bodyText,
  type Bucket,
  bucketOf,
  type Call,
  current,
  element,
  etagOf,
  Refusal,
  texts,
  unescapeXml,
  type Upload,
  write,
  xml,
} from "./store.ts";

const LEAST = 5 * 1024 * 1024;

type Part = Upload["parts"][number];

export function beginUpload(call: Call): Response {
  const { key, headers, store } = call;
  const id = `upload-${++store.count}`;
  const type = headers.get("content-type") ?? undefined;
  bucketOf(call).uploads.set(id, { id, key, type, meta: {}, parts: [], ended: false });
  return xml("InitiateMultipartUploadResult", element("Key", key) + element("UploadId", id));
}

function uploadOf({ query }: Call, bucket: Bucket): Upload {
  const found = bucket.uploads.get(query.get("uploadId") ?? "");
  if (!found || found.ended) throw new Refusal(404, "NoSuchUpload");
  return found;
}

export function putPart(call: Call): Response {
  const { headers, query, is } = call;
  const upload = uploadOf(call, bucketOf(call));
  const copied = headers.has("x-amz-copy-source");
  const bytes = copied ? copiedBytes(call) : call.bytes;
  const part = { number: Number(query.get("partNumber")), bytes, etag: etagOf(bytes) };
  const known = upload.parts.find(({ number }) => number === part.number);
  if (known && is("first-part-wins")) return new Response(null, { headers: { etag: known.etag } });
  upload.parts = [...upload.parts.filter((one) => one !== known), part];
  if (!copied) return new Response(null, { headers: { etag: part.etag } });
  return xml("CopyPartResult", element("ETag", part.etag));
}

function copiedBytes(call: Call): Uint8Array {
  const { bytes } = sourceOf(call);
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(
    call.headers.get("x-amz-copy-source-range") ?? "",
  ) ?? [];
  if (call.is("ignores-copy-range")) return bytes;
  const shift = call.is("part-copy-other-bytes") ? 1 : 0;
  return bytes.slice(Number(from) + shift, to ? Number(to) + 1 + shift : undefined);
}

export function completeUpload(call: Call): Response {
  const { key, headers, is } = call;
  const bucket = bucketOf(call);
  if (is("complete-after-abort-is-500") && bucket.uploads.get(call.query.get("uploadId") ?? "")?.ended) {
    throw new Refusal(500, "InternalError");
  }
  const upload = uploadOf(call, bucket);
  const body = bodyText(call);
  const etags = texts(body, "ETag").map((text) => unescapeXml(text).replaceAll('"', ""));
  const asked = texts(body, "PartNumber").map((number, at) => ({ number: Number(number), etag: etags[at] }));
  const parts = asked.map(({ number, etag }) => {
    const part = upload.parts.find((one) => one.number === number);
    if (part && (part.etag.replaceAll('"', "") === etag || is("ignores-part-etags"))) return part;
    if (part && is("refuses-and-makes")) store(call, bucket, upload, [part]);
    throw new Refusal(400, "InvalidPart");
  });
  if (parts.slice(0, -1).some(({ bytes }) => bytes.length < LEAST) && !is("accepts-small-parts")) {
    throw new Refusal(400, "EntityTooSmall");
  }
  const exists = current(bucket, key) !== undefined;
  if (headers.get("if-none-match") === "*" && exists && !is("ignores-complete-condition")) {
    throw new Refusal(412, "PreconditionFailed");
  }
  const joinedAs = is("joins-as-sent")
    ? upload.parts.toSorted((a, b) => b.number - a.number)
    : is("loses-part")
    ? parts.slice(0, -1)
    : parts;
  const { etag } = store(call, bucket, upload, joinedAs);
  upload.ended = true;
  const said = is("no-complete-etag") ? "" : is("other-complete-etag") ? '"other"' : etag;
  return xml("CompleteMultipartUploadResult", element("Key", key) + element("ETag", said));
}

function store(call: Call, bucket: Bucket, { key, type, meta, parts: sent }: Upload, parts: Part[]) {
  const bytes = new Uint8Array(Buffer.concat(parts.map((part) => part.bytes)));
  const etag = etagOf(bytes, `-${sent.length}`);
  return write(call, bucket, key, { bytes, etag, type, meta, tags: {} });
}

export function abortUpload(call: Call): Response {
  const bucket = bucketOf(call);
  const upload = uploadOf(call, bucket);
  if (call.is("abort-makes-object")) store(call, bucket, upload, upload.parts);
  if (!call.is("ignores-abort")) upload.ended = true;
  return new Response(null, { status: 204 });
}

export function listParts(call: Call): Response {
  const upload = uploadOf(call, bucketOf(call));
  const parts = call.is("lists-no-parts") ? [] : upload.parts.toSorted((a, b) => a.number - b.number);
  const rows = parts.map(({ number, bytes, etag }) =>
    `<Part>${element("PartNumber", number)}${element("Size", bytes.length)}${element("ETag", etag)}</Part>`
  );
  return xml("ListPartsResult", element("IsTruncated", false) + rows.join(""));
}

export function listUploads(call: Call): Response {
  const { is, query } = call;
  const prefix = is("ignores-prefix") ? "" : query.get("prefix") ?? "";
  const open = is("lists-no-uploads") ? [] : [...bucketOf(call).uploads.values()]
    .filter(({ ended, key }) => (!ended || is("lists-ended-uploads")) && key.startsWith(prefix));
  const rows = open.map(({ id, key }) => `<Upload>${element("Key", key)}${element("UploadId", id)}</Upload>`);
  return xml("ListMultipartUploadsResult", element("IsTruncated", false) + rows.join(""));
}
