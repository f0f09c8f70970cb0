import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/engine/errors.ts";
import { readToken } from "../../../lib/procedures/onepassword/token.ts";
import {
  assertNotQuoted,
  base64,
  CLAIMS,
  CREDENTIALS,
  NOW,
  problem,
  SERVICE_ACCOUNT_TOKEN,
  TOKEN,
  tokenOf,
  VAULT,
} from "./samples.ts";

const refused = (text: string) => problem(() => readToken(text, NOW), text);
const inDays = (days: number) => Math.floor(NOW.getTime() / 1000) + days * 86_400;

Deno.test("a token tells its vaults, its issuer and its end", () => {
  assert.deepEqual(readToken(TOKEN, NOW), {
    text: TOKEN,
    grants: [{ vault: VAULT, read: true, write: false, bits: 48 }],
    issuer: "com.1password.b5",
    expiresAt: new Date("2027-11-21T09:00:00Z"),
    trimmed: false,
    warnings: [],
  });
});

Deno.test("the white space around a token is no part of it", () => {
  for (const text of [`${TOKEN}\n`, `${TOKEN}\r\n`, `\ufeff${TOKEN}`, ` ${TOKEN}\t`]) {
    const token = readToken(text, NOW);
    assert.equal(token.text, TOKEN);
    assert.ok(token.trimmed);
  }
});

Deno.test("vaults are named as the Connect API names them, with what may be done there", () => {
  const text = tokenOf({
    "1password.com/vts": [{ u: VAULT.toUpperCase(), a: 1008 }, { u: "a".repeat(26), a: 0 }],
  });
  assert.deepEqual(readToken(text, NOW).grants, [
    { vault: VAULT, read: true, write: true, bits: 1008 },
    { vault: "a".repeat(26), read: false, write: false, bits: 0 },
  ]);
});

Deno.test("a token without an end has none, and one that ends soon has a warning", () => {
  assert.equal(readToken(tokenOf({ exp: undefined }), NOW).expiresAt, undefined);
  assert.deepEqual(readToken(tokenOf({ exp: inDays(3) }), NOW).warnings, [
    "The token expires on 2026-11-24T09:00:00.000Z, in 3 days.",
  ]);
  assert.deepEqual(readToken(tokenOf({ exp: inDays(15) }), NOW).warnings, []);
});

Deno.test("an expired token says since when", () => {
  assert.match(
    refused(tokenOf({ exp: inDays(-40) })),
    /it expired on 2026-10-12T09:00:00\.000Z, 40 days ago\. Give an access token of the Connect server/,
  );
  assert.match(refused(tokenOf({ exp: inDays(0) })), /less than a day ago/);
});

Deno.test("a token that opens no vault is refused", () => {
  for (const vaults of [undefined, [], [{ u: VAULT, a: 0 }]]) {
    assert.match(refused(tokenOf({ "1password.com/vts": vaults })), /it opens no vault at all/);
  }
});

Deno.test("what is no token of Connect is refused with what it is instead and what to do", () => {
  const form = /names its vaults in a form that is not known/;
  const cases: [string, RegExp][] = [
    ["", /it is empty\. Give an access token/],
    [" \n", /it is empty/],
    [SERVICE_ACCOUNT_TOKEN, /a service account's token \(ops_\.\.\.\), which Connect does not accept/],
    [CREDENTIALS, /this is a credentials file: --credentials and --token are swapped\?/],
    [base64(CREDENTIALS), /this is a credentials file: .* swapped\?/],
    [`"${TOKEN}"`, /it stands in quotes/],
    [`'${TOKEN}'\n`, /it stands in quotes/],
    [`Bearer ${TOKEN}`, /the word Bearer stands before it/],
    [base64(TOKEN), /it is base64 of a token, as in the data of a Secret/],
    [`${TOKEN.slice(0, 90)}\n${TOKEN.slice(90)}`, /it has line breaks inside/],
    [`${TOKEN}\n${TOKEN}`, /it has line breaks inside/],
    [`${TOKEN.slice(0, 90)} ${TOKEN.slice(90)}`, /it has white space inside/],
    ["/home/me/token", /If it is the name of a file, give it as --token FILE/],
    ["connect.token", /If it is the name of a file, give it as --token FILE/],
    ["correct-horse-battery-staple", /has 3 parts between dots and this has 1\./],
    [TOKEN.slice(0, TOKEN.lastIndexOf(".")), /this has 2: its end is missing\?/],
    [TOKEN.slice(0, TOKEN.lastIndexOf(".") + 1), /a character was lost or changed/],
    [`e${TOKEN}`, /a character was lost or changed/],
    [TOKEN.replace(".", ".e"), /a character was lost or changed/],
    [tokenOf({ aud: ["https://kubernetes.default.svc"] }), /its audience is not com\.1password\.connect/],
    [tokenOf({ aud: undefined }), /its audience is not/],
    [tokenOf({ iss: "https://kubernetes.default.svc.cluster.local" }), /1Password did not issue/],
    [tokenOf({ iss: undefined }), /1Password did not issue/],
    [tokenOf({ exp: "next-year-in-november" }), /the time of its end cannot be read/],
    [tokenOf({ exp: 1e300 }), /the time of its end cannot be read/],
    [tokenOf({ "1password.com/vts": "lakehouse-and-others" }), form],
    [tokenOf({ "1password.com/vts": [null] }), form],
    [tokenOf({ "1password.com/vts": [{ u: "lakehouse-and-others", a: 48 }] }), form],
    [tokenOf({ "1password.com/vts": [{ u: VAULT, a: "48" }] }), form],
  ];
  for (const [text, expected] of cases) assert.match(refused(text), expected);
});

Deno.test("an audience that is one text is as good as a list", () => {
  assert.equal(readToken(tokenOf({ aud: "com.1password.connect" }), NOW).grants.length, 1);
});

function acceptedOrRefused(text: string): void {
  try {
    readToken(text, NOW);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assertNotQuoted(error.message, text);
  }
}

Deno.test("property: any text is accepted or a UsageError, and no message quotes it", () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((some) => new TextDecoder().decode(some));
  const jwt = fc.tuple(fc.json(), fc.json(), fc.base64String())
    .map(([head, claims, end]) => `${base64(head)}.${base64(claims)}.${end}`.replaceAll("=", ""));
  fc.assert(fc.property(fc.oneof(fc.string(), bytes, fc.base64String(), jwt), acceptedOrRefused), {
    numRuns: 500,
  });
});

Deno.test("property: a token with anything changed is accepted or a UsageError, and no message quotes it", () => {
  const claim = fc.constantFrom(...Object.keys(CLAIMS));
  fc.assert(fc.property(claim, fc.jsonValue(), (key, value) => acceptedOrRefused(tokenOf({ [key]: value }))));
  fc.assert(fc.property(fc.nat(TOKEN.length - 1), fc.string({ maxLength: 3 }), (at, other) => {
    acceptedOrRefused(TOKEN.slice(0, at) + other + TOKEN.slice(at + 1));
  }));
});
