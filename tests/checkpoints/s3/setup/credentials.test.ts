import assert from "node:assert/strict";
import {
  chosenCredential,
  copyOutcomes,
  type Credential,
  credentialOutcomes,
  readCredentials,
} from "../../../../lib/checkpoints/s3/setup/credentials.ts";
import type { CredentialRef } from "../../../../lib/checkpoints/s3/setup/facts.ts";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { CannotLook, UsageError } from "../../../../lib/engine/errors.ts";

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const ID = "AKIDOFTESTSAKIDOFTES";
const SECRET = "secret/of+tests/secret+of/tests/secret+of";

const ref = (name: string, kind: CredentialRef["kind"] = "copy"): CredentialRef => ({
  secret: { kind: "Secret", namespace: "ns", name },
  idKey: "AccessKey",
  secretKey: "SecretKey",
  kind,
  used: true,
});

const cluster = (data: Record<string, Record<string, string>>) => ({
  get(path: string): Promise<KubeObject | undefined> {
    const name = path.split("/").at(-1) ?? "";
    if (name === "forbidden") {
      return Promise.reject(new CannotLook({ kind: "forbidden", message: "you may not" }));
    }
    const found = data[name];
    if (!found) return Promise.resolve(undefined);
    const values = Object.fromEntries(Object.entries(found).map(([key, value]) => [key, base64(value)]));
    return Promise.resolve({ apiVersion: "v1", kind: "Secret", metadata: { name }, data: values });
  },
});

Deno.test("keys are decoded, and what is wrong with them is said by name", async () => {
  const kube = cluster({
    good: { AccessKey: ID, SecretKey: SECRET },
    broken: { AccessKey: ID, SecretKey: `${SECRET}\n` },
    half: { AccessKey: ID, SecretKey: "" },
  });
  const [good, broken, half] = await readCredentials(kube, [ref("good"), ref("broken"), ref("half")]);
  assert.deepEqual(good?.keys, { accessKeyId: ID, secretAccessKey: SECRET });
  assert.equal(good?.flaw, undefined);
  assert.match(broken?.flaw ?? "", /its SecretKey holds a space or a line break/);
  assert.match(half?.flaw ?? "", /its SecretKey is empty/);
});

Deno.test("a Secret that may not be read, or is gone, leaves the others readable", async () => {
  const kube = cluster({ good: { AccessKey: ID, SecretKey: SECRET } });
  const all = await readCredentials(kube, [ref("forbidden"), ref("gone"), ref("good")]);
  assert.deepEqual(all.map(({ failure, keys }) => failure?.kind ?? keys?.accessKeyId), [
    "forbidden",
    "server-error",
    ID,
  ]);
});

Deno.test("--credentials must be NAMESPACE/SECRET of a Secret that is there and holds a pair", async () => {
  const kube = cluster({
    pair: { AWS_ACCESS_KEY_ID: ID, AWS_SECRET_ACCESS_KEY: SECRET },
    other: { password: "x" },
  });
  const refused = (text: string, why: RegExp) =>
    assert.rejects(
      chosenCredential(kube, text),
      (error) => error instanceof UsageError && why.test(error.message),
    );
  for (const text of ["pair", "ns/pair/x", "/pair", "ns/", "NS/Pair", "../x/y"]) {
    await refused(text, /must be NAMESPACE/);
  }
  await refused("ns/gone", /Secret ns\/gone, which does not exist/);
  await refused("ns/other", /no pair of S3 keys.*holds: password/);
  const chosen = await chosenCredential(kube, "ns/pair");
  assert.equal(chosen.idKey, "AWS_ACCESS_KEY_ID");
});

const answered = (code: string | undefined, status = code ? 403 : 200): Credential => ({
  ...ref("one"),
  keys: { accessKeyId: ID, secretAccessKey: SECRET },
  answer: { status, ...code ? { code } : {} },
});
const verdict = (credential: Credential) => {
  const [outcome] = credentialOutcomes([credential]);
  return `${outcome?.result} ${outcome?.reason}`;
};

Deno.test("what the store says of a signature is told apart", () => {
  assert.equal(verdict(answered(undefined)), "passed Holds");
  // May sign, and may not list buckets.
  assert.equal(verdict(answered("AccessDenied")), "passed Holds");
  assert.equal(verdict(answered("InvalidAccessKeyId")), "failed UnknownKey");
  assert.equal(verdict(answered("SignatureDoesNotMatch")), "failed WrongSecret");
  assert.equal(verdict(answered("RequestTimeTooSkewed")), "failed ClockSkew");
  assert.equal(verdict(answered("UserSuspended")), "failed UserSuspended");
  assert.equal(verdict(answered(undefined, 404)), "failed Refused");
  assert.equal(verdict({ ...ref("one"), flaw: "its AccessKey is empty" }), "failed BadKey");
  assert.equal(
    verdict({ ...ref("one"), failure: { kind: "forbidden", message: "no" } }),
    "unknown Forbidden",
  );
});

Deno.test("unknown keys that no pod uses may be for another store: a warning", () => {
  const unused = { ...answered("InvalidAccessKeyId"), used: false };
  assert.equal(credentialOutcomes([unused])[0]?.status, "warning");
  assert.equal(credentialOutcomes([answered("InvalidAccessKeyId")])[0]?.status, undefined);
});

Deno.test("no pair of keys at all is a fault, never silence", () => {
  assert.deepEqual(credentialOutcomes([]).map(({ result, reason }) => `${result} ${reason}`), [
    "failed NoCredentials",
  ]);
});

const copied = (keys: Credential["keys"], kind: CredentialRef["kind"], code?: string): Credential => ({
  ...answered(code),
  ...ref(kind, kind),
  keys,
});
const compared = (...all: Credential[]) =>
  copyOutcomes(all).map(({ result, reason }) => `${result} ${reason}`);

Deno.test("copies are compared with what Rook wrote, and no message holds a key", () => {
  const right = { accessKeyId: ID, secretAccessKey: SECRET };
  const source = copied(right, "source");
  assert.deepEqual(compared(source, copied({ ...right }, "copy")), ["passed Holds"]);
  const otherSecret = copied({ ...right, secretAccessKey: `${SECRET}2` }, "copy", "SignatureDoesNotMatch");
  assert.deepEqual(compared(source, otherSecret), ["failed CopyDiffers"]);
  const old = copied({ accessKeyId: "OLDOLDOLDOLD", secretAccessKey: "old" }, "copy", "InvalidAccessKeyId");
  assert.deepEqual(compared(source, old), ["failed CopyDiffers"]);
  // Another user of the same store.
  const working = copied({ accessKeyId: "ANOTHERUSER", secretAccessKey: "theirs" }, "copy");
  assert.deepEqual(compared(source, working), ["passed Holds"]);
  assert.deepEqual(compared(working), ["skipped NotApplicable"]);
  const said = JSON.stringify([
    copyOutcomes([source, otherSecret, old]),
    credentialOutcomes([otherSecret, old]),
  ]);
  for (const part of [ID, SECRET, "OLDOLDOLDOLD"]) assert.ok(!said.includes(part));
});
