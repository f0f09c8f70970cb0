// Signed S3 requests to the gateway: only what bucket claims need.
import { createHash, createHmac } from "node:crypto";

/** An S3 identity. */
export interface Keys {
  accessKey: string;
  secretKey: string;
}

const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();

/** One request with an empty body, signed with AWS Signature 4. `path` begins with a slash. The body is dropped. */
export async function s3(
  method: "GET" | "PUT" | "HEAD" | "DELETE",
  endpoint: string,
  path: string,
  keys: Keys,
): Promise<number> {
  const url = new URL(path, endpoint);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = stamp.slice(0, 8);
  const empty = sha256("");
  const headers = `host:${url.host}\nx-amz-content-sha256:${empty}\nx-amz-date:${stamp}\n`;
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [method, url.pathname, "", headers, signed, empty].join("\n");
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const key = ["us-east-1", "s3", "aws4_request"].reduce(
    (k, part) => hmac(k, part),
    hmac(`AWS4${keys.secretKey}`, day),
  );
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")).toString(
    "hex",
  );
  const response = await fetch(url, {
    method,
    headers: {
      "x-amz-content-sha256": empty,
      "x-amz-date": stamp,
      authorization:
        `AWS4-HMAC-SHA256 Credential=${keys.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    },
    signal: AbortSignal.timeout(5000),
  });
  await response.body?.cancel();
  return response.status;
}
