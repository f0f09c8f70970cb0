/** The command as people start it, on recorded facts: what it shows, what it writes, and what it says of a bad declaration. */
import assert from "node:assert/strict";
import { laidOut, LAYOUTS } from "../../platforms/layouts.ts";
import { replay } from "../../../lab/faults/replay.ts";
import { parseYaml } from "../../../lib/untrusted/yaml.ts";
import { loadFacts } from "../../../lib/disk/facts_file.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { declarationText, readDeclaration } from "../../../lib/platform/mod.ts";
import { declarationSchema } from "../../../tools/pages/declaration_schema.ts";
import { withDirectory } from "../../cli/run.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const FACTS = `${ROOT}tests/scenarios/healthy/facts.json.gz`;

async function run(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("it shows each role with what fills it and what told it, within 80 columns", async (t) => {
  const { code, stdout, stderr } = await run("data-platform:discover", "--facts", FACTS);
  assert.deepEqual([code, stderr], [0, ""]);
  const lines = stdout.split("\n").filter((line) => !line.startsWith("    deno task"));
  assert.deepEqual(lines.filter((line) => line.length > 80), []);
  await t.assertSnapshot(stdout.replace(/in \d+\.\d+ s/, "in 0.00 s"));
});

Deno.test("its JSON is a report with the field platform", async () => {
  const { code, stdout } = await run("data-platform:discover", "--facts", FACTS, "--json");
  assert.equal(code, 0);
  const { platform } = reportSchema.parse(JSON.parse(stdout));
  assert.deepEqual(platform?.roles.map(({ role }) => role).slice(0, 3), [
    "catalog",
    "database",
    "object-store",
  ]);
});

Deno.test("it writes a declaration that health takes, never over a file that is there, and only with the right to", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/platform.yaml`;
    const args = ["--facts", FACTS, "--write", path];
    const lacking = await run("data-platform:discover", ...args);
    assert.equal(lacking.code, 3);
    assert.match(lacking.stderr, /Next: deno task data-platform:discover:save --facts/);
    const written = await run("data-platform:discover:save", ...args);
    assert.deepEqual([written.code, written.stderr.includes("Declaration written to")], [0, true]);
    const before = await Deno.readTextFile(path);
    const again = await run("data-platform:discover:save", ...args);
    assert.equal(again.code, 3);
    assert.match(again.stderr, /something is there already, and is not written over/);
    assert.equal(await Deno.readTextFile(path), before);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["platform.yaml"]);
    const health = await run("data-platform:health", "--facts", FACTS, "--config", path, "--json");
    assert.equal(health.code, 0);
    assert.equal(JSON.parse(health.stdout).platform.declaration, "File platform.yaml");
  });
});

Deno.test("a declaration that cannot be used is one message, exit 3, before anything is read", async () => {
  await withDirectory(async (directory) => {
    const cases: [name: string, text: string, said: RegExp][] = [
      ["empty.yaml", "", /cannot be used: is empty/],
      ["no.yaml", "a: [", /cannot be used: line 1 is not valid YAML/],
      [
        "slip.yaml",
        "apiVersion: lakecheck.dev/v1\nkind: Platform\nroles: {nesie: required}\n",
        /did you mean nessie\?/,
      ],
      ["new.yaml", "apiVersion: lakecheck.dev/v7\nkind: Platform\n", /of a newer lakecheck/],
      ["bomb.yaml", bomb(), /larger than 16 MiB with its aliases written out/],
    ];
    for (const [name, text, said] of cases) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
      const { code, stdout, stderr } = await run("data-platform:health", "--config", `${directory}/${name}`);
      assert.deepEqual([code, stdout, stderr.trim().split("\n").length], [3, "", 1], stderr);
      assert.match(stderr, said);
    }
    const absent = await run("data-platform:health", "--config", `${directory}/absent.yaml`);
    assert.match(absent.stderr, /Cannot read the declaration .*absent\.yaml: there is no such file/);
    const folder = await run("data-platform:health", "--config", directory);
    assert.match(folder.stderr, /it is a directory/);
  });
});

/** Ten lines of ten aliases each. */
function bomb(): string {
  const lines = Array.from({ length: 10 }, (_, i) => {
    const before = i === 0 ? '"x"' : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array(10).fill(before).join(", ")}]`;
  });
  return lines.join("\n") + "\n";
}

Deno.test("what is written of any platform can be used there, and finds no fault with it", async () => {
  for (const [name, layout] of Object.entries({ "the lab": {}, ...LAYOUTS })) {
    const facts = laidOut(await loadFacts(FACTS), layout);
    const { platform, status } = replay(facts);
    assert.ok(platform, name);
    const parsed = await parseYaml(declarationText(platform));
    assert.ok(parsed.ok, name);
    readDeclaration(parsed.value);
    declarationSchema.parse(parsed.value);
    const declared = replay({ ...facts, declared: { from: "platform.yaml", document: parsed.value } });
    assert.deepEqual([declared.status, declared.issues], [status, []], name);
  }
});

Deno.test("names that would end a line or a text of the file do not", async () => {
  const object = { kind: "Deployment", namespace: "lake", name: 'a"\n  evil: "x' };
  const text = declarationText({
    namespace: "lake",
    roles: [{
      role: "spark-client",
      title: "x",
      objects: [{ object, by: "label a=\nevil: true" }],
      ambiguous: "a\nb",
    }],
  });
  const parsed = await parseYaml(text);
  assert.ok(parsed.ok);
  assert.deepEqual(Object.keys(parsed.value as object), ["apiVersion", "kind", "namespace", "roles"]);
});
