/** Faults of images, webhooks and rollouts that stand in no list, and two faults at once. */
import assert from "node:assert/strict";
import { adversary, event, statusesOf } from "./case.ts";
import { addApp, crash, fail, noPods, podsOf, put, QUOTAS, the, unhealthy, without } from "../healthy.ts";
import { DEPLOYMENTS, EVENTS, LONG_AGO, pod, PODS, SECRETS, waiting } from "../platform.ts";

adversary("two faults that have nothing to do with each other", [
  "Secret s3 Missing",
  "Deployment spark-client NoneReady",
], (small) => {
  without(small, SECRETS, "s3");
  fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  fail(small, "spark-client", crash(137, "OOMKilled"));
});

adversary("a rollout that its new pod holds up, well before its deadline", [
  "Image registry.example/nessie:2 ImagePullFailed",
], (small) => {
  the(small, DEPLOYMENTS, "nessie").status.conditions = [
    { type: "Progressing", status: "True", reason: "ReplicaSetUpdated" },
    { type: "Available", status: "True" },
  ];
  const [old] = podsOf(small, "nessie");
  assert.ok(old);
  const young = structuredClone(old);
  young.metadata.name = "nessie-def-1";
  young.spec.containers[0].image = "registry.example/nessie:2";
  young.status.conditions[1].status = "False";
  const said = waiting("ImagePullBackOff", "registry.example/nessie:2: not found");
  Object.assign(young.status.containerStatuses[0], { ready: false }, said);
  put(small, PODS, young);
}, (d) => {
  const held = d.findings.find((f) => f.object.kind === "Deployment" && f.object.name === "nessie");
  assert.equal(held?.reason, "RollingOut");
  assert.equal(held.role, "symptom");
});

adversary("a quota that refused pods an hour ago, and does not any more", [], (small) => {
  put(small, QUOTAS, {
    metadata: { name: "small", namespace: "data-platform" },
    status: { hard: { pods: "40" }, used: { pods: "4" } },
  });
  put(
    small,
    EVENTS,
    event("ReplicaSet", "nessie-abc", "FailedCreate", "exceeded quota: small, requested: pods=1"),
  );
}, (d) => assert.deepEqual(unhealthy(d), []));

adversary(
  "the registry is down: many images fail at once",
  ["Registry registry.example RegistryUnreachable"],
  (small) => {
    const message = (app: string) =>
      `Back-off pulling image "registry.example/${app}:1": ErrImagePull: failed to do request: Head "https://registry.example/v2/${app}/manifests/1": dial tcp 10.0.0.9:443: connect: connection refused`;
    for (const app of ["nessie", "spark-history-server", "spark-client", "spark-operator"]) {
      fail(
        small,
        app,
        waiting("ImagePullBackOff", message(app)),
      );
    }
  },
);

adversary("a tag that does not exist is the image's fault, not its registry's", [
  "Image registry.example/nessie:2 ImagePullFailed",
], (small) => {
  for (const object of podsOf(small, "nessie")) object.spec.containers[0].image = "registry.example/nessie:2";
  fail(small, "nessie", waiting("ImagePullBackOff", "registry.example/nessie:2: not found"));
});

adversary("the pull Secret of a private image is gone", ["Secret pull Missing"], (small) => {
  for (const object of podsOf(small, "spark-client")) object.spec.imagePullSecrets = [{ name: "pull" }];
  fail(small, "spark-client", waiting("ImagePullBackOff", "failed to authorize: 401 Unauthorized"));
});

adversary("a webhook whose pods crash refuses all pods", ["Deployment policy NoneReady"], (small) => {
  addApp(small, "policy", {
    namespace: "kube-system",
    ports: [{ name: "https", port: 443, targetPort: "https" }],
  });
  fail(small, "policy", crash());
  const message =
    'Internal error occurred: failed calling webhook "pods.policy": Post "https://policy.kube-system.svc:443/validate": dial tcp 10.96.0.9:443: connect: connection refused';
  for (const app of ["nessie", "spark-client"]) noPods(small, app, message);
});

adversary("the readiness probe asks the wrong port", ["Deployment nessie NoneReady"], (small) => {
  fail(small, "nessie", { state: { running: { startedAt: LONG_AGO } } });
  for (const object of podsOf(small, "nessie")) {
    put(
      small,
      EVENTS,
      event(
        "Pod",
        object.metadata.name,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.0.0.7:9999: connect: connection refused",
      ),
    );
  }
}, (d) => assert.match(d.roots[0]?.message ?? "", /10.0.0.7:9999/));

adversary("a rollout is stuck half-way, and the old pods serve: a warning", [
  "Deployment nessie RolloutStuck",
], (small) => {
  const object = the(small, DEPLOYMENTS, "nessie");
  Object.assign(object.status, {
    replicas: 3,
    updatedReplicas: 1,
    conditions: [{
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "nessie-new" has timed out progressing.',
    }],
  });
  put(
    small,
    "/apis/apps/v1/replicasets",
    ...["nessie-abc", "nessie-new"].map((name) => ({
      metadata: {
        name,
        namespace: "data-platform",
        ownerReferences: [{ kind: "Deployment", name: "nessie", controller: true }],
      },
    })),
  );
  put(
    small,
    PODS,
    pod("nessie-new-1", {
      ready: false,
      labels: { app: "nessie" },
      owner: { kind: "ReplicaSet", name: "nessie-new" },
      container: crash(),
    }),
  );
}, (d) => assert.ok(!statusesOf(d).includes("critical"), unhealthy(d).join("\n")));

adversary("a new version with a tag that does not exist, and the old pods serve: a warning", [
  "Image registry.example/nessie:9 ImagePullFailed",
], (small) => {
  put(
    small,
    PODS,
    pod("nessie-abc-9", {
      ready: false,
      labels: { app: "nessie" },
      owner: { kind: "ReplicaSet", name: "nessie-abc" },
      spec: { containers: [{ name: "app", image: "registry.example/nessie:9", ports: [] }] },
      container: waiting("ImagePullBackOff", "not found"),
    }),
  );
}, (d) => assert.ok(!statusesOf(d).includes("critical"), unhealthy(d).join("\n")));

adversary("a Deployment is paused with a change that was not rolled out", [], (small) => {
  const object = the(small, DEPLOYMENTS, "nessie");
  object.spec.paused = true;
  delete object.status.updatedReplicas;
}, (d) => assert.deepEqual(unhealthy(d), ["Deployment nessie Paused warning"]));

adversary("a paused Deployment that has nothing to roll out is well", [], (small) => {
  the(small, DEPLOYMENTS, "nessie").spec.paused = true;
}, (d) => assert.deepEqual(unhealthy(d), []));
