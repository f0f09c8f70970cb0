/** Runs the test file that is named as `--create-integration-test` does, then tries another program. */
import { runTest } from "../../../lib/integration_test/prove.ts";

const signal = new AbortController().signal;
const root = Deno.cwd();
const run = await runTest({
  root,
  file: Deno.args[0] ?? "",
  env: {},
  noCheck: true,
  timeoutMs: 60_000,
  signal,
});
console.log(run.passed.join());
const tried = Promise.resolve().then(() => new Deno.Command("true").output());
console.log(await tried.then(() => "started", (error) => error.name));
