/** From what a store does to the exact settings of its clients, each with what asks for it. Pure. */
import { FEATURES } from "../compatibility/features.ts";
import type { DialectRecord, SetupRecord } from "../records.ts";

export interface Setting {
  name: string;
  value: string;
  /** One sentence without a full stop; what was seen, when that asks for it. */
  because: string;
  /** An environment variable of the client's process, and not of its configuration. */
  env?: boolean;
}

export interface ClientSettings {
  client: string;
  settings: Setting[];
}

/** What a store does, to be asked. A behaviour that is not known counts as the worse one. */
export interface Dialect {
  /** Whether all these features behave as S3. */
  ok(...ids: string[]): boolean;
  /** `PUT of a stream, SDK defaults: HTTP 411 MissingContentLength`, of the first that does not. */
  seen(...ids: string[]): string;
}

export function dialectFrom(records: readonly DialectRecord[]): Dialect {
  const known = new Map(records.map((record) => [record.id, record]));
  const good = (id: string) => known.get(id)?.behaviour === FEATURES.find((one) => one.id === id)?.s3;
  return {
    ok: (...ids) => ids.every(good),
    seen(...ids) {
      const id = ids.find((one) => !good(one)) ?? ids[0] ?? "";
      const title = FEATURES.find((one) => one.id === id)?.title ?? id;
      const record = known.get(id);
      return `${title}: ${!record || record.behaviour === "unknown" ? "not known" : record.observed}`;
    },
  };
}

const DEFAULTS = [
  "default.put-bytes",
  "default.put-stream",
  "default.multipart",
  "default.copy",
  "default.delete-many",
  "signing.trailer",
];
const CHUNKS = ["signing.chunked", "signing.chunked-empty"];

/** The settings of every client that we know. */
export function settingsOf(seen: SetupRecord, records: readonly DialectRecord[]): ClientSettings[] {
  const setup = withSecretOnly(seen);
  const place: Place = { setup, dialect: dialectFrom(records) };
  return [
    { client: "Hadoop S3A", settings: s3a(place) },
    { client: "Iceberg S3FileIO", settings: s3FileIo(place) },
    { client: "PyIceberg", settings: pyIceberg(place) },
    { client: "Nessie", settings: nessie(place) },
    { client: "DuckDB", settings: duckDb(place) },
    { client: "barman-cloud", settings: barman(place) },
    { client: "AWS CLI", settings: awsCli(place) },
  ];
}

/** Keys that were given to this run stand in no Secret that clients could name. */
export function withSecretOnly({ credential, ...setup }: SetupRecord): SetupRecord {
  return { ...setup, ...credential?.secret.kind === "Secret" ? { credential } : {} };
}

interface Place {
  setup: SetupRecord;
  dialect: Dialect;
}

const set = (name: string, value: string, because: string): Setting => ({ name, value, because });

/** Clients look for AWS unless they are told. */
const NOT_AWS = "the store is not AWS";

function region({ dialect }: Place): string {
  return dialect.ok("signing.any-region")
    ? "the store rejects other regions"
    : "every client wants one, and this store takes any";
}

/** Path style works everywhere, so it is the choice also where nothing is known. */
function pathStyle({ dialect }: Place): [path: boolean, because: string] {
  return dialect.ok("address.virtual-host")
    ? [false, "the store knows buckets by host name"]
    : [true, dialect.seen("address.virtual-host")];
}

/** For AWS SDKs of 2025 and newer; older ones do not look at these variables. */
function checksums({ dialect }: Place): Setting[] {
  if (dialect.ok(...DEFAULTS)) return [];
  const because = dialect.seen(...DEFAULTS.filter((id) => !dialect.ok(id)));
  return [
    { ...set("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required", because), env: true },
    { ...set("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required", because), env: true },
  ];
}

/** The variables that hold the keys; a Secret stands for the values, which stay where they are. */
function keys({ setup }: Place): Setting[] {
  const { credential } = setup;
  const from = (key: string | undefined) =>
    credential ? `${key} of Secret ${credential.secret.namespace}/${credential.secret.name}` : "a Secret";
  const because = "no key stands in a configuration";
  return [
    { ...set("AWS_ACCESS_KEY_ID", `from ${from(credential?.idKey)}`, because), env: true },
    { ...set("AWS_SECRET_ACCESS_KEY", `from ${from(credential?.secretKey)}`, because), env: true },
  ];
}

function s3a(place: Place): Setting[] {
  const { setup, dialect } = place;
  const [path, why] = pathStyle(place);
  const tls = setup.endpoint.startsWith("https:");
  const settings = [
    set("fs.s3a.endpoint", setup.endpoint, NOT_AWS),
    set("fs.s3a.endpoint.region", setup.region, region(place)),
    set("fs.s3a.path.style.access", String(path), why),
    set("fs.s3a.connection.ssl.enabled", String(tls), `the endpoint is ${tls ? "https" : "http"}`),
  ];
  // Over https SDK 1 does not sign the payload, so it sends no signed chunks.
  if (!tls && !dialect.ok(...CHUNKS) && !dialect.ok("signing.v2")) {
    const because = `Hadoop 3.3 and older only; ${dialect.seen(...CHUNKS)}`;
    settings.push(set("fs.s3a.signing-algorithm", "S3SignerType", because));
  }
  if (!dialect.ok(...DEFAULTS)) {
    const because = `Hadoop 3.4.3 and newer; ${dialect.seen(...DEFAULTS.filter((id) => !dialect.ok(id)))}`;
    settings.push(set("fs.s3a.checksum.generation", "false", because));
  }
  if (!dialect.ok("required.delete-many")) {
    settings.push(set("fs.s3a.multiobjectdelete.enable", "false", dialect.seen("required.delete-many")));
  }
  if (!dialect.ok("list.v2")) settings.push(set("fs.s3a.list.version", "1", dialect.seen("list.v2")));
  if (!dialect.ok("if-match.get-quoted")) {
    settings.push(set("fs.s3a.change.detection.mode", "client", dialect.seen("if-match.get-quoted")));
  }
  return [...settings, ...keys(place), ...checksums(place)];
}

function s3FileIo(place: Place): Setting[] {
  const { setup, dialect } = place;
  const [path, why] = pathStyle(place);
  const settings = [
    set("io-impl", "org.apache.iceberg.aws.s3.S3FileIO", "it speaks S3 without Hadoop"),
    set("s3.endpoint", setup.endpoint, NOT_AWS),
    set("s3.path-style-access", String(path), why),
    set("client.region", setup.region, region(place)),
    set("s3.remote-signing-enabled", "false", "the keys are at hand"),
  ];
  if (!dialect.ok(...CHUNKS)) {
    const because = `Iceberg 1.11 and newer; ${dialect.seen(...CHUNKS)}`;
    settings.push(set("s3.chunked-encoding-enabled", "false", because));
  }
  if (!dialect.ok("required.delete-many")) {
    settings.push(set("s3.delete.batch-size", "1", dialect.seen("required.delete-many")));
  }
  return [...settings, ...keys(place), ...checksums(place)];
}

function pyIceberg(place: Place): Setting[] {
  const { setup } = place;
  const [path, why] = pathStyle(place);
  return [
    set("s3.endpoint", setup.endpoint, NOT_AWS),
    set("s3.region", setup.region, region(place)),
    set("s3.force-virtual-addressing", String(!path), why),
    ...keys(place),
    ...checksums(place),
  ];
}

function nessie(place: Place): Setting[] {
  const { setup } = place;
  const [path, why] = pathStyle(place);
  const at = "nessie.catalog.service.s3.default-options";
  const secret = setup.credential
    ? `its parts .name and .secret come from Secret ${setup.credential.secret.namespace}/${setup.credential.secret.name}`
    : "its parts .name and .secret come from a Secret";
  return [
    set(`${at}.endpoint`, setup.endpoint, NOT_AWS),
    set(`${at}.path-style-access`, String(path), why),
    set(`${at}.region`, setup.region, region(place)),
    set(`${at}.auth-type`, "STATIC", "the keys are those of one user"),
    set(`${at}.access-key`, "urn:nessie-secret:quarkus:lakehouse-s3", secret),
    ...checksums(place),
  ];
}

function duckDb(place: Place): Setting[] {
  const { setup } = place;
  const [path, why] = pathStyle(place);
  const url = new URL(setup.endpoint);
  return [
    set("ENDPOINT", url.host + url.pathname.replace(/\/$/, ""), NOT_AWS),
    set("URL_STYLE", path ? "path" : "vhost", why),
    set("USE_SSL", String(url.protocol === "https:"), `the endpoint is ${url.protocol.slice(0, -1)}`),
    set("REGION", setup.region, region(place)),
    set("PROVIDER", "credential_chain", "the keys come from the environment"),
    ...keys(place),
  ];
}

function barman(place: Place): Setting[] {
  const { setup } = place;
  const { credential } = setup;
  const name = credential?.secret.name ?? "NAME";
  const because = "CloudNativePG reads them from a Secret of the Cluster's own namespace";
  return [
    set("endpointURL", setup.endpoint, NOT_AWS),
    set("s3Credentials.accessKeyId", `${name}/${credential?.idKey ?? "KEY"}`, because),
    set("s3Credentials.secretAccessKey", `${name}/${credential?.secretKey ?? "KEY"}`, because),
    { ...set("AWS_DEFAULT_REGION", setup.region, region(place)), env: true },
    ...checksums(place),
  ];
}

function awsCli(place: Place): Setting[] {
  const { setup, dialect } = place;
  const [path, why] = pathStyle(place);
  const settings = [
    set("endpoint_url", setup.endpoint, NOT_AWS),
    set("region", setup.region, region(place)),
    set("s3.addressing_style", path ? "path" : "virtual", why),
  ];
  if (!dialect.ok(...DEFAULTS)) {
    const because = dialect.seen(...DEFAULTS.filter((id) => !dialect.ok(id)));
    settings.push(
      set("request_checksum_calculation", "when_required", because),
      set("response_checksum_validation", "when_required", because),
    );
  }
  if (!dialect.ok("signing.unsigned")) {
    settings.push(set("s3.payload_signing_enabled", "true", dialect.seen("signing.unsigned")));
  }
  return [...settings, ...keys(place)];
}
