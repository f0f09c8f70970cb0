/** Files that a user names, of every kind that a path may lead to. */
import assert from "node:assert/strict";
import {
  type FileRead,
  MOST_BYTES,
  readLimited,
  type ReadLimits,
  readUpTo,
} from "../../lib/disk/read_limited.ts";
import { withDirectory } from "../cli/run.ts";
import { PATIENT_MS } from "../patience.ts";

const LIMITS: ReadLimits = { maxBytes: 1000, waitMs: PATIENT_MS };
const why = (read: FileRead): string => read.ok ? `read ${read.bytes.length} bytes` : read.why;
const read = async (path: string, more: Partial<ReadLimits> = {}) =>
  why(await readLimited(path, { ...LIMITS, ...more }));

async function fifo(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert.ok(success);
}

Deno.test("a file of exactly the limit is read whole, and of one byte more not at all", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/file`;
    for (const size of [0, 1, 999, 1000]) {
      const bytes = crypto.getRandomValues(new Uint8Array(size));
      await Deno.writeFile(path, bytes);
      const found = await readLimited(path, LIMITS);
      assert.ok(found.ok);
      assert.deepEqual(found.bytes, bytes);
    }
    await Deno.writeFile(path, new Uint8Array(1001));
    assert.equal(await read(path), "it is larger than 1000 bytes, and no more is read");
  }));

Deno.test("a file of 2 GB is refused by its size, and nothing of it is read", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/huge`;
    await Deno.writeTextFile(path, "");
    await Deno.truncate(path, 2 * 1024 ** 3);
    const before = Deno.memoryUsage().rss;
    assert.equal(
      await read(path, { maxBytes: MOST_BYTES.kubeconfig }),
      "it is larger than 8 MiB, and no more is read",
    );
    assert.ok(Deno.memoryUsage().rss - before < 64 * 1024 ** 2);
  }));

Deno.test("a file whose size is said to be nothing is read to the limit and no further", async () => {
  for (const expected of [0, 1, 5000]) {
    let given = 0;
    const endless = (buffer: Uint8Array) => {
      const count = Math.min(7, buffer.length);
      given += count;
      return Promise.resolve(count);
    };
    assert.equal(await readUpTo(endless, 16, expected), undefined);
    assert.equal(given, 17, "one byte too many, and no more");
    const pieces = [3, 4, null];
    const short = () => Promise.resolve(pieces.shift() ?? null);
    assert.equal((await readUpTo(short, 16, expected))?.length, 7);
  }
});

Deno.test("what is no regular file is refused at once, by what it is", () =>
  withDirectory(async (directory) => {
    await fifo(`${directory}/pipe`);
    await Deno.symlink(`${directory}/pipe`, `${directory}/link`);
    const socket = Deno.listen({ transport: "unix", path: `${directory}/socket` });
    const only = "and only a regular file is read here";
    assert.equal(await read(directory), "it is a directory");
    assert.equal(await read(`${directory}/pipe`), `it is a pipe, ${only}`);
    assert.equal(await read(`${directory}/link`), `it is a pipe, ${only}`);
    assert.equal(await read(`${directory}/pipe`, { pipes: "substituted" }), `it is a pipe, ${only}`);
    assert.equal(await read(`${directory}/socket`), `it is a socket, ${only}`);
    assert.equal(await read("/dev/zero"), `it is a device, ${only}`);
    assert.equal(await read("/dev/zero", { pipes: "any" }), `it is a device, ${only}`);
    assert.equal(await read(`${directory}/none`), "there is no such file or directory");
    socket.close();
  }));

Deno.test("/dev/null is an empty file, as it is for everybody who gives it", async () => {
  assert.equal(await read("/dev/null"), "read 0 bytes");
});

Deno.test("a pipe of <(...) is read where it may be, and a named one where any may be", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    await fifo(path);
    const long = "x".repeat(1001);
    for (const [text, expected] of [["", "read 0 bytes"], ["abc", "read 3 bytes"], [long, /^it is larger/]]) {
      const [said] = await Promise.all([
        read(path, { pipes: "any" }),
        Deno.writeTextFile(path, `${text}`).catch(() => {}),
      ]);
      assert.match(said, new RegExp(expected ?? ""));
    }
    const module = new URL("../../lib/disk/read_limited.ts", import.meta.url).href;
    const code = `import { readLimited } from "${module}";
      const [path, pipes] = Deno.args;
      const read = await readLimited(path, { maxBytes: 100000, pipes });
      console.log(read.ok ? "read " + read.bytes.length : read.why); Deno.exit();`;
    await Deno.writeTextFile(`${directory}/code.ts`, code);
    const bash = async (given: string, pipes: string) => {
      const script = `${Deno.execPath()} run --no-config --allow-read ${directory}/code.ts ${given} ${pipes}`;
      const { stdout } = await new Deno.Command("bash", { args: ["-c", script], stderr: "null" }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assert.equal(await bash("<(head -c 70000 /dev/zero)", "substituted"), "read 70000");
    assert.match(await bash("<(yes)", "substituted"), /^it is larger than 97 KiB/);
    assert.match(await bash("<(echo x)", "none"), /^it is a pipe/);
  }));

Deno.test("a pipe that nobody writes into, or that does not end, is waited for no longer than the limit", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    await fifo(path);
    const late = "it did not end within 0.02 s, and a file is waited for no longer";
    assert.equal(await read(path, { pipes: "any", waitMs: 20 }), late);
    // Lets go of the one that waits for a writer.
    const writer = await Deno.open(path, { write: true });
    assert.equal(await read(path, { pipes: "any", waitMs: 20 }), late);
    writer.close();
  }));
