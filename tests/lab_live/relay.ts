/**
 * A TCP proxy: `relay.ts LISTEN_HOST TARGET_HOST TARGET_PORT DELAY_MS`. Says the port that it listens on, and holds
 * back what clients send by so many milliseconds. Ends with its stdin.
 */
const [listenHost = "", hostname = "", port = "", delay = "0"] = Deno.args;
const listener = Deno.listen({ hostname: listenHost, port: 0 });
console.log((listener.addr as Deno.NetAddr).port);
void Deno.stdin.readable.pipeTo(new WritableStream()).then(() => Deno.exit(0));

for await (const near of listener) void relay(near);

async function relay(near: Deno.TcpConn): Promise<void> {
  try {
    const far = await Deno.connect({ hostname, port: Number(port) });
    near.setNoDelay();
    far.setNoDelay();
    await Promise.all([
      near.readable.pipeThrough(heldBack(Number(delay))).pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]);
  } catch {
    // One of the two has hung up, and pipes have closed the other.
  }
}

function heldBack(ms: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    async transform(chunk, controller) {
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      controller.enqueue(chunk);
    },
  });
}
