/** Scripts of docs/iceberg: statements and what comes of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { inScratch } from "../../../../lib/checkpoints/iceberg/scripts/names.ts";
import {
  difference,
  type Kept,
  readScript,
  ScriptError,
  withKept,
} from "../../../../lib/checkpoints/iceberg/scripts/script.ts";
import { SCRIPTS } from "../../../../lib/checkpoints/iceberg/trials/scripts.ts";

const DOCS = new URL("../../../../docs/iceberg/", import.meta.url);

Deno.test("a script is read as statements with what must come of each", () => {
  const text = `-- A comment.
SELECT ';', "a;b", \`c;d\` -- not the end;
  FROM t;
-- => 1 | NULL
-- => x=*
-- scans 1 of 3 files

DELETE FROM t;
SELECT 1;
-- no rows
DROP TABLE u;
-- fails: NotFound
`;
  assert.deepEqual(readScript(text).map(({ sql, ...rest }) => ({ sql: sql.replace(/\s+/g, " "), ...rest })), [
    {
      sql: "SELECT ';', \"a;b\", `c;d` FROM t",
      line: 2,
      expected: { rows: [["1", "NULL"], ["x=*"]], scans: { files: 1, of: 3 } },
    },
    { sql: "DELETE FROM t", line: 8, expected: {} },
    { sql: "SELECT 1", line: 9, expected: { rows: [] } },
    { sql: "DROP TABLE u", line: 11, expected: { fails: "NotFound" } },
  ]);
});

const BROKEN: readonly [text: string, problem: RegExp][] = [
  ["SELECT 'a;", /line 1: the quote ' is not closed/],
  ["SELECT 1;\nSELECT 2", /line 2: the statement has no semicolon/],
  ["-- => 1\nSELECT 1;", /line 1: says what comes of a statement before any/],
  ["SELECT 1;\n-- scans many files", /^$/],
  ["SELECT 1;\n-- scans 1 file", /line 2: is no expectation that is known/],
  ["SELECT 1;\n-- fails: no", /line 2: is no expectation that is known/],
  [";", /there is no statement before the semicolon/],
];

for (const [text, problem] of BROKEN) {
  Deno.test(`a script is refused, or is a comment: ${JSON.stringify(text)}`, () => {
    if (problem.source === "^$") assert.equal(readScript(text).length, 1);
    else assert.throws(() => readScript(text), { name: "ScriptError", message: problem });
  });
}

Deno.test("whatever a script holds, it is read or refused, and statements are parts of it", () => {
  const word = fc.constantFrom(
    "a",
    ";",
    "'",
    '"',
    "`",
    "--",
    "\n",
    "/*",
    "*/",
    "=>",
    " | ",
    "fails:",
    "${x}",
    " ",
  );
  fc.assert(fc.property(fc.array(word).map((words) => words.join("")), (text) => {
    try {
      for (const { sql, line } of readScript(text)) {
        assert.ok(sql !== "" && line >= 1 && line <= text.split("\n").length);
      }
    } catch (error) {
      assert.ok(error instanceof ScriptError);
    }
  }));
});

Deno.test("rows are compared in their order, and values are kept by their names", () => {
  const kept: Kept = {};
  assert.equal(difference([["1", "a=*"], ["2", "NULL"]], [["1", "x"], ["2", null]], kept), undefined);
  assert.equal(withKept("AT ${a}", kept, 1), "AT x");
  assert.throws(() => withKept("AT ${b}", kept, 7), { message: "line 7: nothing was kept as b" });
  assert.deepEqual(difference([["1"]], [["2"]], {}), { observed: "2", expected: "1" });
  assert.deepEqual(difference([["1"]], [], {}), { observed: "no further row", expected: "1" });
  assert.deepEqual(difference([], [["1"]], {}), { observed: "1", expected: "no further row" });
  assert.deepEqual(difference([["n=3"]], [["4"]], {}), { observed: "4", expected: "n=3" });
});

Deno.test("names of the docs become those of the run, and nothing else does", () => {
  const names = { catalog: "c1", namespace: "ns", prefix: "p_", home: "b/w/ns/" };
  const cases = [
    ["SELECT * FROM lakehouse.demo.t.files", "SELECT * FROM c1.ns.p_t.files"],
    ["USE lakehouse.demo", "USE c1.ns"],
    ["CALL lakehouse.system.f(table => 'demo.t')", "CALL c1.system.f(table => 'ns.p_t')"],
    ["LOCATION 's3a://iceberg-test/t'", "LOCATION 's3a://b/w/ns/p_t'"],
    [
      "SELECT democracy.x, 'my lakehouse', demo FROM other.t",
      "SELECT democracy.x, 'my lakehouse', demo FROM other.t",
    ],
  ] as const;
  for (const [sql, expected] of cases) assert.equal(inScratch(sql, names), expected);
});

Deno.test("every script of docs/iceberg can be read, and is tried", async () => {
  for (const [engine, names] of Object.entries(SCRIPTS)) {
    const folder = new URL(`${engine}/`, DOCS);
    const found = names.length > 0 ? Array.from(Deno.readDirSync(folder), ({ name }) => name) : [];
    assert.deepEqual(found.toSorted(), names.map((name) => `${name}.sql`).toSorted(), engine);
    for (const name of found) {
      const statements = readScript(await Deno.readTextFile(new URL(name, folder)));
      assert.ok(statements.some(({ expected }) => expected.rows), `${engine}/${name} compares no rows`);
    }
  }
});
