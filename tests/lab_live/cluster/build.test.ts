/** What only a process with every right can do: it reads /proc. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { BUILD_MARK, endLeftovers, leftovers } from "../../../lab/build/leftovers.ts";

Deno.test("what a killed build left running is ended, and only for its own cache", async () => {
  const cache = `/nowhere/${crypto.randomUUID()}`;
  const start = (mark: string) => {
    const child = spawn("sleep", ["60"], {
      env: { ...Deno.env.toObject(), [BUILD_MARK]: mark },
      stdio: "ignore",
    });
    return {
      pid: child.pid ?? 0,
      ended: new Promise<void>((resolve) => child.once("close", () => resolve())),
    };
  };
  const left = start(cache);
  const other = start(`${cache}-other`);
  try {
    assert.deepEqual(leftovers(cache), [left.pid]);
    assert.equal(await endLeftovers(cache), 1);
    await left.ended;
    assert.deepEqual(leftovers(`${cache}-other`), [other.pid]);
  } finally {
    await endLeftovers(`${cache}-other`);
    await other.ended;
  }
});
