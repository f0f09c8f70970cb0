/**
 * STAND-IN for 1password.com: GET and PUT /vaults.json, one file, whole, for those who show the device's secret. Run by
 * lab:up as `one_password_server.ts FILE HOST PORT`. Plain HTTP: it never leaves the machine.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Cloud } from "../images/standins/onepassword/cloud.ts";

/** `.lab/onepassword/vaults.json`: all of the lab's 1Password side but the key that signs tokens. */
export interface VaultFile extends Cloud {
  /** Bearer that credentials files carry; not told to anybody who asks. */
  deviceSecret: string;
}

/** Writes the file whole, readable by its owner only. */
export function writeVaultFile(path: string, file: VaultFile): void {
  const next = `${path}.${Deno.pid}.new`;
  writeFileSync(next, JSON.stringify(file, undefined, 1), { mode: 0o600 });
  renameSync(next, path);
}

function told(status: number, why: string): Response {
  console.log(`${new Date().toISOString()} ${status} ${why}`);
  return new Response(`${why}\n`, { status });
}

/** The server's handler for the file at `path`. Answers 401, 404, 405, 400 and, while there is no file, 503. */
export function serveVaults(path: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (new URL(request.url).pathname !== "/vaults.json") return told(404, "there is /vaults.json only");
    let held: VaultFile;
    try {
      held = JSON.parse(readFileSync(path, "utf8"));
    } catch {
      return told(503, "the file of vaults can't be read");
    }
    const { deviceSecret, ...cloud } = held;
    if (!deviceSecret || request.headers.get("authorization") !== `Bearer ${deviceSecret}`) {
      return told(401, "unknown device");
    }
    if (request.method === "GET") return Response.json(cloud);
    if (request.method !== "PUT") return told(405, `${request.method} is neither GET nor PUT`);
    const sent: Cloud | undefined = await request.json().catch(() => undefined);
    if (!Array.isArray(sent?.vaults)) return told(400, "that is no file of vaults");
    writeVaultFile(path, { ...sent, deviceSecret });
    return told(200, "the vaults were written");
  };
}

if (import.meta.main) {
  const [path = "", hostname = "", port = ""] = Deno.args;
  Deno.serve({ hostname, port: Number(port) }, serveVaults(path));
}
