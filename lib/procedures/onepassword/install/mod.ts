/** Installs 1Password Connect: checks everything first, then applies, then waits until what its absence broke is back. */
import type { Asked } from "../../../command.ts";
import { connect, type KubeClient } from "../../../clients/kubernetes/client.ts";
import { connectWriter, type KubeObject, type KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { collectPlatform } from "../../../engine/collect.ts";
import { components } from "../../../components/mod.ts";
import { evaluate } from "../../../engine/evaluate.ts";
import { are, count } from "../../../engine/sentence.ts";
import { durationMs } from "../../../cli/flags.ts";
import { refText } from "../../../engine/model.ts";
import type { Report } from "../../../engine/report.ts";
import { note } from "../../../cli/terminal.ts";
import { carryOut, firstFive, keptBy, planOf, rejectOtherSettings, type Step } from "./apply.ts";
import { untilConnectAnswers } from "./connect_ready.ts";
import { readCredentials } from "../credentials.ts";
import {
  CREDENTIALS_KEY,
  CREDENTIALS_SECRET,
  MANIFESTS,
  type Manifests,
  readManifests,
} from "./manifests.ts";
import { printDryRun } from "./dry_run.ts";
import { requireExternalSecrets, requireRights, rightsFor } from "./preflight.ts";
import { requireYes } from "../../../cli/prompt.ts";
import { refreshAll, unhealthyOf, untilRecovered } from "./recover.ts";
import { ensureRestarted } from "./restart.ts";
import { secretObject, type Wanted } from "./secrets.ts";
import { takeBoth } from "../sources.ts";
import { readToken } from "../token.ts";

export const COMMAND = "1p:install";
/** Longest wait for Secrets to be read anew after a rotation. */
const REFRESH_MS = 60_000;
/** What is left of the wait, at least: time for what is there to be noticed. */
const LAST_LOOK_MS = 5000;

interface Inputs {
  manifests: Manifests;
  credentials: Wanted;
  token: Wanted;
}

/**
 * Does all of it, and reports on the whole platform afterwards; undefined after a dry run. Throws UsageError before
 * anything was changed; CannotLook too, unless the API server went away in the middle, when running it again goes on.
 */
export async function install(asked: Asked): Promise<Report | undefined> {
  const { given } = asked;
  const started = performance.now();
  const waitMs = durationMs("wait", given.get("wait") ?? "3m");
  const inputs = await readInputs(asked);
  const kube = await connectWriter(asked);
  const client = await connect(asked);
  try {
    await requireExternalSecrets(kube, inputs.manifests);
    await requireRights(kube, rightsFor(inputs.manifests, [inputs.credentials, inputs.token]));
    const steps = await Promise.all(
      objectsOf(inputs).map((object) =>
        planOf(kube, object, given.has("adopt") && object.kind !== "Namespace")
      ),
    );
    const look = () => lookAt(client, asked);
    if (given.has("dry-run")) {
      await printDryRun(steps);
      rejectOtherSettings(steps);
      return undefined;
    }
    rejectOtherSettings(steps);
    const before = await look();
    await confirm(asked, kube, steps);
    const applying = performance.now();
    const rotated = await applyAll(kube, inputs, steps, waitMs);
    const recovery = {
      kube,
      stores: inputs.manifests.stores.map(({ metadata }) => metadata.name),
      look,
      say: note,
      now: Date.now,
      sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    };
    if (rotated) await refreshAll(recovery, REFRESH_MS);
    const left = waitMs - (performance.now() - applying);
    const after = await untilRecovered(recovery, Math.max(left, LAST_LOOK_MS));
    sum(before, after);
    return { ...after, durationMs: Math.round(performance.now() - started) };
  } finally {
    client.close();
    kube.close();
  }
}

async function readInputs({ given }: Asked): Promise<Inputs> {
  const manifests = await readManifests(given.get("manifests") ?? MANIFESTS);
  const taken = await takeBoth({ credentials: given.get("credentials"), token: given.get("token") });
  const credentials = readCredentials(taken.credentials.value);
  const token = readToken(taken.token.value, new Date());
  const warnings = [
    ...taken.credentials.warnings,
    ...taken.token.warnings,
    ...credentials.warnings,
    ...token.warnings,
  ];
  for (const warning of warnings) note(`warning: ${warning}`);
  note(`Credentials from ${taken.credentials.from}: of Connect server ${credentials.deviceUuid}.`);
  const vaults = token.grants.map(({ vault, write }) => `${vault}${write ? " (read and write)" : " (read)"}`);
  note(
    `Token from ${taken.token.from}: for ${count(vaults.length, "vault")}, ${vaults.join(", ")}; ${
      token.expiresAt ? `expires ${token.expiresAt.toISOString().slice(0, 10)}` : "does not expire"
    }.`,
  );
  const namespace = manifests.connectDeployment.metadata.namespace ?? "external-secrets";
  return {
    manifests,
    credentials: { name: CREDENTIALS_SECRET, namespace, key: CREDENTIALS_KEY, value: credentials.text },
    token: { ...manifests.token, value: token.text },
  };
}

/**
 * In the order in which they are applied: namespaces, Secrets, Connect, and the stores last, for they would fail and back
 * off before Connect answers.
 */
function objectsOf({ manifests, credentials, token }: Inputs): KubeObject[] {
  const namespaces = [...new Set([credentials.namespace, token.namespace])].map((name): KubeObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  }));
  const secrets = [credentials, token].map(secretObject);
  return [...namespaces, ...secrets, ...manifests.connect, ...manifests.stores];
}

/** Reads the platform as `data-platform:health` does. */
async function lookAt(client: KubeClient, asked: Asked): Promise<Report> {
  return evaluate(COMMAND, components, await collectPlatform(client, components, asked));
}

/** The cluster must be the one that is meant. */
async function confirm({ given }: Asked, kube: KubeWriter, steps: readonly Step[]): Promise<void> {
  note(`Cluster: context ${kube.context}, ${kube.server}.`);
  for (const step of steps) note(`  ${step.outcome.padEnd(14)} ${stepText(step)}${fieldsText(step)}`);
  await requireYes({
    yes: given.has("yes"),
    asks: `it asks before it changes a cluster, here that of context ${kube.context}`,
    question: `Install 1Password Connect on ${kube.context}?`,
  });
}

function stepText({ object }: Step): string {
  const { name, namespace } = object.metadata;
  return refText({ kind: object.kind, name, ...namespace ? { namespace } : {} });
}

/** What a change does to what is there, and to whom. */
function fieldsText({ outcome, differing, takes }: Step): string {
  if (outcome !== "change") return "";
  return `: ${firstFive(differing)}${takes.length > 0 ? `; overwrites ${keptBy(takes)}` : ""}`;
}

const DONE = { "create": "created", "change": "changed" } as const;

/** The stores only when Connect answers. True when a Secret's value is another one than before. */
async function applyAll(
  kube: KubeWriter,
  inputs: Inputs,
  steps: readonly Step[],
  waitMs: number,
): Promise<boolean> {
  const { credentials, manifests } = inputs;
  const isStore = ({ object }: Step) => object.kind.endsWith("SecretStore");
  for (const step of steps.filter((one) => !isStore(one))) await carryOutAloud(kube, step);
  if (await ensureRestarted(kube, manifests.connectDeployment, credentials)) {
    note("  restarted      Connect, which had read other credentials");
  }
  const trouble = await untilConnectAnswers(kube, manifests.connectDeployment, waitMs);
  note(trouble ? `Connect does not answer yet: ${trouble}` : "Connect answers.");
  for (const step of steps.filter(isStore)) await carryOutAloud(kube, step);
  return steps.some(({ object, outcome }) => object.kind === "Secret" && outcome === "change");
}

async function carryOutAloud(kube: KubeWriter, step: Step): Promise<void> {
  await carryOut(kube, step);
  if (step.outcome === "create" || step.outcome === "change") {
    note(`  ${DONE[step.outcome].padEnd(14)} ${stepText(step)}`);
  }
}

/** What came back, and what did not. */
function sum(before: Report, after: Report): void {
  const left = new Set(unhealthyOf(after).map(refText));
  const back = unhealthyOf(before).map(refText).filter((name) => !left.has(name));
  if (before.status === "healthy" && after.status === "healthy") {
    note("Everything was healthy before, and still is.");
  } else note(`${count(back.length, "object")} recovered; ${left.size} ${are(left.size)} still unhealthy.`);
}
