/** Tries the catalog's storage: reads what it is configured with, and asks the database behind it. */
import { orFailure } from "../../../checkpoint/look.ts";
import type { Trying } from "../../../checkpoint/run_checkpoint.ts";
import type { KubeWriter, WriterOptions } from "../../../clients/kubernetes/writer.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type ObjectRef, refText } from "../../../engine/model.ts";
import type { TrialRecord } from "../../../checkpoint/trial.ts";
import type { NessieContext } from "../context.ts";
import { storageTrials } from "./mod.ts";
import { openStore } from "./open.ts";
import { readStoreSettings, type StoreSettings } from "./settings.ts";

/**
 * Gives records of `nessie.trials`. What may not be read makes its trials unknown, and nothing else. `options` are those
 * that the cluster is reached with.
 */
export async function tryStorage(
  context: NessieContext,
  workload: ObjectRef,
  kube: Pick<KubeWriter, "get" | "list">,
  options: WriterOptions,
  { trials }: Pick<Trying, "trials">,
): Promise<TrialRecord[]> {
  const { namespace = "" } = workload;
  const settings = await orFailure(readSettings(kube, workload));
  const store = "failure" in settings
    ? settings
    : await orFailure(openStore(kube, settings, { ...options, namespace }));
  try {
    return await trials(storageTrials, { context, settings, store });
  } finally {
    if (!("failure" in store)) await store.close();
  }
}

async function readSettings(kube: Pick<KubeWriter, "get">, workload: ObjectRef): Promise<StoreSettings> {
  const settings = await readStoreSettings(kube, workload);
  if (settings) return settings;
  const message = `${refText(workload)} does not exist: what the catalog keeps its data in is not known`;
  throw new CannotLook({ kind: "unreachable", message });
}
