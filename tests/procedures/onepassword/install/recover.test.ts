import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import type { Finding } from "../../../../lib/engine/model.ts";
import {
  forceSync,
  unhealthyOf,
  untilRecovered,
} from "../../../../lib/procedures/onepassword/install/recover.ts";
import type { Report } from "../../../../lib/engine/report.ts";
import { type FakeCluster, fakeCluster } from "../../../fakes/cluster.ts";

const ES = "/apis/external-secrets.io/v1";
const FLUX = "/apis/kustomize.toolkit.fluxcd.io/v1";
const HELM = "/apis/helm.toolkit.fluxcd.io/v2";

function object(name: string, ready: string, spec: object = {}, namespace?: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Any",
    metadata: { name, ...namespace ? { namespace } : {} },
    spec,
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

function broken(store: string): FakeCluster {
  return fakeCluster({
    [`${ES}/clustersecretstores/connect`]: object("connect", store),
    [`${ES}/clustersecretstores/vault`]: object("vault", "False"),
    [`${ES}/namespaces/a/externalsecrets/ours`]: object("ours", "False", {
      secretStoreRef: { name: "connect" },
    }, "a"),
    [`${ES}/namespaces/a/externalsecrets/theirs`]: object("theirs", "False", {
      secretStoreRef: { name: "vault" },
    }, "a"),
    [`${ES}/namespaces/a/externalsecrets/well`]: object("well", "True", {
      secretStoreRef: { name: "connect" },
    }, "a"),
    [`${HELM}/namespaces/a/helmreleases/nessie`]: object("nessie", "False", {}, "a"),
    [`${FLUX}/namespaces/f/kustomizations/at-work`]: object("at-work", "Unknown", {}, "f"),
    [`${FLUX}/namespaces/f/kustomizations/off`]: object("off", "False", { suspend: true }, "f"),
  });
}

Deno.test("our store is kicked before what reads it, and other people's stores and Secrets never", async () => {
  const first = broken("False");
  await forceSync(first, ["connect"], new Map(), 1000);
  assert.deepEqual(first.writes, [`merge ${ES}/clustersecretstores/connect`]);
  const second = broken("True");
  await forceSync(second, ["connect"], new Map(), 1000);
  assert.deepEqual(second.writes, [
    `merge ${ES}/namespaces/a/externalsecrets/ours`,
    `merge ${HELM}/namespaces/a/helmreleases/nessie`,
  ]);
});

Deno.test("a release gets its retries back: both annotations have the same time", async () => {
  const kube = broken("True");
  await forceSync(kube, ["connect"], new Map(), Date.parse("2026-01-01T00:00:00Z"));
  const { annotations = {} } = kube.objects.get(`${HELM}/namespaces/a/helmreleases/nessie`)?.metadata ?? {};
  assert.equal(annotations["reconcile.fluxcd.io/resetAt"], "2026-01-01T00:00:00.000Z");
  assert.equal(annotations["reconcile.fluxcd.io/requestedAt"], annotations["reconcile.fluxcd.io/resetAt"]);
});

Deno.test("nothing is kicked again before its time", async () => {
  const kube = broken("False");
  const kicked = new Map<string, number>();
  for (const now of [0, 1000, 5999, 6000]) await forceSync(kube, ["connect"], kicked, now);
  assert.equal(kube.writes.length, 2);
});

function report(...unhealthy: string[]): Report {
  const checks = unhealthy.map((name): Finding => ({
    check: "c",
    component: "x",
    object: { kind: "Pod", namespace: "a", name },
    status: "critical",
    reason: "Broken",
    message: "",
  }));
  const component = { name: "x", title: "x", status: "critical" as const, dependsOn: [], checks };
  return {
    schema: "lakecheck.report/v1",
    command: "1p:install",
    version: "9.8.7",
    status: unhealthy.length > 0 ? "critical" : "healthy",
    timestamp: "",
    durationMs: 0,
    context: "",
    summary: { total: 1, healthy: 0, warnings: 0, critical: 1, unknown: 0, skipped: 0 },
    roots: [],
    details: { components: [component] },
    issues: [],
  };
}

/** Runs the wait against reports in turn; the last one stays. */
async function waited(reports: Report[], limitMs: number) {
  let time = 0;
  const said: string[] = [];
  const last = await untilRecovered({
    kube: fakeCluster(),
    stores: ["connect"],
    look: () => Promise.resolve((reports.length > 1 ? reports.shift() : reports[0]) ?? report()),
    say: (line) => void said.push(line),
    now: () => time,
    sleep: (ms) => Promise.resolve(void (time += ms)),
  }, limitMs);
  return { last, said, time };
}

Deno.test("the wait says what came back, and ends at once when all is well", async () => {
  const { last, said, time } = await waited([report("a", "b"), report("b"), report()], 60_000);
  assert.equal(last.status, "healthy");
  assert.deepEqual(said, ["  recovered: Pod a/a", "  recovered: Pod a/b"]);
  assert.ok(time < 5000);
});

Deno.test("the wait ends at its limit, or when nothing has changed for a while", async () => {
  const limited = await waited([report("a")], 10_000);
  assert.ok(limited.time >= 10_000 && limited.time < 13_000);
  const quiet = await waited([report("a")], 600_000);
  assert.ok(quiet.time >= 45_000 && quiet.time < 60_000);
  assert.equal(unhealthyOf(quiet.last).length, 1);
});
