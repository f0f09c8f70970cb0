/** Names that every object inherits, wherever a name from outside is looked up: they are names like any other. */
import assert from "node:assert/strict";
import { replay } from "../../lab/faults/replay.ts";
import { parseListPage, unescaped } from "../../lib/clients/s3/list.ts";
import { errorReplyFailure } from "../../lib/clients/s3/error_replies.ts";
import { signalsIn } from "../../lib/components/workloads/log_signals.ts";
import { goSeconds } from "../../lib/components/common/states.ts";
import { matches } from "../../lib/components/common/fields.ts";
import { placeOf } from "../../lib/components/kubernetes/membership.ts";
import { mentions } from "../../lib/components/common/mentions.ts";
import { matchesSelector } from "../../lib/components/common/selectors.ts";
import { UsageError } from "../../lib/engine/errors.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { at, own } from "../../lib/untrusted/lookup.ts";
import { formatNames } from "../../lib/render/mod.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { toy } from "../cli/run.ts";

const NAMES = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Function.prototype).filter((name) =>
    name !== "caller" && name !== "arguments"
  ),
];

const FACTS = {
  schema: "lakecheck.facts/v1",
  collectedAt: "2026-11-21T00:00:00Z",
  context: "toy",
  namespace: "lake",
  sources: {},
} as const;

Deno.test("a table has its own names and no others", () => {
  for (const name of NAMES) {
    assert.equal(own({ a: 1 }, name), undefined);
    assert.equal(own({ [name]: 1, a: 1 }, name), 1);
    assert.equal(own(undefined, name), undefined);
  }
  assert.equal(own({ a: 1 }, undefined), undefined);
  assert.equal(own({ a: 1 }, "a"), 1);
});

Deno.test("no flag has such a name", () => {
  const table = { output: { help: "format", value: "FORMAT", choices: formatNames, short: "o" } };
  for (const name of NAMES) {
    for (
      const argv of [[`--${name}`], [`--${name}=x`], [`--${name}`, "x"], [`-${name}`], ["--output", name]]
    ) {
      assert.throws(() => parseFlags(argv, table, "toy"), UsageError, argv.join(" "));
    }
  }
});

Deno.test("the command says so, and exits with 3", async () => {
  for (const args of [["--toString"], ["--constructor=1"], ["--__proto__", "x"]]) {
    const { code, stderr } = await toy(args);
    assert.equal(code, 3);
    assert.match(stderr, /There is no flag "--(toString|constructor|__proto__)"/);
  }
  const { code, stderr } = await toy(["--output", "constructor"]);
  assert.equal(code, 3);
  assert.match(stderr, /--output is "constructor", and must be one of/);
});

Deno.test("an error code of S3 is told as any that we do not know", () => {
  const connection = { url: "http://store", via: "given", close: () => Promise.resolve() };
  const session = {
    connection,
    keys: { accessKeyId: "a", secretAccessKey: "b" },
    region: "r",
    timeoutMs: 1,
  } as never;
  const say = (code: string) => {
    const text = `<Error><Code>${code}</Code></Error>`;
    const headers = new Headers({ "x-amz-request-id": "1", "content-type": "application/xml" });
    const asked = { method: "GET", path: "/lake/x", sentAt: Date.now() };
    return errorReplyFailure({ status: 400, headers, text, asked } as never, { code }, session);
  };
  const known = say("Unheard").message;
  for (const name of NAMES) {
    const { kind, message } = say(name);
    assert.equal(kind, "server-error");
    assert.equal(message.replace(` ${name}`, ""), known.replace(" Unheard", ""), message);
  }
});

Deno.test("an entity of XML is left as it stands", () => {
  for (const name of NAMES) assert.equal(unescaped(`a&${name};b`), `a&${name};b`);
  const page = parseListPage(
    "<ListBucketResult><Contents><Key>&constructor;</Key><Size>1</Size></Contents></ListBucketResult>",
  );
  assert.equal(page?.objects[0]?.key, "&constructor;");
});

Deno.test("labels, kinds, namespaces and durations are what is there", () => {
  const world = openWorld(FACTS as never);
  for (const name of NAMES) {
    assert.equal(matches({ [name]: "x" }, {}), false);
    assert.equal(matchesSelector({ matchExpressions: [{ key: name, operator: "Exists" }] }, {}), false);
    assert.equal(matchesSelector({ matchExpressions: [{ key: name, operator: "DoesNotExist" }] }, {}), true);
    assert.equal(
      matchesSelector({ matchExpressions: [{ key: name, operator: "NotIn", values: [] }] }, {}),
      true,
    );
    assert.equal(
      matchesSelector({ matchExpressions: [{ key: name, operator: "Exists" }] }, { [name]: "x" }),
      true,
    );
    assert.deepEqual(mentions(`${name} "x" not found`, "lake"), []);
    assert.equal(placeOf({ metadata: { name: "x", namespace: name } }, world), "workloads");
    assert.equal(goSeconds(`5${name}`), undefined);
    assert.deepEqual(signalsIn(name), []);
    assert.equal(at({}, name), undefined);
  }
});

Deno.test("objects of such kinds and names in recorded facts change no status and throw nothing", async () => {
  const path = new URL("../scenarios/onepassword-connect-missing/facts.json.gz", import.meta.url).pathname;
  const before = replay(await loadFacts(path));
  for (const name of NAMES) {
    const facts = await loadFacts(path);
    const things = (id: string) => {
      const read = facts.sources[id];
      return read?.ok && "items" in read ? read.items as Record<string, unknown>[] : [];
    };
    things("kustomizations").push({
      metadata: { name, namespace: "games", generation: 1 },
      spec: { dependsOn: [{ name }], healthChecks: [{ kind: name, name, namespace: name }] },
      status: {
        conditions: [{ type: "Ready", status: "False", reason: name, message: `${name} "x" not found` }],
      },
    });
    things("pods").push({
      metadata: { name, namespace: name, labels: { [name]: name }, ownerReferences: [{ kind: name, name }] },
      spec: { nodeName: name, containers: [{ name }] },
      status: { phase: name, conditions: [{ type: name, status: name, reason: name }] },
    });
    things("services").push({
      metadata: { name, namespace: "data-platform" },
      spec: { selector: { [name]: name } },
    });
    things("events").push({
      metadata: { name, namespace: name },
      involvedObject: { kind: name, name, namespace: name },
      reason: name,
      message: name,
    });
    const after = replay(facts);
    assert.equal(after.status, before.status, name);
    assert.ok(after.roots.some(({ object }) => object.name === "onepassword-connect"), name);
  }
});
