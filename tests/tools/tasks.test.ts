/** The table of tasks, and how it gets into deno.json. */
import assert from "node:assert/strict";
import { TASKS, withTasks } from "../../tools/tasks.ts";

const OF_OTHERS = `{
  "version": "1.2.3",
  "tasks": {
    "old": {
      "description": "Gone from the table",
      "command": "true"
    }
  },
  "imports": {  "odd":"spacing" }
}
`;

Deno.test("the tasks of deno.json are written anew, and every other byte stays", () => {
  const [from, to] = OF_OTHERS.split(/"tasks": [^]*?\n {2}\}/);
  const text = withTasks(OF_OTHERS, new Map([...TASKS].slice(0, 2)));
  assert.ok(text.startsWith(`${from}"tasks": {\n    "data-platform:health": {\n      "description": "Say `));
  assert.ok(text.endsWith(`scripts/data-platform-health-check.ts --verbose"\n    }\n  }${to}`), text);
  assert.deepEqual(Object.keys(JSON.parse(text).tasks), [
    "data-platform:health",
    "data-platform:health:verbose",
  ]);
});

Deno.test("a deno.json without tasks is an error, not left as it is", () => {
  assert.throws(() => withTasks("{}"), /no part "tasks"/);
});

Deno.test("a command line holds the rights in one order, and quotes what the shell has to put in", () => {
  const common =
    "KUBECONFIG,HOME,USERPROFILE,KUBERNETES_SERVICE_HOST,KUBERNETES_SERVICE_PORT,SSL_CERT_FILE,SSL_CERT_DIR," +
    "HTTPS_PROXY,https_proxy,NO_PROXY,no_proxy,NO_COLOR,TERM,LAKECHECK_DEBUG";
  assert.equal(
    TASKS.get("data-platform:test:s3:exec")?.command,
    "deno run --no-prompt --quiet --allow-read --allow-write --allow-net --allow-run " +
      `--allow-sys=osRelease,hostname --allow-env=${common},S3_ENDPOINT,AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY --ignore-env ` +
      '"--allow-ffi=$(deno run --quiet --no-prompt --lock=deno.lock --frozen tools/duckdb_directory.ts)" scripts/test-data-platform-s3.ts',
  );
  assert.equal(
    TASKS.get("obc:sync:watch")?.command,
    `deno run --no-prompt --quiet --allow-read --allow-net --allow-env=${common},OP_CONNECT_TOKEN --ignore-env ` +
      "scripts/setup-1password-connect.ts obc:sync --watch",
  );
});

Deno.test("every script of a task is there, and every task says what it is for", async () => {
  for (const [name, { script, description, start }] of TASKS) {
    if (start[0] === "run") assert.ok((await Deno.stat(script)).isFile, name);
    assert.match(description, /^[A-Z].{20,}[^.]$/, name);
  }
});
