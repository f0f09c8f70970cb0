/** Trials of branches and tags: merging, tags that stay, time travel, names, deleting. */
import type { Key, NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { failed, type Outcome, passed } from "../../../checkpoint/trial.ts";
import type { NessieContext } from "../context.ts";
import {
  commit,
  contentOf,
  keyText,
  namespace,
  notRefused,
  put,
  refusal,
  saidText,
  tableAt,
  trial,
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

const branchTrial = trial({
  id: "nessie.branch",
  title: "Create a branch",
  weight: "critical",
  explain:
    "A branch is made from the default branch: it stands at the same commit, and a second one of its name is refused with 409.",
  async run(context) {
    const { nessie, undoNessie, config } = context;
    const main = await nessie.reference(config.defaultBranch);
    const made = await context.makeBranch("branch", main);
    const found = await nessie.reference(made.name);
    if (found.hash !== main.hash || found.type !== "BRANCH") {
      return failed("OtherCommit", "the branch does not stand where it was to begin", {
        observed: `${found.type} ${found.hash.slice(0, 16)}`,
        expected: `BRANCH ${main.hash.slice(0, 16)}`,
      });
    }
    // Not given up half-way: it could be made after the first one was taken back.
    const said = await refusal(undoNessie.create("BRANCH", made.name, main));
    const wrong = notRefused(
      said,
      { status: 409, code: "REFERENCE_ALREADY_EXISTS" },
      "a second branch of the same name",
      "two users get the same branch without knowing",
    );
    return wrong ?? passed("a branch begins where it was told to, and its name is taken");
  },
});

const mergeTrial = trial({
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
    if (after.hash !== target.hash || dry.wasApplied) {
      return failed("DryRunApplied", "a dry run of a merge has changed the branch", {
        observed: after.hash.slice(0, 16),
        expected: target.hash.slice(0, 16),
      });
    }
    const merged = await nessie.merge(target.name, target.hash, { ...request, message: "lakecheck: merge" });
    const found = await contentOf(nessie, target.name, added);
    const kept = await contentOf(nessie, target.name, KEY);
    if (!merged.wasApplied || found?.snapshotId !== 5n || kept?.snapshotId !== 1n) {
      return failed(
        "NotMerged",
        "the merge was answered with success, and the branch does not have both tables",
        {
          observed: `applied ${merged.wasApplied}, new table ${found ? "there" : "missing"}, old table ${
            kept ? "there" : "missing"
          }`,
          expected: "applied, both there",
        },
      );
    }
    return passed("a dry run changes nothing, and the merge brings the table");
  },
});

const mergeConflictTrial = trial({
  id: "nessie.merge-conflict",
  title: "Conflict of a merge",
  weight: "critical",
  explain:
    "The same table is changed on two branches, which are then merged: the merge must be refused and name the key, whether the " +
    "conflict is asked for as an answer or as an error, and must change nothing.",
  async run(context) {
    const { nessie } = context;
    const { target, source, id } = await twoBranches(context, "merge-conflict");
    const ours = await commit(context, target, "change here", [put(KEY, tableAt(2n, id))]);
    const theirs = await commit(context, source, "change there", [put(KEY, tableAt(3n, id))]);
    const request = { fromRefName: theirs.name, fromHash: theirs.hash };
    const answer = await nessie.merge(ours.name, ours.hash, { ...request, returnConflictAsResult: true });
    const said = await refusal(nessie.merge(ours.name, ours.hash, request));
    const wrong = answer.wasSuccessful
      ? failed("NotRefused", "a merge of two changes of the same table succeeds: one of them is lost")
      : notRefused(said, CONFLICT, "a merge of two changes of the same table", "one of them is lost");
    if (wrong) return wrong;
    const now = await contentOf(nessie, ours.name, KEY);
    if (now?.snapshotId !== 2n) {
      return failed("Overwritten", "the merge was refused, and has changed the table nevertheless", {
        observed: `snapshot ${now?.snapshotId}`,
        expected: "snapshot 2",
      });
    }
    const inAnswer = answer.details.filter(({ conflict }) => conflict).map(({ key }) => keyText(key));
    const inError = (said?.conflicts ?? []).map(({ key }) => keyText(key ?? []));
    const silent = !inAnswer.includes(keyText(KEY))
      ? "answer"
      : !inError.includes(keyText(KEY))
      ? "error"
      : undefined;
    if (silent) {
      return failed("KeyNotNamed", `the merge is refused, and its ${silent} does not name the key`, {
        expected: keyText(KEY),
        status: "warning",
      });
    }
    return passed(`the merge is refused and names ${keyText(KEY)}, as an answer and as an error`);
  },
});

const tagTrial = trial({
  id: "nessie.tag",
  title: "Tag",
  weight: "critical",
  explain:
    "A tag is set on a branch, and the branch goes on: the tag must stay where it is and show the table as it was, and a commit " +
    "to a tag must be refused.",
  async run(context) {
    const { nessie } = context;
    const { target, id } = await twoBranches(context, "tag");
    const tag = await context.makeTag("tag-v1", target);
    await commit(context, target, "a change", [put(KEY, tableAt(2n, id))]);
    const now = await nessie.reference(tag.name);
    const shown = await contentOf(nessie, tag.name, KEY);
    if (now.type !== "TAG" || now.hash !== target.hash || shown?.snapshotId !== 1n) {
      return failed("TagMoved", "the tag does not show the table as it was when it was set", {
        observed: `${now.type} at ${now.hash.slice(0, 16)}, snapshot ${shown?.snapshotId ?? "none"}`,
        expected: `TAG at ${target.hash.slice(0, 16)}, snapshot 1`,
      });
    }
    const said = await refusal(commit(context, now, "to a tag", [put(["shop", "other"], tableAt(9n))]));
    if (!said) {
      return failed("NotRefused", "a commit to a tag is accepted: tags do not stay what they were", {
        observed: "accepted",
        expected: "refused",
      });
    }
    return passed(`the tag stays while its branch goes on, and takes no commit (${saidText(said)})`);
  },
});

const timeTravelTrial = trial({
  id: "nessie.time-travel",
  title: "Time travel",
  weight: "critical",
  explain:
    "A table is changed and then deleted; each earlier state is read by branch@HASH, by @HASH alone and by branch~N. Every one must " +
    "show what was there then, and a commit that never was must be refused.",
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
    for (const [at, wanted] of places) {
      const flaw = await shows(nessie, at, wanted);
      if (flaw) return flaw;
    }
    const never = "0123456789abcdef".repeat(4);
    const said = await refusal(contentOf(nessie, `${first.name}@${never}`, KEY));
    if (!said) {
      return failed("NotRefused", "a commit that never was can be read", {
        evidence: `${first.name}@${never.slice(0, 8)}…`,
      });
    }
    return passed("each earlier state is read as it was, by hash and by steps back");
  },
});

async function shows(
  nessie: NessieApi,
  at: string,
  wanted: bigint | undefined,
): Promise<Outcome | undefined> {
  const found = (await contentOf(nessie, at, KEY))?.snapshotId;
  if (found === wanted) return undefined;
  return failed("OtherState", `${at} does not show the table as it was then`, {
    observed: found === undefined ? "no table" : `snapshot ${found}`,
    expected: wanted === undefined ? "no table" : `snapshot ${wanted}`,
    evidence: `POST /api/v2/trees/${at}/contents`,
  });
}

export const referenceTrials = [
  branchTrial,
  mergeTrial,
  mergeConflictTrial,
  tagTrial,
  timeTravelTrial,
];
