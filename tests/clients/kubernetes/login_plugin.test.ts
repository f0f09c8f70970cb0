import assert from "node:assert/strict";
import { runChild } from "../../../lib/clients/kubernetes/child_process.ts";
import type { Target } from "../../../lib/clients/kubernetes/kubeconfig.ts";
import { askPlugin, type Credential } from "../../../lib/clients/kubernetes/login_plugin.ts";
import { UsageError } from "../../../lib/engine/errors.ts";

const TOKEN = "canary-Zx81-token-do-not-print";
const CREDENTIAL = JSON.stringify({
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  status: { token: TOKEN },
});
/** Nothing in these tests waits for the whole of it, but what is to be ended. */
const LONG_MS = 300_000;

interface Tried {
  credential?: Credential;
  message: string;
  dir: string;
}

/** Runs a shell script as a login plugin, and whatever processes it names in `$DIR/pids` are gone afterwards. */
async function plugin(
  script: string,
  { wholeMs = LONG_MS, graceMs = 2000, env = {} }: {
    wholeMs?: number;
    graceMs?: number;
    env?: Record<string, string>;
  },
  look: (tried: Tried) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "lakecheck-test-plugin-" });
  try {
    await Deno.writeTextFile(`${dir}/login`, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const exec = {
      command: `${dir}/login`,
      args: [],
      env: { DIR: dir, CREDENTIAL, ...env },
      apiVersion: "client.authentication.k8s.io/v1",
      interactiveMode: "Never" as const,
      provideClusterInfo: false,
    };
    const target = { user: { exec }, userName: "me", cluster: {}, server: "" } as unknown as Target;
    const tried: Tried = await askPlugin(target, { wholeMs, graceMs }).then(
      (credential) => ({ credential, message: "", dir }),
      (error) => {
        assert.ok(error instanceof UsageError, String(error));
        return { message: error.message.replaceAll(dir, "DIR"), dir };
      },
    );
    await look(tried);
  } finally {
    for (const pid of await pidsOf(dir)) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    await Deno.remove(dir, { recursive: true });
  }
}

async function pidsOf(dir: string): Promise<number[]> {
  const text = await Deno.readTextFile(`${dir}/pids`).catch(() => "");
  return text.split("\n").filter((line) => line !== "").map(Number);
}

/** By `ps`: /proc may be read by tests with every right only. */
function isAlive(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).outputSync();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout));
}

/** Killed processes go when the kernel comes to it. */
async function areGone(dir: string): Promise<boolean> {
  for (let tries = 0; tries < 500; tries++) {
    if (!(await pidsOf(dir)).some(isAlive)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

Deno.test("a plugin gets the environment without our own secrets", async () => {
  const ours = ["OP_CONNECT_TOKEN", "OP_CONNECT_CREDENTIALS"];
  for (const name of ours) Deno.env.set(name, `${name}-canary`);
  Deno.env.set("LAKECHECK_TEST_PROXY", "http://proxy:3128");
  try {
    await plugin(
      `env > $DIR/env; echo "$CREDENTIAL"`,
      { env: { STAGE: "prod" } },
      async ({ credential, dir }) => {
        assert.equal(credential?.token, TOKEN);
        const seen = await Deno.readTextFile(`${dir}/env`);
        assert.doesNotMatch(seen, /OP_CONNECT_\w+-canary/);
        for (
          const name of [
            "PATH=.",
            "LAKECHECK_TEST_PROXY=http://proxy:3128",
            "STAGE=prod",
            "KUBERNETES_EXEC_INFO=.",
          ]
        ) {
          assert.match(seen, new RegExp(`^${name}`, "m"));
        }
      },
    );
    const own = { OP_CONNECT_TOKEN: "given on purpose" };
    await plugin(`echo "$OP_CONNECT_TOKEN" > $DIR/env; echo "$CREDENTIAL"`, { env: own }, async ({ dir }) => {
      assert.equal(await Deno.readTextFile(`${dir}/env`), "given on purpose\n");
    });
  } finally {
    for (const name of [...ours, "LAKECHECK_TEST_PROXY"]) Deno.env.delete(name);
  }
});

Deno.test("a plugin that has answered is not waited for when its child holds its output open", async () => {
  await plugin(
    `sleep 100000 & echo $! > $DIR/pids; echo "$CREDENTIAL"`,
    { graceMs: 1500 },
    async ({ credential, dir }) => {
      assert.equal(credential?.token, TOKEN);
      // It may be a daemon that the plugin keeps for the next time.
      assert.deepEqual((await pidsOf(dir)).map(isAlive), [true]);
    },
  );
  await plugin(
    `sleep 100000 & echo $! > $DIR/pids; echo gone wrong >&2; exit 3`,
    { graceMs: 1500 },
    ({ message }) => {
      assert.equal(
        message,
        "the login plugin DIR/login of user me failed (exit 3): gone wrong. Next: log in again",
      );
    },
  );
});

Deno.test("a plugin that is late is ended, with its children and whatever it does about SIGTERM", async () => {
  const scripts = [
    `echo $$ > $DIR/pids; exec sleep 100000`,
    `trap '' TERM; echo $$ > $DIR/pids; while :; do sleep 100000; done`,
    `(trap '' TERM; exec sleep 100000) & echo $! > $DIR/pids; echo $$ >> $DIR/pids; wait`,
  ];
  for (const script of scripts) {
    await plugin(script, { wholeMs: 500, graceMs: 200 }, async ({ message, dir }) => {
      assert.equal(
        message,
        "the login plugin DIR/login of user me gave no credential within 0.5 s and was ended. Next: log in by hand first",
      );
      assert.ok(await areGone(dir), script);
    });
  }
});

Deno.test("a plugin has the time to end by itself after SIGTERM", async () => {
  // It is ended for what it prints, so that its trap is there before.
  const script = `trap 'echo ended > $DIR/how; exit 0' TERM; yes; exit 1`;
  await plugin(script, { graceMs: LONG_MS }, async ({ dir }) => {
    assert.equal(await Deno.readTextFile(`${dir}/how`), "ended\n");
  });
});

Deno.test("a plugin that prints without end is ended, and one that prints 1 MiB is read", async () => {
  await plugin(`echo $$ > $DIR/pids; exec yes`, {}, async ({ message, dir }) => {
    assert.equal(
      message,
      "the login plugin DIR/login of user me printed more than 1 MiB where a credential was expected, and was ended. " +
        "Next: run it by hand and see what it prints",
    );
    assert.ok(await areGone(dir));
  });
  const pad = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' ' '; printf %s "$CREDENTIAL"`;
  const most = 1024 * 1024 - CREDENTIAL.length;
  await plugin(pad(most), {}, ({ credential }) => assert.equal(credential?.token, TOKEN));
  await plugin(pad(most + 1), {}, ({ message }) => assert.match(message, /printed more than 1 MiB/));
});

Deno.test("what a plugin says on stderr is read to its end, and only its last line is told", async () => {
  const script = `yes 0123456789 | head -c 3300000 >&2; echo "the session has expired" >&2; exit 1`;
  await plugin(script, {}, ({ message }) => {
    assert.match(message, /failed \(exit 1\): the session has expired\. Next: log in again$/);
  });
});

Deno.test("no part of a credential that a plugin prints on stderr is told, wherever it is cut", async () => {
  const long = Array.from({ length: 700 }, (_, i) => `k${i}Zq`).join("_");
  const cases: [string, Record<string, string>][] = [
    [`echo "$CREDENTIAL"; printf 'token %s rejected' ${TOKEN} >&2; exit 1`, {}],
    [`printf 'with %s' "$CLIENT_SECRET" >&2; exit 1`, { CLIENT_SECRET: TOKEN }],
    [`printf '${"x".repeat(180)} Authorization: Bearer ${TOKEN}' >&2; exit 1`, {}],
    [`printf '${"x ".repeat(90)}${TOKEN}${TOKEN} and more' >&2; exit 1`, {}],
    [`printf '%s' "$LONG" >&2; exit 1`, { LONG: long }],
  ];
  for (const [script, env] of cases) {
    await plugin(script, { env }, ({ message }) => {
      assert.match(message, /failed \(exit 1\)/);
      for (const secret of [TOKEN, long]) {
        for (let i = 0; i + 8 <= secret.length; i++) {
          assert.ok(!message.includes(secret.slice(i, i + 8)), `${message} holds ${secret.slice(i, i + 8)}`);
        }
      }
    });
  }
});

Deno.test("what a plugin says cannot trick the terminal", async () => {
  await plugin(`printf 'a\\033[2Jb\\302\\233mc\\342\\200\\256d\\n' >&2; exit 1`, {}, ({ message }) => {
    assert.match(message, /failed \(exit 1\): abcd\. Next/);
  });
});

Deno.test("of a child's output no more is kept than was allowed, and a letter that comes in two pieces is one", async () => {
  const options = { env: {}, terminal: false, mostBytes: 1000, wholeMs: LONG_MS, graceMs: 2000 };
  const flooded = await runChild("sh", { ...options, args: ["-c", "head -c 100000 /dev/zero; exit 0"] });
  assert.equal(flooded.how, "flood");
  const script = "printf 'a\\303'; sleep 0.3; printf '\\251b'; " +
    "i=0; while [ $i -lt 3000 ]; do printf 'word%s ' $i; i=$((i+1)); done >&2";
  const { stdout, stderr = "" } = await runChild("sh", { ...options, args: ["-c", script] });
  assert.equal(stdout, "aéb");
  assert.ok(stderr.length <= 4096 && stderr.endsWith("word2999 "), "the tail");
  assert.match(stderr, /^ word\d{4} /, "no part of a word whose begin was dropped");
});

Deno.test("a child's end is told as it was, and its stdin is closed", async () => {
  const options = {
    args: ["-c", "cat; exit 7"],
    env: {},
    terminal: false,
    mostBytes: 10,
    wholeMs: LONG_MS,
    graceMs: 2000,
  };
  assert.deepEqual(await runChild("sh", options), { how: "exited", code: 7, stdout: "", stderr: "" });
  await assert.rejects(runChild("/no/such/program", options), Deno.errors.NotFound);
});
