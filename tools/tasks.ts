/**
 * The tasks of deno.json as a table: `deno task generate` writes them there, and tests, docs and benches read what each
 * may do here.
 */

import { LOCKED } from "../lib/integration_test/deno.ts";

export type Right = "read" | "write" | "net" | "run" | "sys" | "env" | "ffi" | "all";

/** What Deno lets a process do: `true` is everything, a list is that and no more. In the order of the command line. */
export type Rights = Readonly<Partial<Record<Right, true | readonly string[]>>>;

/** Stands for the directory of DuckDB's native library, which is another one on every machine. */
export const DUCKDB = `$(deno run --quiet --no-prompt ${LOCKED.join(" ")} tools/duckdb_directory.ts)`;

/** Variables that say where the cluster is and how to get there, how to print, and how much to say of our own bugs. */
export const COMMON_ENV = [
  "KUBECONFIG",
  "HOME",
  "USERPROFILE",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
  "NO_COLOR",
  "TERM",
  "LAKECHECK_DEBUG",
];

interface Row {
  description: string;
  /** A path from the root of the repository. */
  script: string;
  /** The first arguments of the script. */
  words?: readonly string[];
}

/** A task that runs a command of people: it reads files, asks the network, and reads the variables of COMMON_ENV. */
export interface CommandRow extends Row {
  /** Rights beyond the common ones, and variables beyond COMMON_ENV. */
  more?: Rights;
  /** `NAME:KEY`: the same command with these words instead. */
  also?: Readonly<Record<string, { description: string; words: readonly string[]; more?: Rights }>>;
  /** `NAME:save` may write files, and belongs to a command that only reads. Its description. */
  save?: string;
  /** `NAME:exec` may start programs, and write files where NAME or NAME:save may. Its description. */
  exec?: string;
}

/** A task that works on this repository or on the lab. */
export interface ToolRow extends Row {
  rights: Rights;
}

const SAVE = "The same, with the right to write files: --save-facts, --output-file";
const EXEC = "The same, with the right to start the exec plugin of your kubeconfig";
const HEALTH = "scripts/data-platform-health-check.ts";
const DISCOVER = "scripts/data-platform-discover.ts";
const ONEPASSWORD = "scripts/setup-1password-connect.ts";
const S3 = "scripts/test-data-platform-s3.ts";
const NESSIE = "scripts/validate-nessie.ts";
const ICEBERG = "scripts/test-data-platform-iceberg.ts";
const PHASE1 = "scripts/test-data-platform-phase1.ts";
/** @aws-sdk and PostgreSQL's driver ask for these. */
const SYS = ["osRelease", "hostname"];

export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  "data-platform:health": {
    description: "Say what is broken, what broke it, and what to do now",
    script: HEALTH,
    also: {
      verbose: { description: "The same with every check and every chain", words: ["--verbose"] },
      json: { description: "The same as one JSON document", words: ["--json"] },
    },
    save: SAVE,
    exec: `${EXEC} (aws, kubelogin ...), and to write files`,
  },
  "data-platform:discover": {
    description: "Say what the data platform consists of, and how that is known",
    script: DISCOVER,
    save: `${SAVE}, --write`,
    exec: `${EXEC}, and to write files`,
  },
  "1p:install": {
    description: "Install 1Password Connect and bring back what its absence broke",
    script: ONEPASSWORD,
    words: ["install"],
    more: { write: true, env: ["OP_CONNECT_CREDENTIALS", "OP_CONNECT_TOKEN"] },
    exec: EXEC,
  },
  "1p:status": {
    description: "Say whether secrets get from 1Password to the pods",
    script: ONEPASSWORD,
    words: ["status"],
    save: SAVE,
    exec: `${EXEC}, and to write files`,
  },
  "1p:uninstall": {
    description: "Remove what 1p:install has made",
    script: ONEPASSWORD,
    words: ["uninstall"],
    exec: EXEC,
  },
  "obc:sync": {
    description: "Copy the keys of bucket claims and object store users to 1Password",
    script: ONEPASSWORD,
    words: ["obc:sync"],
    more: { write: true, env: ["OP_CONNECT_TOKEN"] },
    also: {
      watch: {
        description: "The same again and again, until Ctrl-C",
        words: ["obc:sync", "--watch"],
        more: { env: ["OP_CONNECT_TOKEN"] },
      },
    },
    exec: EXEC,
  },
  "data-platform:test:s3": {
    description: "Prove by use that the object store can carry a lakehouse",
    script: S3,
    more: {
      write: true,
      sys: SYS,
      env: ["S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      ffi: [DUCKDB],
    },
    exec: `${EXEC}, and deno for --create-integration-test`,
  },
  "validate:nessie": {
    description: "Prove by use that the catalog works and keeps what it is given",
    script: NESSIE,
    more: { write: true, sys: SYS, env: ["NESSIE_URL", "S3_ENDPOINT"] },
    exec: `${EXEC}, and deno for --create-integration-test`,
  },
  "data-platform:test:iceberg": {
    description: "Prove by use that tables can be trusted, whichever engine writes and reads them",
    script: ICEBERG,
    more: { write: true, sys: SYS, env: ["NESSIE_URL", "S3_ENDPOINT", "XDG_CACHE_HOME"], ffi: [DUCKDB] },
    exec: `${EXEC}, and deno for --create-integration-test`,
  },
  "data-platform:test:phase1": {
    description: "Prove phase 1 end to end, and say which of its goals are met",
    script: PHASE1,
    more: { write: true, sys: SYS, env: ["NESSIE_URL", "S3_ENDPOINT", "XDG_CACHE_HOME"], ffi: [DUCKDB] },
    exec: `${EXEC}, and deno for --create-integration-test`,
  },
};

/** Namespaces, mounts and cgroups, which Deno gives to nobody with less. */
const LAB: Rights = { all: true };
const LAB_SCRIPT = "lab/main.ts";

/** Where Deno keeps npm packages on Linux unless DENO_DIR or XDG_CACHE_HOME say otherwise; `env -S` puts HOME in. */
const NPM_CACHE = "${HOME}/.cache/deno/npm";

/**
 * Scripts that people start by their names: with the rights of this task, and these. `--create-integration-test` starts
 * `deno`, and no other program can be started.
 */
export const SCRIPTS: Readonly<Record<string, { task: string; more?: Rights }>> = {
  [HEALTH]: { task: "data-platform:health" },
  [DISCOVER]: { task: "data-platform:discover" },
  [ONEPASSWORD]: { task: "1p:install" },
  [S3]: { task: "data-platform:test:s3", more: { run: ["deno"], ffi: [NPM_CACHE] } },
  [NESSIE]: { task: "validate:nessie", more: { run: ["deno"] } },
  [ICEBERG]: { task: "data-platform:test:iceberg", more: { run: ["deno"], ffi: [NPM_CACHE] } },
  [PHASE1]: { task: "data-platform:test:phase1", more: { run: ["deno"], ffi: [NPM_CACHE] } },
};

/** What `deno test` gives to the tests that need neither root nor lab. */
export const UNIT: Rights = {
  read: true,
  write: true,
  run: true,
  net: true,
  env: true,
  sys: true,
  ffi: [DUCKDB],
};

export const TOOLS: Readonly<Record<string, ToolRow>> = {
  "lab:up": {
    description: "Bring up the real platform on this machine (Linux, root)",
    script: LAB_SCRIPT,
    words: ["up"],
    rights: LAB,
  },
  "lab:down": {
    description: "Take it down; nothing stays behind but the cache",
    script: LAB_SCRIPT,
    words: ["down"],
    rights: LAB,
  },
  "lab:status": {
    description: "Say which parts of it run, and what is a stand-in",
    script: LAB_SCRIPT,
    words: ["status"],
    rights: LAB,
  },
  "lab:break": {
    description: "Break it on purpose: lab:break FAULT, or --list",
    script: LAB_SCRIPT,
    words: ["break"],
    rights: LAB,
  },
  "lab:repair": {
    description: "Undo that: lab:repair FAULT",
    script: LAB_SCRIPT,
    words: ["repair"],
    rights: LAB,
  },
  "lab:record": {
    description: "Record scenarios for tests/scenarios from the lab: lab:record [NAME ...]",
    script: "lab/record.ts",
    rights: LAB,
  },
  "test": {
    description: "Every test, those on the lab included; brings the lab up if it is not",
    script: "tools/test.ts",
    rights: { read: true, write: true, run: true, net: true, env: true, sys: true },
  },
  "test:unit": {
    description: "The tests that need neither root nor lab",
    script: "tools/test.ts",
    words: ["unit"],
    rights: { read: true, run: true, env: true },
  },
  "ok": {
    description: "Format, lint, types, doc tests, generated files, kubernetes directories",
    script: "tools/ok.ts",
    rights: { read: true, write: true, run: true, env: true },
  },
  "generate": {
    description: "Write what is generated: pages and tables, the tasks of deno.json, first lines of scripts",
    script: "tools/generate.ts",
    rights: {
      read: true,
      write: [
        "docs",
        "README.md",
        "ARCHITECTURE.md",
        "deno.json",
        "scripts",
        "lib/vendor",
        "lib/components/platform",
      ],
      env: true,
    },
  },
  "update": {
    description: "Take the libraries to their newest versions, and say what changed: update [NAME ...]",
    script: "tools/update_dependencies.ts",
    rights: { read: true, write: ["scripts/deno.json", "deno.lock"], run: true },
  },
  "duckdb:extensions": {
    description: "Get DuckDB's extensions for Iceberg from PyPI, pinned (needs python3 with pip)",
    script: "tools/duckdb/extensions.ts",
    rights: { read: true, write: true, run: ["python3"], env: true },
  },
  "demo": {
    description: "A recorded incident, then the same on a real platform brought up on this machine",
    script: "tools/demo.ts",
    rights: { run: true, sys: ["uid"] },
  },
  "bench": {
    description: "Every number that is promised, side by side in one run on the lab",
    script: "bench/main.ts",
    rights: LAB,
  },
};

/** A task as it stands in deno.json, and what it may do. */
export interface Task {
  description: string;
  /** The first arguments of `deno`. */
  start: readonly string[];
  rights: Rights;
  script: string;
  words: readonly string[];
  /** All of it as a line for a shell. */
  command: string;
}

/** Every task by its name, in the order of deno.json. */
export const TASKS: ReadonlyMap<string, Task> = new Map([
  ...Object.entries(COMMANDS).flatMap(([name, row]) => commandTasks(name, row)),
  ...Object.entries(TOOLS).map(([name, row]): [string, Task] => [name, taskOf(row)]),
]);

function commandTasks(name: string, row: CommandRow): [string, Task][] {
  const writes = row.save !== undefined || row.more?.write !== undefined;
  const write: Rights = writes ? { write: true } : {};
  const task = (key: string, own: Partial<CommandRow>): [string, Task] => {
    const { more = {}, ...rest } = { ...row, ...own };
    return [name + key, taskOf({ ...rest, rights: commandRights(more) })];
  };
  return [
    task("", {}),
    ...Object.entries(row.also ?? {}).map(([key, own]) => task(`:${key}`, own)),
    ...row.save ? [task(":save", { description: row.save, more: { ...row.more, ...write } })] : [],
    ...row.exec ? [task(":exec", { description: row.exec, more: { ...row.more, ...write, run: true } })] : [],
  ];
}

function commandRights(more: Rights): Rights {
  const env = [...COMMON_ENV, ...Array.isArray(more.env) ? more.env : []];
  const { write, run, sys, ffi } = more;
  const all = { read: true, write, net: true, run, sys, env, ffi };
  return Object.fromEntries(Object.entries(all).filter(([, to]) => to !== undefined)) as Rights;
}

function taskOf({ description, script, words = [], rights }: ToolRow): Task {
  // scripts/deno.json names the lockfile; the root does not, as `deno task` would download all of it (docs/decisions).
  const start = ["run", "--no-prompt", "--quiet", ...script.startsWith("scripts/") ? [] : LOCKED];
  const line = ["deno", ...start, ...flags(rights).map(forShell), script, ...words].join(" ");
  return { description, start, rights, script, words, command: line };
}

/** These rights as arguments of `deno`. Variables that are not among those listed read as not set. */
export function flags(rights: Rights): string[] {
  return Object.entries(rights).flatMap(([right, to]) =>
    to === true
      ? [`--allow-${right}`]
      : [`--allow-${right}=${to.join(",")}`, ...right === "env" ? ["--ignore-env"] : []]
  );
}

function forShell(flag: string): string {
  return flag.includes(" ") ? `"${flag}"` : flag;
}

/** This text of deno.json with these tasks; every other part of it stays as it is. */
export function withTasks(text: string, tasks: ReadonlyMap<string, Task> = TASKS): string {
  const rows = [...tasks].map(([name, { description, command }]) => [name, { description, command }]);
  const part = JSON.stringify(Object.fromEntries(rows), null, 2).replaceAll("\n", "\n  ");
  const found = /^ {2}"tasks": (\{[^]*?^ {2}\})/m.exec(text);
  if (!found?.[1]) throw new Error('deno.json has no part "tasks" to write the tasks to');
  const from = found.index + found[0].length - found[1].length;
  return text.slice(0, from) + part + text.slice(from + found[1].length);
}

/** Bytes of a first line: Linux reads 256, and cuts what is longer without a word (BINPRM_BUF_SIZE). */
export const LONGEST_FIRST_LINE = 254;

const SHORT: Readonly<Record<string, string>> = { read: "R", write: "W", net: "N", sys: "S", env: "E" };

/** Variables by what they begin with, so that a first line has room for them; USERPROFILE is Windows', which reads none. */
const SHORT_NAMES: readonly [name: RegExp, short: string][] = [
  [/^KUBE(CONFIG|RNETES_SERVICE_(HOST|PORT))$/, "KUBE*"],
  [/^SSL_CERT_(FILE|DIR)$/, "SSL_CERT_*"],
  [/^NO_(PROXY|COLOR)$/, "NO_*"],
  [/^USERPROFILE$/, ""],
  [/^AWS_ACCESS_KEY_ID$/, "AWS_A*"],
  [/^AWS_SECRET_ACCESS_KEY$/, "AWS_SE*"],
];

function shortNames(names: readonly string[]): string[] {
  const short = names.map((name) => SHORT_NAMES.find(([one]) => one.test(name))?.[1] ?? name);
  return [...new Set(short)].filter((name) => name !== "");
}

/** The line by which the kernel starts this script, which `env -S` splits at blanks. */
export function firstLine(script: string): string {
  const { task = "", more = {} } = SCRIPTS[script] ?? {};
  const all = { ...TASKS.get(task)?.rights, ...more };
  const rights = Object.entries(Array.isArray(all.env) ? { ...all, env: shortNames(all.env) } : all);
  const whole = rights.filter(([right, to]) => to === true && SHORT[right]).map(([right]) => SHORT[right]);
  const some = rights.filter(([right, to]) => !(to === true && SHORT[right])).flatMap(([right, to]) =>
    flags({ [right]: to }).map((flag) => flag.replace(/^--allow-(sys|env)=/, (_, name) => `-${SHORT[name]}=`))
  );
  return ["#!/usr/bin/env -S deno -q --no-prompt", `-${whole.join("")}`, ...some].join(" ");
}

/** The text of a script with this first line. */
export function withFirstLine(text: string, line: string): string {
  return `${line}\n${text.replace(/^#!.*\n/, "")}`;
}
