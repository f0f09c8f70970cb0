import assert from "node:assert/strict";
import { createProgress } from "../../lab/progress.ts";
import { hashParts, nextPart, orderParts, type Part, partsToRun, runParts } from "../../lab/build/runner.ts";
import { PATIENT_MS } from "../patience.ts";

function part(name: string, options: Partial<Part> = {}): Part {
  return {
    name,
    kind: "build",
    needs: [],
    inputs: [],
    outputs: [],
    timeoutMs: PATIENT_MS,
    run: () => Promise.resolve("made"),
    ...options,
  };
}

function names(parts: readonly Part[]): string[] {
  return parts.map(({ name }) => name);
}

async function inCache<T>(
  body: (
    cacheDir: string,
    run: (parts: Part[]) => Promise<{ text: string; result: Awaited<ReturnType<typeof runParts>> }>,
  ) => Promise<T>,
): Promise<T> {
  const cacheDir = await Deno.makeTempDir();
  const run = async (parts: Part[]) => {
    let text = "";
    const progress = createProgress({
      isTerminal: false,
      columns: () => 80,
      write: (more) => void (text += more),
    });
    const result = await runParts(parts, { cacheDir, progress, signal: new AbortController().signal });
    return { text, result };
  };
  try {
    return await body(cacheDir, run);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

Deno.test("parts come after what they need and otherwise keep their order", () => {
  const parts = [
    part("image", { needs: ["program", "layer"] }),
    part("layer"),
    part("program", { needs: ["sources"] }),
    part("sources"),
  ];
  assert.deepEqual(names(orderParts(parts)), ["sources", "program", "layer", "image"]);
});

Deno.test("a cycle, an unknown need and a name used twice are refused", () => {
  assert.throws(() => orderParts([part("a", { needs: ["b"] }), part("b", { needs: ["a"] })]), /a > b > a/);
  assert.throws(() => orderParts([part("a", { needs: ["nowhere"] })]), /a needs nowhere/);
  assert.throws(() => orderParts([part("a"), part("a")]), /same name/);
});

Deno.test("a changed input changes the hash of everything above it and of nothing else", () => {
  const make = (version: string) =>
    hashParts([
      part("sources", { inputs: [version] }),
      part("program", { needs: ["sources"] }),
      part("other"),
    ]);
  const [before, after] = [make("1"), make("2")];
  assert.notEqual(before.get("program"), after.get("program"));
  assert.equal(before.get("other"), after.get("other"));
});

Deno.test("sources are fetched only for a program that must be built", () => {
  const parts = [part("sources", { intermediate: true }), part("program", { needs: ["sources"] })];
  assert.deepEqual(names(partsToRun(parts, (p) => p.name === "program")), []);
  assert.deepEqual(names(partsToRun(parts, () => false)), ["sources", "program"]);
  assert.deepEqual(names(partsToRun(parts, (p) => p.name === "sources")), ["program"]);
});

Deno.test("one part that fetches and one that builds run side by side, never three", () => {
  const [fetchA, fetchB] = [part("fetch a", { kind: "fetch" }), part("fetch b", { kind: "fetch" })];
  const build = part("build");
  assert.equal(nextPart([fetchB, build], [fetchA], new Set()), build);
  assert.equal(nextPart([fetchB], [fetchA], new Set()), fetchB);
  assert.equal(nextPart([fetchB], [fetchA, build], new Set()), undefined);
  assert.equal(nextPart([part("late", { needs: ["fetch a"] })], [], new Set(["fetch a"])), undefined);
});

Deno.test("a second run does nothing, and a lost output is made again", async () => {
  await inCache(async (cacheDir, run) => {
    const make = part("thing", {
      outputs: ["thing"],
      run: async ({ workDir }) => {
        await Deno.writeTextFile(`${workDir}/thing`, "x");
        await Deno.rename(`${workDir}/thing`, `${cacheDir}/thing`);
        return "made";
      },
    });
    const first = await run([make]);
    assert.match(first.text, /s {2}thing made\n/);
    const second = await run([make]);
    assert.deepEqual(second.result, {
      ok: true,
      ran: [],
      timings: first.result.ok ? first.result.timings : {},
    });
    await Deno.remove(`${cacheDir}/thing`);
    const third = await run([make]);
    assert.deepEqual(third.result.ok && third.result.ran, ["thing"]);
  });
});

Deno.test("a part that fails names itself, its last log lines and its log, and stops the part beside it", async () => {
  await inCache(async (cacheDir, run) => {
    const { text, result } = await run([
      part("slow", { kind: "fetch", run: async (context) => (await context.run(["sleep", "60"]), "slept") }),
      part("bad", {
        run: async (context) => (await context.run(["sh", "-c", "echo wrong flag >&2; exit 7"]), ""),
      }),
      part("after", { needs: ["bad"] }),
    ]);
    assert.equal(result.ok, false);
    assert.equal(!result.ok && result.failed, "bad");
    assert.match(text, /bad failed: sh -c .* ended with exit 7/);
    assert.match(text, /\| wrong flag/);
    assert.ok(text.includes(`Whole log: ${cacheDir}/logs/bad.log`));
    assert.match(text, /slow stopped/);
    assert.ok(!text.includes("after"));
  });
});

Deno.test("a part that takes too long is ended and says so", async () => {
  await inCache(async (_, run) => {
    const { result } = await run([
      part("stuck", { timeoutMs: 200, run: async (context) => (await context.run(["sleep", "60"]), "") }),
    ]);
    assert.match(result.ok ? "" : result.why, /sleep took longer than 0.2 s/);
  });
});

Deno.test("a program that is not there fails its part with a reason", async () => {
  await inCache(async (_, run) => {
    const { result } = await run([
      part("none", { run: async (context) => (await context.run(["no-such-program"]), "") }),
    ]);
    assert.match(result.ok ? "" : result.why, /no-such-program/);
  });
});
