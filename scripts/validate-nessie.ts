#!/usr/bin/env -S deno -q --no-prompt -RWN -S=osRelease,hostname -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG,NESSIE_URL,S3_ENDPOINT --ignore-env --allow-run=deno
/** `deno task validate:nessie`: does the catalog work, and keep what it is given. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { validateNessie } from "../lib/checkpoints/nessie/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(validateNessie), Deno.args);
