/** Faults of PostgreSQL and of the operator that runs it. */
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { at, condition, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { core, PLATFORM, POSTGRES } from "../objects.ts";
import { restart, scale, scaleBack, type Scene, untilReadyPods, waitingReasons } from "../scene.ts";

const NESSIE_PODS = "app.kubernetes.io/name=nessie";

async function untilInstances(scene: Scene, ready: number, seconds: number): Promise<void> {
  await scene.until(`${ready} ready instances`, seconds, async () => {
    const seen = Number(at(await scene.kube.get(POSTGRES), "status", "readyInstances") ?? 0);
    return seen === ready || `${seen} are ready`;
  });
}

/** Name of an instance that is not the primary. */
async function replicaName(scene: Scene): Promise<string> {
  const cluster = await scene.kube.get(POSTGRES);
  const names = at(cluster, "status", "instanceNames");
  const primary = text(cluster, "status", "currentPrimary");
  return (Array.isArray(names) ? names : []).map(String).find((name) => name !== primary) ?? "";
}

/** Directory of an instance's volume on the node. */
async function volumeDirectory(scene: Scene, instance: string): Promise<string> {
  const claim = await scene.kube.get(core("persistentvolumeclaims", PLATFORM, instance));
  return join(scene.ctx.dir, "pv", text(claim, "spec", "volumeName"));
}

const replicaLost: Fault = {
  name: "postgres-replica-lost",
  title: "A replica lost the files on its volume",
  story:
    "The disk came back empty after a node's repair. The instance can't start; the cluster runs on with two of three.",
  shows: "Pod of the replica (CrashLoopBackOff), Cluster nessie-postgres (2 of 3)",
  async break(scene) {
    const replica = String(scene.saved("replica") ?? await replicaName(scene));
    const directory = await volumeDirectory(scene, replica);
    scene.save("replica", replica);
    scene.save("directory", directory);
    if (existsSync(join(directory, "pgdata"))) renameSync(join(directory, "pgdata"), join(directory, "lost"));
    await restart(scene, PLATFORM, `cnpg.io/instanceName=${replica}`);
  },
  async settled(scene) {
    const path = core("pods", PLATFORM, String(scene.saved("replica")));
    await untilInstances(scene, 2, 40);
    // A cluster may wait a minute for an instance before it is short of one.
    await scene.until("an instance that has not started for a minute", 150, async () => {
      const pod = await scene.kube.get(path);
      const age = Date.now() - Date.parse(text(pod, "status", "startTime"));
      return pod !== undefined && waitingReasons(pod).includes("CrashLoopBackOff") && age > 75_000;
    });
  },
  async repair(scene) {
    const directory = scene.saved("directory");
    const replica = scene.saved("replica");
    if (typeof directory !== "string" || typeof replica !== "string") return;
    await scene.kube.remove(core("pods", PLATFORM, replica));
    if (!existsSync(join(directory, "lost"))) return;
    for (const name of readdirSync(directory).filter((one) => one === "pgdata")) {
      renameSync(join(directory, name), join(directory, `${name}.${Date.now()}`));
    }
    renameSync(join(directory, "lost"), join(directory, "pgdata"));
    await restart(scene, PLATFORM, `cnpg.io/instanceName=${replica}`);
  },
  expect: {
    exit: 1,
    roots: ["Pod data-platform/nessie-postgres-*"],
    symptoms: ["Cluster data-platform/nessie-postgres"],
  },
};

const hibernated: Fault = {
  name: "postgres-hibernated",
  title: "The database was put to sleep to save money, and forgotten",
  story:
    "The hibernation annotation stops every instance and keeps the volumes. The catalog has no version store.",
  shows: "Cluster nessie-postgres (0 of 3 instances)",
  break: (scene) =>
    scene.kube.merge(POSTGRES, { metadata: { annotations: { "cnpg.io/hibernation": "on" } } }),
  async settled(scene) {
    await scene.until("no instances", 60, async () => {
      const path = `${core("pods", PLATFORM)}?labelSelector=${
        encodeURIComponent("cnpg.io/cluster=nessie-postgres")
      }`;
      const left = await scene.kube.list(path);
      return left.length === 0 || `${left.length} are left`;
    });
    await untilReadyPods(scene, PLATFORM, "nessie", 0, 60);
  },
  repair: (scene) =>
    scene.kube.merge(POSTGRES, { metadata: { annotations: { "cnpg.io/hibernation": null } } }),
  expect: {
    exit: 2,
    roots: ["Cluster data-platform/nessie-postgres"],
    symptoms: ["Service data-platform/nessie-postgres-rw", "Deployment data-platform/nessie"],
  },
};

async function sql(scene: Scene, statement: string): Promise<void> {
  const primary = text(await scene.kube.get(POSTGRES), "status", "currentPrimary");
  await scene.exec(PLATFORM, `pod/${primary}`, "postgres", ["psql", "-qAt", "-c", statement]);
}

const passwordChanged: Fault = {
  name: "postgres-password-changed",
  title: "The database's password was changed by hand",
  story:
    "ALTER ROLE in psql, not in 1Password. Open connections go on; each pod that restarts fails with 28P01.",
  shows: "Pods of Nessie (not Ready: password authentication failed)",
  async break(scene) {
    scene.save("changed", true);
    await sql(scene, "ALTER ROLE nessie PASSWORD 'changed by hand'");
    await restart(scene, PLATFORM, NESSIE_PODS);
  },
  async settled(scene) {
    await untilReadyPods(scene, PLATFORM, "nessie", 0, 30);
    await scene.until("pods that fail for a while", 100, async () => {
      const found = condition(
        await scene.kube.get(`/apis/apps/v1/namespaces/${PLATFORM}/deployments/nessie`),
        "Available",
      );
      const pods = await scene.kube.list(
        `${core("pods", PLATFORM)}?labelSelector=${encodeURIComponent(NESSIE_PODS)}`,
      );
      const old = pods.every((pod) =>
        Date.now() - Date.parse(text(pod, "metadata", "creationTimestamp")) > 70_000
      );
      const crashed = pods.some((pod) => JSON.stringify(at(pod, "status")).includes("CrashLoopBackOff"));
      return found?.status === "False" && (old || crashed);
    });
  },
  async repair(scene) {
    if (scene.saved("changed") !== true) return;
    const secret = await scene.kube.get(core("secrets", PLATFORM, "nessie-postgres-credentials"));
    const password = atob(text(secret, "data", "password")).replaceAll("'", "''");
    if (password !== "") await sql(scene, `ALTER ROLE nessie PASSWORD '${password}'`);
    await restart(scene, PLATFORM, NESSIE_PODS);
  },
  expect: { exit: 2, roots: ["Deployment data-platform/nessie or Pod data-platform/nessie-*"] },
};

const operatorStopped: Fault = {
  name: "cnpg-operator-stopped",
  title: "CloudNativePG's operator was scaled to zero",
  story: "The database goes on. The next failover does not happen, and nothing says so until then.",
  shows: "Deployment cnpg-system/cnpg-controller-manager",
  break: (scene) => scale(scene, "cnpg-system", "cnpg-controller-manager", 0),
  settled: (scene) => untilReadyPods(scene, "cnpg-system", "cnpg-controller-manager", 0, 40),
  repair: (scene) => scaleBack(scene, "cnpg-system", "cnpg-controller-manager"),
  expect: { exit: 2, roots: ["Deployment cnpg-system/cnpg-controller-manager"] },
};

/** Every fault of this family, in the order of `--list`. */
export const databaseFaults: readonly Fault[] = [replicaLost, hibernated, passwordChanged, operatorStopped];
