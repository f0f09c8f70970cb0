import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { auditLog, kubectl } from "../../../lab/cluster/mod.ts";
import { readVaults, vaultDir, writeVaults } from "../../../lab/platform/mod.ts";
import { assertHealthy, lab, task } from "../live.ts";

const CLAIM = "spark-events";

async function sync(...more: string[]) {
  const token = join(vaultDir(lab()), "token");
  const args = [
    "--token",
    token,
    "--kubeconfig",
    lab().kubeconfig,
    "--yes",
    "--trust-connect",
    "--claim",
    `data-platform/${CLAIM}`,
  ];
  return await task("obc:sync", [...args, ...more], 120_000);
}

/** The item of the claim in the lab's vault, as 1Password has it. */
function item() {
  return readVaults(lab()).vaults.flatMap(({ items }) => items).find(({ title }) => title === CLAIM);
}

async function key(name: string): Promise<string> {
  const { stdout } = await kubectl(lab(), [
    "-n",
    "data-platform",
    "get",
    "secret",
    CLAIM,
    "-o",
    `jsonpath={.data.${name}}`,
  ]);
  return atob(stdout);
}

Deno.test("obc:sync copies the keys of a claim to an item, shows none, and a second run writes nothing", async () => {
  const ctx = lab();
  try {
    const dry = await sync("--dry-run");
    assert.equal(dry.code, 1, dry.stdout + dry.stderr);
    assert.equal(item(), undefined);

    const audit = statSync(auditLog(ctx)).size;
    const made = await sync();
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const secret = await key("AWS_SECRET_ACCESS_KEY");
    assert.ok(secret.length > 10);
    assert.equal(item()?.fields.find(({ label }) => label === "AWS_SECRET_ACCESS_KEY")?.value, secret);
    assert.ok(!(made.stdout + made.stderr + dry.stdout + dry.stderr).includes(secret), "the key is shown");
    assert.ok(
      !readFileSync(auditLog(ctx)).subarray(audit).toString().includes(btoa(secret)),
      "the key is in the audit log",
    );

    const version = item()?.version;
    const again = await sync();
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /unchanged/);
    assert.equal(item()?.version, version);
  } finally {
    forget();
  }
  await assertHealthy();
});

Deno.test("obc:sync notices that a key was rotated, and changes that field", async () => {
  try {
    assert.equal((await sync()).code, 0);
    const file = readVaults(lab());
    for (
      const field of file.vaults.flatMap(({ items }) => items).find(({ title }) => title === CLAIM)?.fields ??
        []
    ) {
      if (field.label === "AWS_SECRET_ACCESS_KEY") field.value = "the key before its rotation";
    }
    writeVaults(lab(), file);
    const rotated = await sync();
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.match(rotated.stderr, /AWS_SECRET_ACCESS_KEY/);
    assert.equal(
      item()?.fields.find(({ label }) => label === "AWS_SECRET_ACCESS_KEY")?.value,
      await key("AWS_SECRET_ACCESS_KEY"),
    );
  } finally {
    forget();
  }
});

/** Takes the item out of the vault again. */
function forget(): void {
  const file = readVaults(lab());
  for (const vault of file.vaults) vault.items = vault.items.filter(({ title }) => title !== CLAIM);
  writeVaults(lab(), file);
}
