/**
 * versitygw, a store of another vendor over a directory: the checkpoint tries it without a cluster, as people do, and
 * says of each behaviour what versitygw's own source and documentation say. It needs the lab's cache only.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildOnly } from "../../../lab/build/mod.ts";
import { VERSITYGW, versitygwParts } from "../../../lab/build/parts/go.ts";
import { cacheDirectory } from "../../../lab/context.ts";
import { CLEAN_ENV, run } from "../../../lab/process.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { quiet } from "../live.ts";
import { withStoreProcess } from "./process_store.ts";

const ROOT = { ROOT_ACCESS_KEY: "versity-root", ROOT_SECRET_KEY: "versity-root-secret" };
const USER = { id: "lake-user", secret: "lake-user-secret" };
const BUCKET = "lake";
const REPOSITORY = new URL("../../../", import.meta.url).pathname;

/**
 * What versitygw v1.8.0 does otherwise than S3: every finding that is neither ok nor skipped. In its source:
 * backend/posix/posix.go (keys are paths of files; s3err.ErrObjectParentIsFile), backend/common.go (EvaluatePreconditions
 * compares whole times), s3api/controllers (DeleteObjects knows no Quiet; no lifecycle: NotImplemented), auth/access-control.go
 * (a policy takes the place of all other rights of who is no administrator).
 */
const FINDINGS: Readonly<Record<string, string>> = {
  "s3.key-slashes": "warning KeysJoined",
  "s3.key-and-prefix": "warning PrefixIsTaken",
  "s3.batch-delete": "warning SilentlyIgnored",
  "s3.get-if-modified-since": "warning FinerThanSeconds",
  "s3.policy-deny": "warning OwnerLockedOut",
  "s3.lifecycle": "warning NotImplemented",
};

/** Rows of the dialect that differ from S3; every other is as S3 has it, Ceph's own oddities among them. */
const DIALECT: Readonly<Record<string, string>> = {
  "bucket in the host name": "refused",
  "list, encoding-type=url": "ignored",
};

/** The gateway with a user who may make buckets and is no administrator, and a bucket of that user. */
async function withVersitygw(
  use: (url: string, at: { data: string; versions: string }) => Promise<void>,
): Promise<void> {
  const cacheDir = cacheDirectory();
  await buildOnly(versitygwParts(), { cacheDir, progress: quiet, signal: new AbortController().signal });
  const program = join(cacheDir, VERSITYGW);
  const root = await Deno.makeTempDir({ prefix: "lakecheck-versitygw-" });
  const [data, versions, iam] = ["data", "versions", "iam"].map((name) => join(root, name));
  assert.ok(data && versions && iam);
  for (const directory of [data, versions, iam, join(data, BUCKET)]) await Deno.mkdir(directory);
  const admin = async (url: string, ...args: string[]) => {
    const env = {
      ADMIN_ENDPOINT_URL: url,
      ADMIN_ACCESS_KEY: ROOT.ROOT_ACCESS_KEY,
      ADMIN_SECRET_KEY: ROOT.ROOT_SECRET_KEY,
    };
    const said = await run([program, "admin", ...args], { env, timeoutMs: 20_000 });
    assert.equal(said.code, 0, said.stderr);
  };
  try {
    await withStoreProcess({
      program,
      args: (
        port,
      ) => ["--port", `127.0.0.1:${port}`, "--iam-dir", iam, "posix", "--versioning-dir", versions, data],
      env: ROOT,
    }, async (url) => {
      await admin(url, "create-user", "--access", USER.id, "--secret", USER.secret, "--role", "userplus");
      await admin(url, "change-bucket-owner", "--bucket", BUCKET, "--owner", USER.id);
      await use(url, { data, versions });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** What lies in a directory, without what the store keeps there for itself (`.vgwlocks`, `.sgwtmp`). */
const namesIn = (directory: string) =>
  [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => !name.startsWith("."));

/** The task as people run it, on a machine that has no kubeconfig. */
async function checkpoint(endpoint: string): Promise<{ code: number; report: Report; text: string }> {
  const home = await Deno.makeTempDir();
  // Libraries that were fetched stay where Deno has them.
  const cache = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache/deno");
  const env = {
    ...CLEAN_ENV,
    ...{ HOME: home, DENO_DIR: cache, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    ...{ AWS_ACCESS_KEY_ID: USER.id, AWS_SECRET_ACCESS_KEY: USER.secret },
  };
  const args = ["data-platform:test:s3", "--endpoint", endpoint, "--bucket", BUCKET, "--json"];
  try {
    const said = await run([Deno.execPath(), "task", "--quiet", ...args], {
      env,
      cwd: REPOSITORY,
      timeoutMs: 90_000,
    });
    assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
    const report: Report = JSON.parse(said.stdout);
    reportSchema.parse(report);
    return { code: said.code, report, text: said.stdout };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("versitygw is tried without a cluster, each verdict is what its source says, and nothing is left", async () => {
  await withVersitygw(async (url, { data, versions }) => {
    await Deno.mkdir(join(data, BUCKET, "wh"), { recursive: true });
    await Deno.writeTextFile(join(data, BUCKET, "wh/rows.parquet"), "rows");
    const { code, report, text } = await checkpoint(url);
    const all = report.details.components.flatMap(({ checks }) => checks);
    const found = all.filter(({ status }) => status !== "ok" && status !== "skipped")
      .map(({ check, status, reason }) => [check, `${status} ${reason}`]);
    assert.deepEqual(Object.fromEntries(found), FINDINGS);
    assert.deepEqual([code, report.status], [1, "warning"]);

    const dialect = report.details.tables?.find(({ name }) => name === "s3.dialect")?.rows ?? [];
    const differing = dialect.filter((row) => row[1] !== row[2]).map((row) => [row[0], row[1]]);
    assert.deepEqual(Object.fromEntries(differing), DIALECT);

    const gone = all.filter(({ reason }) => reason === "NoCluster");
    assert.ok(gone.length > 0 && gone.every(({ status }) => status === "skipped"), JSON.stringify(gone));
    assert.ok(!text.includes(USER.secret) && !text.includes(USER.id), "a key is in the report");
    // Nothing of another vendor's is advised.
    assert.doesNotMatch(
      JSON.stringify([found.length, all.map(({ message, next }) => [message, next])]),
      /radosgw|rook-ceph-tools/,
    );

    assert.deepEqual(namesIn(data), [BUCKET]);
    assert.deepEqual(namesIn(join(data, BUCKET)), ["wh"]);
    assert.deepEqual(namesIn(versions), []);
    assert.equal(Deno.readTextFileSync(join(data, BUCKET, "wh/rows.parquet")), "rows");
  });
});
