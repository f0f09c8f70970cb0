/** Innocent states: they look odd, and nothing is wrong. A diagnosis that calls one of them a fault is wrong. */
import { at, condition, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { bucketClaim, job, kustomization, PLATFORM, POSTGRES } from "../objects.ts";
import { type Scene } from "../scene.ts";
import { removeJob, sparkJob } from "./spark.ts";
import { app, edit } from "../tree.ts";

const completedJob: Fault = {
  name: "completed-job",
  title: "A Job has run to its end",
  story: "Its pod is Succeeded, not Running, and not Ready.",
  shows: "Job maintenance (Complete)",
  control: true,
  break: (scene) => scene.kube.apply("job", sparkJob("maintenance", ["/bin/true"])),
  settled: (scene) =>
    scene.until(
      "the end of the Job",
      60,
      async () => condition(await scene.kube.get(job("maintenance")), "Complete")?.status === "True",
    ),
  repair: (scene) => removeJob(scene, "maintenance"),
  expect: { exit: 0, roots: [] },
};

const suspended: Fault = {
  name: "suspended-kustomization",
  title: "A Kustomization is suspended on purpose",
  story: "`flux suspend kustomization spark-operator`, while somebody tries something by hand.",
  shows: "Kustomization spark-operator (spec.suspend)",
  control: true,
  break: (scene) => scene.kube.merge(kustomization("spark-operator"), { spec: { suspend: true } }),
  settled: (scene) =>
    scene.until(
      "a suspended Kustomization",
      10,
      async () => at(await scene.kube.get(kustomization("spark-operator")), "spec", "suspend") === true,
    ),
  repair: (scene) => scene.kube.merge(kustomization("spark-operator"), { spec: { suspend: null } }),
  expect: { exit: 0, roots: [] },
};

/** As `kubectl cnpg promote` does: the plugin writes the target into the Cluster's status, which is how one asks for it. */
async function promote(scene: Scene, instance: string): Promise<void> {
  await scene.kube.merge(`${POSTGRES}/status`, {
    status: { targetPrimary: instance, targetPrimaryTimestamp: new Date().toISOString() },
  });
}

const switchover: Fault = {
  name: "cnpg-switchover",
  title: "Another instance of the database has become the primary",
  story:
    "`kubectl cnpg promote nessie-postgres 2`, before a node's maintenance. For a few seconds there are two of three.",
  shows: "Cluster nessie-postgres (another currentPrimary)",
  control: true,
  async break(scene) {
    const cluster = await scene.kube.get(POSTGRES);
    const primary = text(cluster, "status", "currentPrimary");
    const names = at(cluster, "status", "instanceNames");
    const next = (Array.isArray(names) ? names : []).map(String).find((name) => name !== primary);
    if (scene.saved("promoted") !== undefined || next === undefined) return;
    scene.save("promoted", next);
    await promote(scene, next);
  },
  settled: (scene) =>
    scene.until(
      "the new primary",
      60,
      async () =>
        text(await scene.kube.get(POSTGRES), "status", "currentPrimary") === scene.saved("promoted"),
    ),
  expect: { exit: 0, roots: [] },
};

const cronJobNeverRun: Fault = {
  name: "cronjob-never-run",
  title: "A CronJob is too young to have run",
  story: "The nightly backup was set up this afternoon.",
  shows: "CronJob nightly-backup (no lastScheduleTime)",
  control: true,
  break(scene) {
    const template = {
      spec: {
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [{
              name: "backup",
              image: "ghcr.io/cloudnative-pg/postgresql:15.20",
              command: ["/bin/true"],
            }],
          },
        },
      },
    };
    // Half a day from now, whenever that is.
    const hour = (new Date().getUTCHours() + 12) % 24;
    const spec = { schedule: `0 ${hour} * * *`, concurrencyPolicy: "Forbid", jobTemplate: template };
    const head = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly-backup\n";
    return scene.kube.apply("cronjob", `${head}  namespace: ${PLATFORM}\nspec: ${JSON.stringify(spec)}\n`);
  },
  settled: () => Promise.resolve(),
  repair: (scene) => scene.kube.remove(`/apis/batch/v1/namespaces/${PLATFORM}/cronjobs/nightly-backup`),
  expect: { exit: 0, roots: [] },
};

const claimPending: Fault = {
  name: "obc-pending-young",
  title: "A bucket claim was made a moment ago",
  story:
    "It is Pending, as every claim is at first; Rook can't read its quota, so that it stays so for a while.",
  shows: "ObjectBucketClaim young (Pending)",
  control: true,
  async break(scene) {
    await scene.kube.remove(bucketClaim("young"));
    const spec = {
      bucketName: "young",
      storageClassName: "ceph-bucket",
      additionalConfig: { maxSize: "10 GB" },
    };
    const head = "apiVersion: objectbucket.io/v1alpha1\nkind: ObjectBucketClaim\nmetadata:\n  name: young\n";
    await scene.kube.apply("claim", `${head}  namespace: ${PLATFORM}\nspec: ${JSON.stringify(spec)}\n`);
  },
  settled: (scene) =>
    scene.until(
      "a pending claim",
      30,
      async () => text(await scene.kube.get(bucketClaim("young")), "status", "phase") === "Pending",
    ),
  repair: (scene) => scene.kube.remove(bucketClaim("young")),
  expect: { exit: 0, roots: [] },
};

const singleInstance: Fault = {
  name: "single-instance-postgres",
  title: "The database runs with one instance, as asked",
  story: "A small platform's profile: `instances: 1`. One of one is all.",
  shows: "Cluster nessie-postgres (instances: 1)",
  control: true,
  manifests(tree) {
    edit(
      tree,
      app("postgres/cluster.yaml"),
      "Cluster/nessie-postgres",
      (cluster) => cluster.setIn(["spec", "instances"], 1),
    );
  },
  settled: (scene) =>
    scene.until("one healthy instance", 90, async () => {
      const status = (await scene.kube.get(POSTGRES))?.status;
      return at(status, "instances") === 1 && at(status, "readyInstances") === 1 &&
          text(status, "phase") === "Cluster in healthy state" ||
        `${at(status, "instances")}, ${text(status, "phase")}`;
    }),
  expect: { exit: 0, roots: [] },
};

const failedJob: Fault = {
  name: "failed-job-noise",
  title: "A restore template was applied as if it were a Job",
  story: "It failed at once, long ago, and stays there. Noise: nothing waits for it.",
  shows: "Job restore-template (Failed)",
  control: true,
  break: (scene) => scene.kube.apply("job", sparkJob("restore-template", ["/bin/false"])),
  settled: (scene) =>
    scene.until(
      "the failed Job",
      60,
      async () => condition(await scene.kube.get(job("restore-template")), "Failed")?.status === "True",
    ),
  repair: (scene) => removeJob(scene, "restore-template"),
  expect: { exit: 1, roots: [] },
};

/** Every control, in the order of `--list`. */
export const controls: readonly Fault[] = [
  completedJob,
  suspended,
  switchover,
  cronJobNeverRun,
  claimPending,
  singleInstance,
  failedJob,
];
