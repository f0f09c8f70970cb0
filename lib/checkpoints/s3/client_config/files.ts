/** The settings of clients as the files that they read. No file holds a key: each names the Secret instead. Pure. */
import type { SetupRecord } from "../records.ts";
import { type ClientSettings, type Setting, withSecretOnly } from "./mod.ts";
import {
  comment,
  envLine,
  iniLine,
  propertyLine,
  sqlText,
  xmlText,
  yamlText,
} from "../../../untrusted/quoting.ts";

/** Stands in the first lines of each file, so that one of somebody else is not overwritten. */
export const FILE_MARK = "as deno task data-platform:test:s3 has seen it";

/** What the files are called. */
export const FILE_NAMES = [
  "core-site.xml",
  "spark-defaults.conf",
  "iceberg-catalog.properties",
  "pyiceberg.yaml",
  "nessie-application.properties",
  "nessie-values.yaml",
  "duckdb-secret.sql",
  "cnpg-object-store.yaml",
  "aws-config",
  "client.env",
] as const;

export interface ClientFile {
  name: (typeof FILE_NAMES)[number];
  text: string;
}

/** The files for these settings; what each setting is for stands above it. */
export function clientFiles(seen: SetupRecord, all: readonly ClientSettings[]): ClientFile[] {
  const setup = withSecretOnly(seen);
  const of = (client: string) => all.find((one) => one.client === client)?.settings ?? [];
  const [s3a, fileIo, cli] = [of("Hadoop S3A"), of("Iceberg S3FileIO"), of("AWS CLI")];
  return [
    { name: "core-site.xml", text: coreSite(setup, s3a) },
    { name: "spark-defaults.conf", text: sparkDefaults(setup, s3a, fileIo) },
    { name: "iceberg-catalog.properties", text: properties(setup, fileIo) },
    { name: "pyiceberg.yaml", text: pyIceberg(setup, of("PyIceberg")) },
    { name: "nessie-application.properties", text: properties(setup, of("Nessie")) },
    { name: "nessie-values.yaml", text: nessieValues(setup, of("Nessie")) },
    { name: "duckdb-secret.sql", text: duckDb(setup, of("DuckDB")) },
    { name: "cnpg-object-store.yaml", text: cnpg(setup, of("barman-cloud")) },
    { name: "aws-config", text: awsConfig(setup, cli) },
    { name: "client.env", text: environment(setup, [...of("Iceberg S3FileIO"), ...of("barman-cloud")]) },
  ];
}

const configured = (settings: readonly Setting[]) => settings.filter(({ env }) => !env);
const variables = (settings: readonly Setting[]) => settings.filter(({ env }) => env);

/** A value that stands for a key, and is none. */
const isKey = ({ name }: Setting) => /ACCESS_KEY/.test(name);

function head({ endpoint, credential }: SetupRecord): string[] {
  const secret = credential
    ? `Secret ${credential.secret.namespace}/${credential.secret.name} (${credential.idKey}, ${credential.secretKey})`
    : "a Secret";
  return [`For ${endpoint}, ${FILE_MARK}.`, `The keys are in ${secret}.`];
}

function hashed(setup: SetupRecord, settings: readonly Setting[]): string[] {
  const needed = variables(settings).map(({ name, value }) =>
    `  ${name}${isKey({ name } as Setting) ? " " : "="}${value}`
  );
  return [
    ...head(setup),
    ...needed.length > 0 ? ["In the environment of the process:", ...needed] : [],
  ].map((line) => comment("#", line));
}

const lines = (...all: (string | string[])[]) => all.flat().join("\n") + "\n";

function coreSite(setup: SetupRecord, settings: readonly Setting[]): string {
  const needed = variables(settings).map(({ name, value }) => `${name} ${value}`);
  return lines(
    '<?xml version="1.0"?>',
    [...head(setup), "In the environment of the process:", ...needed].map((line) => comment("<!--", line)),
    "<configuration>",
    configured(settings).flatMap(({ name, value, because }) => [
      `  ${comment("<!--", because)}`,
      `  <property><name>${xmlText(name)}</name><value>${xmlText(value)}</value></property>`,
    ]),
    "</configuration>",
  );
}

function sparkDefaults(setup: SetupRecord, s3a: readonly Setting[], fileIo: readonly Setting[]): string {
  const entry = (prefix: string) => ({ name, value, because }: Setting) => [
    comment("#", because),
    propertyLine(`${prefix}${name}`, " ", value),
  ];
  return lines(
    hashed(setup, fileIo),
    "",
    "# s3a:// paths, of event logs for example",
    configured(s3a).flatMap(entry("spark.hadoop.")),
    "",
    "# The catalog is called lakehouse here.",
    configured(fileIo).flatMap(entry("spark.sql.catalog.lakehouse.")),
  );
}

function properties(setup: SetupRecord, settings: readonly Setting[]): string {
  return lines(
    hashed(setup, settings),
    "",
    configured(settings).flatMap((
      { name, value, because },
    ) => [comment("#", because), propertyLine(name, "=", value)]),
  );
}

function pyIceberg(setup: SetupRecord, settings: readonly Setting[]): string {
  return lines(
    hashed(setup, settings),
    "# Give type and uri of the catalog besides; ~/.pyiceberg.yaml is where it is looked for.",
    "catalog:",
    "  lakehouse:",
    configured(settings).flatMap(({ name, value, because }) => [
      `    ${comment("#", because)}`,
      `    ${name}: ${yamlText(value)}`,
    ]),
  );
}

function nessieValues(setup: SetupRecord, settings: readonly Setting[]): string {
  const value = (name: string) => settings.find((one) => one.name.endsWith(name));
  const entry = (key: string, name: string, raw = false) => {
    const found = value(name);
    if (!found) return [];
    return [
      `        ${comment("#", found.because)}`,
      `        ${key}: ${raw ? found.value : yamlText(found.value)}`,
    ];
  };
  const { credential } = setup;
  return lines(
    head(setup).map((line) => comment("#", line)),
    "catalog:",
    "  storage:",
    "    s3:",
    "      defaultOptions:",
    entry("endpoint", ".endpoint"),
    entry("pathStyleAccess", ".path-style-access", true),
    entry("region", ".region"),
    entry("authType", ".auth-type"),
    "        accessKeySecret:",
    `          name: ${yamlText(credential?.secret.name ?? "NAME")}`,
    `          awsAccessKeyId: ${yamlText(credential?.idKey ?? "KEY")}`,
    `          awsSecretAccessKey: ${yamlText(credential?.secretKey ?? "KEY")}`,
    yamlEnv("extraEnv", settings, ""),
  );
}

/** A list of name and value, or nothing. */
function yamlEnv(field: string, settings: readonly Setting[], indent: string): string[] {
  const wanted = variables(settings).filter((one) => !isKey(one));
  if (wanted.length === 0) return [];
  return [
    `${indent}${field}:`,
    ...wanted.flatMap(({ name, value, because }) => [
      `${indent}  ${comment("#", because)}`,
      `${indent}  - name: ${name}`,
      `${indent}    value: ${yamlText(value)}`,
    ]),
  ];
}

function duckDb(setup: SetupRecord, settings: readonly Setting[]): string {
  const quoted = (name: string, value: string) =>
    name === "USE_SSL" || name === "PROVIDER" ? value : sqlText(value);
  const body = configured(settings).flatMap(({ name, value, because }) => [
    `  ${comment("--", because)}`,
    `  ${name} ${quoted(name, value)},`,
  ]);
  return lines(
    head(setup).map((line) => comment("--", line)),
    "-- Give them to the process as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the extensions httpfs and aws are needed.",
    "CREATE OR REPLACE SECRET lakehouse (",
    "  TYPE s3,",
    body,
    "  CHAIN 'env'",
    ");",
  );
}

function cnpg(setup: SetupRecord, settings: readonly Setting[]): string {
  const { credential } = setup;
  const name = yamlText(credential?.secret.name ?? "NAME");
  const endpoint = settings.find((one) => one.name === "endpointURL");
  const key = (field: string, value: string | undefined) => [
    `        ${field}:`,
    `          name: ${name}`,
    `          key: ${yamlText(value ?? "KEY")}`,
  ];
  return lines(
    head(setup).map((line) => comment("#", line)),
    "# A part of a CloudNativePG Cluster; the Secret must be in the Cluster's namespace. Backups want a bucket of their own.",
    "spec:",
    yamlEnv("env", settings, "  "),
    "  backup:",
    "    barmanObjectStore:",
    '      destinationPath: "s3://BUCKET/PATH"',
    `      ${comment("#", endpoint?.because ?? "")}`,
    `      endpointURL: ${yamlText(setup.endpoint)}`,
    "      s3Credentials:",
    key("accessKeyId", credential?.idKey),
    key("secretAccessKey", credential?.secretKey),
  );
}

function awsConfig(setup: SetupRecord, settings: readonly Setting[]): string {
  const [inner, outer] = [true, false].map((nested) =>
    configured(settings).filter(({ name }) => name.startsWith("s3.") === nested)
  );
  return lines(
    hashed(setup, settings),
    "# ~/.aws/config, then: aws --profile lakehouse s3 ls",
    "[profile lakehouse]",
    (outer ?? []).flatMap(({ name, value, because }) => [comment("#", because), iniLine(name, value)]),
    (inner ?? []).map(({ because }) => comment("#", because)),
    "s3 =",
    (inner ?? []).map(({ name, value }) => `  ${iniLine(name.slice("s3.".length), value)}`),
  );
}

function environment(setup: SetupRecord, settings: readonly Setting[]): string {
  const all = new Map(variables(settings).map((one) => [one.name, one]));
  return lines(
    head(setup).map((line) => comment("#", line)),
    [...all.values()].flatMap((one) =>
      isKey(one)
        ? [comment("#", `${one.name}: ${one.value}`)]
        : [comment("#", one.because), envLine(one.name, one.value)]
    ),
  );
}
