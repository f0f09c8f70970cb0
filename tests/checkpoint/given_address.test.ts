/** `--endpoint`, `--url` and `--ca`: what is taken from the command line, and what trusts the CA that was given. */
import assert from "node:assert/strict";
import { readCaFile } from "../../lib/checkpoint/ca_file.ts";
import { givenAddress } from "../../lib/checkpoint/given_address.ts";
import { icebergRest } from "../../lib/clients/iceberg_rest.ts";
import { nessieApi } from "../../lib/clients/nessie/client.ts";
import { givenConnection, type ServiceConnection } from "../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3, s3Failure } from "../../lib/clients/s3/client.ts";
import { loadClient } from "../../lib/clients/s3/load.ts";
import { s3Reader } from "../../lib/clients/s3/reader.ts";
import { networkText } from "../../lib/clients/transport.ts";
import { CannotLook, UsageError } from "../../lib/engine/errors.ts";
import { certificateFor } from "../clients/s3/certificates.ts";
import { testAuthority } from "../fakes/api_server.ts";
import { emptyBucket, FAKE_KEYS, fakeS3 } from "../fakes/s3/mod.ts";
import { PATIENT_MS } from "../patience.ts";

async function withFile<T>(text: string | Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ prefix: "lakecheck-ca-" });
  try {
    await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

const read = (text: string | Uint8Array) => withFile(text, (path) => readCaFile("--ca", path));

/** What is said of this file, with its name taken out. */
const refusal = (text: string | Uint8Array) =>
  withFile(text, async (path) => {
    const error: unknown = await readCaFile("--ca", path).then(() => undefined, (error) => error);
    assert.ok(error instanceof UsageError, `${error}`);
    return error.message.replaceAll(path, "FILE");
  });

Deno.test("of a CA file only its certificates are taken: neither a key nor what stands beside them", async () => {
  const { ca, server } = testAuthority();
  assert.equal((await read(ca)).trim(), ca.trim());
  const bundle = await read(`# our own CA\n${ca}${server.key}${server.cert}`);
  assert.equal(bundle.match(/-----BEGIN CERTIFICATE-----/g)?.length, 2);
  assert.doesNotMatch(bundle, /PRIVATE|our own/);
});

Deno.test("a file that holds no certificate is told by what is wrong with it", async () => {
  const { ca, server } = testAuthority();
  const give = "Give --ca a PEM file with the certificate of the CA that signed the endpoint's.";
  assert.equal(await refusal(server.key), `FILE holds no PEM certificate. ${give}`);
  assert.equal(await refusal(""), `FILE holds no PEM certificate. ${give}`);
  assert.equal(await refusal(new Uint8Array([0x30, 0x82, 1, 2])), `FILE holds no PEM certificate. ${give}`);
  const damaged = ca.replace(/\n[A-Za-z0-9+/]{64}\n/, "\nAAAA\n");
  assert.equal(await refusal(damaged), `certificate 1 of 1 in FILE is damaged. ${give}`);
  assert.equal(await refusal(ca + damaged), `certificate 2 of 2 in FILE is damaged. ${give}`);
  const cut = ca.slice(0, ca.indexOf("-----END"));
  assert.equal(await refusal(cut.slice(0, -70)), `certificate 1 of 1 in FILE is damaged. ${give}`);
});

Deno.test("a CA file has at most 1 MiB, and may be full of nothing but beginnings", async () => {
  const { ca } = testAuthority();
  const upTo = (bytes: number) => ca + "\n".repeat(bytes - ca.length);
  assert.equal((await read(upTo(1024 * 1024))).trim(), ca.trim());
  assert.match(await refusal(upTo(1024 * 1024 + 1)), /^Cannot read FILE: it is larger than 1 MiB/);
  assert.match(
    await refusal("-----BEGIN CERTIFICATE-----".repeat(38_000)),
    /certificate 1 of 38000 .* damaged/,
  );
});

Deno.test("a CA file that can't be read says why", async () => {
  await assert.rejects(readCaFile("--ca", "/no/such/ca.pem"), {
    name: "UsageError",
    message:
      "Cannot read /no/such/ca.pem: there is no such file or directory. Next: give --ca a PEM file that you may read.",
  });
  await assert.rejects(readCaFile("--ca", Deno.cwd()), /Cannot read .* Next: give --ca a PEM file/);
});

Deno.test("--ca is for an address with TLS, or for the Service that is found", async () => {
  await withFile(testAuthority().ca, async (ca) => {
    const of = (flags: Record<string, string>) =>
      givenAddress(new Map(Object.entries(flags)), "endpoint", "LAKECHECK_TEST_NO_SUCH");
    assert.equal(await of({}), undefined);
    assert.deepEqual(await of({ endpoint: "http://s3" }), { flag: "--endpoint", url: "http://s3" });
    const given = await of({ endpoint: "https://s3", ca });
    assert.match(given?.ca ?? "", /BEGIN CERTIFICATE/);
    const found = await of({ ca });
    assert.deepEqual([found?.url, found?.ca], [undefined, given?.ca]);
    await assert.rejects(
      of({ endpoint: "http://s3", ca }),
      /--ca is for TLS, and --endpoint is http:\/\/s3\./,
    );
    await assert.rejects(of({ endpoint: "HTTP://s3", ca }), /--ca is for TLS/);
    await assert.rejects(of({ endpoint: "s3", ca }), /must be an http or https URL/);
    await assert.rejects(of({ endpoint: "https://s3", ca: "/no/such/ca.pem" }), UsageError);
  });
});

const TALK = { keys: FAKE_KEYS, region: "us-east-1", timeoutMs: PATIENT_MS };

/** One request of each client that goes to a given address, over this way. */
const CLIENTS: Record<string, (connection: ServiceConnection) => Promise<unknown>> = {
  async sdk(connection) {
    const s3 = await openS3({ ...TALK, connection });
    try {
      const { ListBucketsCommand } = await import("@aws-sdk/client-s3");
      return await s3.send(new ListBucketsCommand({})).catch((error) => {
        throw s3Failure(error, { ...TALK, connection });
      });
    } finally {
      s3.destroy();
    }
  },
  raw: (connection) => rawS3({ ...TALK, connection }).send({ method: "GET" }),
  reader: (connection) =>
    s3Reader({ ...TALK, connection }).size("lake", "key").catch((error) => {
      throw s3Failure(error, { ...TALK, connection });
    }),
  async load(connection) {
    const url = await rawS3({ ...TALK, connection }).presign({ method: "GET" });
    return await loadClient({ ...TALK, connection }).send(
      { method: "GET", url },
      new AbortController().signal,
    );
  },
  nessie: (connection) => nessieApi({ connection, timeoutMs: PATIENT_MS }).config(),
  iceberg: (connection) => icebergRest({ connection, timeoutMs: PATIENT_MS, prefix: "main" }).config(),
};

/** An https server that is S3 to S3's clients, and a catalog to a catalog's. */
async function withTls(use: (url: string) => Promise<void>): Promise<void> {
  const fake = fakeS3({ tls: testAuthority().server });
  fake.store.buckets.set("lake", emptyBucket("lake"));
  const { server: { cert, key } } = testAuthority();
  const catalog = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, cert, key }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/iceberg/")) return Response.json({ defaults: {}, overrides: {} });
    if (pathname.startsWith("/api/v2/")) {
      return Response.json({ defaultBranch: "main", minSupportedApiVersion: 1, maxSupportedApiVersion: 2 });
    }
    return Response.redirect(`${fake.url}${pathname}`);
  });
  try {
    await use(`https://127.0.0.1:${catalog.addr.port} ${fake.url}`);
  } finally {
    await catalog.shutdown();
    await fake.close();
  }
}

Deno.test("every client of a given address trusts the CA that was given, and without it, or with another, none does", async () => {
  const other = await certificateFor({ name: "other.example", days: 1 });
  await withTls(async (urls) => {
    const [catalog = "", store = ""] = urls.split(" ");
    for (const [name, ask] of Object.entries(CLIENTS)) {
      const url = /nessie|iceberg/.test(name) ? catalog : store;
      const over = async (ca: string | undefined) => {
        const connection = givenConnection("--endpoint", url, ca);
        try {
          return await ask(connection);
        } finally {
          await connection.close();
        }
      };
      assert.ok(await over(testAuthority().ca).then(() => true), name);
      for (const ca of name === "raw" ? [undefined, other.ca] : [other.ca]) {
        await assert.rejects(over(ca), (error) => {
          assert.ok(error instanceof CannotLook, `${name}: ${error}`);
          assert.equal(error.failure.kind, "certificate", `${name}: ${error.failure.message}`);
          assert.match(error.failure.message, /give its CA with --ca FILE/, name);
          return true;
        });
      }
    }
  });
});

Deno.test("the CA is trusted at that address only: another connection of the same process does not trust it", async () => {
  await withTls(async (urls) => {
    const [, store = ""] = urls.split(" ");
    const connection = givenConnection("--endpoint", store, testAuthority().ca);
    try {
      await CLIENTS.raw?.(connection);
      await assert.rejects(fetch(store), (error) => /UnknownIssuer/.test(networkText(error)));
    } finally {
      await connection.close();
    }
  });
});
