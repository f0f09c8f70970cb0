import assert from "node:assert/strict";
import { lead } from "../../../lib/checkpoints/phase1/progress.ts";

Deno.test("a line says which part runs, how long it took, and how long is left", () => {
  const running = { number: 1, of: 2, lastMs: 12_000, laterMs: 30_000 };
  assert.equal(lead(running, 0), "Part 1 of 2 (12 s last time, about 42 s left): ");
  assert.equal(lead(running, 5_000), "Part 1 of 2 (12 s last time, about 37 s left): ");
  assert.equal(lead(running, 60_000), "Part 1 of 2 (12 s last time, about 30 s left): ");
  assert.equal(lead({ ...running, laterMs: 300_000 }, 0), "Part 1 of 2 (12 s last time, about 6 min left): ");
});

Deno.test("what is not known is not said", () => {
  assert.equal(lead({ number: 2, of: 2, laterMs: 0 }, 0), "Part 2 of 2: ");
  assert.equal(lead({ number: 1, of: 2, lastMs: 900 }, 0), "Part 1 of 2 (1 s last time): ");
});
