/** What the catalog rejects of commits: those that were made on something that is no longer so. */
import { expect } from "../../../checkpoint/expect.ts";
import { type Outcome, passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, differently, expectServed, rejection, worst } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { APPEND, appendTo, commit, currentSnapshot, setProperty, snapshotId } from "./commits.ts";
import { CREATE_TABLE } from "./tables.ts";
import { load, makeTable, type ScratchRest } from "./scratch.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

const LOST = "what another writer has written is lost without a word";

/** Commits on a wrong belief, and says whether that was rejected. */
async function stale(
  rest: ScratchRest,
  path: string,
  requirement: Record<string, unknown>,
): Promise<Outcome> {
  const mark = `stale-${requirement.type}`;
  const reply = await commit(rest, path, [requirement], [setProperty(mark)]);
  const done = at(await load(rest, path), "properties", mark);
  const message = `a commit was carried out although ${requirement.type} does not hold`;
  expect(done === undefined, "SilentlyIgnored", message);
  return rejection(`commit when ${requirement.type} does not hold`, reply, [409], LOST);
}

/** A table with one snapshot, the first. */
async function withSnapshot(rest: ScratchRest, name: string) {
  const table = await makeTable(rest, name);
  await appendTo(rest, table, 1);
  return table;
}

export const conflictCapabilities: readonly Capability[] = [
  {
    id: "nessie.can-refuse-stale-append",
    area: "commits",
    title: "reject an append on a snapshot that is not current",
    explain: "An append that requires an older snapshot is rejected with 409, and the current one stays.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [APPEND],
    async run(rest) {
      const table = await withSnapshot(rest, "stale_append");
      await appendTo(rest, table, 2, 1);
      const reply = await appendTo(rest, table, 3, 1);
      const now = currentSnapshot(await load(rest, table.path));
      expect(now === snapshotId(2), "DataLost", `an append on an older snapshot was taken: ${LOST}`);
      return rejection("append on an older snapshot", reply, [409], LOST);
    },
  },
  {
    id: "nessie.can-refuse-second-first",
    area: "commits",
    title: "reject a second first append",
    explain:
      "An append that requires a table without a snapshot is rejected with 409 once the table has one. Else two writers " +
      "that fill a new table at once both succeed, and the rows of one are gone (Nessie before 0.101.1: " +
      "github.com/projectnessie/nessie/pull/10064).",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [APPEND],
    async run(rest) {
      const table = await withSnapshot(rest, "second_first");
      const reply = await appendTo(rest, table, 2);
      const now = currentSnapshot(await load(rest, table.path));
      expect(now === snapshotId(1), "DataLost", {
        message:
          "two writers that fill a new table at once both succeed, and the rows of the first are lost without a word",
        observed: `${words(reply)}; the first snapshot is replaced`,
        expected: "HTTP 409",
        evidence: "assert-ref-snapshot-id with no snapshot, on a table that has one",
        next: [nextStep("upgrade-nessie"), nextStep("one-first-writer")],
      });
      return rejection("append to an empty table that is not empty", reply, [409], LOST);
    },
  },
  {
    id: "nessie.can-let-one-win",
    area: "commits",
    title: "let exactly one of racing appends win",
    explain:
      "Six writers append at once on the same snapshot; one is taken, five get 409, and the winner's is current.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [APPEND],
    async run(rest) {
      const table = await withSnapshot(rest, "raced");
      const writers = [2, 3, 4, 5, 6, 7];
      const replies = await Promise.all(writers.map((n) => appendTo(rest, table, n, 1)));
      const winners = writers.filter((_n, i) => replies[i] && isGood(replies[i]));
      const now = currentSnapshot(await load(rest, table.path));
      const observed = `${winners.length} of 6 taken, ${
        replies.map(({ status }) => status).toSorted().join(" ")
      }`;
      const expected = "1 of 6 taken, 409 for the others";
      expect(winners.length <= 1, "DataLost", `several racing appends were taken: ${LOST}`, {
        observed,
        expected,
      });
      const [winner] = winners;
      expect(winner !== undefined, "NobodyWins", "none of racing appends was taken", { observed, expected });
      expect(now === snapshotId(winner), "WrongAnswer", "the winner of a race is not current", { observed });
      const other = replies.find((reply) => !isGood(reply) && reply.status !== 409);
      return other
        ? differently(`one of racing appends wins; another was told ${words(other)}`, { observed, expected })
        : passed("one of racing appends wins, the others are told", { observed });
    },
  },
  {
    id: "nessie.can-refuse-stale-schema",
    area: "commits",
    title: "reject a commit on a schema, spec or order that has changed",
    explain:
      "Commits that require another current schema, last column id, last partition id, partition spec or sort order are " +
      "each rejected with 409 and change nothing.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "stale_schema");
      return worst(
        await stale(rest, path, { type: "assert-current-schema-id", "current-schema-id": 7 }),
        await stale(rest, path, { type: "assert-last-assigned-field-id", "last-assigned-field-id": 77 }),
        await stale(rest, path, {
          type: "assert-last-assigned-partition-id",
          "last-assigned-partition-id": 1777,
        }),
        await stale(rest, path, { type: "assert-default-spec-id", "default-spec-id": 7 }),
        await stale(rest, path, { type: "assert-default-sort-order-id", "default-sort-order-id": 7 }),
        passed("commits on a schema, spec or order that has changed are refused", { observed: "HTTP 409" }),
      );
    },
  },
  {
    id: "nessie.can-refuse-other-table",
    area: "commits",
    title: "reject a commit to a table that was replaced",
    explain:
      "A commit that requires another uuid is rejected with 409: the table of that name is another one by now.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "other_uuid");
      return await stale(rest, path, { type: "assert-table-uuid", uuid: crypto.randomUUID() });
    },
  },
  {
    id: "nessie.can-refuse-unknown",
    area: "commits",
    title: "reject requirements and updates that it does not know",
    explain: "An unknown requirement must not be passed over: it is rejected (400), and nothing is changed.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "unknown");
      const requirement = await commit(rest, path, [{ type: "assert-lakecheck" }], [setProperty("unknown")]);
      const update = await commit(rest, path, [], [setProperty("unknown"), { action: "lakecheck" }]);
      expect(at(await load(rest, path), "properties", "unknown") === undefined, "SilentlyIgnored", {
        message: "a commit with a part that the catalog does not know was carried out",
      });
      return worst(
        rejection("take a requirement it does not know", requirement, [400], LOST),
        rejection("take an update it does not know", update, [400], "a client believes that it was done"),
        passed("what the catalog does not know it rejects", { observed: words(requirement) }),
      );
    },
  },
  {
    id: "nessie.can-commit-together",
    area: "commits",
    title: "commit to several tables at once, or to none",
    explain: "Two tables change in one transaction; when a requirement of one fails, neither changes.",
    weight: "critical",
    engines: "DuckDB",
    needs: [CREATE_TABLE],
    endpoints: ["POST /v1/{prefix}/transactions/commit"],
    async run(rest) {
      const [a, b] = [await makeTable(rest, "together_a"), await makeTable(rest, "together_b")];
      const change = (name: string, uuid: string, key: string) => ({
        identifier: { namespace: [rest.root], name },
        requirements: [{ type: "assert-table-uuid", uuid }],
        updates: [setProperty(key)],
      });
      const both = (uuid: string, key: string) => ({
        "table-changes": [change("together_a", a.uuid, key), change("together_b", uuid, key)],
      });
      const good = await rest.send("POST", "/transactions/commit", both(b.uuid, "good"));
      expectServed(good, "commit to several tables at once");
      const bad = await rest.send("POST", "/transactions/commit", both(crypto.randomUUID(), "bad"));
      const [inA, inB] = [await load(rest, a.path), await load(rest, b.path)];
      expect(
        at(inA, "properties", "good") !== undefined && at(inB, "properties", "good") !== undefined,
        "SilentlyIgnored",
        "a transaction over two tables is answered as done and is not",
      );
      expect(
        at(inA, "properties", "bad") === undefined && at(inB, "properties", "bad") === undefined,
        "HalfDone",
        "a transaction was carried out in part although a requirement of it does not hold",
      );
      return worst(
        rejection("carry out half a transaction", bad, [409], LOST),
        passed("several tables are committed to at once, or none", { observed: words(bad) }),
      );
    },
  },
];
