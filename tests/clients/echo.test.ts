/** Servers that repeat what they were sent, in every field and every way, and cut it wherever they like. */
import assert from "node:assert/strict";
import { databaseFailure } from "../../lib/clients/postgres.ts";
import { icebergRest } from "../../lib/clients/iceberg_rest.ts";
import { loadClient } from "../../lib/clients/s3/load.ts";
import { openS3, rawS3, s3Failure, s3ReplyFailure } from "../../lib/clients/s3/client.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import { against as againstCatalog } from "./catalog_fixture.ts";
import { against, CANARY, failureOf, PODS, PROXY, writing } from "./kubernetes/fixture.ts";
import { againstConnect, connectError, VALUE } from "./onepassword/fixture.ts";
import { KEYS, withStore } from "./s3/fixture.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** How servers write what they were sent. */
const FORMS: ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => encodeURIComponent(secret).replaceAll("-", "%2d"),
  (secret) => bytes(`a${secret}`).toBase64(),
  (secret) => bytes(`ab${secret}b`).toBase64({ alphabet: "base64url", omitPadding: true }),
  (secret) => bytes(secret).toHex(),
  (secret) => [...secret].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  (secret) => [...secret].map((sign) => `&#${sign.charCodeAt(0)};`).join(""),
];
/** So much stands before it that our own cut, or a server's, falls within. */
const PADS = [0, 130, 140, 150, 185, 192, 230, 238, 290, 480];

/** Every form behind every pad, whole and cut in its middle by the server. */
function* echoes(secret: string): Generator<string> {
  for (const form of FORMS) {
    for (const pad of PADS) {
      const whole = `${"x ".repeat(pad / 2)}${form(secret)}`;
      yield `${whole} was sent`;
      yield whole.slice(0, whole.length - Math.floor(form(secret).length / 3));
    }
  }
}

/** No 8 signs of a secret in a row, be they as they are or in one of the forms (of base64: what 8 signs come to). */
function assertHidden(told: string, secret: string): void {
  for (const part of partsOf(secret)) {
    assert.ok(!told.includes(part), `${part}, of ${secret}, is in ${told}`);
  }
}

const known = new Map<string, ReadonlySet<string>>();

/** What must not be told of a secret: worked out once, as it is looked for thousands of times. */
function partsOf(secret: string): ReadonlySet<string> {
  const before = known.get(secret);
  if (before) return before;
  const parts = new Set<string>();
  for (let i = 0; i + 8 <= secret.length; i++) {
    for (const form of FORMS.filter((_, at) => at !== 2 && at !== 3)) parts.add(form(secret.slice(i, i + 8)));
  }
  for (const form of [FORMS[2], FORMS[3]]) {
    const encoded = form?.(secret) ?? "";
    for (let i = 4; i + 16 <= encoded.length; i++) parts.add(encoded.slice(i, i + 12));
  }
  known.set(secret, parts);
  return parts;
}

const status = (code: number, message: string, more: Record<string, unknown> = {}) =>
  Response.json({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    message,
    reason: "Invalid",
    ...more,
  }, {
    status: code,
  });

Deno.test("an API server that repeats the token shows none of it when it is read from", async () => {
  for (const code of [403, 404, 500]) {
    const sent = [...echoes(CANARY)];
    let nth = 0;
    await against(
      () => status(code, sent[nth] ?? "", { details: { name: sent[nth], kind: sent[nth] } }),
      async (client) => {
        for (nth = 0; nth < sent.length; nth++) {
          assertHidden((await failureOf(client.get(PODS))).message, CANARY);
          if (code !== 404) {
            assertHidden(
              (await failureOf(
                client.get(PROXY, { raw: true }).then((answer) => {
                  throw new CannotLook({ kind: "malformed", message: JSON.stringify(answer.body) });
                }),
              )).message,
              CANARY,
            );
          }
        }
      },
    );
  }
});

Deno.test("a log or another text shows none of the token either", async () => {
  const sent = [...echoes(CANARY)];
  let nth = 0;
  await against(() => new Response(`${sent[nth]}\npassword=hunter2hunter2`), async (client) => {
    for (nth = 0; nth < sent.length; nth++) {
      const { body } = await client.get("/api/v1/namespaces/a/pods/b/log", { raw: true });
      assertHidden(String(body), CANARY);
      assertHidden(String(body), "hunter2hunter2");
    }
  });
});

Deno.test("an API server that repeats the token or a Secret's value shows none of them when it is written to", async () => {
  const path = "/api/v1/namespaces/a/secrets/b";
  const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "b" }, stringData: { key: VALUE } };
  for (const code of [400, 403, 404, 409, 500]) {
    const sent = [...echoes(`${CANARY} and ${VALUE}`)].filter((_, i) => i % 5 === code % 5);
    let nth = 0;
    const cause = () => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${sent[nth]}"`,
      field: sent[nth],
    });
    const answer = () => status(code, sent[nth] ?? "", { details: { name: sent[nth], causes: [cause()] } });
    const patching = (_: string, { method }: Request) =>
      method === "PATCH" ? answer() : Response.json(object);
    await writing(patching, async (writer) => {
      for (nth = 0; nth < sent.length; nth++) {
        const told = await writer.apply(path, object).then(
          (applied) => JSON.stringify(applied),
          (error) => error.message,
        );
        assertHidden(told, CANARY);
        assertHidden(told, VALUE);
      }
    });
  }
});

Deno.test("1Password Connect that repeats the token or what it was sent shows none of it", async () => {
  const token = "eyJhbGciOiJFUzI1NiJ9.Y2FuYXJ5LXRva2VuLVp4ODE.c2lnbmF0dXJlLVFxOTk";
  for (const code of [400, 401, 403, 404, 429, 500]) {
    const sent = [...echoes(token), ...echoes(VALUE)].filter((_, i) => i % 4 === code % 4);
    let nth = 0;
    await againstConnect(() => connectError(code, sent[nth] ?? ""), async (api) => {
      const item = {
        title: "t",
        category: "LOGIN",
        fields: [{ label: "key", value: VALUE, type: "CONCEALED" }],
      };
      for (nth = 0; nth < sent.length; nth++) {
        const { message } = await failureOf(api.create("ftz4pm2xxwmwrsd7rjqn7grzfz", item));
        assertHidden(message, token);
        assertHidden(message, VALUE);
      }
    }, { token });
  }
});

Deno.test("a catalog that repeats the token shows none of it, whatever field it is in", async () => {
  const token = "catalog-token-Zx81-do-not-print";
  const sent = [...echoes(token)].map((text) => text.trim());
  let nth = 0;
  const answers = [
    () => Response.json({ status: 409, errorCode: sent[nth], message: sent[nth] }, { status: 409 }),
    () => Response.json({ error: { message: sent[nth], type: sent[nth], code: 400 } }, { status: 400 }),
    () =>
      new Response(null, { status: 302, headers: { location: `/x/${encodeURIComponent(sent[nth] ?? "")}` } }),
    () => Response.json({ references: { [sent[nth] ?? ""]: 1 }, namespaces: { [sent[nth] ?? ""]: 1 } }),
    () => new Response(sent[nth], { status: 500 }),
  ];
  for (const answer of answers) {
    await againstCatalog(() => answer(), async (nessie, _, options) => {
      const iceberg = icebergRest({ ...options, prefix: "main" });
      for (nth = 0; nth < sent.length; nth++) {
        assertHidden((await failureOf(nessie.reference("main"))).message, token);
        assertHidden((await failureOf(iceberg.namespaces())).message, token);
      }
    }, { token });
  }
});

Deno.test("a store that repeats the keys shows none of them, whatever field they are in", async () => {
  const secret = KEYS.secretAccessKey;
  const sent = [...echoes(secret)].filter((_, i) => i % 3 === 0).map((text) => text.replaceAll("&", "&amp;"));
  let nth = 0;
  const fields = ["Message", "BucketName", "Region", "Endpoint", "Resource", "ServerTime"];
  for (
    const [code, name] of [[400, "Odd"], [403, "AccessDenied"], [301, "PermanentRedirect"], [
      400,
      "InvalidLocationConstraint",
    ]] as const
  ) {
    const error = () =>
      `<Error><Code>${name}</Code>${
        fields.map((field) => `<${field}>${sent[nth]}</${field}>`).join("")
      }</Error>`;
    const answer = () =>
      new Response(error(), { status: code, headers: { "content-type": "application/xml" } });
    await withStore(answer, async (options) => {
      const { GetObjectCommand } = await import("@aws-sdk/client-s3");
      const s3 = await openS3(options);
      for (nth = 0; nth < sent.length; nth++) {
        const caught = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" })).catch((error) => error);
        assertHidden(s3Failure(caught, options).message, secret);
        assertHidden(
          s3ReplyFailure(await rawS3(options).send({ method: "GET", bucket: "b", key: "k" }), options)
            .message,
          secret,
        );
        const load = await loadClient(options).send(
          { method: "GET", url: `${options.connection.url}/b/k` },
          new AbortController().signal,
        );
        assertHidden(JSON.stringify(load), secret);
      }
      s3.destroy();
    });
  }
});

Deno.test("a database that repeats the password shows none of it", () => {
  const password = "Qk4-Zx81-pwXyVw";
  const options = {
    hostname: "db",
    port: 5432,
    database: "nessie",
    user: "nessie",
    password,
    timeoutMs: 60_000,
    words: "Pod a/b",
  };
  for (const code of ["28P01", "53300", "57P03", "42501", "42P01", "XX000"]) {
    for (const message of echoes(password)) {
      assertHidden(databaseFailure({ code, message }, options).message, password);
    }
  }
});

Deno.test("a weak password spoils no message", () => {
  const message = 'password authentication failed for user "nessie"';
  const options = {
    hostname: "db",
    port: 5432,
    database: "nessie",
    user: "nessie",
    timeoutMs: 60_000,
    words: "Pod a/b",
  };
  for (const password of ["a", "ok", "nessie", "failed"]) {
    assert.match(
      databaseFailure({ code: "28P01", message }, { ...options, password }).message,
      new RegExp(message),
    );
  }
});
