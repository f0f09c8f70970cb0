/** Objects below a warehouse that lie in the location of no table: left by dropped tables, or by other programs. */
import type { S3Reader } from "../../../clients/s3/reader.ts";
import { type ObjectPlace, prefixOf } from "../../../iceberg/location.ts";
import { add, type Amount, amount, keepLargest, type Listed, type Orphan, ORPHAN_AGE_MS } from "./unnamed.ts";
import { hash53, type SeenSet, seenSet } from "./seen.ts";

/** Where tables lie, as far as it is needed to know whether a directory is, or holds, a table's. */
export interface Locations {
  add(place: ObjectPlace): void;
  /** `prefix` ends with a slash. */
  isTable(bucket: string, prefix: string): boolean;
  holdsTables(bucket: string, prefix: string): boolean;
}

export function locations(): Locations {
  const tables: SeenSet = seenSet();
  const above: SeenSet = seenSet();
  return {
    add(place) {
      const prefix = prefixOf(place);
      if (prefix === "" || !tables.add(`${place.bucket}/${prefix}`)) return;
      for (
        let at = prefix.indexOf("/");
        at >= 0 && at < prefix.length - 1;
        at = prefix.indexOf("/", at + 1)
      ) {
        above.add(`${place.bucket}/${prefix.slice(0, at + 1)}`);
      }
    },
    isTable: (bucket, prefix) => tables.has(`${bucket}/${prefix}`),
    holdsTables: (bucket, prefix) => above.has(`${bucket}/${prefix}`),
  };
}

export interface Strays {
  strays: Amount;
  young: Amount;
  largest: Orphan[];
  /** Those of `strays`, by the hash of `bucket/key`: a table may name them. */
  list: Listed[];
  /** The listing was given up at its bound. */
  cut: boolean;
}

/** So many objects outside of tables are counted; more are "and more". */
const MOST = 200_000;

/** Lists a warehouse directory by directory, and goes into those only that are no table's. */
export async function findStrays(
  store: S3Reader,
  warehouse: ObjectPlace,
  tables: Locations,
  now: number,
): Promise<Strays> {
  const out: Strays = { strays: amount(), young: amount(), largest: [], list: [], cut: false };
  const { bucket } = warehouse;
  const todo = [prefixOf(warehouse)];
  for (let prefix = todo.pop(); prefix !== undefined && !out.cut; prefix = todo.pop()) {
    const inside = prefix === prefixOf(warehouse) || tables.holdsTables(bucket, prefix);
    for await (const { objects, prefixes } of store.list(bucket, prefix, inside ? { delimiter: "/" } : {})) {
      for (const { key, size, modified } of objects) {
        if (key.endsWith("/") && size === 0) continue;
        if (!(now - modified >= ORPHAN_AGE_MS)) add(out.young, size);
        else {
          add(out.strays, size);
          out.list.push([hash53(`${bucket}/${key}`), size]);
          const orphan = {
            path: `s3://${bucket}/${key}`,
            bytes: size,
            modified: new Date(modified).toISOString(),
          };
          keepLargest(out.largest, orphan);
        }
      }
      for (const one of prefixes) if (!tables.isTable(bucket, one)) todo.push(one);
      out.cut = out.strays.count + out.young.count >= MOST;
      if (out.cut) break;
    }
  }
  return out;
}
