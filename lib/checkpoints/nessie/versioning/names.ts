/** Trials of names of references: one that could be a commit, and deleting. */
import { failed, passed } from "../../../checkpoint/trial.ts";
import { ownReference } from "../scratch/own_reference.ts";
import { commit, namespace, notRefused, refusal, saidText, trial } from "../trying.ts";

const CONFLICT = { status: 409, code: "REFERENCE_CONFLICT" };

const hashNameTrial = trial({
  id: "nessie.hash-name",
  title: "Name that looks like a hash",
  weight: "warning",
  explain:
    "A branch whose name could be a commit hash must be refused: nobody could tell afterwards which of the two is meant.",
  async run({ nessie, config, askForBranch }) {
    const name = Array.from(
      crypto.getRandomValues(new Uint8Array(16)),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
    const main = await nessie.reference(config.defaultBranch);
    const said = await refusal(askForBranch(name, main));
    return notRefused(
      said,
      { status: 400, code: "BAD_REQUEST" },
      `a branch called ${name}`,
      "it can't be told from a commit",
    ) ??
      passed("it is refused");
  },
});

const deleteTrial = trial({
  id: "nessie.delete",
  title: "Delete a branch",
  weight: "critical",
  explain:
    "A branch that has moved on must not be deleted by who has not seen it: with an old hash it is refused with 409 and stays. With " +
    "the right one it is gone.",
  async run(context) {
    const { nessie, scratch } = context;
    const base = await context.makeBranch("delete");
    const head = await commit(context, base, "a namespace", [namespace("shop")]);
    const said = await refusal(nessie.remove(base));
    const wrong = notRefused(
      said,
      CONFLICT,
      "deleting a branch that has moved on",
      "commits of others are lost",
    );
    if (wrong) return wrong;
    const still = await refusal(nessie.reference(base.name));
    if (still) {
      return failed("Deleted", "the deletion was refused, and the branch is gone nevertheless", {
        observed: saidText(still),
      });
    }
    await nessie.remove(ownReference(head, scratch));
    const gone = await refusal(nessie.reference(base.name));
    return notRefused(
      gone,
      { status: 404, code: "REFERENCE_NOT_FOUND" },
      "reading the deleted branch",
      "deleting has no effect",
    ) ??
      passed("an old hash is refused, the right one deletes");
  },
});

export const nameTrials = [hashNameTrial, deleteTrial];
