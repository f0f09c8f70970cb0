import assert from "node:assert/strict";
import { inScratch } from "../../lib/checkpoint/scratch.ts";
import { CannotLook, Interrupted } from "../../lib/engine/errors.ts";
import { LEASE_MS, RENEW_MS, RUN_ID } from "../../lib/checkpoint/scratch_marker.ts";
import { testTime } from "../fakes/clock.ts";
import { PATIENT_MS } from "../patience.ts";

Deno.test("what was made is cleaned up in reverse, also when the checkpoint fails", async () => {
  const undone: string[] = [];
  const { ended, leftovers } = await inScratch((scratch) => {
    for (const what of ["bucket", "object", "upload"]) {
      scratch.undo(what, () => Promise.resolve(void undone.push(what)));
    }
    return Promise.reject(new Error("broken"));
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(undone, ["upload", "object", "bucket"]);
  assert.equal(ended.status, "rejected");
  assert.deepEqual(leftovers, []);
});

Deno.test("what can't be cleaned up is named, and the rest is cleaned up nevertheless", async () => {
  const undone: string[] = [];
  const { leftovers } = await inScratch((scratch) => {
    scratch.undo("bucket b", () => Promise.resolve(void undone.push("b")));
    scratch.undo(
      "object o",
      () => Promise.reject(new CannotLook({ kind: "forbidden", message: "not allowed" })),
    );
    return Promise.resolve();
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(undone, ["b"]);
  assert.deepEqual(leftovers, [{ what: "object o", why: "not allowed" }]);
});

Deno.test("a marker is kept when something that it speaks for is left", async () => {
  for (const [fails, undone] of [[true, ["later"]], [false, ["later", "marker"]]] as const) {
    const seen: string[] = [];
    await inScratch((scratch) => {
      scratch.undo("marker", () => Promise.resolve(void seen.push("marker")), { marker: true });
      scratch.undo(
        "things",
        () =>
          fails ? Promise.reject(new CannotLook({ kind: "timeout", message: "late" })) : Promise.resolve(),
      );
      scratch.undo("later", () => Promise.resolve(void seen.push("later")));
      return Promise.resolve();
    }, { undoTimeoutMs: PATIENT_MS });
    assert.deepEqual(seen, undone);
  }
});

Deno.test("taking back has a limit", async () => {
  const stuck = Promise.withResolvers<void>();
  const { leftovers } = await inScratch((scratch) => {
    scratch.undo("bucket", () => stuck.promise);
    return Promise.resolve();
  }, { undoTimeoutMs: 20 });
  assert.match(leftovers[0]?.why ?? "", /longer than 0.02 s/);
  stuck.resolve();
});

Deno.test("a scratch scope's id says when it was begun", async () => {
  const now = new Date("2026-11-21T13:05:40Z");
  const { ended } = await inScratch((scratch) => Promise.resolve(scratch.id), {
    undoTimeoutMs: 1,
    now: () => now,
  });
  assert.ok(ended.status === "fulfilled");
  assert.match(ended.value, /^20261121t1305z-[0-9a-f]{8}$/);
  assert.match(ended.value, new RegExp(`^${RUN_ID}$`));
});

Deno.test("a marker is renewed again and again while the run lasts, and never while things are undone", async () => {
  const time = testTime();
  const seen: string[] = [];
  await inScratch(async (scratch) => {
    scratch.renew(() => Promise.resolve(void seen.push("renewed")));
    scratch.undo("place", async () => {
      await time.pass(10 * RENEW_MS);
      seen.push("undone");
    });
    await time.pass(RENEW_MS - 1);
    assert.deepEqual(seen, []);
    await time.pass(1);
    assert.deepEqual(seen, ["renewed"]);
    await time.pass(3 * RENEW_MS);
  }, { undoTimeoutMs: PATIENT_MS, clock: time.clock });
  assert.deepEqual(seen, ["renewed", "renewed", "renewed", "renewed", "undone"]);
  await time.pass(10 * RENEW_MS);
  assert.equal(seen.length, 5);
});

Deno.test("a renewal that fails, throws or hangs keeps neither the others nor the next turn", async () => {
  const time = testTime();
  let turns = 0;
  const { ended } = await inScratch(async (scratch) => {
    scratch.renew(() => Promise.reject(new CannotLook({ kind: "timeout", message: "no answer" })));
    scratch.renew(() => {
      throw new Error("at once");
    });
    scratch.renew(() => Promise.resolve(void turns++));
    await time.pass(3 * RENEW_MS);
  }, { undoTimeoutMs: PATIENT_MS, clock: time.clock });
  assert.equal(ended.status, "fulfilled");
  assert.equal(turns, 3);
});

Deno.test("a renewal that is under way has ended, or its time is over, before anything is undone", async () => {
  const time = testTime();
  const seen: string[] = [];
  await inScratch(async (scratch) => {
    scratch.undo("place", () => Promise.resolve(void seen.push("undone")));
    scratch.renew(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      seen.push("renewed");
    });
    await time.pass(RENEW_MS, RENEW_MS, "alone");
  }, { undoTimeoutMs: PATIENT_MS, clock: time.clock });
  assert.deepEqual(seen, ["renewed", "undone"]);
});

Deno.test("no timer is left, however a run with a marker ends, and a run without one has none", async () => {
  // Deno's own sanitizer sees what is left of timers.
  await inScratch((scratch) => {
    scratch.renew(() => Promise.resolve());
    return Promise.reject(new Interrupted("interrupted"));
  }, { undoTimeoutMs: PATIENT_MS });
  const { ended } = await inScratch(() => {
    throw new Error("before anything was awaited");
  }, { undoTimeoutMs: PATIENT_MS });
  assert.equal(ended.status, "rejected");
});

Deno.test("a marker promises what the run is expected to take yet, and the lease beyond it", async () => {
  const time = testTime();
  await inScratch(async ({ leaseMs }) => {
    assert.equal(leaseMs(), 75 * 60_000 + LEASE_MS);
    await time.pass(70 * 60_000);
    assert.equal(leaseMs(), 5 * 60_000 + LEASE_MS);
    await time.pass(70 * 60_000);
    assert.equal(leaseMs(), LEASE_MS);
  }, { undoTimeoutMs: PATIENT_MS, expectedMs: 75 * 60_000, clock: time.clock });
});
