import assert from "node:assert/strict";
import { CannotLook, UsageError } from "../../../lib/engine/errors.ts";
import type { Result } from "../../../lib/procedures/obc_sync/steps.ts";
import { watch } from "../../../lib/procedures/obc_sync/watch.ts";

const object = { kind: "OnePasswordItem", name: "lakehouse/events" };
const unchanged: Result = { object, outcome: "unchanged", detail: "" };
const changed: Result = { object, outcome: "changed", detail: "AccessKey" };
const created: Result = { object, outcome: "created", detail: "AccessKey" };
const failed: Result = { object, outcome: "failed", detail: "no Secret" };
const away = () => new CannotLook({ kind: "unreachable", message: "Connect is away." });

/** Looks as told, one after the other; the last one ends the watch by an error of its own. */
async function watched(...looks: (Result[] | Error)[]): Promise<string[]> {
  const said: string[] = [];
  const left = [...looks, new Error("the end")];
  const look = () => {
    const next = left.shift() ?? [];
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  const sleep = (ms: number) => Promise.resolve(assert.equal(ms, 60_000));
  const end = watch(look, {
    everyMs: 60_000,
    say: (line) => void said.push(line.trim().replace(/\s+/, " ")),
    sleep,
  });
  await assert.rejects(end, /the end/);
  return said;
}

Deno.test("a watch says what is there at first, and then only what is new", async () => {
  const item = "OnePasswordItem lakehouse/events";
  assert.deepEqual(await watched([created], [unchanged], [unchanged]), [`created ${item}: AccessKey`]);
  assert.deepEqual(await watched([unchanged], [changed], [changed], [unchanged], [unchanged]), [
    `unchanged ${item}`,
    `changed ${item}: AccessKey`,
    `changed ${item}: AccessKey`,
  ]);
  assert.deepEqual(await watched([failed], [failed], [unchanged]), [
    `failed ${item}: no Secret`,
    `unchanged ${item}`,
  ]);
});

Deno.test("a cluster or Connect that is away is told once, looked for again, and told when it is back", async () => {
  const lines = await watched([unchanged], away(), away(), new UsageError("no vault."), [unchanged], away());
  assert.deepEqual(lines.slice(1), [
    "Connect is away. It is tried again every 60 s.",
    "It answers again.",
    "Connect is away. It is tried again every 60 s.",
  ]);
});

Deno.test("what the first look throws ends the watch", async () => {
  const end = (error: Error) =>
    watch(() => Promise.reject(error), { everyMs: 1, say() {}, sleep: () => Promise.resolve() });
  await assert.rejects(end(away()), CannotLook);
  await assert.rejects(end(new UsageError("no vault")), UsageError);
});
