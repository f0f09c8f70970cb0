/** One of several parts of a catalog's tables, the same in every process that asks. Pure. */
import { UsageError } from "../../../../engine/errors.ts";
import { hash53 } from "../seen.ts";

export interface Shard {
  /** From 1. */
  at: number;
  of: number;
}

const MOST = 1000;

/** `2/4`. UsageError for anything else. */
export function shardOf(text: string): Shard {
  const [, at, of] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  const shard = { at: Number(at), of: Number(of) };
  if (shard.at <= shard.of && shard.of <= MOST) return shard;
  throw new UsageError(
    `--shard is ${
      JSON.stringify(text.slice(0, 40))
    }, and must be I/N with I from 1 to N, and N at most ${MOST}: ` +
      "1/4, 2/4, 3/4, 4/4.",
  );
}

export const shardText = ({ at, of }: Shard): string => `${at}/${of}`;

/** Whether what has this home is in the shard; all that has one home is in one shard. */
export const inShard = (home: string, { at, of }: Shard): boolean => hash53(home) % of === at - 1;
