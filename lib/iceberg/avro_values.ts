/** The values that Avro is made of, read from bytes at a place that moves on. */

/**
 * Why a file can't be read: `empty`, `not-avro`, `truncated` and `damaged` are faults of the file; `unsupported` is
 * what is not read here, and `over-limit` what is larger than the caller allows. The message goes on after the file's
 * name.
 */
export class AvroError extends Error {
  override name = "AvroError";
  constructor(
    readonly why: "empty" | "not-avro" | "truncated" | "damaged" | "unsupported" | "over-limit",
    message: string,
  ) {
    super(message);
  }
}

/** `at` may go past `end` while a value is read; whoever reads lengths or whole records looks, and throws. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  /** Records within each other, at this place. */
  depth: number;
  /** Items of lists and maps that were met: of these bytes there can't be more than bytes. */
  items: number;
}

export function cursorOf(bytes: Uint8Array): Cursor {
  return { bytes, at: 0, end: bytes.length, depth: 0, items: 0 };
}

const LOW = 2 ** 28;

/** An int or a long: a number when it is exact as one, else a bigint. */
export function readLong(cursor: Cursor): number | bigint {
  const { bytes } = cursor;
  let low = 0;
  let shift = 0;
  let byte = 0;
  do {
    byte = bytes[cursor.at++] ?? 0;
    low |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte > 0x7f && shift < 28);
  if (byte <= 0x7f) return (low >>> 1) ^ -(low & 1);
  let high = 0;
  let scale = 1;
  do {
    byte = bytes[cursor.at++] ?? 0;
    high += (byte & 0x7f) * scale;
    scale *= 128;
    shift += 7;
  } while (byte > 0x7f && shift < 70);
  if (byte > 0x7f) throw new AvroError("damaged", "has a number of more than 64 bits");
  if (high < 2 ** 24) {
    const zigzag = high * LOW + low;
    return zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
  }
  return exactly(BigInt(high) * BigInt(LOW) + BigInt(low));
}

/** `high` was summed as a number: exact, for it has at most 42 bits. */
function exactly(zigzag: bigint): number | bigint {
  const value = BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
  return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** Goes past an int or a long. */
export function skipLong(cursor: Cursor): void {
  const { bytes } = cursor;
  let at = cursor.at;
  while ((bytes[at++] ?? 0) > 0x7f);
  cursor.at = at;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MIN_SAFE = -MAX_SAFE;

/** A count or a length, which can't be more than what is left; `signed` for the counts of arrays and maps. */
export function readSize(cursor: Cursor, signed = false): number {
  const value = readLong(cursor);
  const left = cursor.end - cursor.at;
  if (left < 0) throw new AvroError("truncated", "ends in the middle of a number");
  if (typeof value === "bigint" || (value < 0 && !signed)) {
    throw new AvroError("damaged", "has a length that none can have");
  }
  return value;
}

/** Bytes with their length before them; a view, not a copy. */
export function readBytes(cursor: Cursor): Uint8Array {
  const from = skipBytes(cursor);
  return cursor.bytes.subarray(from, cursor.at);
}

/** Goes past bytes or a string; gives where they begin. */
export function skipBytes(cursor: Cursor): number {
  const length = readSize(cursor);
  if (length > cursor.end - cursor.at) throw new AvroError("truncated", "ends in the middle of a value");
  const from = cursor.at;
  cursor.at += length;
  return from;
}

const decoder = new TextDecoder();

export function readText(cursor: Cursor): string {
  const from = skipBytes(cursor);
  return decoder.decode(cursor.bytes.subarray(from, cursor.at));
}
