/**
 * Replays what was recorded from the broken lab. Two things are asserted of every directory here: the report is the one
 * that was recorded (a change must be meant), and it says what is true of the fault (expect.json, written from what was
 * broken). `deno run -A lab/record.ts --replay` writes the snapshots again; `deno run -A lab/record.ts NAME` records anew.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { disagreements } from "../../lab/faults/expect.ts";
import type { Expectation } from "../../lab/faults/fault.ts";
import { plainText, recordedPart, replay } from "../../lab/faults/replay.ts";
import { scenarios } from "../../lab/faults/scenarios.ts";
import { parseYaml } from "../../lib/untrusted/yaml.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import { reportSchema } from "../../lib/engine/report_schema.ts";
import { at } from "../../lib/untrusted/lookup.ts";

const HERE = new URL(".", import.meta.url).pathname;
const DECLARATION = new URL("../../kubernetes/apps/namespaces/declaration.yaml", import.meta.url);

/** What the ConfigMap among the platform's manifests declares. */
async function declared(): Promise<unknown> {
  const manifest = await parseYaml(readFileSync(DECLARATION, "utf8"));
  const text = manifest.ok ? at(manifest.value, "data", "platform.yaml") : undefined;
  const parsed = await parseYaml(String(text));
  assert.ok(parsed.ok);
  return parsed.value;
}

const declaration = await declared();
const recorded = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, "facts.json.gz"))).sort();

function read(name: string, file: string): string {
  return readFileSync(join(HERE, name, file), "utf8");
}

Deno.test("at least twenty scenarios are recorded, each of a fault that the lab can make or of a report from the field", () => {
  assert.ok(recorded.length >= 20, `${recorded.length} are`);
  const known = new Set(scenarios.map(({ name }) => name));
  assert.deepEqual(recorded.filter((name) => !known.has(name)), []);
});

Deno.test("some of them are innocent, and none of these is critical", () => {
  const innocent = scenarios.filter(({ expect }) => expect.exit < 2).map(({ name }) => name);
  assert.ok(recorded.filter((name) => innocent.includes(name)).length >= 4);
});

for (const name of recorded) {
  Deno.test(`${name}: the diagnosis says what is true`, async () => {
    const expect: Expectation = JSON.parse(read(name, "expect.json"));
    const report = replay(await loadFacts(join(HERE, name, "facts.json.gz")));
    assert.deepEqual(disagreements(report, expect), []);
  });

  Deno.test(`${name}: the same is true with the declaration that the platform brings`, async () => {
    const expect: Expectation = JSON.parse(read(name, "expect.json"));
    const facts = await loadFacts(join(HERE, name, "facts.json.gz"));
    const report = replay({ ...facts, declared: { from: "platform.yaml", document: declaration } });
    assert.deepEqual(disagreements(report, expect), []);
  });

  Deno.test(`${name}: the report is as recorded, in the schema's shape, from at most 100 KiB of facts`, async () => {
    const path = join(HERE, name, "facts.json.gz");
    const report = replay(await loadFacts(path));
    reportSchema.parse(report);
    assert.deepEqual(JSON.parse(JSON.stringify(recordedPart(report))), JSON.parse(read(name, "report.json")));
    assert.equal(await plainText(report), read(name, "plain.txt"));
    assert.ok(statSync(path).size <= 100 * 1024);
  });
}
