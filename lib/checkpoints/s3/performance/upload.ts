/** An upload in parts, several at a time, as engines and backups write what is large. */
import type { RawReply } from "../../../clients/s3/raw.ts";
import type { RequestError } from "../../../load/generator.ts";
import type { S3Context } from "../context.ts";
import { rawDelete } from "../scratch/delete.ts";

const PART_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 4;
/** The body is not hashed: that would measure this machine. */
const UNSIGNED = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

let part: Uint8Array | undefined;

/** Gives the bytes that were uploaded, or how the store rejected. CannotLook when it gave no whole answer. */
export async function uploadInParts(
  context: S3Context,
  key: string,
  bytes: number,
): Promise<number | RequestError> {
  const { raw, bucket, place } = context;
  const begun = await raw.send({ method: "POST", bucket, key, query: { uploads: "" } });
  const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(begun.text())?.[1];
  if (begun.status !== 200 || !uploadId) return refusal("begin an upload", begun);
  const count = Math.max(Math.ceil(bytes / PART_BYTES), 1);
  const etags: string[] = [];
  let refused: RequestError | undefined;
  let whole = false;
  let next = 0;
  const send = async () => {
    while (next < count && !refused) {
      const at = next++;
      const body = partOf(Math.min(PART_BYTES, bytes - at * PART_BYTES));
      const query = { partNumber: String(at + 1), uploadId };
      const sent = await raw.send({ method: "PUT", bucket, key, query, headers: UNSIGNED, body });
      const etag = sent.headers.get("etag");
      if (sent.status === 200 && etag) etags[at] = etag;
      else refused ??= refusal("upload a part", sent);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    refused ??= await complete(context, key, uploadId, etags);
    whole = refused === undefined;
  } finally {
    const name = key.slice(place.prefix.length);
    if (!whole) await raw.send(rawDelete(place, name, { uploadId })).catch(() => {});
  }
  return refused ?? bytes;
}

async function complete(
  { raw, bucket }: S3Context,
  key: string,
  uploadId: string,
  etags: readonly string[],
): Promise<RequestError | undefined> {
  const parts = etags.map((etag, at) =>
    `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`
  );
  const body = new TextEncoder().encode(
    `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`,
  );
  const ended = await raw.send({ method: "POST", bucket, key, query: { uploadId }, body });
  // A completion may begin with 200 and fail later, in its body.
  const failed = ended.status !== 200 || /<Error>/.test(ended.text());
  return failed ? refusal("complete an upload", ended) : undefined;
}

function partOf(bytes: number): Uint8Array {
  if (!part) {
    part = new Uint8Array(PART_BYTES);
    for (let at = 0; at < PART_BYTES; at += 65_536) crypto.getRandomValues(part.subarray(at, at + 65_536));
  }
  return part.subarray(0, bytes);
}

function refusal(what: string, { status, code }: RawReply): RequestError {
  const kind = status === 503 || status === 429 ? "SlowDown" : `HTTP ${status}${code ? ` ${code}` : ""}`;
  return { kind, words: `could not ${what}: HTTP ${status}${code ? ` ${code}` : ""}` };
}
