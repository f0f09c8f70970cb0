/** obc:sync as a process of its own, for tests. */
import { main } from "../../lib/cli.ts";
import { obcSync } from "../../lib/onepassword/obc_command.ts";

await main(obcSync, Deno.args);
