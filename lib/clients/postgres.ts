/**
 * Questions to a PostgreSQL server, over the package `postgres`, which is loaded when first needed. Every one is asked
 * in a read-only transaction with a time of its own: nothing is changed, and nothing is held up for long.
 */
import { Interrupted } from "../engine/errors.ts";
import type { Failure } from "../engine/model.ts";
import { quote } from "../redact/mod.ts";
import { cannotLook } from "./network_errors.ts";
import { codeOf } from "../untrusted/code.ts";

/** A row by the names of its columns; integers of 64 bits come as text. */
export type Row = Record<string, unknown>;

export interface Database {
  /** `values` stand for $1, $2 ... CannotLook when it is refused, late, or not answered. */
  ask(question: string, values?: readonly (string | number)[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  hostname: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** Limit for opening, and of each question. */
  timeoutMs: number;
  /** Ends what is under way; its reason is thrown and should be an Interrupted. */
  signal?: AbortSignal;
  /** For messages: `Pod data-platform/nessie-postgres-1`. */
  words: string;
  /** Knows more of a connection that broke: `failure` of a Forward. */
  why?: () => Failure | undefined;
}

/**
 * Opens one connection, with TLS where the server has it. Its certificate is not looked at: what leads there is the
 * tunnel through the API server, which has its own. CannotLook when there is no server, or it does not let us in.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { default: postgres } = await import("postgres");
  const { hostname, port, database, user, password, timeoutMs, signal } = options;
  const sql = postgres({
    host: hostname,
    port,
    database,
    user,
    password,
    ssl: "prefer",
    max: 1,
    connect_timeout: Math.max(1, Math.ceil(timeoutMs / 1000)),
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
    connection: {
      application_name: "lakecheck",
      statement_timeout: timeoutMs,
      default_transaction_read_only: true,
    },
  });
  const close = () => sql.end({ timeout: 0 });
  const ask = async (question: string, values: readonly (string | number)[] = []) => {
    const late = Promise.withResolvers<never>();
    const limit = AbortSignal.any([AbortSignal.timeout(2 * timeoutMs), ...signal ? [signal] : []]);
    const stop = () => late.reject(new Error("timed out"));
    limit.addEventListener("abort", stop);
    try {
      signal?.throwIfAborted();
      const answer = sql.begin("read only", (tx) => tx.unsafe<Row[]>(question, [...values]));
      answer.catch(() => {});
      return [...await Promise.race([answer, late.promise])];
    } catch (error) {
      if (signal?.aborted) {
        throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
      }
      throw databaseFailure(error, options);
    } finally {
      limit.removeEventListener("abort", stop);
    }
  };
  try {
    await ask("select 1");
  } catch (error) {
    await close();
    throw error;
  }
  return { ask, close };
}

/** What stood in the way, in words with a next step; https://www.postgresql.org/docs/current/errcodes-appendix.html. */
export function databaseFailure(
  error: unknown,
  { words, database, user, password, timeoutMs, why }: Omit<DatabaseOptions, "signal">,
) {
  const { code: told, message = "" } = error as { code?: unknown; message?: string };
  // SQLSTATEs begin with digits; those of the connection are words.
  const code = typeof told === "string" && /^[0-9A-Z]{5}$/.test(told) ? told : codeOf(told) ?? "";
  const said = quote(message, [password], 200);
  const at = `PostgreSQL in ${words}`;
  const seconds = `${timeoutMs / 1000} s`;
  switch (code) {
    case "28P01":
    case "28000":
      return cannotLook(
        "unauthorized",
        `${at} does not let user ${user} in with the password of the Secret (${said}). Next: compare the Secret with the ` +
          "database: the password was changed in one of them",
      );
    case "3D000":
      return cannotLook(
        "malformed",
        `${at} has no database ${database}. Next: look at the JDBC address of the catalog`,
      );
    case "53300":
      return cannotLook(
        "server-error",
        `${at} takes no more connections (${said}). Next: see who holds them, and lower the pools or raise max_connections`,
      );
    case "57P03":
    case "57P01":
    case "57P02":
      return cannotLook(
        "unreachable",
        `${at} is starting, stopping or recovering (${said}). Next: try again later`,
      );
    case "42501":
      return cannotLook(
        "forbidden",
        `${at} does not allow user ${user} to look (${said}). Next: grant select to it`,
      );
    case "42P01":
      return cannotLook("malformed", `${at}, database ${database}: ${said}`);
    case "57014":
    case "CONNECT_TIMEOUT":
      return cannotLook(
        "timeout",
        `${at} gave no answer within ${seconds}. Next: look for locks, or raise --timeout`,
      );
  }
  if (message === "timed out") {
    return cannotLook(
      "timeout",
      `${at} gave no answer within ${seconds}. Next: look for locks, or raise --timeout`,
    );
  }
  const known = why?.();
  if (known) return cannotLook(known.kind, `${at}: ${known.message}`);
  if (/REFUSED/.test(code)) {
    return cannotLook("unreachable", `${at}: nothing listens. Next: look at the pod's log`);
  }
  if (/^CONNECTION_|ECONN|EPIPE/.test(code)) {
    return cannotLook("unreachable", `${at} broke the connection off. Next: look at the pod's log`);
  }
  return cannotLook("server-error", `${at} answers ${code || "with an error"}: ${said}`);
}
