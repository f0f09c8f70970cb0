/** Work side by side, with a bound. */

/** Takes items as places become free; ends when all are done. The first error ends it, after what is under way. */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  places: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let running = 0;
  let trouble: { error: unknown } | undefined;
  // One that waits is woken by whoever ends next: a race of all promises would cost as much as the work itself.
  let wake = () => {};
  const woken = () => new Promise<void>((resolve) => wake = resolve);
  try {
    for await (const item of items) {
      if (trouble) break;
      running++;
      work(item).catch((error) => {
        trouble ??= { error };
      }).finally(() => {
        running--;
        wake();
      });
      if (running >= places) await woken();
    }
  } finally {
    while (running > 0) await woken();
  }
  if (trouble) throw trouble.error;
}
