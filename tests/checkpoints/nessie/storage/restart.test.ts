import assert from "node:assert/strict";
import { inScratch } from "../../../../lib/checkpoint/scratch.ts";
import { type Restart, restartCatalog } from "../../../../lib/checkpoints/nessie/storage/restart.ts";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { CannotLook, Interrupted } from "../../../../lib/engine/errors.ts";
import { type FakeNessie, fakeNessie } from "../../../fakes/nessie/server.ts";
import { BEGINNING } from "../../../fakes/nessie/state.ts";
import { catalogObjects, PLACE } from "./fixture.ts";
import { PATIENT_MS } from "../../../patience.ts";

const PATH = "/apis/apps/v1/namespaces/data-platform/deployments/nessie";

const pod = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  status: { conditions: [{ type: "Ready", status: "True" }] },
});

interface World {
  /** Called when the annotation was written: what a restart does to the catalog. */
  onRestart?(fake: FakeNessie): void;
  furnish?(fake: FakeNessie): void;
  answer?: boolean;
  /** The rollout never comes to its end. */
  stuck?: boolean;
  unwell?: boolean;
  /** Flux takes the annotation away again. */
  reverted?: boolean;
  signal?: AbortSignal;
}

async function restarted(world: World) {
  const fake = fakeNessie();
  world.furnish?.(fake);
  // deno-lint-ignore no-explicit-any
  const deployment: any = structuredClone(catalogObjects()[PATH]);
  if (world.unwell) deployment.status.readyReplicas = 1;
  const questions: string[] = [];
  let merges = 0;
  const restart: Restart = {
    kube: {
      get: (path) => Promise.resolve(path === PATH ? structuredClone(deployment) : undefined),
      list: () =>
        Promise.resolve(merges > 0 ? [pod("nessie-c"), pod("nessie-d")] : [pod("nessie-a"), pod("nessie-b")]),
      merge(_path, patch) {
        merges++;
        // deno-lint-ignore no-explicit-any
        const { annotations } = (patch as any).spec.template.metadata;
        deployment.spec.template.metadata = { annotations: world.reverted ? {} : annotations };
        if (world.stuck) deployment.status.updatedReplicas = 1;
        world.onRestart?.(fake);
        return Promise.resolve(deployment);
      },
      raw: () => Promise.resolve({ status: 200 }),
    },
    timeoutMs: PATIENT_MS,
    place: PLACE,
    signal: world.signal ?? new AbortController().signal,
    confirm(question) {
      questions.push(question);
      return Promise.resolve(world.answer ?? true);
    },
    limitMs: world.stuck ? 300 : PATIENT_MS,
    say: () => {},
    wayTo: () => Promise.resolve(givenConnection("--url", fake.url)),
  };
  const before = structuredClone(await (await fetch(`${fake.url}/api/v2/trees`)).json());
  const { ended, leftovers } = await inScratch((scratch) => restartCatalog(restart, scratch), {
    undoTimeoutMs: PATIENT_MS,
  });
  const after = await (await fetch(`${fake.url}/api/v2/trees`)).json();
  await fake.close();
  return { ended, leftovers, questions, merges, before, after };
}

Deno.test("a catalog that keeps everything holds on each of its new pods, and the scratch branch is gone", async () => {
  const { ended, leftovers, questions, merges, before, after } = await restarted({});
  assert.equal(ended.status, "fulfilled", ended.status === "rejected" ? String(ended.reason) : "");
  const outcomes = ended.status === "fulfilled" ? ended.value : [];
  assert.deepEqual(outcomes.map(({ result }) => result), ["passed", "passed"]);
  assert.match(outcomes[0]?.message ?? "", /Pod data-platform\/nessie-c has all.*questions were answered/);
  assert.match(questions[0] ?? "", /Its 2 pods are replaced one after the other/);
  assert.equal(merges, 1);
  assert.deepEqual(leftovers, []);
  assert.deepEqual(after, before);
});

Deno.test("a catalog that forgets what was committed is seen", async () => {
  const { ended } = await restarted({
    onRestart(fake) {
      for (const name of [...fake.state.refs.keys()]) if (name !== "main") fake.state.refs.delete(name);
    },
  });
  assert.equal(ended.status, "fulfilled");
  const outcomes = ended.status === "fulfilled" ? ended.value : [];
  assert.deepEqual(outcomes.map(({ reason }) => reason), ["DataLost", "DataLost"]);
});

Deno.test("a reference that is gone after a restart is named; one that has moved on is not lost", async () => {
  const lost = await restarted({
    onRestart: (fake) => void fake.state.refs.delete("production"),
    furnish: (fake) =>
      void fake.state.refs.set("production", { type: "TAG", name: "production", hash: BEGINNING }),
  });
  const [outcome] = lost.ended.status === "fulfilled" ? lost.ended.value : [];
  assert.equal(outcome?.reason, "DataLost");
  assert.match(outcome?.message ?? "", /does not have tag production any more/);

  const moved = await restarted({
    onRestart(fake) {
      fake.state.commitTo("main", BEGINNING, "another", []);
    },
  });
  const [kept] = moved.ended.status === "fulfilled" ? moved.ended.value : [];
  assert.equal(kept?.result, "passed", kept?.message ?? "");
  assert.match(kept?.observed ?? "", /1 moved on/);
});

Deno.test("a branch that stands on another history after a restart has lost its own", async () => {
  let old = "";
  const { ended } = await restarted({
    furnish(fake) {
      fake.state.create("BRANCH", "production", fake.state.ref("main"));
      old = fake.state.commitTo("production", BEGINNING, "work", []).ref.hash;
    },
    onRestart(fake) {
      fake.state.refs.set("production", { type: "BRANCH", name: "production", hash: BEGINNING });
    },
  });
  assert.notEqual(old, BEGINNING);
  const [outcome] = ended.status === "fulfilled" ? ended.value : [];
  assert.equal(outcome?.reason, "DataLost", outcome?.message ?? "");
  assert.match(outcome?.message ?? "", /branch production/);
});

Deno.test("who answers no has nothing restarted and nothing made", async () => {
  const { ended, merges, after, before } = await restarted({ answer: false });
  assert.equal(ended.status === "fulfilled" && ended.value[0]?.result, "skipped");
  assert.equal(merges, 0);
  assert.deepEqual(after, before);
});

Deno.test("a Deployment that is not well is not restarted on top", async () => {
  const { ended, merges } = await restarted({ unwell: true });
  assert.ok(ended.status === "rejected" && ended.reason instanceof CannotLook);
  assert.match(String(ended.reason), /not healthy.*not restarted/);
  assert.equal(merges, 0);
});

Deno.test("a rollout that does not come to its end is told, with the way back, and nothing is left behind", async () => {
  const { ended, leftovers, after, before } = await restarted({ stuck: true });
  assert.ok(ended.status === "rejected" && ended.reason instanceof CannotLook);
  assert.match(String(ended.reason), /1 of 2 pods are new and ready.*rollout undo/);
  assert.deepEqual(leftovers, []);
  assert.deepEqual(after, before);
});

Deno.test("an annotation that is removed again is told", async () => {
  const { ended } = await restarted({ reverted: true });
  assert.match(ended.status === "fulfilled" ? ended.value[0]?.message ?? "" : "", /removed meanwhile/);
});

Deno.test("Ctrl-C while it restarts ends the waiting, and takes the scratch branch back", async () => {
  const controller = new AbortController();
  const { ended, leftovers, after, before } = await restarted({
    signal: controller.signal,
    stuck: true,
    onRestart: () => void setTimeout(() => controller.abort(new Interrupted("interrupted")), 50),
  });
  assert.ok(ended.status === "rejected" && ended.reason instanceof Interrupted, String(ended.status));
  assert.deepEqual(leftovers, []);
  assert.deepEqual(after, before);
});
