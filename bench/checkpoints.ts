/** How long the checkpoints take on the lab, and how fast the integrity walk is, small catalog against large. */
import type { CatalogFigures } from "./catalog.ts";
import { taskArguments } from "../tools/task_arguments.ts";
import { measureCatalog } from "./catalog.ts";
import type { Figure } from "./load.ts";
import { type Competitor, inTurn, median } from "./measure.ts";

const S3_LIMIT_S = 10;
const FILES_PER_SECOND = 2000;
/** Of the walk's peak memory over a catalog ten times as large. */
const FLAT = 1.25;

/** The command of a task, without the task runner's own start. */
export function commandOf(task: string, ...more: string[]): string[] {
  return [Deno.execPath(), ...taskArguments(task), ...more];
}

/** The S3 checkpoint without its performance part, as somebody outside of the cluster runs it. */
export async function timeS3Checkpoint(rounds: number, kubeconfig: string): Promise<Figure> {
  const argv = commandOf("data-platform:test:s3", "--kubeconfig", kubeconfig);
  const checkpoint: Competitor = { name: "data-platform:test:s3", argv, codes: [0, 1] };
  const [timed] = await inTurn([checkpoint], rounds);
  const seconds = (timed?.runs ?? []).map(({ ms }) => ms / 1000);
  const middle = median(seconds);
  return {
    name: "data-platform:test:s3, without its performance part",
    value: `${middle.toFixed(1)} s (${Math.min(...seconds).toFixed(1)} to ${
      Math.max(...seconds).toFixed(1)
    })`,
    limit: `${S3_LIMIT_S} s`,
    met: middle <= S3_LIMIT_S,
    detail: timed,
  };
}

/** Walks catalogs of these numbers of tables, ten files each; the last is compared with the first. */
export async function compareCatalogs(sizes: readonly number[]): Promise<Figure[]> {
  const measured = await measureCatalog(sizes, (line) => console.log(`         ${line}`));
  const [small, large] = [measured[0], measured.at(-1)];
  if (!small || !large) return [];
  const growth = large.peakMiB / small.peakMiB;
  return [...measured.map(speedOf), {
    name: `peak memory of the walk, ${large.tables} tables against ${small.tables}`,
    value: `${growth.toFixed(2)} × (${Math.round(large.peakMiB)} MiB, ${Math.round(small.peakMiB)} MiB)`,
    limit: `${FLAT} ×`,
    met: growth <= FLAT,
  }];
}

function speedOf(figures: CatalogFigures): Figure {
  const { tables, filesPerSecond, requestsPerSecond, floorFilesPerSecond } = figures;
  return {
    name: `integrity walk, ${tables} tables`,
    value: `${filesPerSecond} files/s with ${requestsPerSecond} requests/s; ` +
      `the same requests and nothing else: ${floorFilesPerSecond} files/s`,
    limit: `${FILES_PER_SECOND} files/s`,
    met: filesPerSecond >= FILES_PER_SECOND,
    detail: figures,
  };
}
