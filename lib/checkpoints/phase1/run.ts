/** Runs the parts of phase 1 one after the other on one platform, until one makes the rest meaningless. */
import { note } from "../../cli/terminal.ts";
import type { Asked } from "../../command.ts";
import type { Facts } from "../../engine/model.ts";
import { keepTime, readTimes, timesPath } from "./last_times.ts";
import { givenTo, leftOut } from "./names.ts";
import { type Part, recordsOf, type Runnable } from "./parts.ts";
import { lead, type Running } from "./progress.ts";
import { type PartRecord, phaseParts } from "./records.ts";
import { stoppedBy } from "./stop.ts";

interface Chosen {
  part: Part;
  asked: Asked;
  runnable: Runnable;
}

/**
 * The facts with the records of all parts; of facts from a file nothing is run. `path`: where it is kept how long each took.
 * UsageError, Interrupted.
 */
export async function runPhase(
  parts: readonly Part[],
  facts: Facts,
  asked: Asked,
  path: string | undefined = timesPath((name) => Deno.env.get(name)),
): Promise<Facts> {
  const out = leftOut(asked.given);
  if (asked.given.has("facts")) return facts;
  const chosen = await Promise.all(
    parts.filter(({ name }) => !out.has(name)).map((part) => choose(part, asked)),
  );
  // All of them, before the first is run: nobody waits a minute to hear of a typing mistake.
  for (const { runnable, asked: own } of chosen) await runnable.check(own);
  const times = await readTimes(path);
  const lastMs = ({ part }: Chosen) =>
    times.find((one) => one.context === facts.context && one.part === part.name)?.ms;
  let all = facts;
  let stopped: string | undefined;
  const records: PartRecord[] = [];
  for (const part of parts) {
    const index = chosen.findIndex((one) => one.part === part);
    const one = chosen[index];
    if (!one || stopped !== undefined) {
      const why = stopped !== undefined && one ? stopped : `not asked for (${out.get(part.name)})`;
      records.push({ part: part.name, state: one ? "not run" : "left out", why });
      all = withSources(all, part);
      continue;
    }
    asked.signal.throwIfAborted();
    const running = runningOf(chosen.map(lastMs), index);
    const started = performance.now();
    all = await one.runnable.run(all, one.asked, () => lead(running, performance.now() - started));
    const durationMs = Math.round(performance.now() - started);
    records.push({ part: part.name, state: "run", durationMs });
    stopped = stoppedBy(part, all);
    // What was broken off says nothing of how long it takes.
    if (stopped === undefined) {
      await keepTime(path, { context: facts.context, part: part.name, ms: Math.max(1, durationMs) });
    } else sayStopped(part, chosen.slice(index + 1), stopped);
  }
  return { ...all, sources: { ...all.sources, [phaseParts.id]: { ok: true, items: records } } };
}

async function choose(part: Part, asked: Asked): Promise<Chosen> {
  return {
    part,
    asked: { ...asked, given: givenTo(part.name, asked.given, part.flags) },
    runnable: await part.load(),
  };
}

function runningOf(lastMs: readonly (number | undefined)[], index: number): Running {
  const later = lastMs.slice(index + 1);
  const known = later.filter((ms) => ms !== undefined);
  const last = lastMs[index];
  return {
    number: index + 1,
    of: lastMs.length,
    ...last === undefined ? {} : { lastMs: last },
    ...known.length < later.length ? {} : { laterMs: known.reduce((sum, ms) => sum + ms, 0) },
  };
}

/** A part that was not run has no records, and was asked for all the same. */
function withSources(facts: Facts, part: Part): Facts {
  const none = recordsOf(part).map(({ id }) => [id, facts.sources[id] ?? { ok: true, items: [] }]);
  return { ...facts, sources: { ...facts.sources, ...Object.fromEntries(none) } };
}

function sayStopped(part: Part, later: readonly Chosen[], why: string): void {
  if (later.length === 0) return;
  const names = later.map(({ part }) => part.what).join(", ");
  note(`Phase 1 stops after ${part.what}; not tried: ${names}. Reason: ${why}`);
}
