/** What a catalog has, so that it can be compared with what it has after a restart. */
import type { NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { errorBodyOf } from "../../../clients/nessie/client.ts";
import { stringifyBigJson } from "../../../clients/big_json.ts";
import { failed, type Outcome, passed } from "../../../checkpoint/trial.ts";

export interface Kept {
  references: Reference[];
  /** Of the scratch branch: each key with its content, as JSON. */
  contents: string[];
}

/** Most references that are compared. */
const MOST = 20_000;

export async function keptBy(api: NessieApi, branch: string): Promise<Kept> {
  const references: Reference[] = [];
  for await (const reference of api.references()) {
    references.push(reference);
    if (references.length >= MOST) break;
  }
  return { references, contents: await contentsOf(api, branch) };
}

/** None where the branch is not there: then it was forgotten. */
async function contentsOf(api: NessieApi, branch: string): Promise<string[]> {
  const contents: string[] = [];
  try {
    for await (const entry of api.entries(branch, { content: true })) contents.push(stringifyBigJson(entry));
  } catch (error) {
    if (errorBodyOf(error)?.code !== "REFERENCE_NOT_FOUND") throw error;
  }
  return contents.toSorted();
}

/**
 * What became of it. A reference that has moved on since is not lost when its old commit is still in its history;
 * scratch references come and go.
 */
export async function compared(before: Kept, after: Kept, api: NessieApi, pod: string): Promise<Outcome> {
  const now = new Map(after.references.map((one) => [one.name, one]));
  const lost: string[] = [];
  let moved = 0;
  for (const { name, hash, type } of before.references) {
    const found = now.get(name);
    if (found?.hash === hash) continue;
    if (found && found.type === type && await inHistory(api, name, hash)) moved++;
    else if (!name.startsWith("lakecheck-scratch-")) lost.push(`${type.toLowerCase()} ${name}`);
  }
  const references = `${before.references.length - lost.length} of ${before.references.length} references`;
  const contents = `${after.contents.length} of ${before.contents.length} contents`;
  const observed = `${references}${moved > 0 ? ` (${moved} moved on)` : ""}, ${contents}`;
  const seen = { observed, expected: "all of them", evidence: pod };
  if (lost.length > 0) {
    const names = lost.slice(0, 5).join(", ");
    return failed("DataLost", `after the restart ${pod} does not have ${names} any more`, seen);
  }
  if (after.contents.join("\n") !== before.contents.join("\n")) {
    return failed("DataLost", `after the restart ${pod} has other contents on a branch than before`, seen);
  }
  return passed(`after the restart ${pod} has all that was there before`, seen);
}

/** Further back than this nobody commits during a restart. */
const FAR = 5000;

/** Read commit by commit: Nessie answers for NAME@HASH whether or not the commit is in the history of the name. */
async function inHistory(api: NessieApi, name: string, hash: string): Promise<boolean> {
  let seen = 0;
  for await (const commit of api.history(name, { pageSize: 200 })) {
    if (commit.hash === hash || commit.parentHash === hash) return true;
    if (++seen >= FAR) return false;
  }
  return false;
}
