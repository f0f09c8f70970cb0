// The owner that a bucket claim names (`additionalConfig.bucketOwner`) gets all rights to the bucket, by a bucket policy.
import { Buffer } from "node:buffer";
import { at, get, type KubeObject, list, text } from "../kube.ts";
import { log } from "./log.ts";
import { put } from "./s3.ts";

const CLAIMS = "/apis/objectbucket.io/v1alpha1/objectbucketclaims";

/** Claims whose bucket has its policy, by uid. */
const done = new Set<string>();

/** Everything in a bucket, for one user of the gateway. */
export function policyFor(owner: string, bucket: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{
      Sid: "bucket-owner",
      Effect: "Allow",
      Principal: { AWS: [`arn:aws:iam:::user/${owner}`] },
      Action: ["s3:*"],
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    }],
  });
}

async function give(claim: KubeObject, owner: string): Promise<void> {
  const { namespace, name, uid = "" } = claim.metadata;
  const core = `/api/v1/namespaces/${namespace}`;
  const [config, secret] = await Promise.all([
    get(`${core}/configmaps/${name}`),
    get(`${core}/secrets/${name}`),
  ]);
  const value = (key: string) => Buffer.from(text(secret, "data", key), "base64").toString();
  const bucket = text(config, "data", "BUCKET_NAME");
  if (bucket === "" || value("AWS_ACCESS_KEY_ID") === "") return;
  const endpoint = `http://${text(config, "data", "BUCKET_HOST")}:${text(config, "data", "BUCKET_PORT")}`;
  const keys = { accessKey: value("AWS_ACCESS_KEY_ID"), secretKey: value("AWS_SECRET_ACCESS_KEY") };
  const status = await put(endpoint, `/${bucket}?policy=`, keys, policyFor(owner, bucket));
  if (status !== 200 && status !== 204) throw new Error(`PUT policy of bucket ${bucket}: HTTP ${status}`);
  done.add(uid);
  log("I", "owners", `bucket ${bucket} is ${owner}'s`);
}

/** One round: true when every bound claim has the owner that it names. */
export async function reconcileOwners(): Promise<boolean> {
  let settled = true;
  for (const claim of await list(CLAIMS)) {
    const owner = at(claim, "spec", "additionalConfig", "bucketOwner");
    if (typeof owner !== "string" || done.has(claim.metadata.uid ?? "")) continue;
    if (text(claim, "status", "phase") === "Bound") await give(claim, owner);
    settled &&= done.has(claim.metadata.uid ?? "");
  }
  return settled;
}
