/**
 * The marker of a run (lib/checkpoint/scratch_marker.ts) in the catalog: the message of the last commit of a branch of its own,
 * `lakecheck-scratch-ID-marker`. It speaks for all references of the run. Its times are those that the catalog gave to
 * the commits.
 */
import type { Scratch } from "../../../checkpoint/scratch.ts";
import type { NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type FoundMarker, markerText, storeTimeMs } from "../../../checkpoint/scratch_marker.ts";
import { referenceName } from "./own_reference.ts";
import { removeReference } from "./remove.ts";
import type { CatalogTime } from "../context.ts";
import { namespace } from "../trying.ts";

export const markerBranch = (run: string): string => referenceName(run, "marker");

const before = (run: string) => `lakecheck ${run}: marker `;

/**
 * Makes the marker of this run, registered for undoing, and has it written again while the run lasts. `api` must not end
 * with the checkpoint's signal. A catalog in which that fails is tried all the same: what has no marker is not deleted.
 */
export async function markRun(
  scratch: Scratch,
  api: () => NessieApi,
  from: Reference,
  host: string,
): Promise<CatalogTime> {
  const name = markerBranch(scratch.id);
  scratch.undo(`branch ${name}`, () => removeReference(api(), name, scratch), { marker: true });
  let head: string | undefined;
  let written = 0;
  const write = async () => {
    head ??= (await api().create("BRANCH", name, from)).hash;
    const message = before(scratch.id) + markerText(scratch.id, host, scratch.leaseMs());
    // A key of its own each time: nothing can stand in its way.
    const put = namespace(`lakecheck_marker_${scratch.id}_${written++}`);
    head = (await api().commit(name, head, message, [put])).branch.hash;
  };
  scratch.renew(write);
  try {
    await write();
    const now = await lastCommitMs(api(), { name, hash: head });
    const started = performance.now();
    return () => (now ?? NaN) + performance.now() - started;
  } catch (error) {
    if (error instanceof CannotLook) return () => NaN;
    throw error;
  }
}

/** When the commit at the head of a reference was made, in ms; NaN when the catalog does not say; undefined: no commit. */
export async function lastCommitMs(
  api: NessieApi,
  { name, hash }: { name: string; hash: string | undefined },
): Promise<number | undefined> {
  const last = await lastCommit(api, `${name}@${hash}`);
  return last && storeTimeMs(last.commitTime);
}

/** The marker of a run as it is at the head of this reference, which is that of its marker. */
export async function readMarker(
  api: NessieApi,
  { name, hash }: Reference,
  run: string,
  nowMs: number,
): Promise<FoundMarker | undefined> {
  const last = await lastCommit(api, `${name}@${hash}`);
  if (!last?.message.startsWith(before(run))) return undefined;
  return { text: last.message.slice(before(run).length), ageMs: nowMs - storeTimeMs(last.commitTime) };
}

async function lastCommit(api: NessieApi, at: string) {
  for await (const commit of api.history(at, { pageSize: 1 })) return commit;
  return undefined;
}
