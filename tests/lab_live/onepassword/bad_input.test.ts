import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueClientCert, kubectl, writeKubeconfig } from "../../../lab/cluster/mod.ts";
import { faultsOn, findFault, repairAll } from "../../../lab/faults/mod.ts";
import { breakOne } from "../../../lab/faults/run.ts";
import { mintToken, vaultDir } from "../../../lab/platform/mod.ts";
import { CLEAN_ENV } from "../../../lab/process.ts";
import { taskArguments } from "../../../tools/task_arguments.ts";
import { lab, quiet, task } from "../live.ts";

const MANIFESTS = "kubernetes/apps/external-secrets";
const directory = mkdtempSync("/tmp/lakecheck-live-");
addEventListener("unload", () => rmSync(directory, { recursive: true, force: true }));

const secret = (name: string) => join(vaultDir(lab()), name);
const args = (...more: string[]) => [
  ...["--credentials", secret("1password-credentials.json"), "--token", secret("token")],
  ...["--kubeconfig", lab().kubeconfig, "--yes", "--wait", "30s", ...more],
];
const install = (...more: string[]) => task("1p:install", args(...more), 300_000);

/** A copy of the manifests in which one text of the Deployment is another. */
function changed(name: string, from: string, to: string): string {
  const copy = join(directory, name);
  cpSync(join(lab().root, MANIFESTS), copy, { recursive: true });
  const file = join(copy, "onepassword-connect/deployment.yaml");
  const text = readFileSync(file, "utf8");
  assert.ok(text.includes(from));
  writeFileSync(file, text.replaceAll(from, to));
  return copy;
}

/** The same arguments with another token. */
function withToken(name: string, token: string): string[] {
  const path = join(directory, name);
  writeFileSync(path, token, { mode: 0o600 });
  const all = args();
  all[all.indexOf("--token") + 1] = path;
  return all;
}

Deno.test("1p:install in every bad case says what is wrong, and works when it is run again", async (t) => {
  const ctx = lab();
  await breakOne(ctx, findFault("onepassword-connect-missing"), quiet);
  try {
    await t.step("no cluster: exit 3, and no word of a bug", async () => {
      const kubeconfig = join(directory, "nowhere");
      const text = readFileSync(ctx.kubeconfig, "utf8").replace(/https:\/\/[^"\s]+/, "https://127.0.0.1:1");
      writeFileSync(kubeconfig, text, { mode: 0o600 });
      const said = await install("--kubeconfig", ctx.kubeconfig, "--context", "nobody");
      assert.equal(said.code, 3, said.stderr);
      assert.match(said.stderr, /nobody/);
      const all = args();
      all[all.indexOf("--kubeconfig") + 1] = kubeconfig;
      const away = await task("1p:install", all, 60_000);
      assert.equal(away.code, 3, away.stderr);
      assert.doesNotMatch(away.stderr, /bug in lakecheck/);
    });

    await t.step("no permission: exit 3, every missing right is named, nothing is written", async () => {
      const path = join(directory, "stranger");
      const user = { user: "stranger", groups: ["lakecheck-health"], days: 1 };
      writeKubeconfig(ctx, path, "stranger", await issueClientCert(ctx, user));
      const all = args();
      all[all.indexOf("--kubeconfig") + 1] = path;
      const said = await task("1p:install", all, 60_000);
      assert.equal(said.code, 3, said.stdout);
      assert.match(said.stderr, /create secrets in namespace external-secrets/);
      assert.match(said.stderr, /Nothing was changed/);
      const found = await kubectl(ctx, [
        "-n",
        "external-secrets",
        "get",
        "deployment",
        "onepassword-connect",
      ]);
      assert.notEqual(found.code, 0);
    });

    await t.step(
      "a store with other settings: exit 3, the field is named, the store stays as it is",
      async () => {
        const store = readFileSync(join(ctx.root, MANIFESTS, "stores/onepassword-connect.yaml"), "utf8")
          .replace("lakehouse: 1", "other: 1");
        await kubectl(ctx, ["create", "-f", "-"], { stdin: store });
        try {
          for (const more of [[], ["--adopt"]]) {
            const said = await install(...more);
            assert.equal(said.code, 3, said.stdout);
            assert.match(said.stderr, /vaults\.lakehouse is absent.*vault order numbers must be unique/);
          }
          const kept = await kubectl(ctx, ["get", "clustersecretstore", "onepassword-connect", "-o", "yaml"]);
          assert.match(kept.stdout, /other: 1/);
          assert.doesNotMatch(kept.stdout, /lakehouse: 1/);
        } finally {
          await kubectl(ctx, ["delete", "clustersecretstore", "onepassword-connect"]);
        }
      },
    );

    await t.step("pods that no node takes: exit 2, with what the scheduler says", async () => {
      const manifests = changed(
        "unschedulable",
        "automountServiceAccountToken: false",
        "nodeSelector: {disk: none}",
      );
      const said = await install("--manifests", manifests);
      assert.equal(said.code, 2, said.stdout + said.stderr);
      assert.match(said.stderr, /cannot be placed on a node/);
    });

    await t.step("an image that can't be had: exit 2, and the image is named", async () => {
      const manifests = changed(
        "image",
        "docker.io/1password/connect-api:1.7.3",
        "ghcr.io/1password/connect-api:9.9.9",
      );
      const all = args("--manifests", manifests).map((word) => word === "30s" ? "2m" : word);
      const said = await task("1p:install", all, 300_000);
      assert.equal(said.code, 2, said.stdout + said.stderr);
      assert.match(said.stdout + said.stderr, /connect-api:9\.9\.9/);
    });

    await t.step("a token without the vault: exit 2, and the vault is named", async () => {
      const said = await task(
        "1p:install",
        withToken("stranger-token", mintToken(ctx, { ["a".repeat(26)]: 48 })),
        300_000,
      );
      assert.equal(said.code, 2, said.stdout + said.stderr);
      assert.match(said.stdout, /lakehouse/);
    });

    await t.step("an expired token: exit 3, and when it ended", async () => {
      const token = mintToken(ctx, { ["a".repeat(26)]: 48 }, new Date("2026-01-01T00:00:00Z"));
      const said = await task("1p:install", withToken("old-token", token), 60_000);
      assert.equal(said.code, 3, said.stdout);
      assert.match(said.stderr, /2026-01-01/);
    });

    await t.step("Ctrl-C at any time: exit 130, what to do next, and the next run goes on", async () => {
      for (const afterMs of [300, 800, 1500, 3000]) {
        const { code, stderr } = await interrupted(afterMs);
        assert.equal(code, 130, stderr);
        assert.match(stderr, /interrupted\. What was applied so far stays\. Run the same command again/);
      }
      const said = await install("--wait", "2m");
      assert.equal(said.code, 3, "--wait is given twice, as 30s and 2m");
      const all = args().filter((word) => word !== "--wait" && word !== "30s");
      const done = await task("1p:install", all, 300_000);
      assert.equal(done.code, 0, done.stdout + done.stderr);
    });
  } finally {
    await repairAll(ctx, faultsOn(ctx), quiet);
  }
});

/** Runs install as the task does, without the task runner in between, and sends it SIGINT. */
async function interrupted(afterMs: number): Promise<{ code: number; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskArguments("1p:install"), ...args()],
    cwd: lab().root,
    clearEnv: true,
    env: CLEAN_ENV,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGINT"), afterMs);
  const { code, stderr } = await child.output();
  clearTimeout(timer);
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("the role in docs is enough to install, and no more than it says", async () => {
  const ctx = lab();
  for (const file of ["docs/rbac.yaml", "docs/rbac-1password.yaml"]) {
    const applied = await kubectl(ctx, ["apply", "-f", join(ctx.root, file)]);
    assert.equal(applied.code, 0, applied.stderr);
  }
  try {
    await breakOne(ctx, findFault("onepassword-connect-missing"), quiet);
    const path = join(directory, "installer");
    const groups = ["lakecheck-health", "lakecheck-1password"];
    writeKubeconfig(
      ctx,
      path,
      "installer",
      await issueClientCert(ctx, { user: "installer", groups, days: 1 }),
    );
    const all = args().filter((word) => word !== "--wait" && word !== "30s");
    all[all.indexOf("--kubeconfig") + 1] = path;
    const said = await task("1p:install", all, 300_000);
    assert.equal(said.code, 0, said.stdout + said.stderr);
    const other = await kubectl(ctx, [
      "--as=installer",
      "--as-group=lakecheck-1password",
      "-n",
      "data-platform",
      "get",
      "secret",
      "nessie-postgres-credentials",
    ]);
    assert.match(other.stderr, /forbidden/);
  } finally {
    await repairAll(ctx, faultsOn(ctx), quiet);
    for (const file of ["docs/rbac.yaml", "docs/rbac-1password.yaml"]) {
      await kubectl(ctx, ["delete", "--ignore-not-found", "-f", join(ctx.root, file)]);
    }
  }
});
