import assert from "node:assert/strict";
import fc from "fast-check";
import { redact } from "../../lib/clients/redact.ts";

const SECRET = 'kEy-9f$"quoted"\nline';
const ENCODED = btoa(SECRET);

Deno.test("a secret is taken out as it is, escaped, encoded and decoded", () => {
  assert.equal(redact(`Invalid value: ${SECRET}!`, [SECRET]), "Invalid value: …!");
  assert.equal(redact(`Invalid value: ${JSON.stringify(SECRET)}!`, [SECRET]), 'Invalid value: "…"!');
  assert.equal(redact(`got ${ENCODED}`, [SECRET]), "got …");
  assert.equal(redact(`got ${SECRET}`, [ENCODED]), "got …");
  assert.equal(redact(`got ${JSON.stringify(SECRET)}`, [ENCODED]), 'got "…"');
});

Deno.test("a part of a long secret is taken out, too", () => {
  const secret = "abcdefghijklmnopqrstuvwxyz";
  assert.equal(redact("at ...|efghijklm|... and ghijklmnop", [secret]), "at ...|…|... and …");
});

Deno.test("a short secret is taken out where it stands as a word", () => {
  assert.equal(redact('value "abc" of abcdef, xabc', ["abc"]), 'value "…" of abcdef, xabc');
  assert.equal(redact("nothing to hide", ["", " "]), "nothing to hide");
});

Deno.test("whatever the secret and the text around it, no form of it stays", () => {
  const secret = fc.string({ minLength: 8, maxLength: 40 });
  fc.assert(fc.property(secret, fc.string(), fc.string(), (one, before, after) => {
    const encoded = new TextEncoder().encode(one).toBase64();
    const text = redact(`${before}${one}|${JSON.stringify(one)}|${encoded}${after}`, [one]);
    assert(!text.includes(one) && !text.includes(encoded.slice(0, 10)), text);
  }));
});
