/** Whether these flags need a cluster. Loaded with the command, before anything else of the checkpoint. */
import type { Given } from "../../cli/flags.ts";

/** The variable that does what `--endpoint` does. */
export const ENDPOINT_VARIABLE = "S3_ENDPOINT";

/** A store and a bucket that are given leave nothing to find in a cluster, unless flags name some of it. */
export function needsCluster(given: Given): boolean {
  const endpoint = given.get("endpoint") ?? Deno.env.get(ENDPOINT_VARIABLE);
  return !endpoint || !given.has("bucket") || given.has("credentials") || given.has("store");
}
