/** What Nessie's API v2 speaks of. Types only. */
import type { Conflict } from "../catalog_failures.ts";

export type ReferenceType = "BRANCH" | "TAG" | "DETACHED";

/** A name for a commit. */
export interface Reference {
  type: ReferenceType;
  /** `main`; of a DETACHED one the words DETACHED. */
  name: string;
  /** The commit at its head, 64 hexadecimal digits as a rule. */
  hash: string;
}

declare const OWN: unique symbol;

/** A reference of a run of ours, which may be deleted. Only checkpoints/nessie/scratch/own_reference.ts makes it (lint). */
export interface OwnReference extends Reference {
  readonly [OWN]: true;
}

export interface NessieConfig {
  defaultBranch: string;
  minSupportedApiVersion: number;
  maxSupportedApiVersion: number;
  /** The API version that this request was answered with. */
  actualApiVersion?: number;
  /** Of the API, not of the server: `2.2.0`. */
  specVersion?: string;
  /** The parent of the first commit. */
  noAncestorHash?: string;
  /** RFC 3339. */
  repositoryCreationTimestamp?: string;
}

/** The elements of a content key, outermost namespace first: `["bronze", "orders"]`. */
export type Key = readonly string[];

/** A table, a view, a namespace or something else, as Nessie keeps it: a pointer. */
export interface Content {
  /** ICEBERG_TABLE, ICEBERG_VIEW, NAMESPACE, DELTA_LAKE_TABLE, UDF ... */
  type: string;
  /** Stays the same when the content is renamed or changed; Nessie gives it, to what is new. */
  id?: string;
  /** Of tables and views. */
  metadataLocation?: string;
  snapshotId?: bigint;
  schemaId?: number;
  specId?: number;
  sortOrderId?: number;
  versionId?: number;
  /** Of namespaces. */
  elements?: string[];
  properties?: Record<string, string>;
}

/** Something that a reference has, with `content` when it was asked for. */
export interface Entry {
  key: string[];
  type: string;
  contentId?: string;
  content?: Content;
}

export interface Commit {
  hash: string;
  message: string;
  /** RFC 3339. */
  commitTime?: string;
  authors: string[];
  parentHash?: string;
  /** Only when they were asked for. */
  operations?: { type: string; key: string[]; content?: Content }[];
}

export interface Difference {
  key: string[];
  /** Absent: `from` does not have it. */
  from?: Content;
  /** Absent: `to` does not have it. */
  to?: Content;
}

export type Operation =
  | { type: "PUT"; key: Key; content: Content }
  | { type: "DELETE"; key: Key }
  | { type: "UNCHANGED"; key: Key };

export interface Committed {
  /** The branch as the commit left it. */
  branch: Reference;
  /** The ids that Nessie gave to new contents. */
  added: { key: string[]; contentId: string }[];
}

export interface MergeRequest {
  fromRefName: string;
  fromHash: string;
  message?: string;
  /** Say what would happen, and change nothing. */
  dryRun?: boolean;
  /** A conflict is an answer then, with `wasSuccessful` false, and no refusal. */
  returnConflictAsResult?: boolean;
  defaultKeyMergeMode?: "NORMAL" | "FORCE" | "DROP";
}

export interface Merged {
  wasApplied: boolean;
  wasSuccessful: boolean;
  resultantTargetHash?: string;
  commonAncestor?: string;
  details: { key: string[]; conflict?: Conflict }[];
}

/** A page of anything: what it holds, where the next one begins, and what it was read from. */
export interface Page<T> {
  items: T[];
  hasMore: boolean;
  token?: string;
  /** The reference at the commit that this page shows. */
  effective?: Reference;
  /** Of a diff: the other side. */
  effectiveTo?: Reference;
}
