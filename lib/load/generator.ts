/**
 * A closed-loop load generator: so many workers, each of which begins its next operation when the last has ended. It
 * knows no protocol, keeps nothing per operation, and never runs longer than it was told plus one operation.
 */
import { CannotLook, Interrupted } from "../engine/errors.ts";
import { type Histogram, histogram, record } from "./histogram.ts";
import { own } from "../untrusted/lookup.ts";

/** An operation that failed: `SlowDown`, `HTTP 500`, `timeout`, and one line of words without a secret. */
export interface RequestError {
  kind: string;
  words: string;
}

/**
 * One operation, the `i`-th from 0: gives the bytes that it moved, or why it failed. It should end when
 * `signal` is aborted. CannotLook counts as a refusal; anything else that is thrown ends the load.
 */
export type Operation = (i: number, signal: AbortSignal) => Promise<number | RequestError>;

export interface LoadOptions {
  /** Workers, each with one operation at a time. */
  concurrency: number;
  /** Operations that end in this time, from the beginning, are not counted. Default: none. */
  warmupMs?: number;
  /** The window closes when this time has passed since the warm-up ... */
  durationMs?: number;
  /** ... or when so many operations have begun: then all of them are waited for, and the last one's end closes it ... */
  requests?: number;
  /** ... or when so many bytes have been moved. One of the three must be given. */
  mostBytes?: number;
  operation: Operation;
  /** The first number that `operation` is given. Default: 0. */
  from?: number;
  /** An operation that takes longer is ended, and counts as a refusal `timeout`. */
  timeoutMs: number;
  signal: AbortSignal;
}

export interface LoadResult {
  /** Of operations that succeeded and ended after the warm-up, those still under way when the window closed included. */
  latency: Histogram;
  /** Width of the window, milliseconds. */
  elapsedMs: number;
  /**
   * Operations inside the window. One that reaches over an edge counts by the part of its time that lies inside, so
   * that neither few long operations nor a short window skew the rate.
   */
  inWindow: number;
  bytesInWindow: number;
  /** Numbers that were used up: the next load can begin at `from + begun`. */
  begun: number;
  /** Refusals by kind, those of the warm-up included. */
  errors: Record<string, number>;
  /** Words of the first refusals, each once, at most three. */
  firstErrors: string[];
}

/** Of a worker after a refusal, so that a store that refuses at once is not flooded. */
const AFTER_REFUSAL_MS = 50;
const WATCH_MS = 50;
const MOST_WORDS = 3;

interface Worker {
  controller: AbortController;
  /** When its operation began; undefined between operations. */
  since?: number;
  late?: boolean;
}

interface Window {
  opensAt: number;
  /** When it closes at the latest. */
  endsAt: number;
  closedAt?: number;
  result: LoadResult;
  failure?: { error: unknown };
}

/** Applies load until the window closes; throws Interrupted when `signal` was aborted, after all workers have stopped. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { concurrency, signal, timeoutMs, requests, durationMs, warmupMs = 0 } = options;
  if (requests === undefined && durationMs === undefined && options.mostBytes === undefined) {
    throw new Error("a load without an end");
  }
  if (signal.aborted) throw interruption(signal);
  const window = openWindow(performance.now() + warmupMs, durationMs);
  const workers = Array.from({ length: concurrency }, (): Worker => ({ controller: new AbortController() }));
  const stop = () => {
    close(window, performance.now());
    for (const { controller } of workers) controller.abort(signal.reason);
  };
  signal.addEventListener("abort", stop);
  const watch = setInterval(() => endLate(workers, timeoutMs), Math.min(WATCH_MS, timeoutMs));
  const end = durationMs === undefined
    ? undefined
    : setTimeout(() => close(window, performance.now()), warmupMs + durationMs);
  try {
    await Promise.all(workers.map((worker) => work(worker, window, options)));
  } finally {
    clearInterval(watch);
    clearTimeout(end);
    signal.removeEventListener("abort", stop);
  }
  if (signal.aborted) throw interruption(signal);
  if (window.failure) throw window.failure.error;
  close(window, performance.now());
  return window.result;
}

function openWindow(opensAt: number, durationMs = Infinity): Window {
  const result: LoadResult = {
    latency: histogram(),
    elapsedMs: 0,
    inWindow: 0,
    bytesInWindow: 0,
    begun: 0,
    errors: {},
    firstErrors: [],
  };
  return { opensAt, endsAt: opensAt + durationMs, result };
}

function close(window: Window, now: number): void {
  if (window.closedAt !== undefined) return;
  window.closedAt = Math.max(now, window.opensAt);
  window.result.elapsedMs = window.closedAt - window.opensAt;
}

function endLate(workers: readonly Worker[], timeoutMs: number): void {
  const now = performance.now();
  for (const worker of workers) {
    if (worker.since === undefined || worker.late || now - worker.since < timeoutMs) continue;
    worker.late = true;
    worker.controller.abort(new DOMException("it took too long", "TimeoutError"));
  }
}

async function work(worker: Worker, window: Window, options: LoadOptions): Promise<void> {
  const { operation, requests = Infinity, mostBytes = Infinity, from = 0, signal, timeoutMs } = options;
  const { result } = window;
  while (window.closedAt === undefined && !window.failure && result.begun < requests) {
    const i = from + result.begun++;
    const began = worker.since = performance.now();
    let came: number | RequestError;
    try {
      came = await operation(i, worker.controller.signal);
    } catch (error) {
      if (error instanceof CannotLook) came = { kind: error.failure.kind, words: error.failure.message };
      else if (worker.late || signal.aborted) came = 0;
      else {
        window.failure ??= { error };
        return;
      }
    }
    const ended = performance.now();
    worker.since = undefined;
    if (signal.aborted) return;
    // Operations that wait for nothing leave timers no turn.
    if (ended >= window.endsAt) close(window, window.endsAt);
    if (worker.late) {
      came = { kind: "timeout", words: `no whole answer within ${timeoutMs / 1000} s` };
      worker.late = false;
      worker.controller = new AbortController();
    }
    if (typeof came === "number") {
      count(window, began, ended, came);
      if (result.bytesInWindow >= mostBytes) close(window, ended);
    } else await refuse(window, came);
  }
}

function count(window: Window, began: number, ended: number, bytes: number): void {
  const { result, opensAt, closedAt = Infinity } = window;
  if (ended < opensAt) return;
  record(result.latency, ended - began);
  const inside = Math.min(ended, closedAt) - Math.max(began, opensAt);
  const part = ended > began ? Math.max(inside, 0) / (ended - began) : 1;
  result.inWindow += part;
  result.bytesInWindow += part * bytes;
}

async function refuse({ result, closedAt }: Window, { kind, words }: RequestError): Promise<void> {
  result.errors[kind] = (own(result.errors, kind) ?? 0) + 1;
  if (result.firstErrors.length < MOST_WORDS && !result.firstErrors.includes(words)) {
    result.firstErrors.push(words);
  }
  if (closedAt === undefined) await new Promise((resolve) => setTimeout(resolve, AFTER_REFUSAL_MS));
}

function interruption(signal: AbortSignal): Interrupted {
  return signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
}
