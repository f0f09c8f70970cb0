/** Files that a user names: what ends is read, to a size and within a time. docs/limits.md lists the sizes. */
import { systemReason } from "./atomic_file.ts";

const MIB = 1024 * 1024;

/** The most that is read of each kind of file, bytes. */
export const MOST_BYTES = {
  /** Packed and unpacked: of 10,000 pods there are 15 MiB, and 1 MiB packed may unpack to 1 GiB. */
  facts: 128 * MIB,
  /** More than a thousand clusters with their certificates. */
  kubeconfig: 8 * MIB,
  /** Certificates, keys and tokens. The bundle of all public CAs has a quarter of it, and a Secret holds no more. */
  secret: MIB,
  /** What a platform consists of, and hundreds of muted findings. */
  declaration: MIB / 4,
  /** Larger than any matrix. */
  baseline: 4 * MIB,
  /** How long parts of a phase took. */
  times: MIB / 8,
  /** Where a walk has come to: half a million references. */
  walk: 64 * MIB,
  /** The API server takes no larger object. */
  manifest: 2 * MIB,
  /** All that a kustomization lists. */
  manifests: 8 * MIB,
} as const;

/** Longest wait for all of a file, as for a login plugin: a pipe may ask its user something first. */
const WAIT_MS = 60_000;
/** Of what says no size, so much is read first. */
const FIRST_BYTES = 64 * 1024;

export interface ReadLimits {
  maxBytes: number;
  /** Which pipes will do besides regular files: none (default), those of a shell's `<(...)`, or named ones too. */
  pipes?: "none" | "substituted" | "any";
  /** Default: a minute. */
  waitMs?: number;
}

export type ReadProblem = "absent" | "directory" | "no-file" | "too-large" | "late" | "unreadable";

/** `mode` is undefined for a pipe; `why` is a clause about "it", and `error` what the system threw. */
export type FileRead =
  | { ok: true; bytes: Uint8Array<ArrayBuffer>; mode?: number }
  | { ok: false; trouble: ReadProblem; why: string; error?: unknown };

/** All of a file, or why not. No more than its limit is held, whatever its size is said to be; never throws. */
export async function readLimited(path: string, limits: ReadLimits): Promise<FileRead> {
  const { waitMs = WAIT_MS } = limits;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<FileRead>((resolve) => {
    timer = setTimeout(resolve, waitMs, {
      ok: false,
      trouble: "late",
      why: `it did not end within ${waitMs / 1000} s, and a file is waited for no longer`,
    });
  });
  try {
    return await Promise.race([readAll(path, limits), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(path: string, { maxBytes, pipes = "none" }: ReadLimits): Promise<FileRead> {
  try {
    const info = await Deno.stat(path);
    if (path === "/dev/null") return { ok: true, bytes: new Uint8Array() };
    if (info.isDirectory) return { ok: false, trouble: "directory", why: "it is a directory" };
    const kind = info.isFile || (info.isFifo && mayBePipe(path, pipes)) ? undefined : kindOf(info);
    if (kind) {
      return { ok: false, trouble: "no-file", why: `it is a ${kind}, and only a regular file is read here` };
    }
    if (info.size > maxBytes) return tooLarge(maxBytes);
    using file = await Deno.open(path);
    const bytes = await readUpTo((buffer) => file.read(buffer), maxBytes, info.size);
    if (!bytes) return tooLarge(maxBytes);
    return { ok: true, bytes, ...info.isFile && info.mode !== null ? { mode: info.mode } : {} };
  } catch (error) {
    const trouble = error instanceof Deno.errors.NotFound ? "absent" : "unreadable";
    return { ok: false, trouble, why: systemReason(error), error };
  }
}

function mayBePipe(path: string, pipes: "none" | "substituted" | "any"): boolean {
  return pipes === "any" || (pipes === "substituted" && /^\/dev\/fd\/\d+$/.test(path));
}

function kindOf({ isFifo, isSocket }: Deno.FileInfo): string {
  if (isFifo) return "pipe";
  return isSocket ? "socket" : "device";
}

function tooLarge(maxBytes: number): FileRead {
  return {
    ok: false,
    trouble: "too-large",
    why: `it is larger than ${sizeText(maxBytes)}, and no more is read`,
  };
}

/** `8 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes >= MIB) return `${Math.floor(bytes / MIB)} MiB`;
  return bytes >= 10_240 ? `${Math.floor(bytes / 1024)} KiB` : `${bytes} bytes`;
}

/**
 * All that `read` gives, as Deno.FsFile's does; undefined when it is more than `maxBytes`, of which one byte too many
 * is read. `expected` bytes are made room for at once.
 */
export async function readUpTo(
  read: (buffer: Uint8Array<ArrayBuffer>) => Promise<number | null>,
  maxBytes: number,
  expected = 0,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const most = maxBytes + 1;
  let bytes = new Uint8Array(Math.min(most, expected > 0 ? expected + 1 : FIRST_BYTES));
  let length = 0;
  for (;;) {
    const count = await read(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length === most) return undefined;
    if (length < bytes.length) continue;
    const larger = new Uint8Array(Math.min(most, 2 * length));
    larger.set(bytes);
    bytes = larger;
  }
}
