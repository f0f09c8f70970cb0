/** What a walk comes to: records for the checks, and totals for a table. Pure. */
import type { Reader, RecordSource, Table, World } from "../../../engine/model.ts";
import { atMost, list, num, ShapeError, text, whole } from "../../../engine/decode.ts";
import {
  failed,
  type Outcome,
  passed,
  skipped,
  type TrialRecord,
  unknown,
} from "../../../checkpoint/trial.ts";
import type { Walked } from "./walked.ts";
import { type Shard, shardText } from "./shards/shard.ts";
import type { Tally } from "./tally.ts";
import type { Orphan } from "./unnamed.ts";
import { BUCKETS, CHAIN, FILES, integrityWords, ORPHANS, size, WALK } from "./words.ts";
import { own } from "../../../untrusted/lookup.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** The one record of totals. */
export interface IntegrityTotals {
  rows: [what: string, count: number, bytes: number | ""][];
  orphans: Orphan[];
}

const totalsRow: Reader<IntegrityTotals["rows"][number]> = (value) => {
  const [what, count, bytes] = Array.isArray(value) ? value : [];
  if (typeof what === "string" && typeof count === "number" && (typeof bytes === "number" || bytes === "")) {
    return [what.slice(0, 200), count, bytes];
  }
  throw new ShapeError("", "is no row of what, count and bytes");
};

export const nessieIntegrityTotals: RecordSource<IntegrityTotals> = {
  id: "nessie.integrity-totals",
  records: "totals of the integrity walk",
  read: whole({
    rows: atMost(100, list(totalsRow)),
    orphans: atMost(100, list(whole({ path: text(1500), bytes: num, modified: text(100) }))),
  }),
};

/** From here on orphans are worth a word: more than this share of the named bytes, and more than these bytes. */
const ORPHAN_SHARE = 0.1;
const ORPHAN_BYTES = 1024 ** 3;

/** The records of `nessie.integrity`: one at least of each trial. */
export function integrityRecords(walked: Walked, shard?: Shard): TrialRecord[] {
  const durationMs = Math.round(walked.durationMs);
  const { tally } = walked;
  return integrityWords.flatMap(({ id }): TrialRecord[] => {
    const found = tally.findings.filter(({ trial }) => trial === id);
    const outcomes = id === WALK
      ? walkOutcomes(walked, shard)
      : id === ORPHANS && shard
      ? [notJoined(shard)]
      : found.length > 0
      ? moreOutcomes(id, tally)
      : [unfound(id, walked)];
    return [...found, ...outcomes.map((outcome) => ({ ...outcome, trial: id, durationMs }))];
  });
}

const notJoined = (shard: Shard): Outcome => ({
  ...skipped(
    `what nothing names is known when all ${shard.of} shards are joined: a table of another shard may name it. ` +
      "Next: validate:nessie --facts with this one's facts, and --join with those of the others",
  ),
  reason: "OneShard",
});

function walkOutcomes(walked: Walked, shard: Shard | undefined): Outcome[] {
  const { tally, stopped, references } = walked;
  const seen =
    `${tally.tables} tables and ${tally.views} views of ${references} references, ${tally.snapshots} ` +
    `snapshots, ${tally.manifests} manifests, ${tally.files} data and delete files (${size(tally.bytes)})`;
  const unread = tally.unread.map((one) => unreadOutcome(one));
  if (stopped) {
    const message = `the walk stopped after ${tally.tables + tally.views} tables: ${stopped.message}`;
    return [...unread, unknown("Stopped", message)];
  }
  if (tally.tables + tally.views + tally.same === 0 && unread.length === 0) {
    return [
      skipped(
        shard
          ? `no table is in shard ${shardText(shard)}`
          : `no reference of ${references} has a table, so there is nothing to follow`,
      ),
    ];
  }
  const which = shard ? `; shard ${shardText(shard)}, the others of which have the other tables` : "";
  return [...unread, passed(`followed ${seen}${partlyWords(walked)}${which}`)];
}

function partlyWords({ partly }: Walked): string {
  if (!partly) return "";
  if (partly.why === "limit") return "; --limit ended it there, so not every table was looked at";
  return `; a sample of ${partly.of} tables and views, with seed ${partly.seed}`;
}

function unreadOutcome({ why, bucket, status, tables, first }: Tally["unread"][number]): Outcome {
  const which = tables === 1 ? first : `${tables} tables, the first ${first},`;
  if (why === "NoSuchBucket") {
    const message = `bucket ${bucket} does not exist, and ${which} ${tables === 1 ? "lies" : "lie"} in it`;
    return failed("NoSuchBucket", message, { object: { kind: "S3Bucket", name: bucket } });
  }
  const because = status === 403
    ? `these keys may not read bucket ${bucket} (403 ${why}). Next: give them s3:GetObject and s3:ListBucket there`
    : status > 0
    ? `bucket ${bucket} answers ${status} ${why}`
    : why;
  return unknown(status === 403 ? "Forbidden" : "NotRead", `could not look at ${which}: ${because}`);
}

function moreOutcomes(id: string, { more }: Tally): Outcome[] {
  const rest = own(more, id);
  if (!rest) return [];
  const message = `and ${rest.count} more findings of this kind, which are not named here`;
  return [failed("AndMore", message, rest.critical ? {} : { status: "warning" })];
}

/** Of a trial without a finding. */
function unfound(id: string, walked: Walked): Outcome {
  const { tally, stopped } = walked;
  const tables = tally.tables + tally.views;
  if (stopped) return { ...skipped("not said: the walk stopped before its end"), reason: "NotReached" };
  if (tables === 0) return skipped("no table was looked at");
  const of = walked.partly ? "the tables looked at" : "every table";
  switch (id) {
    case CHAIN:
      return passed(
        `the metadata of ${of} is there and whole (${tally.snapshots} snapshots, ${tally.manifests} manifests)`,
      );
    case FILES:
      return passed(
        `all ${tally.files} data and delete files of ${of} are there with the sizes that are named`,
      );
    case BUCKETS:
      return passed(
        `everything that ${of} ${walked.partly ? "name" : "names"} lies in a bucket of a warehouse`,
      );
    case ORPHANS:
      return orphanOutcome(walked);
    default:
      throw new Error(`no words for ${id}`);
  }
}

function orphanOutcome({ tally, strays }: Walked): Outcome {
  const bytes = tally.orphans.bytes + (strays?.strays.bytes ?? 0);
  const count = tally.orphans.count + (strays?.strays.count ?? 0);
  const share = bytes / (tally.bytes || 1);
  const numbers = `${count} objects with ${size(bytes)} are named by nothing and older than 24 hours` +
    `${strays?.cut ? ", and more that were not counted" : ""} (${(share * 100).toFixed(1)} % of ${
      size(tally.bytes)
    } ` +
    `that tables name)${strays ? "" : "; what lies outside of tables was not looked at"}`;
  if (share <= ORPHAN_SHARE || bytes <= ORPHAN_BYTES) return passed(numbers);
  return failed("Orphans", numbers, {
    observed: size(bytes),
    expected: `at most ${size(ORPHAN_BYTES)}, or 10 % of what tables name`,
    next: [nextStep("see-orphans"), nextStep("let-gc-find")],
  });
}

/** The record of `nessie.integrity-totals`. */
export function integrityTotals(
  { tally, strays, references, durationMs, requests, mostMemory }: Walked,
  shard?: Shard,
): IntegrityTotals {
  const may = shard ? ", unless another shard's tables name them" : "";
  const seconds = durationMs / 1000;
  return {
    rows: [
      ["references", references, ""],
      ["tables", tally.tables, ""],
      ["views", tally.views, ""],
      ["entries whose metadata was met before", tally.same, ""],
      ["entries of other kinds", tally.others, ""],
      ["snapshots", tally.snapshots, ""],
      ["manifests", tally.manifests, ""],
      ["data and delete files", tally.files, tally.bytes],
      ["tables with a fault", tally.faulty, ""],
      ["named by earlier states only", tally.earlier.count, tally.earlier.bytes],
      ["not named, younger than 24 h", tally.young.count, tally.young.bytes],
      ["named by other tables only", tally.shared.count, tally.shared.bytes],
      [`orphans below tables${may}`, tally.orphans.count, tally.orphans.bytes],
      ["not named, not looked into", tally.undecided.count, tally.undecided.bytes],
      ...strays
        ? [
          [`orphans outside of tables${may}`, strays.strays.count, strays.strays.bytes] as [
            string,
            number,
            number,
          ],
        ]
        : [],
      ["requests to the store", requests, ""],
      ...mostMemory === undefined
        ? []
        : [["most memory, MiB", Math.ceil(mostMemory / 1024 ** 2), ""] as [string, number, ""]],
      ["files a second", Math.round(tally.files / (seconds || 1)), ""],
    ],
    orphans: [...tally.largest, ...strays?.largest ?? []].sort((a, b) => b.bytes - a.bytes).slice(0, 20),
  };
}

/** For `tables` of the component. */
export function integrityTables(world: World): Table[] {
  const [totals] = world.records(nessieIntegrityTotals);
  const walked = totals?.rows.some(([what, count]) => what === "tables" && count > 0);
  if (!totals || !walked) return [];
  const rows = totals.rows.filter(([, count]) => count > 0).map((
    [what, count, bytes],
  ) => [what, count, bytes]);
  const tables: Table[] = [{
    name: "nessie.integrity",
    title: "Integrity of the catalog",
    columns: ["what", "count", "bytes"],
    rows,
  }];
  if (totals.orphans.length === 0) return tables;
  return [...tables, {
    name: "nessie.integrity-orphans",
    title: "The largest objects that nothing refers to",
    columns: ["object", "bytes", "last modified"],
    rows: totals.orphans.map(({ path, bytes, modified }) => [path, bytes, modified]),
    verbose: true,
  }];
}
