/**
 * The folders of the project, what each is for, and which others each may import. The lint rule `import-direction`
 * enforces this table, and ARCHITECTURE.md shows it.
 */
export interface Part {
  /** A folder, or some files of one; of two that fit, the first in the table counts. */
  name: string;
  files: RegExp;
  /** One line for ARCHITECTURE.md. */
  job: string;
  /** Parts whose values and types may be imported. */
  uses: readonly string[];
  /** Parts of which only types may be imported. */
  types?: readonly string[];
  /** Packages and node: modules may be imported, and files, processes and the network be touched. */
  outside?: boolean;
}

const VERSION = "lib/version.ts";
const VENDOR = "lib/vendor/";
const MODEL = "lib/engine/model.ts, errors.ts, decode.ts, memo.ts, sentence.ts";
const UNTRUSTED = "lib/untrusted/";
const REDACT = "lib/redact/";
/** Used by every part. */
const BASICS: readonly string[] = [MODEL, UNTRUSTED, REDACT];
const REPORT = "lib/engine/report.ts";
const WORLD = "lib/engine/world.ts";
const ENGINE = "lib/engine/";
const CLI = "lib/cli/";
const COMMAND = "lib/command.ts";
const CLIENTS = "lib/clients/";
const COMPONENTS = "lib/components/";
const PLATFORM = "lib/platform/";
const SCHEDULING = "lib/scheduling/";
const DISK = "lib/disk/";
const CODECS = "lib/iceberg/codecs.ts";
const ICEBERG = "lib/iceberg/";
const PARQUET = "lib/parquet/";
const LOAD = "lib/load/";
const GOALS = "lib/goals/";
const CHECKPOINT = "lib/checkpoint/";
const CHECKPOINTS = "lib/checkpoints/";
const INTEGRATION = "lib/integration_test/";
const RENDER = "lib/render/";
const PROCEDURES = "lib/procedures/";

/** Parts that do I/O and are used by commands. */
const ACTING = [
  VENDOR,
  CLI,
  COMMAND,
  CLIENTS,
  COMPONENTS,
  SCHEDULING,
  PLATFORM,
  DISK,
  ENGINE,
  WORLD,
  REPORT,
  ...BASICS,
];

export const PARTS: readonly Part[] = [
  {
    name: "scripts/",
    files: /^scripts\//,
    job: "a file per command: names a Command and calls `main`",
    uses: [CLI, COMPONENTS, PROCEDURES, CHECKPOINTS, INTEGRATION],
    types: [COMMAND],
  },
  {
    name: COMMAND,
    files: /^lib\/command\.ts$/,
    job: "what a command is, and what it is asked: types",
    uses: [],
    types: [CLI, CLIENTS, RENDER, REPORT, MODEL],
  },
  {
    name: CLI,
    files: /^lib\/cli\//,
    job: "flags, stages, exit status, the terminal and its questions",
    uses: [PLATFORM, COMMAND, CLIENTS, DISK, RENDER, ENGINE, WORLD, REPORT, VERSION, ...BASICS],
    outside: true,
  },
  {
    name: PROCEDURES,
    files: /^lib\/procedures\//,
    job: "what writes on purpose: `1p:*`, `obc:sync`",
    uses: ACTING,
    outside: true,
  },
  {
    name: INTEGRATION,
    files: /^lib\/integration_test\//,
    job: "`--create-integration-test`: writes what a checkpoint saw as a permanent test",
    uses: [CHECKPOINT, CHECKPOINTS, GOALS, LOAD, ...ACTING],
    outside: true,
  },
  {
    name: CHECKPOINTS,
    files: /^lib\/checkpoints\//,
    job: "what tries things for real: a folder per checkpoint, in it a folder per subject",
    uses: [CHECKPOINT, INTEGRATION, GOALS, LOAD, ICEBERG, CODECS, PARQUET, ...ACTING],
    outside: true,
  },
  {
    name: CHECKPOINT,
    files: /^lib\/checkpoint\//,
    job: "the framework of checkpoints: trials, their records, the scratch scope and its marker",
    uses: [CLI, COMMAND, CLIENTS, DISK, ENGINE, WORLD, REPORT, ...BASICS],
    outside: true,
  },
  {
    name: GOALS,
    files: /^lib\/goals\//,
    job: "what each phase is to reach, by which evidence that is known, and what of it is reached; pure",
    uses: [...BASICS],
  },
  {
    name: LOAD,
    files: /^lib\/load\//,
    job: "the load generator, its statistics and baselines",
    uses: [DISK, ENGINE, REPORT, ...BASICS],
    outside: true,
  },
  {
    name: RENDER,
    files: /^lib\/render\//,
    job: "a file per format of the report; `mod.ts` is the table",
    uses: [REPORT, ...BASICS],
  },
  {
    name: CLIENTS,
    files: /^lib\/clients\//,
    job: "the only folder that talks to a network: a folder per service",
    uses: [VENDOR, DISK, ...BASICS],
    types: [ENGINE],
    outside: true,
  },
  {
    name: DISK,
    files: /^lib\/disk\//,
    job: "files that are there whole or not at all, and files that are read to a limit; facts on disk",
    uses: [...BASICS],
    outside: true,
  },
  {
    name: COMPONENTS,
    files: /^lib\/components\//,
    job:
      "what is known of each part of a platform: kinds, judge, edges, makers; `mod.ts` is the order of the report",
    uses: [PLATFORM, SCHEDULING, ...BASICS],
    types: [CLIENTS],
  },
  {
    name: PLATFORM,
    files: /^lib\/platform\//,
    job: "what the platform consists of, and to which component an object belongs",
    uses: [...BASICS],
  },
  {
    name: SCHEDULING,
    files: /^lib\/scheduling\//,
    job: "where a pod may run: the scheduler's filters, and which of them keeps a pod from every node; pure",
    uses: [UNTRUSTED],
  },
  {
    name: CODECS,
    files: /^lib\/iceberg\/codecs\.ts$/,
    job: "how manifests and metadata files are unpacked, to a size",
    uses: [ICEBERG],
    outside: true,
  },
  {
    name: ICEBERG,
    files: /^lib\/iceberg\//,
    job: "readers of Iceberg's metadata, manifest lists and manifests; pure",
    uses: [...BASICS],
  },
  {
    name: PARQUET,
    files: /^lib\/parquet\//,
    job: "samples of every type, and how values are compared; pure",
    uses: [UNTRUSTED],
  },
  {
    name: MODEL,
    files: /^lib\/engine\/(?:model|errors|decode|memo|sentence)\.ts$/,
    job:
      "facts, findings, edges; the ways a run ends early; readers of what comes from outside; how messages are put together",
    uses: [UNTRUSTED, REDACT],
  },
  {
    name: WORLD,
    files: /^lib\/engine\/world\.ts$/,
    job: "facts as checks see them: indexed, typed, honest about what could not be read",
    uses: [...BASICS],
  },
  {
    name: REPORT,
    files: /^lib\/engine\/report\.ts$/,
    job: "the document that every command prints, and its exit codes",
    uses: [VERSION, ...BASICS],
  },
  {
    name: "lib/engine/report_schema.ts",
    files: /^lib\/engine\/report_schema\.ts$/,
    job: "the same as a zod schema, for docs/schema and the tests",
    uses: [REPORT, ...BASICS],
    outside: true,
  },
  {
    name: ENGINE,
    files: /^lib\/engine\//,
    job: "collect, check, absent, graph, diagnose; knows no component and is tested with toys",
    uses: [WORLD, REPORT, ...BASICS],
  },
  {
    name: VERSION,
    files: /^lib\/version\.ts$/,
    job: "which release this is",
    uses: [],
  },
  {
    name: VENDOR,
    files: /^lib\/vendor\//,
    job: "packages that a health run needs, as they are: it downloads none",
    uses: [],
  },
  {
    name: UNTRUSTED,
    files: /^lib\/untrusted\//,
    job: "paths, JSON, YAML, lookups, shell commands and comments out of texts that others chose",
    uses: [VENDOR, MODEL],
  },
  {
    name: REDACT,
    files: /^lib\/redact\//,
    job: "what others say, without secrets and control sequences; the only code that cuts it",
    uses: [UNTRUSTED],
  },
];

/** The part that a file belongs to, by its path from the root; undefined outside of lib/ and scripts/. */
export function partOf(path: string): Part | undefined {
  return PARTS.find(({ files }) => files.test(path));
}

/** Why this import may not stand in this file; undefined when it may. */
export function objection(from: string, specifier: string, typeOnly: boolean): string | undefined {
  const part = partOf(from);
  if (!part) return undefined;
  if (!specifier.startsWith(".")) {
    return part.outside ? undefined : `${part.name} imports no packages, and ${specifier} is one`;
  }
  const to = new URL(specifier, `file:///${from}`).pathname.slice(1);
  const target = partOf(to);
  if (!target) return `${part.name} does not import ${to}, which is no part of lib`;
  const own = part.name !== "scripts/" && part === target;
  if (own || part.uses.includes(target.name) || typeOnly && part.types?.includes(target.name)) {
    return undefined;
  }
  return `${part.name} does not import ${typeOnly ? "types" : "values"} from ${target.name} (${to})`;
}

/** The table of ARCHITECTURE.md, its columns as wide as `deno fmt` wants them. */
export function partsTable(): string {
  const rows = [
    ["part", "job", "may import"],
    ...PARTS.map(({ name, job, uses, types }) => {
      return [code(name), job, mayImport(uses, types)];
    }),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...rest] = rows.map(line);
  return [head, line(widths.map((width) => "-".repeat(width))), ...rest].join("\n");
}

function mayImport(uses: readonly string[], types: readonly string[] = []): string {
  const all = BASICS.every((one) => uses.includes(one));
  const named = uses.filter((one) => !all || !BASICS.includes(one)).map(code);
  const told = [...named, ...all ? ["the basics"] : [], ...types.map((one) => `types of ${code(one)}`)];
  return told.join(", ") || "nothing";
}

const code = (name: string) => name.split(", ").map((one) => `\`${one}\``).join(", ");
