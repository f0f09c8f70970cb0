/** Trials of branches and tags: merging, tags that stay, time travel, names, deleting. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import type { Key, NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import {
  commit,
  contentOf,
  keyText,
  namespace,
  put,
  refusal,
  rejected,
  saidText,
  tableAt,
} from "../trying.ts";

const KEY: Key = ["shop", "orders"];
const CONFLICT = { status: 409, code: "REFERENCE_CONFLICT" };

/** A branch with one table, and another branch from there. */
async function twoBranches(
  context: NessieContext,
  purpose: string,
): Promise<{ target: Reference; source: Reference; id?: string }> {
  const base = await context.makeBranch(purpose);
  const first = await commit(context, base, "a namespace", [namespace("shop")]);
  const target = await commit(context, first, "a table", [put(KEY, tableAt(1n))]);
  const source = await context.makeBranch(`${purpose}-source`, target);
  const id = (await contentOf(context.nessie, target.name, KEY))?.id;
  return { target, source, ...id === undefined ? {} : { id } };
}

const branchTrial: Trial<NessieContext> = {
  id: "nessie.branch",
  title: "Create a branch",
  weight: "critical",
  explain:
    "A branch is made from the default branch: it stands at the same commit, and a second one of its name is rejected with 409.",
  async run(context) {
    const { nessie, undoNessie, config } = context;
    const main = await nessie.reference(config.defaultBranch);
    const made = await context.makeBranch("branch", main);
    const found = await nessie.reference(made.name);
    expect(found.hash === main.hash && found.type === "BRANCH", "OtherCommit", {
      message: "the branch does not stand where it was to begin",
      observed: `${found.type} ${found.hash.slice(0, 16)}`,
      expected: `BRANCH ${main.hash.slice(0, 16)}`,
    });
    // Not given up half-way: it could be made after the first one was cleaned up.
    const again = undoNessie.create("BRANCH", made.name, main);
    const taken = { status: 409, code: "REFERENCE_ALREADY_EXISTS" };
    const harm = "two users get the same branch without knowing";
    await rejected(again, taken, "a second branch of the same name", harm);
    return passed("a branch begins where it was told to, and its name is taken");
  },
};

const mergeTrial: Trial<NessieContext> = {
  id: "nessie.merge",
  title: "Merge",
  weight: "critical",
  explain:
    "A branch with a new table is merged into another scratch branch: a dry run says that it would work and changes nothing, the " +
    "merge brings the table.",
  async run(context) {
    const { nessie } = context;
    const { target, source } = await twoBranches(context, "merge");
    const added: Key = ["shop", "added"];
    const head = await commit(context, source, "another table", [put(added, tableAt(5n))]);
    const request = { fromRefName: head.name, fromHash: head.hash };
    const dry = await nessie.merge(target.name, target.hash, { ...request, dryRun: true });
    const after = await nessie.reference(target.name);
    expect(after.hash === target.hash && !dry.wasApplied, "DryRunApplied", {
      message: "a dry run of a merge has changed the branch",
      observed: after.hash.slice(0, 16),
      expected: target.hash.slice(0, 16),
    });
    const merged = await nessie.merge(target.name, target.hash, { ...request, message: "lakecheck: merge" });
    const found = await contentOf(nessie, target.name, added);
    const kept = await contentOf(nessie, target.name, KEY);
    expect(merged.wasApplied && !(found?.snapshotId !== 5n) && !(kept?.snapshotId !== 1n), "NotMerged", {
      message: "the merge was answered with success, and the branch does not have both tables",
      observed: `applied ${merged.wasApplied}, new table ${found ? "there" : "missing"}, old table ${
        kept ? "there" : "missing"
      }`,
      expected: "applied, both there",
    });
    return passed("a dry run changes nothing, and the merge brings the table");
  },
};

const mergeConflictTrial: Trial<NessieContext> = {
  id: "nessie.merge-conflict",
  title: "Conflict of a merge",
  weight: "critical",
  explain:
    "The same table is changed on two branches, which are then merged: the merge must be rejected and name the key, whether the " +
    "conflict is asked for as an answer or as an error, and must change nothing.",
  async run(context) {
    const { nessie } = context;
    const { target, source, id } = await twoBranches(context, "merge-conflict");
    const ours = await commit(context, target, "change here", [put(KEY, tableAt(2n, id))]);
    const theirs = await commit(context, source, "change there", [put(KEY, tableAt(3n, id))]);
    const request = { fromRefName: theirs.name, fromHash: theirs.hash };
    const answer = await nessie.merge(ours.name, ours.hash, { ...request, returnConflictAsResult: true });
    const what = "a merge of two changes of the same table";
    expect(!answer.wasSuccessful, "NotRefused", `the catalog accepts ${what}: one of them is lost`);
    const said = await rejected(
      nessie.merge(ours.name, ours.hash, request),
      CONFLICT,
      what,
      "one of them is lost",
    );
    const now = await contentOf(nessie, ours.name, KEY);
    const changed = "the merge was rejected, and has changed the table nevertheless";
    expect(now?.snapshotId === 2n, "Overwritten", changed, {
      observed: `snapshot ${now?.snapshotId}`,
      expected: "snapshot 2",
    });
    const inAnswer = answer.details.filter(({ conflict }) => conflict).map(({ key }) => keyText(key));
    const inError = said.conflicts.map(({ key }) => keyText(key ?? []));
    for (const [where, keys] of [["answer", inAnswer], ["error", inError]] as const) {
      expect(keys.includes(keyText(KEY)), "KeyNotNamed", {
        message: `the merge is rejected, and its ${where} does not name the key`,
        expected: keyText(KEY),
        status: "warning",
      });
    }
    return passed(`the merge is rejected and names ${keyText(KEY)}, as an answer and as an error`);
  },
};

const tagTrial: Trial<NessieContext> = {
  id: "nessie.tag",
  title: "Tag",
  weight: "critical",
  explain:
    "A tag is set on a branch, and the branch goes on: the tag must stay where it is and show the table as it was, and a commit " +
    "to a tag must be rejected.",
  async run(context) {
    const { nessie } = context;
    const { target, id } = await twoBranches(context, "tag");
    const tag = await context.makeTag("tag-v1", target);
    await commit(context, target, "a change", [put(KEY, tableAt(2n, id))]);
    const now = await nessie.reference(tag.name);
    const shown = await contentOf(nessie, tag.name, KEY);
    expect(now.type === "TAG" && now.hash === target.hash && !(shown?.snapshotId !== 1n), "TagMoved", {
      message: "the tag does not show the table as it was when it was set",
      observed: `${now.type} at ${now.hash.slice(0, 16)}, snapshot ${shown?.snapshotId ?? "none"}`,
      expected: `TAG at ${target.hash.slice(0, 16)}, snapshot 1`,
    });
    const said = await refusal(commit(context, now, "to a tag", [put(["shop", "other"], tableAt(9n))]));
    expect(said, "NotRefused", "the catalog accepts a commit to a tag: tags do not stay what they were", {
      observed: "accepted",
      expected: "rejected",
    });
    return passed(`the tag stays while its branch goes on, and takes no commit (${saidText(said)})`);
  },
};

const timeTravelTrial: Trial<NessieContext> = {
  id: "nessie.time-travel",
  title: "Time travel",
  weight: "critical",
  explain:
    "A table is changed and then deleted; each earlier state is read by branch@HASH, by @HASH alone and by branch~N. Every one must " +
    "show what was there then, and a commit that never was must be rejected.",
  async run(context) {
    const { nessie } = context;
    const { target: first, id } = await twoBranches(context, "time-travel");
    const second = await commit(context, first, "a change", [put(KEY, tableAt(2n, id))]);
    const third = await commit(context, second, "deleted", [{ type: "DELETE", key: KEY }]);
    const places: [string, bigint | undefined][] = [
      [`${first.name}@${first.hash}`, 1n],
      [`@${first.hash}`, 1n],
      [`${first.name}~2`, 1n],
      [`${first.name}@${second.hash}`, 2n],
      [`${first.name}~1`, 2n],
      [third.name, undefined],
    ];
    for (const [at, wanted] of places) await expectState(nessie, at, wanted);
    const never = "0123456789abcdef".repeat(4);
    const said = await refusal(contentOf(nessie, `${first.name}@${never}`, KEY));
    expect(said, "NotRefused", "a commit that never was can be read", {
      evidence: `${first.name}@${never.slice(0, 8)}…`,
    });
    return passed("each earlier state is read as it was, by hash and by steps back");
  },
};

async function expectState(nessie: NessieApi, at: string, wanted: bigint | undefined): Promise<void> {
  const found = (await contentOf(nessie, at, KEY))?.snapshotId;
  const words = (snapshot: bigint | undefined) =>
    snapshot === undefined ? "no table" : `snapshot ${snapshot}`;
  expect(found === wanted, "OtherState", `${at} does not show the table as it was then`, {
    observed: words(found),
    expected: words(wanted),
    evidence: `POST /api/v2/trees/${at}/contents`,
  });
}

export const referenceTrials = [branchTrial, mergeTrial, mergeConflictTrial, tagTrial, timeTravelTrial];
