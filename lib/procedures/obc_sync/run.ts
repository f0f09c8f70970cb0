/** Copies the keys of bucket claims and object store users to 1Password, once or again and again. */
import type { Asked } from "../../command.ts";
import { connectWriter, type KubeWriter } from "../../clients/kubernetes/writer.ts";
import { type ConnectApi, connectApi } from "../../clients/onepassword/client.ts";
import { quote } from "../../redact/mod.ts";
import { forward } from "../../clients/kubernetes/port_forward.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import { UsageError } from "../../engine/errors.ts";
import { durationMs, type Given } from "../../cli/flags.ts";
import { refText } from "../../engine/model.ts";
import type { Report } from "../../engine/report.ts";
import { note } from "../../cli/terminal.ts";
import { connectService, podBehind } from "../onepassword/connect_service.ts";
import { chooseStore, type Chosen, findVault, onlyVault, sourcesOf, type Store, storesFor } from "./place.ts";
import { reportOf } from "./report.ts";
import type { Step } from "./step.ts";
import { carryOut, lineOf, planAll, preview, type Result } from "./steps.ts";
import { watch } from "./watch.ts";
import { ownTerminal, requireYes, type Terminal } from "../../cli/prompt.ts";
import { platformNamespace } from "../home.ts";
import { take } from "../onepassword/sources.ts";
import { readToken } from "../onepassword/token.ts";

/** What is wanted, checked as far as it can be without asking anybody. */
export interface Job {
  namespace: string;
  chosen: Chosen;
  vault?: string;
  connectUrl?: string;
  /** Token and keys may go to connectUrl unencrypted. */
  plainHttp: boolean;
  token: string;
  externalSecret?: string;
  adopt: boolean;
  dryRun: boolean;
  timeoutMs: number;
  /** It goes on for long: consent is asked for at once, and not in the night when a key is rotated. */
  watch: boolean;
}

/** What a round needs beside the cluster. */
export interface Dependencies {
  /** A port of a pod on this machine. */
  forward: Forwarder;
  /** Called before the first request that carries the token; throws when it must not go there. `where` is for people. */
  trust(where: string): Promise<void>;
  /** Called before anything is written; throws when it must not be. `goal` names vault and cluster. */
  consent(steps: readonly Step[], goal: string): Promise<void>;
}

type Forwarder = (namespace: string, pod: string, port: number) => ReturnType<typeof forward>;

/** UsageError and CannotLook: nothing could be copied. What could not be done for one item is in the report. */
export async function obcSync(asked: Asked): Promise<Report | undefined> {
  const started = performance.now();
  const { given, cluster, timeoutMs } = asked;
  const everyMs = everyOf(given);
  const read = await jobOf(asked);
  const namespace = await platformNamespace(asked);
  const job = { ...read, namespace };
  const options = { cluster, timeoutMs };
  const kube = await connectWriter(options);
  try {
    const dependencies: Dependencies = {
      forward: (namespace, pod, port) => forward(options, namespace, pod, port),
      trust: trustOf(given.has("trust-connect")),
      consent: consentOf(given.has("yes")),
    };
    const look = () => round(kube, job, dependencies);
    if (everyMs !== undefined) {
      await watch(look, { everyMs, say: note, sleep: (ms) => new Promise((done) => setTimeout(done, ms)) });
      return undefined;
    }
    const results = await look();
    for (const result of results) note(lineOf(result));
    return reportOf(results, {
      context: kube.context,
      connections: [
        kube.connection,
        ...job.connectUrl ? connectionsOf("1Password Connect", { url: job.connectUrl, how: "given" }) : [],
      ],
      namespace,
      durationMs: Math.round(performance.now() - started),
    });
  } finally {
    kube.close();
  }
}

/** The time between two looks; undefined when it is to look once. */
function everyOf(given: Given): number | undefined {
  if (!given.has("watch")) {
    if (!given.has("every")) return undefined;
    throw new UsageError("--every is the time between two looks of --watch. Add --watch, or leave it away.");
  }
  const report = ["output", "json", "verbose", "output-file"].filter((name) => given.has(name));
  if (report.length > 0) {
    throw new UsageError(
      `--watch gives no report, so --${report[0]} has no meaning. Leave one of them away.`,
    );
  }
  return durationMs("every", given.get("every") ?? "60s");
}

async function jobOf({ given, namespace, timeoutMs }: Asked): Promise<Job> {
  const chosen = { claims: namesOf(given, "claim"), users: namesOf(given, "user") };
  const externalSecret = given.get("external-secret");
  if (externalSecret !== undefined && !NAME.test(externalSecret)) {
    throw new UsageError(
      `--external-secret is ${JSON.stringify(externalSecret)}, which no namespace can be called.`,
    );
  }
  const taken = await take("token", given.get("token"));
  const token = readToken(taken.value, new Date());
  for (const warning of [...taken.warnings, ...token.warnings]) note(`warning: ${warning}`);
  const connectUrl = given.get("connect-url");
  if (given.has("plain-http") && connectUrl === undefined) {
    throw new UsageError("--plain-http is about --connect-url. Give that too, or leave it away.");
  }
  return {
    namespace,
    chosen,
    vault: given.get("vault"),
    connectUrl,
    plainHttp: given.has("plain-http"),
    token: token.text,
    externalSecret,
    adopt: given.has("adopt"),
    dryRun: given.has("dry-run"),
    timeoutMs,
    watch: given.has("watch"),
  };
}

const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const FULL_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9][-a-z0-9.]{0,252}$/;

function namesOf(given: Given, flag: "claim" | "user"): string[] | undefined {
  const names = given.get(flag)?.split(",");
  const wrong = names?.find((name) => !FULL_NAME.test(name));
  if (wrong === undefined) return names && [...new Set(names)];
  throw new UsageError(
    `--${flag} is ${JSON.stringify(wrong)}, and must be NAMESPACE/NAME (several between commas).`,
  );
}

/**
 * Asks once where the token goes; with --trust-connect never. It then goes nowhere else as long as this runs: a store that is changed
 * in the night must not get it.
 */
export function trustOf(trusts: boolean, terminal: Terminal = ownTerminal): Dependencies["trust"] {
  let trusted: string | undefined;
  return async (where) => {
    if (trusted === where) return;
    if (trusted !== undefined) {
      throw new UsageError(
        `Connect was asked at ${trusted} so far, and now it is ${where}. Nothing was sent there. ` +
          "Next: find out who changed that, then start again",
      );
    }
    if (!trusts) note(`The token goes to 1Password Connect at ${where}.`);
    const asks = "it asks before it sends the token";
    const nothing = "Nothing was sent and nothing was changed.";
    await requireYes(
      { yes: trusts, flag: "--trust-connect", asks, question: "Send it there?", nothing },
      terminal,
    );
    trusted = where;
  };
}

/** Asks once; with --yes never. */
function consentOf(yes: boolean): Dependencies["consent"] {
  let given = yes;
  return async (steps, goal) => {
    if (given) return;
    note(`${goal}:`);
    for (const step of steps) note(lineOf(step));
    const question = steps.length > 0 ? "Write this?" : "Write what differs from now on?";
    await requireYes({ yes: false, asks: "it asks before it writes", question });
    given = true;
  };
}

/** Reads everything, then writes what differs. */
export async function round(kube: KubeWriter, job: Job, dependencies: Dependencies): Promise<Result[]> {
  const sources = await sourcesOf(kube, job.namespace, job.chosen);
  if (sources.length === 0) {
    throw new UsageError(
      `There are no keys to copy: no ObjectBucketClaim in namespace ${job.namespace} and no CephObjectStoreUser. ` +
        "Choose others with --namespace, --claim or --user.",
    );
  }
  const place = await placeOf(kube, job);
  const { api, close } = await connectToService(kube, job, dependencies, place);
  try {
    const vault = await findVault(api, place.vault);
    const { externalSecret } = job;
    const supply = externalSecret !== undefined && place.store
      ? { namespace: externalSecret, store: place.store.ref }
      : undefined;
    const chains = await planAll({ kube, api, vault, adopt: job.adopt, supply }, sources);
    if (job.dryRun) return preview(chains);
    const pending = chains.flat().filter(({ run }) => run !== undefined);
    const goal = `To vault ${vault.name}, from context ${kube.context}`;
    if (pending.length > 0 || job.watch) await dependencies.consent(pending, goal);
    return await carryOut(chains);
  } finally {
    await close();
  }
}

interface Place {
  /** Where Connect is, as the store or the user names it. */
  host: string;
  vault: string;
  store?: Store;
}

/** Stores are asked for only where they are needed: with vault and URL, and no ExternalSecret, they are not. */
async function placeOf(kube: KubeWriter, job: Job): Promise<Place> {
  const { vault, connectUrl, externalSecret } = job;
  if (vault !== undefined && connectUrl !== undefined && externalSecret === undefined) {
    return { host: connectUrl, vault };
  }
  const stores = await storesFor(kube, [externalSecret ?? job.namespace]);
  const store = chooseStore(stores, vault);
  return { host: connectUrl ?? store.host, vault: vault ?? onlyVault(store), store };
}

/** Where --connect-url says, or over a port-forward to a Service of the cluster; there alone, and only when it is trusted. */
async function connectToService(
  kube: KubeWriter,
  { token, timeoutMs, connectUrl, plainHttp }: Job,
  dependencies: Dependencies,
  { host, store, vault }: Place,
): Promise<{ api: ConnectApi; close(): Promise<void> }> {
  const { signal } = kube;
  const goal = `vault ${quote(vault, [], 80)}, context ${kube.context}`;
  if (connectUrl !== undefined) {
    const api = connectApi({ url: connectUrl, token, timeoutMs, signal, plainHttp });
    await dependencies.trust(`${quote(connectUrl, [], 120)} (--connect-url), ${goal}`);
    return { api, close: () => Promise.resolve() };
  }
  const found = await connectService(kube, host);
  const { namespace, name } = found.name;
  const named = store ? `, which ${refText(store.ref)} names` : "";
  await dependencies.trust(`${host}: Service ${namespace}/${name} over a port-forward${named}, ${goal}`);
  const target = await podBehind(kube, found);
  const forwarded = await dependencies.forward(target.namespace, target.pod, target.port);
  const why = () => forwarded.failure();
  return {
    api: connectApi({ url: forwarded.url, token, timeoutMs, signal, why }),
    close: () => forwarded.close(),
  };
}
