/**
 * Spark, in the pod where people use it: one session for all statements, over one command in the pod
 * (spark_program.ts). What is configured there holds; nothing of it comes out.
 */
import { readyPodsOf } from "../../ready_pod.ts";
import { type Ended, exec, type RunningCommand } from "../../../clients/kubernetes/exec.ts";
import type { WriterOptions } from "../../../clients/kubernetes/writer.ts";
import { cannotLook } from "../../../clients/network_errors.ts";
import { partsOf } from "../../../components/workloads/mod.ts";
import { CannotLook, Interrupted } from "../../../engine/errors.ts";
import { type Failure, refText, type World } from "../../../engine/model.ts";
import { quote } from "../../../redact/mod.ts";
import { parseJson } from "../../../untrusted/json.ts";
import { type Engine, EngineError, type Rows } from "./engine.ts";
import { BEAT_MS, MOST_REPLY_CHARACTERS, program, SCRIPT, sparkArguments } from "./spark_program.ts";
import { columnsOf, rowsOf } from "./spark_values.ts";
import { chainIn, linksOf } from "./spark_errors.ts";

/** Where Spark's client runs. */
export interface SparkPlace {
  namespace: string;
  pod: string;
  container?: string;
}

export interface SparkOptions extends WriterOptions {
  /** For the session to be there: a JVM that starts and compiles, on a busy node. Default: 300 s. */
  startMs?: number;
  /** For each statement. Default: 120 s. */
  statementMs?: number;
  /** Settings of the session, over the platform's own. */
  settings?: Readonly<Record<string, string>>;
  /** For tests. Default: in the pod. */
  start?: typeof exec;
}

const START_MS = 300_000;
const STATEMENT_MS = 120_000;
/** For the JVM to end by itself; after 10 s it is killed by the script. */
const END_MS = 15_000;
/** What is kept of what it writes, in memory: there the reason stands when the session does not start. */
const SAID_CHARACTERS = 64 * 1024;
const SAID_LINE = 4096;
const MOST_LINE = MOST_REPLY_CHARACTERS + 64 * 1024;

/** The container of a Ready pod where Spark SQL is used; why there is none; undefined when the platform has no such part. */
export function sparkPlace(world: World): SparkPlace | { failure: Failure } | undefined {
  const parts = partsOf(world, "spark-client");
  const [first] = parts;
  if (!first) return undefined;
  for (const { workload } of parts) {
    for (const { metadata, spec } of readyPodsOf(world, workload)) {
      // The first container is what `kubectl` takes for the main one.
      const container = spec?.containers?.[0]?.name;
      const place = { namespace: metadata?.namespace ?? "", pod: metadata?.name ?? "" };
      return container === undefined ? place : { ...place, container };
    }
  }
  return { failure: { kind: "unreachable", message: `no pod of ${refText(first.workload)} is Ready` } };
}

/**
 * Starts the session. EngineError when Spark does not start, with what it wrote as the chain; CannotLook when the pod
 * cannot be used, has no Spark, or it takes too long. The signal ends it with an Interrupted.
 */
export async function openSpark(place: SparkPlace, options: SparkOptions): Promise<Engine> {
  const { startMs = START_MS, statementMs = STATEMENT_MS, signal, start = exec } = options;
  const words = `in Pod ${place.namespace}/${place.pod}`;
  const mark = `lakecheck-${crypto.randomUUID()}`;
  const session = newSession(mark);
  const command = await start(options, {
    ...place,
    argv: ["sh", "-c", SCRIPT, "sh", mark, ...sparkArguments(options.settings ?? {})],
    onStdout: session.onStdout,
    onStderr: session.onStderr,
  });
  void command.ended.then(session.onEnd);
  command.write(program(mark));
  try {
    const version = await within(session.ready, startMs, signal, () => `Spark ${words} did not start`);
    return engineOf(version, words, { session, command, statementMs, ...signal ? { signal } : {} });
  } catch (error) {
    await command.close();
    if (error instanceof Lost) throw startFailure(error, session, words);
    throw error;
  }
}

interface Open {
  session: Session;
  command: RunningCommand;
  statementMs: number;
  signal?: AbortSignal;
}

function engineOf(version: string, words: string, { session, command, statementMs, signal }: Open): Engine {
  const beat = setInterval(() => command.write("\n"), BEAT_MS);
  void command.ended.then(() => clearInterval(beat));
  const catalogs = new Map<string, Promise<string>>();
  let made = 0;
  const ask = async (asked: readonly string[], what: string): Promise<Rows> => {
    const { id, reply } = session.expect();
    command.write(`${id} ${asked.join(" ")}\n`);
    try {
      return await within(reply, statementMs, signal, () => `${what} on Spark ${words} did not end`);
    } catch (error) {
      throw error instanceof Lost ? lost(error.ended, words) : error;
    } finally {
      session.forget(id);
    }
  };
  return {
    name: "spark",
    title: "Spark",
    version,
    words,
    catalogAt(reference) {
      const known = catalogs.get(reference);
      if (known) return known;
      const name = `lakecheck_${++made}`;
      const making = ask(["catalog", base64(name), base64(reference)], "making a catalog").then(() => name);
      catalogs.set(reference, making);
      making.catch(() => catalogs.delete(reference));
      return making;
    },
    run: (sql) => ask(["sql", base64(sql)], "a statement"),
    async close() {
      clearInterval(beat);
      await command.close(END_MS);
    },
  };
}

function base64(text: string): string {
  // A word that is empty would be none.
  return new TextEncoder().encode(text || " ").toBase64();
}

/** The command ended while something was waited for. */
class Lost extends Error {
  constructor(readonly ended: Ended) {
    super("ended");
  }
}

interface Session {
  onStdout(piece: Uint8Array): void;
  onStderr(piece: Uint8Array): void;
  onEnd(ended: Ended): void;
  /** Spark's version, once it answers. Lost. */
  ready: Promise<string>;
  /** `no-spark`, `no-place`: what the script found missing. */
  found(): string | undefined;
  /** The end of what Spark wrote. */
  said(): string;
  expect(): { id: string; reply: Promise<Rows> };
  forget(id: string): void;
}

/** Reads what comes from the pod: lines with the mark count, everything else on stdout is somebody else's. */
function newSession(mark: string): Session {
  const waiting = new Map<string, PromiseWithResolvers<Rows>>();
  const ready = Promise.withResolvers<string>();
  ready.promise.catch(() => {});
  let [last, said] = [0, ""];
  let found: string | undefined;
  let gone: Lost | undefined;
  const note = (line: string) => {
    said = `${said}${line.slice(0, SAID_LINE)}\n`.slice(-SAID_CHARACTERS);
  };
  const take = (line: string) => {
    const begin = `${mark} `;
    // The shell writes exceptions to either stream.
    if (!line.startsWith(begin)) return note(line);
    const [kind, ...rest] = line.slice(begin.length).split(" ");
    const text = rest.join(" ");
    if (kind === "ready") ready.resolve(quote(text.replaceAll('"', ""), [], 40));
    else if (kind === "found") found = text.trim();
    else if (kind === "reply") answer(text, waiting);
  };
  return {
    onStdout: lines(take),
    onStderr: lines(note),
    onEnd(ended) {
      gone = new Lost(ended);
      ready.reject(gone);
      for (const { reject } of waiting.values()) reject(gone);
    },
    ready: ready.promise,
    found: () => found,
    said: () => said,
    expect() {
      const id = String(++last);
      const one = Promise.withResolvers<Rows>();
      one.promise.catch(() => {});
      if (gone) one.reject(gone);
      waiting.set(id, one);
      return { id, reply: one.promise };
    },
    forget: (id) => void waiting.delete(id),
  };
}

/** Gives whole lines, of which those that are too long are left out. */
function lines(take: (line: string) => void): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  return (piece) => {
    const [first = "", ...more] = decoder.decode(piece, { stream: true }).split("\n");
    for (const [i, text] of [first, ...more].entries()) {
      if (i > 0) {
        if (length <= MOST_LINE) take(parts.join(""));
        [parts, length] = [[], 0];
      }
      length += text.length;
      if (length <= MOST_LINE) parts.push(text);
      else parts = [];
    }
  };
}

function answer(text: string, waiting: Map<string, PromiseWithResolvers<Rows>>): void {
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return;
  }
  if (typeof body !== "object" || body === null) return;
  const { id, error, columns, rows } = body as Record<string, unknown>;
  const one = typeof id === "string" ? waiting.get(id) : undefined;
  if (!one) return;
  try {
    if (error !== undefined) one.reject(new EngineError("spark", linksOf(error)));
    else one.resolve({ columns: columnsOf(columns), rows: rowsOf(rows) });
  } catch (wrong) {
    one.reject(wrong);
  }
}

async function within<T>(
  promise: Promise<T>,
  ms: number,
  signal: AbortSignal | undefined,
  what: () => string,
): Promise<T> {
  const over = Promise.withResolvers<never>();
  const limit = AbortSignal.timeout(ms);
  const late = () => over.reject(cannotLook("timeout", `${what()} within ${ms / 1000} s`));
  const stop = () =>
    over.reject(signal?.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted"));
  limit.addEventListener("abort", late);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    limit.removeEventListener("abort", late);
    signal?.removeEventListener("abort", stop);
  }
}

function lost(ended: Ended, words: string): Error {
  if ("failure" in ended) return new CannotLook(ended.failure);
  // 128 and the number of a signal: 9 is what the kernel sends where memory is short.
  const why = ended.exit === 137
    ? "it was killed (exit 137), as a container is that runs out of memory"
    : `exit ${ended.exit}`;
  return cannotLook("unreachable", `Spark ${words} ended while it was in use: ${why}`);
}

/** Why there is no session: what Spark wrote as a chain of errors, or what the pod lacks. */
function startFailure({ ended }: Lost, session: Session, words: string): Error {
  if ("failure" in ended) return new CannotLook(ended.failure);
  const found = session.found();
  if (found === "no-spark") {
    const where = "neither on PATH nor in $SPARK_HOME/bin or /opt/spark/bin";
    return cannotLook(
      "not-installed",
      `there is no Spark ${words}: spark-submit is ${where} of its first container`,
    );
  }
  if (found === "no-place") {
    return cannotLook("unreachable", `Spark ${words} has no directory for temporary files that it may write`);
  }
  return new EngineError("spark", [
    ...chainIn(session.said()),
    { type: "lakecheck.Exit", message: `spark-submit ended with exit ${ended.exit}` },
  ]);
}
