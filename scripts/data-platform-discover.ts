#!/usr/bin/env -S deno -q --no-prompt -RN -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG --ignore-env
/** `deno task data-platform:discover`: what the platform consists of, and how that is known. */
import { main } from "../lib/cli/main.ts";
import { DISCOVER } from "../lib/procedures/discover/command.ts";

await main(DISCOVER, Deno.args);
