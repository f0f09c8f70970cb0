import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/engine/errors.ts";
import { isCredentials, readCredentials } from "../../../lib/procedures/onepassword/credentials.ts";
import {
  assertNotQuoted,
  base64,
  CREDENTIALS,
  PARTS,
  problem,
  SERVICE_ACCOUNT_TOKEN,
  TOKEN,
} from "./samples.ts";

const refused = (text: string) => problem(() => readCredentials(text), text);

Deno.test("a credentials file is taken as it is, without the white space around it", () => {
  for (const text of [CREDENTIALS, `\ufeff${CREDENTIALS}\n`, `\r\n ${CREDENTIALS} \t`]) {
    assert.deepEqual(readCredentials(text), {
      text: CREDENTIALS,
      deviceUuid: "rl5xahcbuydfyy2za2rgie6tdy",
      encodedTimes: 0,
      warnings: [],
    });
  }
  const pretty = JSON.stringify(PARTS, undefined, 2);
  assert.equal(readCredentials(pretty).text, pretty);
});

Deno.test("a file that was encoded once too often is decoded, and the user is told", () => {
  const wrapped = base64(CREDENTIALS).replace(/.{76}/g, "$&\n");
  for (const text of [base64(CREDENTIALS), base64(`${CREDENTIALS}\n`), `${wrapped}\n`]) {
    const read = readCredentials(text);
    assert.equal(read.text, CREDENTIALS);
    assert.equal(read.encodedTimes, 1);
    assert.match(read.warnings.join(), /base64-encoded once too often; they are used decoded/);
  }
  const odd = JSON.stringify({ ...PARTS, note: ["a??>>>", "b??>>>", "c??>>>"] });
  assert.match(base64(odd), /\+.*\/|\/.*\+/);
  const url = base64(odd).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  assert.equal(readCredentials(url).text, odd);
});

Deno.test("a file that was encoded twice over is decoded, one that was encoded more often is not", () => {
  const twice = readCredentials(base64(base64(CREDENTIALS)));
  assert.equal(twice.text, CREDENTIALS);
  assert.equal(twice.encodedTimes, 2);
  assert.match(twice.warnings.join(), /twice over/);
  assert.match(refused(base64(base64(base64(CREDENTIALS)))), /it is not JSON/);
});

Deno.test("what is no credentials file is refused with what it is instead and what to do", () => {
  const cases: [string, RegExp][] = [
    ["", /it is empty\. Give the file 1password-credentials\.json/],
    [" \n\t\r\n", /it is empty/],
    ["hello world, this is not it", /it is not JSON\. Give/],
    [CREDENTIALS.slice(0, -20), /begins like JSON and is cut short or damaged/],
    ["[1, 2]", /JSON of something else: a list/],
    ["42", /JSON of something else: one value/],
    ["{}", /verifier\.salt, .*, version are missing/],
    [JSON.stringify({ ...PARTS, uniqueKey: undefined }), /or of a part: uniqueKey\.k is missing/],
    [
      JSON.stringify({ ...PARTS, verifier: "a-verifier-of-another-kind" }),
      /verifier is a string, expected an object/,
    ],
    [JSON.stringify({ ...PARTS, version: "1" }), /its version is not 2/],
    [JSON.stringify({ ...PARTS, version: 2 }), /version is a number, expected string/],
    [JSON.stringify({ ...PARTS, deviceUuid: "" }), /deviceUuid is missing/],
    [base64('{"type":"other","content":"something"}'), /JSON of something else/],
    [
      '{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN"}',
      /JSON of a service account/,
    ],
    ['{"uuid":"x","details":{"documentAttributes":{}}}', /the 1Password item that holds the file/],
    ['{"kind":"Secret","data":{"1password-credentials.json":"e30="}}', /a Kubernetes Secret/],
    [JSON.stringify("some text in quotes"), /a text inside quotes/],
    [new TextEncoder().encode(CREDENTIALS).with(25, 0xff).toBase64(), /it is not JSON/],
    [SERVICE_ACCOUNT_TOKEN, /a service account's token, which Connect cannot use/],
  ];
  for (const [text, expected] of cases) assert.match(refused(text), expected);
});

Deno.test("a token given as credentials is recognised, in quotes too", () => {
  assert.match(refused(TOKEN), /this is a Connect token: --credentials and --token are swapped\?/);
  assert.match(refused(JSON.stringify(TOKEN)), /a Connect token inside quotes: .* swapped\?/);
});

Deno.test("the name of a file is never taken for its content, and is recognised", () => {
  for (const path of ["1password-credentials.json", "~/Downloads/creds", "/etc/none", "./x"]) {
    assert.match(refused(path), /it is not JSON. If it is the name of a file, give it as --credentials FILE/);
  }
});

Deno.test("a credentials file is recognised where another thing is expected", () => {
  assert.ok(isCredentials(CREDENTIALS));
  assert.ok(isCredentials(base64(CREDENTIALS)));
  assert.ok(isCredentials(JSON.stringify({ ...PARTS, version: "1" })));
  for (const text of ["", "{}", TOKEN, "[]", "null"]) assert.ok(!isCredentials(text));
});

function acceptedOrRefused(text: string): void {
  try {
    readCredentials(text);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assertNotQuoted(error.message, text);
  }
}

Deno.test("property: any text is accepted or a UsageError, and no message quotes it", () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((some) => new TextDecoder().decode(some));
  const text = fc.oneof(fc.string(), bytes, fc.base64String(), fc.json(), fc.json().map(base64));
  fc.assert(fc.property(text, acceptedOrRefused), { numRuns: 500 });
});

Deno.test("property: credentials with anything changed are accepted or a UsageError, and no message quotes it", () => {
  const part = fc.constantFrom(...Object.keys(PARTS));
  fc.assert(fc.property(part, fc.jsonValue(), (key, value) => {
    acceptedOrRefused(JSON.stringify({ ...PARTS, [key]: value }));
  }));
  const place = fc.nat(CREDENTIALS.length - 1);
  fc.assert(fc.property(place, fc.string({ maxLength: 3 }), (at, other) => {
    acceptedOrRefused(CREDENTIALS.slice(0, at) + other + CREDENTIALS.slice(at + 1));
    acceptedOrRefused(base64(CREDENTIALS).slice(0, at) + other + base64(CREDENTIALS).slice(at + 1));
  }));
});
