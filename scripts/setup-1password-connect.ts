#!/usr/bin/env -S deno -q --no-prompt -RWN -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG,OP_CONNECT_CREDENTIALS,OP_CONNECT_TOKEN --ignore-env
/** `deno task 1p:install`, `1p:status`, `1p:uninstall`, `obc:sync`: the way of the platform's secrets, from 1Password to the pods. */
import { mainOf } from "../lib/cli/main.ts";
import { commands } from "../lib/procedures/onepassword/commands.ts";

await mainOf(commands, "setup-1password-connect.ts", Deno.args);
