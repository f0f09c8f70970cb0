/**
 * A text as bytes, each of which knows which signs of the text it stands for; so a secret is found where it was escaped
 * or encoded, and what is hidden is the escapes themselves. Pure, and linear in the text.
 */

export interface View {
  bytes: Uint8Array;
  /** Of each byte, the signs of the text it stands for: from `from` to before `to`. */
  from: Uint32Array;
  to: Uint32Array;
}

/** Takes bytes, or signs as UTF-8. */
interface Pen {
  byte(byte: number, from: number, to: number): void;
  sign(code: number, from: number, to: number): void;
  done(): View;
}

function pen(most: number): Pen {
  const bytes = new Uint8Array(most);
  const from = new Uint32Array(most);
  const to = new Uint32Array(most);
  let size = 0;
  const byte = (value: number, begin: number, end: number) => {
    bytes[size] = value;
    from[size] = begin;
    to[size++] = end;
  };
  return {
    byte,
    sign(code, begin, end) {
      if (code < 0x80) return byte(code, begin, end);
      if (code < 0x800) byte(0xc0 | code >> 6, begin, end);
      else {
        if (code < 0x10000) byte(0xe0 | code >> 12, begin, end);
        else {
          byte(0xf0 | code >> 18, begin, end);
          byte(0x80 | code >> 12 & 63, begin, end);
        }
        byte(0x80 | code >> 6 & 63, begin, end);
      }
      byte(0x80 | code & 63, begin, end);
    },
    done: () => ({ bytes: bytes.subarray(0, size), from: from.subarray(0, size), to: to.subarray(0, size) }),
  };
}

/** The text as it is, in UTF-8. */
export function viewOf(text: string): View {
  const out = pen(text.length * 3);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const whole = unit >= 0xd800 && unit < 0xdc00 ? text.codePointAt(i) ?? unit : unit;
    const end = whole > 0xffff ? i + 2 : i + 1;
    out.sign(whole, i, end);
    i = end - 1;
  }
  return out.done();
}

const [BACKSLASH, PERCENT, AMPERSAND, SEMICOLON, HASH] = [0x5c, 0x25, 0x26, 0x3b, 0x23];
const ESCAPES = [BACKSLASH, PERCENT, AMPERSAND];
/** A secret that is escaped more often than this is found no more. */
const MOST_LAYERS = 4;

/**
 * The view, and without each layer of percent-encoding, of the escapes of JSON and of programming languages, and of HTML
 * entities, of one kind and of all together: a secret with a backslash is another one when that is taken for an escape.
 */
export function layersOf(view: View): View[] {
  const kinds = ESCAPES.filter((sign) => view.bytes.includes(sign));
  const single = kinds.length > 1 ? kinds.map((kind) => [kind]) : [];
  return [view, ...[kinds, ...single].flatMap((some) => layersWithout(view, some))];
}

function layersWithout(view: View, kinds: readonly number[]): View[] {
  const layers: View[] = [];
  for (let now = view; layers.length < MOST_LAYERS;) {
    const next = withoutLayer(now, kinds);
    if (next.bytes.length === now.bytes.length) break;
    layers.push(now = next);
  }
  return layers;
}

function withoutLayer(view: View, kinds: readonly number[]): View {
  const { bytes, from, to } = view;
  const out = pen(bytes.length);
  let high: { code: number; at: number } | undefined;
  for (let i = 0; i < bytes.length;) {
    const byte = bytes[i] ?? 0;
    const found = !kinds.includes(byte)
      ? undefined
      : byte === PERCENT
      ? percentAt(bytes, i)
      : byte === BACKSLASH
      ? escapeAt(bytes, i)
      : entityAt(bytes, i);
    const begin = from[high?.at ?? i] ?? 0;
    const end = to[i + (found?.length ?? 1) - 1] ?? 0;
    if (!found) out.byte(byte, from[i] ?? 0, end);
    else if (found.byte !== undefined) out.byte(found.byte, from[i] ?? 0, end);
    else if (isHigh(found.code)) {
      if (high) out.sign(high.code, begin, end);
      high = { code: found.code, at: i };
      i += found.length;
      continue;
    } else if (high && found.code >= 0xdc00 && found.code < 0xe000) {
      out.sign(0x10000 + (high.code - 0xd800) * 0x400 + found.code - 0xdc00, begin, end);
    } else out.sign(found.code, from[i] ?? 0, end);
    high = undefined;
    i += found?.length ?? 1;
  }
  return out.done();
}

const isHigh = (code: number) => code >= 0xd800 && code < 0xdc00;

/** What an escape stands for, and its length in bytes. */
type Escape = { length: number; byte: number; code?: undefined } | {
  length: number;
  code: number;
  byte?: undefined;
};

function percentAt(bytes: Uint8Array, at: number): Escape | undefined {
  const byte = digits(bytes, at + 1, 2);
  return byte === undefined ? undefined : { length: 3, byte };
}

const LETTERS = new Map([..."abfnrtv0"].map((letter, i) => [letter, "\x07\b\f\n\r\t\v\0".charCodeAt(i)]));

function escapeAt(bytes: Uint8Array, at: number): Escape | undefined {
  const next = bytes[at + 1];
  if (next === undefined) return undefined;
  const letter = String.fromCharCode(next);
  const hex = letter === "u" ? 4 : letter === "x" ? 2 : letter === "U" ? 8 : 0;
  const code = hex > 0 ? digits(bytes, at + 2, hex) : undefined;
  if (code !== undefined && code <= 0x10ffff) return { length: 2 + hex, code };
  return { length: 2, byte: LETTERS.get(letter) ?? next };
}

/** `&DiacriticalGrave;` without its first sign. */
const LONGEST_ENTITY = 17;
/** The entities of HTML 4 and 5 for the signs of ASCII: each sign with its names. */
const ENTITIES = new Map(
  Object.entries({
    "&": "amp AMP",
    "<": "lt LT",
    ">": "gt GT",
    '"': "quot QUOT",
    "'": "apos",
    "!": "excl",
    "#": "num",
    $: "dollar",
    "%": "percnt",
    "(": "lpar",
    ")": "rpar",
    "*": "ast midast",
    "+": "plus",
    ",": "comma",
    ".": "period",
    "/": "sol",
    ":": "colon",
    ";": "semi",
    "=": "equals",
    "?": "quest",
    "@": "commat",
    "[": "lsqb lbrack",
    "\\": "bsol",
    "]": "rsqb rbrack",
    "^": "Hat",
    _: "lowbar UnderBar",
    "`": "grave DiacriticalGrave",
    "{": "lcub lbrace",
    "|": "verbar vert VerticalLine",
    "}": "rcub rbrace",
    "\t": "Tab",
    "\n": "NewLine",
  }).flatMap(([sign, names]) => names.split(" ").map((name) => [name, sign])),
);
/** Those that may lack their semicolon. */
const BARE = /^(?:amp|lt|gt|quot|AMP|LT|GT|QUOT)/;

function entityAt(bytes: Uint8Array, at: number): Escape | undefined {
  const first = bytes[at + 1] ?? 0;
  if (first !== HASH && (first | 32) - 0x61 >>> 0 > 25) return undefined;
  const name = String.fromCharCode(...bytes.subarray(at + 1, at + 1 + LONGEST_ENTITY));
  const numeric = /^#(?:[xX]([0-9a-fA-F]{1,6})|(\d{1,7}));?/.exec(name);
  if (numeric) {
    const [all, hex, decimal] = numeric;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? { length: 1 + all.length, code } : undefined;
  }
  const [called = BARE.exec(name)?.[0] ?? ""] = /^[A-Za-z]+(?=;)/.exec(name) ?? [];
  const sign = ENTITIES.get(called);
  if (sign === undefined) return undefined;
  const ends = bytes[at + 1 + called.length] === SEMICOLON ? 1 : 0;
  return { length: 1 + called.length + ends, code: sign.charCodeAt(0) };
}

const NONE = 255;
const DIGITS = new Uint8Array(256).fill(NONE);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  DIGITS[digit.charCodeAt(0)] = DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

/** A number of so many hexadecimal digits. */
function digits(bytes: Uint8Array, at: number, count: number): number | undefined {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = DIGITS[bytes[i] ?? 0] ?? NONE;
    if (digit === NONE) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/**
 * As base64 and hex are compared, and text that was wrapped: without blanks and controls, base64url as base64, and all
 * letters small.
 */
export function folded({ bytes, from, to }: View): View {
  const out = pen(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte <= 0x20 || byte === 0x7f) continue;
    // What a control character was replaced by: U+FFFD.
    if (byte === 0xef && bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbd) {
      i += 2;
      continue;
    }
    const same = byte === 0x2d
      ? 0x2b
      : byte === 0x5f
      ? 0x2f
      : byte >= 0x41 && byte <= 0x5a
      ? byte + 32
      : byte;
    out.byte(same, from[i] ?? 0, to[i] ?? 0);
  }
  return out.done();
}
