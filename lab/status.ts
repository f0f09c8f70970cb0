import { are } from "../lib/engine/sentence.ts";
import { hang } from "../lib/render/mod.ts";
import { terminalWidth } from "../lib/cli/terminal.ts";
import type { LabContext } from "./context.ts";
import { clusterParts, type LabPart } from "./cluster/mod.ts";
import { platformParts } from "./platform/mod.ts";

const COLUMNS = ["", "PART", "VERSION", "STATE"];

/** Pure: the parts as an aligned table, and below it what is a stand-in for what, and other notes. */
export function renderParts(parts: readonly LabPart[], width: number): string {
  const rows = parts.map((part) => [
    part.ready ? "ok" : "--",
    part.name,
    part.version,
    part.real ? part.state : `${part.state}, stand-in`,
  ]);
  const table = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.flatMap((row) => {
    const head = row.slice(0, -1).map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}  `).join("");
    return hang(head, row.at(-1) ?? "", width);
  });
  const notes = parts.flatMap(({ name, real, note }) =>
    note ? hang("  ", `${name}${real ? "" : ", a stand-in"}: ${note}.`, width) : []
  );
  return [...lines, ...notes.length > 0 ? ["", ...notes] : []].join("\n");
}

/** Prints the state of every part. True when all are ready. */
export async function showStatus(ctx: LabContext | undefined, json: boolean): Promise<boolean> {
  const parts = ctx ? (await Promise.all([clusterParts(ctx), platformParts(ctx)])).flat() : [];
  const ready = ctx !== undefined && parts.every((part) => part.ready);
  if (json) {
    const lab = ctx ? { root: ctx.root, slot: ctx.slot, kubeconfig: ctx.kubeconfig, cache: ctx.cache } : null;
    console.log(
      JSON.stringify(
        { schema: "lakecheck.lab-status/v1", up: ctx !== undefined, ready, lab, parts },
        null,
        2,
      ),
    );
    return ready;
  }
  if (!ctx) {
    console.log("There is no lab of this checkout. Next: deno task lab:up");
    return false;
  }
  console.log(renderParts(parts, terminalWidth()));
  const waiting = parts.filter((part) => !part.ready).length;
  const verdict = ready
    ? "Every part is ready."
    : `${waiting} of ${parts.length} parts ${are(waiting)} not ready. Next: deno task lab:up`;
  console.log(`\n${verdict}\nKubeconfig: ${ctx.kubeconfig}`);
  return ready;
}
