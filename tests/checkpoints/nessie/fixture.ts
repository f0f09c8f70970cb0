/** What the tests of the Nessie checkpoint share: a context on a fake, and trials tried on it. */
import assert from "node:assert/strict";
import { runTrials } from "../../../lib/checkpoint/run_trials.ts";
import { inScratch, type Leftover, type ScratchOptions } from "../../../lib/checkpoint/scratch.ts";
import { runCheckpoint, type Trying } from "../../../lib/checkpoint/run_checkpoint.ts";
import { nessieCheckpoint } from "../../../lib/checkpoints/nessie/checkpoint.ts";
import type { Asked } from "../../../lib/command.ts";
import { type NessieApi, nessieApi } from "../../../lib/clients/nessie/client.ts";
import { givenConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import type { NessieContext } from "../../../lib/checkpoints/nessie/context.ts";
import { managementOf } from "../../../lib/checkpoints/nessie/api/management_port.ts";
import { type Catalog, contextOf } from "../../../lib/checkpoints/nessie/setup/mod.ts";
import { judgeRejection } from "../../../lib/checkpoints/nessie/trying.ts";
import { apiTrials, behaviourTrials } from "../../../lib/checkpoints/nessie/trials.ts";
import type { Facts } from "../../../lib/engine/model.ts";
import type { TrialRecord } from "../../../lib/checkpoint/trial.ts";
import { openWorld } from "../../../lib/engine/world.ts";
import { type FakeNessie, fakeNessie } from "../../fakes/nessie/server.ts";
import { PATIENT_MS } from "../../patience.ts";

export const NO_FACTS: Facts = {
  schema: "lakecheck.facts/v1",
  collectedAt: "2026-11-21T13:00:00Z",
  context: "test",
  namespace: "data-platform",
  sources: {},
};

/** What the manifests ask for, where a test asks for nothing else. */
const WANTED: Catalog["wanted"] = {
  image: "ghcr.io/projectnessie/nessie:0.99.0",
  version: "0.99.0",
  defaultWarehouse: "lakehouse",
  warehouses: [{ name: "lakehouse", location: "s3://iceberg-warehouse/" }],
};

/** With two pods. */
const PLACE: Catalog["place"] = {
  workload: { kind: "Deployment", namespace: "lake", name: "nessie" },
  service: { kind: "Service", namespace: "lake", name: "nessie" },
  api: { namespace: "lake", service: "nessie", scheme: "http", port: 19120 },
  replicas: 2,
};

/** Runs trials as the runner does, one after the other. */
export const trying = ({ signal }: NessieContext): Pick<Trying, "trials"> => ({
  trials: (trials, context) =>
    runTrials(trials, context, { signal, trialTimeoutMs: PATIENT_MS, concurrency: 1 }),
});

/** Runs the whole checkpoint. */
export const validate = (facts: Facts, asked: Asked): Promise<Facts> =>
  runCheckpoint(nessieCheckpoint, facts, asked);

export interface FixtureOptions {
  wanted?: Catalog["wanted"];
  management?: Catalog["management"];
  signal?: AbortSignal;
  timeoutMs?: number;
  /** What the second of its two pods does otherwise than the first. */
  secondPod?: (api: NessieApi) => Partial<NessieApi>;
  /** A catalog that is there, and stays. */
  on?: FakeNessie;
  scope?: Partial<ScratchOptions>;
}

/** Gives `use` a context whose catalog is a fake with these flaws. */
export async function withFake<T>(
  flaws: readonly string[],
  use: (context: NessieContext, fake: FakeNessie) => Promise<T>,
  { signal = new AbortController().signal, timeoutMs = PATIENT_MS, on, scope, secondPod, ...more }:
    FixtureOptions = {},
): Promise<{ value: T; leftovers: Leftover[]; fake: FakeNessie }> {
  const fake = on ?? fakeNessie(flaws);
  const connection = givenConnection("--url", fake.url);
  try {
    const catalog: Omit<Catalog, "kube"> = {
      connection,
      config: await nessieApi({ connection, timeoutMs }).config(),
      management: managementOf({ connection, timeoutMs, samePod: true }),
      wanted: WANTED,
      place: PLACE,
      eachPod() {
        const api = nessieApi({ connection, timeoutMs });
        const close = () => Promise.resolve();
        return Promise.resolve([
          { name: "nessie-a", api, close },
          { name: "nessie-b", api: { ...api, ...secondPod?.(api) }, close },
        ]);
      },
      timeoutMs,
      signal,
      close: () => Promise.resolve(),
      ...more,
    };
    const { ended, leftovers } = await inScratch(
      (scratch) => use(contextOf(catalog, scratch, openWorld(NO_FACTS)), fake),
      { undoTimeoutMs: PATIENT_MS, ...scope },
    );
    if (ended.status === "rejected") throw ended.reason;
    return { value: ended.value, leftovers, fake };
  } finally {
    await connection.close();
    if (!on) await fake.close();
  }
}

/** The records of these trials, or of all. */
export async function tried(context: NessieContext, ids?: readonly string[]): Promise<TrialRecord[]> {
  const all = [...apiTrials, ...behaviourTrials];
  const trials = ids ? all.filter(({ id }) => ids.includes(id)) : all;
  assert.ok(trials.length > 0, `no trial ${ids}`);
  const { signal } = context;
  const judge = judgeRejection;
  return await runTrials(trials, context, { signal, trialTimeoutMs: PATIENT_MS, concurrency: 4, judge });
}
