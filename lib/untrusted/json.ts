/** The one place that parses JSON, all of which comes from outside. */

/** Levels of lists and objects within each other: nothing that is read here has more than a dozen. */
export const DEEPEST = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** With this bit, [ is { and ] is }. */
const ALIKE = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** JSON that may be whole, and is nested deeper than is read here. */
export class TooDeep extends SyntaxError {
  override name = "TooDeep";
}

/** What an engine with `context.source` gives its reviver; the compiler's library does not know it yet. */
export type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

/**
 * As JSON.parse, for values that are walked, compared or written again. Throws SyntaxError, and TooDeep for what is
 * nested deeper than 200 levels: whoever walks such a value by calling himself comes to the end of the stack.
 */
export function parseJson(text: string, reviver?: Reviver): unknown {
  if (isDeep(text)) throw new TooDeep(`it is nested deeper than ${DEEPEST} levels`);
  return JSON.parse(text, reviver);
}

/**
 * As JSON.parse, of any depth: for lists of many megabytes whose readers (shape.ts) take the fields they name and go no
 * deeper. Looking at each sign first would cost a fifth of the parsing, and the parser does not use the stack.
 */
export function parseList(text: string): unknown {
  return JSON.parse(text);
}

function isDeep(text: string): boolean {
  // Fewer signs than two for each level can't be nested so deep.
  if (text.length <= 2 * DEEPEST) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfString(text, at);
    else if ((sign | ALIKE) === OPEN && ++depth > DEEPEST) return true;
    else if ((sign | ALIKE) === CLOSE) depth--;
  }
  return false;
}

/** Where the string that begins at `at` ends; the end of the text when it does not. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const sign = text.charCodeAt(end);
    if (sign === QUOTE) return end;
    if (sign === BACKSLASH) end++;
  }
  return text.length;
}
