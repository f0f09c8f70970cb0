/** A process that asks for a secret and a yes, and says only how long the secret was. Run by prompt.test.ts. */
import { Interrupted } from "../../lib/engine/errors.ts";
import { ask, secret } from "../../lib/cli/prompt.ts";

try {
  const text = await secret("What is it?");
  const yes = await ask("Sure?");
  console.log(`asked: ${text.length} characters, ${yes ? "yes" : "no"}`);
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  console.log("interrupted");
  Deno.exit(130);
}
