/** Takes known secrets out of text, in whatever form a server may quote them. Pure, and linear in the text. */
import { clean } from "./clean.ts";
import { folded, layersOf, type View, viewOf } from "./views.ts";

/** So many bytes of a secret in a row are too many; a shorter secret is only hidden where it stands as a value. */
export const RUN = 8;
/** A part of a secret at an edge where text was cut: that much shows that it is one. */
const EDGE = 4;
const HIDDEN = "…";

/** What is looked for: rows of 8 bytes of secrets, of a text as it is or unescaped, and of one that is folded. */
interface Known {
  exact: Rows;
  folded: Rows;
  /** How secrets begin and end, folded: rows of 4 to 7 bytes. */
  begins: Set<string>;
  ends: Set<string>;
  /** Longest first. */
  short: string[];
}

interface Rows {
  rows: Set<string>;
  /** Which hashes there are: most places of a text are told by it alone. */
  hashes: Uint8Array;
}

/**
 * `text` with every known secret replaced by "…". Of a secret of 8 bytes or more, no 8 bytes in a row stay, be they as
 * they are, percent-encoded, escaped as in JSON, with HTML entities, in base64 or base64url at any offset, in hex, or
 * several of these upon each other; so it does not matter where the text was cut. A text that ends or begins with an
 * ellipsis loses the 4 to 7 bytes of a secret beside it, too. A shorter secret is replaced where it is the value after
 * a word such as password, and nowhere else: half of all messages contain "ok".
 */
export function redact(text: string, secrets: readonly string[]): string {
  const known = knownOf(secrets);
  const hidden = new Uint8Array(text.length);
  if (known.exact.rows.size > 0) {
    for (const view of layersOf(viewOf(text))) {
      hideRows(view, known.exact, hidden);
      const flat = folded(view);
      hideRows(flat, known.folded, hidden);
      hideEdges(text, flat, known, hidden);
    }
  }
  hideValues(text, known.short, hidden);
  return replaced(text, hidden);
}

function replaced(text: string, hidden: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const begin = hidden.indexOf(1, at);
    if (begin < 0) {
      parts.push(text.slice(at));
      break;
    }
    const next = hidden.indexOf(0, begin);
    parts.push(text.slice(at, begin), HIDDEN);
    at = next < 0 ? text.length : next;
  }
  return parts.join("");
}

/** The value of eight bytes for a hash that rolls on by one byte. */
const BASE = 0x01000193;
const OUT = Array.from({ length: RUN }).reduce<number>((power) => Math.imul(power, BASE), 1);
const roll = (hash: number, comes: number, goes: number) =>
  (Math.imul(hash, BASE) + comes - Math.imul(goes, OUT)) | 0;
const slot = (hash: number, mask: number) => (hash ^ hash >>> 15) & mask;

function rowsOf(forms: Iterable<Uint8Array>): Rows {
  const rows = new Set<string>();
  for (const bytes of forms) {
    for (let i = 0; i + RUN <= bytes.length; i++) {
      const row = latin(bytes, i, i + RUN);
      // A row of blanks is no secret.
      if (/[^\0- ]/.test(row)) rows.add(row);
    }
  }
  const hashes = new Uint8Array(2 ** Math.ceil(Math.log2(16 * rows.size + 16)));
  for (const row of rows) {
    let hash = 0;
    for (let i = 0; i < RUN; i++) hash = roll(hash, row.charCodeAt(i), 0);
    hashes[slot(hash, hashes.length - 1)] = 1;
  }
  return { rows, hashes };
}

function hideRows({ bytes, from, to }: View, { rows, hashes }: Rows, hidden: Uint8Array): void {
  const mask = hashes.length - 1;
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) {
    hash = roll(hash, bytes[i] ?? 0, i < RUN ? 0 : bytes[i - RUN] ?? 0);
    const begin = i - RUN + 1;
    if (begin < 0 || hashes[slot(hash, mask)] === 0) continue;
    if (rows.has(latin(bytes, begin, i + 1))) {
      hidden.fill(1, from[begin], to[i]);
    }
  }
}

const ELLIPSIS_AFTER = /(?:…|\.\.\.|[[(]truncated[\])])["'\s]*$/;
const ELLIPSIS_BEFORE = /^["'\s]*(?:…|\.\.\.)/;
const LONGEST_ELLIPSIS = 24;

/** A server that cuts by itself says so by an ellipsis, and may have cut within a secret. */
function hideEdges(text: string, { bytes, from, to }: View, known: Known, hidden: Uint8Array): void {
  const ending = ELLIPSIS_AFTER.exec(text.slice(-LONGEST_ELLIPSIS));
  if (ending) {
    const edge = Math.max(0, text.length - LONGEST_ELLIPSIS) + ending.index;
    const after = to.findLastIndex((end) => end <= edge) + 1;
    const length = PARTS.findLast((one) => known.begins.has(latin(bytes, after - one, after)));
    if (length) hidden.fill(1, from[after - length], to[after - 1]);
  }
  const opening = ELLIPSIS_BEFORE.exec(text.slice(0, LONGEST_ELLIPSIS));
  if (opening) {
    const first = from.findIndex((begin) => begin >= opening[0].length);
    const length = PARTS.findLast((one) => known.ends.has(latin(bytes, first, first + one)));
    if (length) hidden.fill(1, from[first], to[first + length - 1]);
  }
}

const PARTS = Array.from({ length: RUN - EDGE }, (_, i) => EDGE + i);

function latin(bytes: Uint8Array, begin: number, end: number): string {
  let text = "";
  for (let i = Math.max(0, begin); i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

let last: { key: string; known: Known } | undefined;

/** Made once for a set of secrets: a client has many messages, and the same secrets for all of them. */
function knownOf(secrets: readonly string[]): Known {
  const key = JSON.stringify(secrets);
  if (last?.key !== key) last = { key, known: know(secrets) };
  return last.known;
}

function know(secrets: readonly string[]): Known {
  const plain = [...new Set(secrets.flatMap(formsOf))].map(viewOf);
  const long = plain.filter(({ bytes }) => bytes.length >= RUN);
  const flat = long.flatMap((view) => [folded(view).bytes, ...encodedForms(view.bytes)]);
  return {
    exact: rowsOf(long.map(({ bytes }) => bytes)),
    folded: rowsOf(flat),
    begins: new Set(flat.flatMap((form) => PARTS.map((length) => latin(form, 0, length)))),
    ends: new Set(
      flat.flatMap((form) => PARTS.map((length) => latin(form, form.length - length, form.length))),
    ),
    short: secrets.filter((one) => one.trim() !== "" && viewOf(one).bytes.length < RUN)
      .toSorted((a, b) => b.length - a.length),
  };
}

/** The secret, what it says if it is base64, and each without escapes, cleaned, and with blanks as forms send them. */
function formsOf(secret: string): string[] {
  const said = secret.length < RUN ? [secret] : [secret, ...fromBase64(secret)];
  const bare = said.flatMap((one) =>
    layersOf(viewOf(one)).map(({ bytes }) => new TextDecoder().decode(bytes))
  );
  return bare.flatMap((one) => [one, clean(one), one.replaceAll(" ", "+")]);
}

function fromBase64(text: string): string[] {
  try {
    const alphabet = /[-_]/.test(text) ? "base64url" : "base64";
    return [
      new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text.trim(), { alphabet })),
    ];
  } catch {
    return [];
  }
}

/** Base64 as it is at each of the three offsets within longer base64, and hex; folded. */
function encodedForms(bytes: Uint8Array): Uint8Array[] {
  const shifted = [0, 1, 2].map((offset) => {
    const whole = new Uint8Array(offset + bytes.length);
    whole.set(bytes, offset);
    // The sign that the offset shares with what stands before is not the secret's alone.
    return whole.toBase64().slice(offset === 0 ? 0 : offset + 1);
  });
  return [...shifted, bytes.toHex()].map((text) => folded(viewOf(text)).bytes);
}

/** What stands before a value that is a secret: `password=`, `"password": "`, or the word alone and a quote. */
const BEFORE_VALUE =
  /(?:pass(?:word|wd|phrase|code)?|pwd|token|secret|key|credentials?)["'`]?\s{0,3}[=:]{1,2}\s{0,3}["'`]?|(?:pass(?:word|wd|phrase|code)|pwd)\s{1,3}["'`]/gi;

/** Hides short secrets where they are values. */
function hideValues(text: string, short: readonly string[], hidden: Uint8Array): void {
  if (short.length === 0) return;
  for (const { index, 0: { length } } of text.matchAll(BEFORE_VALUE)) {
    const at = index + length;
    const value = short.find((one) => text.startsWith(one, at) && !/[\w-]/.test(text[at + one.length] ?? ""));
    if (value !== undefined) hidden.fill(1, at, at + value.length);
  }
}
