/**
 * The same platform under other names, in another namespace, on other ports: `lab:up --layout other-names`. Nothing is told
 * to the commands but where the cluster is.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "../../lab/cluster/mod.ts";
import { layoutOf } from "../../lab/layout.ts";
import { refText } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";
import { assertHealthy, health, lab, task, unhealthy } from "../lab_live/live.ts";

const SYMPTOMS_MS = 120_000;
const AGAIN_MS = 2000;

const rootsOf = ({ roots }: Report) => roots.map(({ object, reason }) => `${refText(object)} ${reason}`);

/** Runs health again and again until it says what is expected, and gives the last report. */
async function until(isSo: (report: Report) => boolean): Promise<Report> {
  const end = Date.now() + SYMPTOMS_MS;
  for (;;) {
    const { report } = await health();
    if (isSo(report) || Date.now() > end) return report;
    await sleep(AGAIN_MS);
  }
}

/** Does this to the cluster, looks until health names the root, undoes it, and waits until all is healthy. */
async function broken(args: readonly string[], undo: readonly string[], root: string): Promise<void> {
  const ctx = lab();
  try {
    await kubectl(ctx, [...args]);
    const report = await until((seen) => rootsOf(seen).join() === root);
    assert.deepEqual(rootsOf(report), [root], unhealthy(report).join("\n"));
  } finally {
    await kubectl(ctx, [...undo]);
  }
  const after = await until(({ status }) => status === "healthy");
  assert.deepEqual(unhealthy(after), []);
}

Deno.test("the platform is found where it is, and is healthy", async () => {
  assert.equal(layoutOf(lab()).name, "other-names");
  await assertHealthy();
  const { platform } = (await health()).report;
  assert.equal(platform?.namespace, "lakehouse");
  const filled = new Map(
    platform?.roles.map(({ role, objects }) => [role, objects.map((one) => refText(one.object))]),
  );
  assert.deepEqual(filled.get("catalog"), ["Deployment lakehouse/catalog"]);
  assert.deepEqual(filled.get("database"), ["Cluster lakehouse/catalog-db"]);
  assert.deepEqual(filled.get("s3-user"), ["CephObjectStoreUser rook-ceph/lake"]);
  assert.deepEqual(filled.get("spark-client"), ["Deployment lakehouse/sql"]);
});

Deno.test("discover says the same, and writes a declaration that health takes", async () => {
  const ctx = lab();
  const path = await Deno.makeTempDir({ prefix: "lakecheck-discover-" });
  try {
    const file = `${path}/platform.yaml`;
    const args = ["--kubeconfig", ctx.kubeconfig];
    const written = await task("data-platform:discover:save", [...args, "--write", file]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stdout, /Deployment lakehouse\/catalog/);
    const judged = await task("data-platform:health", [...args, "--config", file]);
    assert.equal(judged.code, 0, judged.stdout);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("the checkpoints find their way to its catalog and its object store", async () => {
  const args = ["--kubeconfig", lab().kubeconfig, "--json", "--timeout", "30s"];
  const nessie = await task("validate:nessie", [...args, "--no-integrity"], 300_000);
  assert.ok(nessie.code <= 1, `${nessie.code}: ${nessie.stderr}`);
  const store = await task("data-platform:test:s3", args, 300_000);
  assert.ok(store.code <= 1, `${store.code}: ${store.stderr}`);
});

Deno.test("1p:status finds its secrets", async () => {
  const { code, stdout, stderr } = await task("1p:status", ["--kubeconfig", lab().kubeconfig]);
  assert.ok(code <= 1, stdout + stderr);
});

Deno.test("its gateway is down, and that is the root", async () => {
  const scale = (replicas: number) => [
    "-n",
    "rook-ceph",
    "scale",
    "deployment/rook-ceph-rgw-storage-a",
    `--replicas=${replicas}`,
  ];
  await broken(scale(0), scale(1), "Deployment rook-ceph/rook-ceph-rgw-storage-a ScaledToZero");
});

Deno.test("its catalog is scaled to zero, and that is the root", async () => {
  const scale = (
    replicas: number,
  ) => ["-n", "lakehouse", "scale", "deployment/catalog", `--replicas=${replicas}`];
  await broken(scale(0), scale(2), "Deployment lakehouse/catalog ScaledToZero");
});
