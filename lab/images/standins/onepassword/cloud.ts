// What the lab keeps in the place of 1password.com: one JSON file of vaults, outside the cluster.
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Path of the file; lab:up writes it, people and faults may change it at any time. */
export const CLOUD_FILE = Deno.env.get("LAKECHECK_CLOUD_FILE") ?? "/cloud/vaults.json";
/** Written by connect-sync once it accepts the credentials; connect-api reads it. */
export const STATE_FILE = "/home/opuser/.op/data/sync-state.json";
export const CREDENTIALS_FILE = "/home/opuser/.op/1password-credentials.json";

/** A field of an item, as Connect's API shows it. */
export interface Field {
  id: string;
  label: string;
  value?: string;
  type?: string;
  purpose?: string;
}

/** An item as Connect's API shows it in full. */
export interface Item {
  id: string;
  title: string;
  category: string;
  version: number;
  tags?: string[];
  fields: Field[];
  createdAt: string;
  updatedAt: string;
  [more: string]: unknown;
}

/** A vault with its items. */
export interface Vault {
  id: string;
  name: string;
  items: Item[];
}

/** The whole file. `trouble` makes every API answer go wrong in one way, for tests. */
export interface Cloud {
  /** The server that the credentials file is for. */
  deviceUuid: string;
  /** Public key (PEM, P-256) that signed the tokens. */
  tokenKey: string;
  vaults: Vault[];
  trouble?: { status?: number; message?: string; headers?: Record<string, string>; delayMs?: number };
}

/** A new id as 1Password makes them: 26 characters, lower-case base 32. */
export function newId(): string {
  return [...randomBytes(26)].map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32]).join("");
}

/** The cloud as it is now. Throws when it can't be read, as a lost connection would. */
export function readCloud(): Cloud {
  return JSON.parse(readFileSync(CLOUD_FILE, "utf8"));
}

/** Writes the cloud whole. */
export function writeCloud(cloud: Cloud): void {
  writeFileSync(`${CLOUD_FILE}.new`, JSON.stringify(cloud, undefined, 1), { mode: 0o600 });
  renameSync(`${CLOUD_FILE}.new`, CLOUD_FILE);
}

/** A log line as Connect writes them. Levels: 1 error, 2 warning, 3 info. */
export function log(level: 1 | 2 | 3, message: string): void {
  const letter = { 1: "E", 2: "W", 3: "I" }[level];
  console.log(
    JSON.stringify({ log_message: `(${letter}) ${message}`, timestamp: new Date().toISOString(), level }),
  );
}
