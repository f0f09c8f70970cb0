/** Plain loops of fetch over presigned URLs, as anybody would write them: what the load generator is held against. */

/** Asks `requests` times, so many at a time, and drains each body; gives the milliseconds that it took. */
export type PlainLoop = (
  urls: readonly string[],
  client: Deno.HttpClient,
  concurrency: number,
  requests: number,
) => Promise<number>;

function loopOf(drain: (response: Response) => Promise<unknown>): PlainLoop {
  return async (urls, client, concurrency, requests) => {
    let next = 0;
    const started = performance.now();
    const worker = async () => {
      while (next < requests) {
        const response = await fetch(urls[next++ % urls.length] ?? "", { client });
        if (!response.ok) throw new Error(`GET gave HTTP ${response.status}`);
        await drain(response);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return performance.now() - started;
  };
}

const spare: ArrayBuffer[] = [];

/** By name, for the best of them is what counts. */
export const plainLoops: Record<string, PlainLoop> = {
  arrayBuffer: loopOf((response) => response.arrayBuffer()),
  bytes: loopOf((response) => response.bytes()),
  "reader with a buffer": loopOf(async ({ body }) => {
    const reader = body?.getReader({ mode: "byob" });
    let buffer = spare.pop() ?? new ArrayBuffer(256 * 1024);
    while (reader) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      if (done) break;
    }
    spare.push(buffer);
  }),
};
