/** Every word of the status of pods, Deployments and Jobs is judged as the tables in docs/checks.md say. */
import assert from "node:assert/strict";
import type { KindCheck } from "../../../lib/engine/model.ts";
import { podCheck, workloadChecks, workloads } from "../../../lib/components/workloads/mod.ts";
import {
  deployment,
  DEPLOYMENTS,
  EVENTS,
  examined,
  LONG_AGO,
  NOW,
  on,
  pod,
  PODS,
  waiting,
} from "../platform.ts";
import {
  jobEventWords,
  jobWords,
  podEventWords,
  setEventWords,
} from "../../../lib/components/workloads/words.ts";
import { events, TELLING_EVENTS } from "../../../lib/components/kubernetes/mod.ts";
import { components } from "../../../lib/components/mod.ts";
import { expected, rowsOf, saying } from "../words.ts";

const JOBS = "/apis/batch/v1/jobs";
const OWNER = { kind: "StatefulSet", name: "maker" };

/** What is said of one object in this list, by the check of its kind. */
async function said(check: Pick<KindCheck, "id" | "source">, path: string, object: unknown): Promise<string> {
  const diagnosis = await examined([workloads], { lists: { [path]: [object] } });
  return saying(on(diagnosis, check.source.kind, "one").find((one) => one.check === check.id));
}

/** `Ready=False, Reason` as a condition. */
function conditionOf(word: string, lastTransitionTime: string) {
  const [, type = "", status = "True", reason = "Dreaming"] = /^(\w+)(?:=(\w+))?(?:, (\w+))?/.exec(word) ??
    [];
  return { type, status, reason, message: "some words", lastTransitionTime };
}

/** A container that has just been asked to start, or long ago. */
const running = (startedAt: string) => ({ ready: false, state: { running: { startedAt } } });

function podOf(field: string, word: string, since: string): unknown {
  const reason = word === "another reason" ? "Dreaming" : word;
  if (field === "status.phase") {
    return pod("one", { phase: word, ready: word === "Running", createdAt: since });
  }
  if (field.startsWith("status.reason")) {
    return pod("one", { owner: OWNER, phase: "Failed", status: { reason } });
  }
  if (field.endsWith("waiting.reason")) return pod("one", { phase: "Pending", container: waiting(reason) });
  if (field.endsWith("terminated.reason")) {
    const exitCode = reason === "Completed" ? 0 : 1;
    return pod("one", { container: { ready: exitCode === 0, state: { terminated: { reason, exitCode } } } });
  }
  const told = conditionOf(word, since);
  if (told.type === "PodScheduled") {
    return pod("one", { phase: "Pending", createdAt: since, scheduled: told, spec: { nodeName: undefined } });
  }
  if (told.type === "DisruptionTarget") {
    return pod("one", { owner: OWNER, phase: "Failed", status: { conditions: [told] } });
  }
  const isReady = told.type !== "Ready";
  const conditions = [
    { type: "PodScheduled", status: "True" },
    ...isReady ? [{ type: "Ready", status: "True" }] : [],
    told,
  ];
  const container = { name: "app", ...told.type === "Ready" ? running(since) : { ready: true } };
  return pod("one", { createdAt: since, status: { conditions, containerStatuses: [container] } });
}

Deno.test("pods: every word is judged as its table says", async () => {
  const rows = rowsOf(podCheck);
  assert.ok(rows.length >= 45, String(rows.length));
  for (const [field, word, verdict] of rows) {
    if (field === podEventWords.field) continue;
    if (verdict === "as the phase and the conditions of the pod say") {
      assert.equal(await said(podCheck, PODS, podOf(field, word, LONG_AGO)), "critical NotStarted", word);
      continue;
    }
    if (verdict === "no more than Ready and PodScheduled say") {
      for (const status of ["True", "False", "Unknown", "Perhaps"]) {
        assert.equal(
          await said(podCheck, PODS, podOf(field, `${word}=${status}`, LONG_AGO)),
          "nothing",
          word,
        );
      }
      continue;
    }
    const general = verdict.replace(/^critical, with that reason/, "critical, `Dreaming`");
    const { young, old } = expected(general);
    assert.equal(await said(podCheck, PODS, podOf(field, word, NOW)), young, `${field} ${word}, young`);
    assert.equal(await said(podCheck, PODS, podOf(field, word, LONG_AGO)), old, `${field} ${word}, old`);
  }
  for (const word of ["Ready=Perhaps"]) {
    assert.equal(
      await said(podCheck, PODS, podOf("status.conditions", word, LONG_AGO)),
      "unknown NotUnderstood",
    );
  }
  assert.equal(
    await said(podCheck, PODS, podOf("status.phase", "Dreaming", LONG_AGO)),
    "unknown NotUnderstood",
  );
});

Deno.test("pods: one that had to make room is a fault where nothing makes another", async () => {
  const bare = pod("one", { phase: "Failed", status: { reason: "Preempting" } });
  assert.equal(await said(podCheck, PODS, bare), "critical PodFailed");
  const owner = { kind: "SparkApplication", name: "report" };
  const driver = pod("one", { owner, phase: "Failed", status: { reason: "Terminated" } });
  assert.equal(await said(podCheck, PODS, driver), "warning PodFailed");
});

Deno.test("deployments: every condition is judged as its table says", async () => {
  const check = workloadChecks.Deployment;
  const made = (ready: number, word: string): unknown => {
    const one = deployment("one", 2, ready) as { status: Record<string, unknown> };
    const status = { ...one.status, updatedReplicas: 2, conditions: [conditionOf(word, LONG_AGO)] };
    return { ...one, status };
  };
  const rows = rowsOf(check);
  assert.ok(rows.length >= 9, String(rows.length));
  for (const [, word, verdict] of rows) {
    const all = await said(check, DEPLOYMENTS, made(2, word));
    const some = await said(check, DEPLOYMENTS, made(1, word));
    const none = await said(check, DEPLOYMENTS, made(0, word));
    if (verdict.startsWith("no more")) {
      assert.deepEqual([all, some, none], ["nothing", "warning SomeReady", "critical NoneReady"], word);
    } else if (verdict.startsWith("ok")) {
      assert.deepEqual([all, some, none], ["nothing", "nothing", "critical NoneReady"], word);
    } else if (verdict.endsWith("while as many as asked for are ready")) {
      assert.deepEqual(
        [all, some, none],
        [expected(verdict).old, "warning SomeReady", "critical NoneReady"],
        word,
      );
    } else {
      assert.deepEqual([all, some], ["nothing", expected(verdict).old], word);
    }
  }
});

Deno.test("jobs: every condition is judged as its table says", async () => {
  const check = workloads.kinds.find(({ source }) => source.kind === "Job");
  assert.ok(check);
  const rows = rowsOf({ words: [jobWords] });
  assert.ok(rows.length >= 9, String(rows.length));
  for (const [, word, verdict] of rows) {
    const metadata = { name: "one", namespace: "data-platform", creationTimestamp: LONG_AGO };
    const job = { metadata, spec: {}, status: { conditions: [conditionOf(word, LONG_AGO)] } };
    assert.equal(await said(check, JOBS, job), expected(verdict).old, word);
  }
});

/** An event about the object `one`. */
const event = (kind: string, reason: string, told = NOW) => ({
  metadata: { name: "e", namespace: "data-platform" },
  involvedObject: { kind, namespace: "data-platform", name: "one" },
  reason,
  message: "told by an event",
  lastTimestamp: told,
});

/** What is said of one object of which an event tells. */
async function toldOf(
  check: Pick<KindCheck, "id" | "source">,
  path: string,
  object: unknown,
  reason: string,
): Promise<[said: string, message: string]> {
  const { kind } = check.source;
  const lists = { [path]: [object], [EVENTS]: [event(kind, reason)] };
  const diagnosis = await examined([workloads], { lists });
  const found = on(diagnosis, kind, "one").find((one) => one.check === check.id);
  return [saying(found), found?.message ?? ""];
}

Deno.test("pods: every event is judged as its table says", async () => {
  const rows = rowsOf({ words: [podEventWords] });
  assert.ok(rows.length >= 5, String(rows.length));
  for (const [, word, verdict] of rows) {
    const one = pod("one", { phase: "Pending", createdAt: LONG_AGO, ready: false });
    const [said, message] = await toldOf(podCheck, PODS, one, word);
    assert.equal(said, expected(verdict).old, word);
    assert.equal(message.includes("told by an event"), word !== "FailedScheduling", word);
  }
});

Deno.test("jobs and sets: every event is judged as its table says", async () => {
  const job = workloads.kinds.find(({ source }) => source.kind === "Job");
  assert.ok(job);
  const metadata = { name: "one", namespace: "data-platform", creationTimestamp: LONG_AGO };
  const set = { metadata, spec: { replicas: 1 }, status: { replicas: 0 } };
  const agents = { metadata, status: { desiredNumberScheduled: 1 } };
  for (const [, word, verdict] of rowsOf({ words: [setEventWords] })) {
    for (
      const [check, path, object] of [
        [workloadChecks.StatefulSet, "/apis/apps/v1/statefulsets", set],
        [workloadChecks.DaemonSet, "/apis/apps/v1/daemonsets", agents],
      ] as const
    ) {
      assert.equal((await toldOf(check, path, object, word))[0], expected(verdict).old, word);
    }
  }
  for (const [, word, verdict] of rowsOf({ words: [jobEventWords] })) {
    const object = { metadata, spec: {}, status: {} };
    assert.equal((await toldOf(job, JOBS, object, word))[0], expected(verdict).old, word);
  }
});

Deno.test("the events that are kept are those that a table names", () => {
  const tables = components.flatMap(({ kinds }) => kinds.flatMap(({ words = [] }) => words))
    .filter(({ field }) => field.startsWith("reason of its"));
  const named = new Set(tables.flatMap(({ words }) => words.map(([word]) => word)));
  assert.deepEqual([...named].toSorted(), [...TELLING_EVENTS].toSorted());
  const isKept = (reason: string) => events.read({ ...event("Pod", reason), type: "Warning" }) !== undefined;
  assert.deepEqual([...named].filter((reason) => !isKept(reason)), []);
  assert.equal(isKept("BackOff"), false);
});
