/** What 1p:install asks before it writes: every Secret stands in the question, and what is somebody else's ends it. */
import assert from "node:assert/strict";
import { apiError, kubeconfigFor, serveFake } from "../../../fakes/api_server.ts";
import { base64, CREDENTIALS, tokenOf } from "../samples.ts";

const SCRIPT = new URL("../../../../scripts/setup-1password-connect.ts", import.meta.url).pathname;
const TOKEN = "/api/v1/namespaces/external-secrets/secrets/onepassword-connect-token";

interface Ran {
  code: number;
  stderr: string;
  stdout: string;
  writes: string[];
}

/** Runs it where nobody can be asked; `there` are objects of the cluster by path. */
async function install(there: Record<string, unknown>, ...more: string[]): Promise<Ran> {
  await using server = serveFake((path, request) => {
    if (path.endsWith("/selfsubjectaccessreviews")) return Response.json({ status: { allowed: true } });
    if (path === "/apis/external-secrets.io/v1") return Response.json({});
    const found = there[path];
    if (request.method === "PATCH") {
      return apiError(409, "Conflict", "conflict", {
        details: {
          causes: [{
            reason: "FieldManagerConflict",
            message: 'conflict with "kubectl-create" using v1',
            field: ".data.token",
          }],
        },
      });
    }
    return found ? Response.json(found) : apiError(404, "NotFound", "not found", { details: { name: "x" } });
  });
  const dir = await Deno.makeTempDir();
  try {
    const [kubeconfig, credentials, token] = ["kubeconfig", "credentials", "token"].map((name) =>
      `${dir}/${name}`
    );
    await Deno.writeTextFile(kubeconfig ?? "", kubeconfigFor(server.url, { token: "t" }));
    await Deno.writeTextFile(credentials ?? "", CREDENTIALS, { mode: 0o600 });
    await Deno.writeTextFile(token ?? "", tokenOf({ exp: undefined }), { mode: 0o600 });
    const given = ["--kubeconfig", kubeconfig, "--credentials", credentials, "--token", token].map(String);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "--allow-all", SCRIPT, "install", ...given, ...more],
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const writes = server.requests.filter((line) => !/^GET|selfsubject|dryRun=All/.test(line));
    return { code, stdout: out ?? "", stderr: err ?? "", writes };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const theirs = {
  apiVersion: "v1",
  kind: "Secret",
  type: "Opaque",
  metadata: {
    name: "onepassword-connect-token",
    namespace: "external-secrets",
    uid: "u1",
    resourceVersion: "1",
    managedFields: [{
      manager: "kubectl-create",
      operation: "Update",
      fieldsV1: { "f:data": { "f:token": {} } },
    }],
  },
  data: { token: base64("their-value") },
};

Deno.test("every Secret that would be made stands before the question, and where nobody can be asked nothing is written", async () => {
  const { code, stderr, writes } = await install({});
  assert.equal(code, 3, stderr);
  for (const name of ["credentials", "token"]) {
    assert.match(
      stderr,
      new RegExp(`^ {2}create +Secret external-secrets/onepassword-connect-${name}$`, "m"),
    );
  }
  assert.match(stderr, /^ {2}create +Namespace external-secrets$/m);
  assert.match(stderr, /asks before it changes a cluster.*Nothing was changed/);
  assert.deepEqual(writes, []);
});

Deno.test("somebody else's token is not overwritten, not even with --yes; --adopt shows whose it is", async () => {
  const refused = await install({ [TOKEN]: theirs }, "--yes");
  assert.equal(refused.code, 3);
  assert.match(
    refused.stderr,
    /Secret external-secrets\/onepassword-connect-token .*data\.token holds another value.*kept by kubectl-create.*--adopt/,
  );
  assert.deepEqual(refused.writes, []);
  const adopted = await install({ [TOKEN]: theirs }, "--adopt");
  assert.match(
    adopted.stderr,
    /^ {2}change +Secret external-secrets\/onepassword-connect-token: data\.token holds another value; overwrites \.data\.token \(kept by kubectl-create\)$/m,
  );
  assert.deepEqual(adopted.writes, []);
  const dry = await install({ [TOKEN]: theirs }, "--dry-run", "--adopt");
  assert.match(dry.stdout, /^# change\n# {3}data\.token holds another value\n/m);
  assert.ok(!dry.stdout.includes(base64("their-value")) && /token: \(redacted\)/.test(dry.stdout));
});
