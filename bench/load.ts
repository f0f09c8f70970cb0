/** Whether the load generator measures the store and not itself: its rate against that of the best plain loop. */
import { inNamespace } from "../lab/cluster/network.ts";
import { findLab } from "../lab/context.ts";
import { kubectl } from "./crowd.ts";
import type { CaseRuns } from "./load_child.ts";
import { median } from "./measure.ts";

export interface Figure {
  name: string;
  value: string;
  limit: string;
  met: boolean;
  detail?: unknown;
}

/** Of the best plain loop's requests and bytes a second over a store. */
const LEAST = 0.9;

interface Store {
  name: string;
  url: string;
  keys: { accessKeyId: string; secretAccessKey: string };
  /** Prefix of the command. */
  within(argv: readonly string[]): string[];
}

/** Over the lab's object store, asked straight at its Service's address from inside the lab's network namespace. */
export async function compareLoad(rounds: number): Promise<Figure[]> {
  const store = await labStore();
  return (await child(store, rounds)).map((runs) => figureOf(store, runs));
}

async function labStore(): Promise<Store> {
  const ctx = findLab();
  if (!ctx) throw new Error("there is no lab of this checkout. Next: deno task lab:up");
  const ask = (...args: string[]) => kubectl(`${ctx.cache}/bin/kubectl`, ctx.kubeconfig, args);
  const services = await ask("-n", "rook-ceph", "get", "services", "-l", "app=rook-ceph-rgw", "-o", "json");
  const [service] = (JSON.parse(services) as Listed).items;
  if (!service?.spec?.clusterIP) throw new Error("the lab's object store has no Service");
  return {
    name: `the lab's gateway, at ${service.spec.clusterIP} in its namespace`,
    url: `http://${service.spec.clusterIP}:${service.spec.ports?.[0]?.port ?? 80}`,
    keys: await keysOf(ask),
    within: (argv) => inNamespace(ctx, argv),
  };
}

interface Listed {
  items: { spec?: { clusterIP?: string; ports?: { port: number }[] } }[];
}

async function keysOf(ask: (...args: string[]) => Promise<string>): Promise<Store["keys"]> {
  const secret = await ask("-n", "data-platform", "get", "secret", "s3-credentials", "-o", "json");
  const { data } = JSON.parse(secret) as { data: Record<string, string> };
  const [accessKeyId, secretAccessKey] = [data["access-key-id"], data["secret-access-key"]];
  if (!accessKeyId || !secretAccessKey) throw new Error("Secret data-platform/s3-credentials holds no keys");
  return { accessKeyId: atob(accessKeyId), secretAccessKey: atob(secretAccessKey) };
}

/** Keys go by stdin: arguments can be read by everybody on the machine. */
async function child({ url, keys, within }: Store, rounds: number): Promise<CaseRuns[]> {
  const bucket = `lakecheck-bench-${crypto.randomUUID().slice(0, 8)}`;
  const script = new URL("./load_child.ts", import.meta.url).pathname;
  const [command = "", ...args] = within([Deno.execPath(), "run", "--quiet", "--allow-all", script]);
  const process = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ url, keys, rounds, bucket })));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const text = new TextDecoder();
  if (code !== 0) {
    throw new Error(`the load's process ended with ${code}: ${text.decode(stderr).slice(-500)}`);
  }
  return JSON.parse(text.decode(stdout));
}

function figureOf(store: Store, { name, bytes, requests, runs }: CaseRuns): Figure {
  const { ours = [], ...plain } = runs;
  const [best = "", times = []] =
    Object.entries(plain).toSorted(([, a], [, b]) => median(a) - median(b))[0] ?? [];
  const ratios = ours.map((ms, round) => (times[round] ?? NaN) / ms);
  const middle = median(ratios);
  const rate = requests / median(ours) * 1000;
  const speed = bytes >= 2 ** 20
    ? `${Math.round(rate * bytes / 2 ** 20)} MiB/s`
    : `${Math.round(rate)} requests/s`;
  return {
    name: `load generator / best plain loop, ${name}, ${store.name}`,
    value:
      `${middle.toFixed(2)} × (${Math.min(...ratios).toFixed(2)} to ${
        Math.max(...ratios).toFixed(2)
      }), ${speed}; ` +
      `best: ${best}`,
    limit: `${LEAST} ×`,
    met: middle >= LEAST,
    detail: runs,
  };
}

if (import.meta.main) {
  for (const { met, name, value } of await compareLoad(Number(Deno.args[0] ?? 9))) {
    console.log(`${met ? "met    " : "NOT MET"}  ${name}: ${value}`);
  }
}
