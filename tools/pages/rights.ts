/** The rights of every task of deno.json as a table for people, in docs/security.md. */
import { COMMON_ENV, type Right, type Rights, TASKS } from "../tasks.ts";

const COLUMNS = [
  "task",
  "reads files",
  "writes files",
  "network",
  "starts programs",
  "native code",
  "environment",
];

/** A row for each set of rights, with the tasks that have it. */
export function rightsTable(): string {
  const rows = new Map<string, { names: string[]; cells: string[] }>();
  for (const [name, { rights }] of TASKS) {
    const cells = cellsOf(rights);
    const row = rows.get(cells.join()) ?? { names: [], cells };
    row.names.push(`\`${name}\``);
    rows.set(cells.join(), row);
  }
  const lines = [COLUMNS, ...[...rows.values()].map(({ names, cells }) => [names.join(", "), ...cells])];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const ruled = [lines[0] ?? [], widths.map((width) => "-".repeat(width)), ...lines.slice(1)];
  return ruled.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`).join(
    "\n",
  );
}

function cellsOf(rights: Rights): string[] {
  const cell = (right: Right) => {
    const to = rights.all ?? rights[right];
    if (to === undefined) return "no";
    if (to === true) return "all";
    if (right === "ffi") return "DuckDB's";
    const more = to.filter((one) => !(right === "env" && COMMON_ENV.includes(one))).map((one) =>
      `\`${one}\``
    );
    return [...right === "env" ? ["common"] : [], ...more].join(", ");
  };
  return (["read", "write", "net", "run", "ffi", "env"] as const).map(cell);
}

const BLOCK = /(<!-- rights -->\n)[^]*?(<!-- \/rights -->)/;

/** The page about security with the table as it is now. */
export async function securityText(): Promise<string> {
  const page = await Deno.readTextFile("docs/security.md");
  return page.replace(BLOCK, (_, from, to) => `${from}\n${rightsTable()}\n\n${to}`);
}
