/** Conditions, with ETags in quotes and without, that hold and that do not. */
import type { RawRequest } from "../../../clients/s3/client.ts";
import { escapedKey } from "../../../untrusted/api_path.ts";
import type { S3Context } from "../context.ts";
import { willAbort } from "../scratch/delete.ts";
import { bytesFor, holds, type Probe, put, refusedPlainly, refuses, type Seen, send } from "./probe.ts";
import { refusalText, replyOf } from "../setup/calls.ts";

const quoted = (etag: string) => `"${etag}"`;
const bare = (etag: string) => etag;
type Form = (etag: string) => string;

/** Of no object: 32 digits as an ETag has. */
const ANOTHER = "0123456789abcdef0123456789abcdef";
const PRECONDITION_FAILED = 412;
const NOT_MODIFIED = 304;

async function getIf(context: S3Context, key: string, name: string, form: Form): Promise<Seen> {
  const etag = await put(context, key);
  return holds(await send(context, { method: "GET", key, headers: { [name]: form(etag) } }));
}

/** A condition that does not hold, by which the object must not be given. */
async function getUnless(context: S3Context, key: string, form: Form): Promise<Seen> {
  const etag = await put(context, key);
  const headers = { "if-none-match": form(etag) };
  return await refuses(context, { method: "GET", key, headers }, NOT_MODIFIED);
}

async function putIf(context: S3Context, key: string, form: Form): Promise<Seen> {
  const etag = await put(context, key);
  const body = bytesFor(`${key} again`);
  return holds(await send(context, { method: "PUT", key, body, headers: { "if-match": form(etag) } }));
}

async function copyIf(context: S3Context, key: string, value: Form, must: "hold" | "fail"): Promise<Seen> {
  const from = `${key}-from`;
  const etag = await put(context, from);
  const request: Omit<RawRequest, "bucket"> = {
    method: "PUT",
    key,
    headers: {
      "x-amz-copy-source": `/${context.bucket}/${escapedKey(from)}`,
      "x-amz-copy-source-if-match": value(etag),
    },
  };
  if (must === "fail") return await refuses(context, request, PRECONDITION_FAILED);
  return holds(await send(context, request));
}

/** Completes an upload of one part under this key. */
async function complete(
  context: S3Context,
  key: string,
  headers: Record<string, string> = {},
): Promise<Omit<RawRequest, "bucket">> {
  const sdk = await import("@aws-sdk/client-s3");
  const place = { Bucket: context.bucket, Key: key };
  const session = { ...context.session, what: "write in parts" };
  const begun = await replyOf(context.s3.send(new sdk.CreateMultipartUploadCommand(place)), session);
  if (!begun.ok) throw refusedPlainly("an upload in parts", refusalText(begun.refusal));
  const { UploadId = "" } = begun.value;
  willAbort(context, key, UploadId);
  const part = await send(context, {
    method: "PUT",
    key,
    query: { partNumber: "1", uploadId: UploadId },
    body: bytesFor(`${key} in parts`),
  });
  const etag = part.headers.get("etag") ?? "";
  const body = new TextEncoder().encode(
    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>" +
      `<ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
  );
  return { method: "POST", key, query: { uploadId: UploadId }, body, headers };
}

async function completeUnlessThere(context: S3Context, key: string): Promise<Seen> {
  await put(context, key);
  const request = await complete(context, key, { "if-none-match": "*" });
  return await refuses(context, request, PRECONDITION_FAILED);
}

async function etagOfComplete(context: S3Context, key: string): Promise<Seen> {
  const reply = await send(context, await complete(context, key));
  if (reply.status !== 200) {
    return { behaviour: "refused", observed: refusalText({ status: reply.status, code: reply.code ?? "" }) };
  }
  const [, etag = ""] = /<ETag>(?:&quot;|&#34;|")?([^<&"]*)/.exec(reply.text()) ?? [];
  return etag
    ? { behaviour: "kept", observed: "in the answer" }
    : { behaviour: "dropped", observed: "empty in the answer" };
}

const ifMatch = (method: "get" | "put" | "copy", name: string, form: Form): Probe => ({
  id: `if-match.${method}-${name}`,
  run: (context, key) => {
    if (method === "get") return getIf(context, key, "if-match", form);
    return method === "put" ? putIf(context, key, form) : copyIf(context, key, form, "hold");
  },
});

export const conditionProbes: readonly Probe[] = [
  ...(["get", "put", "copy"] as const).flatMap((method) => [
    ifMatch(method, "quoted", quoted),
    ifMatch(method, "bare", bare),
  ]),
  {
    id: "if-match.get-wrong",
    async run(context, key) {
      await put(context, key);
      const headers = { "if-match": quoted(ANOTHER) };
      return await refuses(context, { method: "GET", key, headers }, PRECONDITION_FAILED);
    },
  },
  {
    id: "if-match.put-wrong",
    async run(context, key) {
      await put(context, key);
      // Without quotes: a store that does not know quotes would refuse for them.
      const headers = { "if-match": ANOTHER };
      return await refuses(
        context,
        { method: "PUT", key, headers, body: bytesFor(`${key} again`) },
        PRECONDITION_FAILED,
      );
    },
  },
  { id: "if-match.copy-wrong", run: (context, key) => copyIf(context, key, () => ANOTHER, "fail") },
  { id: "if-none-match.get-quoted", run: (context, key) => getUnless(context, key, quoted) },
  { id: "if-none-match.get-bare", run: (context, key) => getUnless(context, key, bare) },
  {
    id: "if-none-match.put",
    async run(context, key) {
      await put(context, key);
      const headers = { "if-none-match": "*" };
      return await refuses(
        context,
        { method: "PUT", key, headers, body: bytesFor(`${key} again`) },
        PRECONDITION_FAILED,
      );
    },
  },
  { id: "if-none-match.complete", run: completeUnlessThere },
  { id: "complete.etag", run: etagOfComplete },
];
