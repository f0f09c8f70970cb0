/** What each task of deno.json may do, and what a command says that lacks a right. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { otherTask } from "../../lib/cli/rights.ts";
import { duckdbDirectory } from "../../tools/duckdb_directory.ts";
import { rightsArguments, taskArguments } from "../../tools/task_arguments.ts";
import { COMMANDS, TASKS, UNIT } from "../../tools/tasks.ts";
import { rightsOf, ROOT, tasks } from "./tasks.ts";

const SCENARIO = "tests/scenarios/onepassword-connect-missing/facts.json.gz";
/** They make namespaces, mounts and cgroups, which Deno gives to nobody with less than all. */
const ALL = /^(?:lab:|bench$)/;

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const task = (name: string, ...args: string[]) => run(["task", "--quiet", name, ...args]);

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-rights-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A kubeconfig whose user logs in by this program, to a server where nobody listens. */
function execKubeconfig(program: string): string {
  return JSON.stringify({
    "current-context": "eks",
    clusters: [{ name: "eks", cluster: { server: "http://127.0.0.1:9" } }],
    users: [{ name: "me", user: { exec: { command: program, interactiveMode: "Never" } } }],
    contexts: [{ name: "eks", context: { cluster: "eks", user: "me" } }],
  });
}

Deno.test("a task that only reads may neither write a file nor start a program", () => {
  const reading = Object.keys(tasks()).filter((name) => /^(?:data-platform:health|1p:status)/.test(name));
  const may = Object.fromEntries(reading.map((name) => {
    const rights = rightsOf(name);
    return [name, ["write", "run", "ffi", "sys", "all"].filter((right) => rights.has(right)).join(" ")];
  }));
  assert.deepEqual(may, {
    "data-platform:health": "",
    "data-platform:health:verbose": "",
    "data-platform:health:json": "",
    "data-platform:health:save": "write",
    "data-platform:health:exec": "write run",
    "1p:status": "",
    "1p:status:save": "write",
    "1p:status:exec": "write run",
  });
});

Deno.test("programs are started only by the tasks that end in :exec, and by the tools of this repository", () => {
  const may = Object.keys(tasks()).filter((name) => rightsOf(name).has("run"));
  const commands = may.filter((name) => /^(?:data-platform|1p|obc|validate):/.test(name));
  assert.deepEqual(commands.filter((name) => !name.endsWith(":exec")), []);
  assert.deepEqual(may.filter((name) => !commands.includes(name)), [
    "test",
    "test:unit",
    "ok",
    "update",
    "duckdb:extensions",
    "demo",
  ]);
});

Deno.test("a task that ends in :exec or :save is its command with that right more, and nothing else", () => {
  const more = Object.keys(tasks()).filter((name) => /:(?:exec|save)$/.test(name));
  assert.ok(more.length > 6);
  for (const name of more) {
    const [own, base] = [rightsOf(name), rightsOf(name.replace(/:(?:exec|save)$/, ""))];
    for (const right of own.keys()) {
      if (base.has(right)) assert.equal(own.get(right), base.get(right), `${name}: ${right}`);
      else assert.ok(right === "write" || (right === "run" && name.endsWith(":exec")), `${name}: ${right}`);
    }
    assert.deepEqual([...base.keys()].filter((right) => !own.has(right)), [], name);
  }
});

Deno.test("no task loads native libraries from everywhere, and all rights have only the lab and its bench", () => {
  for (const [name, command] of Object.entries(tasks())) {
    const rights = rightsOf(name);
    assert.doesNotMatch(command, /--allow-ffi(?!=\S)/, name);
    if (rights.has("all")) assert.match(name, ALL);
  }
  assert.equal(
    rightsOf("data-platform:test:s3").get("ffi"),
    "$(deno run --quiet --no-prompt --lock=deno.lock --frozen tools/duckdb_directory.ts)",
  );
  assert.ok(rightsArguments(UNIT).includes(`--allow-ffi=${duckdbDirectory()}`));
});

Deno.test("the lockfile is frozen, so that nothing is run that was not looked at", async () => {
  const { lock } = JSON.parse(await Deno.readTextFile(`${ROOT}/scripts/deno.json`));
  assert.deepEqual(lock, { path: "../deno.lock", frozen: true });
  for (const [name, { script, command }] of TASKS) {
    const locked = script.startsWith("scripts/") || command.includes(" --lock=deno.lock --frozen ");
    assert.ok(locked, `${name} runs with other versions than those of deno.lock`);
  }
});

Deno.test("DuckDB opens with the right to its own directory, and without it does not", async () => {
  const main = ["tests/tools/mains/duckdb.ts"];
  const rights = ["run", "--no-prompt", "--quiet", "--allow-read", "--allow-write"];
  const opened = await run([...rights, `--allow-ffi=${duckdbDirectory()}`, ...main]);
  assert.equal(opened.stdout, "opened\n", opened.stderr);
  const other = await run([...rights, `--allow-ffi=${dirname(duckdbDirectory())}/@aws-sdk`, ...main]);
  assert.match(other.stderr, /NotCapable: Requires ffi access/);
});

Deno.test("DuckDB's directory is found in any cache, and a layout without one is an error that says what to do", () => {
  const of = (url: string) => duckdbDirectory(() => url);
  assert.equal(of("file:///c/npm/r/@duckdb/node-api/1.0.0/lib/index.js"), "/c/npm/r/@duckdb");
  assert.equal(of("file:///c/my%20cache/npm/r/@duckdb/node-api/1.0.0"), "/c/my cache/npm/r/@duckdb");
  assert.throws(() => of("npm:@duckdb/node-api@1.0.0"), /deno install/);
});

Deno.test("a login by a program names the task that may start it, with all that was given", async () => {
  await withDirectory(async (directory) => {
    const kubeconfig = `${directory}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, execKubeconfig("aws"));
    const asked = ["--kubeconfig", kubeconfig];
    const cases: Record<string, [name: string, ...args: string[]]> = {
      [`data-platform:health:exec --kubeconfig ${kubeconfig} --fail-on=never`]: [
        "data-platform:health",
        ...asked,
        "--fail-on=never",
      ],
      [`data-platform:health:exec --json --kubeconfig ${kubeconfig}`]: [
        "data-platform:health:json",
        ...asked,
      ],
      [`1p:status:exec --kubeconfig ${kubeconfig}`]: ["1p:status", ...asked],
      [`1p:uninstall:exec --kubeconfig ${kubeconfig} --yes`]: ["1p:uninstall", ...asked, "--yes"],
      [`validate:nessie:exec --kubeconfig ${kubeconfig}`]: ["validate:nessie", ...asked],
    };
    await Promise.all(
      Object.entries(cases).map(async ([next, [name, ...args]]) => {
        const { code, stderr } = await task(name, ...args);
        assert.equal(code, 3, stderr);
        assert.equal(
          stderr.replace(/^\S+: /, ""),
          "the login plugin aws of user me is a program, and this task was started without the right to start one. " +
            `Next: deno task ${next}\n`,
        );
      }),
    );
  });
});

Deno.test("the task that it names starts the login plugin", async () => {
  await withDirectory(async (directory) => {
    const [kubeconfig, plugin] = [`${directory}/kubeconfig`, `${directory}/plugin`];
    await Deno.writeTextFile(plugin, "#!/bin/sh\necho 'out of tickets' >&2\nexit 7\n", { mode: 0o700 });
    await Deno.writeTextFile(kubeconfig, execKubeconfig(plugin));
    const { stderr } = await task("data-platform:health:exec", "--kubeconfig", kubeconfig);
    assert.match(stderr, /out of tickets/);
  });
});

Deno.test("a file that the task may not write is said before anything is read, with the task that may", async () => {
  await withDirectory(async (directory) => {
    for (const flag of ["--output-file", "--save-facts"]) {
      const file = `${directory}/my file's`;
      const args = ["--facts", SCENARIO, flag, file];
      const { code, stdout, stderr } = await task("data-platform:health", ...args);
      assert.deepEqual([code, stdout], [3, ""]);
      assert.equal(
        stderr,
        `data-platform:health: ${flag} writes ${file}, and this task was started without the right to write. ` +
          `Next: deno task data-platform:health:save --facts ${SCENARIO} ${flag} '${directory}/my file'\\''s'\n`,
      );
      const saved = await task("data-platform:health:save", ...args);
      assert.equal(saved.code, 2, saved.stderr);
      assert.ok((await Deno.stat(file)).size > 100);
      await Deno.remove(file);
    }
  });
});

Deno.test("the task to use instead is one of deno.json", () => {
  const known = Object.keys(tasks());
  for (const [name, { save }] of Object.entries(COMMANDS)) {
    const readsOnly = save !== undefined;
    for (const right of ["run", "write"] as const) {
      const [, , next = ""] = otherTask({ name, readsOnly }, right, []).split(" ");
      assert.ok(known.includes(next), next);
      assert.ok(rightsOf(next).has(right) || name === "1p:uninstall", `${next} lacks ${right}`);
    }
  }
});

Deno.test("a task that is started without the task runner gets the rights that deno.json gives to it", () => {
  for (const [name, command] of Object.entries(tasks())) {
    const line = ["deno", ...taskArguments(name)].join(" ");
    assert.equal(line, command.replace(/"(--allow-ffi=)\$\([^)]*\)"/, `$1${duckdbDirectory()}`));
  }
});
