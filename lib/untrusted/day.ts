/** Days as people write them. */

/** The last millisecond of `2026-12-31` in UTC; undefined when there is no such day. */
export function endOfDay(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const begin = Date.parse(`${day}T00:00:00.000Z`);
  const isReal = !Number.isNaN(begin) && new Date(begin).toISOString().startsWith(day);
  return isReal ? begin + 86_400_000 - 1 : undefined;
}
