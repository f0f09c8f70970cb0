import assert from "node:assert/strict";

const COMMAND = new URL("acting_command.ts", import.meta.url).pathname;

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--allow-read", "--allow-env", COMMAND, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function said(...args: string[]) {
  const { code, stdout, stderr } = await start(...args).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("a command that acts reports in its own format, unless a flag names one", async () => {
  const own = await said("--how", "well");
  assert.equal(JSON.parse(own.stdout).command, "toys:make");
  assert.doesNotMatch((await said("--how", "well", "--output", "plain")).stdout, /^\{/);
});

Deno.test("a command that has printed all there is to say ends with 0 and no report", async () => {
  assert.deepEqual(await said("--how", "silent"), { code: 0, stdout: "", stderr: "" });
});

Deno.test("its own flags are in the help, and common flags that it has not are refused", async () => {
  const { stdout } = await said("--help");
  assert.match(stdout, /--how WORD/);
  assert.doesNotMatch(stdout, /--facts/);
  const { code, stderr } = await said("--facts", "x");
  assert.equal(code, 3);
  assert.match(stderr, /There is no flag "--facts"/);
});

Deno.test("what it can't do is one message and exit 3", async () => {
  for (const [how, message] of [["usage", "no wood"], ["away", "the shop is closed"]] as const) {
    const { code, stderr } = await said("--how", how, "--output", "plain");
    assert.equal(code, 3);
    assert.equal(stderr, `toys:make: ${message}\n`);
  }
});

Deno.test("interrupted from within or by Ctrl-C, it says what is left and what to do: exit 130", async () => {
  const within = await said("--how", "stop");
  assert.equal(within.code, 130);
  assert.match(within.stderr, /toys:make: interrupted\. Half a toy is left\. Run it again\./);
  const child = start("--how", "wait");
  const reader = child.stderr.getReader();
  await reader.read();
  child.kill("SIGINT");
  const rest = new TextDecoder().decode((await reader.read()).value);
  assert.equal((await child.status).code, 130);
  assert.match(rest, /interrupted\. Half a toy is left/);
  await child.stdout.cancel();
  await reader.cancel();
});

/** Starts it, waits until it waits, sends the signals, and gives its end and what it said after them. */
async function stopped(
  how: string,
  signals: Deno.Signal[],
): Promise<{ code: number; rest: string }> {
  const child = start("--how", how);
  const reader = child.stderr.getReader();
  await reader.read();
  const said: string[] = [];
  for (const signal of signals) {
    child.kill(signal);
    said.push(new TextDecoder().decode((await reader.read()).value));
  }
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    said.push(new TextDecoder().decode(part.value));
  }
  const { code } = await child.status;
  await child.stdout.cancel();
  return { code, rest: said.join("") };
}

Deno.test("a command that undoes is told to stop, and ends when it has cleaned up what it made", async () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 130]] as const) {
    const end = await stopped("undo", [signal]);
    assert.match(end.rest, /toys:make: stopping, and cleaning up what was made[^]*undone[^]*interrupted\./);
    assert.equal(end.code, code);
  }
});

Deno.test("a second Ctrl-C ends it at once, and so does the time for undoing", async () => {
  // Its own time for undoing is longer than any test.
  const twice = await stopped("stuck", ["SIGINT", "SIGINT"]);
  assert.equal(twice.code, 130);
  const late = await stopped("late", ["SIGTERM"]);
  assert.equal(late.code, 143);
  assert.match(late.rest, /interrupted\. Half a toy is left/);
});

Deno.test("something long that was typed by mistake, such as a secret, is not shown whole", async () => {
  const secret = "x".repeat(30) + "SECRET" + "y".repeat(60);
  const { stderr } = await said(secret);
  assert.ok(!stderr.includes("SECRET"), stderr);
});
