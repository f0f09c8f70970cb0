/** `deno task validate:nessie`: does the catalog work, and keep what it is given. */
import { validateNessie } from "../lib/checkpoints/nessie/command.ts";
import { main } from "../lib/cli.ts";

await main(validateNessie, Deno.args);
