/** Times whole processes in turn, and says median and spread. */

export interface Run {
  ms: number;
  /** Highest resident memory, MiB. */
  peakMiB: number;
}

export interface Timed {
  name: string;
  runs: Run[];
}

export interface Competitor {
  name: string;
  argv: string[];
  /** Exit statuses that count as having done the work. */
  codes: number[];
}

/** Runs each competitor once a round, in turn, so that a noisy minute hurts all alike. One round is warm-up. */
export async function inTurn(competitors: readonly Competitor[], rounds: number): Promise<Timed[]> {
  const timed = competitors.map(({ name }): Timed => ({ name, runs: [] }));
  for (let round = -1; round < rounds; round++) {
    for (const [index, competitor] of competitors.entries()) {
      const run = await once(competitor);
      if (round >= 0) timed[index]?.runs.push(run);
    }
  }
  return timed;
}

/** Looked at more often, the looking itself takes a good part of one of two cores from what is measured. */
const POLL_MS = 50;

async function once({ name, argv, codes }: Competitor): Promise<Run> {
  const [command = "", ...args] = argv;
  const started = performance.now();
  const child = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  })
    .spawn();
  let peakKiB = 0;
  const poll = setInterval(() => {
    peakKiB = Math.max(peakKiB, peakOf(child.pid));
  }, POLL_MS);
  const stderr = new Response(child.stderr).text();
  const { code } = await child.status;
  const ms = performance.now() - started;
  clearInterval(poll);
  if (!codes.includes(code)) {
    throw new Error(`${name} ended with exit status ${code}: ${(await stderr).slice(-500)}`);
  }
  return { ms, peakMiB: peakKiB / 1024 };
}

/** VmHWM only grows, so the last reading before the end is the peak but for the last milliseconds. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] ?? 0 : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export interface Ratio {
  median: number;
  least: number;
  most: number;
}

/** Round by round, so that both sides of each ratio ran in the same minute. */
export function ratio(of: Timed, to: Timed): Ratio {
  const values = of.runs.map((run, index) => run.ms / (to.runs[index]?.ms ?? NaN));
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}
