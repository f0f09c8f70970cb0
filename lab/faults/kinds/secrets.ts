/** Faults of the way that secrets take: the store, ExternalSecrets, Secrets. */
import { stringify } from "yaml";
import { at, condition, type KubeObject, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import {
  core,
  deployment,
  externalSecret,
  kustomization,
  NESSIE,
  PLATFORM,
  SECRETS,
  STORE,
} from "../objects.ts";
import { putConnectSecrets } from "./connect.ts";
import { hurry, restart, type Scene, untilCondition, untilGone, untilWaiting } from "../scene.ts";
import { app, edit, replace } from "../tree.ts";

export const CLIENT = "app.kubernetes.io/name=spark-client";
export const JDBC = "spark-jdbc-credentials";
export const NO_CONFIG = ["CreateContainerConfigError"];

/** The platform's ExternalSecrets that read from 1Password. */
export async function fromConnect(scene: Scene): Promise<KubeObject[]> {
  return (await scene.kube.list(externalSecret())).filter((object) =>
    text(object, "spec", "secretStoreRef", "name") === "onepassword-connect"
  );
}

/** Deletes the Secret that an ExternalSecret has made, as a rebuild loses it. */
export async function dropSecret(scene: Scene, name: string): Promise<void> {
  await scene.kube.remove(core("secrets", PLATFORM, name));
}

/** Asks for a refresh until an ExternalSecret fails. */
export async function untilFails(scene: Scene, names: readonly string[], seconds = 45): Promise<void> {
  for (const name of names) await hurry(scene.kube, externalSecret(name));
  for (const name of names) await untilCondition(scene, externalSecret(name), "Ready", "False", seconds);
}

/** "People reinstall it and hope": deletes Nessie's release and makes it again, with a short limit for the lab. */
async function reinstallNessie(scene: Scene): Promise<void> {
  const release = await scene.kube.get(NESSIE);
  if (!release) return;
  await scene.kube.remove(NESSIE);
  await untilGone(scene, NESSIE, 60);
  const { name, namespace, labels } = release.metadata;
  const spec = { ...Object(release.spec), timeout: "20s", install: { remediation: { retries: 0 } } };
  const { apiVersion, kind } = release;
  await scene.kube.apply(
    "nessie",
    stringify({ apiVersion, kind, metadata: { name, namespace, labels }, spec }),
  );
}

const connectMissing: Fault = {
  name: "onepassword-connect-missing",
  title: "After a rebuild nobody had installed 1Password Connect",
  story:
    "Connect and its store were put there by hand once, so the rebuilt cluster's GitOps root does not contain them. No Secret " +
    "can be made; everybody sees missing secrets, failed releases and pods that do not start, and nobody sees Connect.",
  shows: "ClusterSecretStore onepassword-connect (absent)",
  manifests(tree) {
    const file = "kubernetes/flux/apps/data-platform.yaml";
    replace(tree, "kubernetes/flux/apps/kustomization.yaml", "  - external-secrets.yaml\n", "");
    edit(
      tree,
      file,
      "Kustomization/data-platform-database-secrets",
      (one) => one.setIn(["spec", "dependsOn"], [{ name: "namespaces" }]),
    );
    edit(
      tree,
      file,
      "Kustomization/data-platform-storage-secrets",
      (one) => one.setIn(["spec", "dependsOn"], [{ name: "rook-ceph-iceberg-user" }]),
    );
  },
  async break(scene) {
    await untilGone(scene, deployment(SECRETS, "onepassword-connect"), 45);
    await untilGone(scene, STORE, 45);
    for (const name of ["onepassword-connect-credentials", "onepassword-connect-token"]) {
      await scene.kube.remove(core("secrets", SECRETS, name));
    }
    const names = (await fromConnect(scene)).map((object) => object.metadata.name);
    await untilFails(scene, names);
    for (const name of names) await dropSecret(scene, name);
    await Promise.all([reinstallNessie(scene), restart(scene, PLATFORM, CLIENT)]);
    for (const name of ["data-platform-database-secrets", "data-platform-storage-secrets"]) {
      // One that waits already is left to it: asked again, it would begin to wait again.
      const path = kustomization(name);
      if (condition(await scene.kube.get(path), "Ready")?.status === "True") await hurry(scene.kube, path);
    }
  },
  async settled(scene) {
    await Promise.all([
      untilWaiting(scene, PLATFORM, CLIENT, NO_CONFIG, 120),
      untilWaiting(scene, PLATFORM, "app.kubernetes.io/name=nessie", NO_CONFIG, 120, 2),
      untilCondition(scene, NESSIE, "Stalled", "True", 120),
      ...["data-platform-database-secrets", "data-platform-storage-secrets", "nessie", "spark-client"].map((
        name,
      ) => untilCondition(scene, kustomization(name), "Ready", "False", 120)),
    ]);
  },
  repair: (scene) => putConnectSecrets(scene),
  expect: {
    exit: 2,
    roots: ["ClusterSecretStore onepassword-connect"],
    symptoms: [
      "ExternalSecret data-platform/nessie-postgres-credentials",
      "ExternalSecret data-platform/s3-credentials",
      "ExternalSecret data-platform/spark-jdbc-credentials",
      "ExternalSecret data-platform/spark-s3-credentials",
      "Secret data-platform/nessie-postgres-credentials",
      "Secret data-platform/s3-credentials",
      "Secret data-platform/spark-jdbc-credentials",
      "Secret data-platform/spark-s3-credentials",
      "Pod data-platform/nessie-*",
      "Pod data-platform/spark-client-*",
      "Deployment data-platform/nessie",
      "Deployment data-platform/spark-client",
      "HelmRelease data-platform/nessie",
      "Kustomization flux-system/data-platform-database-secrets",
      "Kustomization flux-system/data-platform-storage-secrets",
      "Kustomization flux-system/nessie",
    ],
  },
};

const externalSecretDeleted: Fault = {
  name: "external-secret-deleted",
  title: "A clean-up commit removed an ExternalSecret that is still needed",
  story: "Flux prunes the ExternalSecret, Kubernetes its Secret with it; the client does not start any more.",
  shows: "Secret spark-jdbc-credentials (absent, and nothing makes it)",
  manifests(tree) {
    replace(tree, app("database-secrets/kustomization.yaml"), "  - spark-jdbc-credentials.yaml\n", "");
  },
  async break(scene) {
    await untilGone(scene, core("secrets", PLATFORM, JDBC), 60);
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilWaiting(scene, PLATFORM, CLIENT, NO_CONFIG, 40),
  expect: {
    exit: 2,
    roots: [`Secret data-platform/${JDBC}`],
    symptoms: ["Pod data-platform/spark-client-*", "Deployment data-platform/spark-client"],
  },
};

const keysRenamed: Fault = {
  name: "secret-keys-renamed",
  title: "An ExternalSecret writes other keys than its consumers read",
  story:
    "A commit renamed `username` to `postgres_username` in the ExternalSecret and forgot the Deployment.",
  shows: "Secret spark-jdbc-credentials (lacks a key)",
  manifests(tree) {
    replace(
      tree,
      app("database-secrets/spark-jdbc-credentials.yaml"),
      "secretKey: username",
      "secretKey: postgres_username",
    );
  },
  async break(scene) {
    await scene.until(
      "the renamed key",
      60,
      async () =>
        at(await scene.kube.get(core("secrets", PLATFORM, JDBC)), "data", "postgres_username") !== undefined,
    );
    await restart(scene, PLATFORM, CLIENT);
  },
  settled: (scene) => untilWaiting(scene, PLATFORM, CLIENT, NO_CONFIG, 40),
  expect: {
    exit: 2,
    roots: [`Secret data-platform/${JDBC} or ExternalSecret data-platform/${JDBC}`],
    symptoms: ["Pod data-platform/spark-client-*"],
  },
};

const storeHostWrong: Fault = {
  name: "store-connect-host-wrong",
  title: "The store names a host that no Service has",
  story: "Connect moved to another namespace in the documents, and the store followed; Connect did not.",
  shows: "ClusterSecretStore onepassword-connect (its connectHost does not resolve)",
  manifests(tree) {
    const file = "kubernetes/apps/external-secrets/stores/onepassword-connect.yaml";
    replace(tree, file, "onepassword-connect.external-secrets.svc", "onepassword-connect.onepassword.svc");
  },
  async settled(scene) {
    await scene.until(
      "the wrong host",
      45,
      async () =>
        text(await scene.kube.get(STORE), "spec", "provider", "onepassword", "connectHost").includes(
          "onepassword.svc",
        ),
    );
    await untilCondition(scene, STORE, "Ready", "False", 60);
    await untilFails(scene, (await fromConnect(scene)).map(({ metadata }) => metadata.name));
    await untilCondition(scene, kustomization("onepassword-store"), "Ready", "False", 60);
  },
  expect: {
    exit: 2,
    roots: ["Service onepassword/onepassword-connect or ClusterSecretStore onepassword-connect"],
    symptoms: [`ExternalSecret data-platform/${JDBC}`, "Kustomization flux-system/onepassword-store"],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const secretFaults: readonly Fault[] = [
  connectMissing,
  externalSecretDeleted,
  keysRenamed,
  storeHostWrong,
];
