/** A page of a ListObjectsV2 answer. Pure, and quick: a page has a thousand objects, and a warehouse many pages. */
import { own } from "../../untrusted/lookup.ts";

export interface ListedObject {
  key: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since the epoch; NaN when the store does not say. */
  modified: number;
}

export interface ListPage {
  objects: ListedObject[];
  /** With a delimiter: what stands up to it, of keys that go on. */
  prefixes: string[];
  /** Where the next page begins; absent on the last. */
  next?: string;
}

/** Reads the XML of a page; undefined when it is none, or not all of one. */
export function parseListPage(xml: string): ListPage | undefined {
  if (!xml.includes("<ListBucketResult") || !xml.includes("</ListBucketResult>")) return undefined;
  const objects: ListedObject[] = [];
  for (const part of elements(xml, "Contents")) {
    const key = inside(part, "Key");
    const size = Number(inside(part, "Size") || NaN);
    if (key === undefined || !(size >= 0)) return undefined;
    objects.push({ key: unescaped(key), size, modified: Date.parse(inside(part, "LastModified") ?? "") });
  }
  const prefixes: string[] = [];
  for (const part of elements(xml, "CommonPrefixes")) {
    const prefix = inside(part, "Prefix");
    if (prefix !== undefined) prefixes.push(unescaped(prefix));
  }
  const next = inside(xml, "IsTruncated") === "true" ? inside(xml, "NextContinuationToken") : undefined;
  return { objects, prefixes, ...next === undefined ? {} : { next: unescaped(next) } };
}

/** What stands in each element of that name; S3 nests none in itself. */
function* elements(xml: string, name: string): Generator<string> {
  const [open, close] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(open); at >= 0;) {
    const end = xml.indexOf(close, at);
    if (end < 0) return;
    yield xml.slice(at + open.length, end);
    at = xml.indexOf(open, end);
  }
}

function inside(xml: string, name: string): string | undefined {
  const open = `<${name}>`;
  const at = xml.indexOf(open);
  if (at < 0) return xml.includes(`<${name}/>`) ? "" : undefined;
  const end = xml.indexOf(`</${name}>`, at);
  return end < 0 ? undefined : xml.slice(at + open.length, end);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Text of XML with its entities, named and numbered, as what they stand for. */
export function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return own(ENTITIES, name) ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
