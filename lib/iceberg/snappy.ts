/**
 * Unpacks a block of Snappy, with which some writers pack manifests. Contract:
 * https://github.com/google/snappy/blob/main/format_description.txt. Time and memory are bounded by the length that the
 * block begins with, and that by the caller.
 */
import { AvroError } from "./avro_values.ts";

/** The longest copy has 64 bytes, and takes 3. */
const MOST_TIMES = 32;

const damaged = () => new AvroError("damaged", "has a block that can't be unpacked");

/** Throws AvroError, also for a block that says that it has more than `most` bytes. */
export function unpackSnappy(packed: Uint8Array, most: number, tooLarge: () => AvroError): Uint8Array {
  const [length, begins] = lengthOf(packed);
  if (length > most) throw tooLarge();
  if (length > packed.length * MOST_TIMES) throw damaged();
  const out = new Uint8Array(length);
  let from = begins;
  let to = 0;
  while (from < packed.length) {
    const tag = packed[from++] ?? 0;
    const literal = (tag & 3) === 0;
    const { size, offset, next } = literal ? literalOf(packed, tag, from) : copyOf(packed, tag, from);
    from = next;
    if (to + size > length) throw damaged();
    if (literal) {
      if (from + size > packed.length) throw damaged();
      out.set(packed.subarray(from, from + size), to);
      from += size;
    } else {
      if (offset === 0 || offset > to) throw damaged();
      // A copy may reach into what it has just written, so it goes byte by byte.
      for (let i = 0; i < size; i++) out[to + i] = out[to + i - offset] ?? 0;
    }
    to += size;
  }
  if (to !== length) throw damaged();
  return out;
}

/** The length of all, and where the first element begins. */
function lengthOf(packed: Uint8Array): [length: number, begins: number] {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = packed[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return [length, at + 1];
  }
  throw damaged();
}

interface Element {
  size: number;
  /** How far back a copy reaches. */
  offset: number;
  next: number;
}

function literalOf(packed: Uint8Array, tag: number, at: number): Element {
  const short = tag >> 2;
  if (short < 60) return { size: short + 1, offset: 0, next: at };
  const bytes = short - 59;
  return { size: numberAt(packed, at, bytes) + 1, offset: 0, next: at + bytes };
}

function copyOf(packed: Uint8Array, tag: number, at: number): Element {
  if ((tag & 3) === 1) {
    const offset = ((tag >> 5) << 8) + numberAt(packed, at, 1);
    return { size: ((tag >> 2) & 7) + 4, offset, next: at + 1 };
  }
  const bytes = (tag & 3) === 2 ? 2 : 4;
  return { size: (tag >> 2) + 1, offset: numberAt(packed, at, bytes), next: at + bytes };
}

/** A number of that many bytes, the lowest first. */
function numberAt(packed: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) {
    const byte = packed[at + i];
    if (byte === undefined) throw damaged();
    value = value * 256 + byte;
  }
  return value;
}
