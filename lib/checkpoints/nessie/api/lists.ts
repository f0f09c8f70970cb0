/** Trials of what a branch holds: entries, contents, history, differences; in pages, and exact. */
import type { Content, Key } from "../../../clients/nessie/client.ts";
import { failed, type Outcome, passed } from "../../../checkpoint/trial.ts";
import {
  BIG_SNAPSHOT,
  commit,
  furnish,
  keysDiffer,
  keyText,
  namespace,
  put,
  tableAt,
  taken,
  trial,
} from "../trying.ts";

const MOST = 1000;

/** An outcome that names the list it is of. */
const of = (what: string, outcome: Outcome | undefined, evidence: string): Outcome | undefined =>
  outcome && { ...outcome, message: `${what}: ${outcome.message}`, evidence };

const entriesTrial = trial({
  id: "nessie.entries",
  title: "Entries in pages",
  weight: "critical",
  explain:
    "A branch with a namespace and eleven tables is listed in pages of one, five and more, with and without contents, " +
    "as a whole and below the namespace: each time every entry comes once, with its id. A list that loses an entry hides a " +
    "table from every engine.",
  async run(context) {
    const { nessie } = context;
    const { head, keys } = await furnish(context, "entries");
    const evidence = `GET /api/v2/trees/BRANCH/entries`;
    for (const pageSize of [1, 5, keys.length, undefined]) {
      for (const content of [false, true]) {
        const what = `in pages of ${pageSize ?? "any size"} ${content ? "with" : "without"} contents`;
        const got = await taken(nessie.entries(head.name, { pageSize, content }), MOST);
        const flaw = of(what, keysDiffer(got.map(({ key }) => key), keys), evidence);
        if (flaw) return flaw;
        const bare = got.find((entry) => !entry.contentId || (content && !entry.content));
        if (bare) {
          return failed(
            "Incomplete",
            `${what}: ${keyText(bare.key)} comes without ${bare.contentId ? "its content" : "an id"}`,
            { evidence },
          );
        }
      }
    }
    const below = await taken(nessie.entries(head.name, { below: ["shop"] }), MOST);
    const flaw = of("below namespace shop", keysDiffer(below.map(({ key }) => key), keys), evidence);
    return flaw ?? passed(`each of ${keys.length} entries comes once, whatever the size of a page`);
  },
});

/** Parts of keys that need care in a URL, or in JSON. */
const ODD: readonly string[] = [
  "with.dot",
  "with space",
  "with/slash",
  "50%",
  "back\\slash",
  "żółw",
  "UPPER",
  "a*b",
  "q?x=1&y#z",
];

const contentsTrial = trial({
  id: "nessie.contents",
  title: "Contents as they were put",
  weight: "critical",
  explain:
    "Tables with odd names (dots, slashes, percent signs, spaces, other alphabets) and 64-bit snapshot ids are put, and read " +
    "back the same, all at once; a key that is not there is left out. What comes back changed is another table.",
  async run(context) {
    const { nessie } = context;
    const base = await context.makeBranch("contents");
    const wanted = ODD.map((name, i) => ({ key: ["odd", name], content: tableAt(BIG_SNAPSHOT + BigInt(i)) }));
    let head = await commit(context, base, "a namespace", [namespace("odd")]);
    for (const { key, content } of wanted) {
      head = await commit(context, head, `put ${key[1]}`, [put(key, content)]);
    }
    const got = await nessie.contents(head.name, [...wanted.map(({ key }) => key), ["odd", "never-put"]]);
    const evidence = "POST /api/v2/trees/BRANCH/contents";
    const flaw = of(
      "of those asked for",
      keysDiffer(got.map(({ key }) => key), wanted.map(({ key }) => key)),
      evidence,
    );
    if (flaw) return flaw;
    for (const { key, content } of wanted) {
      const changed = changedField(content, got.find((one) => keyText(one.key) === keyText(key))?.content);
      if (changed) {
        return failed("Changed", `${keyText(key)} came back with another ${changed.field}`, {
          ...changed.values,
          evidence,
        });
      }
    }
    return passed(`${wanted.length} tables with odd names came back as they were put`);
  },
});

const FIELDS = ["type", "metadataLocation", "snapshotId", "schemaId", "specId", "sortOrderId"] as const;

export function changedField(
  wanted: Content,
  found: Content | undefined,
): { field: string; values: { observed: string; expected: string } } | undefined {
  const field = FIELDS.find((name) => wanted[name] !== found?.[name]);
  if (!field) return undefined;
  return {
    field,
    values: { observed: `${found?.[field] ?? "none"}`, expected: `${wanted[field] ?? "none"}` },
  };
}

const historyTrial = trial({
  id: "nessie.history",
  title: "History",
  weight: "critical",
  explain:
    "The commits of a branch come newest first, each once, in pages of one and more, each with its parent, back to where " +
    "the branch began, and with what they changed when that is asked for. Time travel and audits read it.",
  async run(context) {
    const { nessie } = context;
    const { base, head, keys, commits } = await furnish(context, "history");
    const evidence = "GET /api/v2/trees/BRANCH/history";
    for (const pageSize of [1, 2, 100]) {
      const log = await untilBase(nessie.history(head.name, { pageSize }), base.hash, commits.length);
      const hashes = log.map(({ hash }) => hash);
      if (hashes.join() !== commits.join()) {
        return failed(
          "OtherHistory",
          `in pages of ${pageSize} it shows ${hashes.length} commits, not the ${commits.length} that were made, newest first`,
          {
            observed: short(hashes),
            expected: short(commits),
            evidence,
          },
        );
      }
      const lost = log.find(({ parentHash }, i) =>
        parentHash !== undefined && parentHash !== (commits[i + 1] ?? base.hash)
      );
      if (lost) {
        return failed(
          "OtherParent",
          `commit ${lost.hash.slice(0, 12)} names another parent than the commit before it`,
          { evidence },
        );
      }
    }
    const full = await untilBase(nessie.history(head.name, { operations: true }), base.hash, commits.length);
    const changed = full.flatMap(({ operations }) => operations?.map(({ key }): Key => key) ?? []);
    const flaw = of("what the commits changed", keysDiffer(changed, keys), `${evidence}?fetch=ALL`);
    return flaw ??
      passed(`${commits.length} commits come newest first, with parents and with what they changed`);
  },
});

const short = (hashes: readonly string[]) => hashes.slice(0, 4).map((hash) => hash.slice(0, 12)).join(", ");

/** The commits before the base; one more than there should be, if there are more. */
async function untilBase<T extends { hash: string }>(
  log: AsyncIterable<T>,
  base: string,
  most: number,
): Promise<T[]> {
  const all: T[] = [];
  for await (const one of log) {
    if (one.hash === base || all.length > most) break;
    all.push(one);
  }
  return all;
}

const diffTrial = trial({
  id: "nessie.diff",
  title: "Differences",
  weight: "critical",
  explain:
    "Two commits are compared, between which tables were put, changed and deleted: exactly these come, each with what it " +
    "was and is. Merges and reviews rest on it.",
  async run(context) {
    const { nessie } = context;
    const { head, keys } = await furnish(context, "diff");
    const evidence = "GET /api/v2/trees/A/diff/B";
    const [, changedKey = [], deletedKey = []] = keys;
    const [old] = await nessie.contents(head.name, [changedKey]);
    const after = await commit(context, head, "put, change, delete", [
      put(["shop", "new"], tableAt(1n)),
      put(changedKey, tableAt(2n, old?.content.id)),
      { type: "DELETE", key: deletedKey },
    ]);
    for (const pageSize of [1, 100]) {
      const got = await taken(nessie.diff(`${head.name}@${head.hash}`, after.name, { pageSize }), MOST);
      const flaw = of(
        `in pages of ${pageSize}`,
        keysDiffer(got.map(({ key }) => key), [["shop", "new"], changedKey, deletedKey]),
        evidence,
      );
      if (flaw) return flaw;
      const sides = got.map(({ key, from, to }) =>
        `${key[1]}:${from?.snapshotId ?? "-"}>${to?.snapshotId ?? "-"}`
      ).toSorted();
      const wanted = [
        `${changedKey[1]}:${BIG_SNAPSHOT}>2`,
        `${deletedKey[1]}:${BIG_SNAPSHOT + 1n}>-`,
        "new:->1",
      ].toSorted();
      if (sides.join() !== wanted.join()) {
        return failed(
          "OtherDifference",
          "the differences are of the right tables, with other contents than were put",
          {
            observed: sides.join(" "),
            expected: wanted.join(" "),
            evidence,
          },
        );
      }
    }
    return passed("what was put, changed and deleted comes, and nothing else");
  },
});

export const listTrials = [entriesTrial, contentsTrial, historyTrial, diffTrial];
