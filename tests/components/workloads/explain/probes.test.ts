import assert from "node:assert/strict";
import { workloads } from "../../../../lib/components/workloads/mod.ts";
import { EVENTS, examined, NOW, on, pod, PODS } from "../../platform.ts";

const seconds = (before: number) => new Date(Date.parse(NOW) - before * 1000).toISOString();

interface Options {
  livenessProbe?: object;
  readinessProbe?: object;
  restarts?: number;
  ready?: boolean;
  ranSeconds?: number;
}

/** What is said of a pod of which the agent of its node says this. */
async function said(message: string, { restarts = 0, ready = false, ranSeconds = 30, ...probes }: Options) {
  const container = {
    ready,
    restartCount: restarts,
    state: { running: { startedAt: seconds(restarts > 0 ? 61 : 3000) } },
    ...restarts > 0
      ? {
        lastState: {
          terminated: {
            exitCode: 137,
            reason: "Error",
            startedAt: seconds(61 + ranSeconds),
            finishedAt: seconds(61),
          },
        },
      }
      : {},
  };
  const spec = { containers: [{ name: "app", image: "app:1", ports: [{ containerPort: 5050 }], ...probes }] };
  const event = {
    metadata: { name: "e", namespace: "data-platform" },
    involvedObject: { kind: "Pod", namespace: "data-platform", name: "a" },
    reason: "Unhealthy",
    message,
    lastTimestamp: seconds(5),
  };
  const lists = { [PODS]: [pod("a", { ready, spec, container })], [EVENTS]: message ? [event] : [] };
  return on(await examined([workloads], { lists }), "Pod", "a")[0];
}

const REFUSED = (port: number) => `dial tcp 10.0.0.1:${port}: connect: connection refused`;

Deno.test("probes: one that asks a port which no container declares is told with the ports that are", async () => {
  const readinessProbe = { tcpSocket: { port: 5051 } };
  const found = await said(`Readiness probe failed: ${REFUSED(5051)}`, { readinessProbe });
  assert.match(
    found?.message ?? "",
    /readiness probe asks port 5051, which no container declares \(container app declares 5050\)/,
  );
});

Deno.test("probes: one that asks the right port is not blamed", async () => {
  const readinessProbe = { tcpSocket: { port: 5050 } };
  const found = await said(`Readiness probe failed: ${REFUSED(5050)}`, { readinessProbe });
  assert.equal(found?.reason, "NotReady");
  assert.doesNotMatch(found?.message ?? "", /declares/);
});

Deno.test("probes: one in another protocol than its container speaks is told with that protocol", async () => {
  const probes = { livenessProbe: { httpGet: { port: 5050 } }, readinessProbe: { grpc: { port: 5050 } } };
  const message =
    'Liveness probe failed: Get "http://10.0.0.1:5050/": net/http: malformed HTTP response "\\x00"';
  const found = await said(message, { ...probes, restarts: 2, ready: true });
  assert.equal(found?.reason, "Restarting");
  assert.equal(found?.status, "critical");
  assert.match(
    found?.message ?? "",
    /liveness probe speaks HTTP to port 5050, where container app speaks gRPC/,
  );
});

Deno.test("probes: a liveness probe that gives up before the container has started is told with its settings", async () => {
  const livenessProbe = {
    grpc: { port: 5050 },
    initialDelaySeconds: 1,
    periodSeconds: 1,
    failureThreshold: 1,
  };
  const message = 'Liveness probe failed: timeout: failed to connect service "10.0.0.1:5050" within 1s';
  const found = await said(message, { livenessProbe, restarts: 3, ranSeconds: 7 });
  assert.match(
    found?.message ?? "",
    /liveness probe gives up after 2 s \(initialDelaySeconds 1, .*before it has started/,
  );
});

Deno.test("probes: a container that was restarted once, or for another reason, is not the probe's", async () => {
  const livenessProbe = { grpc: { port: 5050 } };
  const message = 'Liveness probe failed: timeout: failed to connect service "10.0.0.1:5050" within 1s';
  assert.equal(await said(message, { livenessProbe, restarts: 1, ready: true }), undefined);
  assert.doesNotMatch((await said("", { livenessProbe, restarts: 3 }))?.message ?? "", /probe/);
});
