/**
 * Runs the diagnosis over cases of a public benchmark (Cloud-OpsBench) that lie beside the checkout, and says how often
 * the first root is the true one. Nothing of the benchmark is part of this repository.
 *
 *     deno run -A bench/rca.ts [--cases DIRECTORY] [--misses] [--only WORD] [--write]
 */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { components } from "../lib/components/mod.ts";
import { evaluate } from "../lib/engine/evaluate.ts";
import { refText } from "../lib/engine/model.ts";
import { factsOf } from "./rca/snapshot.ts";
import { judge, type Judged, tableOf, type Truth } from "./rca/score.ts";

/** Parts of a lakehouse, which these systems are not: their absence is no fault there. */
const LAKEHOUSE = new Set([
  "nessie",
  "postgresql",
  "spark-operator",
  "spark-history-server",
  "spark-client",
  "s3-user",
  "flux",
  "argo-cd",
  "external-secrets",
  "onepassword-connect",
  "rook-ceph",
  "platform",
]);

const PAGE = "docs/diagnosis.md";
const TABLE = /(<!-- benchmark: .* -->\n)[^]*?(<!-- end of benchmark -->)/;
const ENDING = ".raw.json.gz";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    cases: { type: "string", default: resolve(import.meta.dirname ?? ".", "../../shared/rca-benchmark") },
    misses: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});

async function truths(): Promise<Map<string, Truth> | undefined> {
  try {
    const text = await Deno.readTextFile(`${values.cases}/expected.json`);
    return new Map(Object.entries(JSON.parse(text) as Record<string, Truth>));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function run(known: ReadonlyMap<string, Truth>): Promise<{ all: Judged[]; msEach: number }> {
  const chosen = components.filter(({ name }) => !LAKEHOUSE.has(name));
  const all: Judged[] = [];
  let ms = 0;
  for (const [name, truth] of [...known].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    if (!`${name} ${truth.root_cause}`.includes(values.only)) continue;
    // Collected for all: what other components list is known not to be there, rather than not asked for.
    const facts = await factsOf(`${values.cases}/cases/${name}${ENDING}`, components);
    const started = performance.now();
    const { roots } = evaluate("data-platform:health", chosen, facts);
    ms += performance.now() - started;
    all.push(judge(name, truth, roots));
  }
  return { all, msEach: ms / Math.max(1, all.length) };
}

function printMisses(all: readonly Judged[]): void {
  const missed = all.filter(({ exact, others, truth }) => !exact || (others > 0 && truth.visible));
  for (const { name, truth, roots, object, exact } of missed) {
    const verdict = exact ? "false roots besides" : object ? "object, other cause" : "missed";
    console.log(`\n${name}: ${truth.root_cause} of ${truth.object}: ${verdict}`);
    for (const root of roots) {
      console.log(`  ${refText(root.object)} ${root.status} ${root.reason}: ${root.message}`);
    }
    if (roots.length === 0) console.log("  nothing");
  }
}

async function write(table: string): Promise<void> {
  const page = await Deno.readTextFile(PAGE);
  if (!TABLE.test(page)) throw new Error(`${PAGE} has no place for the table`);
  await Deno.writeTextFile(PAGE, page.replace(TABLE, (_, from, to) => `${from}\n${table}\n\n${to}`));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", PAGE] }).output();
}

const known = await truths();
if (known) {
  const { all, msEach } = await run(known);
  const table = tableOf(all);
  if (values.misses) printMisses(all);
  console.log(table);
  console.log(`\nDiagnosis: ${msEach.toFixed(1)} ms a case`);
  if (values.write) await write(table);
} else {
  console.log(`skipped: ${values.cases} holds no expected.json of the benchmark; say where with --cases`);
}
