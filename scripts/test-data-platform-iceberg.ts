#!/usr/bin/env -S deno
/** `deno task data-platform:test:iceberg`: can tables be trusted, whichever engine writes and reads them. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { testIceberg } from "../lib/checkpoints/iceberg/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(testIceberg), Deno.args);
