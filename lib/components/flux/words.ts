/**
 * Every condition and reason that Flux writes into the status of its objects, and what is said of it. Ready sums up the
 * others, so that they are not read beside it; of a release that has given up, Stalled tells why. Sources:
 * https://github.com/fluxcd/pkg/blob/main/apis/meta/conditions.go and the pages that the tables name.
 */
import type { WordTable } from "../../engine/model.ts";
import type { Condition } from "../common/mod.ts";

const CONTROLLERS = "https://github.com/fluxcd";
const OK = "ok, if nothing else speaks against it";
const IN_TIME = "in progress for its timeout, then critical, ";
const NO_MORE = "no more than Ready says";

/** The reason of Ready=False when a new change has broken off the wait for the last one, and is taken up at once. */
const BROKEN_OFF = "HealthCheckCanceled";

/** Whether its controller is at work on it: Ready will tell how that ends. */
export function isGoing(ready: Condition | undefined): boolean {
  return ready?.status === "Unknown" || (ready?.status === "False" && ready.reason === BROKEN_OFF);
}

/** Reasons of a Kustomization whose last attempt came to an end before it applied anything. */
export const NOTHING_APPLIED = [
  "ArtifactFailed",
  "SourceNotReady",
  "BuildFailed",
  "ReconciliationFailed",
  "DependencyNotReady",
  "DirectoryCreationFailed",
  "AccessDenied",
  "InvalidCELExpression",
  "FeatureGateDisabled",
] as const;

/** Reasons of a release that its workloads, or what they need, can explain; with the last two it was undone. */
export const RELEASE_FAILED = [
  "InstallFailed",
  "UpgradeFailed",
  "RollbackFailed",
  "UninstallFailed",
  "TestFailed",
  "RollbackSucceeded",
  "UninstallSucceeded",
] as const;

type Words = WordTable["words"];

const critical = (words: readonly string[], prefix = "Ready=False"): Words =>
  words.map((word) => [`${prefix}, ${word}`, `critical, \`${word}\``]);

const noMore = (...words: string[]): Words => words.map((word) => [word, NO_MORE]);

const WAITING: Words = [
  [
    "Ready=False, DependencyNotReady",
    "in progress while the dependency is, then critical, `DependencyNotReady`",
  ],
  [`Ready=False, ${BROKEN_OFF}`, `${IN_TIME}\`ProgressingTooLong\``],
];

export const kustomizationWords: WordTable = {
  field: "status.conditions",
  source: `${CONTROLLERS}/kustomize-controller/blob/main/internal/controller/kustomization_controller.go`,
  words: [
    ["Ready=True, ReconciliationSucceeded", OK],
    ["Ready=Unknown, Progressing", `${IN_TIME}\`ProgressingTooLong\``],
    ...WAITING,
    ...critical(NOTHING_APPLIED.filter((word) => word !== "DependencyNotReady" && word !== "SourceNotReady")),
    ...critical(["HealthCheckFailed", "PruneFailed"]),
    ["Ready=False with another reason", "critical, with that reason"],
    ...noMore("Healthy", "Reconciling", "Stalled"),
  ],
};

export const releaseWords: WordTable = {
  field: "status.conditions",
  source: `${CONTROLLERS}/helm-controller/blob/main/api/v2/condition_types.go`,
  words: [
    ...["InstallSucceeded", "UpgradeSucceeded", "TestSucceeded"].map((word) =>
      [`Ready=True, ${word}`, OK] as const
    ),
    ["Ready=Unknown, Progressing", `${IN_TIME}\`ProgressingTooLong\``],
    ["Ready=Unknown, AwaitingTests", `${IN_TIME}\`ProgressingTooLong\``],
    ...WAITING,
    ...critical(RELEASE_FAILED),
    ...critical([
      "ArtifactFailed",
      "SourceNotReady",
      "ValuesError",
      "ChartMutateError",
      "RESTClientError",
      "FactoryError",
      "ConfigFactoryErr",
      "ResourceManagerError",
      "StateError",
      "ReconcileError",
      "PendingRelease",
      "AccessDenied",
      "InvalidCELExpression",
    ]),
    ["Ready=False with another reason", "critical, with that reason"],
    ...critical(
      ["RetriesExceeded", "MissingRollbackTarget", "AccessDenied", "InvalidCELExpression"],
      "Stalled=True",
    ),
    ...noMore("Reconciling", "Released", "TestSuccess", "Remediated", "Drifted"),
  ],
};

/** Reasons of every source. */
const OF_ANY = [
  "Failed",
  "AuthenticationFailed",
  "URLInvalid",
  "DirectoryCreationFailed",
  "ArchiveOperationFailed",
  "SymlinkUpdateFailed",
  "PatchOperationFailed",
];

/** Reasons that only one kind of source has. */
const OF_KIND: ReadonlyMap<string, readonly string[]> = new Map([
  ["GitRepository", [
    "GitOperationFailed",
    "EmptyGitRepository",
    "StatOperationFailed",
    "InvalidPath",
    "SourceIgnoreError",
    "InvalidProviderConfiguration",
    "FeatureGateDisabled",
    "InvalidVerificationMode",
    "InvalidGitObject",
    "InvalidTagSignature",
    "InvalidCommitSignature",
    "VerificationError",
    "IllegalPath",
    "CopyFailure",
    "NotFound",
    "NoArtifact",
  ]],
  ["OCIRepository", [
    "OCIArtifactPullFailed",
    "OCIArtifactLayerOperationFailed",
    "ReadOperationFailed",
    "StatOperationFailed",
    "InvalidPath",
    "SourceIgnoreError",
    "FeatureGateDisabled",
    "VerificationError",
  ]],
  ["HelmRepository", ["IndexationFailed", "CacheOperationFailed"]],
  ["HelmChart", [
    "NoSourceArtifact",
    "SourceUnavailable",
    "UnsupportedSourceKind",
    "InvalidChartReference",
    "ChartPullError",
    "MetadataPatchError",
    "ValuesFilesError",
    "DependencyBuildError",
    "ChartPackageError",
    "ChartVerificationError",
    "Unknown",
    "ReadOperationFailed",
    "AcquireLockFailed",
    "CacheOperationFailed",
    "VerificationError",
  ]],
  ["Bucket", [
    "BucketOperationFailed",
    "StatOperationFailed",
    "InvalidPath",
    "InvalidSTSConfiguration",
    "FeatureGateDisabled",
  ]],
]);

export function sourceWords(kind: string): WordTable {
  return {
    field: "status.conditions",
    source:
      `${CONTROLLERS}/source-controller/blob/main/internal/controller/${kind.toLowerCase()}_controller.go`,
    words: [
      ["Ready=True, Succeeded", OK],
      ["Ready=Unknown, Progressing", `${IN_TIME}\`ProgressingTooLong\``],
      ...[...OF_ANY, ...OF_KIND.get(kind) ?? []].map((word) =>
        [
          `Ready=False, ${word}`,
          `critical, \`${word}\`; warning while the artifact of its present spec is served`,
        ] as const
      ),
      ["Ready=False with another reason", "the same, with that reason"],
      ...noMore(
        "Reconciling",
        "Stalled",
        "ArtifactInStorage",
        "ArtifactOutdated",
        "SourceVerified",
        "FetchFailed",
        "BuildFailed",
        "StorageOperationFailed",
        "IncludeUnavailable",
      ),
    ],
  };
}
