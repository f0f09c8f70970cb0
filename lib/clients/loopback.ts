/** Ports of this machine that only its own processes reach. */
import type { Server } from "node:net";
import { CannotLook } from "../engine/errors.ts";

/** Has the server listen on a free port of 127.0.0.1, and gives it. CannotLook when there is none. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address === "object" && address) return address.port;
  throw new CannotLook({ kind: "unreachable", message: "no port of this machine is free" });
}
