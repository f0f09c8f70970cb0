import assert from "node:assert/strict";
import { UsageError } from "../../lib/engine/errors.ts";
import { loadFacts, saveFacts } from "../../lib/disk/facts_file.ts";
import type { Facts } from "../../lib/engine/model.ts";
import { factsOf, withDirectory } from "../cli/run.ts";

const facts = factsOf([["a"], []]) as unknown as Facts;

async function message(path: string, maxBytes?: number): Promise<string> {
  try {
    await loadFacts(path, maxBytes);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message.replaceAll(path, "FILE");
  }
  throw new Error(`${path} was loaded`);
}

Deno.test("facts come back as they were saved, plain and gzipped", async () => {
  await withDirectory(async (directory) => {
    for (const name of ["facts.json", "facts.json.gz"]) {
      await saveFacts(`${directory}/${name}`, facts);
      assert.deepEqual(await loadFacts(`${directory}/${name}`), facts);
    }
    assert.deepEqual(
      (await Deno.readFile(`${directory}/facts.json.gz`)).slice(0, 2),
      new Uint8Array([0x1f, 0x8b]),
    );
  });
});

const SECURE = { to: "the API server", url: "https://a", tls: "verified" };
/** What is no connection: reports show all of one, and their schema has nothing else. */
const CONNECTIONS = [
  null,
  {},
  { ...SECURE, to: 1 },
  { ...SECURE, url: undefined },
  { ...SECURE, tls: "perhaps" },
  { ...SECURE, why: 1 },
  { ...SECURE, more: "x" },
];

Deno.test("connections are loaded as they were saved", async () => {
  await withDirectory(async (directory) => {
    const connections = [SECURE, { ...SECURE, tls: "unverified", why: "insecure-skip-tls-verify" }];
    await Deno.writeTextFile(`${directory}/facts.json`, JSON.stringify({ ...facts, connections }));
    assert.deepEqual((await loadFacts(`${directory}/facts.json`)).connections, connections);
  });
});

Deno.test("a facts file that cannot be used is refused with what is wrong with it", async () => {
  await withDirectory(async (directory) => {
    const whole = JSON.stringify(facts);
    await saveFacts(`${directory}/whole.gz`, facts);
    const zipped = await Deno.readFile(`${directory}/whole.gz`);
    const cases: [string | Uint8Array, RegExp][] = [
      ["", /is not a facts file: it is empty/],
      ["hello", /is not a facts file: it is not JSON/],
      [whole.slice(0, -20), /is cut short or damaged: .*Record it again with --save-facts/],
      [zipped.slice(0, -20), /is cut short or damaged: its gzip data does not end well/],
      ["[]", /it is JSON of another kind/],
      ["{}", /it has no lakecheck schema/],
      [
        JSON.stringify({ ...facts, schema: "lakecheck.facts/v2" }),
        /is lakecheck\.facts\/v2: this lakecheck reads lakecheck\.facts\/v1/,
      ],
      [JSON.stringify({ schema: "lakecheck.report/v1" }), /it is a lakecheck\.report\/v1 document/],
      [JSON.stringify({ ...facts, collectedAt: "yesterday" }), /collectedAt, context, namespace or sources/],
      [
        JSON.stringify({ ...facts, sources: { pods: { ok: true } } }),
        /the entry of source pods has another shape/,
      ],
      [
        JSON.stringify({ ...facts, sources: { pods: { ok: true, items: [null] } } }),
        /the entry of source pods/,
      ],
      ...CONNECTIONS.map((bad): [string, RegExp] => [
        JSON.stringify({ ...facts, connections: [SECURE, bad] }),
        /its connections have another shape/,
      ]),
      [JSON.stringify({ ...facts, connections: SECURE }), /its connections have another shape/],
    ];
    for (const [content, expected] of cases) {
      const path = `${directory}/facts.json`;
      await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
      assert.match(await message(path), expected);
    }
    assert.match(
      await message(`${directory}/none`),
      /Cannot read the facts file FILE: there is no such file/,
    );
    assert.match(await message(directory), /Cannot read the facts file FILE: it is a directory/);
  });
});

Deno.test("saving keeps the old file when the new one cannot be written, and a link keeps its target", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/target.json`, "old");
    await Deno.symlink(`${directory}/target.json`, `${directory}/link.json`);
    await saveFacts(`${directory}/link.json`, facts);
    assert.ok((await Deno.lstat(`${directory}/link.json`)).isSymlink);
    assert.deepEqual(await loadFacts(`${directory}/target.json`), facts);
    await assert.rejects(saveFacts(directory, facts), /Cannot write .*: it is a directory/);
    await saveFacts("/dev/null", facts);
    assert.ok((await Deno.stat("/dev/null")).isCharDevice);
  });
});

async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

Deno.test("facts of exactly the limit are loaded, and of one byte more neither packed nor unpacked", async () => {
  await withDirectory(async (directory) => {
    const text = new TextEncoder().encode(JSON.stringify(facts));
    await Deno.writeFile(`${directory}/plain`, text);
    await Deno.writeFile(`${directory}/packed`, await packed(text));
    for (const name of ["plain", "packed"]) {
      assert.deepEqual(await loadFacts(`${directory}/${name}`, text.length), facts);
      await assert.rejects(
        loadFacts(`${directory}/${name}`, text.length - 1),
        /it (is larger than|unpacks to more than) \d+ bytes, .*\. (Next: give --facts|Give) a file that --save-facts/,
      );
    }
  });
});

Deno.test("a file that unpacks to a thousand times its size is not unpacked to its end", async () => {
  await withDirectory(async (directory) => {
    const bomb = `${directory}/bomb.gz`;
    await Deno.writeFile(bomb, await packed(new Uint8Array(130 * 1024 * 1024)));
    assert.ok((await Deno.stat(bomb)).size < 512 * 1024);
    assert.match(
      await message(bomb),
      /is not a facts file: it unpacks to more than 128 MiB, so it was not read to its end\. Give a file/,
    );
  });
});

Deno.test("facts within each other deeper than any are damaged, and the process goes on", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/deep.json`;
    for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
      const deep = `${open.repeat(50_000)}1${close.repeat(50_000)}`;
      const text = JSON.stringify({ ...facts, sources: { pods: { ok: true, items: [{ deep: 0 }] } } });
      await Deno.writeTextFile(path, text.replace('{"deep":0}', `{"deep":${deep}}`));
      assert.match(await message(path), /is cut short or damaged: it is nested deeper than 200 levels/);
    }
  });
});
