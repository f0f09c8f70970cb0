/** The tables and views of a catalog, reference by reference, as the integrity walk takes them. */
import type { Entry, NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { usualLocation } from "../../../iceberg/location.ts";
import { seenSet } from "./seen.ts";
import type { TableHead } from "./chain.ts";

export type Catalog = Pick<NessieApi, "config" | "references" | "entries" | "contents">;

/** An entry of a reference, in the order of the walk. */
export interface Item {
  /** Counted over all references. */
  index: number;
  /** By which shards divide entries among them: what shares a location, or a metadata file, has the same. */
  home: string;
  /** Absent: `same` or something that is not Iceberg's. */
  table?: CatalogTable;
  /** Its metadata was met before. */
  same?: boolean;
}

export interface CatalogTable extends TableHead {
  reference: Reference;
  key: string[];
}

/** All references: the default branch, other branches, tags; so that what is needed now is met first. */
export async function referencesOf(
  catalog: Catalog,
  wanted: (name: string) => boolean = () => true,
): Promise<Reference[]> {
  const { defaultBranch } = await catalog.config();
  const all: Reference[] = [];
  for await (const reference of catalog.references()) if (wanted(reference.name)) all.push(reference);
  const rank = ({ name, type }: Reference) => name === defaultBranch ? 0 : type === "BRANCH" ? 1 : 2;
  return all.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Every entry but namespaces, at the commits of these references. Nothing is kept but a hash of each location. */
export async function* itemsOf(
  catalog: Catalog,
  references: readonly Reference[],
): AsyncGenerator<Item, void, void> {
  const met = seenSet();
  let index = 0;
  for (const reference of references) {
    for await (const entry of catalog.entries(`${reference.name}@${reference.hash}`, { content: true })) {
      if (entry.type === "NAMESPACE") continue;
      const table = tableOf(entry, reference);
      // A view and a table never share a metadata file.
      const home = table
        ? usualLocation(table.metadataLocation) ?? table.metadataLocation
        : entry.key.join(".");
      if (table && !met.add(table.metadataLocation)) yield { index, home, same: true };
      else yield { index, home, ...table ? { table } : {} };
      index++;
    }
  }
}

/** The key as SQL writes it: `bronze.orders`. */
export const tableName = (reference: string, key: readonly string[]): string =>
  `${reference}:${key.join(".")}`;

function tableOf({ key, type, content }: Entry, reference: Reference): CatalogTable | undefined {
  const kind = content?.type ?? type;
  const metadataLocation = content?.metadataLocation;
  if (metadataLocation === undefined || !/^ICEBERG_(?:TABLE|VIEW)$/.test(kind)) return undefined;
  return {
    name: tableName(reference.name, key),
    type: kind === "ICEBERG_VIEW" ? "view" : "table",
    metadataLocation,
    ...content?.snapshotId === undefined ? {} : { snapshotId: String(content.snapshotId) },
    branch: reference.type === "BRANCH",
    reference,
    key,
  };
}

/** So many tables by chance, each with the same chance, in the order of the walk; and how many there are. */
export async function sampleOf(
  items: AsyncIterable<Item>,
  count: number,
  seed: number,
): Promise<{ items: Item[]; of: number }> {
  const random = randomOf(seed);
  const kept: Item[] = [];
  let of = 0;
  for await (const item of items) {
    if (!item.table) continue;
    of++;
    if (kept.length < count) kept.push(item);
    else {
      const at = Math.floor(random() * of);
      if (at < count) kept[at] = item;
    }
  }
  kept.sort((a, b) => a.index - b.index);
  return { items: kept.map(({ table, home }, index) => ({ index, home, ...table ? { table } : {} })), of };
}

/** The same numbers for the same seed (Mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
