// Connect's way to what stands in the place of 1password.com: the lab's own server, with one file of vaults behind it.
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";

/** Written by connect-sync; connect-api reads it. Holds a {@linkcode SyncState}. */
export const STATE_FILE = "/home/opuser/.op/data/sync-state.json";
export const CREDENTIALS_FILE = "/home/opuser/.op/1password-credentials.json";

/** What connect-sync has come to: no answer yet, vaults at hand, or credentials that will never do. */
export type SyncState = "WAITING" | "ACTIVE" | "REFUSED";

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

/** Makes every answer of the API go wrong in one way, for tests. */
export interface Trouble {
  /** Answered in the place of whatever was asked for. */
  status?: number;
  message?: string;
  headers?: Record<string, string>;
  /** How long each answer takes, in milliseconds. */
  delayMs?: number;
  /** The connection ends in the middle of the answer. */
  cut?: boolean;
}

/** The file of vaults, as a device gets it. */
export interface Cloud {
  /** The server that the credentials file is for. */
  deviceUuid: string;
  /** Public key (PEM, P-256) that signed the tokens. */
  tokenKey: string;
  vaults: Vault[];
  trouble?: Trouble;
}

/**
 * What `encCredentials.data` of the lab's credentials files holds, as base64url JSON. In a real file only Connect can read
 * that, so nobody else looks inside here either.
 */
export interface Device {
  /** Where the cloud's file is served. */
  url: string;
  /** Bearer for it. */
  secret: string;
}

/** The cloud did not answer (`status` 0), or not with what was asked for. */
export class CloudError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** The way to the cloud. Both throw {@linkcode CloudError}. */
export interface Link {
  read(): Promise<Cloud>;
  write(cloud: Cloud): Promise<void>;
}

/** A new id as 1Password makes them: 26 characters, lower-case base 32. */
export function newId(): string {
  return [...randomBytes(26)].map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32]).join("");
}

/** The way to the cloud that a credentials file names. Throws, in Connect's words, when it is no such file. */
export function linkTo(credentials: string, timeoutMs = 5_000): Link {
  const { url, secret } = deviceOf(credentials);
  async function ask(method: string, body?: string): Promise<string> {
    const headers = { authorization: `Bearer ${secret}` };
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
      text = await answer.text();
    } catch (error) {
      throw new CloudError(0, error instanceof Error ? error.message : String(error));
    }
    if (!answer.ok) throw new CloudError(answer.status, `1password.com answered ${answer.status}`);
    return text;
  }
  return {
    read: async () => JSON.parse(await ask("GET")),
    write: async (cloud) => void await ask("PUT", JSON.stringify(cloud)),
  };
}

function deviceOf(credentials: string): Device {
  let file: Record<string, unknown> & { encCredentials?: { data?: string } };
  try {
    file = JSON.parse(credentials);
  } catch {
    throw new Error("illegal base64 data at input byte 0");
  }
  if (!file?.encCredentials?.data || !file.uniqueKey || !file.version) {
    throw new Error("credentials file is not valid");
  }
  try {
    return JSON.parse(Buffer.from(file.encCredentials.data, "base64url").toString());
  } catch {
    throw new Error("failed to Decrypt localAuthv2: Authentication failed");
  }
}

/** A log line as Connect writes them. Levels: 1 error, 2 warning, 3 info. */
export function log(level: 1 | 2 | 3, message: string): void {
  const letter = { 1: "E", 2: "W", 3: "I" }[level];
  console.log(
    JSON.stringify({ log_message: `(${letter}) ${message}`, timestamp: new Date().toISOString(), level }),
  );
}
