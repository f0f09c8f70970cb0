/** What lifecycle rules would do to tables: pure, from the rules of a bucket and the locations of tables. */
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { trimEnd } from "../../../untrusted/text.ts";

/** A table and where its files are: `s3://bucket/path`. */
export interface TableLocation {
  table: string;
  location: string;
  /** `s3://.../metadata/NNNNN-UUID.metadata.json`. */
  metadataLocation?: string;
}

/** A rule that deletes files of live tables, or may. */
export interface Hazard {
  rule: string;
  /** For people: `deletes objects below tables/ 30 days after they were written`. */
  does: string;
  /** The tables whose files it reaches. */
  tables: string[];
  /** Only versions that were deleted or overwritten already, which a live table does not read. */
  formerOnly: boolean;
}

/** The part of a bucket that a rule is about. */
interface Filter {
  prefix: string;
  /** Tags or sizes that an object must have besides. */
  conditions: string[];
}

/** The rules that reach files of these tables. Disabled rules and rules that only abort uploads reach none. */
export function hazards(
  bucket: string,
  rules: readonly LifecycleRule[],
  tables: readonly TableLocation[],
): Hazard[] {
  return rules.flatMap((rule, index): Hazard[] => {
    const deeds = deedsOf(rule);
    if (rule.Status !== "Enabled" || deeds.length === 0) return [];
    const { prefix, conditions } = filterOf(rule);
    const hit = tables.filter(({ location }) => reaches(bucket, prefix, location)).map(({ table }) => table);
    if (hit.length === 0) return [];
    const where = prefix ? `below ${prefix}` : "of the whole bucket";
    const only = conditions.length > 0 ? ` that have ${conditions.join(" and ")}` : "";
    return [{
      rule: rule.ID || `rule ${index + 1}`,
      does: deeds.map(({ say }) => say(`${where}${only}`)).join(", and "),
      tables: hit,
      formerOnly: deeds.every(({ former }) => former),
    }];
  });
}

interface Deed {
  say(where: string): string;
  former: boolean;
}

/** What a rule deletes. A delete marker without versions below it hides nothing: removing it is harmless. */
function deedsOf(rule: LifecycleRule): Deed[] {
  const { Expiration: current, NoncurrentVersionExpiration: old } = rule;
  const deeds: Deed[] = [];
  if (current?.Days !== undefined) {
    const say = (where: string) => `deletes objects ${where} ${days(current.Days)} after they were written`;
    deeds.push({ say, former: false });
  } else if (current?.Date) {
    const from = current.Date.toISOString().slice(0, 10);
    deeds.push({ say: (where) => `deletes objects ${where} from ${from} on`, former: false });
  }
  if (old) {
    const after = old.NoncurrentDays === undefined ? "" : ` after ${days(old.NoncurrentDays)}`;
    deeds.push({ say: (where) => `deletes former versions of objects ${where}${after}`, former: true });
  }
  return deeds;
}

function days(count: number | undefined): string {
  return `${count} ${count === 1 ? "day" : "days"}`;
}

/** `Prefix` of the rule itself is the older form of the same. */
function filterOf(rule: LifecycleRule): Filter {
  const { Filter: filter } = rule;
  const and = filter?.And;
  const tags = [...filter?.Tag ? [filter.Tag] : [], ...and?.Tags ?? []];
  const larger = filter?.ObjectSizeGreaterThan ?? and?.ObjectSizeGreaterThan;
  const smaller = filter?.ObjectSizeLessThan ?? and?.ObjectSizeLessThan;
  return {
    prefix: filter?.Prefix ?? and?.Prefix ?? rule.Prefix ?? "",
    conditions: [
      ...tags.map(({ Key, Value }) => `tag ${Key}=${Value}`),
      ...larger === undefined ? [] : [`more than ${larger} bytes`],
      ...smaller === undefined ? [] : [`less than ${smaller} bytes`],
    ],
  };
}

/** Prefixes are texts, not directories: `ware` reaches `warehouse/`, and a rule below a table reaches its data. */
function reaches(bucket: string, prefix: string, location: string): boolean {
  const place = placeOf(location);
  if (place?.bucket !== bucket) return false;
  const path = place.path === "" ? "" : `${trimEnd(place.path, "/")}/`;
  return path.startsWith(prefix) || prefix.startsWith(path);
}

/** Bucket and path of `s3://bucket/path`, also s3a and s3n; undefined for other places. */
export function placeOf(location: string): { bucket: string; path: string } | undefined {
  const [, bucket, path = ""] = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/i.exec(location) ?? [];
  return bucket === undefined ? undefined : { bucket, path };
}
