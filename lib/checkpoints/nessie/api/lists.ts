/** Trials of what a branch holds: entries, contents, history, differences; in pages, and exact. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import type { Content, Key } from "../../../clients/nessie/client.ts";
import { type Outcome, passed, type Trial } from "../../../checkpoint/trial.ts";
import {
  BIG_SNAPSHOT,
  commit,
  expectKeys,
  furnish,
  keyText,
  namespace,
  put,
  tableAt,
  taken,
} from "../trying.ts";

const MOST = 1000;

const entriesTrial: Trial<NessieContext> = {
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
    const evidence = "GET /api/v2/trees/BRANCH/entries";
    for (const pageSize of [1, 5, keys.length, undefined]) {
      for (const content of [false, true]) {
        const what = `in pages of ${pageSize ?? "any size"} ${content ? "with" : "without"} contents`;
        const got = await taken(nessie.entries(head.name, { pageSize, content }), MOST);
        expectKeys(got.map(({ key }) => key), keys, what, evidence);
        for (const entry of got) {
          const lacking = !entry.contentId ? "an id" : content && !entry.content ? "its content" : undefined;
          const message = `${what}: ${keyText(entry.key)} comes without ${lacking}`;
          expect(lacking === undefined, "Incomplete", message, { evidence });
        }
      }
    }
    const below = await taken(nessie.entries(head.name, { below: ["shop"] }), MOST);
    expectKeys(below.map(({ key }) => key), keys, "below namespace shop", evidence);
    return passed(`each of ${keys.length} entries comes once, whatever the size of a page`);
  },
};

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

const contentsTrial: Trial<NessieContext> = {
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
    expectKeys(got.map(({ key }) => key), wanted.map(({ key }) => key), "of those asked for", evidence);
    for (const { key, content } of wanted) {
      const found = got.find((one) => keyText(one.key) === keyText(key))?.content;
      expectSame(content, found, keyText(key), { evidence });
    }
    return passed(`${wanted.length} tables with odd names came back as they were put`);
  },
};

const FIELDS = ["type", "metadataLocation", "snapshotId", "schemaId", "specId", "sortOrderId"] as const;

/** That a table comes back as it was put. */
export function expectSame(
  wanted: Content,
  found: Content | undefined,
  what: string,
  more: Partial<Outcome> = {},
) {
  for (const field of FIELDS) {
    expect(wanted[field] === found?.[field], "Changed", `${what} came back with another ${field}`, {
      observed: `${found?.[field] ?? "none"}`,
      expected: `${wanted[field] ?? "none"}`,
      ...more,
    });
  }
}

const historyTrial: Trial<NessieContext> = {
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
      expect(
        hashes.join() === commits.join(),
        "OtherHistory",
        `in pages of ${pageSize} it shows ${hashes.length} commits, not the ${commits.length} that were made, newest first`,
        { observed: short(hashes), expected: short(commits), evidence },
      );
      for (const [i, { hash, parentHash = commits[i + 1] ?? base.hash }] of log.entries()) {
        const message = `commit ${hash.slice(0, 12)} names another parent than the commit before it`;
        expect(parentHash === (commits[i + 1] ?? base.hash), "OtherParent", message, { evidence });
      }
    }
    const full = await untilBase(nessie.history(head.name, { operations: true }), base.hash, commits.length);
    const changed = full.flatMap(({ operations }) => operations?.map(({ key }): Key => key) ?? []);
    expectKeys(changed, keys, "what the commits changed", `${evidence}?fetch=ALL`);
    return passed(`${commits.length} commits come newest first, with parents and with what they changed`);
  },
};

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

const diffTrial: Trial<NessieContext> = {
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
      const wantedKeys = [["shop", "new"], changedKey, deletedKey];
      expectKeys(got.map(({ key }) => key), wantedKeys, `in pages of ${pageSize}`, evidence);
      const sides = got.map(({ key, from, to }) =>
        `${key[1]}:${from?.snapshotId ?? "-"}>${to?.snapshotId ?? "-"}`
      ).toSorted();
      const wanted = [
        `${changedKey[1]}:${BIG_SNAPSHOT}>2`,
        `${deletedKey[1]}:${BIG_SNAPSHOT + 1n}>-`,
        "new:->1",
      ].toSorted();
      expect(
        sides.join() === wanted.join(),
        "OtherDifference",
        "the differences are of the right tables, with other contents than were put",
        { observed: sides.join(" "), expected: wanted.join(" "), evidence },
      );
    }
    return passed("what was put, changed and deleted comes, and nothing else");
  },
};

export const listTrials = [entriesTrial, contentsTrial, historyTrial, diffTrial];
