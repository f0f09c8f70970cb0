/** Writes tar archives (POSIX ustar with GNU long names) whose bytes depend on nothing but the entries. */
import { createReadStream } from "node:fs";
import { Buffer } from "node:buffer";

/** One member of an archive. Paths are relative, without a leading slash; directories end with one. */
export type TarEntry = {
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** What is inside: bytes, a file to read, a symbolic link's target, or nothing for a directory. */
  readonly content:
    | { readonly kind: "directory" }
    | { readonly kind: "link"; readonly target: string }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array }
    | { readonly kind: "file"; readonly path: string; readonly size: number };
};

const BLOCK = 512;
/** One moment for every file, in seconds, so that equal content gives equal layers: 2020-01-01. */
export const MTIME_SECONDS = 1_577_836_800;
const TYPES = { directory: "5", link: "2", bytes: "0", file: "0" } as const;

/** The header blocks of one entry: 512 bytes, more before them if a name is longer than 100 bytes. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const link = entry.content.kind === "link" ? entry.content.target : "";
  const extra = [
    ...longName("L", entry.path),
    ...longName("K", link),
  ];
  return Buffer.concat([...extra, header(entry, TYPES[entry.content.kind], contentSize(entry), link)]);
}

/** Bytes of content that follow the header, before padding. */
export function contentSize(entry: TarEntry): number {
  const { content } = entry;
  return content.kind === "bytes" ? content.bytes.length : content.kind === "file" ? content.size : 0;
}

function longName(type: "L" | "K", name: string): Uint8Array[] {
  const bytes = Buffer.from(`${name}\0`);
  if (bytes.length <= 101) return [];
  const entry: TarEntry = { path: "././@LongLink", mode: 0, content: { kind: "directory" } };
  return [header(entry, type, bytes.length, ""), bytes, new Uint8Array(padding(bytes.length))];
}

function header(entry: TarEntry, type: string, size: number, link: string): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, "0"), at, "latin1");
  Buffer.from(entry.path).copy(block, 0, 0, 100);
  octal(entry.mode & 0o7777, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(MTIME_SECONDS, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(type, 156, "latin1");
  Buffer.from(link).copy(block, 157, 0, 100);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

/** The archive as chunks, ready to be hashed and written. Rejects when a file is not as long as its entry says. */
export async function* tarChunks(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield tarHeader(entry);
    if (entry.content.kind === "bytes") yield entry.content.bytes;
    if (entry.content.kind === "file") {
      let read = 0;
      for await (const chunk of createReadStream(entry.content.path, { highWaterMark: 1 << 20 })) {
        read += (chunk as Uint8Array).length;
        yield chunk as Uint8Array;
      }
      if (read !== entry.content.size) throw new Error(`${entry.content.path} changed while it was read`);
    }
    yield new Uint8Array(padding(contentSize(entry)));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Entries for a directory's content below `prefix` (ending with a slash), sorted. Modes are kept, owners given. */
export function treeEntries(
  directory: string,
  prefix: string,
  owner: { uid: number; gid: number },
): TarEntry[] {
  const entries: TarEntry[] = [{ path: prefix, mode: 0o755, ...owner, content: { kind: "directory" } }];
  const names = [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
  for (const name of names) {
    const from = `${directory}/${name}`;
    const info = Deno.lstatSync(from);
    const path = `${prefix}${name}`;
    if (info.isDirectory) {
      entries.push(...treeEntries(from, `${path}/`, owner));
    } else if (info.isSymlink) {
      entries.push({
        path,
        mode: 0o777,
        ...owner,
        content: { kind: "link", target: Deno.readLinkSync(from) },
      });
    } else {
      const mode = (info.mode ?? 0o644) & 0o755;
      entries.push({ path, mode, ...owner, content: { kind: "file", path: from, size: info.size } });
    }
  }
  return entries;
}
