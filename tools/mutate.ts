/**
 * Do the tests see a change? Changes one token of a file at a time, in a copy of the repository below the temporary
 * directory, and runs the tests that are given: a change that breaks none of them survives and is printed.
 *
 *   deno run -A tools/mutate.ts [--count 20] [--seed 1] lib/engine/check.ts [MORE FILES] -- tests/engine/check.test.ts [MORE TESTS]
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { refused, type Tool, toolArguments } from "../lib/cli/tool.ts";

/** What is found, and what takes its place: operators turned around, anchors, limits and guards taken away. */
const CHANGES: readonly [RegExp, string][] = [
  [/ \|\| /g, " && "],
  [/ && /g, " || "],
  [/ \?\? /g, " && "],
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ < /g, " <= "],
  [/ > /g, " >= "],
  [/ <= /g, " < "],
  [/ >= /g, " > "],
  [/ \+ /g, " - "],
  [/(?<=[(\s])!(?=[a-z(])/g, ""],
  [/\.some\(/g, ".every("],
  [/\.every\(/g, ".some("],
  [/\.startsWith\(/g, ".includes("],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/(?<=[(:= ]\/)\^/g, ""],
  [/\$(?=\/[a-z]*[.,;)])/g, ""],
  [/\b\d[\d_]*(?=[;,)\s])/g, "0"],
  [/^ *if \(.*\) (?:return\b.*|continue|throw .*);$/gm, ""],
  [/^ *\.\.\..*,$/gm, ""],
  [/\.filter\(\([^()]*\) => [^()]*\)/g, ""],
];

/** One change of one file. */
export interface Mutation {
  file: string;
  line: number;
  /** The line before and after. */
  before: string;
  after: string;
  /** The whole file with it. */
  text: string;
}

/** Every change that can be made to this text; comments, imports and lines of prose are left alone. */
export function mutationsOf(file: string, text: string): Mutation[] {
  const lines = text.split("\n");
  return CHANGES.flatMap(([find, put]) =>
    [...text.matchAll(find)].flatMap((match): Mutation[] => {
      const line = text.slice(0, match.index).split("\n").length;
      const before = lines[line - 1] ?? "";
      if (/^\s*(?:\*|\/[/*]|["'`]|import\b)/.test(before)) return [];
      const changed = text.slice(0, match.index) + put + text.slice(match.index + match[0].length);
      if (changed === text) return [];
      return [{
        file,
        line,
        before: before.trim(),
        after: (changed.split("\n")[line - 1] ?? "").trim(),
        text: changed,
      }];
    })
  );
}

/** `count` of them, the same for the same seed. */
export function chosen<T>(all: readonly T[], count: number, seed: number): T[] {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return all.map((item) => ({ item, at: next() })).toSorted((a, b) => a.at - b.at).slice(0, count).map((
    { item },
  ) => item);
}

function run(cwd: string, timeout: number, ...args: string[]): { ok: boolean; text: string } {
  const { status, stdout, stderr } = spawnSync(Deno.execPath(), args, { cwd, timeout, encoding: "utf8" });
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

/** The files of this work tree, also those that are not committed, in a directory of their own. */
function copyOfTree(): string {
  const root = decodeURIComponent(new URL("..", import.meta.url).pathname);
  const copy = mkdtempSync(join(tmpdir(), "lakecheck-mutate-"));
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  for (const file of listed.stdout.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  return copy;
}

const MUTATE: Tool = {
  name: "mutate",
  summary:
    "Do the tests see a change? Changes one token of a file at a time, in a copy of the repository below the temporary " +
    "directory, runs the tests after it, and prints the changes that no test sees.",
  flags: {
    count: { help: "how many changes", value: "N", fallback: "20" },
    seed: { help: "which changes are chosen", value: "N", fallback: "1" },
  },
  words: "FILE ... -- TEST ...",
  start: "deno run -A tools/mutate.ts",
};

async function main(argv: readonly string[]): Promise<void> {
  const cut = argv.indexOf("--");
  const { given, words: files } = await toolArguments(MUTATE, cut < 0 ? argv : argv.slice(0, cut));
  const tests = cut < 0 ? [] : argv.slice(cut + 1);
  const [count, seed] = [Number(given.get("count") ?? 20), Number(given.get("seed") ?? 1)];
  if (files.length === 0 || tests.length === 0) {
    Deno.exit(refused(MUTATE, "it needs files, -- and tests. See: deno task mutate --help"));
  }
  const copy = copyOfTree();
  try {
    const started = performance.now();
    const test = (ms: number) =>
      run(copy, ms, "test", "--no-prompt", "--allow-all", "--no-check", "--fail-fast", ...tests);
    const clean = test(600_000);
    // A change that makes the tests hang was seen.
    const longest = Math.ceil(20_000 + 4 * (performance.now() - started));
    if (!clean.ok) throw new Error(`the tests fail without any change:\n${clean.text.slice(-2000)}`);
    const all = files.flatMap((file) => mutationsOf(file, readFileSync(join(copy, file), "utf8")));
    const tried = chosen(all, count, seed);
    let survived = 0;
    for (const { file, line, before, after, text } of tried) {
      const original = readFileSync(join(copy, file), "utf8");
      writeFileSync(join(copy, file), text);
      // What does not compile is seen by the compiler.
      if (test(longest).ok && run(copy, 120_000, "check", file).ok) {
        survived++;
        console.log(`survived  ${file}:${line}\n  - ${before}\n  + ${after}`);
      }
      writeFileSync(join(copy, file), original);
    }
    console.log(
      `${tried.length} of ${all.length} tried, ${tried.length - survived} seen, ${survived} survived`,
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
