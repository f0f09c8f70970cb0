import assert from "node:assert/strict";
import { connectWriter } from "../../../lib/clients/kubernetes/writer.ts";
import { type NessieApi, nessieApi, type OwnReference } from "../../../lib/clients/nessie/client.ts";
import {
  connectToService,
  type ServiceConnection,
} from "../../../lib/clients/kubernetes/service_connection.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { CLEAN_ENV } from "../../../lab/process.ts";
import { lab, task } from "../live.ts";

const TASK = "validate:nessie";
const NAMESPACE = "data-platform";

async function checkpoint(
  args: readonly string[],
): Promise<{ code: number; report: Report; stderr: string }> {
  const said = await task(TASK, ["--json", "--kubeconfig", lab().kubeconfig, ...args], 240_000);
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  return { code: said.code, report, stderr: said.stderr };
}

/** The lab's catalog, beside the command. */
async function withNessie<T>(use: (api: NessieApi, connection: ServiceConnection) => Promise<T>): Promise<T> {
  const options = { kubeconfig: lab().kubeconfig, timeoutMs: 10_000 };
  const kube = await connectWriter(options);
  try {
    const pods = await kube.list(
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fname%3Dnessie`,
    );
    const [pod] = pods;
    assert.ok(pod, "no pod of the catalog");
    const to = { namespace: NAMESPACE, service: "nessie", scheme: "http" as const, port: 19120 };
    const connection = await connectToService({ ...to, pod: { name: pod.metadata.name, port: 19120 } }, {
      ...options,
    });
    try {
      return await use(nessieApi({ connection, timeoutMs: 10_000 }), connection);
    } finally {
      await connection.close();
    }
  } finally {
    kube.close();
  }
}

/** Of validate:nessie itself: `lakecheck-scratch-TIME-RANDOM-...`. */
const OWN = /^lakecheck-scratch-\d{8}t\d{4}z-[0-9a-f]{8}-/;

async function seen(): Promise<{ scratch: string[] }> {
  return await withNessie(async (api) => {
    const scratch: string[] = [];
    for await (const { name } of api.references()) if (OWN.test(name)) scratch.push(name);
    return { scratch };
  });
}

/** What was not there before and does not go: others may be trying the same catalog just now. */
async function leftBehind(before: readonly string[]): Promise<string[]> {
  let left: string[] = [];
  for (let attempt = 0; attempt < 30; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 3_000));
    const { scratch } = await seen();
    const now = scratch.filter((name) => !before.includes(name));
    left = attempt === 0 ? now : left.filter((name) => now.includes(name));
    if (left.length === 0) break;
  }
  return left;
}

const find = (report: Report, id: string) =>
  report.details.components.flatMap(({ checks }) => checks).find(({ check }) => check === id);

/** What the lab's catalog is known for: an older release than its image says, with a fault of that release. */
const KNOWN = ["nessie.version", "nessie.can-refuse-second-first"];

Deno.test("the lab's catalog keeps what it is given, and nothing stays behind", async () => {
  const before = await seen();
  const { report, code, stderr } = await checkpoint(["--no-integrity"]);
  const own = report.details.components.filter(({ name }) => name.startsWith("nessie-"));
  const unhealthy = own.flatMap(({ checks }) => checks)
    .filter(({ status, check }) => status !== "ok" && status !== "skipped" && !KNOWN.includes(check))
    .map(({ check, message }) => `${check}: ${message}`);
  assert.deepEqual(unhealthy, [], stderr);
  assert.equal(code, 1);
  assert.equal(find(report, "nessie.version")?.observed, "0.99.0");
  for (
    const id of ["nessie.concurrent-commits", "nessie.scratch-gone", "nessie.metrics", "nessie.warehouse"]
  ) {
    assert.equal(find(report, id)?.status, "ok", id);
  }
  assert.deepEqual(await leftBehind(before.scratch), []);
});

Deno.test("two runs at once do not touch each other, and a foreign reference with our name is told and kept", async () => {
  const before = await seen();
  const foreign = `lakecheck-scratch-20200101t0000z-${crypto.randomUUID().slice(0, 8)}-theirs`;
  await withNessie(async (api) => {
    const main = await api.reference("main");
    await api.create("BRANCH", foreign, main);
  });
  try {
    const both = await Promise.all([checkpoint(["--no-integrity"]), checkpoint(["--no-integrity"])]);
    for (const { report } of both) {
      const own = report.details.components.filter(({ name }) => name.startsWith("nessie-"));
      const unhealthy = own.flatMap(({ checks }) => checks)
        .filter(({ status, check }) => status !== "ok" && status !== "skipped" && !KNOWN.includes(check));
      assert.deepEqual(unhealthy.map(({ check, reason }) => `${check} ${reason}`), [
        "nessie.scratch-gone OwnerUnknown",
      ]);
      assert.match(
        unhealthy[0]?.message ?? "",
        new RegExp(`${foreign} were left alone: the run has no marker`),
      );
    }
    assert.ok((await seen()).scratch.includes(foreign));
  } finally {
    await withNessie(async (api) => await api.remove(await api.reference(foreign) as OwnReference));
  }
  assert.deepEqual(await leftBehind(before.scratch), []);
});

Deno.test("a catalog that is given is tried without its management port", async () => {
  await withNessie(async (_api, connection) => {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.text() || undefined;
      const headers = new Headers(request.headers);
      headers.delete("host");
      const reply = await fetch(`${connection.url}${pathname}${search}`, {
        method: request.method,
        headers,
        body,
        client: connection.client,
      });
      const text = await reply.text();
      return new Response(reply.status === 204 ? null : text, {
        status: reply.status,
        headers: { "content-type": "application/json" },
      });
    });
    try {
      const { report } = await checkpoint([
        "--no-integrity",
        "--url",
        `http://127.0.0.1:${server.addr.port}/api/v2`,
      ]);
      assert.equal(find(report, "nessie.config")?.status, "ok");
      assert.equal(find(report, "nessie.concurrent-commits")?.status, "ok");
      assert.equal(find(report, "nessie.metrics")?.status, "skipped");
      assert.equal(find(report, "nessie.store-open")?.status, "skipped");
      for (const id of ["nessie.delete", "nessie.scratch-gone"]) {
        const { status, message } = find(report, id) ?? {};
        assert.equal(status, "ok", `${id}: ${message}`);
      }
    } finally {
      await server.shutdown();
    }
  });
});

Deno.test("interrupted anywhere, it leaves no branch", async () => {
  const before = await seen();
  for (const ms of [2_500, 4_000, 6_000]) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "scripts/validate-nessie.ts",
        "--kubeconfig",
        lab().kubeconfig,
        "--no-integrity",
        "--load",
      ],
      cwd: lab().root,
      env: { ...CLEAN_ENV, NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGINT"), ms);
    const { code, stderr } = await child.output();
    clearTimeout(timer);
    const words = new TextDecoder().decode(stderr);
    assert.equal(code, 130, words);
    assert.doesNotMatch(words, /could not be cleaned up/);
  }
  assert.deepEqual(await leftBehind(before.scratch), []);
});

Deno.test("an address where nobody listens, or something else does, is told in words", async () => {
  const closed = await checkpoint(["--no-integrity", "--url", "http://127.0.0.1:9"]);
  assert.equal(closed.code, 3);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("<html>hello</html>"),
  );
  try {
    const { code, report } = await checkpoint([
      "--no-integrity",
      "--url",
      `http://127.0.0.1:${server.addr.port}`,
    ]);
    assert.equal(code, 3);
    assert.match(
      find(report, "nessie.config")?.message ?? "",
      /a web page instead of JSON. It may be no Nessie/,
    );
  } finally {
    await server.shutdown();
  }
});
