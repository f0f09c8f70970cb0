/** Names that were mistyped. */

/**
 * How many letters must be added, taken away, changed or swapped with their neighbour to make one of the other; more than
 * `most` is Infinity. Costs time by the product of their lengths, or by their length and `most`.
 */
export function editDistance(a: string, b: string, most = Infinity): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  const [one, other] = withoutSameEnds(a, b);
  const width = other.length;
  // Cells further than `most` from the diagonal cost more than `most`: they stay Infinity.
  let [before, row, next] = [1, 2, 3].map(() => new Float64Array(width + 2).fill(Infinity)) as [
    Row,
    Row,
    Row,
  ];
  for (let j = 0; j <= Math.min(width, most); j++) row[j] = j;
  for (let i = 1; i <= one.length; i++) {
    const from = Math.max(1, i - most);
    const to = Math.min(width, i + most);
    next[from - 1] = from === 1 ? i : Infinity;
    next[to + 1] = Infinity;
    let least = Number(next[from - 1]);
    for (let j = from; j <= to; j++) {
      const same = one[i - 1] === other[j - 1];
      let cost = Math.min(Number(row[j - 1]) + (same ? 0 : 1), Number(row[j]) + 1, Number(next[j - 1]) + 1);
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) cost = Math.min(cost, Number(before[j - 2]) + 1);
      next[j] = cost;
      if (cost < least) least = cost;
    }
    if (least > most) return Infinity;
    [before, row, next] = [row, next, before];
  }
  const distance = Number(row[width]);
  return distance > most ? Infinity : distance;
}

type Row = Float64Array<ArrayBuffer>;

/** Both without the letters with which both begin, and those with which both end. */
function withoutSameEnds(a: string, b: string): [string, string] {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let [end, other] = [a.length, b.length];
  while (end > from && other > from && a[end - 1] === b[other - 1]) [end, other] = [end - 1, other - 1];
  return [a.slice(from, end), b.slice(from, other)];
}

/** Names of objects are no longer. */
const LONGEST_NAME = 253;

const wordsOf = (name: string): string => name.split(/[-._]/).toSorted().join("-");
const lettersOf = (name: string): string => name.replace(/[-._]/g, "");
const DASHES = new Set([..."-._"].map((letter) => letter.charCodeAt(0)));

/** The same for names with the same letters, in whatever order; dashes and dots don't count. */
function sumOf(name: string): number {
  let sum = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (!DASHES.has(code)) sum += code;
  }
  return sum;
}

/** Whether one name is probably the other, mistyped: other separators or order of words, or two letters off. */
export function looksLike(a: string, b: string): boolean {
  if (a === b || Math.max(a.length, b.length) > LONGEST_NAME) return false;
  if (Math.min(a.length, b.length) >= 6 && editDistance(a, b, 2) <= 2) return true;
  return sumOf(a) === sumOf(b) &&
    (a.length === b.length && wordsOf(a) === wordsOf(b) || lettersOf(a) === lettersOf(b));
}

/** Whether all words of one name stand side by side in the other, and are half of it: `events` and `events-0`. */
export function contains(a: string, b: string): boolean {
  if (a === b || Math.max(a.length, b.length) > LONGEST_NAME) return false;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length < 4 || short.length * 2 < long.length) return false;
  const dashed = (name: string) => `-${name.replace(/[._]/g, "-")}-`;
  return dashed(long).includes(dashed(short));
}

/** The candidate closest to what was typed, if it is close enough to be meant. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const word = typed.replace(/^-+/, "").toLowerCase();
  if (word === "") return undefined;
  let best: { name: string; cost: number } | undefined;
  for (const name of candidates) {
    const cost = name.startsWith(word) && word.length >= 3 ? 1 : editDistance(word, name);
    if (!best || cost < best.cost) best = { name, cost };
  }
  return best && best.cost <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
}
