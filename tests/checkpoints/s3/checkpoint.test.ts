import assert from "node:assert/strict";
import { FEATURES } from "../../../lib/checkpoints/s3/compatibility/features.ts";
import type { DialectRecord } from "../../../lib/checkpoints/s3/records.ts";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import { certificateFor } from "../../clients/s3/certificates.ts";
import { testAuthority } from "../../fakes/api_server.ts";
import type { FakeS3 } from "../../fakes/s3/mod.ts";
import {
  KEYS,
  leftIn,
  ONLY_THEIRS,
  recordsOf,
  resultsOf,
  run,
  testStore,
  withPlatform,
} from "./run_fixture.ts";
import { withAsked } from "../../fakes/asked.ts";

Deno.test("a whole run tries everything, leaves nothing behind and keeps no key; its facts are enough for the settings", async () => {
  const at = await Deno.makeTempDir();
  try {
    await run({}, async ({ facts, fake, asked }) => {
      assert.deepEqual(resultsOf(facts, "s3.credentials"), ["passed Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.put-get"), ["passed Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.clean"), ["passed Holds"]);
      const dialect = recordsOf(facts, "s3.dialect") as unknown as DialectRecord[];
      assert.deepEqual(dialect.map(({ id }) => id), FEATURES.map(({ id }) => id));
      assert.deepEqual(dialect.filter(({ behaviour }) => behaviour === "unknown"), []);
      assert.deepEqual(leftIn(fake), ONLY_THEIRS);

      const text = JSON.stringify(facts);
      for (const key of [KEYS.id, KEYS.secret]) assert.ok(!text.includes(key));
      const read = asked.filter((line) => line.includes("/secrets"));
      assert.deepEqual([...new Set(read)], ["GET /api/v1/namespaces/data-platform/secrets/s3-credentials"]);

      const given = new Map([["facts", "f.json"], ["write-client-config", `${at}/clients`]]);
      const again = await withAsked({ given }, (asked) => testStore(facts, asked));
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

Deno.test("a store that fails before there is a place to try it in is told in a report", async () => {
  const before = (heard: string, { quirks }: FakeS3["store"]) => {
    if (heard.startsWith("HEAD /lakecheck-scratch-")) quirks.add("internal-error");
  };
  await run({ before }, ({ facts, fake }) => {
    for (const id of ["s3.trials", "s3.dialect"]) {
      const source = facts.sources[id];
      assert.ok(
        source && !source.ok && /500 InternalError|failed by itself/.test(source.failure.message),
        id,
      );
    }
    assert.deepEqual(leftIn(fake), ONLY_THEIRS);
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
      assert.deepEqual(resultsOf(facts, "s3.put-get"), ["passed Holds"]);
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
  // Which ends early: how it is asked is the same for all that comes after.
  await run({ secret: "another-secret-that-is-wrong" }, ({ facts, fake }) => {
    assert.deepEqual(facts.connections?.at(-1), { to: "the object store", url: fake.url, tls: "none" });
  });
});

Deno.test("a baseline that can't be read ends the run before the store is asked for anything", async () => {
  await withPlatform({ flags: { baseline: "/dev/zero" } }, async ({ facts, asked, fake, secretsAsked }) => {
    await assert.rejects(testStore(facts, asked), {
      name: "UsageError",
      message: "--baseline /dev/zero can't be read: it is a device, and only a regular file is read here. " +
        "Next: write one with --save-baseline",
    });
    assert.deepEqual([fake.heard, secretsAsked], [[], []]);
  });
});
