/** A store of files in memory, and ways in which stores go wrong. */
import type { FileStore } from "../../../../lib/checkpoints/s3/parquet/store.ts";

export interface MemoryStore extends FileStore {
  files: Map<string, Uint8Array>;
}

/** `spoil` changes what is given back, by the kind of request. */
export function memoryStore(
  spoil: (bytes: Uint8Array, how: "get" | "range") => Uint8Array = (bytes) => bytes,
): MemoryStore {
  const files = new Map<string, Uint8Array>();
  const find = (name: string) => {
    const found = files.get(name);
    if (!found) throw new Error(`no file ${name}`);
    return found;
  };
  return {
    files,
    place: (name) => `s3://memory/${name}`,
    put: (name, bytes) => Promise.resolve(void files.set(name, bytes.slice())),
    putParts(name, bytes, partBytes) {
      files.set(name, bytes.slice());
      return Promise.resolve(Math.ceil(bytes.length / partBytes));
    },
    get: (name) => Promise.resolve(spoil(find(name).slice(), "get")),
    range: (name, start, end) =>
      Promise.resolve(new Uint8Array(spoil(find(name).slice(start, end), "range"))),
  };
}

/** The same bytes but one. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
