/** Jobs and what makes them: a later success, a suspended CronJob, creation errors that are over, workers at zero. */
import assert from "node:assert/strict";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import { kubernetes } from "../../../lib/components/kubernetes/mod.ts";
import {
  type Cluster,
  DEPLOYMENTS,
  EVENTS,
  examined,
  LONG_AGO,
  on,
  pod,
  PODS,
  rootsOf,
  SECRETS,
  SERVICES,
  waiting,
} from "../platform.ts";

const JOBS = "/apis/batch/v1/jobs";
const CRON_JOBS = "/apis/batch/v1/cronjobs";
const STATEFUL_SETS = "/apis/apps/v1/statefulsets";
const NAMESPACE = "data-platform";
const AT_10 = LONG_AGO;
const AT_11 = "2026-01-01T11:00:00Z";

const look = (lists: Cluster["lists"]) => {
  const namespaces = [{ metadata: { name: NAMESPACE } }];
  return examined([workloads, kubernetes], { lists: { "/api/v1/namespaces": namespaces, ...lists } });
};

const job = (name: string, type: string, lastTransitionTime: string, owner = "nightly") => ({
  metadata: {
    name,
    namespace: NAMESPACE,
    creationTimestamp: AT_10,
    ownerReferences: [{ kind: "CronJob", name: owner, controller: true }],
  },
  spec: {},
  status: { conditions: [{ type, status: "True", reason: "Told", lastTransitionTime }] },
});

Deno.test("jobs: one that failed is no warning once a later one of its CronJob succeeded", async () => {
  const failed = job("nightly-1", "Failed", AT_10);
  const said = async (...others: unknown[]) =>
    on(await look({ [JOBS]: [failed, ...others] }), "Job", "nightly-1").map(({ reason }) => reason);
  assert.deepEqual(await said(), ["JobFailed"]);
  assert.deepEqual(await said(job("nightly-2", "Complete", AT_11)), []);
  assert.deepEqual(await said(job("nightly-0", "Complete", "2026-01-01T09:00:00Z")), ["JobFailed"]);
  assert.deepEqual(await said(job("other-2", "Complete", AT_11, "other")), ["JobFailed"]);
  assert.deepEqual(await said(job("nightly-2", "Failed", AT_11)), ["JobFailed"]);
});

Deno.test("jobs: a success whose Job is deleted already counts, as its CronJob tells it", async () => {
  const said = async (lastSuccessfulTime: string) => {
    const metadata = { name: "nightly", namespace: NAMESPACE };
    const lists = {
      [JOBS]: [job("nightly-1", "Failed", AT_10)],
      [CRON_JOBS]: [{ metadata, status: { lastSuccessfulTime } }],
    };
    return on(await look(lists), "Job", "nightly-1").length;
  };
  assert.equal(await said(AT_11), 0);
  assert.equal(await said("2026-01-01T09:00:00Z"), 1);
});

const rejected = (kind: string, name: string, lastTimestamp: string) => ({
  metadata: { name: "e", namespace: NAMESPACE },
  involvedObject: { kind, namespace: NAMESPACE, name },
  reason: "FailedCreate",
  message: "exceeded quota: small, requested: cpu=1",
  lastTimestamp,
});

Deno.test("sets: that a pod could not be created is over once one was made after it", async () => {
  const set = {
    metadata: { name: "store", namespace: NAMESPACE, generation: 1, creationTimestamp: AT_10 },
    spec: { replicas: 2, template: { metadata: { labels: {} }, spec: { containers: [] } } },
    status: { observedGeneration: 1, replicas: 1, readyReplicas: 1 },
  };
  const said = async (told: string, madeAt: string) => {
    const made = pod("store-0", { owner: { kind: "StatefulSet", name: "store" }, createdAt: madeAt });
    const lists = {
      [STATEFUL_SETS]: [set],
      [PODS]: [made],
      [EVENTS]: [rejected("StatefulSet", "store", told)],
    };
    return on(await look(lists), "StatefulSet", "store").map(({ reason }) => reason);
  };
  assert.deepEqual(await said(AT_11, AT_10), ["FailedCreate"]);
  assert.deepEqual(await said(AT_10, AT_11), ["SomeReady"]);
});

Deno.test("jobs: that a pod could not be created is over once one was made after it", async () => {
  const one = {
    metadata: { name: "load", namespace: NAMESPACE, creationTimestamp: AT_10 },
    spec: {},
    status: {},
  };
  const said = async (told: string, madeAt: string) => {
    const made = pod("load-1", { owner: { kind: "Job", name: "load" }, phase: "Failed", createdAt: madeAt });
    const lists = { [JOBS]: [one], [PODS]: [made], [EVENTS]: [rejected("Job", "load", told)] };
    return on(await look(lists), "Job", "load").map(({ reason }) => reason);
  };
  assert.deepEqual(await said(AT_11, AT_10), ["FailedCreate"]);
  assert.deepEqual(await said(AT_10, AT_11), []);
});

/** A pod that waits for the pull secret `registry`, and a CronJob of this name. */
function waitingFor(cronJob: string, spec: Record<string, unknown>): NonNullable<Cluster["lists"]> {
  const wants = {
    containers: [{ name: "app", image: "app:1", envFrom: [{ secretRef: { name: "registry" } }] }],
  };
  const reason = waiting("CreateContainerConfigError", 'secret "registry" not found');
  return {
    [PODS]: [pod("app-1", { phase: "Pending", ready: false, spec: wants, container: reason })],
    [CRON_JOBS]: [{ metadata: { name: cronJob, namespace: NAMESPACE }, spec }],
    [SECRETS]: [],
  };
}

Deno.test("cron jobs: one that is suspended and would have made what a pod waits for is the cause", async () => {
  const diagnosis = await look(waitingFor("registry-refresh", { suspend: true }));
  assert.deepEqual(rootsOf(diagnosis), ["CronJob registry-refresh Suspended"]);
  const [root] = diagnosis.roots;
  assert.equal(root?.status, "critical");
  assert.match(
    root?.message ?? "",
    /is suspended, and Secret data-platform\/registry, which it likely makes/,
  );
  const [symptom] = on(diagnosis, "Pod", "app-1");
  assert.deepEqual([symptom?.role, symptom?.confidence], ["symptom", "likely"]);
});

Deno.test("cron jobs: one that runs, that has another name or that needs the object itself is no cause", async () => {
  const env = { containers: [{ name: "c", image: "c:1", envFrom: [{ secretRef: { name: "registry" } }] }] };
  const cases: [string, Record<string, unknown>][] = [
    ["registry-refresh", { suspend: false }],
    ["nightly", { suspend: true }],
    ["registry", { suspend: true, jobTemplate: { spec: { template: { spec: env } } } }],
  ];
  for (const [name, spec] of cases) {
    const diagnosis = await look(waitingFor(name, spec));
    assert.deepEqual(rootsOf(diagnosis), ["Secret registry Missing"], name);
    assert.deepEqual(on(diagnosis, "CronJob", name), [], name);
  }
});

Deno.test("cron jobs: one that is suspended while nothing waits for it is no fault", async () => {
  const cronJob = { metadata: { name: "nightly", namespace: NAMESPACE }, spec: { suspend: true } };
  const diagnosis = await look({ [CRON_JOBS]: [cronJob] });
  assert.deepEqual(on(diagnosis, "CronJob", "*").map(({ status }) => status), ["ok"]);
});

/** A workload of an engine at zero, and the Service before it. */
function atZero(name: string, component: string): NonNullable<Cluster["lists"]> {
  const labels = { "app.kubernetes.io/name": "trino", "app.kubernetes.io/component": component };
  const metadata = { name, namespace: NAMESPACE, generation: 1, creationTimestamp: AT_10, labels };
  return {
    [DEPLOYMENTS]: [{
      metadata,
      spec: { replicas: 0, template: { metadata: { labels }, spec: { containers: [] } } },
      status: { observedGeneration: 1 },
    }],
    [SERVICES]: [{
      metadata: { name, namespace: NAMESPACE },
      spec: { selector: labels, ports: [{ port: 8080 }] },
    }],
  };
}

Deno.test("workers of an engine that are scaled to zero are no fault, and its coordinator is", async () => {
  const workers = await look(atZero("trino-worker", "worker"));
  assert.deepEqual(rootsOf(workers), []);
  assert.deepEqual(workers.findings.filter(({ status }) => status === "critical"), []);
  const coordinator = await look(atZero("trino-coordinator", "coordinator"));
  assert.deepEqual(rootsOf(coordinator), ["Deployment trino-coordinator ScaledToZero"]);
});
