/**
 * How long it takes by itself to say what a platform consists of, from lists that were read: on the recorded facts of the
 * lab, and on the same with 10,000 pods of 2,000 workloads more. Each run is a process of its own, as a command is: nothing
 * is compiled or known from a run before. What counts is the time of the processors, of all threads: what else the machine
 * does meanwhile is not discovery's own.
 */
import process from "node:process";
import { components } from "../lib/components/mod.ts";
import { loadFacts } from "../lib/disk/facts_file.ts";
import type { Facts } from "../lib/engine/model.ts";
import { openWorld } from "../lib/engine/world.ts";
import { LOCKED } from "../lib/integration_test/deno.ts";
import type { Figure } from "./load.ts";
import { median } from "./measure.ts";

const FACTS = "tests/scenarios/healthy/facts.json.gz";
const SIZES = [
  { name: "discovery on the lab's facts", workloads: 0, limitMs: 5 },
  { name: "discovery at 10,000 pods", workloads: 2000, limitMs: 50 },
] as const;
const PODS_EACH = 5;

function itemsOf(facts: Facts, id: string): unknown[] {
  const result = facts.sources[id];
  if (!result?.ok || !("items" in result)) throw new Error(`the facts hold no list ${id}`);
  return result.items;
}

/** The same with so many workloads of other tenants: a Deployment with its ReplicaSet, its Service and its pods. */
function crowded(facts: Facts, workloads: number): Facts {
  const image = "registry.example.org/crowd/app:1.0";
  for (let at = 0; at < workloads; at++) {
    const name = `app-${at}`;
    const namespace = `tenant-${at % 200}`;
    const labels = {
      "app.kubernetes.io/name": name,
      "app.kubernetes.io/instance": name,
      "pod-template": "5d9c",
    };
    const containers = ["app", "sidecar"].map((name) => ({ name, image, env: [], ports: [] }));
    const metadata = (called: string, owner?: { kind: string; name: string }) => ({
      name: called,
      namespace,
      labels,
      ...owner ? { ownerReferences: [{ ...owner, controller: true }] } : {},
    });
    const set = { kind: "ReplicaSet", name: `${name}-5d9c` };
    itemsOf(facts, "deployments").push({
      metadata: metadata(name),
      spec: { replicas: PODS_EACH, template: { metadata: { labels }, spec: { containers } } },
      status: { replicas: PODS_EACH, readyReplicas: PODS_EACH },
    });
    itemsOf(facts, "replicasets").push({ metadata: metadata(set.name, { kind: "Deployment", name }) });
    itemsOf(facts, "services").push({
      metadata: metadata(name),
      spec: { selector: labels, ports: [{ name: "http", port: 80 }] },
    });
    for (let index = 0; index < PODS_EACH; index++) {
      itemsOf(facts, "pods").push({
        metadata: metadata(`${set.name}-${index}`, set),
        spec: { nodeName: "node", containers },
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      });
    }
  }
  return facts;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Times {
  /** Of the first discovery of a process, in milliseconds: most of it is for code that runs for the first time. */
  first: number;
  /** Of the next one, over the same lists. */
  again: number;
}

async function twice(workloads: number): Promise<Times> {
  const facts = crowded(await loadFacts(FACTS), workloads);
  return { first: once(facts), again: once(facts) };
}

function once(facts: Facts): number {
  const world = openWorld(facts, components);
  const started = processorMs();
  const found = components.flatMap((component) => component.platform?.(world) ?? []);
  const ms = processorMs() - started;
  if ((found[0]?.roles.length ?? 0) < 10) throw new Error("discovery found no platform");
  return ms;
}

const spread = (ms: readonly number[]): string =>
  `${median(ms).toFixed(1)} ms (${Math.min(...ms).toFixed(1)} to ${Math.max(...ms).toFixed(1)})`;

/** Both sizes in turn, a process each time. */
export async function timeDiscovery(rounds: number): Promise<Figure[]> {
  const runs = SIZES.map((): Times[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { workloads }] of SIZES.entries()) {
      const args = ["run", ...LOCKED, "--quiet", "--no-prompt", "--allow-read", "bench/discovery.ts"];
      const command = new Deno.Command(Deno.execPath(), {
        args: [...args, String(workloads)],
        stdin: "null",
      });
      const { code, stdout, stderr } = await command.output();
      const text = new TextDecoder();
      if (code !== 0) throw new Error(`discovery ended with ${code}: ${text.decode(stderr).slice(-500)}`);
      runs[index]?.push(JSON.parse(text.decode(stdout)));
    }
  }
  return SIZES.map(({ name, limitMs }, index): Figure => {
    const all = runs[index] ?? [];
    const [first, again] = [all.map((one) => one.first), all.map((one) => one.again)];
    const value = `${spread(first)}, again ${spread(again)}`;
    return { name, value, limit: `${limitMs} ms`, met: median(first) <= limitMs, detail: { all } };
  });
}

if (import.meta.main) {
  const [workloads = "0"] = Deno.args;
  console.log(JSON.stringify(await twice(Number(workloads))));
}
