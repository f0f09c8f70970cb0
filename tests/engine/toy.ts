/** A toy platform for tests of the engine: things that need things, with no Kubernetes in it. */
import { runChecks } from "../../lib/engine/check.ts";
import { diagnose, type Diagnosis } from "../../lib/engine/diagnose.ts";
import type {
  Component,
  Edge,
  Facts,
  Failure,
  ListSource,
  ObjectRef,
  Status,
} from "../../lib/engine/model.ts";
import { list, obj, str } from "../../lib/engine/decode.ts";
import { openWorld } from "../../lib/engine/world.ts";

const metadata = obj({ name: str, namespace: str });
const thing = obj({
  metadata,
  /** How it fails; absent when it is well. */
  reason: str,
  status: str,
  needs: list(
    obj({ name: str, explains: list(str), inferred: str, optional: str, decisive: str, unknown: str }),
  ),
});
export type Thing = NonNullable<ReturnType<typeof thing>>;

export const things: ListSource<Thing> = { id: "things", kind: "Thing", path: "/things", read: thing };

export const ref = (name: string): ObjectRef => ({ kind: "Thing", namespace: "toy", name });

export const toys: Component = {
  name: "toys",
  title: "Toys",
  dependsOn: [],
  sources: [things],
  namespaces: () => ["toy"],
  kinds: [{
    id: "things.well",
    title: "things",
    explain: "A thing is well when it gives no reason.",
    source: things,
    component: () => "toys",
    ref: (object: Thing) => ({
      kind: "Thing",
      namespace: object.metadata?.namespace ?? "",
      name: object.metadata?.name ?? "",
    }),
    judge: (object: Thing) =>
      object.reason
        ? {
          status: (object.status ?? "critical") as Status,
          reason: object.reason,
          message: `is ${object.reason}`,
        }
        : undefined,
  }],
  checks: [],
  edges: (world) =>
    world.list(things).flatMap((object) =>
      (object.needs ?? []).map((need): Edge => ({
        from: { ...ref(object.metadata?.name ?? ""), namespace: object.metadata?.namespace ?? "" },
        to: ref(need.name ?? ""),
        via: "needs",
        explains: need.explains ?? "any",
        inferred: need.inferred === "yes",
        optional: need.optional === "yes",
        decisive: need.decisive === "yes",
        unknown: need.unknown === "yes",
      }))
    ),
};

/** A thing `name`, failing with `reason`, that needs others. */
export function made(
  name: string,
  reason?: string,
  ...needs: (string | NonNullable<Thing["needs"]>[number])[]
): Thing {
  return {
    metadata: { name, namespace: "toy" },
    ...(reason ? { reason } : {}),
    needs: needs.map((need) => typeof need === "string" ? { name: need } : need),
  };
}

export function toyFacts(items: unknown[], failure?: Failure): Facts {
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-01-01T00:00:00Z",
    context: "toy",
    namespace: "toy",
    sources: { things: failure ? { ok: false, failure } : { ok: true, items } },
  };
}

/** Checks and diagnoses the things. */
export function diagnosed(items: Thing[]): Diagnosis {
  const facts = toyFacts(items);
  const world = openWorld(facts, [toys]);
  return diagnose([toys], world, facts, runChecks([toys], world, facts));
}
