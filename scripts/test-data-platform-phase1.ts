#!/usr/bin/env -S deno -q --no-prompt -RWN -S=osRelease,hostname -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG,NESSIE_URL,S3_ENDPOINT,XDG_CACHE_HOME --ignore-env --allow-ffi=${HOME}/.cache/deno/npm --allow-run=deno
/** `deno task data-platform:test:phase1`: proves phase 1 end to end, and says which of its goals are met. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { testPhase1 } from "../lib/checkpoints/phase1/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(testPhase1), Deno.args);
