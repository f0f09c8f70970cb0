/** Every command that judges facts, with facts of a healthy lab on which all that it tries holds. */
import { FEATURES } from "../../lib/checkpoints/s3/compatibility/features.ts";
import { partNames } from "../../lib/checkpoints/phase1/names.ts";
import { phaseParts } from "../../lib/checkpoints/phase1/records.ts";
import { checkpoints } from "../../lib/checkpoints/mod.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { components } from "../../lib/components/mod.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import {
  type Component,
  type Facts,
  type Failure,
  isRecord,
  type RecordSource,
  type Source,
} from "../../lib/engine/model.ts";
import { doctor } from "../../lib/procedures/onepassword/status/mod.ts";

const ROOT = new URL("../../", import.meta.url);

export interface Judged {
  name: string;
  /** Of one that runs others: what each of them judges. */
  runs?: readonly (readonly Component[])[];
  components: readonly Component[];
}

/** Health, the doctor, and the checkpoints. */
export const judgedCommands: readonly Judged[] = [
  { name: "health", components },
  { name: "doctor", components: doctor },
  ...checkpoints.map(({ name, runs, reported }) => ({
    name,
    components: reported(),
    ...runs
      ? { runs: checkpoints.filter((one) => runs.includes(one.name)).map((one) => one.reported()) }
      : {},
  })),
];

/** Names of the recorded incidents. */
export function scenarioNames(): string[] {
  return [...Deno.readDirSync(new URL("tests/scenarios", ROOT))].filter((entry) => entry.isDirectory)
    .map(({ name }) => name).toSorted();
}

export async function scenario(name: string): Promise<Facts> {
  return await loadFacts(decodeURIComponent(new URL(`tests/scenarios/${name}/facts.json.gz`, ROOT).pathname));
}

/** What a scenario's facts are for this command: its own sources, and records that all hold. */
export function factsFor({ components }: Judged, recorded: Facts): Facts {
  const sources: Facts["sources"] = {};
  for (const source of sourcesOf(components)) {
    const found = recorded.sources[source.id];
    if (found) sources[source.id] = found;
    else if (isRecord(source)) sources[source.id] = { ok: true, items: recordsOf(source, components) };
  }
  return { ...recorded, sources };
}

const SETUPS: Record<string, unknown> = {
  "nessie.setup": {
    url: "http://nessie.data-platform.svc.cluster.local:19120",
    words: "through a port-forward",
    service: { kind: "Service", namespace: "data-platform", name: "nessie" },
    defaultBranch: "main",
  },
  "iceberg.setup": {
    url: "http://nessie.data-platform.svc.cluster.local:19120",
    words: "through a port-forward",
    service: { kind: "Service", namespace: "data-platform", name: "nessie" },
    home: "s3://lakehouse/lakecheck_scratch_1/",
    engines: [{ name: "duckdb", version: "1.5.5", words: "in this process" }],
  },
  "s3.setup": {
    endpoint: "http://rgw",
    region: "us-east-1",
    words: "at its address",
    gateway: { kind: "Service", namespace: "rook-ceph", name: "rook-ceph-rgw-storage" },
    credential: {
      secret: { kind: "Secret", namespace: "data-platform", name: "s3-credentials" },
      idKey: "a",
      secretKey: "b",
    },
    buckets: [],
  },
};

/** One record that holds for every check of the source. */
function recordsOf(source: RecordSource, components: readonly Component[]): unknown[] {
  if (SETUPS[source.id]) return [SETUPS[source.id]];
  if (source.id === phaseParts.id) return partNames.map((part) => ({ part, state: "run", durationMs: 1 }));
  if (/\.(?:performance|times)$/.test(source.id)) return [];
  if (source.id === "s3.dialect") {
    return FEATURES.map(({ id, s3 }) => ({ id, behaviour: s3, observed: "HTTP 200" }));
  }
  return components.flatMap(({ checks }) => checks).filter(({ needs }) =>
    needs.some(({ id }) => id === source.id)
  )
    .map(({ id }) => ({ trial: id, result: "passed", reason: "Holds", message: "it holds", durationMs: 1 }));
}

/** The facts, but that these sources failed. */
export function without(facts: Facts, sources: readonly Source[], failure: Failure): Facts {
  const failed = Object.fromEntries(sources.map(({ id }) => [id, { ok: false as const, failure }]));
  return { ...facts, sources: { ...facts.sources, ...failed } };
}
