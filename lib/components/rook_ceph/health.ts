/**
 * What Ceph's health codes mean for data. Ceph rates what it must do, and data that can't be read is only a warning to
 * it. Sources: https://docs.ceph.com/en/latest/rados/operations/health-checks/ and
 * https://docs.ceph.com/en/latest/cephfs/health-messages/
 */
import type { WordTable } from "../../engine/model.ts";

interface Meaning {
  reason: "DataUnavailable" | "DataDamaged" | "WritesBlocked";
  /** What follows the cluster's name. */
  means: string;
}

const UNAVAILABLE: Meaning = {
  reason: "DataUnavailable",
  means: "has data that can be neither read nor written",
};
const FILES_UNAVAILABLE: Meaning = {
  reason: "DataUnavailable",
  means: "has a file system whose files can be neither read nor written",
};
const DAMAGED: Meaning = { reason: "DataDamaged", means: "has damaged data" };
const FULL: Meaning = { reason: "WritesBlocked", means: "accepts no writes to what is full" };

/** The codes that are critical whatever Ceph calls them; the worst first. */
const CRITICAL: ReadonlyMap<string, Meaning> = new Map([
  ["PG_AVAILABILITY", UNAVAILABLE],
  ["OBJECT_UNFOUND", UNAVAILABLE],
  ["OSD_ROOT_DOWN", UNAVAILABLE],
  ["MDS_ALL_DOWN", FILES_UNAVAILABLE],
  ["FS_WITH_FAILED_MDS", FILES_UNAVAILABLE],
  ["MDS_DAMAGE", DAMAGED],
  ["PG_DAMAGED", DAMAGED],
  ["OSD_SCRUB_ERRORS", DAMAGED],
  ["OSD_FULL", FULL],
  ["POOL_FULL", FULL],
]);

/** Flags of the whole cluster that stop its clients, as OSDMAP_FLAGS tells them: `pauserd,pausewr,noout flag(s) set`. */
const FLAGS = "OSDMAP_FLAGS";
const STOPPED: readonly [flag: string, meaning: Meaning][] = [
  ["pauserd", { reason: "DataUnavailable", means: "has reads that are paused by a flag" }],
  ["pausewr", { reason: "WritesBlocked", means: "accepts no writes because they are paused by a flag" }],
  ["full", FULL],
];

type Details = Readonly<Record<string, { severity?: string; message?: string }>>;

/** What of this is critical for data; undefined: nothing. */
export function harmOf(details: Details): (Meaning & { code: string }) | undefined {
  for (const [code, meaning] of CRITICAL) {
    if (Object.hasOwn(details, code)) return { ...meaning, code };
  }
  const flags = (details[FLAGS]?.message ?? "").split(/[\s,]/);
  const stopped = STOPPED.find(([flag]) => flags.includes(flag));
  return stopped && { ...stopped[1], code: FLAGS };
}

/** The codes with Ceph's words, that one first. */
export function detailsText(details: Details, first?: string): string {
  const told = Object.entries(details)
    .toSorted(([a], [b]) => Number(b === first) - Number(a === first))
    .map(([code, { message }]) => `${code} (${message ?? "no details"})`);
  return told.join("; ") || "it gives no details";
}

/** Codes that are a warning, because data can still be read and written. */
const WARNINGS = [
  "PG_DEGRADED",
  "PG_RECOVERY_FULL",
  "PG_BACKFILL_FULL",
  "PG_NOT_SCRUBBED",
  "PG_NOT_DEEP_SCRUBBED",
  "OBJECT_MISPLACED",
  "OSD_DOWN",
  "OSD_HOST_DOWN",
  "OSD_NEARFULL",
  "OSD_BACKFILLFULL",
  "POOL_NEAR_FULL",
  "POOL_NO_REDUNDANCY",
  "MON_DOWN",
  "MON_DISK_LOW",
  "MON_CLOCK_SKEW",
  "MGR_DOWN",
  "FS_DEGRADED",
  "SLOW_OPS",
  "LARGE_OMAP_OBJECTS",
  "RECENT_CRASH",
  "DEVICE_HEALTH",
];

export const healthWords: WordTable = {
  field: "status.ceph.details",
  source: "https://docs.ceph.com/en/latest/rados/operations/health-checks/",
  words: [
    ...[...CRITICAL].map(([code, { reason }]) => [code, `critical, \`${reason}\``] as const),
    ...STOPPED.map(([flag, { reason }]) => [`${FLAGS} with ${flag}`, `critical, \`${reason}\``] as const),
    [
      `${WARNINGS.join(", ")} and any other code`,
      "what Ceph says: `HEALTH_ERR` is critical (`HealthError`), `HEALTH_WARN` is a warning (`HealthWarning`)",
    ],
  ],
};
