/** Fetching ahead of who asks. */

/** The same items, fetched up to `most` before they are asked for. */
export async function* ahead<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T, void, void> {
  const queue: T[] = [];
  let ended = false;
  let trouble: { error: unknown } | undefined;
  let wake = () => {};
  const iterator = items[Symbol.asyncIterator]();
  const filling = (async () => {
    try {
      while (!ended) {
        if (queue.length >= most) {
          await new Promise<void>((resolve) => wake = resolve);
          continue;
        }
        const { done, value } = await iterator.next();
        if (done) break;
        queue.push(value);
        wake();
      }
    } catch (error) {
      trouble = { error };
    }
    ended = true;
    wake();
  })();
  try {
    while (true) {
      const next = queue.shift();
      if (next !== undefined) {
        wake();
        yield next;
      } else if (ended) break;
      else await new Promise<void>((resolve) => wake = resolve);
    }
    if (trouble) throw trouble.error;
  } finally {
    ended = true;
    wake();
    await iterator.return?.();
    await filling;
  }
}
