#!/usr/bin/env -S deno -q --no-prompt -RWN -S=osRelease,hostname -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG,NESSIE_URL,S3_ENDPOINT,XDG_CACHE_HOME --ignore-env --allow-ffi=${HOME}/.cache/deno/npm --allow-run=deno
/** `deno task data-platform:test:iceberg`: can tables be trusted, whichever engine writes and reads them. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { testIceberg } from "../lib/checkpoints/iceberg/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(testIceberg), Deno.args);
