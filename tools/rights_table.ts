/** The rights of every task of deno.json as a table for people, in docs/security.md. */

const COLUMNS = [
  "task",
  "reads files",
  "writes files",
  "network",
  "starts programs",
  "native code",
  "environment",
];

/** What a command line of `deno` allows, to what: an empty text is everything. */
export function rightsIn(command: string): Map<string, string> {
  const flags = command.matchAll(/(?<=\s)("?)--allow-([a-z]+)(?:=((?:\$\([^)]*\)|[^\s"])*))?\1(?=\s)/g);
  return new Map([...flags].map(([, , right = "", to = ""]) => [right, to]));
}

/** Variables that say where the cluster is, how to print, and how much to say of our own bugs. */
const COMMON =
  "KUBECONFIG,HOME,USERPROFILE,KUBERNETES_SERVICE_HOST,KUBERNETES_SERVICE_PORT,NO_COLOR,TERM,LAKECHECK_DEBUG";

/** A row for each set of rights, with the tasks that have it. */
export function rightsTable(tasks: Readonly<Record<string, { command: string }>>): string {
  const rows = new Map<string, { names: string[]; cells: string[] }>();
  for (const [name, { command }] of Object.entries(tasks)) {
    const cells = cellsOf(rightsIn(command));
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

function cellsOf(rights: Map<string, string>): string[] {
  const cell = (right: string) => {
    const to = rights.has("all") ? "" : rights.get(right);
    if (to === undefined) return "no";
    if (to === "") return "all";
    if (right === "ffi") return "DuckDB's";
    const more = to.replace(COMMON, "").split(",").filter((name) => name !== "").map((one) => `\`${one}\``);
    return [...to.startsWith(COMMON) ? ["common"] : [], ...more].join(", ");
  };
  return ["read", "write", "net", "run", "ffi", "env"].map(cell);
}

const BLOCK = /(<!-- rights -->\n)[^]*?(<!-- \/rights -->)/;

/** The page about security with the table as it is now. */
export async function securityText(): Promise<string> {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const page = await Deno.readTextFile("docs/security.md");
  return page.replace(BLOCK, (_, from, to) => `${from}\n${rightsTable(tasks)}\n\n${to}`);
}
