import assert from "node:assert/strict";
import fc from "fast-check";
import type { AssertedFact, Json, Subject } from "../../lib/integration_test/asserted.ts";
import { testText } from "../../lib/integration_test/write.ts";

const SUBJECT: Subject = {
  command: "data-platform:test:s3",
  noun: "the object store",
  doing: "It is tried.",
  look: "lookAtS3",
  variable: "S3_ENDPOINT",
};

/** Runs the text of a generated test with stand-ins, and gives what it asserts. */
async function run(
  text: string,
): Promise<{ flags: unknown; tests: { title: string; id: string; value: unknown }[] }> {
  const bare = text.replace(/^import .*;$/gm, "");
  const made = new Function(
    "lookAtS3",
    "assert",
    "includes",
    "atMost",
    "Deno",
    `return (async () => { ${bare} })();`,
  );
  const tests: { title: string; id: string; value: unknown }[] = [];
  let flags: unknown;
  const waiting: Promise<void>[] = [];
  const say = (title: string) => (seen: string, value: unknown) =>
    void tests.push({ title, id: seen, value });
  let title = "";
  await made(
    (given: unknown) => {
      flags = given;
      return { value: (id: string) => Promise.resolve(id) };
    },
    { deepEqual: (seen: string, value: unknown) => say(title)(seen, value) },
    (seen: string, value: unknown) => say(title)(seen, value),
    (seen: string, value: unknown) => say(title)(seen, value),
    {
      test(name: string, body: () => Promise<void>) {
        title = name;
        waiting.push(body());
      },
    },
  );
  await Promise.all(waiting);
  return { flags, tests };
}

const NASTY = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("`${x}`", "*/", '"); Deno.exit(1); ("', "\\", "\u2028", "__proto__", "</script>"),
);

Deno.test("a generated test says what was seen, whatever that is, and nothing of it runs", async () => {
  await fc.assert(
    fc.asyncProperty(NASTY, NASTY, NASTY, NASTY, async (id, title, key, text) => {
      const value = JSON.parse(`{${JSON.stringify(key)}: [${JSON.stringify(text)}, 1, null]}`) as Json;
      const fact: AssertedFact = { id, title, value };
      const { flags, tests } = await run(testText(SUBJECT, { context: text }, [fact]));
      assert.deepEqual(flags, { context: text });
      assert.deepEqual(tests.map((one) => one.id), [id]);
      assert.equal(JSON.stringify(tests[0]?.value), JSON.stringify(value));
    }),
    { numRuns: 500 },
  );
});
