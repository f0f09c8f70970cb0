/** What a generated test asserts: facts as plain values, each with the sentence that becomes its test. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One fact of a setup. No part of it is a secret. */
export interface AssertedFact {
  /** Stable: `s3.buckets`. What the generated test asks the look for. */
  id: string;
  /** A sentence that is true: `the platform has these buckets`. */
  title: string;
  /** What was seen. */
  value: Json;
  /**
   * `equals` (default): it is the same. `includes`: all of these are there, and there may be more. `at most`: a number
   * that is no larger than `limit`.
   */
  how?: "equals" | "includes" | "at most";
  /** Of `at most`; in the unit that the title names. */
  limit?: number;
}

/** What the generated test of a command is about, and how it looks. */
export interface Subject {
  /** `data-platform:test:s3` */
  command: string;
  /** For titles and comments: `the object store`. */
  noun: string;
  /** What looking does to it, for the comment: `It is tried in a scratch bucket, which is removed again.` */
  doing: string;
  /** The export of look.ts that looks: `lookAtS3`. */
  look: string;
  /** Variables of the environment that lead there instead of the cluster's own address: `S3_ENDPOINT`. */
  variable: string;
}

/** The fact with another value or limit, that cannot be true now. */
export function changed(fact: AssertedFact): AssertedFact {
  const { value, how = "equals" } = fact;
  if (how === "at most") return { ...fact, limit: -1 };
  if (how === "includes") return { ...fact, value: [...listOf(value), CHANGED] };
  return { ...fact, value: otherThan(value) };
}

export const CHANGED = "changed on purpose";

function otherThan(value: Json): Json {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  if (Array.isArray(value)) return [...value, CHANGED];
  if (typeof value === "object" && value !== null) return { ...value, [CHANGED]: true };
  return CHANGED;
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

/**
 * Throws when a fact is none that a test can stand on: two of one id or title, an empty list to be included, or a text
 * that looks like a key of S3. That is a bug of whoever gave the facts.
 */
export function checkFacts(facts: readonly AssertedFact[]): void {
  for (const part of ["id", "title"] as const) {
    const seen = new Set<string>();
    for (const fact of facts) {
      if (seen.has(fact[part])) throw new Error(`two asserted facts have the ${part} ${fact[part]}`);
      seen.add(fact[part]);
    }
  }
  for (const { id, value, how, limit } of facts) {
    if (how === "includes" && listOf(value).length === 0) throw new Error(`${id} asserts nothing`);
    if (how === "at most" && !(typeof value === "number" && limit !== undefined && value <= limit)) {
      throw new Error(`${id} is not within its limit`);
    }
    if (textsIn(value).some(isLikeKey)) throw new Error(`${id} holds what looks like a key`);
  }
}

function textsIn(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(textsIn)];
}

/** 20 capitals and digits (an access key), or 32 and more characters of base 64 with capitals, small letters and digits. */
function isLikeKey(text: string): boolean {
  return /\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{20}\b/.test(text) ||
    (text.match(/[A-Za-z0-9+/=]{32,}/g) ?? []).some((part) =>
      /\d/.test(part) && /[a-z]/.test(part) && /[A-Z]/.test(part)
    );
}
