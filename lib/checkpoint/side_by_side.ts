/** Work side by side, with a bound. */

/** Takes items as places become free; ends when all are done. The first error ends it, after what is under way. */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  places: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let trouble: { error: unknown } | undefined;
  try {
    for await (const item of items) {
      if (trouble) break;
      const one = work(item).catch((error) => {
        trouble ??= { error };
      }).finally(() => running.delete(one));
      running.add(one);
      if (running.size >= places) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (trouble) throw trouble.error;
}
