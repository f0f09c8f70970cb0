/** Facts on disk: what `--save-facts` writes and `--facts` reads, so that every report can be replayed. */
import { writeFileAtomic } from "./atomic_file.ts";
import { MOST_BYTES, readLimited, sizeText } from "./read_limited.ts";
import { UsageError } from "../engine/errors.ts";
import type { Connection, Facts } from "../engine/model.ts";
import { parseJson } from "../untrusted/json.ts";

const SCHEMA: Facts["schema"] = "lakecheck.facts/v1";

/** Saves facts for their owner's eyes only (0600); gzip when the name ends in `.gz`. Throws UsageError. */
export async function saveFacts(path: string, facts: Facts): Promise<void> {
  const text = JSON.stringify(facts) + "\n";
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MOST_BYTES.facts) {
    throw new UsageError(
      `The facts are larger than ${
        sizeText(MOST_BYTES.facts)
      }, and --facts reads no more, so ${path} was not written. ` +
        "Next: run without --save-facts, or on a smaller cluster.",
    );
  }
  await writeFileAtomic(
    path,
    path.endsWith(".gz") ? await packed(bytes) : bytes,
    {
      flag: "--save-facts",
      mode: 0o600,
    },
  );
}

/**
 * Loads facts of at most `maxBytes` bytes, packed and unpacked; every way in which a file is not that is a UsageError
 * with its own message.
 */
export async function loadFacts(path: string, maxBytes: number = MOST_BYTES.facts): Promise<Facts> {
  const text = new TextDecoder().decode(await unzipped(path, await bytesOf(path, maxBytes), maxBytes));
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!/^\s*[{[]/.test(text)) throw notFacts(path, text.trim() === "" ? "it is empty" : "it is not JSON");
    throw new UsageError(
      `The facts file ${path} is cut short or damaged: ${error instanceof Error ? error.message : error}. ` +
        "Record it again with --save-facts.",
    );
  }
  return checked(path, value);
}

async function bytesOf(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const read = await readLimited(path, { maxBytes, pipes: "substituted" });
  if (read.ok) return read.bytes;
  throw new UsageError(
    `Cannot read the facts file ${path}: ${read.why}. ` +
      `Next: give --facts a file that --save-facts wrote; relative paths start at ${Deno.cwd()}.`,
  );
}

/** Gzip is known by its first two bytes, not by the name. */
async function unzipped(path: string, bytes: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  let unpacked: Uint8Array | undefined;
  try {
    unpacked = await unpackedOf(bytes, maxBytes);
  } catch {
    throw new UsageError(
      `The facts file ${path} is cut short or damaged: its gzip data does not end well. Record it again with --save-facts.`,
    );
  }
  if (!unpacked) {
    throw notFacts(path, `it unpacks to more than ${sizeText(maxBytes)}, so it was not read to its end`);
  }
  return unpacked;
}

/**
 * Both ends are driven at once and both are awaited: damaged data rejects each of them. undefined, and no more is
 * unpacked, beyond the limit.
 */
async function unpackedOf(
  bytes: Uint8Array<ArrayBuffer>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const feeding = writer.write(bytes).then(() => writer.close());
  const [read, fed] = await Promise.allSettled([atMost(readable, maxBytes), feeding]);
  if (read.status === "rejected") throw read.reason;
  if (!read.value) return undefined;
  if (fed.status === "rejected") throw fed.reason;
  return read.value;
}

async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** The bytes of a stream; undefined, and the stream is ended, when it has more than `limit`. */
async function atMost(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function checked(path: string, value: unknown): Facts {
  if (!isRecord(value)) throw notFacts(path, "it is JSON of another kind");
  const schema = value.schema;
  if (schema !== SCHEMA) {
    if (typeof schema === "string" && schema.startsWith("lakecheck.facts/")) {
      throw new UsageError(
        `The facts file ${path} is ${schema}: this lakecheck reads ${SCHEMA}. ` +
          "Use the lakecheck that recorded it, or record it again with --save-facts.",
      );
    }
    if (typeof schema === "string" && schema.startsWith("lakecheck.")) {
      throw notFacts(path, `it is a ${schema} document`);
    }
    throw notFacts(path, "it has no lakecheck schema");
  }
  if (
    typeof value.collectedAt !== "string" || Number.isNaN(Date.parse(value.collectedAt)) ||
    typeof value.context !== "string" || typeof value.namespace !== "string" || !isRecord(value.sources)
  ) {
    throw notFacts(path, "collectedAt, context, namespace or sources is absent or of the wrong type");
  }
  const { connections } = value;
  if (connections !== undefined && !(Array.isArray(connections) && connections.every(isConnection))) {
    throw notFacts(path, "its connections have another shape");
  }
  const { declared } = value;
  if (declared !== undefined && !(isRecord(declared) && typeof declared.from === "string")) {
    throw notFacts(path, "its declaration has another shape");
  }
  if (value.noCluster !== undefined && value.noCluster !== true) {
    throw notFacts(path, "its noCluster is not true");
  }
  for (const [id, result] of Object.entries(value.sources)) {
    if (!isSourceResult(result)) throw notFacts(path, `the entry of source ${id} has another shape`);
  }
  return value as unknown as Facts;
}

function isConnection(value: unknown): value is Connection {
  return isRecord(value) && typeof value.to === "string" && typeof value.url === "string" &&
    ["verified", "unverified", "none"].some((tls) => tls === value.tls) &&
    (value.why === undefined || typeof value.why === "string") &&
    Object.keys(value).every((key) => ["to", "url", "tls", "why"].includes(key));
}

function isSourceResult(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.ok === false) return isRecord(value.failure) && typeof value.failure.message === "string";
  const answered = isRecord(value.answers) &&
    Object.values(value.answers).every((answer) => isRecord(answer) && typeof answer.status === "number");
  const malformed = value.malformed === undefined || Array.isArray(value.malformed);
  return value.ok === true && malformed &&
    (answered || (Array.isArray(value.items) && value.items.every(isRecord)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notFacts(path: string, why: string): UsageError {
  return new UsageError(`The file ${path} is not a facts file: ${why}. Give a file that --save-facts wrote.`);
}
