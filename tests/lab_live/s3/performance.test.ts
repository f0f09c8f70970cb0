/** The performance part against the lab's gateway: what is unchanged is called so, and what was slowed too. */
import assert from "node:assert/strict";
import { DeleteBucketCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { inNamespace } from "../../../lab/cluster/network.ts";
import { kubectl } from "../../../lab/cluster/mod.ts";
import { type ComparedRow, compareRows } from "../../../lib/load/compare.ts";
import { type LoadRecord, median } from "../../../lib/load/rows.ts";
import { measureStore, type PerformanceAsked } from "../../../lib/checkpoints/s3/performance/mod.ts";
import type { Matrix } from "../../../lib/checkpoints/s3/performance/cells.ts";
import { createBucket } from "../../../lib/checkpoints/s3/scratch/own_place.ts";
import { inScratch } from "../../../lib/checkpoint/scratch.ts";
import type { ServiceConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3 } from "../../../lib/clients/s3/client.ts";
import { lab } from "../live.ts";

const SHORT: Matrix = { small: 4096, medium: 65_536, large: 0, upload: 0, concurrency: [1, 8], keys: 50 };
const LEAST_DELAY_MS = 20;
const SLOWED = ["GET", "HEAD", "GET range"];
/** What else runs on the machine may slow one of two measurements; in one of so many looks it does not. */
const LOOKS = 3;

async function ask<T>(...args: string[]): Promise<T> {
  return JSON.parse((await kubectl(lab(), [...args, "-o", "json"])).stdout);
}

async function gateway(): Promise<
  { ip: string; port: number; keys: { accessKeyId: string; secretAccessKey: string } }
> {
  const { items: [service] } = await ask<
    { items: { spec: { clusterIP: string; ports: { port: number }[] } }[] }
  >(
    "-n",
    "rook-ceph",
    "get",
    "services",
    "-l",
    "app=rook-ceph-rgw",
  );
  const { data } = await ask<{ data: Record<string, string> }>(
    "-n",
    "data-platform",
    "get",
    "secret",
    "s3-credentials",
  );
  assert.ok(service);
  return {
    ip: service.spec.clusterIP,
    port: service.spec.ports[0]?.port ?? 80,
    keys: {
      accessKeyId: atob(data["access-key-id"] ?? ""),
      secretAccessKey: atob(data["secret-access-key"] ?? ""),
    },
  };
}

/** A way to the gateway that holds requests back by so many milliseconds; its name and kind are always the same. */
async function withWay<T>(
  to: { ip: string; port: number },
  delayMs: number,
  use: (connection: ServiceConnection) => Promise<T>,
): Promise<T> {
  const { node } = lab().net;
  const script = new URL("../relay.ts", import.meta.url).pathname;
  const [command = "", ...args] = inNamespace(lab(), [
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-net",
    script,
    node,
    to.ip,
    String(to.port),
    String(delayMs),
  ]);
  const relay = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const reader = relay.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  assert.ok(port > 0);
  const client = Deno.createHttpClient({
    proxy: { transport: "tcp", hostname: node, port },
    poolMaxIdlePerHost: 64,
  });
  try {
    return await use({
      url: "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local",
      client,
      how: "given",
      words: "through a relay",
      failure: () => undefined,
      close: () => Promise.resolve(),
    });
  } finally {
    client.close();
    await relay.stdin.close();
    await reader.cancel();
    await relay.status;
  }
}

/** Measures through such a way, in a bucket that is gone afterwards, and empty before it is removed. */
async function measured(delayMs: number, more: Partial<PerformanceAsked>): Promise<LoadRecord[]> {
  const { keys, ...to } = await gateway();
  return await withWay(to, delayMs, async (connection) => {
    const { signal } = new AbortController();
    const base = { connection, keys, region: "us-east-1", timeoutMs: 20_000 };
    const s3 = await openS3(base);
    const bucket = `lakecheck-scratch-speed-${crypto.randomUUID().slice(0, 8)}`;
    const made = await createBucket(s3, bucket, base);
    assert.ok("own" in made && made.own);
    const place = made.own;
    try {
      const { ended, leftovers } = await inScratch((scratch) =>
        measureStore(
          {
            scratch,
            connection,
            region: base.region,
            endpoint: connection.url,
            s3,
            defaults: s3,
            undoS3: s3,
            raw: rawS3(base),
            place,
            bucket,
            ownBucket: true,
            prefix: "",
            makeBucket: () => Promise.reject(new Error("not asked for")),
            timeoutMs: base.timeoutMs,
            signal,
            session: base,
          },
          { totalMs: 30_000, matrix: SHORT, ...more },
          () => {},
        ), { undoTimeoutMs: 30_000 });
      if (ended.status === "rejected") throw ended.reason;
      assert.deepEqual(leftovers, []);
      const left = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      assert.equal((left.Versions ?? []).length, 0);
      return ended.value;
    } finally {
      await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
      s3.destroy();
    }
  });
}

function compared(records: readonly LoadRecord[]): ComparedRow[] {
  const rows = records.flatMap((record) => record.kind === "row" ? [record] : []);
  const before = records.find((record) => record.kind === "baseline");
  assert.ok(before);
  return compareRows(rows, before.rows);
}

function words({ operation, concurrency, compared }: ComparedRow): string {
  return `${compared?.change}: ${operation} × ${concurrency}, ratio ${compared?.ratio.toFixed(2)}, band ${
    compared?.band.toFixed(2)
  }`;
}

function isSlowed({ operation, concurrency }: ComparedRow): boolean {
  return SLOWED.includes(operation) && concurrency === 1;
}

/** Measures the store twice until it is the same, in four rows of five; what the first has saved stays. */
async function sameAgain(baseline: string): Promise<ComparedRow[]> {
  const looks: string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const first = await measured(0, { save: baseline });
    assert.deepEqual(first.filter((record) => record.kind === "unsaved"), []);
    const rows = compared(await measured(0, { baseline }));
    const other = rows.filter((row) => row.compared?.change !== "same");
    if (other.length <= rows.length / 5) return rows;
    looks.push(other.map(words).join("; "));
  }
  assert.fail(`not the same:\n${looks.join("\n")}`);
}

/** A delay that no noise seen so far can hide: twice what leaves the widest band of the rows that are looked at. */
function telling(rows: readonly ComparedRow[]): number {
  const slowed = rows.filter(isSlowed);
  assert.deepEqual(new Set(slowed.map(({ operation }) => operation)), new Set(SLOWED));
  const needed = slowed.map(({ before, compared }) => 1000 / median(before.rounds) * (compared?.band ?? NaN));
  return Math.round(Math.max(LEAST_DELAY_MS, 2 * Math.max(...needed)));
}

Deno.test("a store measured twice is the same, and one that answers later is slower", async () => {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-speed-" });
  const baseline = `${directory}/baseline.json`;
  try {
    const delayMs = telling(await sameAgain(baseline));
    const rows = compared(await measured(delayMs, { baseline }));
    assert.deepEqual(rows.filter((row) => row.compared?.change === "faster").map(words), []);
    const unnoticed = rows.filter((row) => isSlowed(row) && row.compared?.change !== "slower");
    assert.deepEqual(unnoticed.map(words), [], `not slower with ${delayMs} ms more`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
