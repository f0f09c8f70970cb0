/**
 * One file out of a wheel, which is a zip file (PKWARE's APPNOTE, 4.3): found by its whole name, and unpacked only as far as
 * its limit. Nothing is written, and no other name in it counts.
 */
import { crc32, inflateRawSync } from "node:zlib";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const [STORED, DEFLATED] = [0, 8];
/** The end record with the longest comment that it can have. */
const MOST_END_BYTES = 22 + 65_535;

interface Entry {
  method: number;
  crc: number;
  packed: number;
  unpacked: number;
  at: number;
}

/** The bytes of the file of that name. Throws with one sentence where it is not there, is larger or is damaged. */
export function fileInWheel(wheel: Uint8Array<ArrayBuffer>, name: string, maxBytes: number): Uint8Array {
  const view = new DataView(wheel.buffer, wheel.byteOffset, wheel.byteLength);
  try {
    const found = entriesCalled(view, name);
    const [entry] = found;
    if (!entry || found.length > 1) {
      throw new Error(`it holds ${found.length} files of the name ${name}, not one`);
    }
    if (entry.unpacked > maxBytes) throw new Error(`${name} would be larger than ${maxBytes} bytes`);
    return unpacked(view, entry, name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error("it is no whole zip file");
  }
}

function entriesCalled(view: DataView, name: string): Entry[] {
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const found: Entry[] = [];
  for (let nth = 0; nth < count; nth++) {
    if (view.getUint32(at, true) !== ENTRY) throw new Error("its list of files is damaged");
    const [nameBytes, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    if (textAt(view, at + 46, nameBytes ?? 0) === name) {
      found.push({
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        packed: view.getUint32(at + 20, true),
        unpacked: view.getUint32(at + 24, true),
        at: view.getUint32(at + 42, true),
      });
    }
    at += 46 + (nameBytes ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return found;
}

function endOf(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - MOST_END_BYTES); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new Error("it is no zip file");
}

function unpacked(view: DataView, entry: Entry, name: string): Uint8Array {
  if (view.getUint32(entry.at, true) !== LOCAL) throw new Error("its list of files is damaged");
  const from = entry.at + 30 + view.getUint16(entry.at + 26, true) + view.getUint16(entry.at + 28, true);
  const packed = bytesAt(view, from, entry.packed);
  const bytes = inflated(packed, entry, name);
  if (bytes.length !== entry.unpacked || crc32(bytes) !== entry.crc) throw new Error(`${name} is damaged`);
  return bytes;
}

function inflated(packed: Uint8Array, { method, unpacked }: Entry, name: string): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new Error(`${name} is packed in a way that is not known`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, unpacked) });
  } catch {
    throw new Error(`${name} is damaged`);
  }
}

const textAt = (view: DataView, at: number, bytes: number): string =>
  new TextDecoder().decode(bytesAt(view, at, bytes));

/** Throws RangeError where it would end behind the file. */
function bytesAt(view: DataView, at: number, bytes: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, bytes);
}
