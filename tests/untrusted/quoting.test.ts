/** What others say, in files that programs read: never more than one line of a comment, or one value. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { load } from "js-yaml";
import { parse } from "yaml";
import {
  comment,
  envLine,
  iniLine,
  propertyLine,
  sqlText,
  xmlText,
  yamlText,
} from "../../lib/untrusted/quoting.ts";

const BREAKS = "\n\r\u2028\u2029\u0085\v\f\0\x1b";
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(..."\n\r\u2028\u0085\t -<>!&'\"\\=:#$`ab\u00e9"), maxLength: 15 }),
);
const all = (use: (one: string) => void) => fc.assert(fc.property(text, use), { numRuns: 2000 });

Deno.test("a comment is one line, whatever is said in it", () => {
  all((one) => {
    for (const mark of ["#", "--", "<!--"] as const) {
      const made = comment(mark, one);
      assert.ok(
        made.startsWith(mark) && ![...BREAKS].some((sign) => made.includes(sign)),
        JSON.stringify(made),
      );
    }
  });
  assert.equal(comment("#", "HTTP 400 Evil\nspark.x y\r\u2028z"), "# HTTP 400 Evil spark.x y z");
  assert.equal(comment("#", "  two in"), "#   two in");
  assert.equal(comment("#", ""), "#");
});

Deno.test("a comment of XML ends where it ends", () => {
  all((one) => {
    const inner = comment("<!--", one).slice("<!--".length, -"-->".length);
    assert.ok(!inner.includes("--") && !inner.endsWith("-"), JSON.stringify(inner));
  });
  assert.equal(comment("<!--", "a --> <x/> my--secret-"), "<!-- a - -> <x/> my- -secret-  -->");
});

Deno.test("text of XML holds no markup, and nothing that XML has no place for", () => {
  all((one) => {
    // deno-lint-ignore no-control-regex
    assert.ok(!/[<>\x00-\x08\x0b\x0c\x0e-\x1f]|&(?!amp;|lt;|gt;)/.test(xmlText(one)), JSON.stringify(one));
  });
  assert.equal(xmlText("a&<b>&amp;\0"), "a&amp;&lt;b&gt;&amp;amp;\ufffd");
});

/** As java.util.Properties.load reads one logical line. */
function javaProperty(line: string): [string, string] {
  let at = 0;
  const take = (end: RegExp): string => {
    let out = "";
    while (at < line.length && !end.test(line[at] ?? "")) {
      if (line[at] !== "\\") out += line[at++];
      else if (line[at + 1] === "u") {
        out += String.fromCharCode(parseInt(line.slice(at + 2, at + 6), 16));
        at += 6;
      } else {
        out += line[at + 1] ?? "";
        at += 2;
      }
    }
    return out;
  };
  const key = take(/[ =:]/);
  while (line[at] === " ") at++;
  if (line[at] === "=" || line[at] === ":") at++;
  while (line[at] === " ") at++;
  return [key, take(/(?!)/)];
}

Deno.test("a property comes back as it was given, also with a value that would be more lines", () => {
  fc.assert(
    fc.property(
      text.filter((key) => key !== ""),
      text,
      fc.constantFrom("=" as const, " " as const),
      (key, value, by) => {
        const line = propertyLine(key, by, value);
        assert.match(line, /^[\x20-\x7e]*$/);
        assert.deepEqual(javaProperty(line), [key, value]);
      },
    ),
    { numRuns: 2000 },
  );
  assert.equal(propertyLine("s3.endpoint", "=", "http://rgw:80/a"), "s3.endpoint=http://rgw:80/a");
});

Deno.test("a scalar of YAML comes back as it was given, from both readers", () => {
  all((one) => {
    if (!one.isWellFormed()) return;
    const line = `a: ${yamlText(one)}\nb: 1\n`;
    for (const read of [parse, load]) assert.deepEqual(read(line), { a: one, b: 1 });
    assert.ok(!/[\x7f-\x9f\u2028\u2029\ufeff]/.test(line));
  });
});

Deno.test("a literal of SQL comes back as it was given, from DuckDB", async () => {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const nasty = ["it's", "'; drop table x; --", "''", "\\'", "a\nb", "$$", "%s", ""];
    const rows = await connection.runAndReadAll(`SELECT ${nasty.map(sqlText).join(", ")}`);
    assert.deepEqual(rows.getRows()[0], nasty);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});

Deno.test("a variable comes to a shell as it was given, but for breaks, and runs nothing", () => {
  for (const one of ["$(echo pwned)", "a'b", "a b", "`id`", "x;y", "us-east-1", "http://a:80/%20,x"]) {
    const { stdout } = spawnSync("sh", ["-c", `${envLine("V", one)}\nprintf %s "$V"`], { encoding: "utf8" });
    assert.equal(stdout, one);
  }
  assert.equal(envLine("V", "a\nX=1"), "V='a X=1'");
  assert.equal(envLine("AWS_DEFAULT_REGION", "us-east-1"), "AWS_DEFAULT_REGION=us-east-1");
});

Deno.test("a value of an AWS configuration is one line", () => {
  all((one) => assert.equal(iniLine("region", one).split(/[\n\r\u2028\u2029\u0085]/).length, 1));
  assert.equal(iniLine("region", "\n[profile evil]\nx"), "region = [profile evil] x");
});
