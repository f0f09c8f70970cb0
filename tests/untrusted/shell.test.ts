/** Whatever a value is, a command made of it gives it to the program as one word, in real shells, and runs nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { command, words } from "../../lib/untrusted/shell.ts";
import { clean } from "../../lib/redact/mod.ts";

/** The shells of this machine, and where they are. */
const PLACES = new Map(
  ["sh", "bash", "zsh", "dash", "ksh"].flatMap((name) => {
    const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    return status === 0 ? [[name, stdout.trim()] as const] : [];
  }),
);

/** The words that the program gets, of each script in one run of the shell: each word between NULs and line ends. */
function wordsOf(shell: string, scripts: readonly string[]): string[][] {
  const script = scripts.map((one) => `${one}\nprintf '\\001\\n'`).join("\n");
  const directory = Deno.makeTempDirSync();
  Deno.mkdirSync(`${directory}/place`);
  // For a pattern that is not quoted to find.
  Deno.writeTextFileSync(`${directory}/place/ab`, "");
  Deno.writeTextFileSync(`${directory}/script`, script);
  // Were a value not quoted, it would find no program to run, and nowhere else to write.
  const { stdout, status, stderr } = spawnSync(`${PLACES.get(shell)}`, [`${directory}/script`], {
    encoding: "utf8",
    cwd: `${directory}/place`,
    env: { PATH: "/nowhere" },
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  });
  const there = [...Deno.readDirSync(`${directory}/place`)].map(({ name }) => name);
  Deno.removeSync(directory, { recursive: true });
  assert.deepEqual(there, ["ab"]);
  assert.equal(status, 0, `${shell}: ${stderr}`);
  return stdout.split("\x01\n").slice(0, -1).map((text) => text.split("\n").slice(0, -1));
}

const NASTY = [
  "$(touch /tmp/pwned)",
  "`id`",
  "a b",
  "a'b",
  "'",
  "''; id; '",
  '"',
  "\\",
  "\\'",
  "*",
  "~root",
  "#x",
  "!x",
  "a!b",
  "=ls",
  "{a,b}",
  "a;id",
  "a&id",
  "a|id",
  "<x",
  ">x",
  "(x)",
  "[x]",
  "?",
  "^a^b",
  "%1",
  "",
  "é ü",
  "数据湖",
  "👩‍👩‍👧 family",
  "a=b",
  "x,rw",
];

/** One word of a command; what can't be typed is left out of it. */
const value = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!*?[]{}()<>|&;#~=-%^ \u00e9ab"), maxLength: 12 }),
);

const isLeftOut = (made: string) => made.startsWith("# no ");

Deno.test("a value comes to the program as one word, whatever it is, alone and beside other text", () => {
  const scripts: string[] = [];
  const wanted: string[][] = [];
  const add = (made: string, words: string[]) => {
    if (isLeftOut(made)) return;
    scripts.push(made);
    wanted.push(words);
  };
  fc.assert(
    fc.property(value, value, (one, two) => {
      add(command`printf '%s\\n' -n ${one} s3://${one}/${two}/ --x=${two},rw`, [
        "-n",
        one,
        `s3://${one}/${two}/`,
        `--x=${two},rw`,
      ]);
    }),
    { numRuns: 3000 },
  );
  for (const one of NASTY) add(command`printf '%s\\n' ${one}   # of ${one}`, [one]);
  assert.ok(scripts.length > 500, `${scripts.length} were made`);
  for (const shell of PLACES.keys()) assert.deepEqual(wordsOf(shell, scripts), wanted, shell);
});

Deno.test("a terminal shows a command as it is: nothing in it is taken out on the way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const made = command`kubectl get pod ${text}`;
      assert.equal(clean(made), made);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("what can't be seen or typed leaves a comment instead of a command, and none of the value", () => {
  const unseen = [
    "a\nb",
    "a\rb",
    "\x1b[2J",
    "a\tb",
    "a\x7f",
    "a\u0085b",
    "a\u202eb",
    "a\u200bb",
    "a\u2028b",
    "a\u00a0b",
    "a\u3000b",
    "a\u00adb",
    "a\u3164b",
    "a\u{e0061}b",
    "\ud800",
    "a\udfffb",
  ];
  for (const text of unseen) {
    assert.equal(
      command`kubectl -n lake get pod ${text}`,
      "# no kubectl command here: a name in it has characters that can not be seen or typed",
      JSON.stringify(text),
    );
  }
});

Deno.test("what would be an option is no value; within a word it is one", () => {
  for (const text of ["-A", "--evil", "-"]) {
    assert.match(command`kubectl get pod ${text}`, /^# no kubectl command here: .* read as an option$/);
    assert.match(command`kubectl get pod web ${text} -A`, /^# no kubectl command/);
  }
  assert.match(command`${"-A"} x`, /^# no /);
  assert.equal(command`kubectl logs job/${"-A"}`, "kubectl logs job/-A");
});

Deno.test("what is not known, or is no text, leaves a comment", () => {
  assert.match(command`kubectl -n ${undefined} get pods`, /^# no kubectl command here: .* not known$/);
  const hostile = JSON.parse('{"toString": 1}');
  assert.match(command`kubectl -n ${hostile} get pods`, /^# no kubectl command/);
});

Deno.test("a list is words only where code has made it one: a facts file may hold one where a name is due", () => {
  assert.equal(command`kubectl ${words("--context", "a b", "get")} -A`, "kubectl --context 'a b' get -A");
  assert.match(command`kubectl ${words("--context", "a\nb")}`, /^# no kubectl/);
  assert.match(command`kubectl get pod ${JSON.parse('["x", "--evil"]')}`, /^# no kubectl/);
});

Deno.test("nothing beside other text adds nothing, and alone it is an empty word", () => {
  assert.equal(command`aws s3 ls s3://${"b"}/${""}`, "aws s3 ls s3://b/");
  assert.equal(command`op item get ${""}`, "op item get ''");
});

Deno.test("plain names, addresses and placeholders stay as readable as they are", () => {
  assert.equal(
    command`aws --endpoint-url ${"http://rgw.rook-ceph.svc:80"} s3 ls s3://${"lake-1"}/${"a/b_c=1/x+y@z,2.parquet"}`,
    "aws --endpoint-url http://rgw.rook-ceph.svc:80 s3 ls s3://lake-1/a/b_c=1/x+y@z,2.parquet",
  );
  assert.equal(
    command`op connect token create ${"NAME"} --vault ${"My Vault"},r`,
    "op connect token create NAME --vault 'My Vault',r",
  );
  assert.equal(command`x ${5}`, "x 5");
});
