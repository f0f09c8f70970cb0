import assert from "node:assert/strict";
import { type Behaviour, FEATURES } from "../../../../lib/checkpoints/s3/compatibility/features.ts";
import type { DialectRecord, SetupRecord } from "../../../../lib/checkpoints/s3/records.ts";
import { settingsOf } from "../../../../lib/checkpoints/s3/client_config/mod.ts";
import { clientFiles, FILE_MARK, FILE_NAMES } from "../../../../lib/checkpoints/s3/client_config/files.ts";
import { checkDirectory, writeFiles } from "../../../../lib/checkpoints/s3/client_config/write.ts";
import { UsageError } from "../../../../lib/engine/errors.ts";
import { parse } from "yaml";

const SETUP: SetupRecord = {
  endpoint: "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local",
  region: "us-east-1",
  words: "at the Service's own address",
  credential: {
    secret: { kind: "Secret", namespace: "data-platform", name: "s3-credentials" },
    idKey: "access-key-id",
    secretKey: "secret-access-key",
  },
  buckets: ["iceberg-warehouse"],
};

/** A store that behaves as S3 but for these. */
const store = (odd: Record<string, Behaviour> = {}): DialectRecord[] =>
  FEATURES.map(({ id, s3 }) => ({
    id,
    behaviour: odd[id] ?? s3,
    observed: odd[id] ? `seen ${odd[id]}` : "HTTP 200",
  }));

/** What was seen of Ceph RGW 16.2. */
const RGW = store({
  "default.put-stream": "refused",
  "signing.trailer": "refused",
  "signing.chunked-empty": "refused",
  "signing.v2": "works",
  "signing.any-region": "works",
  "address.virtual-host": "refused",
  "checksum.sha256-wrong": "ignored",
  "if-match.put-quoted": "refused",
});

function of(client: string, records: DialectRecord[], setup = SETUP): Record<string, string> {
  const found = settingsOf(setup, records).find((one) => one.client === client);
  return Object.fromEntries((found?.settings ?? []).map(({ name, value }) => [name, value]));
}

Deno.test("RGW 16.2 wants what is known of it: path style, the old signer, checksums when_required", () => {
  const s3a = of("Hadoop S3A", RGW);
  assert.equal(s3a["fs.s3a.path.style.access"], "true");
  assert.equal(s3a["fs.s3a.signing-algorithm"], "S3SignerType");
  assert.equal(s3a["fs.s3a.connection.ssl.enabled"], "false");
  assert.equal(s3a["AWS_REQUEST_CHECKSUM_CALCULATION"], "when_required");
  assert.equal(of("Iceberg S3FileIO", RGW)["s3.path-style-access"], "true");
  assert.equal(of("PyIceberg", RGW)["s3.force-virtual-addressing"], "false");
  assert.equal(of("Nessie", RGW)["nessie.catalog.service.s3.default-options.path-style-access"], "true");
  assert.deepEqual([of("DuckDB", RGW).URL_STYLE, of("DuckDB", RGW).USE_SSL], ["path", "false"]);
  assert.equal(of("barman-cloud", RGW).AWS_RESPONSE_CHECKSUM_VALIDATION, "when_required");
  assert.equal(of("AWS CLI", RGW).request_checksum_calculation, "when_required");
});

Deno.test("a store that is as S3 wants nothing but its address", () => {
  for (const { settings } of settingsOf({ ...SETUP, endpoint: "https://s3.example.com" }, store())) {
    const names = settings.map(({ name }) => name).join(" ");
    assert.ok(!/CHECKSUM|checksum|signing-algorithm|chunked/.test(names), names);
  }
  assert.equal(of("Hadoop S3A", store())["fs.s3a.path.style.access"], "false");
  assert.equal(of("DuckDB", store()).URL_STYLE, "vhost");
});

Deno.test("the old signer is not asked for where the store does not know it, or over https", () => {
  const without = RGW.map((one) => one.id === "signing.v2" ? { ...one, behaviour: "refused" as const } : one);
  assert.equal(of("Hadoop S3A", without)["fs.s3a.signing-algorithm"], undefined);
  const https = { ...SETUP, endpoint: "https://s3.example.com" };
  assert.equal(of("Hadoop S3A", RGW, https)["fs.s3a.signing-algorithm"], undefined);
});

Deno.test("what is not known counts as the worse, and the setting says so", () => {
  const unknown = FEATURES.map(({ id }) => ({
    id,
    behaviour: "unknown" as const,
    observed: "it took longer than 60 s",
  }));
  const s3a = settingsOf(SETUP, unknown).find((one) => one.client === "Hadoop S3A")?.settings ?? [];
  const path = s3a.find(({ name }) => name === "fs.s3a.path.style.access");
  assert.equal(path?.value, "true");
  assert.match(path?.because ?? "", /not known/);
});

Deno.test("every setting says what asks for it", () => {
  for (const { settings } of settingsOf(SETUP, RGW)) {
    for (const { because, name } of settings) assert.ok(because.length > 5, name);
  }
});

Deno.test("the files are what their readers want, name the Secret, and hold no key", () => {
  const files = new Map(clientFiles(SETUP, settingsOf(SETUP, RGW)).map(({ name, text }) => [name, text]));
  for (const [name, text] of files) assert.match(text, /s3-credentials/, name);
  const values = parse(files.get("nessie-values.yaml") ?? "");
  assert.deepEqual(values.catalog.storage.s3.defaultOptions.accessKeySecret, {
    name: "s3-credentials",
    awsAccessKeyId: "access-key-id",
    awsSecretAccessKey: "secret-access-key",
  });
  assert.equal(values.catalog.storage.s3.defaultOptions.pathStyleAccess, true);
  const cluster = parse(files.get("cnpg-object-store.yaml") ?? "");
  assert.equal(cluster.spec.backup.barmanObjectStore.endpointURL, SETUP.endpoint);
  assert.ok(
    cluster.spec.env.some(({ name }: { name: string }) => name === "AWS_REQUEST_CHECKSUM_CALCULATION"),
  );
  assert.equal(parse(files.get("pyiceberg.yaml") ?? "").catalog.lakehouse["s3.endpoint"], SETUP.endpoint);
  assert.match(
    files.get("duckdb-secret.sql") ?? "",
    /ENDPOINT 'rook-ceph-rgw-storage\.rook-ceph\.svc\.cluster\.local'/,
  );
  assert.match(files.get("aws-config") ?? "", /^\[profile lakehouse\]$/m);
  assert.match(files.get("spark-defaults.conf") ?? "", /^spark\.hadoop\.fs\.s3a\.endpoint http:/m);
  assert.doesNotMatch(files.get("client.env") ?? "", /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)=/m);
});

/** What a store, or whoever wrote a facts file, would like to have in the files. */
const EVIL = "HTTP 400 Evil\nspark.driver.extraJavaOptions -Devil\r\u2028evil=1 --> <evil/> ' \u202e";

Deno.test("what a store says does not leave its comment in any file, and a file has its settings and no more", () => {
  const evil = RGW.map((record) => record.behaviour === "works" ? record : { ...record, observed: EVIL });
  const secret = { kind: "Secret", namespace: "data-platform", name: "my--secret\nevil=1-->" };
  const setup = { ...SETUP, credential: { secret, idKey: "access-key-id", secretKey: "secret-access-key" } };
  const good = new Map(clientFiles(SETUP, settingsOf(SETUP, RGW)).map(({ name, text }) => [name, text]));
  for (const { name, text } of clientFiles(setup, settingsOf(setup, evil))) {
    const live = (all: string) =>
      all.replaceAll(/<!--.*?-->/g, "").split("\n").filter((line) => !/^\s*(#|--|$)/.test(line));
    assert.equal(live(text).length, live(good.get(name) ?? "").length, `${name}: ${text}`);
    assert.ok(!/[\r\u2028\u202e]/.test(text), name);
    if (name.endsWith(".yaml")) assert.ok(parse(text), name);
    if (name === "core-site.xml") {
      assert.ok(!text.replaceAll(/<!--.*?-->/g, "").includes("<evil"), text);
      for (const [, inner = ""] of text.matchAll(/<!--(.*?)-->/g)) assert.ok(!inner.includes("--"), inner);
    }
  }
});

Deno.test("values that only a facts file could hold are quoted for each file", () => {
  const setup = { ...SETUP, region: "us\n[evil]\n'evil <x>" };
  const files = new Map(clientFiles(setup, settingsOf(setup, RGW)).map(({ name, text }) => [name, text]));
  assert.match(files.get("core-site.xml") ?? "", /<value>us\n\[evil\]\n'evil &lt;x&gt;<\/value>/);
  assert.match(files.get("spark-defaults.conf") ?? "", /client\.region us\\u000a\[evil\]\\u000a'evil <x>$/m);
  assert.match(files.get("duckdb-secret.sql") ?? "", /REGION 'us\n\[evil\]\n''evil <x>',/);
  assert.match(files.get("aws-config") ?? "", /^region = us \[evil\] 'evil <x>$/m);
  assert.match(files.get("client.env") ?? "", /^AWS_DEFAULT_REGION='us \[evil\] '\\''evil <x>'$/m);
  assert.equal(parse(files.get("pyiceberg.yaml") ?? "").catalog.lakehouse["s3.region"], setup.region);
});

Deno.test("files are written into a directory that need not be there, again and again", async () => {
  const at = await Deno.makeTempDir();
  try {
    const files = clientFiles(SETUP, settingsOf(SETUP, RGW));
    for (let round = 0; round < 2; round++) await writeFiles(`${at}/a/b/`, files);
    const found = [...Deno.readDirSync(`${at}/a/b`)].map(({ name }) => name).sort();
    assert.deepEqual(found, files.map(({ name }) => name).sort());
  } finally {
    await Deno.remove(at, { recursive: true });
  }
});

Deno.test("a file of somebody else is not overwritten, nor what a link leads to, and nothing is written then", async () => {
  const at = await Deno.makeTempDir();
  const files = clientFiles(SETUP, settingsOf(SETUP, RGW));
  const refused = async (why: RegExp) => {
    await assert.rejects(checkDirectory(`${at}/conf`), why);
    await assert.rejects(writeFiles(`${at}/conf`, files), why);
    assert.equal([...Deno.readDirSync(`${at}/conf`)].length, 1);
  };
  try {
    await Deno.mkdir(`${at}/conf`);
    await Deno.writeTextFile(`${at}/conf/spark-defaults.conf`, "spark.master yarn\n");
    await refused(/spark-defaults\.conf, which was not written by it\. Nothing was written/);
    assert.equal(await Deno.readTextFile(`${at}/conf/spark-defaults.conf`), "spark.master yarn\n");
    await Deno.remove(`${at}/conf/spark-defaults.conf`);
    await Deno.writeTextFile(`${at}/theirs`, files[0]?.text ?? "");
    await Deno.symlink(`${at}/theirs`, `${at}/conf/client.env`);
    await refused(/client\.env, which is a link/);
    assert.equal(await Deno.readTextFile(`${at}/theirs`), files[0]?.text);
    await Deno.remove(`${at}/conf/client.env`);
    await Deno.mkdir(`${at}/conf/aws-config`);
    await refused(/aws-config, which is no file/);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
});

Deno.test("every file has the mark in its head, and its name in the list", () => {
  const files = clientFiles(SETUP, settingsOf(SETUP, RGW));
  assert.deepEqual(files.map(({ name }) => name), [...FILE_NAMES]);
  for (const { name, text } of files) assert.ok(text.slice(0, 500).includes(FILE_MARK), name);
});

Deno.test("a file in place of the directory is refused, before anything is tried", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assert.rejects(
      checkDirectory(file),
      (error) => error instanceof UsageError && /which is a file/.test(error.message),
    );
    await assert.rejects(writeFiles(`${file}/below`, []), UsageError);
  } finally {
    await Deno.remove(file);
  }
});
