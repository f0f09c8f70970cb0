/** Where the two secrets come from: a file, stdin, the environment, or a question on the terminal. */
import { systemReason } from "../../disk/atomic_file.ts";
import { type FileRead, MOST_BYTES, readLimited, readUpTo } from "../../disk/read_limited.ts";
import { UsageError } from "../../engine/errors.ts";
import { fromJson, isRecord, utf8 } from "./encoding.ts";
import { ownTerminal, secret, type Terminal } from "../../cli/prompt.ts";

/** A secret that was given, as it was; its readers trim it and judge it. */
export interface Given {
  value: string;
  /** "file /x", "stdin", "environment variable OP_CONNECT_TOKEN" or "prompt". */
  from: string;
  /** Sentences for the user. */
  warnings: string[];
}

/** What is outside of the process, besides files. */
export interface Io {
  env(name: string): string | undefined;
  terminal: Terminal;
}

export type Secret = "credentials" | "token";

/** OP_CONNECT_TOKEN is 1Password's own name (https://developer.1password.com/docs/connect/connect-cli). */
export const VARIABLES: Record<Secret, string> = {
  credentials: "OP_CONNECT_CREDENTIALS",
  token: "OP_CONNECT_TOKEN",
};

const QUESTIONS: Record<Secret, string> = {
  credentials: "Content of 1password-credentials.json (not shown):",
  token: "Access token of the Connect server (not shown):",
};

const ownIo: Io = {
  env(name) {
    try {
      return Deno.env.get(name);
    } catch {
      return undefined; // Deno was started without the permission for it.
    }
  },
  terminal: ownTerminal,
};

/**
 * Takes one secret: `flag` is the name of a file or `-` for stdin; without it the environment is asked, then the
 * user if stdin is a terminal. What is typed or pasted is never shown, and the flag is never taken for the
 * secret itself. Throws UsageError that quotes none of it, Interrupted on Ctrl-C.
 */
export async function take(what: Secret, flag: string | undefined, io: Io = ownIo): Promise<Given> {
  const name = VARIABLES[what];
  const variable = flag === undefined ? io.env(name) : undefined;
  if (variable !== undefined) {
    if (variable.trim() !== "") {
      return { value: variable, from: `environment variable ${name}`, warnings: [] };
    }
    throw new UsageError(
      `The environment variable ${name} is set and empty. Unset it and give --${what} FILE, or put the ${what} into it.`,
    );
  }
  if (flag !== undefined && flag !== "-") return await fromFile(what, flag);
  if (io.terminal.isTerminal()) return await fromPrompt(what, io.terminal);
  if (flag === "-") return await fromStdin(what, io.terminal);
  throw new UsageError(
    `No ${what} given, and stdin is not a terminal to ask on. Give --${what} FILE, --${what} - to read stdin, ` +
      `or the environment variable ${name}.`,
  );
}

/** Takes both, each as `take` does. Throws UsageError when both are to come from stdin, which holds one. */
export async function takeBoth(
  flags: { credentials?: string; token?: string },
  io: Io = ownIo,
): Promise<Record<Secret, Given>> {
  if (flags.credentials === "-" && flags.token === "-" && !io.terminal.isTerminal()) {
    throw new UsageError(
      "--credentials - and --token - would both read stdin, which holds one of them. Give one as a file.",
    );
  }
  return {
    credentials: await take("credentials", flags.credentials, io),
    token: await take("token", flags.token, io),
  };
}

async function fromPrompt(what: Secret, terminal: Terminal): Promise<Given> {
  const whole = what === "credentials" ? isWholeJson : undefined;
  const value = await secret(QUESTIONS[what], { terminal, whole });
  if (value.trim() !== "") return { value, from: "prompt", warnings: [] };
  throw new UsageError(
    `Nothing was typed for the ${what}. Give --${what} FILE, or paste it at the question.`,
  );
}

/** A JSON object that is still open goes on in the next line. */
function isWholeJson(text: string): boolean {
  const begun = text.trim();
  return !begun.startsWith("{") || (begun.endsWith("}") && isRecord(fromJson(begun)));
}

async function fromStdin(what: Secret, terminal: Terminal): Promise<Given> {
  const bytes = await readUpTo((buffer) => terminal.read(buffer), MOST_BYTES.secret).catch((error) => {
    throw new UsageError(
      `Cannot read the ${what} from stdin: ${systemReason(error)}. Give --${what} FILE, or pipe it in.`,
    );
  });
  if (!bytes) {
    throw new UsageError(
      `The ${what} cannot be used: stdin gives more than 1 MiB, and no more is read. Next: give --${what} ${
        MEANT[what]
      }.`,
    );
  }
  return { value: textOf(what, "stdin", bytes), from: "stdin", warnings: [] };
}

async function fromFile(what: Secret, path: string): Promise<Given> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.secret, pipes: "any" });
  if (!read.ok) throw unreadable(what, path, read);
  const open = read.mode !== undefined && (read.mode & 0o077) !== 0;
  return {
    value: textOf(what, `the file ${shown(path)}`, read.bytes),
    from: `file ${shown(path)}`,
    warnings: open
      ? [`The ${what} file ${shown(path)} can be read by others on this machine: chmod 600 ${shown(path)}`]
      : [],
  };
}

function unreadable(what: Secret, path: string, { trouble, why }: FileRead & { ok: false }): UsageError {
  // A name that is too long to be one, or holds a zero byte, is "unreadable".
  if ((trouble === "absent" || trouble === "unreadable") && looksSecret(path)) {
    return new UsageError(
      `--${what} takes the name of a file, and there is none of the name given, which looks like a secret itself. ` +
        "It now stands in the shell's history and stood in the list of processes: have a new one issued. " +
        `Then give --${what} FILE, or --${what} - to read stdin.`,
    );
  }
  return new UsageError(
    `Cannot read the ${what} file ${shown(path)}: ${why}. ` +
      `Next: give --${what} a file that you may read; relative paths start at ${Deno.cwd()}.`,
  );
}

/** Begins like JSON, a JWT or its base64, or a service account's token, or has a run of letters that no name has. */
function looksSecret(path: string): boolean {
  if (/^\s*(?:[{["']|bearer\s|(?:eyJ|ops_)[\w-]{20})/i.test(path)) return true;
  const runs = path.match(/[\w+=-]{40,}/g) ?? [];
  return runs.some((run) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run));
}

function shown(path: string): string {
  return looksSecret(path) ? "(a name that looks like a secret)" : path;
}

const MEANT: Record<Secret, string> = {
  credentials: "the file 1password-credentials.json",
  token: "the file with the token",
};

function textOf(what: Secret, where: string, bytes: Uint8Array): string {
  const give = `Give --${what} ${MEANT[what]}.`;
  const refuse = (why: string) => new UsageError(`The ${what} cannot be used: ${where} ${why}. ${give}`);
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) throw refuse("is UTF-16, as PowerShell's > writes; save it as UTF-8");
  const text = utf8(bytes);
  if (text === undefined || text.includes("\0")) throw refuse("is not text");
  if (text.trim() === "") throw refuse(bytes.length === 0 ? "is empty" : "holds nothing but white space");
  return text;
}
