/**
 * Tables of a report on a terminal: numbers to the right, text wrapped where the line is too short for it. Where even
 * single words are too long for that, a row becomes a block of lines.
 */
import type { Table } from "../engine/model.ts";
import { columns, hang, pad, type Paint, wrap } from "./text.ts";

const GAP = "  ";
const MARGIN = "  ";
/** Text columns are made narrower than they are, but not than this. */
const NARROW = 12;

/** The title, the heads and the rows; a row has several lines when its text does not fit. */
export function tableLines(table: Table, width: number, paint: Paint): string[] {
  const cells = table.rows.map((row) => row.map(text));
  const title = wrap(table.title, width).map((line) => paint(["bold"], line));
  if (cells.length === 0) return [...title, "  (nothing)"];
  const numeric = table.columns.map((_, at) => table.rows.every((row) => typeof (row[at] ?? 0) === "number"));
  const all = table.columns.map((head, at) => [head, ...cells.map((row) => row[at] ?? "")]);
  const widths = fit(all, numeric, width - MARGIN.length);
  if (!widths) return [...title, ...blocks(table.columns, cells, width, paint)];
  const line = (row: readonly string[]) => rowLines(row, widths, numeric);
  return [...title, ...line(table.columns).map((head) => paint(["dim"], head)), ...cells.flatMap(line)];
}

/** Tables that this format shows, each as a section. */
export function tableSections(tables: readonly Table[] = [], width: number, paint: Paint): string[][] {
  return tables.map((table) => tableLines(table, width, paint));
}

/** Three digits that count: 0.123, 12.3, 12,345. */
function text(cell: string | number): string {
  if (typeof cell === "string") return cell;
  const digits = Math.abs(cell) >= 100 ? 0 : Math.abs(cell) >= 10 ? 1 : 2;
  return cell.toLocaleString("en-US", { maximumFractionDigits: Number.isInteger(cell) ? 0 : digits });
}

const widest = (cells: readonly string[]): number => Math.max(...cells.map(columns));

/**
 * The widths of the columns: takes from the widest text until all fit, but not so much that a word would not. Undefined:
 * they can't fit.
 */
function fit(all: readonly string[][], numeric: readonly boolean[], room: number): number[] | undefined {
  const widths = all.map(widest);
  const least = all.map((cells, at) =>
    numeric[at] ? widths[at] ?? 0 : Math.max(NARROW, ...cells.flatMap((cell) => cell.split(" ")).map(columns))
  );
  const over = () => widths.reduce((sum, wide) => sum + wide, GAP.length * (widths.length - 1)) - room;
  while (over() > 0) {
    const spare = widths.map((wide, at) => wide > (least[at] ?? 0) ? wide : 0);
    const most = Math.max(...spare);
    if (most === 0) return undefined;
    widths[spare.indexOf(most)] = most - 1;
  }
  return widths;
}

/** The first cell as a heading, once for all rows that share it, and under it a line for each of the others. */
function blocks(heads: readonly string[], cells: readonly string[][], width: number, paint: Paint): string[] {
  const wide = widest(heads.slice(1)) + GAP.length;
  return cells.flatMap((row, index) => [
    ...row[0] === cells[index - 1]?.[0] ? [] : [`${MARGIN}${row[0] ?? ""}`],
    ...row.slice(1).flatMap((cell, at) => {
      const head = `${at === 0 ? MARGIN.repeat(2) : MARGIN.repeat(3)}${pad(heads[at + 1] ?? "", wide)}`;
      return hang(head, cell, width, paint(["dim"], head));
    }),
  ]);
}

function rowLines(row: readonly string[], widths: readonly number[], numeric: readonly boolean[]): string[] {
  const wrapped = widths.map((wide, at) => wrap(row[at] ?? "", wide));
  const height = Math.max(1, ...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, index) => {
    const cells = widths.map((wide, at) => {
      const cell = wrapped[at]?.[index] ?? "";
      return numeric[at] ? " ".repeat(Math.max(0, wide - columns(cell))) + cell : pad(cell, wide);
    });
    return `${MARGIN}${cells.join(GAP)}`.trimEnd();
  });
}
