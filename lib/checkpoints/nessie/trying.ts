/** What trials of the catalog share: how a refusal is judged, and contents that need no object store. */
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
import { failed, type Outcome, type Trial } from "../../checkpoint/trial.ts";
import type { NessieContext } from "./context.ts";
import { parseJson } from "../../untrusted/json.ts";

/**
 * A trial in which what the catalog itself refuses is a fault of the catalog. Where it may refuse for a reason of its
 * own (a login, a right, too many requests) nothing was tried.
 */
export function trial(words: Trial<NessieContext>): Trial<NessieContext> {
  return {
    ...words,
    async run(context) {
      try {
        return await words.run(context);
      } catch (error) {
        const said = errorBodyOf(error);
        if (!said || [401, 403, 429].includes(said.status) || !(error instanceof CannotLook)) throw error;
        return failed(pascal(said.code), error.failure.message, { observed: saidText(said) });
      }
    },
  };
}

/** REFERENCE_CONFLICT as a reason: ReferenceConflict. */
export function pascal(code: string): string {
  const words = code.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== "");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("") || "Refused";
}

export const saidText = ({ status, code }: ErrorBody): string => `HTTP ${status} ${code}`;

/** What the catalog says when it is asked for something that it must refuse; undefined: it did it. */
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

/** That something which must be refused was refused, with this status and code; undefined when it was. */
export function notRefused(
  said: ErrorBody | undefined,
  wanted: { status: number; code: string },
  what: string,
  harm: string,
): Outcome | undefined {
  const expected = `HTTP ${wanted.status} ${wanted.code}`;
  if (!said) {
    return failed("NotRefused", `${what} was accepted: ${harm}`, { observed: "accepted", expected });
  }
  if (said.status === wanted.status && said.code === wanted.code) return undefined;
  return failed("OtherRefusal", `${what} was refused, but not as clients expect it: ${said.message}`, {
    observed: saidText(said),
    expected,
    status: "warning",
  });
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

/** How a list of keys differs from the one that should have come; undefined when it does not. */
export function keysDiffer(found: readonly Key[], wanted: readonly Key[]): Outcome | undefined {
  const left = new Set(wanted.map(keyId));
  const seen = new Set<string>();
  for (const key of found) {
    if (seen.has(keyId(key))) return failed("Duplicate", `${keyText(key)} came twice`);
    seen.add(keyId(key));
    if (!left.delete(keyId(key))) {
      return failed("Unexpected", `${keyText(key)} came, and was never put there`);
    }
  }
  const [missing] = left;
  if (missing === undefined) return undefined;
  return failed(
    "Missing",
    `${left.size} of ${wanted.length} did not come, ${keyText(parseJson(missing) as string[])} among them`,
    {
      observed: `${found.length}`,
      expected: `${wanted.length}`,
    },
  );
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
