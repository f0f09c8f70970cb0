/** What trials of the catalog share: how a rejection is judged, and contents that need no object store. */
import {
  type Commit,
  type Content,
  type Entry,
  type ErrorBody,
  errorBodyOf,
  type Key,
  type NessieApi,
  type Operation,
  type Reference,
} from "../../clients/nessie/client.ts";
import { CannotLook } from "../../engine/errors.ts";
import { expect, fail } from "../../checkpoint/expect.ts";
import { failed, type Outcome } from "../../checkpoint/trial.ts";
import type { NessieContext } from "./context.ts";
import { parseJson } from "../../untrusted/json.ts";

/**
 * What the catalog itself rejects is a fault of the catalog. Where it may reject for a reason of its own (a login, a right,
 * too many requests) nothing was tried.
 */
export function judgeRejection(error: unknown): Outcome | undefined {
  const said = errorBodyOf(error);
  if (!said || [401, 403, 429].includes(said.status) || !(error instanceof CannotLook)) return undefined;
  return failed(pascal(said.code), error.failure.message, { observed: saidText(said) });
}

/** REFERENCE_CONFLICT as a reason: ReferenceConflict. */
export function pascal(code: string): string {
  const words = code.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== "");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("") || "Refused";
}

export const saidText = ({ status, code }: ErrorBody): string => `HTTP ${status} ${code}`;

/** What the catalog says when it is asked for something that it must reject; undefined: it did it. */
export async function refusal(doing: Promise<unknown>): Promise<ErrorBody | undefined> {
  try {
    await doing;
    return undefined;
  } catch (error) {
    const said = errorBodyOf(error);
    if (said) return said;
    throw error;
  }
}

/** That something which must be rejected is, with this status and code; gives what the catalog says. */
export async function rejected(
  doing: Promise<unknown>,
  wanted: { status: number; code: string },
  what: string,
  harm: string,
): Promise<ErrorBody> {
  const expected = `HTTP ${wanted.status} ${wanted.code}`;
  const said = await refusal(doing);
  if (!said) fail("NotRefused", `the catalog accepts ${what}: ${harm}`, { observed: "accepted", expected });
  const asExpected = said.status === wanted.status && said.code === wanted.code;
  const message = `the catalog rejects ${what}, but not as clients expect it: ${said.message}`;
  expect(asExpected, "OtherRefusal", message, { observed: saidText(said), expected, status: "warning" });
  return said;
}

/** A pointer to a table that is not there: Nessie keeps pointers, and does not follow them. */
export const tableAt = (snapshotId: bigint, id?: string): Content => ({
  type: "ICEBERG_TABLE",
  ...id === undefined ? {} : { id },
  metadataLocation: `s3://lakecheck-scratch/${snapshotId}.metadata.json`,
  snapshotId,
  schemaId: 0,
  specId: 0,
  sortOrderId: 0,
});

export const namespace = (name: string): Operation => ({
  type: "PUT",
  key: [name],
  content: { type: "NAMESPACE", elements: [name], properties: {} },
});

export const put = (key: Key, content: Content): Operation => ({ type: "PUT", key, content });

/** Begins every message of a commit of this run, so that it is known for ours. */
export const marker = ({ scratch }: Pick<NessieContext, "scratch">): string => `lakecheck ${scratch.id}`;

export async function commit(
  context: NessieContext,
  branch: Reference,
  what: string,
  operations: readonly Operation[],
): Promise<Reference> {
  const done = await context.nessie.commit(
    branch.name,
    branch.hash,
    `${marker(context)}: ${what}`,
    operations,
  );
  return done.branch;
}

/** A list as a whole. CannotLook when it has more than `limit`, which no list of ours has. */
export async function taken<T>(items: AsyncIterable<T>, limit: number): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length > limit) {
      throw new CannotLook({ kind: "malformed", message: `the list goes on after ${limit} entries` });
    }
  }
  return all;
}

/** What one of the keys has there, if anything. */
export async function contentOf(api: NessieApi, at: string, key: Key): Promise<Content | undefined> {
  const [found] = await api.contents(at, [key]);
  return found?.content;
}

export const keyText = (key: Key): string => key.join(".");
const keyId = (key: Key): string => JSON.stringify(key);

/** That a list has these keys, each once, in any order; `what` names the list. */
export function expectKeys(
  found: readonly Key[],
  wanted: readonly Key[],
  what: string,
  evidence: string,
): void {
  const left = new Set(wanted.map(keyId));
  const seen = new Set<string>();
  for (const key of found) {
    expect(!seen.has(keyId(key)), "Duplicate", `${what}: ${keyText(key)} comes twice`, { evidence });
    seen.add(keyId(key));
    const known = left.delete(keyId(key));
    expect(known, "Unexpected", `${what}: ${keyText(key)} comes, and was never put there`, { evidence });
  }
  const [missing = "[]"] = left;
  const first = keyText(parseJson(missing) as string[]);
  const message = `${what}: ${left.size} of ${wanted.length} keys, ${first} among them, do not come`;
  const counts = { observed: `${found.length}`, expected: `${wanted.length}`, evidence };
  expect(left.size === 0, "Missing", message, counts);
}

/** A branch with tables on it, by more than one commit. */
export interface Furnished {
  base: Reference;
  head: Reference;
  /** Namespace and tables. */
  keys: Key[];
  /** Hashes of its commits, newest first. */
  commits: string[];
}

/** Beyond the integers that a double holds: a client that rounds it shows another. */
export const BIG_SNAPSHOT = 3051729675574597004n;
const TABLES = 11;
const PER_COMMIT = 4;

export async function furnish(context: NessieContext, purpose: string): Promise<Furnished> {
  const base = await context.makeBranch(purpose);
  let head = await commit(context, base, "a namespace", [namespace("shop")]);
  const commits = [head.hash];
  const keys: Key[] = [["shop"]];
  for (let i = 0; i < TABLES; i += PER_COMMIT) {
    const some = Array.from(
      { length: Math.min(PER_COMMIT, TABLES - i) },
      (_, n): Key => ["shop", `t${i + n}`],
    );
    const puts = some.map((key, n) => put(key, tableAt(BIG_SNAPSHOT + BigInt(i + n))));
    head = await commit(context, head, "tables", puts);
    commits.unshift(head.hash);
    keys.push(...some);
  }
  return { base, head, keys, commits };
}

export type { Commit, Entry };
