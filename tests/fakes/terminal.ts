/** A terminal that types what a test says, and keeps what was written and how it was set. */
import type { Terminal } from "../../lib/cli/prompt.ts";

export interface Typist extends Terminal {
  written: string;
  /** Each setRaw in its order. */
  raw: boolean[];
}

/** Chunks as they arrive, then the end of input; `terminal` false is a pipe. */
export function typist(chunks: readonly (string | Uint8Array)[], { terminal = true } = {}): Typist {
  let rest = new Uint8Array();
  const left = chunks.map((chunk) => typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  const self: Typist = {
    written: "",
    raw: [],
    isTerminal: () => terminal,
    read(buffer) {
      if (rest.length === 0) {
        const next = left.shift();
        if (!next) return Promise.resolve(null);
        rest = new Uint8Array(next);
      }
      const part = rest.subarray(0, buffer.length);
      buffer.set(part);
      rest = rest.slice(part.length);
      return Promise.resolve(part.length);
    },
    setRaw: (raw) => void self.raw.push(raw),
    write: (text) => void (self.written += text),
  };
  return self;
}
