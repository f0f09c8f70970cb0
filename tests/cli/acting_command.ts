/** A command that acts instead of reading, for tests that run the whole process. Its flag says how it goes. */
import { main } from "../../lib/cli/main.ts";
import { CannotLook, Interrupted, UsageError } from "../../lib/engine/errors.ts";
import { buildReport, type Report } from "../../lib/engine/report.ts";

function report(): Report {
  return buildReport({
    command: "toys:make",
    facts: {
      schema: "lakecheck.facts/v1",
      collectedAt: "2026-01-01T00:00:00Z",
      context: "toy",
      namespace: "toy",
      sources: {},
    },
    components: [],
    findings: [],
    tables: [],
    roots: [],
    durationMs: 1,
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  console.error("waiting");
  const timer = setTimeout(() => {}, 60_000);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  clearTimeout(timer);
}

/** How long it may undo: `late` does not come to its end in that time, `stuck` and `undo` have all the time there is. */
const UNDO_MS: Record<string, number> = { late: 500, stuck: 600_000, undo: 600_000 };
const undoMs = UNDO_MS[Deno.args[1] ?? ""];

await main({
  name: "toys:make",
  summary: "Makes toys.",
  examples: [],
  components: () => Promise.resolve([]),
  flags: {
    how: {
      help: "how it goes",
      value: "WORD",
      choices: ["well", "silent", "usage", "away", "stop", "wait", "undo", "stuck", "late"],
    },
  },
  without: ["facts", "save-facts"],
  format: "json",
  interrupted: "Half a toy is left. Run it again.",
  ...undoMs === undefined ? {} : { undoMs },
  async act({ given, signal }) {
    switch (given.get("how")) {
      case "silent":
        return undefined;
      case "usage":
        throw new UsageError("no wood");
      case "away":
        throw new CannotLook({ kind: "unreachable", message: "the shop is closed" });
      case "stop":
        throw new Interrupted("stop");
      case "undo":
        await aborted(signal);
        console.error("undone");
        throw signal.reason;
      case "late":
      case "stuck":
        await aborted(signal);
        return await new Promise(() => setTimeout(() => {}, 600_000));
      case "wait":
        console.error("waiting");
        return await new Promise((resolve) => setTimeout(() => resolve(report()), 60_000));
    }
    return report();
  },
}, Deno.args);
