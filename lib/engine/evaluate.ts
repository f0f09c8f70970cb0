/** From facts to a report: every stage after collecting, without I/O. */
import { runChecks } from "./check.ts";
import { diagnose, type Diagnosis } from "./diagnose.ts";
import type { Component, Facts, Failure, Finding, World } from "./model.ts";
import { isRecord } from "./model.ts";
import { mute } from "./mute.ts";
import { withoutCluster } from "./unread/no_cluster.ts";
import { explainOutage, outageOf, withoutApiServer } from "./unread/outage.ts";
import { buildReport, type Report } from "./report.ts";
import { openWorld } from "./world.ts";

/** The report of these facts. Its `durationMs` is 0: only who collected knows how long that took. */
export function evaluate(command: string, all: readonly Component[], facts: Facts): Report {
  const components = facts.noCluster ? withoutCluster(all) : all;
  const world = openWorld(facts, components);
  const judged = runChecks(components, world, facts);
  const outage = outageOf(components, facts);
  const diagnosis = outage
    ? duringOutage(components, world, facts, outage, judged)
    : diagnose(components, world, facts, judged);
  const mutings = components.flatMap((component) => component.muted?.(world) ?? []);
  const { findings, roots } = mute(diagnosis, judged, mutings, world.now);
  const platform = components.flatMap((component) => component.platform?.(world) ?? []).at(0);
  const tables = components.flatMap((component) => component.tables?.(world, findings) ?? []);
  return buildReport({
    command,
    facts,
    components,
    findings,
    roots,
    tables,
    ...platform ? { platform } : {},
    durationMs: 0,
  });
}

/** The API server is the fault; what a checkpoint found without it (`--url`) is diagnosed as always. */
function duringOutage(
  components: readonly Component[],
  world: World,
  facts: Facts,
  outage: Failure,
  judged: readonly Finding[],
): Diagnosis {
  const own = judged.filter((finding) => withoutApiServer(components, finding));
  const through = explainOutage(facts, outage, judged.filter((finding) => !own.includes(finding)));
  const recorded = components.map((component) => ({
    ...component,
    sources: component.sources.filter((source) => isRecord(source) && !world.failure(source)),
  }));
  const found = diagnose(recorded, openWorld(facts, recorded), facts, own);
  return {
    findings: [...through.findings, ...found.findings],
    roots: [...through.roots, ...found.roots],
  };
}
