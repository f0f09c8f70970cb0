import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditLog, kubectl } from "../../../lab/cluster/mod.ts";
import { faultsOn, findFault, repairAll } from "../../../lab/faults/mod.ts";
import { breakOne } from "../../../lab/faults/run.ts";
import { CLEAN_ENV } from "../../../lab/process.ts";
import { mintCredentials, mintToken, readVaults, vaultDir } from "../../../lab/platform/mod.ts";
import { assertHealthy, lab, quiet, task } from "../live.ts";
import { writtenSince } from "../written.ts";

const FAULT = "onepassword-connect-missing";
/** What 1p:install may take, once the images are there. */
const LIMIT_MS = 60_000;

const files = () => ({
  credentials: join(vaultDir(lab()), "1password-credentials.json"),
  token: join(vaultDir(lab()), "token"),
});

async function install(...more: string[]) {
  const { credentials, token } = files();
  const args = [
    "--credentials",
    credentials,
    "--token",
    token,
    "--kubeconfig",
    lab().kubeconfig,
    "--yes",
    ...more,
  ];
  return await task("1p:install", args, 300_000);
}

/** Pieces of the two secrets that must not be seen anywhere: long enough to be no accident. */
function canaries(): string[] {
  const { credentials, token } = files();
  const text = readFileSync(credentials, "utf8");
  const parsed = JSON.parse(text);
  const plain = [
    parsed.uniqueKey.k,
    parsed.verifier.localHash,
    readFileSync(token, "utf8").trim().split(".")[2] ?? "",
  ];
  const encoded = [text, readFileSync(token, "utf8").trim()].map((value) =>
    new TextEncoder().encode(value).toBase64().slice(40, 120)
  );
  return [...plain, ...encoded];
}

function assertNoCanary(text: string, where: string): void {
  for (const canary of canaries()) assert.ok(!text.includes(canary), `a secret stands in ${where}`);
}

/** Where the command may leave something: the temporary directory, the checkout that it runs in, its home. */
const places = () => [
  "/tmp",
  lab().root,
  ...readdirSync(HOME, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== ".cache").map(({ name }) => join(HOME, name)),
];
const HOME = CLEAN_ENV.HOME ?? "/root";

/** The arguments and environments of all processes, looked at again and again until `work` is done. */
async function watched<T>(work: Promise<T>): Promise<{ result: T; seen: string; looks: number }> {
  const all = new Set<string>();
  let looks = 0;
  const look = () => {
    looks++;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      for (const file of ["cmdline", "environ"]) {
        try {
          all.add(readFileSync(`/proc/${pid}/${file}`, "utf8"));
        } catch {
          // It has ended.
        }
      }
    }
  };
  const timer = setInterval(look, 200);
  try {
    return { result: await work, seen: [...all].join("\n"), looks };
  } finally {
    clearInterval(timer);
  }
}

Deno.test("one 1p:install with two files brings the platform back, in time, and shows no secret", async () => {
  const ctx = lab();
  const audit = statSync(auditLog(ctx)).size;
  try {
    await breakOne(ctx, findFault(FAULT), quiet);
    const begun = performance.now();
    const started = Date.now();
    const { result, seen, looks } = await watched(install());
    const ms = performance.now() - begun;
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /^HEALTHY/);
    assert.match(result.stderr, /Connect answers\./);
    assert.ok(ms <= LIMIT_MS, `it took ${Math.round(ms / 1000)} s`);
    await assertHealthy();
    assert.ok(looks > 10, `the processes were looked at ${looks} times`);
    assertNoCanary(result.stdout + result.stderr, "the output");
    assertNoCanary(seen, "the process list");
    assertNoCanary(readFileSync(auditLog(ctx)).subarray(audit).toString(), "the audit log");
    for (const [path, text] of writtenSince([ctx.log], 0)) {
      if (path !== auditLog(ctx)) assertNoCanary(text, path);
    }
    for (const [path, text] of writtenSince(places(), started)) assertNoCanary(text, path);
  } finally {
    await repairAll(ctx, faultsOn(ctx), quiet);
  }
});

Deno.test("1p:install again, on a platform that is well, writes nothing, says the audit log", async () => {
  const ctx = lab();
  const before = statSync(auditLog(ctx)).size;
  const said = await install();
  assert.equal(said.code, 0, said.stderr);
  const events: { verb: string; requestURI: string; userAgent?: string; user: { username: string } }[] =
    readFileSync(auditLog(ctx)).subarray(before).toString().split("\n").filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line));
  const ours = events.filter(({ user, userAgent }) =>
    user.username === "lakecheck-lab" && userAgent?.startsWith("lakecheck")
  );
  assert.ok(ours.length > 10);
  const writes = ours.filter(({ verb, requestURI }) =>
    !["get", "list"].includes(verb) && !requestURI.includes("selfsubjectaccessreviews")
  );
  assert.deepEqual(writes.map(({ verb, requestURI }) => `${verb} ${requestURI}`), []);
});

Deno.test("a rotated token and a rotated credentials file are rolled out, and the old ones put back the same way", async () => {
  const ctx = lab();
  const directory = mkdtempSync("/tmp/lakecheck-live-");
  try {
    const [vault] = readVaults(ctx).vaults;
    const given = { credentials: join(directory, "credentials"), token: join(directory, "token") };
    writeFileSync(given.credentials, mintCredentials(ctx), { mode: 0o600 });
    writeFileSync(given.token, mintToken(ctx, { [vault?.id ?? ""]: 48 }), { mode: 0o600 });
    const args = ["--credentials", given.credentials, "--token", given.token];
    args.push("--kubeconfig", ctx.kubeconfig, "--yes");
    // The lab made these Secrets, or the test before this one.
    const said = await task("1p:install", [...args, "--adopt"], 300_000);
    assert.equal(said.code, 0, said.stdout + said.stderr);
    assert.match(said.stderr, /changed +Secret external-secrets\/onepassword-connect-credentials/);
    assert.match(said.stderr, /changed +Secret external-secrets\/onepassword-connect-token/);
    assert.match(said.stderr, /restarted +Connect/);
    const back = await install("--adopt");
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.match(back.stderr, /restarted +Connect/);
    await assertHealthy();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

Deno.test("a dry run changes nothing and shows every object without its values", async () => {
  const said = await install("--dry-run");
  assert.equal(said.code, 0, said.stderr);
  for (const kind of ["Secret", "Deployment", "Service", "NetworkPolicy", "ClusterSecretStore"]) {
    assert.match(said.stdout, new RegExp(`^kind: ${kind}$`, "m"));
  }
  assertNoCanary(said.stdout + said.stderr, "the dry run");
});

for (
  const [name, content, expected] of [
    ["an empty file", "", /empty/],
    ["a file that is not JSON", "hello", /not JSON/],
    ["a token in the place of the credentials", undefined, /swapped/],
  ] as const
) {
  Deno.test(`1p:install with ${name} says what it is, and changes nothing: exit 3`, async () => {
    const directory = mkdtempSync("/tmp/lakecheck-live-");
    try {
      const path = join(directory, "given");
      writeFileSync(path, content ?? readFileSync(files().token, "utf8"), { mode: 0o600 });
      const args = [
        "--credentials",
        path,
        "--token",
        files().token,
        "--kubeconfig",
        lab().kubeconfig,
        "--yes",
      ];
      const said = await task("1p:install", args, 60_000);
      assert.equal(said.code, 3, said.stdout);
      assert.match(said.stderr, expected);
      assertNoCanary(said.stdout + said.stderr, "the message");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

Deno.test("1p:status says of each ExternalSecret what it reads, and exits 0 on the healthy lab", async () => {
  const said = await task("1p:status", ["--kubeconfig", lab().kubeconfig, "--verbose"]);
  assert.equal(said.code, 0, said.stdout + said.stderr);
  assert.match(said.stdout, /lakehouse\/nessie-postgres-credentials/);
});

Deno.test("1p:uninstall removes what 1p:install made, its Secrets too, and nothing that the lab made", async () => {
  const ctx = lab();
  const names = async (namespace: string) =>
    (await kubectl(ctx, ["-n", namespace, "get", "secrets", "-o", "name"])).stdout.trim().split("\n");
  try {
    await breakOne(ctx, findFault(FAULT), quiet);
    const before = await names("data-platform");
    assert.equal((await install()).code, 0);
    const said = await task("1p:uninstall", ["--kubeconfig", ctx.kubeconfig, "--yes"], 120_000);
    assert.equal(said.code, 0, said.stdout + said.stderr);
    for (const name of ["onepassword-connect-credentials", "onepassword-connect-token"]) {
      assert.match(said.stderr, new RegExp(`removed +Secret external-secrets/${name}`));
    }
    const left = await names("external-secrets");
    assert.deepEqual(left.filter((name) => name.includes("onepassword-connect")), []);
    const after = await names("data-platform");
    assert.deepEqual(before.filter((name) => !after.includes(name)), []);
  } finally {
    await repairAll(ctx, faultsOn(ctx), quiet);
  }
});

Deno.test("1p:uninstall without a terminal and without --yes removes nothing", async () => {
  const said = await task("1p:uninstall", ["--kubeconfig", lab().kubeconfig]);
  assert.notEqual(said.code, 130);
  await assertHealthy();
});
