/** What lies in a scratch place, page by page. A store may list what was not asked for, and may list without an end. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Session } from "../../../clients/s3/client.ts";
import { type Refusal, type Reply, replyOf } from "../setup/calls.ts";
import { isIn, type OwnPlace } from "./own_place.ts";

/** Something in the place: an object, one of its versions, or an open upload. */
export interface Item {
  key: string;
  /** Of the version, or of the upload. */
  id?: string;
}

/** Asks for the page that `cursor` leads to; the first one without. */
type Lister = (cursor: Cursor | undefined) => Promise<Reply<Page>>;

type Cursor = Record<string, string | undefined>;

interface Page {
  /** As the store gave them. */
  entries: readonly { key: unknown; id?: string }[];
  /** Absent: the list is at its end. Empty: there is more, and the store does not say how to get there. */
  next?: Cursor;
}

/** A list that was read once. */
export interface Walked {
  /** Items in the place. */
  found: number;
  /** Those of them that no earlier walk has seen. */
  fresh: number;
  /** Some of the keys outside of the place, and how many there are. */
  outside: string[];
  outsideCount: number;
  /** Why the end of the list was not seen. */
  cut?: string;
}

export type Kind = "uploads" | "versions" | "objects";

/** Pages of one walk: a run makes some thousand objects. */
const MOST_PAGES = 200;
/** Pages with keys outside of the place, of 1,000 keys each: a store that ignores prefixes may have millions. */
const MOST_OUTSIDE = 100;
const SHOWN = 3;

/**
 * Reads a list to its end, gives what lies in the place to `remove` page by page, and only counts the rest. `seen`
 * remembers what was found by earlier walks. The refusal when the store does not list at all.
 */
export async function walk(
  list: Lister,
  place: OwnPlace,
  seen: Set<string>,
  remove: (items: readonly Item[]) => Promise<void>,
): Promise<Walked | { refusal: Refusal }> {
  const walked: Walked = { found: 0, fresh: 0, outside: [], outsideCount: 0 };
  const texts = new Set<string>();
  let pagesOutside = 0;
  let cursor: Cursor | undefined;
  for (let pages = 1;; pages++) {
    const page = await list(cursor);
    if (!page.ok) {
      if (pages === 1) return { refusal: page.refusal };
      return { ...walked, cut: `page ${pages} of the list was rejected: HTTP ${page.refusal.status}` };
    }
    const before = walked.outsideCount;
    const items = inside(page.value, place, walked);
    for (const { key, id = "" } of items) {
      if (!seen.has(`${id} ${key}`)) walked.fresh++;
      seen.add(`${id} ${key}`);
    }
    walked.found += items.length;
    if (items.length > 0) await remove(items);
    if (!page.value.next) return walked;
    if (walked.outsideCount > before) pagesOutside++;
    cursor = page.value.next;
    const cut = whyCut(page.value, texts, pages, pagesOutside);
    if (cut) return { ...walked, cut };
  }
}

function inside({ entries }: Page, place: OwnPlace, walked: Walked): Item[] {
  return entries.flatMap(({ key, id }) => {
    if (isIn(place, key)) return [{ key, ...id === undefined ? {} : { id } }];
    walked.outsideCount++;
    if (walked.outside.length < SHOWN) {
      walked.outside.push(typeof key === "string" ? JSON.stringify(key.slice(0, 200)) : "one without a key");
    }
    return [];
  });
}

/** Why a list is not read on; undefined when it is. */
function whyCut(
  { entries, next }: Page,
  texts: Set<string>,
  pages: number,
  pagesOutside: number,
): string | undefined {
  const cursor = JSON.stringify(next);
  if (cursor === "{}") return "the store says that its list goes on, and not from where";
  const page = entries.length > 0 ? [JSON.stringify([entries.length, entries[0], entries.at(-1)])] : [];
  for (const text of [cursor, ...page]) {
    if (texts.has(text)) return "the store gives the same page of its list again and again";
    texts.add(text);
  }
  if (pages >= MOST_PAGES) return `the list had no end after ${pages} pages`;
  if (pagesOutside < MOST_OUTSIDE) return undefined;
  return `the list was not read on after ${pagesOutside} pages of keys outside of this prefix`;
}

const cursorOf = (truncated: boolean | undefined, cursor: Cursor): { next?: Cursor } =>
  truncated ? { next: cursor } : {};

/** The list of a kind in a place, as S3 has it. Errors of the store (5xx, no answer) are CannotLook. */
export async function lister(
  kind: Kind,
  s3: S3Client,
  { bucket, prefix }: OwnPlace,
  session: S3Session,
): Promise<Lister> {
  const sdk = await import("@aws-sdk/client-s3");
  const at = { Bucket: bucket, ...prefix ? { Prefix: prefix } : {} };
  const what = { ...session, what: `list the ${kind} of ${bucket}/${prefix}` };
  const pageOf = async <T>(answer: Promise<T>, read: (value: T) => Page): Promise<Reply<Page>> => {
    const said = await replyOf(answer, what);
    return said.ok ? { ok: true, value: read(said.value) } : said;
  };
  switch (kind) {
    case "uploads":
      return (cursor) =>
        pageOf(s3.send(new sdk.ListMultipartUploadsCommand({ ...at, ...cursor })), (page) => ({
          entries: (page.Uploads ?? []).map(({ Key, UploadId }) => ({ key: Key, id: UploadId })),
          ...cursorOf(page.IsTruncated, {
            KeyMarker: page.NextKeyMarker,
            UploadIdMarker: page.NextUploadIdMarker,
          }),
        }));
    case "versions":
      return (cursor) =>
        pageOf(s3.send(new sdk.ListObjectVersionsCommand({ ...at, ...cursor })), (page) => ({
          entries: [...page.Versions ?? [], ...page.DeleteMarkers ?? []]
            .map(({ Key, VersionId }) => ({ key: Key, id: VersionId })),
          ...cursorOf(page.IsTruncated, {
            KeyMarker: page.NextKeyMarker,
            VersionIdMarker: page.NextVersionIdMarker,
          }),
        }));
    case "objects":
      return (cursor) =>
        pageOf(s3.send(new sdk.ListObjectsV2Command({ ...at, ...cursor })), (page) => ({
          entries: (page.Contents ?? []).map(({ Key }) => ({ key: Key })),
          ...cursorOf(page.IsTruncated, { ContinuationToken: page.NextContinuationToken }),
        }));
  }
}
