import assert from "node:assert/strict";

const CLEAN = "abcde f";
const SCRIPT = new URL("say.ts", import.meta.url).pathname;

async function say(what: string): Promise<{ stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", SCRIPT, what],
    stdin: "null",
  });
  const { stdout, stderr } = await child.output();
  return { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("notes are cleaned of control sequences, one line each, and keep their indentation", async () => {
  assert.deepEqual(await say("note"), { stdout: "", stderr: `\n  ${CLEAN}\n\n${CLEAN}\n` });
});

/** Runs it on a terminal of 60 columns, and says what was shown there. */
const PTY = `
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while True:
    try:
        more = os.read(master, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
`;

Deno.test("progress is cleaned, no longer than the terminal is wide, and taken away again", async () => {
  assert.deepEqual(await say("progress"), { stdout: "", stderr: "" });
  const { stdout } = await new Deno.Command("python3", {
    args: ["-c", PTY, Deno.execPath(), "run", "--no-prompt", "--quiet", SCRIPT, "progress"],
  }).output();
  const shown = new TextDecoder().decode(stdout);
  assert.equal(shown, `${`${CLEAN} ${"long ".repeat(100)}`.slice(0, 58)}…\r\x1b[K`);
});
