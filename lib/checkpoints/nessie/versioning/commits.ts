/** Trials of commits on a scratch branch: what is kept, what is refused, and that nothing is lost. */
import { expect, fail } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { expectSame } from "../api/lists.ts";
import {
  BIG_SNAPSHOT,
  commit,
  contentOf,
  keyText,
  marker,
  namespace,
  put,
  refusal,
  rejected,
  saidText,
  tableAt,
  taken,
} from "../trying.ts";

const KEY = ["shop", "orders"];
const CONFLICT = { status: 409, code: "REFERENCE_CONFLICT" };

const commitTrial: Trial<NessieContext> = {
  id: "nessie.commit",
  title: "Commit",
  weight: "critical",
  explain:
    "A table is committed to a scratch branch: the branch moves, the table is read back as it was put, and neither the default " +
    "branch nor another scratch branch shows it.",
  async run(context) {
    const { nessie, config } = context;
    // Of this run alone, so that nobody else can have put it on the default branch.
    const own = marker(context).replaceAll(/[^a-z0-9]/g, "_");
    const key = [own, "orders"];
    const base = await context.makeBranch("commit");
    const other = await context.makeBranch("commit-other", base);
    const first = await commit(context, base, "a namespace", [namespace(own)]);
    const head = await commit(context, first, "a table", [put(key, tableAt(BIG_SNAPSHOT))]);
    const now = await nessie.reference(base.name);
    expect(now.hash === head.hash && now.hash !== base.hash, "NotMoved", {
      message: "a commit was answered, and the branch does not stand at it",
      observed: now.hash.slice(0, 16),
      expected: head.hash.slice(0, 16),
    });
    expectSame(tableAt(BIG_SNAPSHOT), await contentOf(nessie, head.name, key), "the table");
    for (const name of [other.name, config.defaultBranch]) {
      const seen = await contentOf(nessie, name, key);
      expect(!seen, "NotIsolated", `the table shows on ${name}, to which nobody committed it`);
    }
    return passed("a commit moves its branch and no other, and what was put comes back");
  },
};

const conflictTrial: Trial<NessieContext> = {
  id: "nessie.conflict",
  title: "Conflict",
  weight: "critical",
  explain:
    "Two writers change the same table from the same commit: the second must be rejected with 409 and the key that stands in " +
    "the way, and the first one's table must stay. Otherwise writers overwrite each other, and nobody is told.",
  async run(context) {
    const { nessie } = context;
    const base = await context.makeBranch("conflict");
    const first = await commit(context, base, "a namespace", [namespace("shop")]);
    const seen = await commit(context, first, "a table", [put(KEY, tableAt(1n))]);
    const id = (await contentOf(nessie, seen.name, KEY))?.id;
    const won = await commit(context, seen, "the first writer", [put(KEY, tableAt(2n, id))]);
    const second = commit(context, seen, "the second writer", [put(KEY, tableAt(3n, id))]);
    const said = await rejected(
      second,
      CONFLICT,
      "a commit over another writer's",
      "the other's table is lost",
    );
    const kept = await contentOf(nessie, won.name, KEY);
    const overwritten = "the second writer's commit is rejected, and its table stands there nevertheless";
    expect(kept?.snapshotId === 2n, "Overwritten", overwritten, {
      observed: `snapshot ${kept?.snapshotId ?? "none"}`,
      expected: "snapshot 2",
    });
    const named = said.conflicts.map(({ key }) => keyText(key ?? []));
    const silent = "the second writer's commit is rejected without the key that stands in the way";
    expect(named.includes(keyText(KEY)), "KeyNotNamed", silent, {
      observed: named.join(", ") || "no key",
      expected: keyText(KEY),
      status: "warning",
    });
    const type = said.conflicts[0]?.type ?? "";
    return passed(
      `the second writer is rejected (409 ${type} on ${keyText(KEY)}), the first one's table stays`,
    );
  },
};

const staleTrial: Trial<NessieContext> = {
  id: "nessie.stale-commit",
  title: "Commit to another table",
  weight: "critical",
  explain:
    "A writer commits another table from a commit that is no longer the newest: that is no conflict and must succeed, and both " +
    "tables must be there. Otherwise writers of different tables block each other.",
  async run(context) {
    const { nessie } = context;
    const base = await context.makeBranch("stale");
    const seen = await commit(context, base, "a namespace", [namespace("shop")]);
    await commit(context, seen, "the first writer", [put(["shop", "a"], tableAt(1n))]);
    const said = await refusal(commit(context, seen, "the second writer", [put(["shop", "b"], tableAt(2n))]));
    if (said) {
      const seen = { observed: saidText(said), expected: "HTTP 200" };
      fail("Blocked", `the catalog rejects a commit to another table: ${said.message}`, seen);
    }
    const got = await nessie.contents(base.name, [["shop", "a"], ["shop", "b"]]);
    expect(got.length === 2, "Lost", `two writers committed a table each, and ${got.length} is there`, {
      observed: `${got.length}`,
      expected: "2",
    });
    return passed("writers of different tables do not stand in each other's way");
  },
};

const namespaceTrial: Trial<NessieContext> = {
  id: "nessie.namespace-needed",
  title: "Table without its namespace",
  weight: "warning",
  explain:
    "A table in a namespace that does not exist must be refused, naming the namespace; otherwise tables appear that no engine " +
    "lists.",
  async run(context) {
    const base = await context.makeBranch("no-namespace");
    const doing = commit(context, base, "no namespace", [put(["nowhere", "t"], tableAt(1n))]);
    const harm = "engines that list namespaces do not find it";
    const said = await rejected(doing, CONFLICT, "a table without its namespace", harm);
    const absent = said.conflicts.find(({ type }) => type === "NAMESPACE_ABSENT");
    expect(absent, "KeyNotNamed", "the catalog rejects it, and does not say that the namespace is missing", {
      observed: said.message,
      expected: "NAMESPACE_ABSENT",
    });
    return passed(`it is rejected: ${keyText(absent.key ?? [])} must exist first`);
  },
};

const WRITERS = 8;
const COMMITS_EACH = 4;
const MOST_ATTEMPTS = 200;
const COUNTER = ["shop", "counter"];

const concurrentTrial: Trial<NessieContext> = {
  id: "nessie.concurrent-commits",
  title: "Concurrent commits",
  weight: "critical",
  explain:
    `${WRITERS} writers commit to one branch at once. Each commit puts a table of its own; every second one also counts up ` +
    "a table that all of them change, and is tried again after a conflict. Afterwards every table must be there, the count must " +
    "be right, and the history must have exactly these commits: none lost, none twice.",
  async run(context) {
    const { nessie } = context;
    const base = await context.makeBranch("writers");
    const first = await commit(context, base, "a namespace", [namespace("shop")]);
    const begun = await commit(context, first, "a counter", [put(COUNTER, tableAt(0n))]);
    let conflicts = 0;
    const write = async (writer: number) => {
      for (let i = 0; i < COMMITS_EACH; i++) {
        const own = put(["shop", `w${writer}-${i}`], tableAt(BigInt(writer * 100 + i)));
        for (let attempt = 1;; attempt++) {
          const seen = await nessie.reference(base.name);
          const counter = i % 2 ? await contentOf(nessie, `${seen.name}@${seen.hash}`, COUNTER) : undefined;
          const more = counter ? [put(COUNTER, tableAt((counter.snapshotId ?? 0n) + 1n, counter.id))] : [];
          const said = await refusal(commit(context, seen, `writer ${writer}, ${i}`, [own, ...more]));
          if (!said) break;
          const goesOn = said.code === CONFLICT.code && attempt < MOST_ATTEMPTS;
          const message = `writer ${writer} of ${WRITERS} did not get its commit through: ${said.message}`;
          expect(goesOn, "WriterStopped", message, { observed: saidText(said) });
          conflicts++;
        }
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i)));
    const total = WRITERS * COMMITS_EACH;
    const [entries, log, counter] = await Promise.all([
      taken(nessie.entries(base.name), 1000),
      historyFrom(nessie.history(base.name, { pageSize: 200 }), begun.hash),
      contentOf(nessie, base.name, COUNTER),
    ]);
    const tables = entries.filter(({ key }) => /^w\d+-\d+$/.test(key[1] ?? "")).length;
    const wanted = {
      observed: `${tables} tables, ${log.length} commits, count ${counter?.snapshotId}`,
      expected: `${total} tables, ${total} commits, count ${total / 2}`,
    };
    const lost = `${total} commits were answered with success, and ${tables} of their tables are there`;
    expect(tables === total, "LostCommit", lost, wanted);
    const overwritten = "writers overwrote each other's count without a conflict";
    expect(counter?.snapshotId === BigInt(total / 2), "LostUpdate", overwritten, wanted);
    const right = log.length === total && new Set(log).size === total;
    expect(right, "OtherHistory", `the history shows ${log.length} commits, and ${total} were made`, wanted);
    return passed(
      `${total} commits of ${WRITERS} writers are all there, ${conflicts} conflicts were told and tried again`,
    );
  },
};

/** The messages of the commits after this one. */
async function historyFrom(
  log: AsyncIterable<{ hash: string; message: string }>,
  begun: string,
): Promise<string[]> {
  const messages: string[] = [];
  for await (const { hash, message } of log) {
    if (hash === begun || messages.length > 10_000) break;
    messages.push(message);
  }
  return messages;
}

export const commitTrials = [concurrentTrial, commitTrial, conflictTrial, staleTrial, namespaceTrial];
