/** The codes by which servers name what went wrong. Pure. */

/**
 * The code, if it is one: a word of at most 64 letters, digits and underscores, as `NoSuchKey`, `REFERENCE_CONFLICT`.
 * What is none is not passed on: codes stand in messages, reasons and comments of files, and are looked up in tables.
 */
export function codeOf(text: unknown): string | undefined {
  return typeof text === "string" && /^[A-Za-z]\w{0,63}$/.test(text) ? text : undefined;
}
