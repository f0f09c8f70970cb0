// Signed S3 requests to the gateway: only what owners of buckets need.
import { createHash, createHmac } from "node:crypto";

/** An S3 identity. */
export interface Keys {
  accessKey: string;
  secretKey: string;
}

const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();

/** One PUT, signed with AWS Signature 4: its status. `path` begins with a slash; its query is in order, each key with `=`. */
export async function put(
  endpoint: string,
  path: string,
  keys: Keys,
  body: string,
): Promise<number> {
  const url = new URL(path, endpoint);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = stamp.slice(0, 8);
  const digest = sha256(body);
  const headers = `host:${url.host}\nx-amz-content-sha256:${digest}\nx-amz-date:${stamp}\n`;
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = ["PUT", url.pathname, url.search.slice(1), headers, signed, digest].join("\n");
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const key = ["us-east-1", "s3", "aws4_request"].reduce(
    (k, part) => hmac(k, part),
    hmac(`AWS4${keys.secretKey}`, day),
  );
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")).toString(
    "hex",
  );
  const response = await fetch(url, {
    method: "PUT",
    body,
    headers: {
      "x-amz-content-sha256": digest,
      "x-amz-date": stamp,
      authorization:
        `AWS4-HMAC-SHA256 Credential=${keys.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    },
    signal: AbortSignal.timeout(5000),
  });
  await response.body?.cancel();
  return response.status;
}
