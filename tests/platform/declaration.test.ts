import assert from "node:assert/strict";
import fc from "fast-check";
import { ShapeError } from "../../lib/engine/decode.ts";
import { readDeclaration, THRESHOLDS } from "../../lib/platform/mod.ts";
import { declarationSchema } from "../../tools/pages/declaration_schema.ts";
import { durationText, seconds } from "../../lib/platform/thresholds.ts";

const HEAD = { apiVersion: "lakecheck.dev/v1", kind: "Platform" };

Deno.test("a declaration is read: roles by a word or with their objects, thresholds in seconds, what is muted", () => {
  const read = readDeclaration({
    ...HEAD,
    namespace: "lake",
    roles: {
      nessie: "required",
      database: { objects: ["Cluster db/pg"] },
      secrets: { need: "optional", objects: ["ClusterSecretStore vault"] },
      "spark-client": "absent",
    },
    thresholds: { podStart: "5m", tokenExpiry: "7d" },
    muted: [{ check: "pods.*", object: "Pod lake/a-*", reason: "OPS-1", until: "2026-12-31" }],
  });
  assert.equal(read.namespace, "lake");
  assert.deepEqual([...read.roles], [
    ["database", { need: "required", objects: [{ kind: "Cluster", namespace: "db", name: "pg" }] }],
    ["secrets", { need: "optional", objects: [{ kind: "ClusterSecretStore", name: "vault" }] }],
    ["nessie", { need: "required", objects: [] }],
    ["spark-client", { need: "absent", objects: [] }],
  ]);
  assert.deepEqual([...read.thresholds], [["podStart", 300], ["tokenExpiry", 604_800]]);
  assert.deepEqual(read.muted, [{
    check: "pods.*",
    object: "Pod lake/a-*",
    reason: "OPS-1",
    until: "2026-12-31",
  }]);
});

Deno.test("what cannot be used is told with its path, and a wrong word with the nearest right one", () => {
  const cases: [unknown, string][] = [
    [undefined, " is empty, expected keys with values"],
    [[], " is a list, expected keys with values"],
    [{}, ".apiVersion is absent, expected lakecheck.dev/v1"],
    [{ apiVersion: "v1", kind: "Platform" }, '.apiVersion is "v1", expected lakecheck.dev/v1'],
    [
      { apiVersion: "lakecheck.dev/v2", kind: "Platform", volumes: {} },
      ".apiVersion is lakecheck.dev/v2, of a newer lakecheck; this one reads lakecheck.dev/v1",
    ],
    [{ ...HEAD, kind: "Plattform" }, '.kind is "Plattform"; did you mean Platform?'],
    [{ ...HEAD, rolls: {} }, ".rolls is not known here; did you mean roles?"],
    [{ ...HEAD, namespace: "../x" }, '.namespace is "../x", which no namespace can be called'],
    [{ ...HEAD, roles: { nesie: "required" } }, ".roles.nesie is not known here; did you mean nessie?"],
    [{ ...HEAD, roles: { nessie: "requird" } }, '.roles.nessie is "requird"; did you mean required?'],
    [
      { ...HEAD, roles: { nessie: { needs: "required" } } },
      ".roles.nessie.needs is not known here; did you mean need?",
    ],
    [
      { ...HEAD, roles: { nessie: { need: "absent", objects: ["Deployment a/b"] } } },
      ".roles.nessie is declared absent and names objects; it can be one of both",
    ],
    [
      { ...HEAD, roles: { nessie: { objects: ["lake/nessie"] } } },
      '.roles.nessie.objects[0] is "lake/nessie", expected KIND NAMESPACE/NAME, such as Deployment lake/catalog',
    ],
    [
      { ...HEAD, roles: { nessie: { objects: ["Deploymet lake/catalog"] } } },
      '.roles.nessie.objects[0] is "Deploymet"; did you mean Deployment?',
    ],
    [
      { ...HEAD, roles: { nessie: { objects: ["Deployment nessie"] } } },
      '.roles.nessie.objects[0] is "Deployment nessie"; a Deployment needs its namespace',
    ],
    [
      { ...HEAD, roles: { secrets: { objects: ["ClusterSecretStore a/b"] } } },
      '.roles.secrets.objects[0] is "ClusterSecretStore a/b"; a ClusterSecretStore has no namespace',
    ],
    [
      { ...HEAD, thresholds: { podstart: "1m" } },
      ".thresholds.podstart is not known here; did you mean podStart?",
    ],
    [
      { ...HEAD, thresholds: { podStart: "soon" } },
      '.thresholds.podStart is "soon", expected a time from 1s to 366d, such as 90s, 10m, 26h or 30d',
    ],
    [{ ...HEAD, muted: [{ check: "pods.ready", reason: "x" }] }, ".muted[0].until is absent"],
    [
      { ...HEAD, muted: [{ check: "pods.ready", reason: "x", until: "2026-02-30" }] },
      '.muted[0].until is "2026-02-30", expected a day, such as 2026-12-31',
    ],
    [
      { ...HEAD, muted: [{ check: "pods.ready", reason: " ", until: "2026-12-31" }] },
      ".muted[0].reason is absent",
    ],
    [{ ...HEAD, muted: {} }, ".muted is a set of keys, expected a list"],
    [{ ...HEAD, constructor: "x" }, ".constructor is not known here"],
  ];
  for (const [document, message] of cases) {
    assert.throws(
      () => readDeclaration(document),
      (error) => error instanceof ShapeError && error.message.startsWith(message),
      message,
    );
  }
});

/** Mostly what can be used: of a whole document made of both, hardly any could be. */
function mostly<T>(good: readonly T[], bad: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, {
    weight: 1,
    arbitrary: fc.constantFrom(...bad),
  });
}

const word = mostly(["required", "optional", "absent"], ["requird", ""]);
const object = mostly(["Deployment a/b", "StatefulSet a/b.c"], [
  "Cluster db/pg",
  "ClusterSecretStore v",
  "Deployment b",
  "deployment a/b",
  "",
]);
const whole = fc.record({ need: word, objects: fc.array(object, { maxLength: 2 }) }, { requiredKeys: [] });
const odd = fc.record({ need: word, size: fc.constant("1") });
const role = fc.oneof({ weight: 6, arbitrary: word }, { weight: 6, arbitrary: whole }, {
  weight: 1,
  arbitrary: odd,
});
const names = mostly<string>(["catalog", "gitops", "nessie", "spark-client"], [
  "database",
  "secrets",
  "nesie",
  "__proto__",
  "constructor",
]);
const until = mostly(["2026-12-31", "2024-02-29"], ["2026-02-29", "tomorrow", "2026-12-31T00:00:00Z"]);
const muted = fc.record({
  check: mostly(["pods.ready", "*"], ["", " "]),
  object: fc.string(),
  reason: mostly(["OPS-1"], ["", "\n"]),
  until,
}, { requiredKeys: ["check", "reason", "until"] });
const documents = fc.record({
  apiVersion: mostly(["lakecheck.dev/v1"], ["lakecheck.dev/v2", "v1"]),
  kind: mostly(["Platform"], ["Platforms"]),
  namespace: mostly(["lake"], ["a.b", "-a", ""]),
  roles: fc.dictionary(names, role, { maxKeys: 3 }),
  thresholds: fc.dictionary(
    mostly(Object.keys(THRESHOLDS), ["podstart"]),
    mostly(["1s", "90m"], ["0s", "1w", "", "05m"]),
    { maxKeys: 2 },
  ),
  muted: fc.array(muted, { maxLength: 2 }),
}, { requiredKeys: ["apiVersion", "kind"] });

Deno.test("the published schema and the reader agree on what can be used", () => {
  let [good, bad] = [0, 0];
  fc.assert(
    fc.property(documents, (document) => {
      const schema = declarationSchema.safeParse(document);
      let why = "";
      try {
        readDeclaration(document);
      } catch (error) {
        assert.ok(error instanceof ShapeError, String(error));
        why = error.message;
      }
      if (why === "") good++;
      else bad++;
      assert.equal(
        why === "",
        schema.success,
        `${JSON.stringify(document)}: ${why}; ${schema.error?.message}`,
      );
    }),
    { numRuns: 2000 },
  );
  assert.ok(good > 200 && bad > 200, `${good} could be used and ${bad} could not`);
});

Deno.test("every time is read as it is written", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 366 * 86_400 }), (all) => seconds(durationText(all)) === all),
  );
  assert.equal(seconds("367d"), undefined);
});
