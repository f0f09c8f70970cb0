/** All trials of operations: what the clients of a lakehouse do with a store, and what it must reject. */
import type { Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { bucketTrials } from "./buckets.ts";
import { conditionTrials } from "./conditions.ts";
import { copyTrials } from "./copies.ts";
import { corsTrials } from "./cors.ts";
import { endpointTrials } from "./endpoint.ts";
import { listTrials } from "./lists/trials.ts";
import { multipartTrials } from "./multipart/trials.ts";
import { multipartRefusalTrials } from "./multipart/refusals.ts";
import { nameTrials } from "./names.ts";
import { objectTrials } from "./objects.ts";
import { policyTrials } from "./policy.ts";
import { presignedTrials } from "./presigned.ts";
import { refusalTrials } from "./refusals.ts";
import { versioningTrials } from "./versioning.ts";

/** In the order of the report. */
export const opsTrials: readonly Trial<S3Context>[] = [
  ...endpointTrials,
  ...bucketTrials,
  ...objectTrials,
  ...nameTrials,
  ...listTrials,
  ...copyTrials,
  ...multipartTrials,
  ...multipartRefusalTrials,
  ...conditionTrials,
  ...presignedTrials,
  ...versioningTrials,
  ...policyTrials,
  ...corsTrials,
  ...refusalTrials,
];
