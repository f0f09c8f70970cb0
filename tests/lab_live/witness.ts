/** Other programs that read what was written: pyarrow and PyIceberg from PyPI, and the platform's Spark. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../lab/cluster/mod.ts";
import { CLEAN_ENV, run } from "../../lab/process.ts";
import { connectToService, type ServiceConnection } from "../../lib/clients/kubernetes/service_connection.ts";
import { lab } from "./live.ts";

const PACKAGES = ["pyarrow==26.0.1", "pyiceberg==0.11.1"];

/** The interpreter of an environment with these packages; made when it is not there, kept in the lab's cache. */
async function python(): Promise<string> {
  const home = join(lab().cache, `witness-${PACKAGES.join("-").replaceAll("==", "-")}`);
  const ready = join(home, "ready");
  if (!existsSync(ready)) {
    mkdirSync(home, { recursive: true });
    // pip looks for its configuration where the machine has it.
    const options = { timeoutMs: 300_000, env: { ...CLEAN_ENV, ...Deno.env.toObject() } };
    for (
      const argv of [["python3", "-m", "venv", home], [`${home}/bin/pip`, "install", "--quiet", ...PACKAGES]]
    ) {
      const said = await run(argv, options);
      assert.equal(said.code, 0, `${argv[0]}: ${said.stderr}`);
    }
    writeFileSync(ready, "");
  }
  return `${home}/bin/python`;
}

/** What the witness printed of a file or a table. */
export interface Witnessed {
  /** `name#id type`, as `shapeOf` says it. */
  shape: string[];
  rows: number;
  columns: Record<string, unknown[]>;
  /** Of files only, and of their first row group. */
  groups?: number;
  bounds?: number;
  columnIndexes?: number;
  codecs?: string[];
  writer?: string;
}

export const ENDPOINT = "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local";
export const CATALOG = "http://nessie.data-platform.svc.cluster.local:19120/iceberg";

/** The keys of the platform's user, out of its Secret. */
export async function keysOfPlatform(): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const { stdout } = await kubectl(lab(), [
    "-n",
    "data-platform",
    "get",
    "secret",
    "s3-credentials",
    "-o",
    "json",
  ]);
  const { data } = JSON.parse(stdout);
  return { accessKeyId: atob(data["access-key-id"]), secretAccessKey: atob(data["secret-access-key"]) };
}

/** Runs the witness inside the lab's network, where the names of Services mean what they mean to pods. */
export async function witness(args: readonly string[]): Promise<unknown> {
  const { accessKeyId, secretAccessKey } = await keysOfPlatform();
  const ctx = lab();
  const names = join(ctx.dir, "witness-resolv.conf");
  writeFileSync(names, `nameserver ${ctx.net.dns}\nsearch svc.cluster.local\n`);
  const program = new URL("parquet_witness.py", import.meta.url).pathname;
  const inside = `mount --bind '${names}' /etc/resolv.conf && exec "$@"`;
  const said = await run([
    ...["nsenter", `--net=${ctx.netns}`, "unshare", "--mount", "sh", "-c", inside, "sh"],
    await python(),
    program,
    ...args,
  ], {
    timeoutMs: 120_000,
    env: {
      ...CLEAN_ENV,
      S3_ENDPOINT: ENDPOINT,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
      AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
    },
  });
  assert.equal(said.code, 0, said.stderr);
  return JSON.parse(said.stdout);
}

/** Runs statements in the platform's spark-sql with more settings, and gives what it prints, a line a row. */
export async function spark(more: readonly string[], ...statements: string[]): Promise<string[]> {
  const settings = [
    "spark.eventLog.enabled=false",
    "spark.sql.session.timeZone=UTC",
    "spark.sql.shuffle.partitions=1",
    ...more,
  ];
  const said = await kubectl(lab(), [
    ...["-n", "data-platform", "exec", "deploy/spark-client", "--", "spark-sql", "-S"],
    ...settings.flatMap((one) => ["--conf", one]),
    ...["-e", statements.join("; ")],
  ], { timeoutMs: 400_000 });
  assert.equal(said.code, 0, said.stderr.slice(-3000));
  return said.stdout.split("\n").filter((line) => line !== "");
}

/** A way to a Service, by a pod with this label that is behind it. */
export async function wayTo(
  namespace: string,
  service: string,
  port: number,
  label: string,
): Promise<ServiceConnection> {
  const said = await kubectl(lab(), ["-n", namespace, "get", "pods", "-l", label, "-o", "json"]);
  const [pod] = JSON.parse(said.stdout).items;
  return await connectToService(
    { namespace, service, scheme: "http", port, pod: { name: pod.metadata.name, port } },
    { kubeconfig: lab().kubeconfig, timeoutMs: 30_000 },
  );
}
