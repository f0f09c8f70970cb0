/** obc:sync from its flags to its exit status, against an API server and a Connect, and what it leaves in its output. */
import assert from "node:assert/strict";
import { apiError, type Behaviour, kubeconfigFor, serveFake } from "../../fakes/api_server.ts";
import { type Connect, withConnect } from "../../lab/connect.ts";
import type { FakeCluster } from "../../fakes/cluster.ts";
import { readsOf } from "./fixture.ts";
import { CLAIM_SECRET, claimSecret, leaks, platform } from "./samples.ts";
import { PATIENT_MS } from "../../patience.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
/** Those of the task. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env=KUBECONFIG,HOME,USERPROFILE,KUBERNETES_SERVICE_HOST,KUBERNETES_SERVICE_PORT,SSL_CERT_FILE," +
  "SSL_CERT_DIR,HTTPS_PROXY,https_proxy,NO_PROXY,no_proxy,NO_COLOR,TERM,LAKECHECK_DEBUG,OP_CONNECT_TOKEN",
  "--ignore-env",
];

interface Setting {
  connect: Connect;
  kube: FakeCluster;
  start(...args: string[]): Deno.ChildProcess;
  /** Runs it to its end; fails when its output holds a canary or the token. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** From now on the API server answers so. */
  answer(behaviour: Behaviour): void;
}

function withProcess(work: (setting: Setting) => Promise<void>): Promise<void> {
  return withConnect(async (connect) => {
    const kube = platform();
    let behaviour = readsOf(kube);
    await using server = serveFake((path, request) => behaviour(path, request));
    const dir = await Deno.makeTempDir({ prefix: "lakecheck-obc-" });
    const [kubeconfig, token] = [`${dir}/kubeconfig`, `${dir}/token`];
    await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.url, { token: "canary-of-the-user" }));
    await Deno.writeTextFile(token, connect.token, { mode: 0o600 });
    const start = (...args: string[]) =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--quiet",
          ...PERMISSIONS,
          MAIN,
          "--timeout",
          `${PATIENT_MS}ms`,
          "--kubeconfig",
          kubeconfig,
          "--token",
          token,
          "--connect-url",
          connect.url,
          ...args,
        ],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    try {
      await work({
        connect,
        kube,
        start,
        async run(...args) {
          const { code, ...streams } = await start(...args).output();
          const [stdout, stderr] = [streams.stdout, streams.stderr].map((one) =>
            new TextDecoder().decode(one)
          );
          const said = { code, stdout: stdout ?? "", stderr: stderr ?? "" };
          assertClean(`${stdout}${stderr}`, connect.token);
          return said;
        },
        answer: (next) => behaviour = next,
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

function assertClean(text: string, token: string): void {
  assert.deepEqual(leaks(text), []);
  assert.ok(!text.includes(token) && !text.includes("canary-of-the-user"));
}

Deno.test("a run writes the items and reports, the next one changes nothing, and a fault is exit status 2", () =>
  withProcess(async ({ run, kube }) => {
    const first = await run("--yes", "--trust-connect");
    assert.equal(first.code, 0, first.stderr);
    assert.match(
      first.stderr,
      /^ {2}created {6}OnePasswordItem lakehouse\/events: source, AWS_ACCESS_KEY_ID/,
    );
    const second = await run("--yes", "--trust-connect", "--json");
    assert.equal(second.code, 0, second.stderr);
    const report = JSON.parse(second.stdout);
    assert.deepEqual([report.command, report.status], ["obc:sync", "healthy"]);
    assert.deepEqual(
      report.details.connections.map(({ to, tls }: { to: string; tls: string }) => `${to} ${tls}`),
      ["the API server verified", "1Password Connect none"],
    );
    assert.match(second.stderr, /unchanged {4}OnePasswordItem lakehouse\/events\n/);
    kube.objects.delete(CLAIM_SECRET);
    const third = await run("--yes", "--trust-connect");
    assert.equal(third.code, 2);
    assert.match(third.stdout, /Secret data-platform\/events does not exist/);
  }));

Deno.test("nothing is written where nobody can be asked, with no cluster, or with a Connect that is away: exit 3", () =>
  withProcess(async ({ run, connect, answer, kube }) => {
    const unasked = await run();
    assert.equal(unasked.code, 3);
    assert.match(
      unasked.stderr,
      /The token goes to .*127\.0\.0\.1.*vault lakehouse, context test\.\n.*stdin is no terminal.*--trust-connect/s,
    );
    assert.equal((await run("--dry-run")).code, 3);
    assert.deepEqual(connect.logged.filter((line) => /vaults/.test(JSON.stringify(line))), []);
    connect.change((file) => file.trouble = { status: 500 });
    assert.equal((await run("--yes", "--trust-connect")).code, 3);
    connect.change((file) => delete file.trouble);
    answer(() => apiError(403, "Forbidden", "no", { details: { kind: "objectbucketclaims" } }));
    const forbidden = await run("--yes", "--trust-connect", "--json");
    assert.deepEqual([forbidden.code, JSON.parse(forbidden.stdout).status], [3, "error"]);
    answer(readsOf(kube));
    assert.equal(
      (await run("--yes", "--trust-connect", "--namespace", "empty", "--claim", "empty/none")).code,
      3,
    );
    const { list } = await connect.get("/v1/activity");
    assert.ok(list.every(({ action }) => action === "READ"));
  }));

Deno.test("a token that opens none of the vaults is told so", () =>
  withProcess(async ({ run, connect }) => {
    connect.change((file) => file.vaults = file.vaults.map((vault) => ({ ...vault, id: "a".repeat(26) })));
    const { code, stderr } = await run("--yes", "--trust-connect");
    assert.equal(code, 3);
    assert.match(stderr, /opens no vault lakehouse; it opens: none/);
  }));

Deno.test("a watch notices a rotated key, outlives an absent API server and Connect, and ends by Ctrl-C with 130", () =>
  withProcess(async ({ start, connect, kube, answer }) => {
    const child = start("--yes", "--trust-connect", "--watch", "--every", "100ms");
    const output = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    const until = async (words: RegExp) => {
      while (!words.test(said)) {
        const { value, done } = await output.read();
        assert.ok(!done, `ended without ${words}: ${said}`);
        said += value;
      }
    };
    await until(/created .*iceberg/);
    kube.objects.set(CLAIM_SECRET, claimSecret({ AWS_SECRET_ACCESS_KEY: "rotated" }));
    await until(/changed .*events: AWS_SECRET_ACCESS_KEY\n/);
    answer(() => apiError(500, "InternalError", "etcd is away"));
    await until(/It is tried again every 0\.1 s\.\n/);
    await new Promise((resolve) => setTimeout(resolve, 400));
    answer(readsOf(kube));
    await until(/It answers again\.\n/);
    connect.change((file) => file.trouble = { cut: true });
    await until(/broke off.*It is tried again/s);
    connect.change((file) => delete file.trouble);
    await until(/answers again.*answers again/s);
    child.kill("SIGINT");
    await until(/interrupted\. What was written so far stays/);
    assert.equal((await child.status).code, 130);
    assert.equal(said.match(/tried again/g)?.length, 2);
    assertClean(said, connect.token);
    await Promise.all([output.cancel(), child.stdout.cancel()]);
  }));
