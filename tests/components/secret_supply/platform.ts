/** The small platform under Flux as `1p:status` sees it, with what a token grants added to its facts. */
import { runChecks } from "../../../lib/engine/check.ts";
import { collect, sourcesOf } from "../../../lib/engine/collect.ts";
import { type Grants, grants } from "../../../lib/components/secret_supply/grants.ts";
import { diagnose, type Diagnosis } from "../../../lib/engine/diagnose.ts";
import { CannotLook } from "../../../lib/engine/errors.ts";
import type { Answer, Failure, Finding, World } from "../../../lib/engine/model.ts";
import { doctor } from "../../../lib/procedures/onepassword/status/mod.ts";
import { openWorld } from "../../../lib/engine/world.ts";
import { type Kind, PATHS, type Platform, type Raw } from "../flux/gitops.ts";
import { NOW } from "../platform.ts";

const CONNECT = "/api/v1/namespaces/external-secrets/services/onepassword-connect:8080/proxy";
const WELL: Record<string, Answer> = {
  [`${CONNECT}/heartbeat`]: { status: 200, body: "." },
  [`${CONNECT}/health`]: { status: 200, body: { dependencies: [{ service: "sync", status: "ACTIVE" }] } },
};

export interface Around {
  /** Objects of kinds that the platform has none of, by the path of their list. */
  lists?: Record<string, unknown[]>;
  failures?: Record<string, Failure>;
  /** By the store, as `ClusterSecretStore//onepassword-connect`. */
  grants?: Record<string, Grants> | Failure;
}

/** Everything that a run of `1p:status` on this platform works with. */
export async function seen(objects: Platform, around: Around = {}): Promise<{ world: World } & Diagnosis> {
  const get = (path: string): Promise<Answer> => {
    const bare = path.split("?")[0] ?? path;
    const failure = around.failures?.[bare];
    if (failure) return Promise.reject(new CannotLook(failure));
    const kind = (Object.keys(PATHS) as Kind[]).find((name) => PATHS[name] === bare);
    return Promise.resolve(
      WELL[path] ?? { status: 200, body: { items: kind ? objects[kind] : around.lists?.[bare] ?? [] } },
    );
  };
  const facts = await collect({ context: "test", get }, sourcesOf(doctor), {
    namespace: "data-platform",
    now: () => new Date(NOW),
  });
  if (around.grants && "kind" in around.grants) {
    facts.sources[grants.id] = { ok: false, failure: around.grants as Failure };
  } else if (around.grants) {
    const answers = Object.entries(around.grants).map(([key, body]) => [key, { status: 200, body }] as const);
    facts.sources[grants.id] = { ok: true, answers: Object.fromEntries(answers) };
  }
  const world = openWorld(facts, doctor);
  return { world, ...diagnose(doctor, world, facts, runChecks(doctor, world, facts)) };
}

/** The findings of one check of secret-supply. */
export async function found(check: string, objects: Platform, around?: Around): Promise<Finding[]> {
  const { findings } = await seen(objects, around);
  return findings.filter((finding) => finding.check === `secret-supply.${check}`);
}

/** A Secret as the metadata API sends it, written by `manager`. */
export function written(
  name: string,
  manager: string | undefined,
  keys: string[],
  more: Record<string, unknown> = {},
): Raw {
  const fields = { "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) };
  return {
    metadata: {
      name,
      namespace: "data-platform",
      ...(manager ? { managedFields: [{ manager, fieldsV1: fields }] } : {}),
      ...more,
    },
  };
}

/** A store of a service account. */
export function sdkStore(name: string, vault = "staging"): Raw {
  return {
    metadata: { name },
    spec: {
      provider: {
        onepasswordSDK: {
          vault,
          auth: { serviceAccountSecretRef: { name: "sa", namespace: "external-secrets" } },
        },
      },
    },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

export const STORE = { kind: "ClusterSecretStore", name: "onepassword-connect" };
