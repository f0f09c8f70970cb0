/**
 * By how much two samples differ, from the order of their values alone (Mann and Whitney, Hodges and Lehmann): what
 * holds whatever the noise looks like, and is not led astray by a round in which the machine stood still. Pure.
 */

export interface Shift {
  /** Median of the differences of all pairs, `b` less `a`. */
  by: number;
  /** Half of the width in which the true shift lies, but for the probability that was asked for. May be Infinity. */
  within: number;
}

/**
 * How far `b` is shifted from `a`. When both are of one distribution, |by| > within in at most a share `wrong` of all
 * cases. Too few values for so small a share give an endless width.
 */
export function shiftOf(a: readonly number[], b: readonly number[], wrong: number): Shift {
  const differences = a.flatMap((one) => b.map((other) => other - one)).sort((x, y) => x - y);
  const pairs = differences.length;
  const at = (rank: number) => differences[rank] ?? NaN;
  const by = (at((pairs - 1) >> 1) + at(pairs >> 1)) / 2;
  const left = leftOut(a.length, b.length, wrong);
  if (left === undefined) return { by, within: Infinity };
  return { by, within: Math.max(at(pairs - 1 - left) - by, by - at(left)) };
}

/**
 * How many pairs at either end may be left out: the most for which chance alone leaves no more on one side of zero, but
 * for a share `wrong`. Undefined: not even none.
 */
function leftOut(n: number, m: number, wrong: number): number | undefined {
  const ways = waysOf(n, m);
  const all = ways.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  let least: number | undefined;
  for (const [u, count] of ways.entries()) {
    sum += count;
    if (2 * sum > wrong * all) return least;
    least = u;
  }
  return least;
}

/** In how many orders of n and m values exactly u pairs stand the other way round, by u. */
function waysOf(n: number, m: number): number[] {
  // The largest value is of the one sample, and stands above all of the other, or of the other, above none.
  const rows: number[][][] = [];
  for (let i = 0; i <= n; i++) {
    rows.push([]);
    for (let j = 0; j <= m; j++) {
      const one = i > 0 ? rows[i - 1]?.[j] ?? [] : [];
      const other = j > 0 ? rows[i]?.[j - 1] ?? [] : [];
      rows[i]?.push(
        i === 0 || j === 0
          ? [1]
          : Array.from({ length: i * j + 1 }, (_, u) => (u >= j ? one[u - j] ?? 0 : 0) + (other[u] ?? 0)),
      );
    }
  }
  return rows[n]?.[m] ?? [];
}
