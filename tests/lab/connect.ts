/** Connect's stand-in and the cloud behind it, in this process on loopback ports, for tests. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LabContext, labContext } from "../../lab/context.ts";
import { connectApi } from "../../lab/images/standins/onepassword/api.ts";
import { linkTo, type SyncState, type Vault } from "../../lab/images/standins/onepassword/cloud.ts";
import { serveVaults } from "../../lab/platform/one_password_server.ts";
import {
  ensureVault,
  mintToken,
  readVaults,
  vaultDir,
  type VaultFile,
  writeVaults,
} from "../../lab/platform/vault.ts";

/** What the tests look into, of all that the API answers. */
export interface Shown {
  id: string;
  status: number | string;
  message: string;
  name: string;
  version: number;
  title: string;
  vault: { id: string };
  items: number;
  tags?: string[];
  favorite?: boolean;
  sections?: unknown[];
  fields: { id: string; label: string; type: string; value: string }[];
  createdAt: string;
  dependencies: { service: string; status: string }[];
  action: string;
  result: string;
  actor: { userAgent: string; requestIp: string };
  resource: unknown;
}

/** An answer, read to its end: its JSON as an object and as a list, whichever it is. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Shown;
  list: Shown[];
}

/** A Connect of its own, over a cloud of its own, for one test. */
export interface Connect {
  ctx: LabContext;
  url: string;
  /** The vault that the token opens. */
  vault: Vault;
  /** Reads and writes the vault. */
  token: string;
  /** Lines that Connect and the cloud have logged. */
  logged: string[];
  /** What connect-sync says, ACTIVE unless a test says otherwise; and how long it is waited for. */
  sync: { state: SyncState; timeoutMs: number };
  get(path: string, token?: string): Promise<Answer>;
  send(method: string, path: string, body: unknown, token?: string): Promise<Answer>;
  change(change: (file: VaultFile) => void): void;
  /** From now on nobody answers in the cloud's place. */
  stopCloud(): Promise<void>;
}

function serve(handler: (request: Request, ip?: string) => Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => handler(request, "10.0.0.1"),
  );
}

/** Runs `work` with a Connect; removes everything after it. */
export async function withConnect(work: (connect: Connect) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "lakecheck-connect-"));
  const plain = labContext(dir, 0, join(dir, "cache"));
  const cloud = serve(serveVaults(join(vaultDir(plain), "vaults.json")));
  const ctx = { ...plain, onePassword: `http://127.0.0.1:${cloud.addr.port}` };
  ensureVault(ctx);
  const logged: string[] = [];
  const { log } = console;
  console.log = (line: string) => void logged.push(line);
  const sync: Connect["sync"] = { state: "ACTIVE", timeoutMs: 300 };
  const credentials = () => readFileSync(join(vaultDir(ctx), "1password-credentials.json"), "utf8");
  const api = serve(
    connectApi({
      link: () => linkTo(credentials()),
      sync: () => sync.state,
      get syncTimeoutMs() {
        return sync.timeoutMs;
      },
    }),
  );
  const url = `http://127.0.0.1:${api.addr.port}`;
  const [vault] = readVaults(ctx).vaults;
  assert.ok(vault);
  const ours = mintToken(ctx, { [vault.id]: 48 });
  async function send(method: string, path: string, sent?: unknown, token = ours): Promise<Answer> {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (token !== "") headers.authorization = `Bearer ${token}`;
    const whole = sent === undefined || typeof sent === "string" ? sent : JSON.stringify(sent);
    const answer = await fetch(url + path, { method, headers, body: whole });
    const text = await answer.text();
    const json = answer.headers.get("content-type")?.startsWith("application/json");
    const body = json ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, text, body, list: body };
  }
  const change = (edit: (file: VaultFile) => void) => {
    const file = readVaults(ctx);
    edit(file);
    writeVaults(ctx, file);
  };
  try {
    await work({
      ctx,
      url,
      vault,
      token: ours,
      logged,
      sync,
      get: (path, token) => send("GET", path, undefined, token),
      send,
      change,
      stopCloud: () => cloud.shutdown(),
    });
  } finally {
    console.log = log;
    await Promise.all([api.shutdown(), cloud.shutdown()]);
    rmSync(dir, { recursive: true, force: true });
  }
}
