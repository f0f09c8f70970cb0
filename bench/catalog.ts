/**
 * The integrity walk over a large catalog on the lab: files a second, peak memory, and the same requests in a plain
 * loop beside it. By itself, as root: `deno run -A bench/catalog.ts [TABLES ...]` (default 1000 10000).
 */
import { walk } from "../lib/checkpoints/nessie/integrity/mod.ts";
import { inParallel } from "../lib/checkpoint/side_by_side.ts";
import { findLab } from "../lab/context.ts";
import { type BenchCatalog, BUCKET, makeCatalog, openLabCatalog, removeCatalog } from "./catalog_store.ts";

const FILES_OF_A_TABLE = 10;
const CACHE = Deno.env.get("LAKECHECK_LAB_CACHE") ?? `${Deno.env.get("HOME")}/.cache/lakecheck-lab`;
const KUBECTL = `${CACHE}/bin/kubectl`;

export interface CatalogFigures {
  tables: number;
  files: number;
  filesPerSecond: number;
  requestsPerSecond: number;
  /** Highest resident memory of the walking process, MiB. */
  peakMiB: number;
  /** Files a second if each table took as long as its four requests in a plain loop. */
  floorFilesPerSecond: number;
}

/** Makes a catalog for each size on the lab, walks it, and takes it away again. Needs root, for the lab's network. */
export async function measureCatalog(
  sizes: readonly number[],
  say: (line: string) => void,
): Promise<CatalogFigures[]> {
  const figures: CatalogFigures[] = [];
  for (const tables of sizes) {
    const id = crypto.randomUUID().slice(0, 8);
    const name = `lakecheck-scratch-bench-${id}`;
    const catalog: BenchCatalog = {
      branch: name,
      prefix: `${name}/`,
      tables,
      filesOfATable: FILES_OF_A_TABLE,
    };
    try {
      say(`making ${tables} tables of ${FILES_OF_A_TABLE} files ...`);
      await inLab("make", catalog);
      const walked = await inLab("walk", catalog);
      const floor = await inLab("floor", catalog);
      figures.push({ ...walked, floorFilesPerSecond: floor.filesPerSecond });
      say(JSON.stringify(figures.at(-1)));
    } finally {
      say("removing it ...");
      await inLab("remove", catalog);
    }
  }
  return figures;
}

/** One step as a process of its own inside the lab's network. */
async function inLab(step: string, catalog: BenchCatalog): Promise<CatalogFigures> {
  const lab = findLab();
  if (!lab) throw new Error("there is no lab of this checkout. Next: deno task lab:up");
  const argv = [
    `--net=${lab.netns}`,
    "--",
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    import.meta.filename ?? "",
    step,
  ];
  const { code, stdout } = await new Deno.Command("nsenter", {
    args: [...argv, JSON.stringify(catalog), lab.kubeconfig],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`bench/catalog.ts ${step} ended with exit status ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout) || "{}");
}

async function step(
  name: string,
  catalog: BenchCatalog,
  kubeconfig: string,
): Promise<Partial<CatalogFigures>> {
  const lab = await openLabCatalog(KUBECTL, kubeconfig);
  try {
    switch (name) {
      case "make":
        await makeCatalog(lab, catalog);
        return {};
      case "remove":
        await removeCatalog(lab, catalog);
        return {};
      case "floor":
        return await floor(lab, catalog);
      default:
        return await timedWalk(lab, catalog);
    }
  } finally {
    await lab.close();
  }
}

type Lab = Awaited<ReturnType<typeof openLabCatalog>>;

async function timedWalk(
  lab: Lab,
  { branch, prefix, tables, filesOfATable }: BenchCatalog,
): Promise<CatalogFigures> {
  const walked = await walk({
    catalog: lab.nessie,
    store: lab.store,
    session: lab.session,
    warehouses: [`s3://${BUCKET}/${prefix}`],
    references: (name) => name === branch,
    signal: new AbortController().signal,
  });
  const { tally, durationMs, requests } = walked;
  if (tally.files !== tables * filesOfATable || tally.findings.length > 0 || tally.orphans.count > 0) {
    throw new Error(`the walk saw something else than was made: ${JSON.stringify(tally).slice(0, 500)}`);
  }
  return {
    tables: tally.tables,
    files: tally.files,
    filesPerSecond: Math.round(tally.files / durationMs * 1000),
    requestsPerSecond: Math.round(requests / durationMs * 1000),
    peakMiB: peakMiB(),
    floorFilesPerSecond: 0,
  };
}

/** The requests of the walk and nothing else: no JSON, no Avro, no comparing. */
async function floor(lab: Lab, { prefix, filesOfATable }: BenchCatalog): Promise<Partial<CatalogFigures>> {
  const tables = new Map<string, string[]>();
  for await (const { objects } of lab.store.list(BUCKET, prefix)) {
    for (const { key } of objects) {
      const [, table = "", file] = /^(.*)\/(metadata\/.*)$/.exec(key) ?? [];
      if (file) tables.set(table, [...tables.get(table) ?? [], key]);
    }
  }
  const started = performance.now();
  await inParallel(tables, 24, async ([table, keys]) => {
    for (const key of keys) await lab.store.get(BUCKET, key);
    for await (const _page of lab.store.list(BUCKET, `${table}/`)) { /* only fetched */ }
  });
  const seconds = (performance.now() - started) / 1000;
  return { filesPerSecond: Math.round(tables.size * filesOfATable / seconds), peakMiB: peakMiB() };
}

function peakMiB(): number {
  return Math.round(
    Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? 0) / 1024,
  );
}

if (import.meta.main) {
  const [first = "", catalog = "", kubeconfig = ""] = Deno.args;
  if (/^(?:make|walk|floor|remove)$/.test(first)) {
    console.log(JSON.stringify(await step(first, JSON.parse(catalog), kubeconfig)));
  } else {
    const sizes = Deno.args.length > 0 ? Deno.args.map(Number) : [1000, 10_000];
    const figures = await measureCatalog(sizes, (line) => console.error(line));
    console.log(JSON.stringify(figures, null, 1));
  }
}
