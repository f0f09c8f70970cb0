/** Facts of a small platform, object by object, for tests of judges and edges. */
import { runChecks } from "../../lib/engine/check.ts";
import { collect, sourcesOf } from "../../lib/engine/collect.ts";
import { diagnose, type Diagnosis } from "../../lib/engine/diagnose.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import type { Answer, Component, Failure, Finding, Source } from "../../lib/engine/model.ts";
import { isList } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";

export const NOW = "2026-01-01T12:00:00Z";
/** Long enough ago that every grace period is over. */
export const LONG_AGO = "2026-01-01T10:00:00Z";

/** What a fake API server answers: items by list path (without query), other answers by whole path. */
export interface Cluster {
  lists?: Record<string, unknown[]>;
  answers?: Record<string, Answer>;
  failures?: Record<string, Failure>;
}

/** Collects, checks and diagnoses; kinds that are not named are listed as empty. */
export async function examined(components: readonly Component[], cluster: Cluster): Promise<Diagnosis> {
  const get = (path: string): Promise<Answer> => {
    const bare = path.split("?")[0] ?? path;
    const failure = cluster.failures?.[bare];
    if (failure) return Promise.reject(new CannotLook(failure));
    const answer = cluster.answers?.[path] ?? cluster.answers?.[bare];
    return Promise.resolve(answer ?? { status: 200, body: { items: cluster.lists?.[bare] ?? [] } });
  };
  const facts = await collect({ context: "test", get }, [
    ...sourcesOf(components),
    ...listsNeeded(components),
  ], {
    namespace: "data-platform",
    now: () => new Date(NOW),
  });
  const world = openWorld(facts, components);
  return diagnose(components, world, facts, runChecks(components, world, facts));
}

/** What the checks read and other components list, on a whole platform. */
function listsNeeded(components: readonly Component[]): Source[] {
  const listed = new Set(sourcesOf(components).map(({ id }) => id));
  const needed = components.flatMap(({ kinds, checks }) => [
    ...kinds.flatMap(({ also = [], okNeeds = [] }) => [...also, ...okNeeds]),
    ...checks.flatMap(({ okNeeds = [] }) => okNeeds),
  ]);
  return needed.filter((source) => isList(source) && !listed.has(source.id));
}

/** The findings of one object. */
export function on(diagnosis: Diagnosis, kind: string, name: string): Finding[] {
  return diagnosis.findings.filter(({ object }) => object.kind === kind && object.name === name);
}

/** Roots as `Kind name Reason`. */
export function rootsOf(diagnosis: Diagnosis): string[] {
  return diagnosis.roots.map((root) => `${root.object.kind} ${root.object.name} ${root.reason}`);
}

interface PodOptions {
  owner?: { kind: string; name: string };
  labels?: Record<string, string>;
  ready?: boolean;
  phase?: string;
  spec?: Record<string, unknown>;
  container?: Record<string, unknown>;
  status?: Record<string, unknown>;
  scheduled?: Record<string, unknown>;
  namespace?: string;
  createdAt?: string;
}

/** A pod with one container `app`, Ready unless said otherwise. */
export function pod(name: string, options: PodOptions = {}): Record<string, unknown> {
  const ready = options.ready ?? true;
  const owner = options.owner;
  return {
    metadata: {
      name,
      namespace: options.namespace ?? "data-platform",
      labels: options.labels ?? {},
      creationTimestamp: options.createdAt ?? LONG_AGO,
      ...(owner ? { ownerReferences: [{ ...owner, controller: true }] } : {}),
    },
    spec: { nodeName: "node-1", containers: [{ name: "app", image: "app:1" }], ...options.spec },
    status: {
      phase: options.phase ?? "Running",
      conditions: [
        { type: "PodScheduled", status: "True", ...options.scheduled },
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: LONG_AGO },
      ],
      containerStatuses: [{
        name: "app",
        ready,
        restartCount: 0,
        state: { running: { startedAt: LONG_AGO } },
        ...options.container,
      }],
      ...options.status,
    },
  };
}

/** A Deployment with `ready` of `replicas` pods. */
export function deployment(
  name: string,
  replicas: number,
  ready: number,
  template: Record<string, unknown> = {},
): unknown {
  return {
    metadata: { name, namespace: "data-platform", generation: 1, creationTimestamp: LONG_AGO },
    spec: {
      replicas,
      template: { metadata: { labels: { app: name } }, spec: { containers: [], ...template } },
    },
    status: { observedGeneration: 1, replicas, readyReplicas: ready },
  };
}

/** A container that waits for `reason`. */
export const waiting = (reason: string, message = reason) => ({
  state: { waiting: { reason, message } },
  ready: false,
});

export const node = (name: string, ready = "True") => ({
  metadata: { name },
  status: {
    conditions: [{
      type: "Ready",
      status: ready,
      lastTransitionTime: LONG_AGO,
      message: "kubelet stopped posting",
    }],
  },
});

export const PODS = "/api/v1/pods";
export const DEPLOYMENTS = "/apis/apps/v1/deployments";
export const SECRETS = "/api/v1/secrets";
export const NODES = "/api/v1/nodes";
export const SERVICES = "/api/v1/services";
export const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
export const EVENTS = "/api/v1/events";
