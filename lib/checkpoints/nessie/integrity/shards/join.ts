/** From what the shards of a walk saw to what one walk would have said. Pure. */
import type { Walked } from "../walked.ts";
import { hash53, hashSet } from "../seen.ts";
import { emptyTally, keepAll, keepFinding, type Tally } from "../tally.ts";
import { add, keepLargest, type Listed, type Orphan } from "../unnamed.ts";

const COUNTS = [
  "tables",
  "views",
  "same",
  "others",
  "snapshots",
  "manifests",
  "files",
  "bytes",
  "faulty",
] as const;
const AMOUNTS = ["earlier", "young", "orphans", "undecided", "shared"] as const;

/** All shards of one walk together, the first of which looked for what lies outside of tables. */
export function joined(shards: readonly Walked[]): Walked {
  const tally = emptyTally();
  for (const one of shards) addTally(tally, one.tally);
  const [first] = shards;
  const stopped = shards.find((one) => one.stopped)?.stopped;
  const partly = shards.find((one) => one.partly)?.partly;
  const whole = !stopped && !partly && tally.unread.length === 0;
  return settled({
    tally,
    references: first?.references ?? 0,
    commits: first?.commits ?? "",
    ...stopped ? { stopped } : {},
    ...partly ? { partly } : {},
    ...whole && first?.strays ? { strays: first.strays } : {},
    durationMs: Math.max(0, ...shards.map(({ durationMs }) => durationMs)),
    requests: shards.reduce((sum, { requests }) => sum + requests, 0),
  });
}

function addTally(to: Tally, more: Tally): void {
  for (const count of COUNTS) to[count] += more[count];
  for (const kind of AMOUNTS) add(to[kind], more[kind].bytes, more[kind].count);
  for (const one of more.unread) {
    const before = to.unread.find(({ why, bucket }) => why === one.why && bucket === one.bucket);
    if (before) before.tables += one.tables;
    else to.unread.push({ ...one });
  }
  to.overlong ||= more.overlong;
  keepAll(to, to.elsewhere, more.elsewhere);
  keepAll(to, to.orphanList, more.orphanList);
  for (const orphan of more.largest) keepLargest(to.largest, orphan);
  for (const finding of more.findings) keepFinding(to, finding);
  for (const [trial, { count, critical }] of Object.entries(more.more)) {
    const before = Object.hasOwn(to.more, trial) ? to.more[trial] : undefined;
    to.more[trial] = {
      count: count + (before?.count ?? 0),
      critical: critical || before?.critical === true,
    };
  }
}

/** Takes from the orphans what another table names: that is known only when every table was looked at. */
export function settled(walked: Walked): Walked {
  const { strays } = walked;
  const tally = {
    ...walked.tally,
    orphans: { ...walked.tally.orphans },
    undecided: { ...walked.tally.undecided },
    shared: { ...walked.tally.shared },
  };
  if (tally.overlong) {
    // Who names what is not known to the end.
    add(tally.undecided, tally.orphans.bytes, tally.orphans.count);
    return {
      ...walked,
      tally: { ...tally, orphans: { count: 0, bytes: 0 }, elsewhere: [], orphanList: [], largest: [] },
    };
  }
  const named = hashSet();
  for (const hash of tally.elsewhere) named.add(hash);
  const move = (list: readonly Listed[], from: { count: number; bytes: number }) => {
    for (const [hash, bytes] of list) {
      if (!named.has(hash)) continue;
      add(from, -bytes, -1);
      add(tally.shared, bytes);
    }
  };
  move(tally.orphanList, tally.orphans);
  const still = (all: readonly Orphan[]) =>
    all.filter(({ path }) => !named.has(hash53(path.slice("s3://".length))));
  const left = strays &&
    { ...strays, strays: { ...strays.strays }, largest: still(strays.largest), list: [] };
  if (strays && left) move(strays.list, left.strays);
  return {
    ...walked,
    tally: { ...tally, largest: still(tally.largest), elsewhere: [], orphanList: [] },
    ...left ? { strays: left } : {},
  };
}
