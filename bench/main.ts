/**
 * `deno task bench`: every number that the tool promises, side by side in one run on the lab, printed and saved as
 * JSON. Figures are ratios of whole processes, for the machine's own speed changes from minute to minute.
 */
import type { Given } from "../lib/cli/flags.ts";
import { refused, type Tool, toolArguments } from "../lib/cli/tool.ts";
import { commandOf, compareCatalogs, timeS3Checkpoint } from "./checkpoints.ts";
import { countPods, kubectl, makeCrowd } from "./crowd.ts";
import { timeDiscovery } from "./discovery.ts";
import { compareIcebergEngines } from "./iceberg/mod.ts";
import { labMemoryMiB, timeLabUp } from "./lab.ts";
import { compareLoad, type Figure } from "./load.ts";
import { type Competitor, inTurn, median, type Ratio, ratio, type Timed } from "./measure.ts";
import { writePlan } from "./plan.ts";

const KUBECONFIG = ".lab/kubeconfig";
const CACHE = Deno.env.get("LAKECHECK_LAB_CACHE") ?? `${Deno.env.get("HOME")}/.cache/lakecheck-lab`;
const KUBECTL = `${CACHE}/bin/kubectl`;
/** A healthy platform says 0; with the bench's own node and pods beside it, it may say 1 or 2. */
const HEALTH_CODES = [0, 1, 2];
const PARTS = ["health", "discovery", "s3", "load", "catalog", "iceberg"];
/** Tables, of ten files each. */
const CATALOG_SIZES = [1000, 10_000];
const SEVEN = [
  "pods",
  "deployments",
  "services",
  "secrets",
  "kustomizations.kustomize.toolkit.fluxcd.io",
  "externalsecrets.external-secrets.io",
  "clusters.postgresql.cnpg.io",
];

const figures: Figure[] = [];

function report(figure: Figure): void {
  figures.push(figure);
  console.log(
    `${figure.met ? "met    " : "NOT MET"}  ${figure.name}: ${figure.value} (limit ${figure.limit})`,
  );
}

function spread({ median, least, most }: Ratio): string {
  return `${median.toFixed(2)} × (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function describe(timed: Timed): string {
  const ms = timed.runs.map((run) => run.ms);
  return `${timed.name}: ${Math.round(median(ms))} ms (${Math.round(Math.min(...ms))} to ${
    Math.round(Math.max(...ms))
  })`;
}

async function competitors(
  plan: string,
): Promise<{ health: Competitor; floor: Competitor; seven: Competitor }> {
  await writePlan(KUBECONFIG, plan);
  const loop = SEVEN.map((kind) => `'${KUBECTL}' --kubeconfig ${KUBECONFIG} get ${kind} -A -o json`).join(
    " && ",
  );
  return {
    health: {
      name: "health:json",
      argv: commandOf("data-platform:health:json", "--kubeconfig", KUBECONFIG),
      codes: HEALTH_CODES,
    },
    floor: {
      name: "floor",
      argv: [Deno.execPath(), "run", "-A", "--quiet", "bench/floor.ts", plan],
      codes: [0],
    },
    seven: { name: "seven kubectl", argv: ["sh", "-c", loop], codes: [0] },
  };
}

async function compareHealth(rounds: number, plan: string): Promise<void> {
  const { health, floor, seven } = await competitors(plan);
  const [h, f, s] = await inTurn([health, floor, seven], rounds);
  if (!h || !f || !s) return;
  for (const timed of [h, f, s]) console.log(`         ${describe(timed)}`);
  const [toFloor, toSeven] = [ratio(h, f), ratio(h, s)];
  report({
    name: "health:json / floor",
    value: spread(toFloor),
    limit: "2 ×",
    met: toFloor.median <= 2,
    detail: { h, f },
  });
  report({
    name: "health:json / seven kubectl",
    value: spread(toSeven),
    limit: "1 ×",
    met: toSeven.median < 1,
    detail: { s },
  });
}

async function compareCrowd(rounds: number, pods: number, plan: string): Promise<void> {
  console.log(`         making ${pods} pods ...`);
  const remove = await makeCrowd(KUBECTL, KUBECONFIG, pods);
  try {
    // Controllers look at each new pod; what they do meanwhile is not what is measured.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    console.log(`         the cluster lists ${await countPods(KUBECONFIG)} pods`);
    const { health, floor } = await competitors(plan);
    const [h, f] = await inTurn([health, floor], rounds);
    if (!h || !f) return;
    for (const timed of [h, f]) console.log(`         ${describe(timed)}`);
    const toFloor = ratio(h, f);
    report({
      name: `health:json / floor at ${pods} pods`,
      value: spread(toFloor),
      limit: "1.5 ×",
      met: toFloor.median <= 1.5,
      detail: { h, f },
    });
    const peak = Math.max(...h.runs.map((run) => run.peakMiB));
    report({
      name: `peak memory at ${pods} pods`,
      value: `${Math.round(peak)} MiB`,
      limit: "300 MiB",
      met: peak <= 300,
    });
  } finally {
    await remove();
  }
}

async function measureHealth(rounds: number, pods: number): Promise<void> {
  const plan = await Deno.makeTempFile({ prefix: "lakecheck-bench-" });
  try {
    await compareHealth(rounds, plan);
    await compareCrowd(rounds, pods, plan);
  } finally {
    await Deno.remove(plan);
  }
}

const BENCH: Tool = {
  name: "bench",
  summary:
    "Measures every number that is promised, side by side in one run on the lab, and saves them in bench-results/.",
  flags: {
    rounds: { help: "rounds of each comparison", value: "N", fallback: "9" },
    pods: { help: "size of the crowd", value: "N", fallback: "2000" },
    only: { help: "one part", value: "PART", choices: PARTS },
    "lab-warm": { help: "also take the lab down and time bringing it up again" },
    "lab-cold": { help: "also time it with an empty cache of its own (30 minutes, 20 GB of disk)" },
  },
};

/** The number that was given; undefined when none was. */
function count(flag: string, given: Given): number | undefined {
  const text = given.get(flag);
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  Deno.exit(refused(BENCH, `--${flag} is ${JSON.stringify(text)}, and must be a whole number from 1 on.`));
}

async function main(): Promise<number> {
  const { given } = await toolArguments(BENCH, Deno.args);
  const [rounds = 9, pods = 2000] = ["rounds", "pods"].map((flag) => count(flag, given));
  if (given.has("lab-warm")) {
    const seconds = await timeLabUp();
    report({ name: "lab:up, warm", value: `${Math.round(seconds)} s`, limit: "90 s", met: seconds <= 90 });
  }
  await kubectl(KUBECTL, KUBECONFIG, ["get", "--raw", "/readyz"]).catch(() => {
    throw new Error("the lab does not answer. Next: deno task lab:up");
  });
  const memory = await labMemoryMiB();
  report({
    name: "memory of the lab",
    value: `${(memory / 1024).toFixed(1)} GiB`,
    limit: "8 GiB",
    met: memory <= 8192,
  });
  const only = given.get("only");
  const wanted = (part: string) => only === undefined || only === part;
  if (wanted("health")) await measureHealth(rounds, pods);
  if (wanted("discovery")) { for (const figure of await timeDiscovery(rounds)) report(figure); }
  if (wanted("s3")) report(await timeS3Checkpoint(rounds, KUBECONFIG));
  if (wanted("load")) { for (const figure of await compareLoad(rounds)) report(figure); }
  if (wanted("catalog")) { for (const figure of await compareCatalogs(CATALOG_SIZES)) report(figure); }
  if (wanted("iceberg")) { for (const figure of await compareIcebergEngines(rounds)) report(figure); }
  if (given.has("lab-cold")) {
    const seconds = await timeLabUp(await Deno.makeTempDir({ prefix: "lakecheck-cold-" }));
    report({
      name: "lab:up, cold",
      value: `${(seconds / 60).toFixed(1)} min`,
      limit: "30 min",
      met: seconds <= 1800,
    });
  }
  await Deno.mkdir("bench-results", { recursive: true });
  const file = `bench-results/${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`;
  await Deno.writeTextFile(
    file,
    JSON.stringify({ figures, machine: { cores: navigator.hardwareConcurrency } }, null, 1),
  );
  console.log(`\nSaved to ${file}`);
  return 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  Deno.exit(3);
}
