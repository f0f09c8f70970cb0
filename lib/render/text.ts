/** Words on a terminal: made harmless, measured in columns, wrapped, and painted. */
import { clean } from "../redact/mod.ts";

export type Colour = "red" | "yellow" | "green" | "magenta" | "cyan" | "dim" | "bold";

// Written out because `node:util`, which has styleText, costs more to load than the rest of the start.
const CODES: Record<Colour, [number, number]> = {
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export type Paint = (colours: readonly Colour[], text: string) => string;

/** Paints, or gives the text back as it is. Colour is never the only sign of anything. */
export function painter(colour: boolean): Paint {
  if (!colour) return (_colours, text) => text;
  return (colours, text) =>
    colours.reduce((inner, name) => `\x1b[${CODES[name][0]}m${inner}\x1b[${CODES[name][1]}m`, text);
}

/** A copy of plain data in which every string is clean. */
export function cleanAll<T>(value: T): T {
  if (typeof value === "string") return clean(value) as T;
  if (Array.isArray(value)) return value.map(cleanAll) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, cleanAll(entry)])) as T;
}

const ASCII = /^[\x20-\x7e]*$/;
const ZERO = /[\p{Mn}\p{Me}\u200d\ufe0f]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;

/** Columns that the text takes on a terminal. */
export function columns(text: string): number {
  if (ASCII.test(text)) return text.length;
  let wide = 0;
  for (const sign of text) wide += ZERO.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  return wide;
}

/** Pads to that many columns; longer text stays whole. */
export function pad(text: string, to: number): string {
  return text + " ".repeat(Math.max(0, to - columns(text)));
}

/** Holds two words together when lines are broken; a plain space on the screen. */
export const TIE = "\u00a0";

/** Breaks between words only: a word longer than a line gets one of its own, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && columns(line) + 1 + columns(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((whole) => whole.replaceAll(TIE, " "));
}

/** Wrapped text whose first line starts with `head`, the others under the text of the first. */
export function hang(head: string, text: string, width: number, painted: string = head): string[] {
  const indent = columns(head);
  return wrap(text, Math.max(20, width - indent)).map((line, i) =>
    i === 0 ? (painted + line).trimEnd() : (" ".repeat(indent) + line).trimEnd()
  );
}
