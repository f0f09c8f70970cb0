import assert from "node:assert/strict";
import { parse } from "yaml";
import { ROOT } from "../tools/tasks.ts";

const FOLDER = `${ROOT}/.github/ISSUE_TEMPLATE`;
/** What every template says of a facts file, however its lines are broken. */
const HOLDS =
  "no value of an environment variable, an argument, a ConfigMap or a Secret, no line of a log, and no login";

interface Form {
  name: string;
  description: string;
  body: { type: string; id?: string; attributes: { label?: string; value?: string; description?: string } }[];
}

const read = async (path: string) => (await Deno.readTextFile(path)).replaceAll(/\s+/g, " ");

Deno.test("every issue template is a form: parts with labels and ids of their own", async () => {
  for (const name of ["wrong_verdict", "bug", "idea"]) {
    const form: Form = parse(await Deno.readTextFile(`${FOLDER}/${name}.yml`));
    assert.ok(form.name && form.description, name);
    const asked = form.body.filter(({ type }) => type !== "markdown");
    assert.equal(new Set(asked.map(({ id }) => id)).size, asked.length, name);
    for (const { type, id, attributes } of asked) {
      assert.ok(["textarea", "input"].includes(type) && id && attributes.label, `${name}: ${id}`);
    }
    for (const { type, attributes } of form.body) assert.ok(type !== "markdown" || attributes.value, name);
  }
});

Deno.test("every template asks for facts, and says what they hold and how to read them before", async () => {
  const templates = ["ISSUE_TEMPLATE/wrong_verdict.yml", "ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/idea.yml"];
  for (const name of [...templates, "pull_request_template.md"]) {
    const text = await read(`${ROOT}/.github/${name}`);
    for (const part of ["--save-facts", HOLDS, "zcat ", "before you attach it"]) {
      assert.ok(text.includes(part), `${name} does not say "${part}"`);
    }
  }
});

Deno.test("what the templates say of a facts file is what docs/security.md says", async () => {
  const claim = (await read(`${ROOT}/docs/security.md`)).replaceAll(", and not the login", ", and no login");
  assert.ok(
    claim.includes("no value of an environment variable, an argument, a ConfigMap or a Secret"),
    claim,
  );
  assert.match(claim, /no line of a log, no body of an answer, and no login\./);
});
