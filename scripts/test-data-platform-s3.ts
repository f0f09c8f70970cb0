#!/usr/bin/env -S deno -q --no-prompt -RWN -S=osRelease,hostname -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG,S3_ENDPOINT,AWS_A*,AWS_SE* --ignore-env --allow-ffi=${HOME}/.cache/deno/npm --allow-run=deno
/** `deno task data-platform:test:s3`: proves by use that the object store can carry a lakehouse. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { testS3 } from "../lib/checkpoints/s3/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(testS3), Deno.args);
