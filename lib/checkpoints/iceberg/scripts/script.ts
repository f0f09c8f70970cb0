/**
 * The scripts of docs/iceberg: SQL that people copy, with what each statement gives as comments below it.
 *
 *     SELECT id, name FROM lakehouse.demo.sample_data ORDER BY id;
 *     -- => 1 | alpha
 *     -- => 2 | NULL
 *
 * `-- => NAME=1` also keeps the value, and `${NAME}` in a later statement stands for it; `NAME=*` keeps whatever comes.
 * `-- no rows`; `-- fails: REASON`; `-- scans 1 of 3 files`. Pure.
 */

export interface Statement {
  sql: string;
  /** Line of its first word, from 1. */
  line: number;
  expected: Expected;
}

/** What a statement must come to. Nothing of it: it succeeds, whatever it gives. */
export interface Expected {
  /** The rows in their order; a cell as it is written. */
  rows?: readonly (readonly string[])[];
  /** It fails, and is classified so. */
  fails?: string;
  scans?: { files: number; of: number };
}

/** A script can't be read: a bug of ours, not a fault of the platform. */
export class ScriptError extends Error {
  override name = "ScriptError";
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

/** The statements of a script. ScriptError. */
export function readScript(text: string): Statement[] {
  const statements: Statement[] = [];
  let last: Statement | undefined;
  for (const { kind, text: part, line } of partsOf(text)) {
    if (kind === "statement") statements.push(last = { sql: part, line, expected: {} });
    else if (last) last.expected = withComment(last.expected, part, line);
    else if (isExpectation(part)) throw new ScriptError(line, "says what comes of a statement before any");
  }
  return statements;
}

interface Part {
  kind: "statement" | "comment";
  text: string;
  line: number;
}

/** What stands between quotes belongs to its statement, whatever it is; a quote that is doubled begins the next part. */
const TOKEN = /'[^']*'|"[^"]*"|`[^`]*`|--[^\n]*|;|[\s\S]/g;

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let [sql, began, line] = ["", 1, 1];
  for (const [token] of text.matchAll(TOKEN)) {
    if (sql.trim() === "") began = line;
    if (token === "'" || token === '"' || token === "`") {
      throw new ScriptError(line, `the quote ${token} is not closed`);
    }
    if (token === ";") {
      if (sql.trim() === "") throw new ScriptError(line, "there is no statement before the semicolon");
      parts.push({ kind: "statement", text: sql.trim(), line: began });
      sql = "";
    } else if (token.startsWith("--")) {
      if (sql.trim() === "") parts.push({ kind: "comment", text: token.slice(2).trim(), line });
      else sql += " ";
    } else sql += token;
    line += token.split("\n").length - 1;
  }
  if (sql.trim() !== "") throw new ScriptError(began, "the statement has no semicolon at its end");
  return parts;
}

const isExpectation = (comment: string) => /^(?:=>|no rows$|fails:|scans \d)/.test(comment);

function withComment(expected: Expected, comment: string, line: number): Expected {
  if (!isExpectation(comment)) return expected;
  if (comment === "no rows") return { ...expected, rows: [] };
  const [, row] = /^=> ?(.*)$/.exec(comment) ?? [];
  if (row !== undefined) return { ...expected, rows: [...expected.rows ?? [], row.split(" | ")] };
  const [, fails] = /^fails: ([A-Z][A-Za-z0-9]*)$/.exec(comment) ?? [];
  if (fails !== undefined) return { ...expected, fails };
  const [, files, of] = /^scans (\d+) of (\d+) files$/.exec(comment) ?? [];
  if (files !== undefined && of !== undefined) {
    return { ...expected, scans: { files: Number(files), of: Number(of) } };
  }
  throw new ScriptError(line, `is no expectation that is known: ${comment}`);
}

/** Values that a script has kept, by their names. */
export type Kept = Record<string, string>;

/** Puts kept values in. ScriptError for one that was not kept. */
export function withKept(sql: string, kept: Readonly<Kept>, line: number): string {
  return sql.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(kept, name) ? kept[name] : undefined;
    if (value === undefined) throw new ScriptError(line, `nothing was kept as ${name}`);
    return value;
  });
}

/** How rows differ from those expected; undefined: they do not. What is to be kept goes into `kept`. */
export function difference(
  expected: readonly (readonly string[])[],
  rows: readonly (readonly (string | null)[])[],
  kept: Kept,
): { observed: string; expected: string } | undefined {
  const shown = (row: readonly (string | null)[] | undefined) =>
    row ? row.map((cell) => cell ?? "NULL").join(" | ") : "no further row";
  for (let at = 0; at < Math.max(expected.length, rows.length); at++) {
    const [want, got] = [expected[at], rows[at]];
    const same = want && got && want.length === got.length &&
      want.every((cell, column) => isSame(cell, got[column] ?? null, kept));
    if (!same) return { observed: shown(got), expected: shown(want) };
  }
  return undefined;
}

function isSame(want: string, got: string | null, kept: Kept): boolean {
  const [, name, value] = /^([a-z_]\w*)=(.*)$/.exec(want) ?? [];
  const found = got ?? "NULL";
  if (name === undefined || value === undefined) return want === found;
  kept[name] = found;
  return value === "*" || value === found;
}
