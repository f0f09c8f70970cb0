import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { isSecretName, quote, withoutCredentials } from "../../lib/redact/mod.ts";

/** Any UTF-16 at all; much faster than what fast-check has for it. */
const anything = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff)), { maxLength: 300 })
  .map((units) => String.fromCharCode(...units));

/** Where HIDDEN stands, something secret may stand. */
const WRITTEN: Record<string, readonly string[]> = {
  "environments and shells": [
    "AWS_SECRET_ACCESS_KEY=HIDDEN",
    "PGPASSWORD=HIDDEN psql -h db",
    "export DB_PASS='HIDDEN'",
    'PASSWORD="a b HIDDEN"; echo done',
    "password='a'\\''HIDDEN'",
    "aws_session_token = HIDDEN",
    "PG_PASSWORD:HIDDEN",
    "curl -u admin:HIDDEN http://nessie",
    "curl --user 'admin:HIDDEN' http://nessie",
  ],
  "flags": [
    "--password HIDDEN --user nessie",
    "--password=HIDDEN",
    "-password HIDDEN",
    "--token 'a HIDDEN'",
    '--client-secret "HIDDEN"',
    'args ["--password=HIDDEN","--verbose"]',
  ],
  "JSON, and JSON in JSON": [
    '{"password":"HIDDEN"}',
    '{"user":"a","Password" : "a \\"quoted\\" HIDDEN, and more","x":1}',
    '{\\"password\\":\\"HIDDEN\\"}',
    '{\\\\\\"password\\\\\\":\\\\\\"HIDDEN\\\\\\"}',
    '{"auths":{"registry":{"auth":"HIDDEN"}}}',
    '"secret": "HIDDEN"',
    '{"password":"HIDDEN',
    "{'password': 'a HIDDEN'}",
    '{"headers":{"Authorization":"Bearer HIDDEN"}}',
  ],
  "YAML, properties and XML": [
    "password: HIDDEN\nuser: x",
    "  password : 'it''s HIDDEN'",
    "password: |\n  HIDDEN",
    "user: a password: HIDDEN host: b",
    "fs.s3a.secret.key=HIDDEN",
    "fs.s3a.access.key = HIDDEN",
    "<SecretAccessKey>HIDDEN</SecretAccessKey>",
    "<ns:password>HIDDEN</ns:password>",
  ],
  "dumps of programs": [
    "map[password:HIDDEN user:a]",
    "{Password:HIDDEN User:a}",
    'Password:"HIDDEN"',
    "{user=a, password=HIDDEN, host=b}",
    '"password" => "HIDDEN"',
    "login failed (password=HIDDEN)",
    "password = a,HIDDEN;b",
    'the password "HIDDEN" is wrong',
  ],
  "headers": [
    "Authorization: Basic HIDDEN",
    "authorization: bearer HIDDEN",
    "Proxy-Authorization: Basic HIDDEN",
    "Authorization: AWS4-HMAC-SHA256 Credential=HIDDEN/20260101, SignedHeaders=host, Signature=HIDDEN",
    "X-Vault-Token: HIDDEN",
    "x-api-key: HIDDEN",
    "Set-Cookie: sid=HIDDEN; Path=/",
    "sent Bearer a1HIDDENb2c3",
    "sent Basic dXNlcjpHIDDEN==",
  ],
  "addresses": [
    "postgres://nessie:HIDDEN@db:5432/x",
    "redis://:HIDDEN@r:6379",
    "http://HIDDEN@host/x",
    "http://u:a/HIDDEN@host:80/x",
    "http://a:HIDDEN@one,http://b:HIDDEN@two",
    "https://s3/b/k?X-Amz-Credential=HIDDEN%2F2026%2Fus&X-Amz-Security-Token=HIDDEN&X-Amz-Signature=HIDDEN",
    "https://a.blob/x?sv=1&sig=HIDDEN%3D&se=2",
    "jdbc:postgresql://h/db?user=a&password=HIDDEN",
    "?client_secret=HIDDEN&grant_type=x",
    "?access_token=HIDDEN",
    "a%3D1%26password%3DHIDDEN%26b",
    "\\u0026X-Amz-Signature\\u003dHIDDEN",
    "&quot;password&quot;:&quot;HIDDEN&quot;",
    "AccountKey=HIDDEN==;EndpointSuffix=core",
    "Server=a;Pwd=HIDDEN;Database=b",
  ],
  "names in other spellings": [
    "clientSecret=HIDDEN",
    "CLIENT-SECRET: HIDDEN",
    "api_key=HIDDEN",
    "apikey: HIDDEN",
    "API key: HIDDEN",
    "secret key = HIDDEN",
    "dbPass: HIDDEN",
    "secret=HIDDEN",
    "refresh_token=HIDDEN, retry",
    "passphrase: HIDDEN",
  ],
};

Deno.test("what stands after the name of a credential is taken out, however it is written", () => {
  // Also what is random by its looks only in part, and what is a word.
  for (const secret of ["hunter2", "Zq9-x_Y", "correcthorse", "0123456789abcdef"]) {
    for (const [where, texts] of Object.entries(WRITTEN)) {
      for (const text of texts) {
        const told = withoutCredentials(text.replaceAll("HIDDEN", secret));
        assert.ok(!told.includes(secret), `${where}: ${text} became ${told}`);
        assert.match(told, /\*\*\*/, `${where}: ${text}`);
      }
    }
  }
});

Deno.test("what looks like a credential is taken out wherever it stands", () => {
  const cases: [text: string, expected: string][] = [
    ["x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y", "x *** y"],
    ["x -----BEGIN PRIVATE KEY-----\\nMIIE", "x ***"],
    ["-----BEGIN OPENSSH PRIVATE KEY----- a -----END OPENSSH PRIVATE KEY----- b", "*** b"],
    [
      "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
      "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ],
    ["sent eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl.", "sent ***"],
    ["sent eyJhbGciOiJSUzI1", "sent ***"],
    ["AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AKIA*** ***"],
    ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY of 0555B35654AD1656D804", "*** of 0555B35654AD1656D804"],
    ["ghp_0123456789abcdefghij and hvs.0123456789abcd", "*** and ***"],
    ["the token abcDEF0123456789abcDEF is unknown", "the token *** is unknown"],
    ["the secret 0123456789abcdef012345 was refused", "the secret *** was refused"],
    ["the secret zyxwvutsrqponmlk0123456789 was refused", "the secret *** was refused"],
  ];
  for (const [text, expected] of cases) assert.equal(withoutCredentials(text), expected, text);
});

Deno.test("what only speaks of credentials stays as it is: it is what people need", () => {
  for (
    const text of [
      'password authentication failed for user "nessie"',
      'secret "spark-s3-credentials" not found',
      'MountVolume.SetUp failed for volume "x" : secret "y" not found',
      "token expired",
      "token is expired",
      "couldn't find key password in Secret data-platform/nessie",
      "couldn't get secret: context deadline exceeded",
      "could not get token: connection refused",
      "unable to get token: 401 Unauthorized",
      "could not fetch secret: secret data-platform/x not found",
      "Secret: data-platform/spark-s3-credentials",
      "secret abcdefghijklmnopqrstuvwxyz-1-name of ours",
      'secret: "spark-s3-credentials" not found',
      "secretName: spark-s3-credentials, key: password",
      'secrets "x" is forbidden: User "system:serviceaccount:a:b" cannot get resource "secrets" in API group ""',
      "Invalid bearer token",
      "Basic authentication required",
      "401 Unauthorized: token has expired",
      "no valid credentials: the request was refused",
      "The AWS Access Key Id you provided does not exist in our records.",
      'Back-off pulling image "ghcr.io/external-secrets/token:v1.2"',
      "arn:aws:secretsmanager:us-east-1:1:secret:nessie-AbCdEf",
      "automountServiceAccountToken: false",
      'password: "", token: null',
      "tokenUrl=https://login/token",
      "--password must be set",
      "exceeded quota: few, requested: secrets=1, used: count/secrets=10",
      "password=*** was refused",
      '{"token":"…","password":"***"}',
      "dial tcp 10.0.0.1:5432: i/o timeout",
      "GET http://nessie:19120/api/v2/config: EOF",
      "http://host:8080/a@b and http://host/c@d",
      "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "org.apache.hadoop.fs.s3a.S3AFileSystem of warehouse/orders/data/00000-0-abc.parquet",
    ]
  ) {
    assert.equal(withoutCredentials(text), text);
  }
});

Deno.test("the user and what follows a value stay", () => {
  const cases: [text: string, expected: string][] = [
    ["GET http://u:p@host/x failed", "GET http://***@host/x failed"],
    ["password=hunter2 refused", "password=*** refused"],
    ['{"password":"a","user":"b"}', '{"password":"***","user":"b"}'],
    ["{user=a, password=b, host=c}", "{user=a, password=***, host=c}"],
    ["Server=a;Pwd=b;Database=c", "Server=a;Pwd=***;Database=c"],
    ["?password=a&user=b", "?password=***&user=b"],
    ["(password=a) failed", "(password=***) failed"],
    ["password=a, retrying", "password=***, retrying"],
    ["password=a.", "password=***"],
    ["curl -u admin:a http://x", "curl -u admin:*** http://x"],
    ["Authorization: Basic YTpi, then", "Authorization: Basic ***, then"],
  ];
  for (const [text, expected] of cases) assert.equal(withoutCredentials(text), expected);
});

Deno.test("which names are those of secrets", () => {
  const secret = [
    "AWS_SECRET_ACCESS_KEY",
    "PGPASSWORD",
    "password",
    "fs.s3a.secret.key",
    "db.pass",
    "clientSecret",
    "sig",
  ];
  const other = [
    "user",
    "secretName",
    "tokenUrl",
    "AWS_REGION",
    "keys",
    "password_file",
    "bypass",
    "compass",
    "firstPassenger",
    "design",
  ];
  for (const name of secret) assert.ok(isSecretName(name), name);
  for (const name of other) assert.ok(!isSecretName(name), name);
});

Deno.test("property: a value of any signs after a name is taken out, in any quotes that can hold it", () => {
  const value = fc.string({ unit: "grapheme-ascii", minLength: 8, maxLength: 30 })
    .filter((text) => text.trim().length >= 8 && !text.includes("*"));
  const name = fc.constantFrom("password", "PGPASSWORD", "client_secret", "api-key", "accessToken");
  const around = fc.constantFrom("", "could not log in: ", "x=1&", "{ ");
  fc.assert(fc.property(value, name, around, (one, key, before) => {
    const texts = [
      `${before}"${key}":${JSON.stringify(one)}, then more`,
      `${before}${key}=${JSON.stringify(one)} then more`,
      `${before}${key}='${one.replaceAll("'", "'\\''")}' then more`,
      `${before}${key}='${one.replaceAll("'", "''")}' then more`,
      `${before}${key}=${encodeURIComponent(one)}&then=more`,
      JSON.stringify({ error: `${before}${JSON.stringify({ [key]: one })}` }),
    ];
    for (const text of texts) {
      const told = withoutCredentials(text);
      for (const form of [one, JSON.stringify(one).slice(1, -1), encodeURIComponent(one)]) {
        assert.ok(!told.includes(form), `${text} became ${told}`);
      }
    }
  }));
});

Deno.test("quotes that are signs of the value do not end it", () => {
  const value = "''      !";
  assert.equal(
    withoutCredentials(`password=${encodeURIComponent(value)}&then=more`),
    "password=***&then=more",
  );
  assert.equal(withoutCredentials("password=)'%20cd&then=more"), "password=***&then=more");
  assert.equal(withoutCredentials("get('/login?password=a%20b')"), "get('/login?password=***')");
  assert.equal(withoutCredentials(`password="ab"%20cd then more`), `password="*** then more`);
  assert.equal(withoutCredentials("password='' then more"), "password='' then more");
});

Deno.test("property: nothing that is quoted grows, breaks its line or is quoted anew the second time", () => {
  fc.assert(
    fc.property(
      anything,
      fc.integer({ min: 1, max: 300 }),
      (text, limit) => {
        const told = quote(text, [], limit);
        assert.ok(told.length <= limit);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(told, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
        assert.equal(quote(told, [], limit), told);
      },
    ),
  );
});

Deno.test("every rule is linear: a million signs of its worst input take no longer than they must", () => {
  const worst = [
    "password ",
    "password=",
    "password: a ",
    'password="',
    "password='\\",
    "password=,a",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----- -",
    "eyJaaaaaa.",
    "AKIA",
    "A1",
    "-u a",
    "Basic ",
    "password>",
    "<password>",
    "cookie: ",
    "//u:",
    "//a@",
    "http://",
    "a,http://a:",
    "token.",
    "\\",
    "secret ",
    "--",
    "aaaa",
    " ",
    "=",
    "&quot;password&quot;:",
    'password:\\\\"',
    "password: |",
    "'",
    "access key ",
  ];
  for (const unit of worst) {
    const time = (length: number) => {
      const text = `key ${unit.repeat(length / unit.length)}`;
      const before = process.cpuUsage().user;
      withoutCredentials(text);
      return (process.cpuUsage().user - before) / 1000;
    };
    time(10_000);
    const [some, all] = [time(100_000), time(1_000_000)];
    // In milliseconds of the processor. Ten times as much is linear, a hundred times is not.
    assert.ok(all < 1000 && all < 30 * some + 100, `${JSON.stringify(unit)}: ${some} and ${all} ms`);
  }
});
