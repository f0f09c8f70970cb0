/** A store that is one process on loopback, for the time of a test. */
import { spawn } from "node:child_process";

export interface StoreProcess {
  program: string;
  /** Its arguments on this port. */
  args(port: number): string[];
  env?: Record<string, string>;
}

/** Runs the store on a free port while `use` runs, and ends it whatever comes of that. */
export async function withStoreProcess(
  { program, args, env = {} }: StoreProcess,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const child = spawn(program, args(port), { stdio: "ignore", env });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  try {
    await listening(port);
    await use(`http://127.0.0.1:${port}`);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

function freePort(): number {
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return free.addr.port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (tries === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
