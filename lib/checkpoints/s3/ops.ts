/** All trials of operations: what the clients of a lakehouse do with a store, and what it must refuse them. */
import type { Trial } from "../../trial.ts";
import type { S3Context } from "./context.ts";
import { bucketTrials } from "./ops_buckets.ts";
import { conditionTrials } from "./ops_conditions.ts";
import { copyTrials } from "./ops_copies.ts";
import { corsTrials } from "./ops_cors.ts";
import { endpointTrials } from "./ops_endpoint.ts";
import { listTrials } from "./ops_lists.ts";
import { multipartTrials } from "./ops_multipart.ts";
import { multipartRefusalTrials } from "./ops_multipart_refusals.ts";
import { nameTrials } from "./ops_names.ts";
import { objectTrials } from "./ops_objects.ts";
import { policyTrials } from "./ops_policy.ts";
import { presignedTrials } from "./ops_presigned.ts";
import { refusalTrials } from "./ops_refusals.ts";
import { versioningTrials } from "./ops_versioning.ts";

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
