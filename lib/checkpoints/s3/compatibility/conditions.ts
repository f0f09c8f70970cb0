/** Conditions that no other trial tries: ETags without quotes, and copies with a condition. */
import type { RawRequest } from "../../../clients/s3/client.ts";
import { escapedKey } from "../../../untrusted/api_path.ts";
import type { S3Context } from "../context.ts";
import { type Probe, put, rejects, type Seen, send } from "./probe.ts";
import { ofRejected, ofServed } from "./told.ts";

const quoted = (etag: string) => `"${etag}"`;
const bare = (etag: string) => etag;
type Form = (etag: string) => string;

/** Of no object: 32 digits as an ETag has. */
const ANOTHER = "0123456789abcdef0123456789abcdef";
const PRECONDITION_FAILED = 412;
const NOT_MODIFIED = 304;

const getIf = async (context: S3Context, key: string, name: string) =>
  await send(context, { method: "GET", key, headers: { [name]: await put(context, key) } });

async function copyIf(context: S3Context, key: string, value: Form, met: boolean): Promise<Seen> {
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
  return met ? ofServed(await send(context, request)) : await rejects(context, request, PRECONDITION_FAILED);
}

export const conditionProbes: readonly Probe[] = [
  { id: "if-match.get-bare", run: async (context, key) => ofServed(await getIf(context, key, "if-match")) },
  {
    id: "if-none-match.get-bare",
    run: async (context, key) => ofRejected(await getIf(context, key, "if-none-match"), NOT_MODIFIED),
  },
  { id: "if-match.copy-quoted", run: (context, key) => copyIf(context, key, quoted, true) },
  { id: "if-match.copy-bare", run: (context, key) => copyIf(context, key, bare, true) },
  { id: "if-match.copy-wrong", run: (context, key) => copyIf(context, key, () => ANOTHER, false) },
];
