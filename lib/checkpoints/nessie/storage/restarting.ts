/** `--restart`: after all else was taken back, for ways to the old pods break. In a scratch scope of its own. */
import { inScratch } from "../../../checkpoint/run.ts";
import type { Asked } from "../../../command.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { ask, ownTerminal } from "../../../cli/prompt.ts";
import { note } from "../../../cli/terminal.ts";
import { failed, type Outcome, skipped, type TrialRecord } from "../../../checkpoint/trial.ts";
import type { Catalog } from "../setup/mod.ts";
import { restartCatalog, restartWords } from "./restart.ts";

/** Longest wait for the rollout. */
const LIMIT_MS = 5 * 60_000;
const UNDO_MS = 15_000;

/** Records of `nessie.trials`. Interrupted when the signal was aborted. */
export async function restarted(
  catalog: Catalog,
  namespace: string,
  asked: Asked,
  say: (line: string) => void,
): Promise<TrialRecord[]> {
  const started = performance.now();
  const outcomes = catalog.given
    ? [skipped(`not restarted: its address was given (${catalog.given.flag}), and not where it runs`)]
    : await inScope(catalog, namespace, asked, say);
  const durationMs = Math.round(performance.now() - started);
  return outcomes.map((one) => ({ ...one, trial: restartWords.id, durationMs }));
}

async function inScope(
  { kube }: Catalog,
  namespace: string,
  asked: Asked,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const { cluster, timeoutMs, signal } = asked;
  const { ended, leftovers } = await inScratch((scratch) =>
    restartCatalog({
      kube,
      reach: { cluster, timeoutMs },
      namespace,
      signal,
      confirm: async (question) =>
        asked.given.has("yes-restart") || ownTerminal.isTerminal() && await ask(question),
      limitMs: LIMIT_MS,
      say,
    }, scratch), { undoTimeoutMs: UNDO_MS });
  if (ended.status === "fulfilled") return [...ended.value, ...leftovers.map(notRemoved)];
  for (const { what, why } of leftovers) note(`could not be taken back: ${what}: ${why}`);
  if (!(ended.reason instanceof CannotLook)) throw ended.reason;
  const { message } = ended.reason.failure;
  return [{ result: "unknown", reason: "NotRestarted", message }];
}

const notRemoved = ({ what, why }: { what: string; why: string }): Outcome =>
  failed("NotRemoved", `${what} could not be removed after the restart: ${why}`, { status: "warning" });
