/** `deno task validate:nessie`: does the catalog work, and keep what it is given. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { validateNessie } from "../lib/checkpoints/nessie/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(validateNessie), Deno.args);
