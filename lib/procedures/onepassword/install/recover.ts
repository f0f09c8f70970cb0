/** Waits for what Connect's absence broke to come back, and kicks what does not look again by itself. */
import { kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import type { Finding, ObjectRef } from "../../../engine/model.ts";
import { refKey, refText } from "../../../engine/model.ts";
import type { Report } from "../../../engine/report.ts";
import { conditionOf, EXTERNAL_SECRETS, listIfServed, readersOf, storeNameOf } from "../objects.ts";
import { at } from "../../../untrusted/lookup.ts";

interface Kind {
  /** Where all of them are listed: `/apis/GROUP/VERSION` and the plural. */
  api: string;
  plural: string;
}

const STORES: Kind = {
  api: EXTERNAL_SECRETS,
  plural: "clustersecretstores",
};
const SECRETS: Kind = {
  api: EXTERNAL_SECRETS,
  plural: "externalsecrets",
};
const RELEASES: Kind = {
  api: "/apis/helm.toolkit.fluxcd.io/v2",
  plural: "helmreleases",
};
const KUSTOMIZATIONS: Kind = {
  api: "/apis/kustomize.toolkit.fluxcd.io/v1",
  plural: "kustomizations",
};

/** The same object is kicked again only after this time: asked too often, a controller begins again and again. */
const KICK_MS = 6000;
const POLL_MS = 1500;
/** When nothing has changed for so long, and no secret is on its way, what is left is not ours to wait for. */
const QUIET_MS = 45_000;

export interface Recovery {
  kube: KubeWriter;
  /** Names of the stores whose readers are waited for. */
  stores: readonly string[];
  look(): Promise<Report>;
  say(line: string): void;
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** The last look: healthy, or what was left when time or patience ran out. */
export async function untilRecovered(
  { kube, stores, look, say, now, sleep }: Recovery,
  limitMs: number,
): Promise<Report> {
  const kicked = new Map<string, number>();
  const started = now();
  let lastChange = started;
  let before: string | undefined;
  while (true) {
    const report = await look();
    const unhealthy = unhealthyOf(report);
    const state = unhealthy.map(refText).join("\n");
    if (before !== undefined && before !== state) lastChange = now();
    tell(before, unhealthy, say);
    before = state;
    if (report.status === "healthy" || now() - started > limitMs || now() - lastChange > QUIET_MS) {
      return report;
    }
    await forceSync(kube, stores, kicked, now());
    await sleep(POLL_MS);
  }
}

/**
 * After a rotation: asks the stores, and everything that reads them, to look again, and waits until each has been
 * refreshed since or has failed. What was synced with the old token says nothing of the new one.
 */
export async function refreshAll(
  { kube, stores, now, sleep }: Pick<Recovery, "kube" | "stores" | "now" | "sleep">,
  limitMs: number,
): Promise<void> {
  // The times in status are whole seconds.
  const since = Math.floor(now() / 1000) * 1000;
  const stamp = new Date(now()).toISOString();
  const touch = (path: string) => kube.merge(path, { metadata: { annotations: { "force-sync": stamp } } });
  for (const name of stores) {
    const path = kubePath`${STORES.api}/${STORES.plural}/${name}`;
    if (await kube.get(path)) await touch(path);
  }
  for (const object of await readersOf(kube, stores)) await touch(pathOfListed(object, SECRETS));
  while (now() - since < limitMs) {
    const late = (await readersOf(kube, stores)).filter((object) =>
      !hasFailed(object) && !(Date.parse(String(at(object, "status", "refreshTime"))) >= since)
    );
    if (late.length === 0) return;
    await sleep(POLL_MS);
  }
}

/** Objects with a finding that is neither ok nor skipped, each once. */
export function unhealthyOf(report: Report): ObjectRef[] {
  const bad = ({ status }: Finding) => status === "critical" || status === "warning" || status === "unknown";
  const found = report.details.components.flatMap(({ checks }) => checks).filter(bad);
  return [...new Map(found.map(({ object }) => [refKey(object), object])).values()];
}

function tell(
  before: string | undefined,
  unhealthy: readonly ObjectRef[],
  say: (line: string) => void,
): void {
  if (before === undefined) return;
  const now = new Set(unhealthy.map(refText));
  for (const name of before.split("\n")) if (name && !now.has(name)) say(`  recovered: ${name}`);
}

/**
 * Asks controllers to look again at what has failed: our stores first, then what reads them, then Flux's releases
 * and Kustomizations. What is at work is left alone, and so is what was suspended on purpose.
 */
export async function forceSync(
  kube: KubeWriter,
  storeNames: readonly string[],
  kicked: Map<string, number>,
  now: number,
): Promise<void> {
  const [stores, secrets, releases, kustomizations] = await Promise.all(
    [STORES, SECRETS, RELEASES, KUSTOMIZATIONS].map((kind) => failedOf(kube, kind)),
  );
  const ours = (stores ?? []).filter(({ name }) => storeNames.includes(name));
  const readers = (secrets ?? []).filter(({ store }) => storeNames.includes(store));
  const due = ours.length > 0 ? ours : [...readers, ...releases ?? [], ...kustomizations ?? []];
  for (const { path, annotations } of due) {
    if (now - (kicked.get(path) ?? -Infinity) < KICK_MS) continue;
    kicked.set(path, now);
    const stamp = new Date(now).toISOString();
    await kube.merge(path, {
      metadata: { annotations: Object.fromEntries(annotations.map((name) => [name, stamp])) },
    });
  }
}

interface Failed {
  name: string;
  store: string;
  path: string;
  /** Set to the same time, they make its controller look again. */
  annotations: string[];
}

/** Ready=False says that a controller has stopped trying for now; Unknown, that it is at work. */
async function failedOf(kube: KubeWriter, kind: Kind): Promise<Failed[]> {
  const all = await listIfServed(kube, kubePath`${kind.api}/${kind.plural}`);
  return all.filter(hasFailed).map((object) => {
    return {
      name: object.metadata.name,
      store: storeNameOf(object),
      path: pathOfListed(object, kind),
      // A release that has used up its retries gets new ones when both agree.
      annotations: kind === SECRETS || kind === STORES
        ? ["force-sync"]
        : ["reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/resetAt"],
    };
  });
}

function pathOfListed({ metadata: { name, namespace } }: KubeObject, { api, plural }: Kind): string {
  const place = namespace ? kubePath`${api}/namespaces/${namespace}` : api;
  return kubePath`${place}/${plural}/${name}`;
}

function hasFailed(object: KubeObject): boolean {
  return at(conditionOf(object, "Ready"), "status") === "False" && at(object, "spec", "suspend") !== true;
}
