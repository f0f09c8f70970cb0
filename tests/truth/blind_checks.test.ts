/**
 * A source that can't be read makes nothing worse than unknown, and hides no fault behind an ok: of every recorded incident
 * every check is asked again without each of the sources that it reads.
 */
import assert from "node:assert/strict";
import { runChecks } from "../../lib/engine/check.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { IN_PROGRESS, isRecord, refKey } from "../../lib/engine/model.ts";
import type { Component, Facts, Finding } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { type Judged, judgedCommands as commands, scenario, scenarioNames, without } from "./commands.ts";

/** The component with one of its checks. */
function single(component: Component): Component[] {
  return [
    ...component.kinds.map((kind) => ({ ...component, kinds: [kind], checks: [] })),
    ...component.checks.map((check) => ({ ...component, kinds: [], checks: [check] })),
  ];
}

/** The ids of the sources that a check reads, also through the judges that it asks. */
function readBy(component: Component, components: readonly Component[], facts: Facts): Set<string> {
  const reads = new Set<string>();
  let watched = false;
  const sources = new Proxy(facts.sources, {
    get(target, id) {
      if (watched) reads.add(String(id));
      return Reflect.get(target, id);
    },
  });
  const world = openWorld({ ...facts, sources }, components);
  watched = true;
  runChecks([component], world, facts);
  return reads;
}

const isBad = ({ status }: Finding) => status === "critical" || status === "warning";
const keyOf = ({ check, object }: Finding) => `${check} ${refKey(object)}`;

/** What a check says without a source that it should not say. */
function lies(before: readonly Finding[], now: readonly Finding[]): string[] {
  const faults = new Map(before.filter(isBad).map((finding) => [keyOf(finding), finding]));
  const worse = now.filter((finding) => isBad(finding) && !faults.has(keyOf(finding)))
    .map((finding) => `${keyOf(finding)} is made ${finding.reason}`);
  const blind = now.some(({ status }) => status === "unknown");
  const hidden = [...faults].flatMap(([key, { reason }]) => {
    const then = now.find((finding) => keyOf(finding) === key);
    // On its way, inside its time: that promises nothing.
    if (then ? isBad(then) || then.status === "unknown" || then.reason === IN_PROGRESS : blind) return [];
    return [`${key} hides ${reason} behind ${then?.reason ?? "nothing"}`];
  });
  return [...worse, ...hidden];
}

function liesOf({ name, components }: Judged, facts: Facts, asked: Set<string>): string[] {
  const sources = sourcesOf(components).filter((source) => !isRecord(source) && facts.sources[source.id]?.ok);
  const whole = openWorld(facts, components);
  const worlds = new Map(sources.map((source) => {
    const blind = without(facts, [source], { kind: "forbidden", message: "it may not be read" });
    return [source, { blind, world: openWorld(blind, components) }];
  }));
  return components.flatMap(single).flatMap((component) => {
    const before = runChecks([component], whole, facts);
    const reads = readBy(component, components, facts);
    return [...worlds].filter(([{ id }]) => reads.has(id)).flatMap(([{ id }, { blind, world }]) => {
      asked.add(id);
      return lies(before, runChecks([component], world, blind)).map((lie) =>
        `${name}, without ${id}: ${lie}`
      );
    });
  });
}

Deno.test("a check that can't read one of its sources makes nothing up and hides nothing", async () => {
  const found = new Set<string>();
  const asked = new Set<string>();
  for (const name of scenarioNames()) {
    const facts = await scenario(name);
    for (const command of commands) {
      for (const lie of liesOf(command, facts, asked)) found.add(`${name}: ${lie}`);
    }
  }
  assert.deepEqual([...found], []);
  assert.ok(asked.size > 30, `only ${asked.size} sources are read by a check`);
});
