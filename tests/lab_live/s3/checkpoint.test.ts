import assert from "node:assert/strict";
import { join } from "node:path";
import { removeBucket } from "../../../lib/checkpoints/s3/scratch/delete.ts";
import { createBucket, type OwnBucket } from "../../../lib/checkpoints/s3/scratch/own_place.ts";
import { connectWriter } from "../../../lib/clients/kubernetes/writer.ts";
import {
  connectToService,
  type ServiceConnection,
} from "../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3, type S3Keys } from "../../../lib/clients/s3/client.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { lab, task } from "../live.ts";

const SECRET = "/api/v1/namespaces/data-platform/secrets/s3-credentials";
const POD = "/api/v1/namespaces/rook-ceph/pods";

async function checkpoint(
  args: readonly string[] = [],
): Promise<{ code: number; report: Report; stderr: string }> {
  const said = await task(
    "data-platform:test:s3",
    ["--json", "--kubeconfig", lab().kubeconfig, ...args],
    120_000,
  );
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  return { code: said.code, report, stderr: said.stderr };
}

/** The lab's store with the platform's keys, beside the command. */
async function withStore<T>(use: (connection: ServiceConnection, keys: S3Keys) => Promise<T>): Promise<T> {
  const options = { kubeconfig: lab().kubeconfig, timeoutMs: 10_000 };
  const kube = await connectWriter(options);
  try {
    const secret = await kube.get(SECRET);
    const data = (secret?.data ?? {}) as Record<string, string>;
    const value = (name: string) => new TextDecoder().decode(Uint8Array.fromBase64(data[name] ?? ""));
    const keys = { accessKeyId: value("access-key-id"), secretAccessKey: value("secret-access-key") };
    const pods = await kube.list(POD);
    const pod = pods.find(({ metadata }) => metadata.labels?.app === "rook-ceph-rgw");
    assert.ok(pod, "no gateway");
    const to = {
      namespace: "rook-ceph",
      service: "rook-ceph-rgw-storage",
      scheme: "http" as const,
      port: 80,
      pod: { name: pod.metadata.name, port: 80 },
    };
    const connection = await connectToService(to, { ...options });
    try {
      return await use(connection, keys);
    } finally {
      await connection.close();
    }
  } finally {
    kube.close();
  }
}

const scratchBuckets = () =>
  withStore(async (connection, keys) => {
    const reply = await rawS3({ connection, keys, region: "us-east-1", timeoutMs: 10_000 }).send({
      method: "GET",
    });
    return [...reply.text().matchAll(/<Name>(lakecheck-scratch-[^<]*)<\/Name>/g)].map(([, name]) =>
      name ?? ""
    );
  });

/** What lab.md and libraries.md say of RGW 16.2, and what was seen beside. */
const KNOWN: Record<string, string> = {
  "default.put-bytes": "works",
  "default.put-stream": "refused",
  "default.multipart": "works",
  "default.copy": "works",
  "required.put-stream": "works",
  "signing.chunked": "works",
  "signing.chunked-empty": "refused",
  "signing.trailer": "refused",
  "signing.v2": "works",
  "address.virtual-host": "refused",
  "checksum.sha256-wrong": "ignored",
  "checksum.sha256-kept": "dropped",
  "checksum.md5-wrong": "refused",
  "if-match.put-quoted": "refused",
  "if-match.put-bare": "works",
  "if-none-match.put": "refused",
  "if-none-match.complete": "ignored",
  "if-match.copy-wrong": "ignored",
  "complete.etag": "dropped",
  "list.encoding-type": "works",
};

Deno.test("the checkpoint proves the lab's store, says what it does, and leaves nothing behind", async () => {
  const before = await scratchBuckets();
  const at = await Deno.makeTempDir();
  try {
    const facts = join(at, "facts.json");
    const { code, report } = await checkpoint([
      "--save-facts",
      facts,
      "--write-client-config",
      join(at, "clients"),
    ]);
    const unhealthy = report.details.components.flatMap(({ checks }) => checks)
      .filter(({ status }) => status === "critical" || status === "unknown");
    assert.deepEqual(unhealthy.map(({ check, message }) => `${check}: ${message}`), []);
    // RGW 16.2 ignores some safeguards, and that is worth a word.
    assert.deepEqual([code, report.status], [1, "warning"]);

    const { sources } = JSON.parse(await Deno.readTextFile(facts));
    const seen: Record<string, string> = Object.fromEntries(
      sources["s3.dialect"].items.map((
        { id, behaviour }: { id: string; behaviour: string },
      ) => [id, behaviour]),
    );
    for (const [id, behaviour] of Object.entries(KNOWN)) assert.equal(seen[id], behaviour, id);

    const settings = report.details.tables?.find(({ name }) => name === "s3.settings")?.rows ?? [];
    const value = (name: string) => settings.find((row) => row[1] === name)?.[2];
    assert.equal(value("fs.s3a.signing-algorithm"), "S3SignerType");
    assert.equal(value("AWS_REQUEST_CHECKSUM_CALCULATION"), "when_required");

    await withStore(async (_way, { accessKeyId, secretAccessKey }) => {
      const files = [
        facts,
        ...[...Deno.readDirSync(join(at, "clients"))].map(({ name }) => join(at, "clients", name)),
      ];
      for (
        const text of [
          JSON.stringify(report),
          ...await Promise.all(files.map((file) => Deno.readTextFile(file))),
        ]
      ) {
        assert.ok(!text.includes(accessKeyId) && !text.includes(secretAccessKey), "a key was written");
      }
    });
    const replayed = await task("data-platform:test:s3", ["--json", "--facts", facts]);
    const again: Report = JSON.parse(replayed.stdout);
    assert.deepEqual(again.details, report.details);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
  // Others may run beside this test: what was there before may be gone, and nothing of this run is there.
  const after = await scratchBuckets();
  assert.ok(after.length <= before.length, `left: ${after.join(", ")}`);
});

Deno.test("two runs at once do not touch each other, and each proves the store", async () => {
  const before = await scratchBuckets();
  const both = await Promise.all([checkpoint(), checkpoint()]);
  for (const { report } of both) {
    const all = report.details.components.flatMap(({ checks }) => checks);
    const unhealthy = all.filter(({ status }) => status === "critical" || status === "unknown");
    assert.deepEqual(unhealthy.map(({ check, message }) => `${check}: ${message}`), []);
    const sweep = all.filter(({ check }) => check === "s3.sweep");
    assert.ok(
      sweep.every(({ message }) => !/removed what earlier runs left/.test(message)),
      JSON.stringify(sweep),
    );
  }
  const said = both.flatMap(({ report }) => report.details.components).flatMap(({ checks }) => checks)
    .filter(({ check }) => check === "s3.sweep").map(({ message }) => message);
  assert.ok(
    said.some((message) => /left alone what other runs are using: .* on host /.test(message)),
    said.join("\n"),
  );
  const after = await scratchBuckets();
  assert.deepEqual(after.filter((name) => !before.includes(name)), []);
});

Deno.test("rules of real buckets are looked at, and a bucket with our name and no marker is told and kept", async () => {
  const { S3Client: _client, ...sdk } = await import("@aws-sdk/client-s3");
  const old = "lakecheck-scratch-20200101t0000z-abcd";
  await withStore(async (connection, keys) => {
    // What is set on a real bucket must go again, however slow the lab is.
    const session = { connection, keys, region: "us-east-1", timeoutMs: 30_000 };
    const s3 = await openS3({ ...session, maxAttempts: 4 });
    let own: OwnBucket | undefined;
    const Bucket = "iceberg-warehouse";
    // Below a prefix that nothing has, so that nothing is deleted; of the lab's tables one may be there or none.
    const Rules = [{
      ID: "old-files",
      Status: "Enabled" as const,
      Filter: { Prefix: "lakecheck-live-test/" },
      Expiration: { Days: 3650 },
    }];
    try {
      const made = await createBucket(s3, old, session);
      assert.ok("own" in made && made.own, "the bucket is there already");
      own = made.own;
      await s3.send(new sdk.PutObjectCommand({ Bucket: old, Key: "left", Body: "x" }));
      await s3.send(
        new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
      );
      const { report } = await checkpoint();
      const all = report.details.components.flatMap(({ checks }) => checks);
      const sweep = all.find(({ check, observed }) => check === "s3.sweep" && observed === old);
      assert.deepEqual([sweep?.status, sweep?.reason], ["warning", "OwnerUnknown"]);
      assert.match(sweep?.message ?? "", /was left alone: it has no marker/);
      assert.ok((await scratchBuckets()).includes(old));
      const live = all.filter(({ check }) => check === "s3.lifecycle-live");
      assert.ok(live.some(({ object, observed }) => object.name === Bucket && observed === "1 rule"));
    } finally {
      await s3.send(new sdk.DeleteBucketLifecycleCommand({ Bucket }));
      if (own) await removeBucket(s3, own, session);
      s3.destroy();
    }
  });
  assert.ok(!(await scratchBuckets()).includes(old));
});

Deno.test("bad input is said in clear words, and nothing is tried", async () => {
  const { kubeconfig } = lab();
  const run = (...args: string[]) => task("data-platform:test:s3", ["--kubeconfig", kubeconfig, ...args]);
  const file = await Deno.makeTempFile();
  try {
    for (
      const [args, why] of [
        [["--endpoint", "rgw"], /--endpoint must be an http or https URL/],
        [["--credentials", "data-platform/none"], /Secret data-platform\/none, which does not exist/],
        [["--credentials", "data-platform/nessie-postgres-credentials"], /holds no pair of S3 keys/],
        [["--write-client-config", file], /which is a file/],
        [["--lifecycle-wait", "soon"], /must be a time/],
      ] as const
    ) {
      const said = await run(...args);
      assert.equal(said.code, 3, said.stderr);
      assert.match(said.stderr, why);
      assert.equal(said.stdout, "");
    }
  } finally {
    await Deno.remove(file);
  }
  const unreachable = await run("--endpoint", "http://127.0.0.1:9");
  assert.equal(unreachable.code, 3);
  assert.match(unreachable.stdout, /S3Endpoint object-store/);
});
