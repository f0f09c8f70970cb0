/** Names that were mistyped. */

/**
 * How many letters must be added, taken away, changed or swapped with their neighbour to make one of the other; costs time
 * by the product of their lengths.
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
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
