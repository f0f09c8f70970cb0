/** `deno task 1p:install`, `1p:status`, `1p:uninstall`: the way of the platform's secrets, from 1Password to the pods. */
import { main } from "../lib/cli/main.ts";
import { commands } from "../lib/procedures/onepassword/commands.ts";

const [word = "", ...rest] = Deno.args;
await main(commands(word), rest);
