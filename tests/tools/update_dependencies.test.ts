import assert from "node:assert/strict";
import { changesText, lockedIn, update } from "../../tools/update_dependencies.ts";
import { sourceFiles } from "../../tools/structure.ts";
import { ROOT } from "./tasks.ts";

const lockOf = (libraries: string[], packages: string[]) =>
  JSON.stringify({
    version: "5",
    specifiers: {},
    npm: Object.fromEntries(packages.map((name) => [name, {}])),
    workspace: { dependencies: libraries.map((name) => `npm:${name}`) },
  });

const OLD = lockOf(
  ["@aws-sdk/client-s3@3.1.0", "zod@4.0.0"],
  ["@aws-sdk/client-s3@3.1.0", "zod@4.0.0", "tslib@2.0.0", "@smithy/core@1.0.0_tslib@2.0.0", "left@1.0.0"],
);
const NEW = lockOf(
  ["@aws-sdk/client-s3@3.2.0", "zod@4.0.0"],
  [
    "@aws-sdk/client-s3@3.2.0",
    "zod@4.0.0",
    "tslib@2.0.0",
    "tslib@3.0.0",
    "@smithy/core@1.1.0_tslib@3.0.0",
    "fresh@0.1.0",
  ],
);
const SAID = `Libraries of scripts/deno.json, 1 changed:
  @aws-sdk/client-s3  3.1.0 → 3.2.0

Packages that they bring, 4 changed:
  @smithy/core  1.0.0 → 1.1.0
  fresh         new: 0.1.0
  left          gone: 1.0.0
  tslib         2.0.0 → 2.0.0, 3.0.0
`;

async function checkout(use: (root: string, read: () => Promise<string[]>) => Promise<void>) {
  const root = await Deno.makeTempDir({ prefix: "lakecheck-update-" });
  const files = [`${root}/scripts/deno.json`, `${root}/deno.lock`];
  try {
    await Deno.mkdir(`${root}/scripts`);
    await Deno.writeTextFile(`${root}/scripts/deno.json`, "{}");
    await Deno.writeTextFile(`${root}/deno.lock`, OLD);
    await use(root, () => Promise.all(files.map((file) => Deno.readTextFile(file))));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("an update says what changed, what is new and what is gone, of libraries and of what they bring", async () => {
  await checkout(async (root) => {
    const text = await update(["zod"], root, async (names) => {
      assert.deepEqual(names, ["zod"]);
      await Deno.writeTextFile(`${root}/deno.lock`, NEW);
      return { success: true, said: "" };
    });
    assert.equal(text.slice(0, SAID.length), SAID);
    assert.match(text.slice(SAID.length), /^\nNext: /);
  });
});

Deno.test("an update without changes says so and nothing else", () => {
  assert.equal(changesText(lockedIn(OLD), lockedIn(OLD)), "Every library is at its newest version.\n");
});

/** What Deno 2.9.6 prints when the registry can't be reached; its exit status is 0. */
const UNASKED = `All matching dependencies are up to date.

Warning: Unable to check updates for 14 package(s), their metadata could not be fetched (e.g. private registry auth or network issues).`;

Deno.test("an update that fails says what Deno said, and leaves both files as they were", async () => {
  const failures = [{ success: false, said: "error: no route" }, { success: true, said: UNASKED }];
  for (const outcome of failures) {
    await checkout(async (root, read) => {
      const failed = update([], root, async () => {
        await Deno.writeTextFile(`${root}/scripts/deno.json`, "{ half");
        await Deno.writeTextFile(`${root}/deno.lock`, NEW);
        return outcome;
      });
      const said = (error: Error) => error.message.endsWith(`nothing was changed:\n${outcome.said}`);
      await assert.rejects(failed, said, outcome.said);
      assert.deepEqual(await read(), ["{}", OLD]);
    });
  }
});

Deno.test("a name that is no library is an error before anything is run", async () => {
  await checkout(async (root) => {
    const never = () => Promise.reject(new Error("was run"));
    await assert.rejects(update(["zood", "--help"], root, never), /^Error: zood, --help is no library .*zod/);
  });
});

Deno.test("a lockfile of another version is not guessed at", () => {
  assert.throws(() => lockedIn('{"version":"6"}'), /has version 6, and 5 is understood/);
});

Deno.test("the libraries of this checkout are read from its lockfile, all of them", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}/scripts/deno.json`));
  const { libraries, others } = lockedIn(await Deno.readTextFile(`${ROOT}/deno.lock`));
  const named = Object.fromEntries([...libraries].map(([name, version]) => [name, `npm:${name}@${version}`]));
  assert.deepEqual(named, imports);
  assert.ok(others.size > 50, String(others.size));
});

Deno.test("nothing but the update thaws the lockfile", async () => {
  const thawing = [...await sourceFiles(ROOT)].filter(([path, text]) =>
    !path.startsWith("tests/") && text.includes("--frozen=")
  );
  assert.deepEqual(thawing.map(([path]) => path), ["tools/update_dependencies.ts"]);
  assert.doesNotMatch(await Deno.readTextFile(`${ROOT}/deno.json`), /--frozen=/);
});
