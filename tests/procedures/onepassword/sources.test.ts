import assert from "node:assert/strict";
import fc from "fast-check";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import { readCredentials } from "../../../lib/procedures/onepassword/credentials.ts";
import { type Io, take, takeBoth } from "../../../lib/procedures/onepassword/sources.ts";
import { readToken } from "../../../lib/procedures/onepassword/token.ts";
import { withDirectory } from "../../cli/run.ts";
import { assertNotQuoted, base64, CREDENTIALS, NOW, PARTS, SERVICE_ACCOUNT_TOKEN, TOKEN } from "./samples.ts";
import { typist } from "../../fakes/terminal.ts";

function io(
  chunks: readonly (string | Uint8Array)[],
  env: Record<string, string> = {},
  terminal = false,
): Io {
  return { env: (name) => env[name], terminal: typist(chunks, { terminal }) };
}
const nobody = io([]);

async function problem(taking: Promise<unknown>): Promise<string> {
  try {
    await taking;
  } catch (error) {
    assert.ok(error instanceof UsageError, `not a UsageError: ${error}`);
    return error.message;
  }
  throw new Error("it was accepted");
}

async function withFile(content: string | Uint8Array, use: (path: string) => Promise<void>, mode = 0o600) {
  await withDirectory(async (directory) => {
    const path = `${directory}/secret`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.chmod(path, mode);
    await use(path);
  });
}

Deno.test("a file that only its owner may read is taken without a word", async () => {
  await withFile(`${TOKEN}\n`, async (path) => {
    assert.deepEqual(await take("token", path, nobody), {
      value: `${TOKEN}\n`,
      from: `file ${path}`,
      warnings: [],
    });
  });
});

Deno.test("a file that others may read is taken with a warning and what to do", async () => {
  for (const mode of [0o640, 0o604, 0o666]) {
    await withFile(CREDENTIALS, async (path) => {
      const { warnings } = await take("credentials", path, nobody);
      assert.deepEqual(warnings, [
        `The credentials file ${path} can be read by others on this machine: chmod 600 ${path}`,
      ]);
    }, mode);
  }
});

Deno.test("a file that cannot be read says why and where relative paths start", async () => {
  await withDirectory(async (directory) => {
    const gone = await problem(take("token", `${directory}/tokn`, nobody));
    assert.match(
      gone,
      /Cannot read the token file .*\/tokn: there is no such file or directory\. Next: give --token/,
    );
    assert.ok(gone.includes(`relative paths start at ${Deno.cwd()}`));
    assert.match(await problem(take("credentials", directory, nobody)), /it is a directory/);
  });
});

Deno.test("a file of somebody else's says that permission is denied", async () => {
  await withFile(TOKEN, async (path) => {
    if (Deno.uid() === 0) {
      // Root may read everything, so this is asked as nobody, who needs the modules and a cache to run at all.
      const said = await asNobody(path);
      assert.match(
        said,
        /Cannot read the token file .*: permission is denied\. Next: give --token a file that you may/,
      );
    } else {
      await Deno.chmod(path, 0o000);
      assert.match(await problem(take("token", path, nobody)), /permission is denied/);
    }
  });
});

async function asNobody(path: string): Promise<string> {
  const module = new URL("../../../lib/procedures/onepassword/sources.ts", import.meta.url).href;
  const code = `import { take } from "${module}"; try { await take("token", ${JSON.stringify(path)}); }
    catch (error) { console.log(error.name, error.message); }`;
  await Deno.chmod(path.slice(0, path.lastIndexOf("/")), 0o755);
  const { stdout, stderr } = await new Deno.Command("setpriv", {
    args: ["--reuid=65534", "--regid=65534", "--clear-groups", Deno.execPath(), "eval", "--no-config", code],
    env: { DENO_DIR: path.replace("/secret", "/cache"), HOME: "/nonexistent", DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  return new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
}

Deno.test("what cannot be a secret by its bytes is refused with where it came from", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /the file .*\/secret is empty\. Give --token the file with the token/],
    [" \r\n\t", /holds nothing but white space/],
    ["x".repeat(1_048_577), /it is larger than 1 MiB/],
    [Uint8Array.of(0xff, 0xfe, 0x65, 0), /is UTF-16, as PowerShell's > writes; save it as UTF-8/],
    [Uint8Array.of(0x65, 0xff), /is not text/],
    [Uint8Array.of(0x65, 0), /is not text/],
  ];
  for (const [content, expected] of cases) {
    await withFile(content, async (path) => {
      assert.match(await problem(take("token", path, nobody)), expected);
    });
  }
  await withFile("x".repeat(1_048_576), async (path) => {
    assert.equal((await take("token", path, nobody)).value.length, 1_048_576);
  });
});

Deno.test("a pipe is as good as a file", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: ["-m", "644", path] }).output();
    const [given] = await Promise.all([take("token", path, nobody), Deno.writeTextFile(path, TOKEN)]);
    assert.deepEqual([given.value, given.warnings], [TOKEN, []]);
  });
});

Deno.test("a pipe or stdin without an end is not read beyond the limit", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const zeros = new Deno.Command("sh", { args: ["-c", 'exec cat /dev/zero > "$0"', path] }).spawn();
    assert.match(await problem(take("token", path, nobody)), /it is larger than 1 MiB.*Next: give --token/);
    await zeros.status;
  });
  const endless = { ...nobody.terminal, read: (into: Uint8Array) => Promise.resolve(into.fill(65).length) };
  assert.equal(
    await problem(take("credentials", "-", { ...nobody, terminal: endless })),
    "The credentials cannot be used: stdin gives more than 1 MiB, and no more is read. " +
      "Next: give --credentials the file 1password-credentials.json.",
  );
});

Deno.test("a secret in place of a file's name is neither taken nor shown, and known to be spoilt", async () => {
  for (const secret of [TOKEN, CREDENTIALS, base64(CREDENTIALS), SERVICE_ACCOUNT_TOKEN, ` "${TOKEN}"`]) {
    for (const what of ["token", "credentials"] as const) {
      const message = await problem(take(what, secret, nobody));
      assert.match(message, /looks like a secret itself\. .*history.*processes: have a new one issued/);
      assertNotQuoted(message, secret);
    }
  }
  for (const name of ["ops_token.txt", "the-credentials-of-the-connect-server-of-2026.json", "eyJ"]) {
    assert.match(
      await problem(take("token", name, nobody)),
      new RegExp(`Cannot read the token file ${name}`),
    );
  }
  await withDirectory(async (directory) => {
    const path = `${directory}/${"aB3".repeat(14)}`;
    await Deno.writeTextFile(path, TOKEN);
    assert.equal((await take("token", path, nobody)).from, "file (a name that looks like a secret)");
  });
});

Deno.test("stdin is read when asked to", async () => {
  const piped = io([TOKEN.slice(0, 5), TOKEN.slice(5), "\n"]);
  assert.deepEqual(await take("token", "-", piped), { value: `${TOKEN}\n`, from: "stdin", warnings: [] });
  assert.match(await problem(take("token", "-", io([]))), /The token cannot be used: stdin is empty/);
  const gone = io([]);
  gone.terminal.read = () => Promise.reject(new Deno.errors.IsADirectory());
  assert.match(
    await problem(take("token", "-", gone)),
    /Cannot read the token from stdin: it is a directory\. Give/,
  );
});

Deno.test("both from stdin is refused, unless it is a terminal that can be asked twice", async () => {
  const both = { credentials: "-", token: "-" };
  assert.match(
    await problem(takeBoth(both, io(["x"]))),
    /--credentials - and --token - would both read stdin.*Give one as a file/,
  );
  const given = await takeBoth(both, io([`${CREDENTIALS}\r`, `${TOKEN}\r`], {}, true));
  assert.deepEqual([given.credentials.value, given.token.value], [CREDENTIALS, TOKEN]);
});

Deno.test("one from stdin and one from a file is fine", async () => {
  await withFile(TOKEN, async (path) => {
    const given = await takeBoth({ credentials: "-", token: path }, io([CREDENTIALS]));
    assert.deepEqual([given.credentials.from, given.token.from], ["stdin", `file ${path}`]);
  });
});

Deno.test("the environment is asked when no flag is given, and before the user is", async () => {
  const env = { OP_CONNECT_TOKEN: TOKEN, OP_CONNECT_CREDENTIALS: CREDENTIALS };
  const given = await takeBoth({}, io(["never asked\r"], env, true));
  assert.equal(given.credentials.from, "environment variable OP_CONNECT_CREDENTIALS");
  assert.deepEqual([given.credentials.value, given.token.value], [CREDENTIALS, TOKEN]);
  assert.equal((await take("token", "-", io(["other"], env))).value, "other");
});

Deno.test("an environment variable that is set and empty is refused, and not passed over", async () => {
  for (const value of ["", " \n"]) {
    const message = await problem(take("token", undefined, io([], { OP_CONNECT_TOKEN: value }, true)));
    assert.match(message, /OP_CONNECT_TOKEN is set and empty\. Unset it and give --token FILE/);
  }
});

Deno.test("nothing given and no terminal says every way to give it", async () => {
  assert.match(
    await problem(take("token", undefined, nobody)),
    /No token given, and stdin is not a terminal to ask on\. Give --token FILE, --token - .*OP_CONNECT_TOKEN/,
  );
});

Deno.test("on a terminal it is asked for, and what is pasted is not shown", async () => {
  for (const flag of [undefined, "-"]) {
    const asking = io([`${TOKEN}\r`], {}, true);
    assert.deepEqual(await take("token", flag, asking), { value: TOKEN, from: "prompt", warnings: [] });
    const { written } = asking.terminal as ReturnType<typeof typist>;
    assert.match(written, /Access token of the Connect server \(not shown\):/);
    assertNotQuoted(written, TOKEN);
  }
});

Deno.test("credentials of several lines can be pasted, also where pastes are not marked", async () => {
  const pretty = JSON.stringify(PARTS, undefined, 2);
  const given = await take("credentials", undefined, io([`${pretty.replaceAll("\n", "\r")}\r`], {}, true));
  assert.equal(given.value, pretty);
});

Deno.test("nothing typed is refused, and Ctrl-C is an interruption", async () => {
  for (const typed of ["\r", " \r", "\x04"]) {
    assert.match(
      await problem(take("token", undefined, io([typed], {}, true))),
      /Nothing was typed for the token/,
    );
  }
  await assert.rejects(take("token", undefined, io(["abc\x03"], {}, true)), Interrupted);
});

Deno.test("property: any bytes from stdin are accepted or a UsageError, and no message quotes them", async () => {
  const place = fc.nat(CREDENTIALS.length - 1);
  const spoilt = fc.tuple(place, fc.uint8Array({ maxLength: 4 })).map(([at, some]) => {
    const bytes = [...new TextEncoder().encode(CREDENTIALS)];
    bytes.splice(at, 1, ...some);
    return Uint8Array.from(bytes);
  });
  const bytes = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 300 }), spoilt);
  await fc.assert(fc.asyncProperty(bytes, async (input) => {
    for (const what of ["credentials", "token"] as const) {
      try {
        const { value } = await take(what, "-", io([input]));
        if (what === "token") readToken(value, NOW);
        else readCredentials(value);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assertNotQuoted(error.message, new TextDecoder().decode(input));
      }
    }
  }));
});
