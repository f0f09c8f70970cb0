/** Tables of a report on a terminal: numbers to the right, text wrapped where the line is too short for it. */
import type { Table } from "../model.ts";
import { columns, pad, type Paint, wrap } from "./text.ts";

const GAP = "  ";
/** Text columns are made narrower than they are, but not than this. */
const NARROW = 12;

/** The title, the heads and the rows; a row has several lines when its text does not fit. */
export function tableLines(table: Table, width: number, paint: Paint): string[] {
  const cells = table.rows.map((row) => row.map(text));
  const numeric = table.columns.map((_, at) => table.rows.every((row) => typeof (row[at] ?? 0) === "number"));
  const widths = fit(
    table.columns.map((head, at) => widest([head, ...cells.map((row) => row[at] ?? "")])),
    numeric,
    width - 2,
  );
  const line = (row: readonly string[]) => rowLines(row, widths, numeric);
  return [
    paint(["bold"], table.title),
    ...line(table.columns).map((head) => paint(["dim"], head)),
    ...cells.length === 0 ? ["  (nothing)"] : cells.flatMap(line),
  ];
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

/** Takes from the widest text column until all fit, or none can give more. */
function fit(widths: readonly number[], numeric: readonly boolean[], room: number): number[] {
  const fitted = [...widths];
  const total = () => fitted.reduce((sum, wide) => sum + wide, GAP.length * (fitted.length - 1));
  while (total() > room) {
    const most = Math.max(...fitted.filter((_, at) => !numeric[at]), 0);
    if (most <= NARROW) break;
    const at = fitted.findIndex((wide, index) => !numeric[index] && wide === most);
    fitted[at] = most - 1;
  }
  return fitted;
}

function rowLines(row: readonly string[], widths: readonly number[], numeric: readonly boolean[]): string[] {
  const wrapped = widths.map((wide, at) => wrap(row[at] ?? "", wide));
  const height = Math.max(1, ...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, index) => {
    const cells = widths.map((wide, at) => {
      const cell = wrapped[at]?.[index] ?? "";
      return numeric[at] ? " ".repeat(Math.max(0, wide - columns(cell))) + cell : pad(cell, wide);
    });
    return `  ${cells.join(GAP)}`.trimEnd();
  });
}
