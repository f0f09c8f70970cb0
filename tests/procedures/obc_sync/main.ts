/** obc:sync as a process of its own, for tests. */
import { main } from "../../../lib/cli/main.ts";
import { obcSync } from "../../../lib/procedures/obc_sync/command.ts";

await main(obcSync, Deno.args);
