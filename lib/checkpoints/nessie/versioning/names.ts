/** Trials of names of references: one that could be a commit, and deleting. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { ownReference } from "../scratch/own_reference.ts";
import { commit, namespace, refusal, rejected, saidText } from "../trying.ts";

const CONFLICT = { status: 409, code: "REFERENCE_CONFLICT" };

const hashNameTrial: Trial<NessieContext> = {
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
    const asked = askForBranch(name, main);
    const harm = "it can't be told from a commit";
    await rejected(asked, { status: 400, code: "BAD_REQUEST" }, `a branch called ${name}`, harm);
    return passed("it is rejected");
  },
};

const deleteTrial: Trial<NessieContext> = {
  id: "nessie.delete",
  title: "Delete a branch",
  weight: "critical",
  explain:
    "A branch that has moved on must not be deleted by who has not seen it: with an old hash it is rejected with 409 and stays. With " +
    "the right one it is gone.",
  async run(context) {
    const { nessie, scratch } = context;
    const base = await context.makeBranch("delete");
    const head = await commit(context, base, "a namespace", [namespace("shop")]);
    const deletion = "the deletion of a branch that has moved on";
    await rejected(nessie.remove(base), CONFLICT, deletion, "commits of others are lost");
    const still = await refusal(nessie.reference(base.name));
    expect(!still, "Deleted", "the deletion was rejected, and the branch is gone nevertheless", {
      observed: still && saidText(still),
    });
    await nessie.remove(ownReference(head, scratch));
    const gone = { status: 404, code: "REFERENCE_NOT_FOUND" };
    const reading = nessie.reference(base.name);
    await rejected(reading, gone, "a read of the deleted branch", "deleting has no effect");
    return passed("a deletion with an old hash is rejected, the right hash deletes");
  },
};

export const nameTrials = [hashNameTrial, deleteTrial];
