/** Bytes to write, and how they differ from what came back. Pure. */
import { expect } from "../../../checkpoint/expect.ts";

/** Bytes that repeat nowhere, other ones for each seed: a piece in a wrong place is seen. `length` in bytes. */
export function madeBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** The place of the first byte that differs, or the shorter length; undefined when both are the same. */
export function differAt(got: Uint8Array, wanted: Uint8Array): number | undefined {
  const shorter = Math.min(got.length, wanted.length);
  for (let at = 0; at < shorter; at++) if (got[at] !== wanted[at]) return at;
  return got.length === wanted.length ? undefined : shorter;
}

export const same = (got: Uint8Array, wanted: Uint8Array): boolean => differAt(got, wanted) === undefined;

/** That these bytes came back as they were written. */
export function expectBytes(got: Uint8Array, wanted: Uint8Array, evidence: string): void {
  const message = `the store gives other bytes than were written: ${evidence}`;
  expect(same(got, wanted), "WrongBytes", message, {
    observed: `${got.length} bytes, other than written from byte ${differAt(got, wanted)} on`,
    expected: `the ${wanted.length} bytes that were written`,
    evidence,
  });
}

export function joined(...pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
