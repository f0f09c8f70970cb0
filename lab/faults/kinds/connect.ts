/** Faults of 1Password Connect itself, and of the operator that asks it. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { at, condition, mintToken, vaultDir } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { core, deployment, externalSecret, SECRETS, STORE } from "../objects.ts";
import { hurry, restart, scale, scaleBack, type Scene, untilCondition, untilReadyPods } from "../scene.ts";

const CONNECT = "app.kubernetes.io/name=onepassword-connect";
const KEYS = { credentials: "1password-credentials.json", token: "token" } as const;

async function putSecret(scene: Scene, which: keyof typeof KEYS, value: Uint8Array | string): Promise<void> {
  const name = `onepassword-connect-${which}`;
  const data = { [KEYS[which]]: Buffer.from(value).toString("base64") };
  const metadata = { name, namespace: SECRETS };
  const path = core("secrets", SECRETS, name);
  if (await scene.kube.get(path)) return await scene.kube.merge(path, { data });
  const head = "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n";
  await scene.kube.apply(
    name,
    `${head}  name: ${metadata.name}\n  namespace: ${SECRETS}\ndata: ${JSON.stringify(data)}\n`,
  );
}

/** Puts Connect's credentials and token back, as `1p:install` does. */
export async function putConnectSecrets(scene: Scene): Promise<void> {
  for (const which of ["credentials", "token"] as const) {
    await putSecret(scene, which, readFileSync(join(vaultDir(scene.ctx), KEYS[which])));
  }
}

/** Waits until the store fails; asks it to look again all the while, as it would by itself within minutes. */
async function untilStoreFails(scene: Scene): Promise<void> {
  await scene.until("Ready=False of the store", 60, async () => {
    await hurry(scene.kube, STORE);
    const found = condition(await scene.kube.get(STORE), "Ready");
    return found?.status === "False" || `it is ${found?.status}`;
  });
}

async function refreshAll(scene: Scene): Promise<void> {
  for (const { metadata } of await scene.kube.list(externalSecret())) {
    await hurry(scene.kube, externalSecret(metadata.name));
  }
}

const credentialsCorrupt: Fault = {
  name: "connect-credentials-corrupt",
  title: "Connect's credentials file was encoded twice",
  story:
    "`base64 | kubectl create secret` encodes what the Secret encodes again. connect-sync can't read the file; connect-api is " +
    "Ready all the same, and answers 500.",
  shows: "ClusterSecretStore onepassword-connect (status 500)",
  async break(scene) {
    const good = readFileSync(join(vaultDir(scene.ctx), KEYS.credentials));
    await putSecret(scene, "credentials", good.toString("base64"));
    await restart(scene, SECRETS, CONNECT);
  },
  async settled(scene) {
    await untilCondition(scene, deployment(SECRETS, "onepassword-connect"), "Available", "True", 40);
    await untilStoreFails(scene);
    await refreshAll(scene);
    await untilCondition(scene, externalSecret("s3-credentials"), "Ready", "False", 45);
  },
  async repair(scene) {
    await putConnectSecrets(scene);
    await restart(scene, SECRETS, CONNECT);
  },
  expect: {
    exit: 2,
    roots: [
      "ClusterSecretStore onepassword-connect or Deployment external-secrets/onepassword-connect or OnePasswordConnect *",
    ],
    symptoms: ["ExternalSecret data-platform/s3-credentials"],
  },
};

const tokenWrong: Fault = {
  name: "connect-token-wrong",
  title: "The store's token for Connect has expired",
  story: "Tokens are made with an end, and nobody wrote the day down. Connect answers 401.",
  shows: "ClusterSecretStore onepassword-connect (status 401)",
  async break(scene) {
    await putSecret(scene, "token", mintToken(scene.ctx, {}, new Date(Date.now() - 86_400_000)));
  },
  async settled(scene) {
    await untilStoreFails(scene);
    await refreshAll(scene);
    await untilCondition(scene, externalSecret("s3-credentials"), "Ready", "False", 45);
  },
  repair: putConnectSecrets,
  expect: {
    exit: 2,
    roots: ["ClusterSecretStore onepassword-connect"],
    symptoms: ["ExternalSecret data-platform/s3-credentials"],
  },
};

const connectDown: Fault = {
  name: "connect-scaled-to-zero",
  title: "Connect was scaled to zero for maintenance and forgotten",
  story: "Nothing happens for an hour; then no ExternalSecret can be refreshed.",
  shows: "Deployment external-secrets/onepassword-connect",
  break: (scene) => scale(scene, SECRETS, "onepassword-connect", 0),
  async settled(scene) {
    await untilReadyPods(scene, SECRETS, "onepassword-connect", 0, 30);
    await untilStoreFails(scene);
    await refreshAll(scene);
    await untilCondition(scene, externalSecret("s3-credentials"), "Ready", "False", 45);
  },
  repair: (scene) => scaleBack(scene, SECRETS, "onepassword-connect"),
  expect: {
    exit: 2,
    roots: ["Deployment external-secrets/onepassword-connect"],
    symptoms: ["ClusterSecretStore onepassword-connect", "ExternalSecret data-platform/s3-credentials"],
  },
};

const operatorStopped: Fault = {
  name: "eso-operator-stopped",
  title: "The External Secrets operator was scaled to zero",
  story:
    "Everything goes on with the Secrets that are there. The next new one never comes, and nothing says why.",
  shows: "Deployment external-secrets/external-secrets",
  break: (scene) => scale(scene, SECRETS, "external-secrets", 0),
  async settled(scene) {
    await untilReadyPods(scene, SECRETS, "external-secrets", 0, 40);
    await scene.until(
      "the end of its pods",
      40,
      async () =>
        at(await scene.kube.get(deployment(SECRETS, "external-secrets")), "status", "replicas") === undefined,
    );
  },
  repair: (scene) => scaleBack(scene, SECRETS, "external-secrets"),
  expect: { exit: 2, roots: ["Deployment external-secrets/external-secrets"] },
};

/** Every fault of this family, in the order of `--list`. */
export const connectFaults: readonly Fault[] = [credentialsCorrupt, tokenWrong, connectDown, operatorStopped];
