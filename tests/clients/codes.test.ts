/** Codes of servers are words, or they are no codes: they go into reasons, messages and files. */
import assert from "node:assert/strict";
import { codeOf } from "../../lib/untrusted/code.ts";
import { icebergError } from "../../lib/clients/iceberg_rest.ts";
import { nessieError } from "../../lib/clients/nessie/readers.ts";
import { s3ErrorReply } from "../../lib/clients/s3/failures.ts";
import { errorFields } from "../../lib/clients/s3/error_replies.ts";
import { condition } from "../../lib/components/common/fields.ts";

const GOOD = ["NoSuchKey", "REFERENCE_CONFLICT", "a", "XMinioX9", "x".repeat(64)];
const BAD = [
  "",
  "No Such",
  "Evil\nspark.x y",
  "Evil\n",
  "\nEvil",
  "9Lives",
  "_x",
  "a-b",
  "a.b",
  "É",
  "x".repeat(65),
  "<b>",
];

Deno.test("a code is a word of letters, digits and underscores, with an end", () => {
  for (const code of GOOD) assert.equal(codeOf(code), code);
  for (const code of [...BAD, undefined, null, 5, ["a"], { a: 1 }]) assert.equal(codeOf(code), undefined);
});

Deno.test("what is no code is none, from every server", () => {
  for (const code of [...GOOD, ...BAD]) {
    const wanted = GOOD.includes(code) ? code : undefined;
    const escaped = code.replaceAll("<", "&lt;").replaceAll("\n", "&#10;");
    assert.equal(errorFields(`<Error><Code>${escaped}</Code></Error>`).code, wanted, JSON.stringify(code));
    assert.equal(nessieError(409, { status: 409, errorCode: code, message: "m" })?.code, wanted);
    assert.equal(icebergError(409, { error: { type: code, message: "m", code: 409 } })?.code, wanted ?? "");
    assert.equal(condition({ type: "Ready", status: "False", reason: code })?.reason, wanted);
  }
});

Deno.test("a name that the SDK took from an answer is a code, or none", () => {
  const headers = new Headers({ "x-amz-request-id": "x" });
  const seen = {
    status: 400,
    headers,
    text: "<Error></Error>",
    asked: { method: "GET", path: "/", sentAt: 0 },
  };
  for (const name of [...GOOD, ...BAD]) {
    const error = Object.assign(new Error("m"), { name, $response: { seen } });
    assert.equal(s3ErrorReply(error)?.code, GOOD.includes(name) ? name : "");
  }
});
