/** What a command is asked, in tests: patient, in the platform's usual namespace, and with a cluster that is closed again. */
import { clusterConnection } from "../../lib/clients/kubernetes/client.ts";
import type { Asked } from "../../lib/command.ts";
import { PATIENT_MS } from "../patience.ts";

export async function withAsked<T>(
  options: Omit<Partial<Asked>, "cluster">,
  use: (asked: Asked) => Promise<T>,
): Promise<T> {
  const { kubeconfig } = options;
  const cluster = clusterConnection(kubeconfig === undefined ? {} : { kubeconfig });
  const usual = {
    given: new Map<string, string>(),
    namespace: "data-platform",
    isPlaced: false,
    timeoutMs: PATIENT_MS,
    signal: new AbortController().signal,
  };
  try {
    return await use({ ...usual, ...options, cluster });
  } finally {
    cluster.close();
  }
}
