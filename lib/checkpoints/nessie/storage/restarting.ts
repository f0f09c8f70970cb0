/** `--restart`: after all else was cleaned up, for ways to the old pods break. In a scratch scope of its own. */
import { cleanedUp } from "../../../checkpoint/run_checkpoint.ts";
import type { Asked } from "../../../command.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { ask, ownTerminal } from "../../../cli/prompt.ts";
import { failed, type Outcome, skipped, unknown } from "../../../checkpoint/trial.ts";
import type { Catalog } from "../setup/mod.ts";
import { trusting } from "../../ready_pod.ts";
import { connectToService } from "../../../clients/kubernetes/service_connection.ts";
import { restartCatalog } from "./restart.ts";

/** Longest wait for the rollout. */
const LIMIT_MS = 5 * 60_000;
const UNDO_MS = 15_000;

/** The outcomes of restarting the catalog. Interrupted when the signal was aborted. */
export async function restarted(
  { kube, given, place, ca }: Catalog,
  asked: Asked,
  say: (line: string) => void,
): Promise<Outcome[]> {
  if (!place || !kube) {
    return [skipped(`not restarted: its address was given (${given?.flag}), and not where it runs`)];
  }
  const { cluster, timeoutMs, signal } = asked;
  const confirm = async (question: string) =>
    asked.given.has("yes-restart") || ownTerminal.isTerminal() && await ask(question);
  // Not bound to the signal: what was made must be cleaned up.
  const reach = { cluster, timeoutMs, ...trusting(place.api, ca) };
  const wayTo = (name: string) =>
    connectToService({ ...place.api, pod: { port: place.api.pod?.port ?? place.api.port, name } }, reach);
  const restart = { kube, place, wayTo, timeoutMs, signal, confirm, limitMs: LIMIT_MS, say };
  try {
    const { value, leftovers } = await cleanedUp((scratch) => restartCatalog(restart, scratch), {
      undoTimeoutMs: UNDO_MS,
    });
    return [...value, ...leftovers.map(notRemoved)];
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return [unknown("NotRestarted", error.failure.message)];
  }
}

const notRemoved = ({ what, why }: { what: string; why: string }): Outcome =>
  failed("NotRemoved", `${what} could not be removed after the restart: ${why}`, { status: "warning" });
