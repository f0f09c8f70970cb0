import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { clean, quote } from "../../lib/redact/mod.ts";

const SCENARIOS = new URL("../scenarios/", import.meta.url);

/** Every text under the key `message`, of conditions, events and containers. */
function messagesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === "message" && typeof part === "string" ? [part] : messagesIn(part)
  );
}

Deno.test("of the messages that were recorded on a real platform, none is changed but for its line breaks", async () => {
  const seen = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(SCENARIOS)) {
    if (!isDirectory) continue;
    const file = await Deno.readFile(new URL(`${name}/facts.json.gz`, SCENARIOS)).catch(() => undefined);
    if (!file) continue;
    for (const message of messagesIn(JSON.parse(new TextDecoder().decode(gunzipSync(file))))) {
      seen.add(message);
    }
  }
  assert.ok(seen.size > 200, `${seen.size} messages`);
  for (const message of seen) assert.equal(quote(message, [], 100_000), clean(message));
});
