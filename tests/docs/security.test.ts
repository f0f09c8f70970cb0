/** Checks every sentence of docs/security.md: that it has a test, and those that no other test checks. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { labContext } from "../../lab/context.ts";
import { rightsTable } from "../../tools/pages/rights.ts";
import { withTasks } from "../../tools/tasks.ts";
import { type FakeNessie, fakeNessie } from "../fakes/nessie/server.ts";
import { emptyBucket, FAKE_KEYS, type FakeS3, fakeS3 } from "../fakes/s3/mod.ts";
import { TOKEN as CONNECT_TOKEN } from "../procedures/onepassword/samples.ts";
import { rightsOf, ROOT } from "../tools/tasks.ts";
import { CANARY, filesIn, onPlatform, type Place, type Ran, TOKEN } from "./platform.ts";
import { PROOFS } from "./security_claims.ts";

const PAGE = await Deno.readTextFile(`${ROOT}/docs/security.md`);
const hostOf = (url: string) => new URL(url).host;

Deno.test("each claim has a test, and each test that is named is there", async () => {
  const items = PAGE.split(/\n(?=- )/).slice(1);
  const claims = items.map((item) => /<!-- ([a-z0-9]+\.[a-z0-9]+) -->/.exec(item)?.[1] ?? `none: ${item}`);
  assert.deepEqual(claims.toSorted(), Object.keys(PROOFS).toSorted());
  assert.equal(new Set(claims).size, claims.length);
  // What is no claim is a heading, the table, or empty.
  const rest = PAGE.replace(/^- [^]*?<!-- [a-z0-9]+\.[a-z0-9]+ -->$/gm, "").split("\n");
  assert.deepEqual(rest.filter((line) => !/^(?:$|#|\||<!-- \/?rights -->)/.test(line)), []);
  const texts = new Map<string, string>();
  const own = new Set<string>();
  for (const [claim, proofs] of Object.entries(PROOFS)) {
    assert.ok(proofs.length > 0, claim);
    for (const { file, title } of proofs) {
      const text = texts.get(file) ?? await Deno.readTextFile(`${ROOT}/${file}`);
      texts.set(file, text);
      assert.ok(text.includes(`Deno.test("${title}"`), `${claim}: ${file} has no test "${title}"`);
      if (file === "tests/docs/security.test.ts") own.add(title);
    }
  }
  const here = texts.get("tests/docs/security.test.ts") ?? "";
  const titles = [...here.matchAll(/^Deno\.test\("([^"]+)"/gm)].map(([, title = ""]) => title);
  assert.deepEqual(titles.filter((title) => !own.has(title)), []);
});

Deno.test("the table of rights is what deno.json says", async () => {
  const text = await Deno.readTextFile(`${ROOT}/deno.json`);
  assert.equal(text, withTasks(text));
  assert.ok(PAGE.includes(`<!-- rights -->\n\n${rightsTable()}\n\n<!-- /rights -->`));
  assert.match(PAGE, /\| `data-platform:health`, .*\| all +\| no +\| all +\| no +\| no +\| common +\|/);
});

Deno.test("the common variables of the environment are those that the page names", () => {
  const [, named = ""] = /^- Common variables .* are ([^]*?)\. <!--/m.exec(PAGE) ?? [];
  const names = [...named.matchAll(/`([A-Za-z_]+)`/g)].map(([, name]) => name);
  assert.deepEqual(rightsOf("data-platform:health").get("env")?.split(","), names);
});

Deno.test("a task without a right is stopped by Deno when it uses it all the same", async () => {
  const script = "data:text/javascript," + encodeURIComponent(`
    const tries = {
      write: () => Deno.writeTextFileSync("/tmp/lakecheck-never", ""),
      run: () => new Deno.Command("true").outputSync(),
      ffi: () => Deno.dlopen("/no/such.so", {}),
      env: () => Deno.env.get("AWS_SECRET_ACCESS_KEY"),
    };
    for (const [name, go] of Object.entries(tries)) {
      try { go(); console.log(name, "went"); } catch (error) { console.log(name, error.name); }
    }`);
  const rights = [...rightsOf("data-platform:health")].map(([right, to]) =>
    to ? `--allow-${right}=${to}` : `--allow-${right}`
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...rights, script],
    stdin: "null",
  }).output();
  assert.equal(
    new TextDecoder().decode(stdout),
    "write NotCapable\nrun NotCapable\nffi NotCapable\nenv NotCapable\n",
  );
});

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  nonResourceURLs?: string[];
  verbs: string[];
}

/** Requests that a role of docs/ does not grant. */
async function notGranted(requests: readonly string[], file: string): Promise<string[]> {
  const [role] = (await Deno.readTextFile(`${ROOT}/docs/${file}`)).split("\n---\n");
  const { rules } = parse(role ?? "") as { rules: Rule[] };
  return requests.filter((line) => !rules.some((rule) => grants(rule, line)));
}

function grants(rule: Rule, line: string): boolean {
  const [, path = ""] = /^GET ([^?]*)/.exec(line) ?? [];
  if (rule.nonResourceURLs) return rule.nonResourceURLs.includes(path) && rule.verbs.includes("get");
  const parts = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?/
    .exec(path);
  const [, group = "", resource, name, sub] = parts ?? [];
  if (!resource) return false;
  const [what, verb] = name === undefined
    ? [resource, "list"]
    : [sub ? `${resource}/${sub}` : resource, "get"];
  return Boolean(
    rule.apiGroups?.includes(group) && rule.resources?.includes(what) && rule.verbs.includes(verb),
  );
}

/** Everything that was said, and everything that was left on the disk. */
const kept = (ran: Ran, { directory }: Place): string =>
  [ran.stdout, ran.stderr, ...filesIn(directory)].flat().filter((text) => !text.includes('"kind":"Config"'))
    .join("\n");

Deno.test("health asks for what rbac.yaml grants, and every request is a GET", async () => {
  await onPlatform(async ({ run, server }) => {
    const { code } = await run("data-platform:health");
    assert.equal(code, 2);
    assert.deepEqual(server.requests.filter((line) => !line.startsWith("GET ")), []);
    assert.deepEqual(await notGranted(server.requests, "rbac.yaml"), []);
    for (const wanted of [/^GET \/api\/v1\/pods\b/, /\/log\?/, /\/proxy\//, /^GET \/readyz/]) {
      assert.ok(server.requests.some((line) => wanted.test(line)), `${wanted} was not tried`);
    }
  });
  assert.deepEqual(
    await notGranted(["GET /api/v1/namespaces/a/secrets/b", "POST /api/v1/pods"], "rbac.yaml"),
    [
      "GET /api/v1/namespaces/a/secrets/b",
      "POST /api/v1/pods",
    ],
  );
});

Deno.test("health asks for the metadata of Secrets only", async () => {
  await onPlatform(async ({ run, server }) => {
    await run("data-platform:health");
    const asked = server.requests.flatMap((line, i) =>
      /\/secrets\b/.test(line) ? [server.headers[i]?.get("accept")] : []
    );
    assert.equal(asked.length, 1);
    assert.match(asked[0] ?? "", /as=PartialObjectMetadataList/);
  });
});

Deno.test("health writes no file", async () => {
  await onPlatform(async ({ run, directory }) => {
    const before = [...filesIn(directory)];
    for (
      const task of ["data-platform:health", "data-platform:health:verbose", "data-platform:health:json"]
    ) {
      assert.equal((await run(task)).code, 2);
    }
    assert.deepEqual([...filesIn(directory)], before);
  });
});

Deno.test("health connects to the API server alone, with the user's login", async () => {
  await onPlatform(async ({ run, server }) => {
    const alone = await run("data-platform:health:json");
    assert.doesNotMatch(alone.stdout + alone.stderr, /NotCapable|allow-net|may not be connected to/);
    assert.ok(server.headers.every((headers) => headers.get("authorization") === `Bearer ${TOKEN}`));
    // The right to connect is what holds it: without it nothing is reached.
    const nowhere = await run("data-platform:health:json", [], ["127.0.0.1:1"]);
    assert.match(nowhere.stdout, /may not be connected to/);
  });
});

Deno.test("facts hold no value of the platform and not the login, and are their owner's", async () => {
  await onPlatform(async (place) => {
    const { run, directory } = place;
    for (const task of ["data-platform:health:save", "1p:status:save"]) {
      const ran = await run(task, ["--json", "--save-facts", "facts.json"]);
      assert.match(ran.stderr, /Facts saved/);
      const facts = await Deno.readTextFile(`${directory}/facts.json`);
      assert.match(facts, /"canary"/, "the pod with the canary was read");
      for (const secret of [CANARY, TOKEN]) {
        assert.ok(!kept(ran, place).includes(secret), `${task} keeps ${secret}`);
      }
      assert.equal((await Deno.stat(`${directory}/facts.json`)).mode?.toString(8).slice(-3), "600");
      assert.deepEqual([...filesIn(directory).keys()].toSorted(), ["facts.json", "kubeconfig"]);
    }
  });
});

Deno.test("facts from a file are judged without a network", async () => {
  await onPlatform(async ({ run, server }) => {
    const facts = `${ROOT}/tests/scenarios/nessie-oom/facts.json.gz`;
    const { code, stdout } = await run("data-platform:health:json", ["--facts", facts], ["127.0.0.1:1"]);
    assert.equal(code, 2);
    assert.doesNotMatch(stdout, /may not be connected to/);
    assert.deepEqual(server.requests, []);
  });
});

Deno.test("1p:status asks for what it is granted, and every request is a GET", async () => {
  await onPlatform(async ({ run, server }) => {
    await run("1p:status");
    assert.ok(server.requests.length > 20);
    assert.deepEqual(server.requests.filter((line) => !line.startsWith("GET ")), []);
    assert.deepEqual(await notGranted(server.requests, "rbac.yaml"), []);
  });
});

Deno.test("1p:status keeps nothing, and its facts do not hold the token", async () => {
  await onPlatform(async (place) => {
    const { run, directory } = place;
    const before = [...filesIn(directory)];
    await run("1p:status");
    assert.deepEqual([...filesIn(directory)], before);
    const outside = await Deno.makeTempFile({ prefix: "lakecheck-token-" });
    await Deno.writeTextFile(outside, CONNECT_TOKEN);
    const ran = await run("1p:status:save", ["--json", "--token", outside, "--save-facts", "facts.json"]);
    await Deno.remove(outside);
    assert.match(ran.stderr, /Facts saved/);
    const [, , signature = ""] = CONNECT_TOKEN.split(".");
    assert.ok(signature.length > 20 && !kept(ran, place).includes(signature));
  });
});

const BUCKETS = ["iceberg-warehouse", "spark-events"];
const SECRETS = [FAKE_KEYS.secretAccessKey, FAKE_KEYS.accessKeyId, CANARY, TOKEN];

/** A run of a checkpoint, and what was seen of it. */
interface Seen {
  ran: Ran;
  /** What the API server was asked, and what the service that is tried was. */
  asked: string[];
  heard: string[];
  /** What is in the service afterwards. */
  left: string[];
  files: string[];
  kept: string;
}

const seenOf = (ran: Ran, place: Place, heard: string[], left: string[]): Seen => ({
  ran,
  heard,
  left,
  asked: [...place.server.requests],
  files: [...filesIn(place.directory).keys()],
  kept: kept(ran, place),
});

/** The S3 checkpoint on a fake store with two buckets, connected to nothing but the API server and the store. */
async function tryStore(...args: string[]): Promise<Seen> {
  let seen: Seen | undefined;
  await onPlatform(async (place) => {
    const fake: FakeS3 = fakeS3();
    for (const name of BUCKETS) fake.store.buckets.set(name, emptyBucket(name));
    try {
      const net = [hostOf(place.server.url), hostOf(fake.url)];
      const ran = await place.run("data-platform:test:s3", ["--json", "--endpoint", fake.url, ...args], net);
      assert.ok([0, 1, 2].includes(ran.code), ran.stderr);
      seen = seenOf(
        ran,
        place,
        fake.heard,
        [...fake.store.buckets].map(([name, { keys }]) => `${name} ${keys.size}`),
      );
    } finally {
      await fake.close();
    }
  });
  return seen ?? assert.fail();
}

let store: Promise<Seen> | undefined;
/** One run for all that is asked of one. */
const triedStore = () => store ??= tryStore("--save-facts", "facts.json", "--write-client-config", "clients");

const secretsIn = (asked: readonly string[]) => [
  ...new Set(
    asked.flatMap((line) => {
      const [, namespace, name] = /^GET \/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/?]+)/.exec(line) ?? [];
      return name ? [`${namespace}/${name}`] : [];
    }),
  ),
];

Deno.test("the S3 checkpoint reads Secrets with keys of the store, or the one that it was given", async () => {
  const { asked } = await triedStore();
  const read = secretsIn(asked);
  assert.ok(read.length > 0);
  assert.deepEqual(read.filter((name) => !/s3|object-user|iceberg/.test(name)), []);
  assert.deepEqual(asked.filter((line) => !line.startsWith("GET ")), []);
  const one = await tryStore("--credentials", "data-platform/s3-credentials");
  assert.deepEqual(secretsIn(one.asked), ["data-platform/s3-credentials"]);
});

Deno.test("the S3 checkpoint writes in its scratch buckets, and leaves the store as it was", async () => {
  const { heard, left } = await triedStore();
  const writes = heard.filter((line) => !/^(?:GET|HEAD|OPTIONS) /.test(line));
  assert.ok(writes.length > 100);
  assert.deepEqual(writes.filter((line) => !/^[A-Z]+ \/lakecheck-scratch-/.test(line)), []);
  assert.deepEqual(left, BUCKETS.map((name) => `${name} 0`));
});

Deno.test("the S3 checkpoint connects to the API server and the store alone", async () => {
  const { ran } = await triedStore();
  // A further host would have been refused by Deno.
  assert.doesNotMatch(ran.stdout + ran.stderr, /NotCapable|may not be connected to/);
  const { details } = JSON.parse(ran.stdout);
  assert.deepEqual(details.connections.map(({ to }: { to: string }) => to), [
    "the API server",
    "the object store",
  ]);
});

Deno.test("the S3 checkpoint keeps no key, in no file", async () => {
  const { files, kept } = await triedStore();
  assert.ok(files.includes("facts.json") && files.some((name) => name.startsWith("clients/")), files.join());
  assert.deepEqual(SECRETS.filter((secret) => kept.includes(secret)), []);
});

Deno.test("the temporary files of the S3 checkpoint are gone when it ends", async () => {
  const { files } = await triedStore();
  assert.deepEqual(files.filter((name) => !/^(?:kubeconfig|facts\.json|clients\/[a-z.-]+)$/.test(name)), []);
});

async function tryCatalog(): Promise<Seen> {
  let seen: Seen | undefined;
  await onPlatform(async (place) => {
    const fake: FakeNessie = fakeNessie();
    try {
      const net = [hostOf(place.server.url), hostOf(fake.url)];
      const args = ["--json", "--no-integrity", "--url", fake.url];
      const ran = await place.run("validate:nessie", args, net);
      assert.ok(ran.stdout.startsWith("{"), ran.stderr);
      seen = seenOf(ran, place, fake.requests, [...fake.state.refs.keys()]);
    } finally {
      await fake.close();
    }
  });
  return seen ?? assert.fail();
}

let catalog: Promise<Seen> | undefined;
const triedCatalog = () => catalog ??= tryCatalog();

Deno.test("the Nessie checkpoint writes on scratch references, and leaves the catalog as it was", async () => {
  const { heard, left } = await triedCatalog();
  const writes = heard.filter((line) => !/^GET |\/contents$/.test(line));
  assert.ok(writes.length > 30);
  const ours =
    /^(?:POST|DELETE) \/api\/v2\/trees\/lakecheck-scratch-|^POST \/api\/v2\/trees$|^[A-Z]+ \/iceberg\/v1\/lakecheck-scratch-/;
  assert.deepEqual(writes.filter((line) => !ours.test(line)), []);
  assert.deepEqual(left, ["main"]);
});

Deno.test("the Nessie checkpoint connects to the API server and the given catalog alone", async () => {
  const { ran } = await triedCatalog();
  const { details } = JSON.parse(ran.stdout);
  assert.deepEqual(details.connections.map(({ to }: { to: string }) => to), [
    "the API server",
    "the catalog",
  ]);
});

Deno.test("the Nessie checkpoint keeps nothing that no flag names", async () => {
  const { files, kept } = await triedCatalog();
  assert.deepEqual(files, ["kubeconfig"]);
  assert.deepEqual(SECRETS.filter((secret) => kept.includes(secret)), []);
});

Deno.test("every place of the lab is below its checkout, its cache or its run directory", () => {
  const { root, ...places } = labContext("/checkout", 3, "/cache");
  assert.equal(root, "/checkout");
  const paths = Object.entries(places).flatMap(([name, place]) =>
    typeof place === "string" && place.startsWith("/") ? [[name, place]] : []
  );
  assert.ok(paths.length > 6);
  const own = /^\/(?:checkout\/\.lab|cache|run\/lakecheck-lab|lakecheck-lab-3)(?:\/|$)/;
  assert.deepEqual(paths.filter(([, path]) => !own.test(path ?? "")), []);
});

Deno.test("the demo starts tasks of this repository", async () => {
  const text = await Deno.readTextFile(`${ROOT}/tools/demo.ts`);
  const started = [...text.matchAll(/new Deno\.Command\(([^,]+), \{ args: \[([^\]]*)/g)].map(([, ...words]) =>
    words
  );
  assert.deepEqual(started, [["Deno.execPath()", '"task", "--quiet", ...step.task']]);
  assert.deepEqual([...rightsOf("demo").keys()], ["run", "sys"]);
});
