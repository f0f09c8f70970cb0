import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { quote, redact, RUN } from "../../lib/redact/mod.ts";

const SECRET = 'kEy-9f$"quoted"\nline';
const ENCODED = btoa(SECRET);

Deno.test("a secret is taken out as it is, escaped, encoded and decoded", () => {
  assert.equal(redact(`Invalid value: ${SECRET}!`, [SECRET]), "Invalid value: …!");
  assert.equal(redact(`Invalid value: ${JSON.stringify(SECRET)}!`, [SECRET]), 'Invalid value: "…"!');
  assert.equal(redact(`got ${ENCODED}`, [SECRET]), "got …");
  assert.equal(redact(`got ${SECRET}`, [ENCODED]), "got …");
  assert.equal(redact(`got ${JSON.stringify(SECRET)}`, [ENCODED]), 'got "…"');
});

Deno.test("a secret with signs that HTML names is found by small and capital names", () => {
  const secret = "ab^cd&ef<gh";
  assert.equal(redact("x ab&Hat;cd&amp;ef&lt;gh y", [secret]), "x … y");
  assert.equal(redact("x ab&Hat;cd&AMP;ef&LT;gh y", [secret]), "x … y");
});

Deno.test("a part of a long secret is taken out, too", () => {
  const secret = "abcdefghijklmnopqrstuvwxyz";
  assert.equal(redact("at ...|efghijklm|... and ghijklmnop", [secret]), "at ...|…|... and …");
  assert.equal(redact("abcdefg stays", [secret]), "abcdefg stays");
  assert.equal(redact("abcdefgh goes", [secret]), "… goes");
});

Deno.test("beside an ellipsis, a part of 4 to 7 signs goes as well", () => {
  const secret = "Xk9mQ2vL-and-more-T4w8";
  const cases = {
    "token Xk9mQ2v...": "token ……".replace("……", "…..."),
    'token "Xk9m…"': 'token "……"',
    "token Xk9mQ[truncated]": "token …[truncated]",
    "...T4w8 was sent": "...… was sent",
    "… w8 was sent": "… w8 was sent",
    "token Xk9...": "token Xk9...",
    "token Xk9mQ2v": "token Xk9mQ2v",
    "T4w8 was sent": "T4w8 was sent",
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(redact(text, [secret]), expected, text);
});

Deno.test("a short secret is taken out where it is the value of a password, and nowhere else", () => {
  const innocent = [
    "ok, it is not ok: a token of the user is not OK",
    'password authentication failed for user "nessie"',
    "Pod data-platform/nessie-0: a container is waiting",
    "user=nessie, database=nessie; nessie's secret nessie",
  ];
  for (const text of innocent) assert.equal(redact(text, ["ok", "a", "nessie", "", " ", "n"]), text);
  const hidden = {
    "password=ok": "password=…",
    'password: "nessie", user: "nessie"': 'password: "…", user: "nessie"',
    'no password "nessie" for user "nessie"': 'no password "…" for user "nessie"',
    "PGPASSWORD=nessie; nessie-1": "PGPASSWORD=…; nessie-1",
    "password=nessie-1": "password=nessie-1",
    "the token: 'a.b'": "the token: '…'",
  };
  for (const [text, expected] of Object.entries(hidden)) {
    assert.equal(redact(text, ["nessie", "ok", "a.b"]), expected);
  }
});

/** Signs that escapes and encodings are made of, and others. */
const sign = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(..."%\\&\"'/+=-_ \n\t<>;#u04") },
  { weight: 1, arbitrary: fc.constantFrom("ß", "語", "😀", "é", "\u200b", "\u0001") },
);
/** The signs by which things are hidden are the exception: "…" between two parts would make a whole. */
const secrets = fc.array(sign, { minLength: RUN, maxLength: 60 }).map((signs) => signs.join(""))
  .filter((secret) => secret.trim().length >= RUN && !/[…*]/.test(secret));

const everySign = (secret: string, write: (sign: string) => string) => [...secret].map(write).join("");
const bytesOf = (text: string) => [...new TextEncoder().encode(text)];
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** Ways in which servers write what they were sent; `n` chooses which signs are escaped where that is free. */
const ENCODINGS: Record<string, (secret: string, n: number) => string> = {
  plain: (secret) => secret,
  url: (secret) => encodeURIComponent(secret.toWellFormed()),
  "url, small hex": (secret) => bytesOf(secret).map((byte) => `%${hex(byte, 2)}`).join(""),
  "url, in part": (secret, n) =>
    everySign(
      secret,
      (one) =>
        one === "%" || one.charCodeAt(0) % 3 === n % 3
          ? bytesOf(one).map((byte) => `%${hex(byte, 2).toUpperCase()}`).join("")
          : one,
    ),
  "url twice": (secret) => encodeURIComponent(encodeURIComponent(secret.toWellFormed())),
  json: (secret) => JSON.stringify(secret).slice(1, -1),
  "json, all \\u": (secret) =>
    Array.from({ length: secret.length }, (_, i) => `\\u${hex(secret.charCodeAt(i), 4)}`).join(""),
  "json, in part": (secret, n) =>
    Array.from({ length: secret.length }, (_, i) => {
      const unit = secret.charAt(i);
      const plain = /[a-z0-9]/i.test(unit) && i % 2 === n % 2;
      return plain ? unit : unit === "/" ? "\\/" : `\\u${hex(unit.charCodeAt(0), 4).toUpperCase()}`;
    }).join(""),
  "json in json": (secret) => JSON.stringify(JSON.stringify(secret)).slice(1, -1),
  "html, decimal": (secret) => everySign(secret, (one) => `&#${one.codePointAt(0)};`),
  "html, hex": (secret) => everySign(secret, (one) => `&#x${hex(one.codePointAt(0) ?? 0, 1)};`),
  "html, named": (secret) =>
    secret.replace(
      /[&<>"'/+=%]/g,
      (one) =>
        ({
          "&": "&amp;",
          "<": "&lt;",
          ">": "&gt;",
          '"': "&quot;",
          "'": "&apos;",
          "/": "&sol;",
          "+": "&plus;",
          "=": "&equals;",
        })[
          one
        ] ?? "&percnt;",
    ),
  hex: (secret) => new TextEncoder().encode(secret).toHex(),
  "HEX": (secret) => new TextEncoder().encode(secret).toHex().toUpperCase(),
  "base64": (secret, n) => new TextEncoder().encode(`${"user:".slice(0, n % 3)}${secret}`).toBase64(),
  "base64 within more": (secret, n) =>
    new TextEncoder().encode(`${"abc".slice(0, n % 3)}${secret}:tail`).toBase64(),
  "base64url": (secret, n) =>
    new TextEncoder().encode(`${"xyz".slice(0, n % 3)}${secret}`).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    }),
  "base64, wrapped": (secret) =>
    (new TextEncoder().encode(secret).toBase64().match(/.{1,7}/g) ?? []).join("\r\n"),
  "base64 in a URL": (secret) => encodeURIComponent(new TextEncoder().encode(secret).toBase64()),
};

/** Every row of 8 signs that is not all blank, as it is and as one line shows it. */
function rowsOf(secret: string): string[] {
  return Array.from({ length: Math.max(0, secret.length - RUN + 1) }, (_, i) => secret.slice(i, i + RUN))
    .filter((row) => row.trim().length > 1 && row.isWellFormed());
}

/** What may not stand in a result: rows of the secret, and rows of an encoding as long as 8 bytes come to in it. */
function forbidden(secret: string, name: string, encoded: string): string[] {
  const length = /^hex$/i.test(name) ? 2 * RUN : /64/.test(name) ? 12 : undefined;
  if (length === undefined) return [];
  const bytes = new TextEncoder().encode(secret).length;
  const inner = encoded.slice(4, Math.floor(bytes * 4 / 3));
  const whole = /hex/i.test(name) ? encoded : inner;
  return Array.from({ length: Math.max(0, whole.length - length + 1) }, (_, i) => whole.slice(i, i + length));
}

for (const [name, encode] of Object.entries(ENCODINGS)) {
  Deno.test(`property: whatever the secret, its surroundings and the cut, no 8 signs of it stay (${name})`, () => {
    const around = fc.string({ unit: "grapheme-ascii", maxLength: 20 });
    const cut = fc.nat(400);
    fc.assert(
      fc.property(
        secrets,
        around,
        around,
        fc.nat(5),
        cut,
        fc.integer({ min: 1, max: 400 }),
        (one, a, b, n, from, limit) => {
          const encoded = encode(one, n);
          const whole = `${a}${encoded} ${one}|${encoded}${b}`;
          const heard = whole.slice(
            from % (encoded.length + 1),
            whole.length - (n * 7) % (encoded.length + 1),
          );
          for (const out of [redact(heard, [one]), quote(heard, [one], limit)]) {
            for (const row of [...rowsOf(one), ...forbidden(one, name, encoded)]) {
              assert.ok(
                !out.includes(row),
                `${JSON.stringify(row)} is in ${JSON.stringify(out)} of ${JSON.stringify(heard)}`,
              );
            }
            for (const decoded of [unescaped(out), unescaped(unescaped(out))]) {
              for (const row of rowsOf(one)) {
                assert.ok(!decoded.includes(row), `${JSON.stringify(row)} is in ${decoded}`);
              }
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
}

/** As a reader of the report might: each escape by itself, and nothing else. One that was cut in two is none. */
function unescaped(text: string): string {
  return text
    .replace(/^\\+/, "")
    .replace(/(?:&#?x?[0-9a-f]*|\\+u?[0-9a-f]{0,3}|%[0-9a-f]?)(?=…|$)/gi, "")
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replace(/\\(["\\/])/g, "$1")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    });
}

Deno.test("a JWT is taken out in each of its segments, however little of it a server repeats", () => {
  const jwt = [{ alg: "ES256" }, { sub: "lakecheck", exp: 1 }, "signature-of-some-sort-0123456789"]
    .map((part) =>
      new TextEncoder().encode(JSON.stringify(part)).toBase64({ alphabet: "base64url", omitPadding: true })
    )
    .join(".");
  for (let from = 0; from < jwt.length - RUN; from++) {
    const out = quote(`invalid bearer token ${jwt.slice(from)}`, [jwt], 60);
    for (const row of rowsOf(jwt)) assert.ok(!out.includes(row), out);
    assert.match(out, /^invalid bearer tok/);
  }
});

Deno.test("words stay as they are when no secret is in them", () => {
  const text = 'Operation cannot be fulfilled on secrets "a": 100%25 &amp; \\u0041 c\\d é 😀 &nosuch; %zz';
  assert.equal(redact(text, ["another-secret-of-ours"]), text);
  assert.equal(redact(text, []), text);
  assert.equal(quote("a\n b", [], 10), "a b");
});

Deno.test("what is quoted ends with an ellipsis where it was cut, and with a whole sign", () => {
  assert.equal(quote("0123456789", [], 10), "0123456789");
  assert.equal(quote("01234567890", [], 10), "012345678…");
  assert.equal(quote("0123456😀😀😀", [], 9), "0123456…");
  assert.equal(quote("x".repeat(1_000_000), [], 200).length, 200);
});

Deno.test("200 secrets are looked for in 1 MB in one pass", () => {
  const many = Array.from(
    { length: 200 },
    (_, i) => `${i}-secret-${String(i * 7919).padStart(12, "x")}-of-ours`,
  );
  const text = Array.from({ length: 25_000 }, (_, i) => `message ${i} of %41 &amp; \\u0042 more; `).join("") +
    many[77];
  const before = cpuMs();
  assert.ok(redact(text, many).endsWith("more; …"));
  // In time of the processor, so that a busy machine does not count; a pass for each secret takes minutes.
  assert.ok(cpuMs() - before < 5000, `${cpuMs() - before} ms`);
});

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
