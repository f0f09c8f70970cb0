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

/**
 * Kinds of which a healthy object has no condition: each that its table names is tried, and one that nobody knows. Of the
 * others every condition of the recorded objects is tried, and a controller or a readiness gate may add its own.
 */
const WITHOUT_CONDITIONS = new Set(["PersistentVolumeClaim"]);

/** The conditions that the tables of a kind name, by their types. */
function namedConditions({ source, words = [] }: KindCheck): Condition[] {
  if (!WITHOUT_CONDITIONS.has(source.kind)) return [];
  const tables = words.filter(({ field }) => field === "status.conditions");
  const types = tables.flatMap(({ words }) => words.flatMap(([word]) => /^\w+(?==)/.exec(word)?.[0] ?? []));
  return [...new Set([...types, "Dreaming"])].map((type) => ({ type, status: "True" }));
}

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
      const told = item as Told;
      const conditions = [...told.status?.conditions ?? [], ...namedConditions(check)];
      const whole = { ...told, status: { ...told.status, conditions } };
      for (const [what, object] of strange(check.source.kind, whole)) {
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
  assert.ok(asked.size >= 30, [...asked].join());
  for (
    const word of [
      "PersistentVolume phase",
      "PersistentVolumeClaim phase",
      "PersistentVolumeClaim NodeResizeError=Perhaps",
      "PersistentVolumeClaim Dreaming=Perhaps",
    ]
  ) assert.ok(asked.has(word), word);
  assert.deepEqual([...fine], []);
});
