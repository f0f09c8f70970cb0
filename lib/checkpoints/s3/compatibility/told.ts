/** How the store behaved in a trial, by feature: the trials of operations tell what they see in passing. */
import { memo } from "../../../engine/memo.ts";
import type { RawReply } from "../../../clients/s3/client.ts";
import type { S3Context } from "../context.ts";
import { refusalText } from "../setup/calls.ts";
import type { Behaviour } from "./features.ts";

/** How the store behaved, with what it said. */
export interface Seen {
  behaviour: Behaviour;
  /** `HTTP 412 PreconditionFailed`. */
  observed: string;
}

/** By the id of the feature, of this run. */
export const behavioursOf = memo((_context: S3Context) => new Map<string, Seen>());

export const tell = (context: S3Context, feature: string, seen: Seen): void =>
  void behavioursOf(context).set(feature, seen);

type Answer = Pick<RawReply, "status" | "code">;

/** `HTTP 400 BadDigest`. */
export const said = ({ status, code = "" }: Answer): string => refusalText({ status, code });

/** Of a request that should be served. */
export const ofServed = (reply: Answer): Seen => ({
  behaviour: reply.status < 300 ? "works" : "refused",
  observed: said(reply),
});

/** Of a request that should be rejected, with this status; 200 means that what was wrong with it was not looked at. */
export function ofRejected(reply: Answer = { status: 200 }, status = reply.status): Seen {
  const observed = said(reply);
  if (reply.status < 300) return { behaviour: "ignored", observed };
  // Else it was rejected for something else than what was wrong with it.
  return {
    behaviour: "refused",
    observed: reply.status === status ? observed : `${observed}, not ${status}`,
  };
}
