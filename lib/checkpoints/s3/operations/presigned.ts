/** Trials of presigned URLs, by plain fetch: what whoever holds the URL can do, and for how long. */
import { type RawMethod, s3Failure } from "../../../clients/s3/client.ts";
import { readBody, sendS3 } from "../../../clients/s3/send.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { expectBytes, madeBytes } from "./bytes.ts";
import { expectStatus, operation, type Steps } from "./steps.ts";

/** Far more than any object of these trials. */
const MOST_BYTES = 1_000_000;

interface Fetched {
  status: number;
  bytes: Uint8Array;
}

/** Fetches as a browser or curl does: nothing but the URL, which no message may show. */
async function plainFetch({ context }: Steps, url: string, body?: Uint8Array<ArrayBuffer>): Promise<Fetched> {
  const { connection, timeoutMs, signal } = context;
  const method = body ? "PUT" : "GET";
  try {
    const request = { method, url, headers: {}, ...body && { body } };
    const response = await sendS3(request, { connection, timeoutMs, signals: [signal] });
    return { status: response.status, bytes: await readBody(response, MOST_BYTES) };
  } catch (error) {
    throw s3Failure(error, { ...context.session, what: `${method} by a presigned URL` });
  }
}

const presignedOf = ({ context, bucket, prefix }: Steps, method: RawMethod, more = {}) =>
  context.raw.presign({ method, bucket, key: `${prefix}object`, sign: "query", ...more });

const presigned = operation({
  id: "s3.presigned",
  title: "Presigned URLs",
  explain:
    "A presigned URL reads or writes its one object without keys, by plain HTTP. Services hand out single files by " +
    "them, in notebooks and in place of keys; Iceberg and Spark do without.",
  weight: "warning",
}, async (steps) => {
  const [first, second] = [madeBytes(900, 111), new Uint8Array(madeBytes(800, 112))];
  await steps.put("object", first);
  const read = await plainFetch(steps, await presignedOf(steps, "GET"));
  expectDone(read, "GET by a presigned URL");
  expectBytes(read.bytes, first, "GET by a presigned URL");
  expectDone(await plainFetch(steps, await presignedOf(steps, "PUT"), second), "PUT by a presigned URL");
  const { bytes } = await steps.get("object");
  expectBytes(bytes, second, "GET after PUT by a presigned URL");
  return passed("plain fetch read and wrote an object by presigned URLs");
});

const expectDone = (fetched: Fetched, evidence: string) =>
  expectStatus(
    fetched,
    200,
    "WronglyRefused",
    `the store rejects a request that is valid: ${evidence}`,
    evidence,
  );

const limits = operation({
  id: "s3.presigned-limits",
  title: "Presigned URLs that must not work",
  explain:
    "A presigned URL that has expired is refused, and so is one that was changed: another key, a longer life, another " +
    "method. Else whoever was once given a URL to one file reads, or writes, the whole bucket for ever.",
  weight: "critical",
  needs: ["s3.presigned"],
}, async (steps) => {
  const bytes = madeBytes(300, 121);
  await Promise.all([steps.put("object", bytes), steps.put("other", bytes)]);
  const valid = await presignedOf(steps, "GET");
  const past = { clockSkewMs: -120_000, expiresS: 60 };
  const expired = await presignedOf(steps, "GET", past);
  const tries: [string, string, Uint8Array<ArrayBuffer>?][] = [
    ["that expired a minute ago", expired],
    ["whose life was prolonged", changed(expired, (url) => url.searchParams.set("X-Amz-Expires", "3600"))],
    ["for another key", changed(valid, (url) => url.pathname = url.pathname.replace(/object$/, "other"))],
    ["whose signature was changed", changed(valid, otherSignature)],
    ["for GET, used to PUT", valid, new TextEncoder().encode("must not be written")],
  ];
  for (const [what, url, body] of tries) {
    const { status } = await plainFetch(steps, url, body);
    const more = { observed: `${status}`, expected: "403", evidence: `a presigned URL ${what}` };
    expect(status >= 300, "SilentlyIgnored", `the store serves a presigned URL ${what}`, more);
    expect(status >= 400 && status < 500, "OtherRefusal", {
      message: `a presigned URL ${what} is answered otherwise than by a refusal`,
      ...more,
    });
  }
  const kept = await steps.get("object");
  expectBytes(kept.bytes, bytes, "GET after a PUT that was refused");
  return passed(`refused: URLs ${tries.map(([what]) => what).join(", ")}`);
});

function changed(text: string, change: (url: URL) => void): string {
  const url = new URL(text);
  change(url);
  return url.href;
}

function otherSignature({ searchParams }: URL): void {
  const signature = searchParams.get("X-Amz-Signature") ?? "";
  searchParams.set(
    "X-Amz-Signature",
    signature.startsWith("0") ? `1${signature.slice(1)}` : `0${signature.slice(1)}`,
  );
}

export const presignedTrials: readonly Trial<S3Context>[] = [presigned, limits];
