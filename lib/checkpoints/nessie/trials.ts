/** All trials of the API and of behaviour, in the order of the report. */
import type { Trial, TrialWords } from "../../trial.ts";
import { configTrials } from "./api_config.ts";
import { icebergTrials } from "./api_iceberg.ts";
import { listTrials } from "./api_lists.ts";
import { managementTrials } from "./api_management.ts";
import { commitTrials } from "./behaviour_commits.ts";
import { nameTrials } from "./behaviour_names.ts";
import { referenceTrials } from "./behaviour_references.ts";
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
];

/** Judged after everything was taken back. */
export const cleanWords: TrialWords = {
  id: "nessie.scratch-gone",
  title: "Nothing stays behind",
  weight: "warning",
  explain:
    "Every scratch branch and tag was deleted, those of earlier runs that were killed too, and no commit of this run is on the " +
    "default branch. What cannot be deleted, and what has no marker that says whose it is, is named with the command.",
};
