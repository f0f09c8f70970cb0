/**
 * Texts from elsewhere in files that other programs read: one line in a comment, quoted in a value as the format has
 * it. Pure.
 */

/** What ends a line somewhere, or what nobody sees: marks of direction, halves of surrogate pairs. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/** The text on one line, whatever reads it. */
function flat(text: string): string {
  return text.replace(UNSEEN, " ").trimEnd();
}

/** A line that its reader passes over; the only way to make one of a text from elsewhere. */
export function comment(mark: "#" | "--" | "<!--", text: string): string {
  // XML allows no two dashes in a comment, and none at its end.
  if (mark === "<!--") return `<!-- ${flat(text).replace(/-(?=-|$)/g, "- ")} -->`;
  return `${mark} ${flat(text)}`.trimEnd();
}

/** Between tags. What XML 1.0 has no place for is a question mark in a box, so that the file can be read. */
export function xmlText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/gu, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * A key and its value as java.util.Properties reads them, and Spark its defaults.
 * https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)
 */
export function propertyLine(key: string, separator: "=" | " ", value: string): string {
  const name = escapedProperty(key).replace(/[:= #!]/g, String.raw`\$&`);
  return `${name}${separator}${escapedProperty(value).replace(/^[ =:]/, String.raw`\$&`)}`;
}

/** Backslashes, and what is no printable ASCII, as Java writes them. */
function escapedProperty(text: string): string {
  return text.replaceAll("\\", "\\\\").replace(/[^\x20-\x7e]/g, (unit) => `\\u${hex(unit)}`);
}

/** A YAML scalar in double quotes, which is JSON; what ends a line in YAML 1.1 is escaped, too. */
export function yamlText(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, (unit) => `\\u${hex(unit)}`);
}

/** A string literal of SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A line of an AWS configuration: it knows no quotes, so that a value has one line. */
export function iniLine(key: string, value: string): string {
  return `${key} = ${flat(value).trimStart()}`;
}

/** A line for `source` and for `docker --env-file`: plain where that is enough for both, else a word of POSIX sh. */
export function envLine(name: string, value: string): string {
  const text = flat(value);
  return `${name}=${/^[\w./:@%+,-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`}`;
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}
