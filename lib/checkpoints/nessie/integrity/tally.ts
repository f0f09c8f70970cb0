/** What a walk has seen so far: totals, and findings up to a bound. Plain data, so that it can be put aside and gone on with. */
import type { TrialRecord } from "../../../checkpoint/trial.ts";
import type { TableSeen } from "./table.ts";
import { add, type Amount, amount, keepLargest, type Listed, type Orphan } from "./unnamed.ts";
import { flawRecord } from "./words.ts";
import { own } from "../../../untrusted/lookup.ts";

export interface Tally {
  tables: number;
  views: number;
  /** Entries whose metadata was looked at already, mostly at another reference. */
  same: number;
  /** Contents that are neither tables nor views of Iceberg. */
  others: number;
  snapshots: number;
  manifests: number;
  files: number;
  /** That data and delete files have together. */
  bytes: number;
  /** Tables and views with a fault. */
  faulty: number;
  /** Tables that nothing could be said of, by why. */
  unread: { why: string; bucket: string; status: number; tables: number; first: string }[];
  earlier: Amount;
  young: Amount;
  orphans: Amount;
  undecided: Amount;
  /** Below a table's location, and named by another table. */
  shared: Amount;
  /** Hashes of what tables name outside of their locations. */
  elsewhere: number[];
  orphanList: Listed[];
  /** There were more of either than are kept, so that nothing can be called an orphan. */
  overlong: boolean;
  largest: Orphan[];
  findings: TrialRecord[];
  /** Findings by trial that are more than are kept. */
  more: Record<string, { count: number; critical: boolean }>;
}

/** Findings kept of each trial. */
const KEPT_FINDINGS = 50;

export function emptyTally(): Tally {
  return {
    tables: 0,
    views: 0,
    same: 0,
    others: 0,
    snapshots: 0,
    manifests: 0,
    files: 0,
    bytes: 0,
    faulty: 0,
    unread: [],
    earlier: amount(),
    young: amount(),
    orphans: amount(),
    undecided: amount(),
    shared: amount(),
    elsewhere: [],
    orphanList: [],
    overlong: false,
    largest: [],
    findings: [],
    more: {},
  };
}

/** Adds what was seen of a table or view. */
export function tallyTable(
  tally: Tally,
  table: { name: string; type: "table" | "view" },
  seen: TableSeen,
): void {
  if (table.type === "view") tally.views++;
  else tally.tables++;
  tally.snapshots += seen.snapshots;
  tally.manifests += seen.manifests;
  tally.files += seen.files;
  tally.bytes += seen.bytes;
  if (seen.flaws.length > 0) tally.faulty++;
  for (const flaw of seen.flaws) keepFinding(tally, flawRecord(table.name, flaw));
  keepAll(tally, tally.elsewhere, seen.elsewhere);
  const { unnamed } = seen;
  if (!unnamed) return;
  for (const kind of ["earlier", "young", "orphans", "undecided"] as const) {
    add(tally[kind], unnamed[kind].bytes, unnamed[kind].count);
  }
  keepAll(tally, tally.orphanList, unnamed.orphanList);
  for (const orphan of unnamed.largest) keepLargest(tally.largest, orphan);
}

/** Of each list of a walk; 8 MiB. */
export const MOST_LISTED = 500_000;

export function keepAll<T>(tally: Tally, list: T[], more: readonly T[]): void {
  for (const one of more) {
    if (list.length < MOST_LISTED) list.push(one);
    else tally.overlong = true;
  }
}

/** A critical finding pushes out one that is not: what is worst is named. */
export function keepFinding(tally: Tally, finding: TrialRecord): void {
  const alike = tally.findings.filter(({ trial }) => trial === finding.trial);
  if (alike.length < KEPT_FINDINGS) {
    tally.findings.push(finding);
    return;
  }
  const isCritical = (one: TrialRecord) => one.status === undefined;
  const lesser = isCritical(finding) ? alike.findLast((one) => !isCritical(one)) : undefined;
  if (lesser) tally.findings[tally.findings.indexOf(lesser)] = finding;
  const more = own(tally.more, finding.trial) ?? { count: 0, critical: false };
  tally.more[finding.trial] = more;
  more.count++;
  more.critical ||= isCritical(lesser ?? finding);
}
