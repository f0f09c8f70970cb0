import assert from "node:assert/strict";
import { testStore } from "../../../lib/checkpoints/s3/run.ts";
import type { Asked } from "../../../lib/cli.ts";
import { Interrupted, UsageError } from "../../../lib/errors.ts";
import type { Facts } from "../../../lib/model.ts";
import type { TrialRecord } from "../../../lib/trial.ts";
import { certificateFor } from "../../clients/s3_certificates.ts";
import { testAuthority } from "../../fake_api_server.ts";
import { emptyBucket, FAKE_KEYS, type FakeOptions, type FakeS3, fakeS3 } from "../../fake_s3/mod.ts";
import { factsOf } from "./platform.ts";

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

interface Ran {
  facts: Facts;
  fake: FakeS3;
  asked: string[];
}

interface RunOptions extends FakeOptions {
  secret?: string;
  flags?: Record<string, string>;
  signal?: AbortSignal;
  /** Instead of the fake's. */
  endpoint?: string;
}

const KEYS = { id: FAKE_KEYS.accessKeyId, secret: FAKE_KEYS.secretAccessKey };

/** Runs the checkpoint on a fake S3 with the platform's two buckets. */
async function run(options: RunOptions, look: (ran: Ran) => void | Promise<void>): Promise<void> {
  const fake = fakeS3(options);
  for (const name of ["iceberg-warehouse", "spark-logs"]) fake.store.buckets.set(name, emptyBucket(name));
  const kube = fakeSecrets({ "access-key-id": KEYS.id, "secret-access-key": options.secret ?? KEYS.secret });
  const kubeconfig = await Deno.makeTempFile({ prefix: "lakecheck-test-" });
  await Deno.writeTextFile(kubeconfig, configFor(kube.port));
  const given = new Map(Object.entries({ endpoint: options.endpoint ?? fake.url, ...options.flags }));
  const asked: Asked = {
    given,
    kubeconfig,
    namespace: "data-platform",
    timeoutMs: 5_000,
    signal: options.signal ?? new AbortController().signal,
  };
  const secrets = [{
    metadata: {
      namespace: "data-platform",
      name: "s3-credentials",
      keys: ["access-key-id", "secret-access-key"],
    },
  }];
  try {
    const facts = await testStore(factsOf({ secrets, cephobjectstoreusers: [] }), asked);
    await look({ facts, fake, asked: kube.asked });
  } finally {
    await fake.close();
    await kube.close();
    await Deno.remove(kubeconfig);
  }
}

const configFor = (port: number) =>
  JSON.stringify({
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: "test", user: {} }],
  });

const recordsOf = (facts: Facts, id = "s3.trials"): TrialRecord[] => {
  const source = facts.sources[id];
  return source?.ok && "items" in source ? source.items as TrialRecord[] : [];
};
const resultsOf = (facts: Facts, trial: string) =>
  recordsOf(facts).filter((record) => record.trial === trial).map(({ result, reason }) =>
    `${result} ${reason}`
  );
const leftIn = (fake: FakeS3) =>
  [...fake.store.buckets].map(([name, { keys }]) => `${name} ${keys.size}`).sort();
const ONLY_THEIRS = ["iceberg-warehouse 0", "spark-logs 0"];

Deno.test("a whole run tries everything, leaves nothing behind and keeps no key; its facts are enough for the settings", async () => {
  const at = await Deno.makeTempDir();
  try {
    await run({}, async ({ facts, fake, asked }) => {
      assert.deepEqual(resultsOf(facts, "s3.credentials"), ["held Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.put-get"), ["held Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.clean"), ["held Holds"]);
      assert.ok(recordsOf(facts, "s3.dialect").length > 35);
      assert.deepEqual(leftIn(fake), ONLY_THEIRS);

      const text = JSON.stringify(facts);
      for (const key of [KEYS.id, KEYS.secret]) assert.ok(!text.includes(key));
      const read = asked.filter((line) => line.includes("/secrets"));
      assert.deepEqual([...new Set(read)], ["GET /api/v1/namespaces/data-platform/secrets/s3-credentials"]);

      const given = new Map([["facts", "f.json"], ["write-client-config", `${at}/clients`]]);
      const signal = new AbortController().signal;
      const again = await testStore(facts, { given, namespace: "data-platform", timeoutMs: 1000, signal });
      assert.deepEqual(again, facts);
      const site = await Deno.readTextFile(`${at}/clients/core-site.xml`);
      assert.match(site, /fs\.s3a\.endpoint/);
      assert.ok(!site.includes(KEYS.id) && !site.includes(KEYS.secret));
    });
  } finally {
    await Deno.remove(at, { recursive: true });
  }
});

Deno.test("Ctrl-C in the middle takes everything back, and then is an interruption", async () => {
  const stop = new AbortController();
  let writes = 0;
  const before = (heard: string) => {
    if (heard.startsWith("PUT") && ++writes === 30) stop.abort(new Interrupted("interrupted"));
  };
  let fake: FakeS3 | undefined;
  const ran = run({
    signal: stop.signal,
    before: (heard, store) => (before(heard), fake = { store } as FakeS3),
  }, () => {
    assert.fail("it was not interrupted");
  });
  await assert.rejects(ran, Interrupted);
  assert.ok(fake && writes >= 30);
  assert.deepEqual(leftIn(fake), ONLY_THEIRS);
});

Deno.test("a wrong secret is a fault of that Secret, and nothing is made", async () => {
  await run({ secret: "another-secret-that-is-wrong" }, ({ facts, fake }) => {
    assert.deepEqual(resultsOf(facts, "s3.credentials"), ["failed WrongSecret"]);
    assert.equal(recordsOf(facts).length, 1);
    assert.ok(!fake.heard.some((line) => line.startsWith("PUT")));
  });
});

Deno.test("a port that refuses fails every source of records, and crashes nothing", async () => {
  await run({ endpoint: "http://127.0.0.1:9" }, ({ facts }) => {
    for (const id of ["s3.setup", "s3.trials", "s3.dialect"]) {
      const source = facts.sources[id];
      assert.ok(source && !source.ok && source.failure.message.includes("127.0.0.1:9"), id);
    }
  });
});

Deno.test("arguments that cannot be used are said before anything is asked", async () => {
  const refused = async (flags: Record<string, string>, why: RegExp) => {
    const ran = run({ flags }, ({ asked }) => assert.deepEqual(asked, []));
    await assert.rejects(ran, (error) => error instanceof UsageError && why.test(error.message));
  };
  await refused({ endpoint: "rook-ceph-rgw" }, /--endpoint must be an http or https URL/);
  await refused({ region: "us east" }, /--region is "us east"/);
  await refused({ "lifecycle-wait": "soon" }, /--lifecycle-wait is "soon"/);
  await refused({ credentials: "s3-credentials" }, /must be NAMESPACE\/SECRET/);
  await refused({ "performance-time": "60s" }, /Add --performance/);
});

Deno.test("over TLS the store is tried with the CA that was given, and with another one it is not", async () => {
  const { ca, server } = testAuthority();
  const other = await certificateFor({ name: "other.example", days: 1 });
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-ca-" });
  try {
    const [right, wrong] = [`${directory}/right.pem`, `${directory}/wrong.pem`];
    await Deno.writeTextFile(right, ca);
    await Deno.writeTextFile(wrong, other.ca);
    await run({ tls: server, flags: { ca: right } }, ({ facts, fake }) => {
      assert.deepEqual(resultsOf(facts, "s3.put-get"), ["held Holds"]);
      assert.deepEqual(facts.connections?.at(-1), { to: "the object store", url: fake.url, tls: "verified" });
    });
    await run({ tls: server, flags: { ca: wrong } }, ({ facts }) => {
      const { [`s3.trials`]: trials } = facts.sources;
      assert.ok(trials && !trials.ok && trials.failure.kind === "certificate", JSON.stringify(trials));
      assert.match(trials.failure.message, /give its CA with --ca FILE/);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a store that is asked over plain http is said to be", async () => {
  await run({}, ({ facts, fake }) => {
    assert.deepEqual(facts.connections?.at(-1), { to: "the object store", url: fake.url, tls: "none" });
  });
});
