/**
 * No judge calls an object healthy in words that it does not know. Every object of the healthy platform is given a phase,
 * and each of its conditions a status and a reason, that nobody writes, and every judge of its kind is asked again.
 */
import assert from "node:assert/strict";
import { components } from "../../lib/components/mod.ts";
import { type Facts, IN_PROGRESS, isList, type Judgement, type KindCheck } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { scenario } from "./commands.ts";

interface Condition {
  type?: string;
  status?: string;
}

interface Told {
  status?: { phase?: unknown; conditions?: Condition[] };
}

/** Conditions that say no more than what is judged, and why. */
const REPEATED: Record<string, string> = {
  "Pod PodReadyToStartContainers": "a part of Ready",
  "Pod Initialized": "a part of Ready",
  "Pod ContainersReady": "a part of Ready",
  "Pod PodScheduled": "asked only while a pod is Pending",
  "Cluster Ready": "what its phase says",
  "Deployment Available": "its ready pods are counted",
  "Deployment Progressing": "its ready pods are counted, and those with the last change",
};

/** The object in words that nobody knows, one word at a time. */
function strange(kind: string, object: Told): [what: string, object: Told][] {
  const { status = {} } = object;
  const phased: [string, Told][] = typeof status.phase === "string"
    ? [[`${kind} phase`, { ...object, status: { ...status, phase: "Dreaming" } }]]
    : [];
  const conditions = status.conditions ?? [];
  const changed = conditions.flatMap((condition, at): [string, Told][] => {
    const what = `${kind} ${condition.type}`;
    const odd = { ...condition, reason: "Dreaming", message: "in words that nobody knows" };
    const as = (to: string): [string, Told] => [
      `${what}=${to}`,
      { ...object, status: { ...status, conditions: conditions.with(at, { ...odd, status: to }) } },
    ];
    if (Object.hasOwn(REPEATED, what)) return [];
    return condition.type === "Ready" ? [as("Perhaps"), as("False")] : [as("Perhaps")];
  });
  return [...phased, ...changed];
}

const isFine = (judged: Judgement | undefined): boolean => judged === undefined || judged.status === "ok";

function judge(check: KindCheck, facts: Facts, items: unknown[], object: Told): Judgement | undefined {
  const changed = {
    ...facts,
    sources: { ...facts.sources, [check.source.id]: { ok: true as const, items } },
  };
  return openWorld(changed, components).judge(check, object);
}

Deno.test("no object is healthy in words that its judge does not know", async () => {
  const facts = await scenario("healthy");
  const asked = new Set<string>();
  const fine = new Set<string>();
  for (const check of components.flatMap(({ kinds }) => kinds)) {
    const result = facts.sources[check.source.id];
    if (!isList(check.source) || !result?.ok || !("items" in result)) continue;
    result.items.forEach((item, at) => {
      for (const [what, object] of strange(check.source.kind, item as Told)) {
        const judges = components.flatMap(({ kinds }) => kinds).filter(({ source }) =>
          source.id === check.source.id
        );
        const items = result.items.with(at, object);
        asked.add(what);
        const said = judges.map((one) => judge(one, facts, items, object));
        // What is not Ready may be on its way, inside its time.
        const mayWait = what.endsWith("=False");
        if (said.every((one) => isFine(one) && !(mayWait && one?.reason === IN_PROGRESS))) fine.add(what);
      }
    });
  }
  assert.ok(asked.size >= 20, [...asked].join());
  assert.deepEqual([...fine], []);
});
