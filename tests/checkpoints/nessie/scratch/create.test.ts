import assert from "node:assert/strict";
import { createPatiently } from "../../../../lib/checkpoints/nessie/scratch/create.ts";
import { errorReplyFailure } from "../../../../lib/clients/catalog_failures.ts";
import type { Reference } from "../../../../lib/clients/nessie/client.ts";

const FROM: Reference = { type: "BRANCH", name: "main", hash: "a".repeat(64) };
/** As Nessie 0.99 said it on the lab while ten clients created and deleted branches. */
const BUSY = "java.lang.RuntimeException: org.projectnessie.versioned.storage.common.exceptions." +
  "RetryTimeoutException: Retry timeout after PT5.104297237S, 16 retries";

const answer = (status: number, code: string, message: string) =>
  errorReplyFailure(
    { status, headers: new Headers(), text: "{}", body: {} },
    { method: "POST", path: "/api/v2/trees", what: "create branch x" },
    { connection: { url: "http://nessie", words: "" } as never, timeoutMs: 1 },
    { status, code, message, conflicts: [] },
  );

/** A catalog that fails so often before it creates; `silently`: it has made the reference all the same. */
function catalog(failures: Error[], silently = false) {
  const asked: string[] = [];
  const made = new Map<string, Reference>();
  return {
    asked,
    create(type: "BRANCH" | "TAG", name: string, from: Reference) {
      asked.push(`create ${name}`);
      const failure = failures.shift();
      const reference = { ...from, type, name };
      if (!failure || silently) made.set(name, reference);
      return failure ? Promise.reject(failure) : Promise.resolve(reference);
    },
    reference(name: string) {
      asked.push(`look ${name}`);
      const found = made.get(name);
      return found ? Promise.resolve(found) : Promise.reject(answer(404, "REFERENCE_NOT_FOUND", name));
    },
  };
}

const busy = () => answer(500, "UNKNOWN", BUSY);

Deno.test("a catalog that gave up for other writers is asked again, three times in all", async () => {
  const twice = catalog([busy(), busy()]);
  assert.equal((await createPatiently(twice, "BRANCH", "x", FROM)).name, "x");
  assert.deepEqual(twice.asked, ["create x", "look x", "create x", "look x", "create x"]);
  const always = catalog([busy(), busy(), busy(), busy()]);
  await assert.rejects(createPatiently(always, "BRANCH", "x", FROM), /RetryTimeoutException/);
  assert.equal(always.asked.filter((one) => one === "create x").length, 3);
});

Deno.test("what it has made although it said that it gave up is taken, unless it is another", async () => {
  const made = catalog([busy()], true);
  assert.equal((await createPatiently(made, "TAG", "x", FROM)).type, "TAG");
  assert.deepEqual(made.asked, ["create x", "look x"]);
  const moved = catalog([busy(), answer(409, "REFERENCE_ALREADY_EXISTS", "x")], true);
  moved.reference = () => Promise.resolve({ ...FROM, name: "x", hash: "b".repeat(64) });
  await assert.rejects(createPatiently(moved, "BRANCH", "x", FROM), /ALREADY_EXISTS/);
});

Deno.test("any other refusal is told at once", async () => {
  for (
    const failure of [answer(500, "UNKNOWN", "disk full"), answer(403, "FORBIDDEN", BUSY), new Error("bug")]
  ) {
    const api = catalog([failure]);
    await assert.rejects(createPatiently(api, "BRANCH", "x", FROM), (error) => error === failure);
    assert.deepEqual(api.asked, ["create x"]);
  }
});
