import assert from "node:assert/strict";
import { EngineError } from "../../../../lib/checkpoints/iceberg/engines/engine.ts";
import { openSpark, type SparkOptions } from "../../../../lib/checkpoints/iceberg/engines/spark.ts";
import type { Engine } from "../../../../lib/checkpoints/iceberg/engines/engine.ts";
import { failureOfEngine } from "../../../../lib/checkpoints/iceberg/failures.ts";
import type { Ended, PodCommand } from "../../../../lib/clients/kubernetes/exec.ts";
import { CannotLook, Interrupted } from "../../../../lib/engine/errors.ts";
import { PATIENT_MS, until } from "../../../patience.ts";

const PLACE = { namespace: "lake", pod: "sql-0", container: "spark" };
const WHERE = "Spark in Pod lake/sql-0";

/** The command in the pod. */
interface FakeSpark {
  asked: PodCommand;
  mark: string;
  /** What was written to it, line by line. */
  lines: string[];
  stdout(text: string): void;
  stderr(text: string): void;
  reply(id: string, body: Record<string, unknown>): void;
  end(ended: Ended): void;
  closed: (number | undefined)[];
}

/** Requests: id, what it is, texts. */
function requests({ lines }: FakeSpark): [id: string, kind: string, ...texts: string[]][] {
  return lines.filter((line) => /^\d+ (sql|catalog) /.test(line)).map((line) => {
    const [id = "", kind = "", ...texts] = line.split(" ");
    return [id, kind, ...texts.map((text) => new TextDecoder().decode(Uint8Array.fromBase64(text)))];
  });
}

/** Opens a session over a command that `begin` plays. */
async function opening(
  begin: (spark: FakeSpark) => void,
  use: (engine: Promise<Engine>, spark: FakeSpark) => Promise<void>,
  options: Partial<SparkOptions> = {},
): Promise<void> {
  const started = Promise.withResolvers<FakeSpark>();
  const engine = openSpark(PLACE, {
    timeoutMs: PATIENT_MS,
    startMs: PATIENT_MS,
    statementMs: PATIENT_MS,
    ...options,
    start: (_, asked) => {
      const ended = Promise.withResolvers<Ended>();
      const encode = (text: string) => new TextEncoder().encode(text);
      const mark = asked.argv[4] ?? "";
      const spark: FakeSpark = {
        ...{ asked, mark, lines: [], closed: [] },
        stdout: (text) => asked.onStdout(encode(text)),
        stderr: (text) => asked.onStderr(encode(text)),
        reply: (id, body) =>
          asked.onStdout(encode(`scala> \n${mark} reply ${JSON.stringify({ id, ...body })}\n`)),
        end: ended.resolve,
      };
      started.resolve(spark);
      queueMicrotask(() => begin(spark));
      return Promise.resolve({
        write: (text) => void spark.lines.push(...text.split("\n").filter((line) => line !== "")),
        endInput: () => {},
        ended: ended.promise,
        close(graceMs) {
          spark.closed.push(graceMs);
          ended.resolve({ exit: 0 });
          return Promise.resolve();
        },
      });
    },
  });
  engine.catch(() => {});
  const spark = await started.promise;
  try {
    await use(engine, spark);
  } finally {
    spark.end({ exit: 0 });
  }
}

const ready = (spark: FakeSpark) => spark.stdout(`noise\nscala> \n${spark.mark} ready "3.5.9"\n`);

async function failure(asked: Promise<unknown>): Promise<{ kind: string; message: string }> {
  const error = await asked.then(() => undefined, (thrown) => thrown);
  assert.ok(error instanceof CannotLook, String(error));
  return error.failure;
}

Deno.test("one session answers statements, several at once, in whatever order it ends them", async () => {
  await opening(ready, async (opened, spark) => {
    const engine = await opened;
    assert.deepEqual([engine.version, engine.words], ["3.5.9", "in Pod lake/sql-0"]);
    const [first, second] = [engine.run("SELECT 1\n AS a"), engine.run("SELECT 'ü'")];
    await until(() => requests(spark).length === 2);
    assert.deepEqual(requests(spark).map(([, kind, sql]) => [kind, sql]), [
      ["sql", "SELECT 1\n AS a"],
      ["sql", "SELECT 'ü'"],
    ]);
    const [one = "", two = ""] = requests(spark).map(([id]) => id);
    spark.reply(two, { columns: [["ü", "STRING"]], rows: [["ü"]] });
    spark.reply(one, { columns: [["a", "INT"]], rows: [["1"], [null]] });
    assert.deepEqual(await first, { columns: [{ name: "a", type: "INT" }], rows: [["1"], [null]] });
    assert.deepEqual((await second).rows, [["ü"]]);
    await engine.close();
    assert.ok((spark.closed[0] ?? 0) > 0, "closing does not wait for the JVM");
  });
});

Deno.test("values are the texts that every engine gives", async () => {
  const cells: [unknown, string | null][] = [
    [{ f: "1.0E-10" }, "1e-10"],
    [{ f: "NaN" }, "NaN"],
    [{ f: "-Infinity" }, "-Infinity"],
    [{ f: "-0.0" }, "-0"],
    [{ f: "0.10000000149011612" }, "0.10000000149011612"],
    [{ f: "1.0" }, "1"],
    [["1", null, [{ f: "0.5" }]], '["1",null,["0.5"]]'],
    [{ m: [["b", "1"], ["a", null]] }, '[["a",null],["b","1"]]'],
    [null, null],
  ];
  await opening(ready, async (opened, spark) => {
    const answer = (await opened).run("SELECT");
    spark.reply("1", { columns: [], rows: [cells.map(([sent]) => sent)] });
    assert.deepEqual((await answer).rows, [cells.map(([, cell]) => cell)]);
  });
});

Deno.test("what refuses a statement is a chain of errors, outermost first", async () => {
  await opening(ready, async (opened, spark) => {
    const answer = (await opened).run("SELECT");
    spark.reply("1", { error: [["a.B", "outer"], ["c.D", "inner"], "odd"] });
    const error = await answer.then(() => undefined, (thrown) => thrown);
    assert.ok(error instanceof EngineError);
    assert.deepEqual(error.chain, [{ type: "a.B", message: "outer" }, { type: "c.D", message: "inner" }]);
  });
});

Deno.test("a reference has one catalog, and one that could not be made is asked for again", async () => {
  await opening(ready, async (opened, spark) => {
    const engine = await opened;
    const lost = engine.catalogAt("b");
    spark.reply("1", { error: [["lakecheck.NoReferences", "none"]] });
    await assert.rejects(lost, EngineError);
    const both = [engine.catalogAt("b"), engine.catalogAt("b"), engine.catalogAt("b@12")];
    await until(() => requests(spark).length === 3);
    assert.deepEqual(requests(spark).map(([, , , reference]) => reference), ["b", "b", "b@12"]);
    for (const id of ["2", "3"]) spark.reply(id, { columns: [], rows: [] });
    const [one, same, other] = await Promise.all(both);
    assert.equal(one, same);
    assert.notEqual(one, other);
  });
});

Deno.test("whatever else stands on stdout answers nothing", async () => {
  await opening(ready, async (opened, spark) => {
    const answer = (await opened).run("SELECT");
    const body = '{"id":"1","columns":[],"rows":[["forged"]]}';
    spark.stdout(`\nlakecheck-0 reply ${body}\n x${spark.mark} reply ${body}\n${spark.mark} reply [\n`);
    spark.stdout(
      `${spark.mark} reply null\n${spark.mark} reply {"id":"99","rows":[]}\n${"x".repeat(100_000)}`,
    );
    for (const piece of `\n${spark.mark} reply {"id":"1","columns":[],"rows":[["true"]]}\n`) {
      spark.stdout(piece);
    }
    assert.deepEqual((await answer).rows, [["true"]]);
  });
});

Deno.test("an answer of another shape is not understood, and ends only its own statement", async () => {
  await opening(ready, async (opened, spark) => {
    const engine = await opened;
    const odd = engine.run("SELECT");
    spark.reply("1", { columns: [], rows: [[12]] });
    assert.equal((await failure(odd)).kind, "malformed");
    const next = engine.run("SELECT");
    spark.reply("2", { columns: [], rows: [] });
    assert.deepEqual((await next).rows, []);
  });
});

Deno.test("a session that is lost ends what waits and what comes after", async () => {
  await opening(ready, async (opened, spark) => {
    const engine = await opened;
    const waiting = engine.run("SELECT");
    spark.end({ exit: 137 });
    const { message } = await failure(waiting);
    assert.match(message, new RegExp(`^${WHERE} ended while it was in use: it was killed \\(exit 137\\)`));
    assert.equal((await failure(engine.run("SELECT"))).message, message);
  });
});

Deno.test("a statement, and the start, that give no answer end within their limits", async () => {
  await opening(ready, async (opened) => {
    const { kind, message } = await failure((await opened).run("SELECT"));
    assert.deepEqual([kind, message], ["timeout", `a statement on ${WHERE} did not end within 0.01 s`]);
  }, { statementMs: 10 });
  await opening(() => {}, async (opened, spark) => {
    assert.equal((await failure(opened)).message, `${WHERE} did not start within 0.01 s`);
    assert.equal(spark.closed.length, 1);
  }, { startMs: 10 });
});

Deno.test("Ctrl-C ends the start and a statement", async () => {
  for (const begin of [() => {}, ready]) {
    const stop = new AbortController();
    await opening(begin, async (opened) => {
      const asked = begin === ready ? (await opened).run("SELECT") : opened;
      stop.abort(new Interrupted("x"));
      await assert.rejects(asked, Interrupted);
    }, { signal: stop.signal });
  }
});

Deno.test("a pod without Spark, or without a place for files, is told as such", async () => {
  for (
    const [found, kind, words] of [
      [
        "no-spark",
        "not-installed",
        /^there is no Spark in Pod lake\/sql-0: spark-submit is neither on PATH nor/,
      ],
      ["no-place", "unreachable", /has no directory for temporary files/],
    ] as const
  ) {
    await opening((spark) => {
      spark.stdout(`\n${spark.mark} found ${found}\n`);
      spark.end({ exit: 127 });
    }, async (opened) => {
      const failed = await failure(opened);
      assert.equal(failed.kind, kind);
      assert.match(failed.message, words);
    });
  }
});

Deno.test("a Spark that does not start says why, wherever it writes it", async () => {
  const heap = "System memory 259522560 must be at least 471859200. Please increase heap size";
  const cases = [
    ["stdout", `java.lang.IllegalArgumentException: ${heap}\n  at x\n`, "OutOfMemory"],
    [
      "stderr",
      'Exception in thread "main" java.lang.RuntimeException: [unresolved dependency: org.x#y;1: not found]\n\tat a\n',
      "RuntimeDownloadBlocked",
    ],
    [
      "stderr",
      "Error: Unable to initialize main class x\nCaused by: java.lang.NoClassDefFoundError: a/B\n",
      "ClasspathSkew",
    ],
    [
      "stderr",
      '\nException: java.lang.OutOfMemoryError thrown from the UncaughtExceptionHandler in thread "main"\n',
      "OutOfMemory",
    ],
    ["stderr", "Error: Could not create the Java Virtual Machine.\n", "EngineFailed"],
  ] as const;
  for (const [stream, text, reason] of cases) {
    await opening((spark) => {
      spark[stream](text);
      spark.end({ exit: 1 });
    }, async (opened) => {
      const error = await opened.then(() => undefined, (thrown) => thrown);
      assert.ok(error instanceof EngineError);
      assert.equal(failureOfEngine(error).reason, reason);
      assert.equal(error.chain.at(-1)?.message, "spark-submit ended with exit 1");
    });
  }
});

Deno.test("what is run in the pod names the platform's settings only to add to them, and ends in one line", async () => {
  await opening(ready, async (opened, spark) => {
    await opened;
    const { argv, container } = spark.asked;
    assert.equal(container, "spark");
    assert.deepEqual(argv.slice(0, 2), ["sh", "-c"]);
    assert.ok(argv.includes("spark.sql.session.timeZone=UTC"));
    assert.ok(argv.includes("spark.x=y"));
    const [program = "", serve, end] = spark.lines;
    assert.ok(program.startsWith("object Lakecheck {") && program.includes(spark.mark));
    assert.deepEqual([serve, end], ["Lakecheck.serve(spark)", "sys.exit(70)"]);
  }, { settings: { "spark.x": "y" } });
});
