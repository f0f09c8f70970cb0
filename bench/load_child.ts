/**
 * Holds the load generator against plain loops over one store, in turn, and prints the milliseconds as JSON. What it
 * needs, keys among it, comes on stdin. Run by bench/load.ts, in the lab's network namespace.
 */
import { givenConnection } from "../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3, type S3Options } from "../lib/clients/s3/client.ts";
import { removeBucket } from "../lib/checkpoints/s3/scratch/delete.ts";
import { createBucket } from "../lib/checkpoints/s3/scratch/own_place.ts";
import { loadClient } from "../lib/clients/s3/load.ts";
import { load } from "../lib/load/generator.ts";
import { plainLoops } from "./load_plain.ts";

interface Asked {
  url: string;
  keys: { accessKeyId: string; secretAccessKey: string };
  rounds: number;
  bucket: string;
}

/** What is measured: many small answers, and few large ones. */
const CASES = [
  { name: "GET 4 KiB × 32", bytes: 4096, concurrency: 32, objects: 64, requests: 600 },
  { name: "GET 16 MiB × 8", bytes: 16 * 2 ** 20, concurrency: 8, objects: 4, requests: 16 },
];

export interface CaseRuns {
  name: string;
  bytes: number;
  requests: number;
  /** Milliseconds of each round, by competitor; `ours` is the generator. */
  runs: Record<string, number[]>;
}

async function ours(options: S3Options, urls: readonly string[], one: typeof CASES[number]): Promise<number> {
  const client = loadClient(options);
  const requests = urls.map((url) => ({ method: "GET", url, expect: one.bytes }));
  const started = performance.now();
  const { latency } = await load({
    concurrency: one.concurrency,
    requests: one.requests,
    operation: (i, signal) =>
      client.send(requests[i % requests.length] ?? { method: "GET", url: "" }, signal),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  const ms = performance.now() - started;
  if (latency.count !== one.requests) throw new Error(`only ${latency.count} of ${one.requests} succeeded`);
  return ms;
}

async function measured(options: S3Options, { bucket, rounds }: Asked): Promise<CaseRuns[]> {
  const raw = rawS3(options);
  const out: CaseRuns[] = [];
  for (const one of CASES) {
    const body = new Uint8Array(one.bytes);
    const keys = Array.from({ length: one.objects }, (_, i) => `${one.bytes}/${i}`);
    for (const key of keys) {
      const { status } = await raw.send({ method: "PUT", bucket, key, body });
      if (status !== 200) throw new Error(`PUT gave HTTP ${status}`);
    }
    const urls = await Promise.all(
      keys.map((key) => raw.presign({ method: "GET", bucket, key, expiresS: 3600 })),
    );
    const competitors: Record<string, () => Promise<number>> = { ours: () => ours(options, urls, one) };
    for (const [name, loop] of Object.entries(plainLoops)) {
      competitors[name] = () => loop(urls, options.connection.client, one.concurrency, one.requests);
    }
    const runs: Record<string, number[]> = {};
    const names = Object.keys(competitors);
    for (let round = -1; round < rounds; round++) {
      // Another one begins each round: who comes after whom makes a difference.
      for (let at = 0; at < names.length; at++) {
        const name = names[(at + round + names.length) % names.length] ?? "";
        const ms = await competitors[name]?.() ?? NaN;
        if (round >= 0) (runs[name] ??= []).push(ms);
      }
    }
    out.push({ name: one.name, bytes: one.bytes, requests: one.requests, runs });
  }
  return out;
}

const asked: Asked = JSON.parse(await new Response(Deno.stdin.readable).text());
const options: S3Options = {
  connection: givenConnection("--url", asked.url),
  keys: asked.keys,
  region: "us-east-1",
  timeoutMs: 60_000,
};
const s3 = await openS3(options);
const made = await createBucket(s3, asked.bucket, options);
if (!("own" in made && made.own)) throw new Error(`no bucket was made: ${JSON.stringify(made)}`);
try {
  console.log(JSON.stringify(await measured(options, asked)));
} finally {
  await removeBucket(s3, made.own, options);
}
Deno.exit(0);
