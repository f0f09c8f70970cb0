/** Takes away what install has made, and nothing else; the Secrets that were synced stay. */
import type { Asked } from "../../command.ts";
import { connectWriter, type KubeObject, type KubeWriter } from "../../clients/kubernetes/writer.ts";
import { CannotLook } from "../../engine/errors.ts";
import { note } from "../../cli/terminal.ts";
import {
  CREDENTIALS_KEY,
  CREDENTIALS_SECRET,
  MANIFESTS,
  type Manifests,
  pathOf,
  readManifests,
} from "./install/manifests.ts";
import { readersOf } from "./objects.ts";
import { at } from "../../untrusted/lookup.ts";
import { isOurKey, isOurs, keeperOf, managersOf, pinOf } from "./ownership.ts";
import { requireYes } from "../../cli/prompt.ts";

/** Something that install may have made. */
interface Candidate {
  path: string;
  /** `Secret external-secrets/onepassword-connect-token` */
  text: string;
  /** Of a Secret: the key that install writes. */
  key?: string;
}

/** What becomes of an object, and why it stays. */
export type Verdict =
  | { does: "delete" }
  | { does: "remove key"; key: string; why: string }
  | { does: "stay"; why: string };

/** Shows first, asks, then removes: stores before Connect, so that nothing is asked of a Connect that is gone. */
export async function uninstall(asked: Asked): Promise<undefined> {
  const { given } = asked;
  const manifests = await readManifests(given.get("manifests") ?? MANIFESTS);
  const kube = await connectWriter(asked);
  try {
    note(`Cluster: context ${kube.context}, ${kube.server}.`);
    await remove(kube, manifests, () => confirm(given.has("yes"), kube.context), note);
    return undefined;
  } finally {
    kube.close();
  }
}

/**
 * Says what would be removed, asks by `confirm` (which throws when it must not be), and removes it. CannotLook, at the
 * end, when something was changed meanwhile and therefore stays.
 */
export async function remove(
  kube: KubeWriter,
  manifests: Manifests,
  confirm: () => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  const all = await looked(kube, candidates(manifests));
  for (const { text, verdict } of all) {
    if (verdict.does === "stay") say(`  stays    ${text} (${verdict.why})`);
  }
  const doomed = all.filter(({ verdict }) => verdict.does !== "stay");
  if (doomed.length === 0) {
    say("1p:install has made nothing here, so there is nothing to remove.");
    return;
  }
  for (const { text, verdict } of doomed) say(`  removes  ${text}${wordsOf(verdict)}`);
  const stores = manifests.stores.map(({ metadata }) => metadata.name);
  for (const { metadata } of await readersOf(kube, stores)) {
    say(`  would no longer be refreshed: ExternalSecret ${metadata.namespace}/${metadata.name}`);
  }
  say("The Secrets that were made so far stay, with their present values.");
  await confirm();
  const changed: string[] = [];
  for (const one of doomed) {
    const outcome = await carryOut(kube, one);
    say(`  ${outcome}  ${one.text}`);
    if (outcome === "changed") changed.push(one.text);
  }
  if (changed.length > 0) {
    throw new CannotLook({
      kind: "server-error",
      message: `${changed.join(", ")} changed since it was shown, so it was left alone. ` +
        "Next: run this again, and see what it shows",
    });
  }
  say("Done. To have it again: deno task 1p:install");
}

function wordsOf(verdict: Verdict): string {
  return verdict.does === "remove key" ? `: only its key ${verdict.key} (${verdict.why})` : "";
}

async function confirm(yes: boolean, context: string): Promise<void> {
  await requireYes({
    yes,
    asks: "it asks before it removes anything",
    question: `Remove these from ${context}?`,
  });
}

/** Whatever install may have made, stores first. */
function candidates({ stores, connect, connectDeployment, token }: Manifests): Candidate[] {
  const namespace = connectDeployment.metadata.namespace ?? "";
  const secrets = [{ name: CREDENTIALS_SECRET, namespace, key: CREDENTIALS_KEY }, token];
  return [
    ...[...stores, ...connect].map((object) => ({ path: pathOf(object), text: textOf(object) })),
    ...secrets.map(({ key, ...metadata }) => {
      const object: KubeObject = { apiVersion: "v1", kind: "Secret", metadata };
      return { path: pathOf(object), text: textOf(object), key };
    }),
  ];
}

function textOf({ kind, metadata: { name, namespace } }: KubeObject): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

interface Looked extends Candidate {
  verdict: Verdict;
  uid: string;
}

/** What is there of it, and what is to become of each. */
async function looked(kube: KubeWriter, all: readonly Candidate[]): Promise<Looked[]> {
  const found: Looked[] = [];
  for (const one of all) {
    const object = await kube.get(one.path);
    if (object) found.push({ ...one, verdict: verdictOf(object, one.key), uid: pinOf(object).uid });
  }
  return found;
}

/**
 * Only an object with install's own mark is deleted, and a Secret only when it holds nothing but install's key. From
 * another Secret that key alone is taken, and only when the API server's books say that install wrote it and nobody else.
 */
export function verdictOf(found: KubeObject, key?: string): Verdict {
  const keeper = keeperOf(found);
  if (keeper) return { does: "stay", why: `${keeper} keeps it` };
  const ours = isOurs(found);
  if (key === undefined) {
    return ours ? { does: "delete" } : { does: "stay", why: "1p:install did not make it" };
  }
  const others = Object.keys(at(found, "data") ?? {}).filter((name) => name !== key);
  if (ours && others.length === 0) return { does: "delete" };
  if (at(found, "data", key) === undefined) return { does: "stay", why: `it has no key ${key}` };
  if (!isOurKey(found, key)) {
    const managers = managersOf(found, "f:data", `f:${key}`).join(", ") || "somebody unknown";
    return { does: "stay", why: `its key ${key} was written by ${managers}` };
  }
  if (found.immutable === true) {
    return { does: "stay", why: "it is immutable, and holds more than 1p:install made" };
  }
  const why = others.length > 0
    ? `it holds ${others.join(", ")}, too`
    : "it has no mark of 1p:install: it was made by somebody else, or by an older version";
  return { does: "remove key", key, why };
}

/** Removals of one object are tried so often: controllers write to it while it is looked at. */
const ATTEMPTS = 5;

/** Judges again what is there now, and removes just that; `changed`: it is to become something else by now. */
async function carryOut(kube: KubeWriter, { path, key, verdict, uid }: Looked): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await kube.get(path);
    if (!found) return "gone";
    const pin = pinOf(found);
    if (pin.uid !== uid || JSON.stringify(verdictOf(found, key)) !== JSON.stringify(verdict)) {
      return "changed";
    }
    if (verdict.does === "remove key") {
      await kube.merge(path, { metadata: pin, data: { [verdict.key]: null } });
      return "removed";
    }
    const outcome = await kube.remove(path, pin);
    if (outcome === "removed") return "removed";
    if (outcome === "absent") return "gone";
  }
  return "changed";
}
