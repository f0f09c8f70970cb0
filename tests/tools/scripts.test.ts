/** Scripts that are started by their names: ./scripts/NAME.ts. */
import assert from "node:assert/strict";
import { duckdbDirectory } from "../../tools/duckdb_directory.ts";
import { firstLine, LONGEST_FIRST_LINE, SCRIPTS, TASKS, withFirstLine } from "../../tools/tasks.ts";
import { ROOT } from "./tasks.ts";

const NAMES = Object.keys(SCRIPTS);

/** Starts the file itself, as a shell does, from elsewhere. */
async function start(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(`${ROOT}/${script}`, {
    args: [...args],
    cwd: "/tmp",
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function withKubeconfig(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "lakecheck-scripts-" });
  try {
    await Deno.writeTextFile(
      path,
      JSON.stringify({
        "current-context": "nowhere",
        clusters: [{ name: "nowhere", cluster: { server: "http://127.0.0.1:9" } }],
        users: [{ name: "me", user: {} }],
        contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "me" } }],
      }),
    );
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("every script starts by its name, from anywhere, and answers --help", async () => {
  const names = [...Deno.readDirSync(`${ROOT}/scripts`)].map(({ name }) => name);
  const all = names.filter((name) => name !== "deno.json").map((name) => `scripts/${name}`).toSorted();
  assert.deepEqual(all, NAMES.toSorted());
  for (const script of NAMES) {
    const { code, stdout, stderr } = await start(script, ["--help"]);
    assert.deepEqual([code, stderr], [0, ""], script);
    assert.match(stdout, /^Usage:\n/m);
  }
});

Deno.test("every script ends with 3 and one line at a word that it does not know", async () => {
  for (const script of NAMES) {
    for (const word of ["--no-such-flag", "nonsense"]) {
      const { code, stdout, stderr } = await start(script, [word]);
      assert.deepEqual([code, stdout], [3, ""], script);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.ok(stderr.includes(word), stderr);
    }
  }
});

Deno.test("a script of several commands names them, also the one that was meant", async () => {
  const script = "scripts/setup-1password-connect.ts";
  const { stdout } = await start(script, []);
  assert.match(
    stdout,
    /^ {2}install {4}Installs [^]*\n {2}status {5}Says [^]*\n {2}uninstall {2}Removes [^]*\n {2}obc:sync {3}Copies /m,
  );
  const { stderr } = await start(script, ["instal"]);
  assert.match(stderr, /there is no command instal; there are install, status, .* Did you mean install\?/);
  for (const word of ["constructor", "__proto__"]) assert.equal((await start(script, [word])).code, 3);
  assert.match((await start(script, ["install", "--help"])).stdout, /--credentials FILE/);
});

Deno.test("the first line of a script has the rights of its task, and deno as the only program", async () => {
  for (const script of NAMES) {
    const [line = ""] = (await Deno.readTextFile(`${ROOT}/${script}`)).split("\n");
    assert.equal(line, firstLine(script));
    const task = TASKS.get(SCRIPTS[script]?.task ?? "");
    assert.equal(task?.script, script);
    assert.equal(/ -R(W?)N /.exec(line)?.[1] === "W", task?.rights.write !== undefined);
    const names = / -E=(\S+) --ignore-env/.exec(line)?.[1]?.split(",") ?? [];
    const named = (one: string) =>
      names.find((name) => name.endsWith("*") ? one.startsWith(name.slice(0, -1)) : name === one);
    const wanted = [task?.rights.env].flat().map(String).filter((name) => name !== "USERPROFILE");
    assert.deepEqual(wanted.filter((one) => !named(one)), [], script);
    assert.deepEqual(names.filter((name) => !wanted.some((one) => named(one) === name)), [], script);
    assert.ok(!/--allow-(?:run|ffi|all)(?!=)|-A/.test(line), line);
    assert.equal(
      / --allow-run=(\S+)/.exec(line)?.[1],
      TASKS.has(`${SCRIPTS[script]?.task}:exec`) &&
        /create/.test(TASKS.get(`${SCRIPTS[script]?.task}:exec`)?.description ?? "")
        ? "deno"
        : undefined,
    );
  }
});

Deno.test("the kernel reads the first line of every script whole", () => {
  for (const script of NAMES) assert.ok(firstLine(script).length <= LONGEST_FIRST_LINE, script);
});

Deno.test("a first line takes the place of the one before, or is put in front", () => {
  assert.equal(withFirstLine("#!/old -x\nbody\n#!no\n", "#!/new"), "#!/new\nbody\n#!no\n");
  assert.equal(withFirstLine("body\n", "#!/new"), "#!/new\nbody\n");
});

Deno.test("--create-integration-test of a script has the right to start deno, and gets as far as the cluster", async () => {
  await withKubeconfig(async (kubeconfig) => {
    for (const script of ["scripts/test-data-platform-s3.ts", "scripts/validate-nessie.ts"]) {
      const args = ["--create-integration-test", "--kubeconfig", kubeconfig, "--timeout", "1s"];
      const { code, stdout, stderr } = await start(script, args);
      assert.equal(code, 3, script);
      assert.doesNotMatch(stdout + stderr, /without the right/);
      assert.match(stdout + stderr, /127\.0\.0\.1:9/);
    }
  });
});

Deno.test("the scripts have the rights of the tasks that the page about security names", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/security.md`);
  const named = [...page.matchAll(/`\.\/(scripts\/[\w-]+\.ts)` those of\s+`([\w:-]+)`/g)];
  assert.deepEqual(
    Object.fromEntries(named.map(([, script, task]) => [script, task])),
    Object.fromEntries(Object.entries(SCRIPTS).map(([script, { task }]) => [script, task])),
  );
});

/** Runs a module of this folder with these rights. */
async function runMain(name: string, rights: readonly string[], args: readonly string[] = []) {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-RW", ...rights, `tests/tools/mains/${name}`, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("a process that may start deno alone runs a generated test, and starts nothing else", async () => {
  const file = await Deno.makeTempFile({ prefix: "lakecheck-scripts-", suffix: ".test.ts" });
  try {
    await Deno.writeTextFile(file, 'Deno.test("it holds", () => {});');
    assert.equal(await runMain("prove.ts", ["--allow-run=deno"], [file]), "it holds\nNotCapable\n");
    assert.equal(await runMain("prove.ts", ["--allow-run"], [file]), "it holds\nstarted\n");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("DuckDB is loaded from Deno's cache in the home directory; elsewhere the task is named", async () => {
  const cache = duckdbDirectory().replace(/(?<=\/npm)\/.*/, "");
  const line = firstLine("scripts/test-data-platform-s3.ts");
  const home = cache.replace("/.cache/deno/npm", "");
  const flag = /--allow-ffi=\S+/.exec(line)?.[0].replace("${HOME}", home) ?? "";
  assert.equal(flag, `--allow-ffi=${home}/.cache/deno/npm`);
  assert.equal(await runMain("engines.ts", ["--allow-sys", `--allow-ffi=${cache}`]), "opened\n");
  assert.match(
    await runMain("engines.ts", ["--allow-sys", "--allow-ffi=/no/such/cache"]),
    /^DuckDB cannot be loaded here: this was started without the right .* Next: deno task data-platform:test:s3\n$/,
  );
});
