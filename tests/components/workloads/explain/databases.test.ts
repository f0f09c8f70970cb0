import assert from "node:assert/strict";
import { workloads } from "../../../../lib/components/workloads/mod.ts";
import {
  type Cluster,
  DEPLOYMENTS,
  EVENTS,
  examined,
  LONG_AGO,
  NOW,
  on,
  pod,
  PODS,
  rootsOf,
  waiting,
} from "../../platform.ts";

const NS = "data-platform";
const SETS = "/apis/apps/v1/statefulsets";

const database = (name: string) => ({
  metadata: { name, namespace: NS, generation: 1, creationTimestamp: LONG_AGO },
  spec: {
    replicas: 1,
    template: { spec: { containers: [{ name: "db", image: "mysql:8", ports: [{ containerPort: 3306 }] }] } },
  },
  status: { observedGeneration: 1, replicas: 1, readyReplicas: 1 },
});
const member = (name: string) => pod(`${name}-0`, { owner: { kind: "StatefulSet", name } });
const crash = { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 1, finishedAt: NOW } } };

/** Clients that crash with this in their logs; those without a log say nothing. */
function cluster(
  names: readonly string[],
  logs: Record<string, string>,
  databases: readonly string[],
): Cluster {
  const answers = Object.fromEntries(
    names.map((
      name,
    ) => [`/api/v1/namespaces/${NS}/pods/${name}/log`, { status: 200, body: logs[name] ?? "" }]),
  );
  return {
    lists: {
      [PODS]: [
        ...names.map((name) => pod(name, { ready: false, container: crash })),
        ...databases.map(member),
      ],
      [SETS]: databases.map(database),
      [DEPLOYMENTS]: [],
    },
    answers,
  };
}

const FULL = "com.mysql.cj.jdbc.ConnectionImpl\nCaused by: java.sql.SQLException: Too many connections";

Deno.test("databases: many clients that find no room are one fault, of the only database of their engine", async () => {
  const names = ["a", "b", "c", "silent"];
  const diagnosis = await examined([workloads], cluster(names, { a: FULL, b: FULL, c: FULL }, ["store"]));
  assert.deepEqual(rootsOf(diagnosis), ["StatefulSet store TooManyConnections"]);
  assert.equal(on(diagnosis, "Pod", "silent")[0]?.role, "symptom");
});

Deno.test("databases: of several the one whose own probe says so, else none is named", async () => {
  const two = cluster(["a", "b"], { a: FULL, b: FULL }, ["one", "two"]);
  assert.deepEqual(rootsOf(await examined([workloads], two)), ["Database MySQL TooManyConnections"]);
  const event = {
    metadata: { name: "e", namespace: NS },
    involvedObject: { kind: "Pod", namespace: NS, name: "two-0" },
    reason: "Unhealthy",
    message: "Readiness probe failed: ERROR 1040 (HY000): Too many connections",
    lastTimestamp: NOW,
  };
  const accused = { ...two, lists: { ...two.lists, [EVENTS]: [event] } };
  assert.deepEqual(rootsOf(await examined([workloads], accused)), ["StatefulSet two TooManyConnections"]);
});

Deno.test("databases: a client that fails for another reason is not the database's", async () => {
  const logs = { a: FULL, b: "java.lang.OutOfMemoryError" };
  const diagnosis = await examined([workloads], cluster(["a", "b"], logs, ["store"]));
  assert.deepEqual(rootsOf(diagnosis).toSorted(), [
    "Pod b CrashLoopBackOff",
    "StatefulSet store TooManyConnections",
  ]);
});

Deno.test("databases: a connection refused by one that is ready is likely a wrong port", async () => {
  const refused = {
    a: "com.mysql.cj.exceptions.CJException\nCaused by: java.net.ConnectException: Connection refused",
  };
  const told = on(await examined([workloads], cluster(["a"], refused, ["store"])), "Pod", "a")[0]?.message ??
    "";
  assert.match(
    told,
    /a connection was refused by MySQL; .*StatefulSet data-platform\/store is ready on port 3306/,
  );
  const gone = on(await examined([workloads], cluster(["a"], refused, [])), "Pod", "a")[0]?.message ?? "";
  assert.doesNotMatch(gone, /is ready on port/);
});

Deno.test("databases: without such logs the check says so", async () => {
  const [found] = on(await examined([workloads], cluster([], {}, ["store"])), "Database", "*");
  assert.equal(found?.status, "ok");
});
