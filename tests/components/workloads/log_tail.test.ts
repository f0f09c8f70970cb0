/** A container's log is read from its end, whatever its lines look like. */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { collect } from "../../../lib/engine/collect.ts";
import { podLogs, signalsIn } from "../../../lib/components/workloads/log_signals.ts";
import { pods } from "../../../lib/components/kubernetes/kinds.ts";
import { CannotLook } from "../../../lib/engine/errors.ts";
import type { Answer } from "../../../lib/engine/model.ts";
import { against, failureOf } from "../../clients/kubernetes/fixture.ts";

const DISK = "write /data/x: no space left on device";
const REFUSED = "dial tcp 10.0.0.1:5432: connect: connection refused";
const MEGA = 1024 * 1024;

Deno.test("the last line that says something decides, and not what came before", () => {
  assert.deepEqual(signalsIn(`${REFUSED}\n${DISK}\n`), ["DiskFull"]);
  assert.deepEqual(signalsIn(`${DISK}\n${REFUSED}\nINFO stopped\n\n`), ["ConnectionRefused"]);
  assert.deepEqual(signalsIn(`${REFUSED}\r\n${DISK}\r\n`), ["DiskFull"]);
  assert.deepEqual(signalsIn(`${REFUSED}, ${DISK}`), ["ConnectionRefused", "DiskFull"]);
});

Deno.test("what is said 200 lines before the end is over", () => {
  assert.deepEqual(signalsIn(`${DISK}\n${"INFO well\n".repeat(198)}INFO end`), ["DiskFull"]);
  assert.deepEqual(signalsIn(`${DISK}\n${"INFO well\n".repeat(199)}INFO end`), []);
});

Deno.test("behind a line of megabytes the error is seen; one before it, too, when the line says nothing", () => {
  for (
    const noise of ["x".repeat(MEGA), `{"level":"debug","dump":"${"x".repeat(MEGA)}"}`, " ".repeat(MEGA)]
  ) {
    assert.deepEqual(signalsIn(`${REFUSED}\n${noise}\n${DISK}\n`), ["DiskFull"]);
    assert.deepEqual(signalsIn(`${DISK}\n${noise}\n`), ["DiskFull"]);
  }
});

Deno.test("of one long line the end decides", () => {
  const noise = "INFO all is well; ".repeat(20_000);
  assert.deepEqual(signalsIn(`${REFUSED} ${noise} ${DISK} ${noise}`), ["DiskFull"]);
  assert.deepEqual(signalsIn(`${noise}${DISK}`), ["DiskFull"]);
  for (let at = 0; at < 40; at++) {
    assert.deepEqual(signalsIn(`${DISK}${"-".repeat(8 * 1024 - at)}`), ["DiskFull"], "cut in a word");
  }
});

Deno.test("of a line of JSON the messages count, however they are called and nested, and nothing else", () => {
  for (
    const line of [
      { level: "error", message: DISK },
      { msg: DISK, config: { onError: REFUSED } },
      { "error.message": DISK, url: REFUSED },
      { error: { type: "x", Message: DISK } },
      { err: [{ text: DISK }] },
      { log: { original: DISK } },
      { message: JSON.stringify({ message: DISK, hint: REFUSED }) },
      { message: "failed", stack_trace: `a: ${REFUSED}\n\tat x\nCaused by: ${DISK}\n\tat y` },
      { text: DISK },
    ]
  ) assert.deepEqual(signalsIn(JSON.stringify(line)), ["DiskFull"], JSON.stringify(line));
  assert.deepEqual(
    signalsIn(JSON.stringify({ message: "retries are set", config: { onError: REFUSED } })),
    [],
  );
  assert.deepEqual(signalsIn(`${DISK}\n${JSON.stringify({ msg: "stopped", dump: REFUSED })}`), ["DiskFull"]);
});

Deno.test("a log that is one line of JSON of a megabyte is read, also when it is cut", () => {
  const whole = JSON.stringify({ level: "error", dump: "y".repeat(MEGA), message: DISK });
  assert.deepEqual(signalsIn(whole), ["DiskFull"]);
  assert.deepEqual(signalsIn(whole.slice(100)), ["DiskFull"]);
  assert.deepEqual(signalsIn(JSON.stringify({ message: `${DISK} ${"y".repeat(MEGA)}` })), ["DiskFull"]);
});

Deno.test("logs made to harm are read in time", () => {
  for (
    const log of [
      "401 ".repeat(MEGA),
      "403 ".repeat(MEGA),
      'relation "'.repeat(MEGA / 4),
      "connection to ".repeat(MEGA / 4),
      `{"message":${"[".repeat(MEGA)}`,
      `{"message":${"[".repeat(MEGA / 2)}${"]".repeat(MEGA / 2)}}`,
      "\n".repeat(5 * MEGA),
      '{"a":1}\n'.repeat(MEGA / 2),
      `${"a".repeat(5 * MEGA)}`,
    ]
  ) {
    const before = process.cpuUsage();
    assert.deepEqual(signalsIn(log), []);
    assert.ok(process.cpuUsage(before).user < 5_000_000, log.slice(0, 20));
  }
});

Deno.test("property: whatever stands before it, a last line that says something is what is told", () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.constant(REFUSED))), (lines) => {
    assert.deepEqual(signalsIn([...lines, DISK].join("\n")), ["DiskFull"]);
    assert.deepEqual(signalsIn([...lines, JSON.stringify({ msg: DISK })].join("\n")), ["DiskFull"]);
  }));
});

const LOG = "/api/v1/namespaces/lake/pods/a/log";

Deno.test("the client gives the end of a log as text, JSON or not, and no more of it than is asked for", async () => {
  for (
    const text of [
      `${REFUSED}\n${"x".repeat(3000)}${DISK}`,
      JSON.stringify({ a: 1 }),
      '{"kind":"Status"}',
      "[1]",
      "",
    ]
  ) {
    await against(() => new Response(text), async (client) => {
      assert.deepEqual(await client.get(LOG, { raw: true, tail: 100 }), {
        status: 200,
        body: text.slice(-100),
      });
    });
  }
});

Deno.test("a log of more than 8 MiB is not read to its end", async () => {
  await against(() => new Response("x".repeat(8 * MEGA)), async (client) => {
    assert.equal((await client.get(LOG, { raw: true, tail: 10 })).body, "x".repeat(10));
  });
  await against(() => new Response("x".repeat(8 * MEGA + 1)), async (client) => {
    assert.match((await failureOf(client.get(LOG, { raw: true, tail: 10 }))).message, /larger than 8 MiB/);
  });
});

Deno.test("a log that is refused is a failure as before", async () => {
  const body = { kind: "Status", apiVersion: "v1", reason: "Forbidden", message: "pods is forbidden" };
  await against(() => Response.json(body, { status: 403 }), async (client) => {
    assert.equal((await failureOf(client.get(LOG, { raw: true, tail: 10 }))).kind, "forbidden");
  });
});

const failing = (name: string) => ({
  metadata: { name, namespace: "lake" },
  status: {
    phase: "Running",
    containerStatuses: [{
      name: "app",
      ready: false,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1 } },
    }],
  },
});

async function logsOf(answers: Record<string, () => Promise<Answer>>) {
  const asked: string[] = [];
  const get = (path: string): Promise<Answer> => {
    const name = /pods\/([^/]+)\/log/.exec(path)?.[1];
    if (name === undefined) {
      return Promise.resolve({ status: 200, body: { items: Object.keys(answers).map(failing) } });
    }
    asked.push(path);
    return answers[name]?.() ?? Promise.reject(new Error("not asked for"));
  };
  const facts = await collect({ context: "toy", get }, [pods, podLogs], { namespace: "lake" });
  return { result: facts.sources["pods.logs"], asked };
}

const text = (body: string) => () => Promise.resolve({ status: 200, body });
const none = (kind: "timeout" | "malformed") => () =>
  Promise.reject(new CannotLook({ kind, message: "none" }));

Deno.test("the kubelet is asked for the last lines, and not for the first bytes of them", async () => {
  const { asked } = await logsOf({ a: text(DISK) });
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? "", /[?&]tailLines=80(?:&|$)/);
  assert.doesNotMatch(asked[0] ?? "", /limitBytes/);
});

Deno.test("a log that can't be read takes none of the others with it; when none can, that is said", async () => {
  const { result } = await logsOf({ a: none("timeout"), b: text(DISK), c: none("malformed") });
  assert.deepEqual(result, { ok: true, answers: { "Pod/lake/b": { status: 200, body: ["DiskFull"] } } });
  const all = await logsOf({ a: none("timeout"), b: none("timeout") });
  assert.deepEqual(all.result, { ok: false, failure: { kind: "timeout", message: "none" } });
});
