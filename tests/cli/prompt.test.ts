import assert from "node:assert/strict";
import fc from "fast-check";
import { Interrupted, UsageError } from "../../lib/engine/errors.ts";
import { ask, emptyLine, requireYes, secret, typed } from "../../lib/cli/prompt.ts";
import { TOKEN } from "../procedures/onepassword/samples.ts";
import { typist } from "../fakes/terminal.ts";

const line = (input: string) => typed(emptyLine, input);

Deno.test("Enter ends a line, and what follows it is dropped", () => {
  assert.deepEqual([line("abc\r").text, line("abc\r").state], ["abc", "entered"]);
  assert.equal(line("abc\nrm -rf x\n").text, "abc");
  assert.equal(typed(line("abc\r"), "more").text, "abc");
});

Deno.test("Backspace takes the last character, whatever it is made of, and Ctrl-U all of them", () => {
  assert.equal(line("abd\x7fc").text, "abc");
  assert.equal(line("abd\bc").text, "abc");
  assert.equal(line("a😀\x7fb").text, "ab");
  assert.equal(line("\x7f\x7fa").text, "a");
  assert.equal(line("abc\x15d").text, "d");
});

Deno.test("Ctrl-C interrupts and Ctrl-D ends", () => {
  for (const input of ["abc\x03d", "a\x1b\x03", "a\x1b[1\x03", "\x1b[200~a\x03"]) {
    assert.equal(line(input).state, "interrupted");
  }
  assert.deepEqual([line("abc\x04d").text, line("abc\x04d").state], ["abc", "ended"]);
});

Deno.test("arrows, function keys and other controls leave no trace", () => {
  assert.equal(line("a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1bfe\x1b[15~f\x01\x0b\x1ag").text, "abcdefg");
  assert.equal(typed(line("a\x1b["), "3~b").text, "ab");
  assert.equal(line(`a\x1b[${"1".repeat(100)}`).sequence.length < 40, true);
});

Deno.test("line breaks inside of a bracketed paste are content, as are tabs", () => {
  const pasted = line("\x1b[200~{\r\t1\r}\r\x1b[201~");
  assert.deepEqual([pasted.text, pasted.state], ["{\n\t1\n}\n", "open"]);
  assert.equal(typed(pasted, "\r").state, "entered");
});

Deno.test("what is not whole yet goes on in the next line", () => {
  const whole = (text: string) => text.endsWith("}");
  const open = typed(emptyLine, "{\r1", whole);
  assert.deepEqual([open.text, open.state], ["{\n1", "open"]);
  assert.equal(typed(open, "}\r", whole).state, "entered");
});

Deno.test("property: what is typed in any pieces is the text, whatever is deleted on the way", () => {
  const keys = fc.array(fc.constantFrom("a", "Z", "7", " ", "~", "ß", "語", "😀"), { maxLength: 40 });
  fc.assert(fc.property(keys, keys, keys, (before, slip, after) => {
    const first = line([...before, ...slip, ...slip.map(() => "\x7f")].join(""));
    const all = typed(first, after.join(""));
    assert.deepEqual([all.text, all.state], [[...before, ...after].join(""), "open"]);
  }));
});

Deno.test("a secret is asked for without echo, in any chunks, and the terminal is as before", async () => {
  const bytes = new TextEncoder().encode("pässwörd 😀\r");
  const terminal = typist([...bytes].map((byte) => Uint8Array.of(byte)));
  assert.equal(await secret("What?", { terminal }), "pässwörd 😀");
  assert.deepEqual(terminal.raw, [true, false]);
  assert.equal(terminal.written, "\x1b[?2004hWhat? \x1b[?2004l\n");
});

Deno.test("what a question names cannot trick the terminal", async () => {
  const [hidden, plain] = [typist(["x\r"]), typist(["y\n"])];
  await secret("vault \x1b[2Ja\x9b1mb\u202ec\n?", { terminal: hidden });
  assert.equal(hidden.written, "\x1b[?2004hvault abc ? \x1b[?2004l\n");
  assert.equal(await ask("vault \x1b]0;t\x07a\r\n\u200bb?", plain), true);
  assert.equal(plain.written, "vault a b? [y/N] ");
});

Deno.test("long tokens can be pasted, and what is longer than 1 MiB is refused", async () => {
  const long = TOKEN.repeat(100);
  assert.equal(await secret("What?", { terminal: typist([`\x1b[200~${long}\x1b[201~`, "\r"]) }), long);
  const terminal = typist(["x".repeat(1_048_577)]);
  await assert.rejects(secret("What?", { terminal }), /longer than 1 MiB.*Give it as a file/);
  assert.deepEqual(terminal.raw, [true, false]);
});

Deno.test("Ctrl-C gives the terminal back and is an interruption", async () => {
  const terminal = typist(["abc", "\x03"]);
  await assert.rejects(secret("What?", { terminal }), Interrupted);
  assert.deepEqual(terminal.raw, [true, false]);
});

Deno.test("Ctrl-D and the end of input give what was typed so far", async () => {
  assert.equal(await secret("What?", { terminal: typist(["abc\x04"]) }), "abc");
  assert.equal(await secret("What?", { terminal: typist(["abc"]) }), "abc");
  assert.equal(await secret("What?", { terminal: typist(["\x04"]) }), "");
});

Deno.test("the terminal is given back when it cannot be read", async () => {
  const terminal = { ...typist([]), read: () => Promise.reject(new Error("gone")) };
  await assert.rejects(secret("What?", { terminal }), /gone/);
  assert.deepEqual(terminal.raw, [true, false]);
});

Deno.test("without a terminal no question is asked", async () => {
  const terminal = typist(["y\n"], { terminal: false });
  await assert.rejects(secret("What?", { terminal }), UsageError);
  await assert.rejects(ask("Sure?", terminal), /Cannot ask "Sure\?": stdin is not a terminal\. Give --yes/);
  assert.equal(terminal.written, "");
});

Deno.test("a question is cleaned of control sequences", async () => {
  const terminal = typist(["y\n"]);
  assert.equal(await ask("delete a\x1b[2J\x1b]0;t\x07b\u202ed\nf?", terminal), true);
  assert.equal(terminal.written, "delete abd f? [y/N] ");
});

Deno.test("what needs a yes goes on with one or with --yes, and says what was not done without", async () => {
  const asks = "toy asks before it writes";
  const question = "Write this?";
  const silent = typist([], { terminal: false });
  await requireYes({ yes: true, asks, question }, silent);
  assert.equal(silent.written, "");
  const answered = typist(["y\n"]);
  await requireYes({ yes: false, asks, question }, answered);
  assert.equal(answered.written, "Write this? [y/N] ");
  await assert.rejects(
    requireYes({ yes: false, asks, question }, typist(["n\n"])),
    new UsageError("Not confirmed. Nothing was changed."),
  );
  await assert.rejects(
    requireYes(
      { yes: false, asks, question, nothing: "Nothing was sent." },
      typist(["y\n"], { terminal: false }),
    ),
    new UsageError(
      "toy asks before it writes, and stdin is no terminal. If that is meant, run it again with --yes. Nothing was sent.",
    ),
  );
});

Deno.test("yes is only what says so", async () => {
  const cases: [string[], boolean][] = [
    [["y\n"], true],
    [["YES\r\n"], true],
    [["n\n"], false],
    [["\n"], false],
    [[], false],
    [["what\n", "y\n"], true],
    [["what\n", "what\n", "what\n", "y\n"], false],
  ];
  for (const [chunks, expected] of cases) {
    assert.equal(await ask("Sure?", typist(chunks)), expected, chunks.join());
  }
});

/**
 * Types each of `inputs` when `marks` of the same place has been shown, on a real terminal; then says as JSON what
 * was shown, how it ended, and whether the terminal echoes and reads lines as before.
 */
const PTY = `
import json, os, pty, sys, termios, select
argv, marks, inputs = json.loads(sys.argv[1])
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.close(master)
    os.login_tty(slave) if hasattr(os, "login_tty") else (os.setsid(), [os.dup2(slave, n) for n in (0, 1, 2)])
    os.execvp(argv[0], argv)
shown, seen = b"", 0
while True:
    ready, _, _ = select.select([master], [], [], 0.2)
    if ready:
        shown += os.read(master, 65536)
    if marks and marks[0].encode() in shown[seen:]:
        seen = len(shown)
        os.write(master, inputs.pop(0).encode())
        marks.pop(0)
    if not ready:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
same = termios.tcgetattr(slave)[:4] == before[:4]
print(json.dumps({"shown": shown.decode(), "code": os.waitstatus_to_exitcode(status), "same": same}))
`;

async function onTerminal(marks: string[], inputs: string[]) {
  const script = new URL("ask_secret.ts", import.meta.url).pathname;
  const argv = [Deno.execPath(), "run", "--no-prompt", "--quiet", script];
  const { stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", PTY, JSON.stringify([argv, marks, inputs])],
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.ok(said, new TextDecoder().decode(stderr));
  return JSON.parse(said) as { shown: string; code: number; same: boolean };
}

Deno.test("on a real terminal nothing of a secret is shown, and the next question works as ever", async () => {
  const { shown, code, same } = await onTerminal(["What is it?", "Sure?"], [`${TOKEN}x\x7f\r`, "y\r"]);
  assert.match(shown, new RegExp(`asked: ${TOKEN.length} characters, yes`));
  for (let i = 0; i + 6 <= TOKEN.length; i++) assert.ok(!shown.includes(TOKEN.slice(i, i + 6)), shown);
  assert.match(shown, /Sure\? \[y\/N\] y\r\n/);
  assert.equal(code, 0);
  assert.ok(same);
});

Deno.test("on a real terminal Ctrl-C at the question gives the terminal back", async () => {
  const { shown, code, same } = await onTerminal(["What is it?"], ["sekrit\x03"]);
  assert.match(shown, /interrupted/);
  assert.ok(!shown.includes("sekrit"));
  assert.equal(code, 130);
  assert.ok(same);
});
