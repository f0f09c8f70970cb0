/** All trials of the API and of behaviour, in the order of the report. */
import type { Trial, TrialWords } from "../../checkpoint/trial.ts";
import { configTrials } from "./api/config.ts";
import { icebergTrials } from "./api/iceberg.ts";
import { listTrials } from "./api/lists.ts";
import { managementTrials } from "./api/management.ts";
import { commitTrials } from "./versioning/commits.ts";
import { nameTrials } from "./versioning/names.ts";
import { replicaTrials } from "./versioning/replicas.ts";
import { referenceTrials } from "./versioning/references.ts";
import type { NessieContext } from "./context.ts";

export const apiTrials: readonly Trial<NessieContext>[] = [
  ...configTrials,
  ...listTrials,
  ...icebergTrials,
  ...managementTrials,
];

export const behaviourTrials: readonly Trial<NessieContext>[] = [
  ...referenceTrials,
  ...nameTrials,
  ...commitTrials,
  ...replicaTrials,
];

/** Judged after everything was cleaned up. */
export const cleanWords: TrialWords = {
  id: "nessie.scratch-gone",
  title: "Nothing stays behind",
  weight: "warning",
  explain:
    "Every scratch branch and tag was deleted, those of earlier runs that were killed too, and no commit of this run is on the " +
    "default branch. What cannot be deleted, and what has no marker that says whose it is, is named with the command.",
};
