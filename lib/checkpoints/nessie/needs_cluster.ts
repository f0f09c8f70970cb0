/** Whether these flags need a cluster. Loaded with the command, before anything else of the checkpoint. */
import type { Given } from "../../cli/flags.ts";

/** The variable that does what `--url` does. */
export const URL_VARIABLE = "NESSIE_URL";

/** An address that is given is enough where nothing leads to a cluster; where something does, the cluster is read too. */
export function needsCluster(given: Given): boolean {
  if (!given.get("url") && !Deno.env.get(URL_VARIABLE)) return true;
  return given.has("kubeconfig") || given.has("context") || Boolean(Deno.env.get("KUBECONFIG")) ||
    Boolean(Deno.env.get("KUBERNETES_SERVICE_HOST")) || usualFileIsThere();
}

function usualFileIsThere(): boolean {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  if (!home) return false;
  try {
    Deno.statSync(`${home}/.kube/config`);
    return true;
  } catch (error) {
    // One that may not be read is there, and says why it can't be used.
    return !(error instanceof Deno.errors.NotFound);
  }
}
