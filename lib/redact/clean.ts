/** Text from elsewhere made harmless for a terminal and for one line. Pure. */

/** Escape sequences: CSI, then strings such as OSC up to their end, then what is left of two-byte ones. */
const SEQUENCES =
  // deno-lint-ignore no-control-regex
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
/** Whatever a terminal or an editor takes for the end of a line. */
const BREAK = /[\t\n\v\f\r\x85\u2028\u2029]/;
const BLANKS = /[\s\x85]+/g;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
/** Marks that have no width: they turn the direction of text, hide in it or tell two equal texts apart. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * One line of text that a terminal cannot be tricked with. Names and messages come from the cluster: whoever
 * may write them there must not be able to move the cursor, set colours or hide words here. Cleaning twice changes
 * nothing more.
 */
export function clean(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(INVISIBLE, "").replace(SEQUENCES, "").replace(
    BLANKS,
    (blank) => BREAK.test(blank) ? " " : blank,
  ).replace(CONTROLS, "\ufffd").trim();
}

/** As `clean`, with the blanks that an indented line begins with. */
export function cleanLine(text: string): string {
  const [indent = ""] = /^ */.exec(text) ?? [];
  return indent + clean(text);
}
