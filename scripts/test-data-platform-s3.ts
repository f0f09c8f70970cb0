/** `deno task data-platform:test:s3`: proves by use that the object store can carry a lakehouse. */
import { withIntegrationTest } from "../lib/integration_test/flag.ts";
import { testS3 } from "../lib/checkpoints/s3/command.ts";
import { main } from "../lib/cli/main.ts";

await main(withIntegrationTest(testS3), Deno.args);
