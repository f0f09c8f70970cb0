/** A worker: a store that gives zeros of the size that its path names, `/bucket/SIZE/key`, and takes everything else. */
const bodies = new Map<number, Uint8Array<ArrayBuffer>>();
Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => postMessage(port),
}, async ({ method, url, body }) => {
  if (method !== "GET") {
    await body?.pipeTo(new WritableStream());
    return new Response(null, { status: method === "DELETE" ? 204 : 200 });
  }
  const size = Number(new URL(url).pathname.split("/")[2]);
  const zeros = bodies.get(size) ?? new Uint8Array(size);
  bodies.set(size, zeros);
  return new Response(zeros);
});

declare function postMessage(message: unknown): void;
