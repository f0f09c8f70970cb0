import assert from "node:assert/strict";
import {
  type Ended,
  exec,
  type PodCommand,
  type RunningCommand,
} from "../../../lib/clients/kubernetes/exec.ts";
import { Interrupted } from "../../../lib/engine/errors.ts";
import type { WriterOptions } from "../../../lib/clients/kubernetes/writer.ts";
import { kubeconfigFor } from "../../fakes/api_server.ts";
import {
  type FakeForwarder,
  type FakePod,
  type FakeProcess,
  serveForwards,
} from "../../fakes/port_forward.ts";
import { PATIENT_MS, until, withinLimits } from "../../patience.ts";
import { CANARY, failureOf, withKubeconfig } from "./fixture.ts";

const V5 = "v5.channel.k8s.io";
const SUCCESS = { kind: "Status", status: "Success" };

interface Attempt {
  pod?: Partial<FakePod>;
  options?: Partial<WriterOptions>;
  asked?: Partial<PodCommand>;
}

interface Seen {
  stdout: string;
  stderr: string;
}

/** Runs `cat -` in the pod, which is what `run` makes of it. */
async function running(
  run: (process: FakeProcess) => void,
  { pod = {}, options = {}, asked = {} }: Attempt,
  use: (opening: Promise<RunningCommand>, seen: Seen, server: FakeForwarder) => Promise<void>,
): Promise<void> {
  await using server = await serveForwards({
    namespace: "lake",
    name: "spark-0",
    leadsTo: 1,
    protocol: V5,
    run,
    ...pod,
  });
  const seen: Seen = { stdout: "", stderr: "" };
  const text = new TextDecoder();
  await withKubeconfig(kubeconfigFor(server.url, { token: CANARY }), async (kubeconfig) => {
    const opening = exec({ kubeconfig, timeoutMs: PATIENT_MS, ...options }, {
      namespace: "lake",
      pod: "spark-0",
      argv: ["cat", "-"],
      onStdout: (piece) => seen.stdout += text.decode(piece),
      onStderr: (piece) => seen.stderr += text.decode(piece),
      ...asked,
    });
    opening.catch(() => {});
    await use(opening, seen, server);
  });
}

/** Gives back what it reads, and ends when its stdin does. */
function cat({ stdout, end, onInput, onInputEnd }: FakeProcess): void {
  onInput(stdout);
  onInputEnd(() => end(SUCCESS));
}

Deno.test("a command is asked for word by word, in a container, with the kubeconfig's token", async () => {
  const asked = { container: "spark", argv: ["sh", "-c", 'echo "$1" & true', "x y"] as const };
  let query = new URLSearchParams();
  await running(
    (process) => {
      query = process.query;
      process.end(SUCCESS);
    },
    { asked: { ...asked, argv: [...asked.argv] } },
    async (opening, _, server) => {
      const { ended, close } = await opening;
      assert.deepEqual(await ended, { exit: 0 });
      assert.deepEqual(query.getAll("command"), asked.argv);
      assert.deepEqual(["container", "stdin", "stdout", "stderr", "tty"].map((name) => query.get(name)), [
        "spark",
        "true",
        "true",
        "true",
        "false",
      ]);
      assert.ok(server.headers.every((one) => one.authorization === `Bearer ${CANARY}`));
      await close();
      await until(() => server.connections.size === 0);
    },
  );
});

Deno.test("stdin goes in whole, stdout and stderr come out apart, and the exit status is told", async () => {
  const long = "ü".repeat(100_000);
  let read = "";
  await running(
    ({ stdout, stderr, end, onInput, onInputEnd }) => {
      onInput((text) => read += text);
      onInputEnd((by) => {
        stdout(`read ${read.length}`);
        stderr("careful");
        const causes = [{ reason: "ExitCode", message: "3" }];
        end({ status: "Failure", reason: "NonZeroExitCode", message: by, details: { causes } });
      });
    },
    {},
    async (opening, seen) => {
      const { write, endInput, ended } = await opening;
      write("head ");
      write(long);
      endInput();
      write("nobody reads this");
      assert.deepEqual(await ended, { exit: 3 });
      assert.match(seen.stdout, /^read \d+$/);
      assert.ok(read.startsWith("head ü"));
      assert.ok(!read.includes("nobody"));
      assert.equal(seen.stderr, "careful");
    },
  );
});

Deno.test("closing ends stdin, waits for the command, and then cuts the connection", async () => {
  for (const [protocol, by] of [[V5, "message"], ["v4.channel.k8s.io", "connection"]] as const) {
    const ends: string[] = [];
    await running(
      ({ end, onInputEnd }) => {
        onInputEnd((how) => {
          ends.push(how);
          end(SUCCESS);
        });
      },
      { pod: { protocol } },
      async (opening, _, server) => {
        const { close, ended } = await opening;
        await close(PATIENT_MS);
        await close();
        if (protocol === V5) assert.deepEqual(await ended, { exit: 0 });
        await until(() => ends.length > 0);
        assert.deepEqual(ends, [by]);
        await until(() => server.connections.size === 0);
      },
    );
  }
});

Deno.test("a command that ignores the end of its stdin does not hold up closing", async () => {
  await running(() => {}, {}, async (opening, _, server) => {
    const { close, ended } = await opening;
    await close(10);
    assert.ok("failure" in await ended);
    await until(() => server.connections.size === 0);
  });
});

Deno.test("Ctrl-C ends the command's stdin and the connection, before and after it runs", async () => {
  const early = new AbortController();
  early.abort(new Interrupted("x"));
  await running(cat, { options: { signal: early.signal } }, async (opening) => {
    await assert.rejects(opening, Interrupted);
  });
  const stop = new AbortController();
  const ends: string[] = [];
  await running(({ onInputEnd }) => onInputEnd((by) => void ends.push(by)), {
    options: { signal: stop.signal },
  }, async (opening, _, server) => {
    const { ended } = await opening;
    stop.abort(new Interrupted("x"));
    await ended;
    await until(() => ends.length > 0);
    await until(() => server.connections.size === 0);
  });
});

Deno.test("a connection that is cut is told as such", async () => {
  await running(cat, {}, async (opening, _, server) => {
    const { ended } = await opening;
    server.cut();
    assert.match(
      messageOf(await ended),
      /^the connection to a command in Pod lake\/spark-0 ended before it did/,
    );
  });
});

Deno.test("a program that is not there is told in the kubelet's words, without what looks like a secret", async () => {
  await running(
    ({ end }) => {
      end({
        status: "Failure",
        message: 'exec: "nope": executable file not found, password=hunter2',
        code: 500,
      });
    },
    {},
    async (opening) => {
      const message = messageOf(await (await opening).ended);
      assert.match(message, /was not run: exec: "nope": executable file not found/);
      assert.ok(!message.includes("hunter2"));
    },
  );
});

Deno.test("messages that no kubelet sends end nothing but what they are about", async () => {
  await running(
    ({ raw, stdout, end, onInputEnd }) => {
      for (const odd of [[], [1], [255], [255, 1], [9, 9, 9], [4, 1]]) raw(odd);
      stdout("still here");
      onInputEnd(() => raw([3, ...new TextEncoder().encode("[[[")]));
      void end;
    },
    {},
    async (opening, seen) => {
      const { endInput, ended } = await opening;
      await until(() => seen.stdout === "still here");
      endInput();
      assert.match(messageOf(await ended), /was not run: no reason given/);
    },
  );
});

Deno.test("who may not run commands learns the rule that is missing", async () => {
  await running(cat, { pod: { refuse: 403 } }, async (opening) => {
    const { kind, message } = await failureOf(opening);
    assert.equal(kind, "forbidden");
    assert.match(message, /pods\/exec/);
    assert.match(message, /create/);
  });
});

Deno.test("a pod that does not run, is not there, or can't be reached", async () => {
  const attempts: [Partial<FakePod>, string, RegExp][] = [
    [{ phase: "Pending" }, "unreachable", /does not run: its phase is Pending/],
    [{ name: "other" }, "not-installed", /./],
    [{ refuse: 500 }, "server-error", /could not open a command in Pod lake\/spark-0 \(HTTP 500\)/],
    [{ refuse: 401 }, "unauthorized", /./],
  ];
  for (const [pod, kind, words] of attempts) {
    await running(cat, { pod }, async (opening) => {
      const failure = await failureOf(opening);
      assert.equal(failure.kind, kind);
      assert.match(failure.message, words);
    });
  }
});

Deno.test("a command that is not started within the limit is told", () =>
  withinLimits(
    [500, 5_000, 50_000],
    (timeoutMs) =>
      running(cat, { pod: { refuse: 0 }, options: { timeoutMs } }, async (opening) => {
        const { kind, message } = await failureOf(opening);
        assert.equal(kind, "timeout");
        assert.match(message, /was not opened within/);
      }),
  ));

function messageOf(ended: Ended): string {
  assert.ok("failure" in ended, JSON.stringify(ended));
  return ended.failure.message;
}
