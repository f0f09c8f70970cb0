/** Markers of runs (lib/checkpoint/scratch_marker.ts) as objects: written beside what a run makes, read with the store's own times. */
import type { Scratch } from "../../../checkpoint/scratch.ts";
import type { RawReply, RawS3 } from "../../../clients/s3/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import {
  type FoundMarker,
  GRACE_MS,
  markerText,
  MAX_MARKER_CHARS,
  storeTimeMs,
} from "../../../checkpoint/scratch_marker.ts";

/** The name of the object, in a scratch bucket or below a scratch prefix. */
export const MARKER_NAME = "lakecheck-run.json";

/** Where a marker lies: `prefix` is empty, or ends with `/`. */
export interface MarkerPlace {
  bucket: string;
  prefix: string;
}

/**
 * Writes the marker of this run, and has it written again while the run lasts. Undefined when it stands there, and the
 * store's times of it can be relied on; otherwise why not: nothing of other runs may be removed then. `raw` must not end
 * with the checkpoint's signal: a request that is cut off could be carried out after the place was removed.
 */
export async function markPlace(
  scratch: Scratch,
  raw: RawS3,
  place: MarkerPlace,
  host: string,
): Promise<string | undefined> {
  const write = async () => {
    const body = new TextEncoder().encode(markerText(scratch.id, host, scratch.leaseMs()));
    const headers = { "content-type": "application/json" };
    const reply = await raw.send({ method: "PUT", ...objectOf(place), headers, body });
    if (reply.status > 299) throw cannot("write", place, reply);
  };
  // Not written now, it may be written at the next turn.
  scratch.renew(write);
  try {
    await write();
    const own = await readMarker(raw, place);
    if (Math.abs(own?.ageMs ?? NaN) <= GRACE_MS) return undefined;
    return "this run's own marker could not be read back with the time at which the store recorded it";
  } catch (error) {
    if (error instanceof CannotLook) return error.failure.message;
    throw error;
  }
}

/** The marker of a place; undefined when there is none. CannotLook when the store does not give it. */
export async function readMarker(raw: RawS3, place: MarkerPlace): Promise<FoundMarker | undefined> {
  // No more of it than a marker has, whatever it is.
  const headers = { range: `bytes=0-${MAX_MARKER_CHARS}` };
  const reply = await raw.send({ method: "GET", ...objectOf(place), headers });
  if (reply.status === 404) return undefined;
  // An empty object has no such range.
  if (![200, 206, 416].includes(reply.status)) throw cannot("read", place, reply);
  const [now, written] = ["date", "last-modified"].map((name) => storeTimeMs(reply.headers.get(name)));
  return { text: reply.text(), ageMs: (now ?? NaN) - (written ?? NaN) };
}

const objectOf = ({ bucket, prefix }: MarkerPlace) => ({ bucket, key: `${prefix}${MARKER_NAME}` });

function cannot(doing: string, { bucket, prefix }: MarkerPlace, { status, code }: RawReply): CannotLook {
  const message = `could not ${doing} the marker ${bucket}/${prefix}${MARKER_NAME}: HTTP ${status} ${
    code ?? ""
  }`;
  return new CannotLook({ kind: status === 403 ? "forbidden" : "server-error", message: message.trimEnd() });
}
