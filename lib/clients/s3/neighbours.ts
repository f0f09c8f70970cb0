/**
 * Lists many small prefixes that lie beside each other, as tables of a namespace do: a page of a thousand objects that
 * was listed for one of them serves those that follow. A page costs a store a few times what a small list costs, and
 * serves dozens of tables.
 */
import type { ListedObject, ListPage } from "./list.ts";
import type { S3Reader } from "./reader.ts";

type List = S3Reader["list"];

/** What was listed of a directory: all keys after `from`, up to `to` with it. */
interface Range {
  place: string;
  from: string;
  /** Absent: to the end of the directory. */
  to?: string;
  objects: ListedObject[];
}

interface Flight {
  place: string;
  from: string;
  done: Promise<void>;
}

/** Pages that are kept: a bound on memory, some 5 MiB. */
const KEPT = 16;
/** A page has to serve so many prefixes on average of so many pages; else each is listed by itself for a while. */
const WORTH = 3;
const JUDGED_PAGES = 8;
const ALONE = 200;

/** Lists a prefix, which ends with a slash, from pages of its parent where that saves requests. */
export function neighbourLists(
  list: List,
): (bucket: string, prefix: string) => AsyncGenerator<ListPage, void, void> {
  let [pages, served, alone] = [0, 0, 0];
  const rangeOf = pagesOf(list, () => pages++);
  return async function* (bucket, prefix) {
    if (pages >= JUDGED_PAGES) {
      if (served < WORTH * pages) alone = ALONE;
      [pages, served] = [0, 0];
    }
    const range = alone-- > 0 || !isAscii(prefix) ? undefined : await rangeOf(bucket, prefix);
    if (!range) return yield* list(bucket, prefix);
    served++;
    yield { objects: objectsIn(range.objects, prefix), prefixes: [] };
    const goesOn = range.to !== undefined && range.to.startsWith(prefix);
    if (goesOn) yield* list(bucket, prefix, { after: range.to });
  };
}

/**
 * What gives the page that has the beginning of a prefix: one that is kept, or is under way, or is asked for. None when
 * it has to be listed by itself. `counted` is called for each page that was fetched.
 */
function pagesOf(
  list: List,
  counted: () => void,
): (bucket: string, prefix: string) => Promise<Range | undefined> {
  let ranges: Range[] = [];
  const flights = new Set<Flight>();
  const wanted = new Map<string, string[]>();

  const known = (place: string, prefix: string) =>
    ranges.find((one) =>
      one.place === place && one.from <= prefix && (one.to === undefined || one.to > prefix)
    );

  const fetchFrom = async (place: string, bucket: string, parent: string, from: string) => {
    const page = await firstPage(list(bucket, parent, { after: from }));
    counted();
    // Stores sort by bytes and this by UTF-16; they agree on ASCII, and most keys are.
    if (!page.objects.every(({ key }) => isAscii(key))) return;
    const last = page.objects.at(-1)?.key;
    const to = page.next === undefined ? {} : { to: last ?? from };
    ranges = [{ place, from, ...to, objects: page.objects }, ...ranges].slice(0, KEPT);
  };

  return async (bucket, prefix) => {
    const parent = parentOf(prefix);
    const place = `${bucket}/${parent}`;
    const waiting = wanted.get(place) ?? [];
    wanted.set(place, waiting);
    waiting.push(prefix);
    try {
      for (let asked = false;;) {
        const range = known(place, prefix);
        if (range || asked) return range;
        const under = [...flights].find((one) => one.place === place && one.from <= prefix);
        if (under) await under.done;
        else {
          const from = waiting.reduce((a, b) => a < b ? a : b);
          asked = from === prefix;
          const flight: Flight = { place, from, done: fetchFrom(place, bucket, parent, from) };
          flights.add(flight);
          await flight.done.finally(() => flights.delete(flight));
        }
      }
    } finally {
      waiting.splice(waiting.indexOf(prefix), 1);
      if (waiting.length === 0) wanted.delete(place);
    }
  };
}

async function firstPage(pages: AsyncGenerator<ListPage, void, void>): Promise<ListPage> {
  try {
    const { value } = await pages.next();
    return value ?? { objects: [], prefixes: [] };
  } finally {
    await pages.return();
  }
}

/** `db/orders/` lies in `db/`. */
function parentOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf("/", prefix.length - 2) + 1);
}

/** Those whose keys begin so, of objects in the order of their keys. */
function objectsIn(objects: readonly ListedObject[], prefix: string): ListedObject[] {
  let [low, high] = [0, objects.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((objects[middle]?.key ?? "") < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (objects[end]?.key.startsWith(prefix)) end++;
  return objects.slice(low, end);
}

// deno-lint-ignore no-control-regex
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
