/**
 * `deno task lab:record [NAME...]`: breaks the lab, records what the health command reads, and repairs, for every scenario.
 * With `--replay` it needs no lab: it judges the recorded facts again and writes their snapshots.
 * Writes tests/scenarios/NAME/{facts.json.gz, plain.txt, report.json, expect.json}.
 */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Tool, toolArguments } from "../lib/cli/tool.ts";
import { UsageError } from "../lib/engine/errors.ts";
import { loadFacts } from "../lib/disk/facts_file.ts";
import type { Report } from "../lib/engine/report.ts";
import { issueClientCert, writeKubeconfig } from "./cluster/mod.ts";
import { findLab, type LabContext } from "./context.ts";
import { LabError } from "./errors.ts";
import { disagreements } from "./faults/expect.ts";
import { breakOne, faultsOn, repairAll, untilWell } from "./faults/run.ts";
import { plainText, replay, reportText } from "./faults/replay.ts";
import { type Scenario, scenarios } from "./faults/scenarios.ts";
import { withLock } from "./lock.ts";
import { connectKube } from "./platform/mod.ts";
import { CLEAN_ENV, run, type RunResult } from "./process.ts";
import { createProgress, formatSeconds, type Progress } from "./progress.ts";

const MAX_BYTES = 100 * 1024;
const READER = "lakecheck-scenario-reader";

/** Runs the health command as users do. Its exit status is part of the result, 3 with a message is a failure. */
async function health(ctx: LabContext, args: readonly string[]): Promise<RunResult> {
  const env = { ...CLEAN_ENV, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const argv = [Deno.execPath(), "task", "--quiet", "data-platform:health:save", ...args];
  return await run(argv, { env, cwd: ctx.root, timeoutMs: 60_000 });
}

/** A user who may read what the health command reads, except pods. */
async function restrictedKubeconfig(ctx: LabContext): Promise<string> {
  const rules = [
    { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] },
    { nonResourceURLs: ["*"], verbs: ["get"] },
  ];
  const kube = connectKube(ctx);
  try {
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view";
    if (!await kube.get(role)) throw new LabError("record", "the cluster has no ClusterRole view");
    const head = "apiVersion: rbac.authorization.k8s.io/v1\n";
    const readable = rules.map((rule) => rule.resources ? { ...rule, resources: RESOURCES } : rule);
    await kube.apply(
      READER,
      `${head}kind: ClusterRole\nmetadata:\n  name: ${READER}\nrules: ${JSON.stringify(readable)}\n`,
    );
    const ref = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: READER };
    const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: READER }];
    await kube.apply(
      READER,
      `${head}kind: ClusterRoleBinding\nmetadata:\n  name: ${READER}\nroleRef: ${
        JSON.stringify(ref)
      }\nsubjects: ${JSON.stringify(subjects)}\n`,
    );
  } finally {
    kube.close();
  }
  const path = join(ctx.dir, `${READER}.kubeconfig`);
  writeKubeconfig(ctx, path, READER, await issueClientCert(ctx, { user: READER, groups: [], days: 1 }));
  return path;
}

/** Everything that the health command lists, but pods. */
const RESOURCES = [
  ...[
    "nodes",
    "namespaces",
    "services",
    "services/proxy",
    "secrets",
    "configmaps",
    "serviceaccounts",
    "events",
  ],
  ...[
    "persistentvolumeclaims",
    "persistentvolumes",
    "resourcequotas",
    "deployments",
    "statefulsets",
    "daemonsets",
  ],
  ...["replicasets", "jobs", "cronjobs", "endpointslices", "storageclasses", "networkpolicies", "leases"],
  ...["customresourcedefinitions", "kustomizations", "helmreleases", "helmcharts", "helmrepositories"],
  ...[
    "ocirepositories",
    "gitrepositories",
    "buckets",
    "externalsecrets",
    "secretstores",
    "clustersecretstores",
  ],
  ...["clusters", "backups", "scheduledbackups", "cephclusters", "cephobjectstores", "cephobjectstoreusers"],
  ...["cephblockpools", "objectbucketclaims", "objectbuckets", "sparkapplications"],
];

async function removeReader(ctx: LabContext): Promise<void> {
  const kube = connectKube(ctx);
  try {
    for (const kind of ["clusterrolebindings", "clusterroles"]) {
      await kube.remove(`/apis/rbac.authorization.k8s.io/v1/${kind}/${READER}`);
    }
  } finally {
    kube.close();
  }
  rmSync(join(ctx.dir, `${READER}.kubeconfig`), { force: true });
}

/** Collects facts as they are now and writes the scenario's files from them. Gives what the diagnosis gets wrong. */
async function record(ctx: LabContext, scenario: Scenario): Promise<string[]> {
  const dir = join(ctx.root, "tests/scenarios", scenario.name);
  mkdirSync(dir, { recursive: true });
  const facts = join(dir, "facts.json.gz");
  const kubeconfig = scenario.restricted ? await restrictedKubeconfig(ctx) : ctx.kubeconfig;
  const said = await health(ctx, ["--kubeconfig", kubeconfig, "--save-facts", facts]);
  if (scenario.restricted) await removeReader(ctx);
  if (!/Facts saved/.test(said.stderr)) {
    throw new LabError(
      "record",
      `the health command ended with ${said.code}: ${said.stderr.trim().slice(-500)}`,
    );
  }
  const bytes = statSync(facts).size;
  const report = await snapshots(ctx.root, scenario);
  return [
    ...disagreements(report, scenario.expect),
    ...bytes > MAX_BYTES ? [`its facts have ${bytes} bytes, more than ${MAX_BYTES}`] : [],
  ];
}

/** Replays a scenario's facts and writes plain.txt, report.json and expect.json. Gives the report. */
async function snapshots(root: string, scenario: Scenario): Promise<Report> {
  const dir = join(root, "tests/scenarios", scenario.name);
  const report = replay(await loadFacts(join(dir, "facts.json.gz")));
  writeFileSync(join(dir, "plain.txt"), await plainText(report));
  writeFileSync(join(dir, "report.json"), reportText(report));
  const expect = { title: scenario.title, ...scenario.expect };
  writeFileSync(join(dir, "expect.json"), JSON.stringify(expect, undefined, 2) + "\n");
  return report;
}

async function recordOne(ctx: LabContext, scenario: Scenario, progress: Progress): Promise<boolean> {
  const begun = performance.now();
  let problems: string[];
  try {
    for (const fault of scenario.faults) await breakOne(ctx, fault, progress);
    problems = await record(ctx, scenario);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    problems = [`was not recorded: ${error.why}`];
  }
  if (scenario.faults.length > 0) await repairAll(ctx, faultsOn(ctx), progress);
  const verdict = problems.length === 0 ? "diagnosed rightly" : "WRONG:";
  progress.info(`${formatSeconds(performance.now() - begun)}  == ${scenario.name} ${verdict}`);
  for (const problem of problems) progress.info(`           ${problem}`);
  return problems.length === 0;
}

function wanted(names: readonly string[]): Scenario[] {
  for (const name of names) {
    if (!scenarios.some((one) => one.name === name)) {
      throw new UsageError(
        `There is no scenario ${name}. There are: ${scenarios.map((one) => one.name).join(", ")}`,
      );
    }
  }
  return scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
}

const RECORD: Tool = {
  name: "lab:record",
  summary:
    "Breaks the lab, records what the health command reads, and repairs, for every scenario: an hour in all. " +
    "Writes tests/scenarios/NAME/{facts.json.gz, plain.txt, report.json, expect.json}.",
  flags: { replay: { help: "judge what was recorded again, without a lab, and write it anew" } },
  words: "[NAME ...]",
  exits: { "1": "a scenario was not diagnosed rightly" },
};

/** An hour of breaking and repairing, so nothing begins before the arguments are understood. */
async function main(argv: readonly string[]): Promise<number> {
  const { given, words } = await toolArguments(RECORD, argv);
  const chosen = wanted(words);
  if (given.has("replay")) return await replayAll(chosen);
  return await recordAll(chosen.filter(({ composed }) => !composed));
}

/** Records: breaks the lab, reads it, repairs it, for each. */
async function recordAll(chosen: readonly Scenario[]): Promise<number> {
  const ctx = findLab();
  if (!ctx) throw new LabError("lab", "there is no lab of this checkout", undefined, "deno task lab:up");
  const progress = createProgress();
  let wrong = 0;
  await withLock(ctx, async () => {
    if (faultsOn(ctx).length > 0) await repairAll(ctx, faultsOn(ctx), progress);
    else await untilWell(ctx);
    for (const scenario of chosen) if (!await recordOne(ctx, scenario, progress)) wrong++;
  });
  progress.close();
  return wrong > 0 ? 1 : 0;
}

/** Judges what was recorded again, without a lab. */
async function replayAll(chosen: readonly Scenario[]): Promise<number> {
  const root = new URL("..", import.meta.url).pathname;
  let wrong = 0;
  for (const scenario of chosen) {
    if (!existsSync(join(root, "tests/scenarios", scenario.name, "facts.json.gz"))) {
      console.error(`----- ${scenario.name} has not been recorded`);
      continue;
    }
    const problems = disagreements(await snapshots(root, scenario), scenario.expect);
    if (problems.length > 0) wrong++;
    console.error(`${problems.length === 0 ? "ok   " : "WRONG"} ${scenario.name}`);
    for (const problem of problems) console.error(`        ${problem}`);
  }
  return wrong > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof LabError || error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exit(3);
  }
}
