/** Keys that are given: in a file, as the AWS CLI has it or as lines of variables, or in the environment. */
import assert from "node:assert/strict";
import { givenKeys } from "../../../../lib/checkpoints/s3/setup/given_keys.ts";
import { UsageError } from "../../../../lib/engine/errors.ts";

const ID = "AWS_ACCESS_KEY_ID";
const SECRET = "AWS_SECRET_ACCESS_KEY";

async function fromFile(text: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, text);
  try {
    return await givenKeys(new Map([["credentials-file", path]]), true);
  } finally {
    await Deno.remove(path);
  }
}

async function withVariables<T>(values: Record<string, string>, use: () => Promise<T>): Promise<T> {
  const before = [ID, SECRET].map((name) => [name, Deno.env.get(name)] as const);
  for (const name of [ID, SECRET]) Deno.env.delete(name);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  try {
    return await use();
  } finally {
    for (const [name, value] of before) {
      value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    }
  }
}

const FILES: Record<string, string> = {
  "a section [default]": "[default]\naws_access_key_id = one\naws_secret_access_key=two=\n",
  "other sections beside it": "[other]\naws_access_key_id=x\naws_secret_access_key=y\n[default]\n" +
    "aws_access_key_id=one\r\naws_secret_access_key=two=\r\n",
  "no section": "# keys\nexport AWS_ACCESS_KEY_ID='one'\nAWS_SECRET_ACCESS_KEY=\"two=\"\n",
};

for (const [what, text] of Object.entries(FILES)) {
  Deno.test(`keys are read from a file with ${what}`, async () => {
    const found = await fromFile(text);
    assert.deepEqual(found?.keys, { accessKeyId: "one", secretAccessKey: "two=" });
    assert.deepEqual([found?.kind, found?.secret.kind], ["given", "File"]);
  });
}

Deno.test("a file without a pair of keys is said to be none, and nothing of it is quoted", async () => {
  for (const text of ["", "[other]\naws_access_key_id=one\naws_secret_access_key=hush\n", "hush"]) {
    await assert.rejects(
      fromFile(text),
      (error) =>
        error instanceof UsageError && /holds no pair of S3 keys/.test(error.message) &&
        !/hush/.test(error.message),
    );
  }
  const spaced = await fromFile("aws_access_key_id=one\naws_secret_access_key=two words\n");
  assert.match(spaced?.flaw ?? "", /aws_secret_access_key holds a space/);
  const half = await fromFile("aws_access_key_id=one\naws_secret_access_key=\n");
  assert.match(half?.flaw ?? "", /aws_secret_access_key is empty/);
});

Deno.test("the environment is looked at only where no cluster is asked for keys", async () => {
  await withVariables({ [ID]: "one", [SECRET]: "two" }, async () => {
    assert.equal(await givenKeys(new Map(), false), undefined);
    const found = await givenKeys(new Map(), true);
    assert.deepEqual(found?.keys, { accessKeyId: "one", secretAccessKey: "two" });
    assert.equal(found?.secret.name, ID);
  });
  await withVariables({ [ID]: "one" }, async () => {
    await assert.rejects(givenKeys(new Map(), true), /--credentials-file FILE, or set AWS_ACCESS_KEY_ID and/);
  });
});

Deno.test("a Secret and a file at once are one too many", async () => {
  const given = new Map([["credentials", "lake/keys"], ["credentials-file", "keys"]]);
  await assert.rejects(givenKeys(given, false), UsageError);
});
