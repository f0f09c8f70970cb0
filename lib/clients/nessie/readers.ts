/** Readers of the answers of Nessie's API v2. Pure. */
import type { Reader } from "../../engine/model.ts";
import { quote } from "../../redact/mod.ts";
import {
  anyText,
  bool,
  list,
  map,
  messageText,
  num,
  obj,
  ShapeError,
  str,
  via,
} from "../../engine/decode.ts";
import { int64 } from "../big_json.ts";
import type { Conflict, ErrorBody } from "../catalog_failures.ts";
import type {
  Commit,
  Committed,
  Content,
  Difference,
  Entry,
  Merged,
  NessieConfig,
  Page,
  Reference,
  ReferenceType,
} from "./types.ts";
import { codeOf } from "../../untrusted/code.ts";

export function needed<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new ShapeError(path, "is missing");
  return value;
}

export const CONFIG = via(
  obj({
    defaultBranch: str,
    minSupportedApiVersion: num,
    maxSupportedApiVersion: num,
    actualApiVersion: num,
    specVersion: str,
    noAncestorHash: str,
    repositoryCreationTimestamp: str,
  }),
  ({ defaultBranch, minSupportedApiVersion, maxSupportedApiVersion, ...rest }): NessieConfig => ({
    defaultBranch: needed(defaultBranch, ".defaultBranch"),
    minSupportedApiVersion: minSupportedApiVersion ?? 1,
    maxSupportedApiVersion: needed(maxSupportedApiVersion, ".maxSupportedApiVersion"),
    ...rest,
  }),
);

const refType: Reader<ReferenceType> = via(str, (text) => {
  if (text === "BRANCH" || text === "TAG" || text === "DETACHED") return text;
  throw new ShapeError("", `is ${JSON.stringify(quote(text, [], 40))}, which is no type of reference`);
});

export const REFERENCE: Reader<Reference> = via(
  obj({ type: refType, name: str, hash: str }),
  ({ type, name, hash }) => ({
    type: needed(type, ".type"),
    name: name ?? "DETACHED",
    hash: needed(hash, ".hash"),
  }),
);

export const SINGLE: Reader<Reference> = via(
  obj({ reference: REFERENCE }),
  ({ reference }) => needed(reference, ".reference"),
);

const KEY: Reader<string[]> = via(
  obj({ elements: list(str) }),
  ({ elements }) => needed(elements, ".elements"),
);

export const CONTENT: Reader<Content> = via(
  obj({
    type: str,
    id: str,
    metadataLocation: str,
    snapshotId: int64,
    schemaId: num,
    specId: num,
    sortOrderId: num,
    versionId: num,
    elements: list(str),
    properties: map(anyText),
  }),
  ({ type, ...rest }) => ({ type: needed(type, ".type"), ...rest }),
);

const PAGE = { hasMore: bool, token: str };

export const REFERENCES: Reader<Page<Reference>> = via(
  obj({ ...PAGE, references: list(REFERENCE) }),
  ({ hasMore, token, references }) => ({
    items: needed(references, ".references"),
    hasMore: hasMore ?? false,
    token,
  }),
);

const ENTRY: Reader<Entry> = via(
  obj({ name: KEY, type: str, contentId: str, content: CONTENT }),
  ({ name, type, ...rest }) => ({ key: needed(name, ".name"), type: needed(type, ".type"), ...rest }),
);

export const ENTRIES: Reader<Page<Entry>> = via(
  obj({ ...PAGE, entries: list(ENTRY), effectiveReference: REFERENCE }),
  ({ hasMore, token, entries, effectiveReference }) => ({
    items: needed(entries, ".entries"),
    hasMore: hasMore ?? false,
    token,
    effective: effectiveReference,
  }),
);

const COMMIT: Reader<Commit> = via(
  obj({
    commitMeta: obj({ hash: str, message: messageText, commitTime: str, author: str, authors: list(str) }),
    parentCommitHash: str,
    operations: list(obj({ type: str, key: KEY, content: CONTENT })),
  }),
  ({ commitMeta, parentCommitHash, operations }) => ({
    hash: needed(commitMeta?.hash, ".commitMeta.hash"),
    message: commitMeta?.message ?? "",
    commitTime: commitMeta?.commitTime,
    authors: commitMeta?.authors ?? (commitMeta?.author ? [commitMeta.author] : []),
    parentHash: parentCommitHash,
    ...operations && {
      operations: operations.map(({ type, key, content }) => ({ type: type ?? "", key: key ?? [], content })),
    },
  }),
);

export const LOG: Reader<Page<Commit>> = via(
  obj({ ...PAGE, logEntries: list(COMMIT) }),
  ({ hasMore, token, logEntries }) => ({
    items: needed(logEntries, ".logEntries"),
    hasMore: hasMore ?? false,
    token,
  }),
);

const DIFFERENCE: Reader<Difference> = via(
  obj({ key: KEY, from: CONTENT, to: CONTENT }),
  ({ key, ...rest }) => ({ key: needed(key, ".key"), ...rest }),
);

export const DIFF: Reader<Page<Difference>> = via(
  obj({
    ...PAGE,
    diffs: list(DIFFERENCE),
    effectiveFromReference: REFERENCE,
    effectiveToReference: REFERENCE,
  }),
  ({ hasMore, token, diffs, effectiveFromReference, effectiveToReference }) => ({
    items: needed(diffs, ".diffs"),
    hasMore: hasMore ?? false,
    token,
    effective: effectiveFromReference,
    effectiveTo: effectiveToReference,
  }),
);

export const CONTENTS: Reader<{ contents: { key: string[]; content: Content }[]; effective?: Reference }> =
  via(
    obj({ contents: list(obj({ key: KEY, content: CONTENT })), effectiveReference: REFERENCE }),
    ({ contents, effectiveReference }) => ({
      contents: needed(contents, ".contents").map(({ key, content }) => ({
        key: needed(key, ".contents[].key"),
        content: needed(content, ".contents[].content"),
      })),
      effective: effectiveReference,
    }),
  );

export const COMMITTED: Reader<Committed> = via(
  obj({ targetBranch: REFERENCE, addedContents: list(obj({ key: KEY, contentId: str })) }),
  ({ targetBranch, addedContents }) => ({
    branch: needed(targetBranch, ".targetBranch"),
    added: (addedContents ?? []).map(({ key, contentId }) => ({
      key: key ?? [],
      contentId: needed(contentId, ".addedContents[].contentId"),
    })),
  }),
);

/** Errors call the type of a conflict `conflictType`, and merges too. */
const CONFLICT: Reader<Conflict> = via(
  obj({ conflictType: str, key: KEY, message: messageText }),
  ({ conflictType, key, message }) => ({
    type: conflictType ?? "UNKNOWN",
    ...key ? { key } : {},
    message: message ?? "",
  }),
);

export const MERGED: Reader<Merged> = via(
  obj({
    wasApplied: bool,
    wasSuccessful: bool,
    resultantTargetHash: str,
    commonAncestor: str,
    details: list(obj({ key: KEY, conflict: CONFLICT })),
  }),
  ({ wasApplied, wasSuccessful, details, ...rest }) => ({
    wasApplied: wasApplied ?? false,
    wasSuccessful: needed(wasSuccessful, ".wasSuccessful"),
    details: (details ?? []).map(({ key, conflict }) => ({
      key: key ?? [],
      ...conflict ? { conflict } : {},
    })),
    ...rest,
  }),
);

const ERROR = obj({
  status: num,
  errorCode: str,
  reason: str,
  message: messageText,
  errorDetails: obj({ type: str, conflicts: list(CONFLICT) }),
});

/** Nessie's own error, if the body is one. */
export function nessieError(status: number, body: unknown): ErrorBody | undefined {
  try {
    const error = ERROR(body);
    const code = codeOf(error?.errorCode);
    if (error === undefined || code === undefined) return undefined;
    return {
      status,
      code,
      message: error.message ?? error.reason ?? "",
      conflicts: error.errorDetails?.conflicts ?? [],
    };
  } catch {
    return undefined;
  }
}
