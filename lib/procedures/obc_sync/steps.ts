/** What each source of keys needs written, and writing it. A plan writes nothing. */
import { isSubdomain, kubePath } from "../../untrusted/api_path.ts";
import type { KubeWriter } from "../../clients/kubernetes/writer.ts";
import type { ConnectApi, Item, Vault } from "../../clients/onepassword/client.ts";
import { CannotLook } from "../../engine/errors.ts";
import type { ObjectRef } from "../../engine/model.ts";
import { refText } from "../../engine/model.ts";
import { planExternalSecret, type Supply } from "./external_secret.ts";
import { type Change, compare, newItem, type Source, type WantedItem, wantedItem } from "./keys.ts";
import type { Step } from "./step.ts";
import { command } from "../../untrusted/shell.ts";

export interface Result {
  object: ObjectRef;
  outcome: "created" | "changed" | "unchanged" | "failed" | "would create" | "would change";
  detail: string;
}

export interface Sync {
  kube: KubeWriter;
  api: ConnectApi;
  vault: Vault;
  adopt: boolean;
  /** ExternalSecrets are wanted, too. */
  supply?: Supply;
}

/** For each source its steps, in order: the later ones need the earlier. Throws CannotLook when nothing can be read. */
export async function planAll(sync: Sync, sources: readonly Source[]): Promise<Step[][]> {
  const titles = Map.groupBy(sources, ({ secret }) => secret);
  const chains: Step[][] = [];
  for (const source of sources) {
    const same = (titles.get(source.secret) ?? []).map(({ ref }) => refText(ref));
    const why = `${same.join(" and ")} want it both. Next: choose one with --claim or --user`;
    chains.push(
      same.length > 1 ? [failed(itemRef(sync, source.secret), why)] : await planOne(sync, source),
    );
  }
  return chains;
}

function itemRef({ vault }: Sync, title: string): ObjectRef {
  return { kind: "OnePasswordItem", name: `${vault.name}/${title}` };
}

function failed(object: ObjectRef, detail: string): Step {
  return { object, outcome: "failed", detail };
}

/** These concern every item, not this one. */
const AWAY = new Set(["unreachable", "timeout", "unauthorized", "certificate"]);

async function planOne(sync: Sync, source: Source): Promise<Step[]> {
  // A title that can be no Secret's is not asked for either: an ExternalSecret of that name could not be made.
  if (!isSubdomain(source.secret)) return [failed(source.ref, notAName(source))];
  const object = itemRef(sync, source.secret);
  try {
    const wanted = await readKeys(sync.kube, source);
    if ("problem" in wanted) return [failed(object, wanted.problem)];
    const step = await planItem(sync, object, wanted);
    // In its own namespace the Secret is there by itself.
    const { supply } = sync;
    if (step.outcome === "failed" || !supply || supply.namespace === source.ref.namespace) return [step];
    return [step, await planExternalSecret(sync.kube, supply, wanted, step.outcome === "change")];
  } catch (error) {
    if (error instanceof CannotLook && !AWAY.has(error.failure.kind)) return [failed(object, error.message)];
    throw error;
  }
}

/** A status is written by whoever may write it, and must not lead to the Secret of another namespace. */
function notAName({ ref, secret }: Source): string {
  const name = JSON.stringify(secret.length > 80 ? `${secret.slice(0, 80)}…` : secret);
  return `${name} is not a valid name of a Secret, so it was not read. ` +
    `Next: find out who wrote that: ${command`kubectl -n ${ref.namespace} get ${ref.kind.toLowerCase()} ${ref.name} -o yaml`}`;
}

async function readKeys(kube: KubeWriter, source: Source) {
  const place = kubePath`/api/v1/namespaces/${source.ref.namespace ?? ""}`;
  const [secret, configMap] = await Promise.all([
    kube.get(kubePath`${place}/secrets/${source.secret}`),
    source.configMap === undefined ? undefined : kube.get(kubePath`${place}/configmaps/${source.configMap}`),
  ]);
  return wantedItem(source, secret, configMap);
}

async function planItem(sync: Sync, object: ObjectRef, wanted: WantedItem): Promise<Step> {
  const { api, vault, adopt } = sync;
  const found = await api.items(vault.id, wanted.title);
  const [summary] = found;
  if (!summary) {
    const detail = wanted.fields.map(({ label }) => label).join(", ");
    const run = () => written(sync, wanted, () => api.create(vault.id, newItem(wanted)));
    return { object, outcome: "create", detail, run };
  }
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(" and ");
    return failed(object, `${found.length} items are called so: ${ids}. Next: delete or rename all but one`);
  }
  const change = compare(wanted, await api.item(vault.id, summary.id), adopt);
  if ("problem" in change) return failed(object, change.problem);
  if (change.operations.length === 0) return { object, outcome: "unchanged", detail: "" };
  return {
    object,
    outcome: "change",
    detail: change.changed.join(", "),
    run: () => patch(sync, wanted, summary.id, change),
  };
}

async function patch(sync: Sync, wanted: WantedItem, id: string, { operations }: Change): Promise<void> {
  await written(sync, wanted, () => sync.api.patch(sync.vault.id, id, operations));
}

/**
 * Writes, and looks at what is there now: an item that Connect keeps otherwise would be written again each time. Connect answers 403,
 * and 1.1.1 did 401, to a token that may only read (docs/1password.md).
 */
async function written(
  { vault }: Sync,
  wanted: WantedItem,
  write: () => Promise<Item>,
): Promise<void> {
  let item: Item;
  try {
    item = await write();
  } catch (error) {
    if (!(error instanceof CannotLook) || !["forbidden", "unauthorized"].includes(error.failure.kind)) {
      throw error;
    }
    throw new CannotLook({
      kind: "forbidden",
      message: `the token may read vault ${vault.name} and not write to it. ` +
        `Next: ${command`op connect token create obc-sync --server SERVER --vault ${vault.name},rw`}, and give that with --token`,
    });
  }
  const left = compare(wanted, item, true);
  const differs = "problem" in left ? left.problem : left.changed.join(", ");
  if (differs === "") return;
  throw new CannotLook({
    kind: "server-error",
    message:
      `it was written, and 1Password does not hold what was sent: ${differs}. Next: look at item ${item.id}`,
  });
}

const DONE = { create: "created", change: "changed" } as const;
const WOULD = { create: "would create", change: "would change" } as const;

/** What a plan would come to. */
export function preview(chains: readonly Step[][]): Result[] {
  return chains.flat().map(({ object, outcome, detail }) => ({
    object,
    detail,
    outcome: outcome === "create" || outcome === "change" ? WOULD[outcome] : outcome,
  }));
}

/** Carries out a plan; what can't be written is told, and ends its own chain only. */
export async function carryOut(chains: readonly Step[][]): Promise<Result[]> {
  const results: Result[] = [];
  for (const chain of chains) {
    for (const step of chain) {
      const result = await carryOne(step);
      results.push(result);
      if (result.outcome === "failed") break;
    }
  }
  return results;
}

async function carryOne({ object, outcome, detail, run }: Step): Promise<Result> {
  if (outcome !== "create" && outcome !== "change") return { object, outcome, detail };
  try {
    await run?.();
    return { object, outcome: DONE[outcome], detail };
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return { object, outcome: "failed", detail: error.message };
  }
}

/** `  changed    OnePasswordItem lakehouse/x: AWS_SECRET_ACCESS_KEY` */
export function lineOf({ object, outcome, detail }: Result | Step): string {
  return `  ${outcome.padEnd(13)}${refText(object)}${detail ? `: ${detail}` : ""}`;
}
