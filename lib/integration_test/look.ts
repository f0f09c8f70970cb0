/**
 * What generated tests import: they look with the checkpoints' own means, at whatever the kubeconfig (or S3_ENDPOINT,
 * NESSIE_URL) leads to, and say what they see as plain values.
 */
import type { Asked, Command } from "../command.ts";
import { type ClusterConnection, clusterConnection, connect } from "../clients/kubernetes/client.ts";
import { collectPlatform, factsWithoutCluster } from "../engine/collect.ts";
import { Interrupted } from "../engine/errors.ts";
import { USUAL_NAMESPACE } from "../platform/mod.ts";
import { durationMs } from "../cli/flags.ts";
import type { Facts } from "../engine/model.ts";
import { once, type Seen } from "./seen.ts";
import { type Looker, nessieLooker, phase1Looker, s3Looker } from "./subjects.ts";

export { atMost, includes } from "./seen.ts";

/** Flags of the command by name, switches as "true": `{ credentials: "lake/s3-keys" }`. */
export type LookFlags = Readonly<Record<string, string>>;

/** Runs the checkpoint of the object store when the first value is asked for. */
export function lookAtS3(flags: LookFlags = {}): Seen {
  return once(() => lookWith(s3Looker, flags));
}

/** The same of the catalog. */
export function lookAtNessie(flags: LookFlags = {}): Seen {
  return once(() => lookWith(nessieLooker, flags));
}

/** The same of all parts of phase 1. */
export function lookAtPhase1(flags: LookFlags = {}): Seen {
  return once(() => lookWith(phase1Looker, flags));
}

async function lookWith(looker: Looker, flags: LookFlags) {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Interrupted("interrupted"));
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  const { context } = flags;
  const cluster = clusterConnection(context === undefined ? {} : { context });
  try {
    const asked = askedBy(flags, cluster, stop.signal);
    const facts = await run(await looker.command(), asked);
    return await looker.asserted(facts, asked);
  } finally {
    cluster.close();
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

function askedBy(flags: LookFlags, cluster: ClusterConnection, signal: AbortSignal): Asked {
  const { namespace = USUAL_NAMESPACE, timeout = "10s", context } = flags;
  return {
    given: new Map(Object.entries(flags)),
    ...context === undefined ? {} : { context },
    namespace,
    isPlaced: flags.namespace !== undefined,
    timeoutMs: durationMs("timeout", timeout),
    cluster,
    signal,
  };
}

/** Collects and tries, as the command itself does. */
async function run(command: Command, asked: Asked): Promise<Facts> {
  const { cluster, timeoutMs, given } = asked;
  if (command.needsCluster?.(given) === false) {
    const facts = factsWithoutCluster(asked);
    return await command.extend?.(facts, asked) ?? facts;
  }
  const client = await connect({ cluster, timeoutMs });
  try {
    const facts = await collectPlatform(client, await command.components(), asked);
    return await command.extend?.(facts, asked) ?? facts;
  } finally {
    client.close();
  }
}
