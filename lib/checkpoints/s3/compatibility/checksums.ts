/** Checksums that are wrong must be refused; those that are right should be there afterwards. */
import type { S3Context } from "../context.ts";
import { bytesFor, type Probe, rejects, type Seen, send, sha256 } from "./probe.ts";
import { said } from "./told.ts";

/** The checksum of other bytes than those that are sent. */
const other = (key: string) => bytesFor(`${key} damaged`);

async function wrong(
  context: S3Context,
  key: string,
  name: string,
  value: string | Promise<string>,
): Promise<Seen> {
  const headers = { [name]: await value };
  return await rejects(context, { method: "PUT", key, body: bytesFor(key), headers });
}

async function crc32Of(bytes: Uint8Array): Promise<string> {
  const { crc32 } = await import("node:zlib");
  const four = new DataView(new ArrayBuffer(4));
  four.setUint32(0, crc32(bytes));
  return new Uint8Array(four.buffer).toBase64();
}

async function kept(context: S3Context, key: string): Promise<Seen> {
  const body = bytesFor(key);
  const sum = (await sha256(body)).toBase64();
  const put = await send(context, { method: "PUT", key, body, headers: { "x-amz-checksum-sha256": sum } });
  if (put.status !== 200) return { behaviour: "refused", observed: said(put) };
  const head = await send(context, { method: "HEAD", key, headers: { "x-amz-checksum-mode": "ENABLED" } });
  const found = head.headers.get("x-amz-checksum-sha256");
  const observed = found ? "HEAD gives it" : "HEAD does not give it";
  return found === sum ? { behaviour: "kept", observed } : { behaviour: "dropped", observed };
}

export const checksumProbes: readonly Probe[] = [
  {
    id: "checksum.sha256-wrong",
    run: (context, key) =>
      wrong(context, key, "x-amz-checksum-sha256", sha256(other(key)).then((sum) => sum.toBase64())),
  },
  {
    id: "checksum.crc32-wrong",
    run: (context, key) => wrong(context, key, "x-amz-checksum-crc32", crc32Of(other(key))),
  },
  {
    id: "checksum.trailer-wrong",
    run: async (context, key) =>
      await rejects(context, {
        method: "PUT",
        key,
        body: bytesFor(key),
        sign: "trailer",
        trailerCrc32: await crc32Of(other(key)),
      }),
  },
  { id: "checksum.sha256-kept", run: kept },
];
