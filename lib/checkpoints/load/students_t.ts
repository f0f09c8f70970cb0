/** Student's t distribution: how far off a mean of few values may be by chance. Pure. */

const PANELS = 1000;

/**
 * The t that |T| stays below with this probability (0 to 1) at so many degrees of freedom (from 1 on, fractions
 * allowed). With T = sqrt(f) tan(a), the density of a is cos(a)^(f-1) but for a factor, which needs no special
 * functions: it is summed up from 0 to a right angle.
 */
export function twoSidedT(probability: number, freedom: number): number {
  const step = Math.PI / 2 / PANELS;
  const density = (at: number) => Math.cos(at * step) ** (freedom - 1);
  const sums = new Float64Array(PANELS + 1);
  let before = 1;
  for (let at = 1; at <= PANELS; at++) {
    const here = at === PANELS ? (freedom === 1 ? 1 : 0) : density(at);
    sums[at] = (sums[at - 1] ?? 0) + (before + 4 * density(at - 0.5) + here) / 6;
    before = here;
  }
  const wanted = probability * (sums[PANELS] ?? 0);
  const over = sums.findIndex((sum) => sum >= wanted);
  if (over <= 0) return 0;
  const [low = 0, high = 0] = [sums[over - 1], sums[over]];
  const angle = (over - 1 + (high > low ? (wanted - low) / (high - low) : 0)) * step;
  return Math.sqrt(freedom) * Math.tan(angle);
}
