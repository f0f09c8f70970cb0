/**
 * What the last lines of a failing container's log say, as words of a fixed vocabulary. A log may hold secrets, so
 * it is read into memory, matched, and forgotten: facts keep the words only.
 */
import { kubePath } from "../../untrusted/api_path.ts";
import { isOurs, type Pod, pods, podsOfConcern, threshold, workloadOf } from "../kubernetes/mod.ts";
import type { ProbeSource, World } from "../../engine/model.ts";
import { parseJson } from "../../untrusted/json.ts";
import { anyText, via } from "../../engine/decode.ts";
import { ageSeconds, isReady } from "../common/mod.ts";
import { own } from "../../untrusted/lookup.ts";

/** In the order in which they are told: what is more telling comes first. */
const SIGNALS: readonly [word: string, meaning: string, pattern: RegExp][] = [
  ["BadBase64", "what should be base64 is not", /illegal base64 data/i],
  [
    "TooManyConnections",
    "its database has too many connections and takes no more",
    /too many connections|too many clients already|remaining connection slots are reserved|data source rejected establishment|max_user_connections/i,
  ],
  [
    "ReadOnly",
    "its database is read-only",
    /--(?:super-)?read-only option|in a read-only transaction|READONLY You can't write/i,
  ],
  [
    "DatabaseLogin",
    "its database rejected the login, so the user or the password is wrong: authentication failed",
    /access denied for user|password authentication failed for user|no pg_hba\.conf entry|WRONGPASS|NOAUTH Authentication required/i,
  ],
  [
    "PortInUse",
    "the port that it listens on is already in use by another process of its pod or node",
    /address already in use|EADDRINUSE|port \d{1,5} (?:was|is) already in use|BindException/i,
  ],
  [
    "LoginRefused",
    "a login was rejected",
    /password authentication failed|InvalidAccessKeyId|SignatureDoesNotMatch|\b401\b.{0,120}unauthorized|authentication failed/i,
  ],
  [
    "MissingCredentials",
    "credentials are missing",
    /missing access key|(?:unable to load|no|missing|could not find) (?:aws )?credentials|NoCredentials/i,
  ],
  [
    "FileDenied",
    "access to a file or directory, as of a volume, was denied (permission denied)",
    /\/[\w.-]{1,255}['"\u2019]?: permission denied|\b(?:file|directory|open|mkdir|chown|chmod)\b[^\n:]{0,60}: permission denied|permission denied: '\/|EACCES|java\.nio\.file\.AccessDeniedException/i,
  ],
  ["AccessDenied", "access was denied", /access ?denied|\b403\b.{0,120}forbidden|permission denied/i],
  ["NoSuchBucket", "a bucket does not exist", /NoSuchBucket|bucket does not exist/i],
  ["NoSuchTable", "a table does not exist (42P01)", /\b42P01\b|relation "[^"]+" does not exist/i],
  [
    "UnknownHost",
    "a host name does not resolve",
    /UnknownHostException|no such host|name or service not known|temporary failure in name resolution|ENOTFOUND|EAI_AGAIN|could not translate host name/i,
  ],
  [
    "ConnectionRefused",
    "a connection was refused",
    /connection refused|ECONNREFUSED|connection to \S+ refused/i,
  ],
  [
    "ConnectionTimeout",
    "a connection timed out",
    /connect(?:ion)? timed out|i\/o timeout|context deadline exceeded|ETIMEDOUT|acquisition timeout/i,
  ],
  [
    "CertificateRejected",
    "a certificate is not trusted",
    /x509:|PKIX path|certificate (?:has expired|verify failed|signed by unknown)/i,
  ],
  ["OutOfMemory", "memory ran out", /OutOfMemoryError|cannot allocate memory/i],
  ["DiskFull", "the disk is full", /no space left on device/i],
  ["ClassNotFound", "a class is missing", /ClassNotFoundException|NoClassDefFoundError/],
  ["WrongArchitecture", "the image is for another architecture", /exec format error/i],
  [
    "InvalidConfiguration",
    "the configuration is invalid",
    /invalid configuration|configuration is invalid|failed to parse|unknown (?:property|option|flag)|ConfigurationException/i,
  ],
];

/** Words that speak of somebody else who does not answer, or not as asked. */
const OF_OTHERS = new Set([
  "TooManyConnections",
  "ReadOnly",
  "DatabaseLogin",
  "LoginRefused",
  "AccessDenied",
  "NoSuchBucket",
  "NoSuchTable",
  "UnknownHost",
  "ConnectionRefused",
  "ConnectionTimeout",
  "CertificateRejected",
]);

/** Whose client library speaks in a line, or in those around it: what a refused connection was for. */
const ENGINES: readonly [engine: string, pattern: RegExp][] = [
  ["MySQL", /com\.mysql|mysql-connector|mysqlclient|pymysql|go-sql-driver|mariadb|\bmysql\b/i],
  ["PostgreSQL", /org\.postgresql|psycopg|\bpgx\b|\bpq: |npgsql|asyncpg|libpq|postgres/i],
  ["MongoDB", /com\.mongodb|pymongo|mongoose|mongodb/i],
  ["Redis", /io\.lettuce|jedis|redis/i],
];

/** At most so many logs are read in one run; one container speaks for its workload. */
const MOST_LOGS = 16;

/** UTF-16 units of a log's end that are looked at, and lines of it. */
const TAIL = 2 * 1024 * 1024;
const LAST_LINES = 200;

/**
 * The words of the last line that has any: what came before was got over, or is what happens again and again. Of a line
 * of JSON its messages count and not its other fields.
 */
export function signalsIn(log: string): string[] {
  return lastSignals(log.slice(-TAIL), 0);
}

/** A message may be of several lines, and JSON itself. */
const MOST_NESTED = 3;

function lastSignals(log: string, depth: number): string[] {
  const lines = log.split("\n").slice(-LAST_LINES).reverse();
  for (const [at, line] of lines.entries()) {
    const said = depth < MOST_NESTED ? messagesIn(line) : undefined;
    const words = said === undefined ? signalsFromEnd(line) : lastSignals(said, depth + 1);
    if (words.length === 0) continue;
    const near = lines.slice(Math.max(0, at - NEAR), at + NEAR + 1);
    const engine = OF_DATABASES.some((word) => words.includes(word)) ? engineIn(near) : undefined;
    return engine && !words.includes(engine) ? [...words, engine] : words;
  }
  return [];
}

/** Words that may be of a database. */
const OF_DATABASES = [
  "TooManyConnections",
  "ReadOnly",
  "DatabaseLogin",
  "ConnectionRefused",
  "ConnectionTimeout",
];

/** Lines before and after, as of a stack trace, that may name a client library. */
const NEAR = 40;

function engineIn(lines: readonly string[]): string | undefined {
  const text = lines.map((line) => line.slice(-PIECE)).join("\n");
  return ENGINES.find(([, pattern]) => pattern.test(text))?.[0];
}

/** A longer line is looked at in pieces, from its end: such a line may be a whole log, and then its end decides. */
const PIECE = 8 * 1024;
/** What a piece shares with the next, so that no words are cut in two. */
const SHARED = 512;

function signalsFromEnd(line: string): string[] {
  for (let end = line.length; end > 0; end -= PIECE) {
    const piece = line.slice(Math.max(0, end - PIECE - SHARED), end);
    const words = SIGNALS.filter(([, , pattern]) => pattern.test(piece)).map(([word]) => word);
    if (words.length > 0) return words;
  }
  return [];
}

/** Fields of a log line that say what happened; of `error.message`, the last part of its name. */
const MESSAGES = new Set([
  "cause",
  "detail",
  "details",
  "err",
  "error",
  "exception",
  "log",
  "message",
  "msg",
  "reason",
  "stack",
  "stack_trace",
  "stacktrace",
  "trace",
]);

/** The messages of a line of JSON, line by line; undefined when it is none, or has no such field. */
function messagesIn(line: string): string | undefined {
  const text = line.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  const found: string[] = [];
  const walk = (at: unknown, within: boolean) => {
    if (typeof at === "string" && within) found.push(at);
    if (typeof at !== "object" || at === null) return;
    for (const [key, inner] of Object.entries(at)) {
      walk(inner, within || MESSAGES.has(key.slice(key.lastIndexOf(".") + 1).toLowerCase()));
    }
  };
  walk(value, false);
  return found.length > 0 ? found.join("\n") : undefined;
}

/** What says the same as a word, less exactly. */
const VAGUER: Readonly<Record<string, readonly string[]>> = {
  DatabaseLogin: ["LoginRefused", "AccessDenied"],
  FileDenied: ["AccessDenied"],
};

/** The words as people say them; empty when there are none. */
export function meaningOf(words: readonly string[]): string {
  const vague = new Set(words.flatMap((word) => own(VAGUER, word) ?? []));
  return SIGNALS.filter(([word]) => words.includes(word) && !vague.has(word)).map(([, meaning]) => meaning)
    .join(", ");
}

/**
 * 80 entries at most: a runtime writes a longer line as several of 16 KiB. No limitBytes: the kubelet would cut the end
 * off, and the end is what counts.
 */
export const podLogs: ProbeSource<string[]> = {
  id: "pods.logs",
  after: [pods],
  tail: TAIL,
  apart: true,
  targets(world) {
    const targets: Record<string, string> = {};
    for (const [workload, { pod, container, previous }] of failing(world)) {
      const { namespace = "", name = "" } = pod.metadata ?? {};
      const log = kubePath`/api/v1/namespaces/${namespace}/pods/${name}/log`;
      targets[workload] = kubePath`${log}?container=${container}&tailLines=80&previous=${String(previous)}`;
    }
    return targets;
  },
  read: via(anyText, (log) => {
    const words = signalsIn(log);
    return words.length > 0 ? words : undefined;
  }),
};

interface Failing {
  pod: Pod;
  container: string;
  previous: boolean;
}

/** The first failing container of each workload. */
function failing(world: World): Map<string, Failing> {
  const found = new Map<string, Failing>();
  // Logs of other tenants of the cluster are not read.
  const unready = podsOfConcern(world).filter((pod) =>
    !isReady(pod) && !pod.metadata?.deletionTimestamp &&
    pod.status?.phase !== "Succeeded" && isOurs(pod, world)
  );
  const isElsewhere = (pod: Pod) => pod.metadata?.namespace === world.namespace ? 0 : 1;
  for (const pod of unready.toSorted((a, b) => isElsewhere(a) - isElsewhere(b))) {
    if (found.size >= MOST_LOGS) break;
    const workload = keyOf(pod, world);
    if (found.has(workload)) continue;
    for (
      const status of [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []]
    ) {
      const died = status.lastState?.terminated;
      const ended = status.state?.terminated && status.state.terminated.exitCode !== 0;
      const unready = status.state?.running && status.ready === false;
      if (!status.name || !(died || ended || unready)) continue;
      // What has just been started again has not got to where it failed.
      const again = unready && died && died.exitCode !== 0 && isRecent(died.finishedAt, world);
      found.set(workload, { pod, container: status.name, previous: again || (!ended && !unready) });
      break;
    }
  }
  return found;
}

function isRecent(time: string | undefined, world: World): boolean {
  return (ageSeconds(world.now, time) ?? Infinity) < threshold(world, "recentRestart");
}

function keyOf(pod: Pod, world: World): string {
  const owner = workloadOf(pod, world) ?? { kind: "Pod", name: pod.metadata?.name ?? "" };
  return `${owner.kind}/${pod.metadata?.namespace ?? ""}/${owner.name}`;
}

/** The words in the log of this pod's workload. */
export function wordsOf(pod: Pod, world: World): readonly string[] {
  return own(world.answers(podLogs), keyOf(pod, world))?.body ?? [];
}

/** The database engine whose client spoke, when the log tells one. */
export function engineOf(words: readonly string[]): string | undefined {
  return ENGINES.find(([engine]) => words.includes(engine))?.[0];
}

/** What the log of this pod's workload says, as an addition to a message; empty when it says nothing we know. */
export function logSays(pod: Pod, world: World): string {
  const meaning = meaningOf(wordsOf(pod, world));
  return meaning ? `; its log says that ${meaning}` : "";
}

/** Whether what its log says may be the fault of others; true when nothing is known of its log. */
export function blamesOthers(pod: Pod, world: World): boolean {
  const words = wordsOf(pod, world);
  return words.length === 0 || words.some((word) => OF_OTHERS.has(word));
}
