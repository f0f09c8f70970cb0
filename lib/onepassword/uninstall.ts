/** Takes away what install has made, and nothing else; the Secrets that were synced stay. */
import type { Asked } from "../cli.ts";
import { connectWriter, type KubeObject, type KubeWriter } from "../clients/kube_writer.ts";
import { UsageError } from "../errors.ts";
import { note } from "../terminal.ts";
import { isFlux, isOurs } from "./apply.ts";
import { CREDENTIALS_SECRET, MANIFESTS, type Manifests, pathOf, readManifests } from "./manifests.ts";
import { ask, ownTerminal } from "./prompt.ts";
import { MANAGER } from "./secrets.ts";
import { at, entries, readersOf } from "./objects.ts";

interface Found {
  path: string;
  text: string;
  uid: string;
}

/** Shows first, asks, then removes: stores before Connect, so that nothing is asked of a Connect that is gone. */
export async function uninstall(asked: Asked): Promise<undefined> {
  const { given } = asked;
  const manifests = await readManifests(given.get("manifests") ?? MANIFESTS);
  const kube = await connectWriter(asked);
  try {
    note(`Cluster: context ${kube.context}, ${kube.server}.`);
    const { ours, others } = await sort(kube, manifests);
    for (const line of others) note(`  stays    ${line}`);
    if (ours.length === 0) {
      note("1p:install has made nothing here, so there is nothing to remove.");
      return undefined;
    }
    for (const { text } of ours) note(`  removes  ${text}`);
    const stores = manifests.stores.map(({ metadata }) => metadata.name);
    for (const { metadata } of await readersOf(kube, stores)) {
      note(`  would no longer be refreshed: ExternalSecret ${metadata.namespace}/${metadata.name}`);
    }
    note("The Secrets that were made so far stay, with their present values.");
    await confirm(given.has("yes"), kube.context);
    for (const { path, text, uid } of ours) {
      note(`  ${await kube.remove(path, uid) ? "removed" : "gone"}  ${text}`);
    }
    note("Done. To have it again: deno task 1p:install");
    return undefined;
  } finally {
    kube.close();
  }
}

async function confirm(yes: boolean, context: string): Promise<void> {
  if (yes) return;
  if (!ownTerminal.isTerminal()) {
    throw new UsageError(
      "1p:uninstall asks first, and stdin is no terminal. Run it with --yes. Nothing was changed.",
    );
  }
  if (!await ask(`Remove these from ${context}?`)) {
    throw new UsageError("Not confirmed. Nothing was changed.");
  }
}

/** What install made, stores first; and why the rest stays. */
async function sort(kube: KubeWriter, manifests: Manifests): Promise<{ ours: Found[]; others: string[] }> {
  const secrets = [
    { name: CREDENTIALS_SECRET, namespace: manifests.connectDeployment.metadata.namespace ?? "" },
    manifests.token,
  ].map(({ name, namespace }): KubeObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
  }));
  const ours: Found[] = [];
  const others: string[] = [];
  for (const object of [...manifests.stores, ...manifests.connect, ...secrets]) {
    const path = pathOf(object);
    const found = await kube.get(path);
    const { name, namespace } = object.metadata;
    const text = `${object.kind} ${namespace ? `${namespace}/` : ""}${name}`;
    if (!found) continue;
    const made = object.kind === "Secret" ? !isFlux(found) && isManaged(found) : isOurs(found);
    if (made) ours.push({ path, text, uid: String(at(found, "metadata", "uid") ?? "") });
    else others.push(`${text} (${isFlux(found) ? "Flux keeps it" : "1p:install did not make it"})`);
  }
  return { ours, others };
}

/** Whether our server-side apply wrote the Secret's data. */
function isManaged(found: KubeObject): boolean {
  return entries(at(found, "metadata", "managedFields")).some((entry) =>
    at(entry, "manager") === MANAGER && at(entry, "operation") === "Apply"
  );
}
