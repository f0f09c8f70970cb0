import assert from "node:assert/strict";
import type { AssertedFact } from "../../lib/integration_test/asserted.ts";
import { CannotLook, Interrupted, UsageError } from "../../lib/engine/errors.ts";
import { dependenciesOf, FACTS, withToy } from "./fixture.ts";
import { until, withinLimits } from "../patience.ts";

async function leftIn(root: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(`${root}/tests`), ({ name }) => name)).toSorted();
}

const CHANGED_FACTS = FACTS.map((fact): AssertedFact =>
  fact.id === "toy.buckets" ? { ...fact, value: ["lake", "logs", "new"] } : fact
);

Deno.test("a test is written after it was seen to pass, and to fail with every fact changed", async () => {
  await withToy(async ({ root, create, said, written, looks }) => {
    assert.equal(await create({ flags: { region: "us-east-1" } }), "written");
    const text = await written();
    assert.match(
      text ?? "",
      /Deno.test\("the toy has these buckets", async \(\) => \{\s+assert.deepEqual\(await seen/,
    );
    assert.equal(await looks(), 2);
    assert.equal(await Deno.readTextFile(`${root}/flags.json`), '{"region":"us-east-1"}');
    assert.match(said.at(-1) ?? "", /toy-test.test.ts is written: its 5 tests passed, and each failed when/);
    assert.deepEqual(await leftIn(root), ["integration"]);
    const formatted = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--check", "tests/integration/toy-test.test.ts"],
      cwd: root,
      stderr: "null",
    }).output();
    assert.ok(formatted.success);
  });
});

Deno.test("the text is what people would write", async (t) => {
  await withToy(async ({ create, said, written }) => {
    await create({ flags: { namespace: "lake" }, dependencies: dependenciesOf(said, undefined) });
    await t.assertSnapshot(await written());
  });
});

Deno.test("a test that does not pass as it is is not written", async () => {
  await withToy(async ({ root, facts, create, written }) => {
    await facts(CHANGED_FACTS);
    await assert.rejects(create(), (error) => {
      assert.ok(error instanceof CannotLook);
      assert.match(error.message, /does not pass as it is: "the toy has these buckets": AssertionError/);
      return true;
    });
    assert.equal(await written(), undefined);
    assert.deepEqual(await leftIn(root), []);
  });
});

Deno.test("a test that can't fail is not written", async () => {
  await withToy(async ({ root, create, written }) => {
    // This look believes whatever is asserted.
    const look = `${root}/lib/integration_test/look.ts`;
    const text = await Deno.readTextFile(look);
    await Deno.writeTextFile(
      look,
      text.replace(
        /export \{[^}]+\} from "[^"]+";/,
        "export const atMost = (..._: unknown[]) => {}; export const includes = atMost;",
      ),
    );
    await assert.rejects(create(), /"all of this works" passes though its fact was changed: it can't fail/);
    assert.equal(await written(), undefined);
  });
});

Deno.test("a test that fails because nobody could look does not count as seen to fail", async () => {
  await withToy(async ({ root, create, written }) => {
    const look = `${root}/lib/integration_test/look.ts`;
    const text = await Deno.readTextFile(look);
    await Deno.writeTextFile(
      look,
      text.replace(
        "return JSON.parse(text)",
        'if (Deno.readTextFileSync(count).length > 1) throw new Error("the store is gone"); return JSON.parse(text)',
      ),
    );
    await assert.rejects(create(), /failed for another reason: Error: the store is gone/);
    assert.equal(await written(), undefined);
  });
});

Deno.test("a test that can't be run at all says why", async () => {
  await withToy(async ({ root, create }) => {
    await Deno.writeTextFile(`${root}/lib/integration_test/look.ts`, "export const other = 1;");
    await assert.rejects(create(), (error) => {
      assert.ok(error instanceof CannotLook);
      assert.match(error.message, /the generated test could not be run: .*error/i);
      return true;
    });
  });
});

Deno.test("when the same was found again, the test is run and left as it is", async () => {
  await withToy(async ({ create, said, looks }) => {
    await create();
    assert.equal(await create(), "unchanged");
    assert.equal(await looks(), 3);
    assert.match(said.at(-1) ?? "", /is unchanged: its 5 tests passed/);
  });
});

Deno.test("when something else was found, the difference is shown, and without a terminal nothing is written", async () => {
  await withToy(async ({ root, create, said, written }) => {
    const dependencies = dependenciesOf(said, undefined);
    await create({ dependencies, leftOut: ["toy.jump"] });
    assert.match(said[0] ?? "", /^Not asserted, because it failed or could not be tried: toy.jump\.$/);
    const before = await written();
    await assert.rejects(create({ facts: CHANGED_FACTS, dependencies }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /no terminal\. .*--yes\. Nothing was written/);
      return true;
    });
    assert.equal(await written(), before);
    assert.ok(said.some((line) => /^-.*\["lake", "logs"\]/.test(line)), said.join("\n"));
    assert.ok(said.some((line) => /^\+.*\["lake", "logs", "new"\]/.test(line)), said.join("\n"));
    assert.deepEqual(await leftIn(root), ["integration"]);
  });
});

Deno.test("on a terminal it asks, and no is no; --yes asks nobody", async () => {
  await withToy(async ({ create, said, written }) => {
    await create({ dependencies: dependenciesOf(said, undefined) });
    const before = await written();
    const no = create({ facts: CHANGED_FACTS, dependencies: dependenciesOf(said, false) });
    await assert.rejects(no, /Not confirmed. Nothing was written/);
    assert.ok(said.includes("Write tests/integration/toy-test.test.ts?"));
    assert.equal(await written(), before);
    assert.equal(await create({ facts: CHANGED_FACTS, dependencies: dependenciesOf(said, true) }), "written");
    assert.match(await written() ?? "", /"new"/);
    assert.equal(await create({ yes: true, dependencies: dependenciesOf(said, undefined) }), "written");
    assert.equal(await written(), before);
  });
});

Deno.test("Ctrl-C ends the test that is run, which cleans up what it made, and nothing is written", async () => {
  await withToy(async ({ root, facts, create, written, waits }) => {
    await facts("hang");
    const stop = new AbortController();
    const creating = create({ signal: stop.signal });
    creating.catch(() => {});
    await until(waits);
    stop.abort(new Interrupted("interrupted"));
    await assert.rejects(creating, Interrupted);
    assert.equal(await Deno.readTextFile(`${root}/undone`), "undone");
    assert.equal(await written(), undefined);
    assert.deepEqual(await leftIn(root), []);
  });
});

Deno.test("a run that takes too long is ended", async () => {
  await withToy(async ({ facts, create }) => {
    await facts("hang");
    await withinLimits([3_000], (timeoutMs) => assert.rejects(create({ timeoutMs }), CannotLook));
  });
});
