/** What is asked of the checkpoint on the command line, checked as far as it can be without asking anybody. */
import type { Asked } from "../../command.ts";
import { UsageError } from "../../engine/errors.ts";
import type { Given } from "../../cli/flags.ts";
import { type Shard, shardOf } from "./integrity/shards/mod.ts";
import { readCaFile } from "../../checkpoint/ca_file.ts";
import { checkBaseline } from "../../load/baseline.ts";
import { needsCluster, URL_VARIABLE } from "./needs_cluster.ts";
import { type GivenAddress, givenAddress, type GivenCa } from "../../checkpoint/given_address.ts";

export interface Wanted {
  /** The address, or the CA for the Service that is found. */
  url?: GivenAddress | GivenCa;
  /** Follow tables to their objects. */
  integrity: boolean;
  /** Tables to look at, taken by chance. */
  sample?: number;
  /** Take no further table after so many files. */
  limit?: number;
  /** The file that says where an earlier walk came to. */
  resume?: string;
  /** Bytes that the process may have while it walks. */
  memory?: number;
  /** Walk through these tables only, and try nothing else. */
  shard?: Shard;
  /** The facts that the other shards saved. */
  join?: string[];
  /** PEM certificates for the TLS of the warehouse's store. */
  storeCa?: string;
  /** No cluster is asked. */
  noCluster: boolean;
  /** Where measurements are kept, and what they are compared with. */
  saveBaseline?: string;
  baseline?: string;
  /** Measure reads and commits a second. */
  load: boolean;
  /** Restart the catalog's pods, and see that nothing is lost. */
  restart: boolean;
}

/** UsageError when something can't be used. `--url` wins over NESSIE_URL. */
export async function wantedOf({ given }: Pick<Asked, "given">): Promise<Wanted> {
  const url = await givenAddress(given, "url", URL_VARIABLE);
  const storeCa = given.get("store-ca");
  const [saveBaseline, baseline] = [given.get("save-baseline"), given.get("baseline")];
  if (baseline !== undefined && !given.has("facts")) await checkBaseline(baseline);
  const [sample, limit] = [countOf(given, "sample"), countOf(given, "limit")];
  const resume = given.get("resume");
  const integrity = !given.has("no-integrity");
  const idle = ["sample", "limit", "resume", "memory", "shard", "join"].find((name) =>
    !integrity && given.has(name)
  );
  if (idle) {
    throw new UsageError(
      `--${idle} is about the integrity walk, and --no-integrity leaves it out. Keep one of them.`,
    );
  }
  const [shard, join] = [given.get("shard"), given.get("join")];
  checkShards(given);
  if (given.has("restart") && !given.has("yes-restart") && !given.has("facts") && !Deno.stdin.isTerminal()) {
    throw new UsageError(
      "--restart asks first, and stdin is no terminal to ask on. Add --yes-restart to restart without asking.",
    );
  }
  return {
    ...url ? { url } : {},
    integrity,
    noCluster: !needsCluster(given),
    load: given.has("load") || saveBaseline !== undefined || baseline !== undefined,
    ...saveBaseline === undefined ? {} : { saveBaseline },
    ...baseline === undefined ? {} : { baseline },
    ...storeCa === undefined ? {} : { storeCa: await readCaFile("--store-ca", storeCa) },
    restart: given.has("restart"),
    ...sample === undefined ? {} : { sample },
    ...limit === undefined ? {} : { limit },
    ...resume === undefined ? {} : { resume },
    ...given.has("memory") ? { memory: memoryOf(given.get("memory") ?? "") } : {},
    ...shard === undefined ? {} : { shard: shardOf(shard) },
    ...join === undefined ? {} : { join: join.split(",").filter((path) => path !== "") },
  };
}

/** A part of a part would be no part that the others know. */
function checkShards(given: Given): void {
  const other = ["sample", "limit", "load", "restart", "join", "baseline", "save-baseline"]
    .find((name) => given.has(name));
  if (given.has("shard") && other) {
    throw new UsageError(
      `--shard looks at its part of the tables and does nothing else, so --${other} has no meaning with it. ` +
        "Keep one of them.",
    );
  }
  if (given.has("join") && !given.has("facts")) {
    throw new UsageError(
      "--join adds the facts of other shards to those of one. Next: give that one's file with --facts",
    );
  }
}

const MIB = 1024 ** 2;
/** What the checkpoint needs before it walks. */
const LEAST_MEMORY_MIB = 256;

/** `256Mi`, as Kubernetes writes it. */
function memoryOf(text: string): number {
  const [, number, unit] = /^([1-9]\d{0,9})(Mi|Gi)$/.exec(text) ?? [];
  const mib = Number(number) * (unit === "Gi" ? 1024 : 1);
  if (mib >= LEAST_MEMORY_MIB) return mib * MIB;
  throw new UsageError(
    `--memory is ${
      JSON.stringify(text.slice(0, 40))
    }, and must be at least ${LEAST_MEMORY_MIB}Mi, with Mi or Gi: ` +
      "256Mi, 2Gi.",
  );
}

function countOf(given: Given, name: string): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `--${name} is ${JSON.stringify(text.slice(0, 40))}, and must be a whole number from 1 on, like 100.`,
  );
}
