/** What a shard leaves in the facts, for whoever joins it with the others. */
import {
  atMost,
  bool,
  list,
  map,
  num,
  obj,
  objectRef,
  oneOf,
  text,
  whole,
} from "../../../../engine/decode.ts";
import { UsageError } from "../../../../engine/errors.ts";
import type { Failure, Reader, RecordSource } from "../../../../engine/model.ts";
import type { TrialRecord } from "../../../../checkpoint/trial.ts";
import type { Walked } from "../walked.ts";
import { MOST_LISTED, type Tally } from "../tally.ts";
import type { Amount, Listed, Orphan } from "../unnamed.ts";
import { type Shard, shardText } from "./shard.ts";

export interface ShardRecord {
  shard: Shard;
  walked: Walked;
}

const amount: Reader<Amount> = whole({ count: num, bytes: num });
const orphans: Reader<Orphan[]> = atMost(
  1000,
  list(whole({ path: text(1500), bytes: num, modified: text(100) })),
);
const listed: Reader<Listed[]> = atMost(
  MOST_LISTED,
  list((value): Listed => {
    const [hash, bytes] = atMost(2, list(num))(value) ?? [];
    return [hash ?? 0, bytes ?? 0];
  }),
);
const finding: Reader<TrialRecord> = whole({
  trial: text(100, 1),
  durationMs: num,
  result: oneOf("passed", "failed", "skipped", "unknown"),
  reason: text(100, 1),
  message: text(4000, 1),
}, {
  object: objectRef,
  status: oneOf("critical", "warning"),
  next: atMost(20, list(whole({ step: text(100), values: atMost(10, list(text(2000))) }))),
});
const TALLY: Reader<Tally> = whole({
  ...{ tables: num, views: num, same: num, others: num, snapshots: num, manifests: num, files: num },
  ...{ bytes: num, faulty: num },
  unread: atMost(
    10_000,
    list(whole({ why: text(2000), bucket: text(300), status: num, tables: num, first: text(2000) })),
  ),
  ...{ earlier: amount, young: amount, orphans: amount, undecided: amount, shared: amount },
  elsewhere: atMost(MOST_LISTED, list(num)),
  orphanList: listed,
  overlong: bool,
  largest: orphans,
  findings: atMost(1000, list(finding)),
  more: map(whole({ count: num, critical: bool })),
});

const WALKED: Reader<Walked> = whole({
  tally: TALLY,
  references: num,
  commits: text(100, 1),
  durationMs: num,
  requests: num,
}, {
  strays: whole({ strays: amount, young: amount, largest: orphans, list: listed, cut: bool }),
  stopped: obj({ kind: text(100, 1), message: text(2000, 1) }) as Reader<Failure>,
  mostMemory: num,
});

export const nessieShard: RecordSource<ShardRecord> = {
  id: "nessie.integrity-shard",
  records: "what a shard of the integrity walk saw",
  read: whole({ shard: whole({ at: num, of: num }), walked: WALKED }),
};

/** The shards of one walk, each once and in order. UsageError when they are not that. */
export function together(found: readonly { from: string; record: ShardRecord | undefined }[]): Walked[] {
  const all = found.map(({ from, record }) => {
    if (record) return { from, record };
    throw new UsageError(
      `${from} holds no shard of a walk. Next: give what --shard saved with --save-facts.`,
    );
  });
  const [first] = all;
  for (const { from, record } of all) {
    if (record.walked.commits !== first?.record.walked.commits || record.shard.of !== first.record.shard.of) {
      throw new UsageError(
        `${from} is of another walk than ${first?.from}: the catalog has changed between them, or they are of another ` +
          "number of shards. Next: walk all shards again.",
      );
    }
  }
  const of = first?.record.shard.of ?? 0;
  return Array.from({ length: of }, (_, n) => {
    const [one, another] = all.filter(({ record }) => record.shard.at === n + 1);
    if (one && !another) return one.record.walked;
    const which = `shard ${shardText({ at: n + 1, of })}`;
    throw new UsageError(
      one
        ? `${which} was given twice, in ${one.from} and ${another?.from}. Next: give each shard once.`
        : `${which} was not given. Next: give the facts of every shard, with --facts and --join.`,
    );
  });
}
