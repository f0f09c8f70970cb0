/** Runs a Command from its arguments to its exit status: collect, check, diagnose, render. */
import type { ClusterConnection } from "../clients/kubernetes/client.ts";
import type { Asked, Command } from "../command.ts";
import { FLAGS } from "./common_flags.ts";
import { USUAL_NAMESPACE } from "../platform/mod.ts";
import { removeUnfinished, writeFileAtomic } from "../disk/atomic_file.ts";
import { CannotLook, Interrupted, LacksRight, UsageError } from "../engine/errors.ts";
import { durationMs, type FlagTable, type Given, parseFlags } from "./flags.ts";
import type { Component, Facts } from "../engine/model.ts";
import { documents, type Format, formats, views, wrap } from "../render/mod.ts";
import type { FailOn, Report } from "../engine/report.ts";
import { clean, quote, withoutCredentials } from "../redact/mod.ts";
import { otherTask } from "./rights.ts";
import { note, PIPE_WIDTH, print, progress, terminalColour, terminalWidth } from "./terminal.ts";
import { nearest } from "../untrusted/edit_distance.ts";
import { own } from "../untrusted/lookup.ts";
import { command } from "../untrusted/shell.ts";
import { comment } from "../untrusted/quoting.ts";
import { VERSION } from "../version.ts";

interface Options extends Asked {
  format: Format;
  outputFile?: string;
  failOn: FailOn;
  facts?: string;
  saveFacts?: string;
  colour: boolean;
}

/** The words of an error that nobody foresaw may quote anything. */
const MOST_OF_A_BUG = 1000;
const COULD_NOT_TELL = 3;
const INTERRUPTED = 130;
const TERMINATED = 143;

/** Runs the command and ends the process with its exit status; never throws. */
export async function main(command: Command, argv: readonly string[]): Promise<never> {
  const interruption = new AbortController();
  const stop = (status: number) => () => {
    if (command.undoMs === undefined || interruption.signal.aborted) endNow(command, status);
    note("", `${command.name}: stopping, and cleaning up what was made. Ctrl-C again ends at once.`);
    interruption.abort(new Interrupted("interrupted"));
    setTimeout(() => endNow(command, status), command.undoMs);
  };
  Deno.addSignalListener("SIGINT", stop(INTERRUPTED));
  if (command.undoMs !== undefined) Deno.addSignalListener("SIGTERM", stop(TERMINATED));
  Deno.exit(await run(command, argv, interruption.signal));
}

/** Runs the command that the first word names, as {@linkcode main} does; without a word it tells which there are. */
export async function mainOf(
  commands: Readonly<Record<string, Command>>,
  script: string,
  [word = "--help", ...rest]: readonly string[],
): Promise<never> {
  const chosen = own(commands, word);
  if (chosen) return await main(chosen, rest);
  const names = Object.keys(commands);
  if (word === "--help" || word === "-h") {
    const { listLines } = await import("./help.ts");
    const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
    const lines = listLines(rows, terminalWidth());
    await print(
      `Usage:\n  ./scripts/${script} COMMAND [flags]\n\nCommands:\n${lines.join("\n")}\n\n` +
        "COMMAND --help explains its flags.\n",
    );
    Deno.exit(0);
  }
  const near = nearest(word, names);
  const hint = near ? ` Did you mean ${near}?` : "";
  note(`${script}: there is no command ${quote(word, [], 64)}; there are ${names.join(", ")}.${hint}`);
  Deno.exit(COULD_NOT_TELL);
}

function endNow(command: Command, status: number): never {
  removeUnfinished();
  sayInterrupted(command);
  Deno.exit(status);
}

function sayInterrupted(command: Command): void {
  if (command.interrupted) note("", `${command.name}: interrupted. ${command.interrupted}`);
}

function flagsOf(command: Command): FlagTable {
  const common = Object.entries(FLAGS).filter(([name]) => !command.without?.some((one) => one === name));
  return { ...command.flags, ...Object.fromEntries(common) };
}

async function run(command: Command, argv: readonly string[], signal: AbortSignal): Promise<number> {
  let options: Options | undefined;
  try {
    const given = parseFlags(argv, flagsOf(command), command.name);
    if (given.has("help")) {
      await print(await helpText(command));
      return 0;
    }
    if (given.has("version")) {
      await print(`lakecheck ${VERSION}\n`);
      return 0;
    }
    options = await optionsOf(given, command, signal);
    const report = command.act ? await command.act(options) : await produce(command, options);
    if (!report) return 0;
    await deliver(command, report, options);
    const { exitCode } = await import("../engine/report.ts");
    return exitCode(report.status, options.failOn);
  } catch (error) {
    return await explain(withTask(error, command, argv), command, options);
  } finally {
    options?.cluster.close();
  }
}

async function optionsOf(given: Given, command: Command, signal: AbortSignal): Promise<Options> {
  const asked = [
    ...given.has("output") ? [given.get("output") as Format] : [],
    ...given.has("verbose") ? ["verbose" as const] : [],
    ...given.has("json") ? ["json" as const] : [],
  ];
  if (new Set(asked).size > 1) {
    throw new UsageError(`The flags ask for ${asked.join(" and ")} output at once. Keep one of them.`);
  }
  for (const flag of ["output-file", "save-facts", "write"]) mayWrite(flag, given.get(flag));
  const path = given.get("config");
  const config = path === undefined ? undefined : await (await import("./config_file.ts")).readConfig(path);
  return {
    given,
    ...config ? { declared: config.declared } : {},
    format: asked[0] ?? command.format ?? "plain",
    outputFile: given.get("output-file"),
    kubeconfig: given.get("kubeconfig"),
    context: given.get("context"),
    namespace: namespaceOf(given, config?.namespace),
    isPlaced: given.has("namespace") || config?.namespace !== undefined,
    timeoutMs: durationMs("timeout", given.get("timeout") ?? FLAGS.timeout.fallback),
    cluster: clusterOf(given.get("kubeconfig"), given.get("context")),
    failOn: (given.get("fail-on") ?? FLAGS["fail-on"].fallback) as FailOn,
    facts: given.get("facts"),
    saveFacts: given.get("save-facts"),
    signal,
    colour: !given.has("no-color") && !given.has("output-file") && terminalColour(),
  };
}

/** What it takes to ask a cluster is loaded when one is asked. */
function clusterOf(kubeconfig: string | undefined, context: string | undefined): ClusterConnection {
  let made: Promise<ClusterConnection> | undefined;
  const make = () =>
    made ??= import("../clients/kubernetes/client.ts").then(({ clusterConnection }) =>
      clusterConnection({ kubeconfig, context })
    );
  return {
    open: async () => await (await make()).open(),
    close: () => void made?.then((cluster) => cluster.close()),
  };
}

/** Known before anything is read, so that nobody waits for a report that can't be written. Throws LacksRight. */
function mayWrite(flag: string, path: string | undefined): void {
  if (path === undefined || Deno.permissions.querySync({ name: "write", path }).state === "granted") return;
  throw new LacksRight(
    "write",
    `--${flag} writes ${path}, and this task was started without the right to write.`,
  );
}

/** A right that is lacking comes with the task that has it. */
function withTask(error: unknown, command: Command, argv: readonly string[]): unknown {
  if (!(error instanceof LacksRight)) return error;
  return new UsageError(`${error.message} Next: ${otherTask(command, error.right, argv)}`);
}

/** A namespace goes into API paths, so it must be one (RFC 1123 label). */
function namespaceOf(given: Given, declared: string = USUAL_NAMESPACE): string {
  const name = given.get("namespace") ?? declared;
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new UsageError(
    `--namespace is ${JSON.stringify(name)}, which no namespace can be called: ` +
      "use at most 63 lower-case letters, digits and dashes. To see them: kubectl get namespaces",
  );
}

async function produce(command: Command, options: Options): Promise<Report | undefined> {
  const started = performance.now();
  // Loaded while the cluster answers: the judging modules cost nothing then.
  const engine = import("../engine/evaluate.ts");
  const components = await command.components();
  const seen = options.facts
    ? await replay(options.facts, options)
    : command.needsCluster?.(options.given) === false
    ? await withoutCluster(options)
    : await read(components, options);
  const facts = command.extend ? await command.extend(seen, options) : seen;
  if (!facts) return undefined;
  if (options.saveFacts) {
    const { saveFacts } = await import("../disk/facts_file.ts");
    await saveFacts(options.saveFacts, facts);
    note(`Facts saved to ${options.saveFacts}.`);
  }
  const { evaluate } = await engine;
  const report = evaluate(command.name, components, facts);
  await command.finish?.(report, options);
  return { ...report, durationMs: Math.round(performance.now() - started) };
}

/** Facts from a file; what would choose a cluster is not used then, and saying so prevents a wrong belief. */
async function replay(path: string, options: Options): Promise<Facts> {
  const { loadFacts } = await import("../disk/facts_file.ts");
  const facts = await loadFacts(path);
  const idle = (["kubeconfig", "context", "namespace", "timeout"] as const).filter((name) =>
    options.given.has(name)
  );
  if (idle.length > 0) {
    note(
      `${
        idle.map((name) => `--${name}`).join(", ")
      } not used: the facts in ${path} were recorded from context ` +
        `${facts.context}, namespace ${facts.namespace}.`,
    );
  }
  return options.declared ? { ...facts, declared: options.declared } : facts;
}

async function withoutCluster(options: Options): Promise<Facts> {
  const { factsWithoutCluster } = await import("../engine/collect.ts");
  const idle = (["kubeconfig", "context", "namespace", "config"] as const).filter((name) =>
    options.given.has(name)
  );
  if (idle.length > 0) note(`${idle.map((name) => `--${name}`).join(", ")} not used: no cluster is asked.`);
  return factsWithoutCluster({ namespace: options.namespace });
}

async function read(components: readonly Component[], options: Options): Promise<Facts> {
  const [{ connect }, { collectPlatform, sourcesOf }] = await Promise.all([
    import("../clients/kubernetes/client.ts"),
    import("../engine/collect.ts"),
  ]);
  const { cluster, timeoutMs } = options;
  const client = await connect({ cluster, timeoutMs });
  const done = progress(`Reading ${sourcesOf(components).length} sources of ${client.context} ...`);
  try {
    return await collectPlatform(client, components, options);
  } finally {
    done();
    client.close();
  }
}

async function deliver(command: Command, report: Report, options: Options): Promise<void> {
  const isView = options.format === "plain" && report.platform !== undefined;
  const view = isView && command.view ? views[command.view] : undefined;
  const render = await (view ?? formats[options.format])();
  const { outputFile, colour } = options;
  const text = render(report, { colour, width: outputFile ? PIPE_WIDTH : terminalWidth() });
  if (!outputFile) return await print(text);
  await writeFileAtomic(outputFile, new TextEncoder().encode(text), { flag: "--output-file" });
  note(`Report written to ${outputFile}.`);
}

/**
 * Says on stderr what ended the run early. Whoever reads a document, from stdout or a file, gets one too: a file
 * that still holds the verdict of the last run would be a lie.
 */
async function explain(error: unknown, command: Command, options: Options | undefined): Promise<number> {
  if (error instanceof Interrupted) {
    sayInterrupted(command);
    return INTERRUPTED;
  }
  const expected = error instanceof UsageError || error instanceof CannotLook;
  const what = error instanceof Error ? error.message : String(error);
  const message = expected
    ? clean(what)
    : `this is a bug in lakecheck ${VERSION}: ${
      quote(what, [], MOST_OF_A_BUG)
    }. Run it again with LAKECHECK_DEBUG=1 and report what it prints.`;
  note(`${command.name}: ${message}`);
  if (!expected && error instanceof Error && Deno.env.get("LAKECHECK_DEBUG") === "1") {
    note(...withoutCredentials(error.stack ?? "").split("\n"));
  }
  if (options && (documents.has(options.format) || options.outputFile)) {
    await deliver(command, stopped(command, message, options), options).catch(() => {
      // The message on stderr has been given; what cannot be written now could not be written before.
    });
  }
  return COULD_NOT_TELL;
}

/** The report of a run that ended before there was anything to judge. */
function stopped(command: Command, message: string, options: Options): Report {
  return {
    schema: "lakecheck.report/v1",
    command: command.name,
    version: VERSION,
    status: "error",
    timestamp: new Date().toISOString(),
    durationMs: 0,
    context: options.context ?? "",
    summary: { total: 0, healthy: 0, warnings: 0, critical: 0, unknown: 0, skipped: 0 },
    roots: [],
    details: { components: [] },
    issues: [message],
  };
}

async function helpText(shown: Command): Promise<string> {
  const { flagLines, listLines } = await import("./help.ts");
  const width = terminalWidth();
  const task = command`deno task ${shown.name}`;
  return [
    ...wrap(shown.summary, width),
    "",
    "Usage:",
    `  ${task} [flags]`,
    "",
    "Flags:",
    ...flagLines(flagsOf(shown), width),
    "",
    "Examples:",
    ...shown.examples.flatMap(({ args, what, task: ending = "" }) => [
      `  ${comment("#", what)}`,
      `  ${task}${ending}${args ? ` ${args}` : ""}`,
    ]),
    "",
    "Exit status:",
    ...listLines(EXITS, width),
    "",
  ].join("\n");
}

const EXITS = [
  ["0", "healthy"],
  ["1", "warning: nothing is broken, something needs attention"],
  ["2", "critical: something is broken"],
  [
    "3",
    "error: the status is not known because something could not be read, or the arguments cannot be used",
  ],
  ["130", "interrupted"],
] as const;
