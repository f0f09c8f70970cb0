import assert from "node:assert/strict";
import { UsageError } from "../../../lib/engine/errors.ts";
import { parseFlags } from "../../../lib/cli/flags.ts";
import { obcSync } from "../../../lib/procedures/obc_sync/command.ts";
import { tokenOf } from "../onepassword/samples.ts";
import { withAsked } from "../../fakes/asked.ts";

/** What the command says to these flags, before it asks any cluster. */
async function problem(argv: string[]): Promise<string> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, tokenOf({ exp: undefined }));
    const given = parseFlags(["--token", file, ...argv], obcSync.flags ?? {}, obcSync.name);
    await withAsked({ given, kubeconfig: "/nonexistent" }, async (asked) => await obcSync.act?.(asked));
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  } finally {
    await Deno.remove(file);
  }
  throw new Error("it was accepted");
}

Deno.test("flags that mean nothing together, or name nothing that can be, are refused before any cluster is asked", async () => {
  const cases: [argv: string, words: RegExp][] = [
    ["--every 5s", /--every is the time between two looks of --watch/],
    ["--watch --every 2h", /--every is "2h", and must be a time/],
    ["--claim events", /--claim is "events", and must be NAMESPACE\/NAME/],
    ["--user a/b,c", /--user is "c", and must be/],
    ["--claim a/../b", /--claim is "a\/..\/b"/],
    ["--external-secret A", /--external-secret is "A"/],
    ["--plain-http", /--plain-http is about --connect-url/],
    ["--dry-run", /nonexistent/],
  ];
  for (const [argv, words] of cases) assert.match(await problem(argv.split(" ")), words);
});

Deno.test("a watch has no report to be written anywhere", async () => {
  const given = new Map([["watch", "true"], ["json", "true"]]);
  await assert.rejects(
    withAsked({ given }, async (asked) => await obcSync.act?.(asked)),
    /--watch gives no report, so --json has no meaning/,
  );
});
