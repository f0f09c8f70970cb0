/** A Connect, and a cluster whose keys go to it, for tests of obc:sync's rounds. */
import assert from "node:assert/strict";
import { readVaults } from "../../../lab/platform/vault.ts";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import type { CannotLook, UsageError } from "../../../lib/engine/errors.ts";
import { reportOf } from "../../../lib/procedures/obc_sync/report.ts";
import { lineOf, type Result } from "../../../lib/procedures/obc_sync/steps.ts";
import { type Dependencies, type Job, round } from "../../../lib/procedures/obc_sync/run.ts";
import { exitCode } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { apiError, apiList, type Behaviour } from "../../fakes/api_server.ts";
import { type Connect, withConnect } from "../../lab/connect.ts";
import type { FakeCluster } from "../../fakes/cluster.ts";
import { forwardingTo, jobFor, leaks, platform } from "./samples.ts";

export const ONLY_CLAIM = { chosen: { claims: ["data-platform/events"] } };

export interface Synced {
  connect: Connect;
  kube: FakeCluster;
  /** A round, and its report's exit status; fails when a canary is in lines or report. */
  sync(changes?: Partial<Job>, dependencies?: Dependencies): Promise<{ lines: string[]; status: number }>;
  /** The items of the vault by title. */
  items(): ReturnType<typeof itemsOf>;
  /** The calls that changed the vault. */
  writes(): Promise<string[]>;
}

const itemsOf = (connect: Connect) =>
  Object.fromEntries((readVaults(connect.ctx).vaults[0]?.items ?? []).map((one) => [one.title, one]));

/** Runs `work` with a Connect and the platform; whatever Connect logged must hold no canary either. */
export function withBoth(work: (synced: Synced) => Promise<void>): Promise<void> {
  return withConnect(async (connect) => {
    const kube = platform();
    await work({
      connect,
      kube,
      async sync(changes, dependencies = forwardingTo(connect.url)) {
        return told(await round(kube, jobFor(connect.token, changes), dependencies));
      },
      items: () => itemsOf(connect),
      async writes() {
        const { list } = await connect.get("/v1/activity");
        return list.map(({ action }) => action).filter((action) => action !== "READ").toReversed();
      },
    });
    assert.deepEqual(leaks(connect.logged), []);
  });
}

export function told(results: Result[]): { lines: string[]; status: number } {
  const lines = results.map((result) => lineOf(result).trim().replace(/\s+/, " "));
  const report = reportOf(results, {
    context: "toy",
    namespace: "data-platform",
    connections: [],
    durationMs: 1,
  });
  reportSchema.parse(report);
  assert.deepEqual(leaks(lines, report), []);
  return { lines, status: exitCode(report.status) };
}

export async function problem(
  work: Promise<unknown>,
  kind: typeof UsageError | typeof CannotLook,
): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert.ok(error instanceof kind, `not refused as ${kind.name}: ${error}`);
  assert.deepEqual(leaks(error.message, error.stack), []);
  return error.message;
}

/** Runs `work` with a Connect before which `behave` answers, where it does. */
export async function through(
  connect: Connect,
  behave: (request: Request) => Response | undefined,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const answer = behave(request);
    if (answer) return answer;
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "GET" ? undefined : await request.text();
    return await fetch(`${connect.url}${pathname}${search}`, { method, headers, body });
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

/** The API server's answers to reads, from the objects of a cluster. */
export function readsOf(kube: FakeCluster): Behaviour {
  const lists = /(objectbucketclaims|cephobjectstoreusers|secretstores)$/;
  return async (path) => {
    if (lists.test(path)) return apiList("ThingList", await kube.list(path));
    const found: KubeObject | undefined = kube.objects.get(path);
    if (found) return Response.json(found);
    const [kind, name] = path.split("/").slice(-2);
    return apiError(404, "NotFound", `${kind} "${name}" not found`, { details: { kind, name } });
  };
}
