/** What the integrity walk finds, in words. Pure. */
import { placeOf } from "../../../iceberg/location.ts";
import type { RecordSource } from "../../../engine/model.ts";
import type { TrialRecord, TrialWords } from "../../../checkpoint/trial.ts";
import type { Flaw, FlawReason, Part } from "./names.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";
import { commandOf } from "../../../checkpoint/next_steps.ts";
import type { NextStep } from "../../../checkpoint/trial.ts";
import type { SeenRecord } from "../../../checkpoint/trial.ts";
import { trialReader } from "../../../checkpoint/trial.ts";

/** What was found, a record for each table and fault; bounded in number. */
export const nessieIntegrity: RecordSource<SeenRecord> = {
  id: "nessie.integrity",
  records: "findings of the integrity walk",
  read: trialReader(commandOf),
};

/** Ids of the trials, each the place of its own kind of finding. */
export const WALK = "nessie.integrity-walk";
export const CHAIN = "nessie.integrity-metadata";
export const FILES = "nessie.integrity-files";
export const BUCKETS = "nessie.integrity-buckets";
export const ORPHANS = "nessie.integrity-orphans";

export const integrityWords: readonly TrialWords[] = [
  {
    id: WALK,
    title: "Walk through the catalog",
    explain:
      "Every table and view of every branch and tag is followed from the catalog to its objects, without an engine. " +
      "What several references share is looked at once. Unknown: the store or a bucket could not be read.",
    weight: "critical",
  },
  {
    id: CHAIN,
    title: "Metadata of tables",
    explain:
      "The metadata file, the manifest lists and the manifests of every snapshot that a table's metadata lists are " +
      "there, whole, and as Iceberg writes them. Where one is not, the snapshots that need it can't be read: critical " +
      "when that is the current snapshot of a branch, else a warning.",
    weight: "critical",
  },
  {
    id: FILES,
    title: "Data and delete files of tables",
    explain:
      "Every data file, delete file and statistics file that a snapshot names is there with the size that is named. " +
      "Critical when the current snapshot of a branch needs it: queries fail. In an older snapshot only: a warning, " +
      "for time travel fails.",
    weight: "critical",
  },
  {
    id: BUCKETS,
    title: "Buckets of tables",
    explain:
      "Everything that tables name lies in a bucket of a warehouse. What lies elsewhere is read with other " +
      "rights, backed up by nobody, and lost when that bucket is cleaned up.",
    weight: "warning",
  },
  {
    id: ORPHANS,
    title: "Objects that nothing refers to",
    explain:
      "Objects below the locations of tables, and of warehouses, that no metadata file there names. Younger than 24 " +
      "hours they are perhaps being written; older ones are orphans. A warning when orphans hold more than 10 % of the " +
      "bytes that tables name, and more than 1 GiB. Nothing is deleted: earlier states may still be reached by the " +
      "catalog's history, so that only nessie-gc knows what can go.",
    weight: "warning",
  },
];

const METADATA_PARTS: ReadonlySet<Part> = new Set(["metadata file", "manifest list", "manifest"]);

/** The trial that a flaw belongs to. */
export function trialOf({ reason, part }: Flaw): string {
  if (reason === "WrongBucket" || reason === "OtherStore") return BUCKETS;
  return METADATA_PARTS.has(part) ? CHAIN : FILES;
}

const PROBLEMS: Readonly<Record<FlawReason, [one: string, many: string]>> = {
  Missing: ["is missing", "are missing"],
  Empty: ["is empty", "are empty"],
  WrongSize: ["has another size than is named", "have another size than is named"],
  Broken: ["is broken", "are broken"],
  NotUnderstood: ["is written in a way that is not read here", "are written in a way that is not read here"],
  WrongBucket: ["lies outside of the warehouse's buckets", "lie outside of the warehouse's buckets"],
  OtherStore: [
    "lies in no S3 store, so it was not looked at",
    "lie in no S3 store, so they were not looked at",
  ],
};

/** One flaw of a table as a record. */
export function flawRecord(table: string, flaw: Flaw): TrialRecord {
  const { reason, part, current, count, examples } = flaw;
  const trial = trialOf(flaw);
  const mine = trial !== BUCKETS;
  const [one, many] = PROBLEMS[reason];
  const article = part.startsWith("e") ? "an" : "a";
  const what = count === 1 ? `${article} ${part} ${one}` : `${count} ${part}s ${many}`;
  const them = count === 1 ? "it" : "them";
  const needed = !mine
    ? ""
    : current
    ? `, and the current snapshot needs ${them}`
    : `; only older snapshots need ${them}`;
  const named = examples.map(({ path, words }) => words === undefined ? path : `${path} ${words}`).join(", ");
  const rest = count > examples.length ? ` and ${count - examples.length} more` : "";
  return {
    trial,
    durationMs: 0,
    result: reason === "NotUnderstood" ? "unknown" : "failed",
    reason,
    message: `${table}: ${what}${needed}: ${named}${rest}`,
    object: { kind: "Table", name: table },
    ...mine && !current ? { status: "warning" } : {},
    ...next(flaw),
  };
}

function next({ reason, examples: [first] }: Flaw): { next?: NextStep[] } {
  const place = placeOf(first?.path ?? "");
  if (!place || reason === "WrongBucket") return {};
  const look = nextStep("list-object", place.bucket, place.key);
  if (reason === "Missing") {
    return {
      next: [look, nextStep("put-object-back")],
    };
  }
  return { next: [look] };
}

/** `1.5 GiB`. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
