import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { dump } from "js-yaml";
import {
  chooseContext,
  type Kubeconfig,
  mergeKubeconfigs,
  parseKubeconfig,
} from "../../../lib/clients/kubernetes/kubeconfig.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { base64 } from "../../fakes/api_server.ts";

const CANARY = "canary-Zx81-token-do-not-print";
const PEM = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";

/** Names that YAML 1.1 or 1.2 would take for something else are among them. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z0-9][a-z0-9@:/._-]{0,30}$/),
  fc.constantFrom(
    "on",
    "no",
    "true",
    "1e3",
    "0123",
    "null",
    "~",
    "__proto__",
    "constructor",
    "12:30:45",
    "zażółć",
  ),
);

const document = fc.record({
  clusters: fc.array(fc.record({ name, server: fc.webUrl() }), { maxLength: 4 }),
  users: fc.array(fc.record({ name, token: name }), { maxLength: 4 }),
  contexts: fc.array(fc.record({ name, cluster: name, user: name }), { maxLength: 4 }),
  current: name,
}).map(({ clusters, users, contexts, current }) => ({
  apiVersion: "v1",
  kind: "Config",
  "current-context": current,
  clusters: clusters.map((c) => ({ name: c.name, cluster: { server: c.server } })),
  users: users.map((u) => ({ name: u.name, user: { token: u.token } })),
  contexts: contexts.map((c) => ({ name: c.name, context: { cluster: c.cluster, user: c.user } })),
}));

const parse = (text: string) => parseKubeconfig(text, "config", "/home/me/.kube");

async function usageError(asked: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof asked === "function" ? asked() : asked);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    assert(!error.message.includes(CANARY), "the message holds the token");
    assert.match(error.message, /\. Next: /);
    return error.message;
  }
  throw new assert.AssertionError({ message: "it was accepted" });
}

Deno.test("JSON and YAML of the same kubeconfig mean the same", async () => {
  await fc.assert(fc.asyncProperty(document, async (doc) => {
    const fromJson = await parse(JSON.stringify(doc));
    assert.deepEqual(await parse(dump(doc)), fromJson);
    assert.equal(fromJson.currentContext, doc["current-context"]);
    for (const { name, user } of doc.users.toReversed()) {
      const first = doc.users.find((other) => other.name === name);
      if (first?.user === user) assert.equal(fromJson.users.get(name)?.token, user.token);
    }
    assert.deepEqual(new Set(fromJson.users.keys()), new Set(doc.users.map((u) => u.name)));
  }));
});

Deno.test("merging: the first file wins, nothing is lost, and an empty file changes nothing", async () => {
  await fc.assert(fc.asyncProperty(document, document, document, async (a, b, c) => {
    const [x, y, z] = await Promise.all([a, b, c].map((doc) => parse(JSON.stringify(doc))));
    assert(x && y && z);
    const merged = mergeKubeconfigs([x, y]);
    assert.equal(merged.currentContext, x.currentContext);
    for (const [key, user] of x.users) assert.deepEqual(merged.users.get(key), user);
    for (const key of y.users.keys()) assert(merged.users.has(key));
    const empty = mergeKubeconfigs([]);
    assert.deepEqual(mergeKubeconfigs([empty, x, empty]), x);
    assert.deepEqual(
      mergeKubeconfigs([mergeKubeconfigs([x, y]), z]),
      mergeKubeconfigs([x, mergeKubeconfigs([y, z])]),
    );
  }));
});

Deno.test("whatever the file holds, the parser accepts it or says so without quoting it", async () => {
  const noise = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...": -[]{}#&*!|>'\"%@`\n\tab01,?".split("")) }),
    fc.json(),
    fc.constantFrom("&", "*", "!", "%", "a: [", "- - ? ", "{").map((start) => `${start}${CANARY}`),
  );
  const field = fc.constantFrom("clusters", "users", "contexts", "current-context", "kind");
  await fc.assert(fc.asyncProperty(noise, field, fc.jsonValue(), async (text, key, value) => {
    for (
      const given of [text, `token: ${CANARY}\n${text}`, JSON.stringify({ [key]: value, token: CANARY })]
    ) {
      try {
        const config = await parse(given);
        assert(config.users instanceof Map);
      } catch (error) {
        assert(error instanceof UsageError, String(error));
        assert(!error.message.includes(CANARY), error.message);
      }
    }
  }));
});

Deno.test("a chosen context has a server without a slash at its end, or is a UsageError", async () => {
  await fc.assert(fc.asyncProperty(document, fc.option(name, { nil: undefined }), async (doc, wanted) => {
    const config = await parse(JSON.stringify(doc));
    try {
      const target = chooseContext(config, wanted, "config");
      assert.equal(target.context, wanted ?? doc["current-context"]);
      assert.match(target.server, /^https?:\/\/.*[^/]$/);
    } catch (error) {
      assert(error instanceof UsageError, String(error));
    }
  }));
});

Deno.test("certificates come from data or from files beside the kubeconfig, and data wins", async () => {
  const config = await parse(dump({
    clusters: [{ name: "c", cluster: { server: "https://a", "certificate-authority": "pki/ca.crt" } }],
    users: [{
      name: "u",
      user: {
        "client-certificate": "/abs/me.crt",
        "client-key-data": base64(PEM),
        "client-key": "ignored",
        "as-groups": ["g1", "g2"],
        as: "her",
      },
    }],
  }));
  assert.deepEqual(config.clusters.get("c")?.ca, { file: "/home/me/.kube/pki/ca.crt" });
  assert.deepEqual(config.users.get("u")?.cert, { file: "/abs/me.crt" });
  assert.deepEqual(config.users.get("u")?.key, { pem: PEM });
  assert.deepEqual(config.users.get("u")?.impersonate, [
    ["impersonate-user", "her"],
    ["impersonate-group", "g1"],
    ["impersonate-group", "g2"],
  ]);
});

Deno.test("flags are read from YAML and from JSON; the empty config of kubectl is empty", async () => {
  const yaml = await parse(
    "clusters:\n- {name: c, cluster: {server: 'https://a', insecure-skip-tls-verify: true}}\n",
  );
  assert.equal(yaml.clusters.get("c")?.insecure, true);
  const none =
    "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\ncurrent-context: ''\n";
  for (const text of [none, "", "# nothing\n", "---\n"]) {
    assert.deepEqual({ currentContext: undefined, ...await parse(text) }, {
      currentContext: undefined,
      ...mergeKubeconfigs([]),
    });
  }
});

Deno.test("a file that is not a kubeconfig says why", async () => {
  const cases: [string, string][] = [
    [`users: [\n- ${CANARY}: :\n&`, "line 2 is not valid YAML"],
    [`{"users": [{"name": "${CANARY}"`, "line 1 is not valid YAML"],
    [`${CANARY}`, "it holds no mapping"],
    ["kind: Pod\nmetadata: {}\n", "its kind is not Config"],
    [`a: ${CANARY}`, "it has no clusters, contexts or users"],
    ["clusters: {a: b}", "its clusters are not a list"],
    ["users:\n- user: {}\n", "users[0] has no name"],
    [`users:\n- {name: u, user: ${CANARY}}\n`, "users[0].user is not a mapping"],
    [
      `users:\n- {name: u, user: {client-key-data: ${CANARY}}}\n`,
      "client-key-data of user u is not base64 of PEM",
    ],
    ["users:\n- {name: u, user: {exec: {args: [a]}}}\n", "user u has an exec without a command"],
  ];
  for (const [text, why] of cases) {
    assert.equal(
      await usageError(parse(text)),
      `config is not a usable kubeconfig: ${why}. Next: repair it, or give another with --kubeconfig`,
    );
  }
});

Deno.test("a context that can't be used says what is wrong and what there is", async () => {
  const config: Kubeconfig = await parse(dump({
    clusters: [{ name: "c", cluster: { server: "https://a" } }, { name: "bare" }, {
      name: "odd",
      cluster: { server: `ftp://me:${CANARY}@a` },
    }],
    users: [{ name: "u", user: { token: CANARY } }],
    contexts: [
      { name: "good", context: { cluster: "c", user: "u" } },
      { name: "no-cluster", context: { user: "u" } },
      { name: "lost-cluster", context: { cluster: "gone", user: "u" } },
      { name: "no-user", context: { cluster: "c" } },
      { name: "lost-user", context: { cluster: "c", user: "gone" } },
      { name: "no-server", context: { cluster: "bare", user: "u" } },
      { name: "odd-server", context: { cluster: "odd", user: "u" } },
    ],
  }));
  const all = [...config.contexts.keys()].join(", ");
  const cases: [string | undefined, string][] = [
    [undefined, `config sets no current-context. Next: choose one with --context: ${all}`],
    ["prod", `there is no context "prod" in config. Next: choose one with --context: ${all}`],
    [
      "no-cluster",
      "context no-cluster in config names no cluster. Next: kubectl config set-context no-cluster --cluster=...",
    ],
    [
      "lost-cluster",
      "context lost-cluster names cluster gone, which is not in config. Next: kubectl config set-context lost-cluster " +
      "--cluster=...",
    ],
    [
      "no-user",
      "context no-user in config names no user. Next: kubectl config set-context no-user --user=...",
    ],
    [
      "lost-user",
      "context lost-user names user gone, which is not in config. Next: kubectl config set-context lost-user --user=...",
    ],
    [
      "no-server",
      "cluster bare in config has no server address. Next: kubectl config set-cluster bare --server=https://...",
    ],
    [
      "odd-server",
      "the server address of cluster odd in config is not an http(s) URL. Next: kubectl config set-cluster odd " +
      "--server=https://...",
    ],
  ];
  for (const [context, expected] of cases) {
    assert.equal(await usageError(() => chooseContext(config, context, "config")), expected);
  }
  assert.equal(chooseContext(config, "good", "config").server, "https://a");
  assert.equal(
    await usageError(() => chooseContext(mergeKubeconfigs([]), "x", "config")),
    'there is no context "x" in config: it has no contexts. Next: point --kubeconfig at a file that has one',
  );
});

Deno.test("a kubeconfig that was made to harm is a usage error, or holds what it names, and in time", async () => {
  const refers = (at: number) => Array<string>(9).fill(`*a${at}`).join(", ");
  const bomb = Array.from({ length: 39 }, (_, i) => `a${i + 1}: &a${i + 1} [${refers(i)}]`).join("\n");
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  for (
    const text of [
      `a0: &a0 [x]\n${bomb}\nclusters: *a39`,
      `clusters: ${nested}`,
      `clusters: ${"[".repeat(100_000)}`,
      `{"clusters": ${nested}}`,
      `{"clusters": [], "extra": ${nested}}`,
      Array.from({ length: 3000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    ]
  ) {
    const before = process.cpuUsage();
    await assert.rejects(parseKubeconfig(text, "FILE", "/"), UsageError);
    assert.ok(process.cpuUsage(before).user < 5_000_000, text.slice(0, 40));
  }
  const text =
    "clusters: [{name: __proto__, cluster: {server: 'http://x'}}]\n__proto__: {users: [{name: u}]}\n";
  const { clusters, users } = await parseKubeconfig(text, "FILE", "/");
  assert.deepEqual([...clusters.keys(), ...users.keys()], ["__proto__"]);
});

Deno.test("aliases that stand for a billion values, or for themselves, are refused wherever they stand", async () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `a${i}: &a${i} [${Array(10).fill(i === 0 ? "lol" : `*a${i - 1}`).join(", ")}]`,
  ).join("\n");
  const provider = "users: [{name: u, user: {auth-provider: {name: oidc, config: {id-token: *a8}}}}]";
  for (const text of [`contexts: []\n${levels}`, `${levels}\n${provider}`]) {
    assert.equal(
      await usageError(parse(text)),
      "config is not a usable kubeconfig: it is larger than 16 MiB with its aliases written out. " +
        "Next: repair it, or give another with --kubeconfig",
    );
  }
  assert.match(
    await usageError(parse("contexts: &c [*c]")),
    /kubeconfig: it is nested deeper than 200 levels/,
  );
});
