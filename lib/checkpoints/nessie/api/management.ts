/** Trials of the management port: what the catalog says of its own parts, and what it counts. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import { failed, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import { HEALTH, metricSum } from "./management_port.ts";

const healthTrial: Trial<NessieContext> = {
  id: "nessie.management-health",
  title: "Health by parts",
  weight: "critical",
  explain:
    "GET /q/health on the management port: the catalog itself says which of its parts is UP: its database, the object " +
    "stores of its warehouses, its own loop. One that is DOWN takes the pod out of service sooner or later.",
  async run({ management }) {
    if ("why" in management) return skipped(`the management port is not asked: ${management.why}`);
    const reply = await management.get("/q/health");
    const evidence = "GET :9000/q/health";
    const health = readable(reply.body);
    const parts = `it answers HTTP ${reply.status}, and not with the health of its parts`;
    expect(health?.status, "NoHealth", parts, {
      observed: `HTTP ${reply.status}`,
      expected: "HTTP 200",
      evidence,
    });
    const checks = health.checks ?? [];
    const down = checks.filter(({ status }) => status !== "UP");
    if (down.length > 0) {
      const seen = { expected: "UP", evidence };
      return down.map(({ name, status }) =>
        failed("Down", `the catalog says that ${name} is ${status}`, { observed: status, ...seen })
      );
    }
    const isUp = health.status === "UP" && reply.status === 200;
    const whole = `the catalog says ${health.status} (HTTP ${reply.status})`;
    expect(isUp, "Down", whole, { observed: health.status, expected: "UP", evidence });
    const unchecked = "it says UP, and of no part: neither database nor object store is checked";
    expect(checks.length > 0, "NoParts", unchecked, { evidence, status: "warning" });
    const names = checks.map(({ name }) => name).join(", ");
    return passed(`${checks.length} parts are UP: ${names}`, { evidence });
  },
};

function readable(body: unknown) {
  try {
    return HEALTH(body);
  } catch {
    return undefined;
  }
}

/** What dashboards and alerts of a catalog are made of. */
const METRICS = [
  "http_server_requests_seconds_count",
  "nessie_versionstore_request_seconds_count",
  "jvm_memory_used_bytes",
  "process_uptime_seconds",
];

const REQUESTS = 3;

const metricsTrial: Trial<NessieContext> = {
  id: "nessie.metrics",
  title: "Metrics",
  weight: "warning",
  explain:
    "GET /q/metrics has the metrics that dashboards and alerts are made of, and they count: after more requests the count of " +
    "requests is larger. Metrics that stand still look healthy for ever.",
  async run({ management, nessie }) {
    if ("why" in management) return skipped(`the management port is not asked: ${management.why}`);
    const evidence = "GET :9000/q/metrics";
    const read = async (): Promise<string> => {
      const { status, text } = await management.get("/q/metrics");
      const seen = { observed: `HTTP ${status}`, expected: "HTTP 200", evidence };
      expect(status === 200, "NoMetrics", `the metrics answer HTTP ${status}`, seen);
      return text;
    };
    const before = await read();
    const missing = METRICS.filter((name) => metricSum(before, name) === undefined);
    expect(missing.length === 0, "MetricsMissing", {
      message: `${missing.length} of ${METRICS.length} metrics are not there, ${missing[0]} among them`,
      observed: missing.join(", "),
      evidence,
    });
    for (let i = 0; i < REQUESTS; i++) await nessie.config();
    const after = await read();
    const counted = (text: string) => metricSum(text, "http_server_requests_seconds_count", "/config") ?? 0;
    const grown = counted(after) - counted(before);
    expect(!management.samePod || grown >= REQUESTS, "MetricsStand", {
      message: `${REQUESTS} requests were made, and ${grown} were counted`,
      observed: `${grown}`,
      expected: `at least ${REQUESTS}`,
      evidence: `${evidence}, http_server_requests_seconds_count`,
    });
    const counts = management.samePod ? "and they count" : "of one of the replicas";
    return passed(`the ${METRICS.length} metrics of dashboards are there, ${counts}`, { evidence });
  },
};

export const managementTrials = [healthTrial, metricsTrial];
