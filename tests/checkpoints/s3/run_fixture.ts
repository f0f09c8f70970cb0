/** Runs the whole S3 checkpoint on a fake S3, and looks at what it said and left. */
import { runCheckpoint } from "../../../lib/checkpoint/run_checkpoint.ts";
import { s3Checkpoint } from "../../../lib/checkpoints/s3/checkpoint.ts";
import type { Asked } from "../../../lib/command.ts";
import type { Facts } from "../../../lib/engine/model.ts";
import type { TrialRecord } from "../../../lib/checkpoint/trial.ts";
import { emptyBucket, FAKE_KEYS, type FakeOptions, type FakeS3, fakeS3 } from "../../fakes/s3/mod.ts";
import { factsOf } from "./platform.ts";
import { PATIENT_MS } from "../../patience.ts";
import { clusterConnection } from "../../../lib/clients/kubernetes/client.ts";

/** Runs the whole checkpoint. */
export const testStore = (facts: Facts, asked: Asked): Promise<Facts> =>
  runCheckpoint(s3Checkpoint, facts, asked);

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

/** An API server that knows one Secret, and who asked for what. */
function fakeSecrets(data: Record<string, string>) {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    if (!pathname.endsWith("/secrets/s3-credentials")) return Response.json({ code: 404 }, { status: 404 });
    const values = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
    const metadata = { name: "s3-credentials", namespace: "data-platform" };
    return Response.json({ apiVersion: "v1", kind: "Secret", metadata, data: values });
  });
  return { asked, port: server.addr.port, close: () => server.shutdown() };
}

export interface Ran {
  facts: Facts;
  fake: FakeS3;
  asked: string[];
}

export interface RunOptions extends FakeOptions {
  secret?: string;
  flags?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Instead of the fake's. */
  endpoint?: string;
  /** What is in the store before. */
  furnish?: (fake: FakeS3) => void;
}

export const KEYS = { id: FAKE_KEYS.accessKeyId, secret: FAKE_KEYS.secretAccessKey };

/** A fake S3 with the platform's two buckets. */
export function platformStore(options: FakeOptions = {}): FakeS3 {
  const fake = fakeS3(options);
  for (const name of ["iceberg-warehouse", "spark-logs"]) fake.store.buckets.set(name, emptyBucket(name));
  return fake;
}

interface Given {
  facts: Facts;
  asked: Asked;
  fake: FakeS3;
  secretsAsked: string[];
}

type OnStore = Omit<RunOptions, keyof FakeOptions | "furnish">;

/** Gives such a store, facts of the platform, and how to ask its cluster for the keys. */
export async function withPlatform(options: RunOptions, use: (given: Given) => Promise<void>): Promise<void> {
  const fake = platformStore(options);
  options.furnish?.(fake);
  try {
    await withAsked(fake, options, use);
  } finally {
    await fake.close();
  }
}

/** The same on a store that is there, and stays. */
async function withAsked(
  fake: FakeS3,
  options: OnStore,
  use: (given: Given) => Promise<void>,
): Promise<void> {
  const kube = fakeSecrets({ "access-key-id": KEYS.id, "secret-access-key": options.secret ?? KEYS.secret });
  const kubeconfig = await Deno.makeTempFile({ prefix: "lakecheck-test-" });
  await Deno.writeTextFile(kubeconfig, configFor(kube.port));
  const given = new Map(Object.entries({ endpoint: options.endpoint ?? fake.url, ...options.flags }));
  const cluster = clusterConnection({ kubeconfig });
  const asked: Asked = {
    given,
    kubeconfig,
    cluster,
    namespace: "data-platform",
    isPlaced: true,
    timeoutMs: options.timeoutMs ?? PATIENT_MS,
    signal: options.signal ?? new AbortController().signal,
  };
  const secrets = [{
    metadata: {
      namespace: "data-platform",
      name: "s3-credentials",
      keys: ["access-key-id", "secret-access-key"],
    },
  }];
  const facts = factsOf({ secrets, cephobjectstoreusers: [] });
  try {
    await use({ facts, asked, fake, secretsAsked: kube.asked });
  } finally {
    cluster.close();
    await kube.close();
    await Deno.remove(kubeconfig);
  }
}

async function looked({ facts, asked, fake, secretsAsked }: Given, look: Look): Promise<void> {
  await look({ facts: await testStore(facts, asked), fake, asked: secretsAsked });
}

type Look = (ran: Ran) => void | Promise<void>;

/** Runs the checkpoint on a store of its own. */
export async function run(options: RunOptions, look: Look): Promise<void> {
  await withPlatform(options, (given) => looked(given, look));
}

/** Runs it on a store that is there, and stays. */
export async function runOn(fake: FakeS3, options: OnStore, look: Look): Promise<void> {
  await withAsked(fake, options, (given) => looked(given, look));
}

const configFor = (port: number) =>
  JSON.stringify({
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: "test", user: {} }],
  });

export const recordsOf = (facts: Facts, id = "s3.trials"): TrialRecord[] => {
  const source = facts.sources[id];
  return source?.ok && "items" in source ? source.items as TrialRecord[] : [];
};
export const resultsOf = (facts: Facts, trial: string) =>
  recordsOf(facts).filter((record) => record.trial === trial).map(({ result, reason }) =>
    `${result} ${reason}`
  );
export const leftIn = (fake: FakeS3) =>
  [...fake.store.buckets].map(([name, { keys }]) => `${name} ${keys.size}`).sort();
export const ONLY_THEIRS = ["iceberg-warehouse 0", "spark-logs 0"];
