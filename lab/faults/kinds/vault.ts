/** Faults of what 1Password holds: items, their fields, the vault. */
import { readVaults, type VaultFile, writeVaults } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { externalSecret, PLATFORM, STORE } from "../objects.ts";
import { hurry, restart, type Scene, untilWaiting } from "../scene.ts";
import { CLIENT, dropSecret, fromConnect, JDBC, NO_CONFIG, untilFails } from "./secrets.ts";

function changeVaults(scene: Scene, change: (file: VaultFile) => void): void {
  const file = readVaults(scene.ctx);
  scene.save("vaults", file.vaults);
  change(file);
  writeVaults(scene.ctx, file);
}

function restoreVaults(scene: Scene): Promise<void> {
  const vaults = scene.saved("vaults") as VaultFile["vaults"] | undefined;
  if (vaults) writeVaults(scene.ctx, { ...readVaults(scene.ctx), vaults });
  return Promise.resolve();
}

const itemMissing: Fault = {
  name: "item-missing",
  title: "An item was never made in the vault",
  story:
    "A rebuilt vault lacks the item that two ExternalSecrets read. Their Secrets are gone with the old cluster, so what starts " +
    "now waits for them; what runs goes on until its next restart.",
  shows: "ExternalSecret s3-credentials and spark-s3-credentials (SecretSyncedError)",
  async break(scene) {
    changeVaults(scene, (file) => {
      for (const vault of file.vaults) {
        vault.items = vault.items.filter((item) => item.title !== "s3-credentials");
      }
    });
    await untilFails(scene, ["s3-credentials", "spark-s3-credentials"]);
    for (const name of ["s3-credentials", "spark-s3-credentials"]) await dropSecret(scene, name);
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilWaiting(scene, PLATFORM, CLIENT, NO_CONFIG, 40),
  repair: restoreVaults,
  expect: {
    exit: 2,
    roots: ["OnePasswordItem lakehouse/s3-credentials"],
    symptoms: [
      "ExternalSecret data-platform/s3-credentials",
      "ExternalSecret data-platform/spark-s3-credentials",
      "Secret data-platform/spark-s3-credentials",
      "Pod data-platform/spark-client-*",
    ],
  },
};

const fieldRenamed: Fault = {
  name: "field-renamed",
  title: "Somebody renamed a field of an item in 1Password",
  story:
    "`password` became `postgres_password` in the item. The next refresh fails; the Secret was deleted to force one.",
  shows: "ExternalSecret spark-jdbc-credentials (SecretSyncedError)",
  async break(scene) {
    changeVaults(scene, (file) => {
      const item = file.vaults.flatMap((vault) => vault.items).find(({ title }) => title === JDBC);
      for (const field of item?.fields ?? []) {
        if (field.label === "password") field.label = "postgres_password";
      }
    });
    await untilFails(scene, [JDBC]);
    await dropSecret(scene, JDBC);
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilWaiting(scene, PLATFORM, CLIENT, NO_CONFIG, 40),
  repair: restoreVaults,
  expect: {
    exit: 2,
    roots: [`ExternalSecret data-platform/${JDBC} or OnePasswordItem lakehouse/${JDBC}`],
    symptoms: [`Secret data-platform/${JDBC}`, "Pod data-platform/spark-client-*"],
  },
};

const vaultRenamed: Fault = {
  name: "vault-renamed",
  title: "The vault has another name than the store says",
  story:
    "Somebody tidied up in 1Password: the vault is called `Data Platform` now. Every item is `not found` at once.",
  shows: "ClusterSecretStore onepassword-connect (vault not found)",
  async break(scene) {
    changeVaults(scene, (file) => {
      for (const vault of file.vaults) if (vault.name === "lakehouse") vault.name = "Data Platform";
    });
    await hurry(scene.kube, STORE);
  },
  settled: async (scene) =>
    await untilFails(scene, (await fromConnect(scene)).map(({ metadata }) => metadata.name)),
  repair: restoreVaults,
  expect: {
    exit: 2,
    roots: ["ClusterSecretStore onepassword-connect or OnePasswordVault lakehouse"],
    symptoms: [`ExternalSecret data-platform/${JDBC}`, "ExternalSecret data-platform/s3-credentials"],
  },
};

const refreshFails: Fault = {
  name: "refresh-failed-secret-exists",
  title: "An ExternalSecret can't be refreshed, its Secret is there and good",
  story:
    "An item is gone from the vault, and nobody notices: the Secret still has what it needs. A warning, no fault yet.",
  shows: "ExternalSecret spark-jdbc-credentials (SecretSyncedError), its Secret present",
  control: true,
  async break(scene) {
    changeVaults(scene, (file) => {
      for (const vault of file.vaults) vault.items = vault.items.filter((item) => item.title !== JDBC);
    });
    await hurry(scene.kube, externalSecret(JDBC));
  },
  settled: (scene) => untilFails(scene, [JDBC]),
  repair: restoreVaults,
  expect: {
    exit: 1,
    roots: [`ExternalSecret data-platform/${JDBC} or OnePasswordItem lakehouse/${JDBC} or none`],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const vaultFaults: readonly Fault[] = [itemMissing, fieldRenamed, vaultRenamed, refreshFails];
