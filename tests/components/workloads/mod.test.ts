import assert from "node:assert/strict";
import { nodesComponent } from "../../../lib/components/nodes/mod.ts";
import { external } from "../secret_supply/secret_source.ts";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import {
  type Cluster,
  deployment,
  DEPLOYMENTS,
  EVENTS,
  examined,
  LONG_AGO,
  node,
  NODES,
  on,
  pod,
  PODS,
  rootsOf,
  SECRETS,
  SERVICES,
  SLICES,
  waiting,
} from "../platform.ts";

const look = (cluster: Cluster) =>
  examined([workloads, nodesComponent, external], {
    ...cluster,
    lists: { [NODES]: [node("node-1")], ...cluster.lists },
  });

const withPods = (...pods: unknown[]) => look({ lists: { [PODS]: pods } });

const secret = (name: string, ...keys: string[]) => ({
  metadata: {
    name,
    namespace: "data-platform",
    managedFields: [{
      manager: "x",
      fieldsV1: {
        "f:data": Object.fromEntries(["."].concat(keys.map((key) => `f:${key}`)).map((key) => [key, {}])),
      },
    }],
  },
});

const wantsKey = (name: string, key: string) => ({
  containers: [{
    name: "app",
    image: "app:1",
    env: [{ name: "X", valueFrom: { secretKeyRef: { name, key } } }],
  }],
});

Deno.test("pods: all Ready is ok, with the count", async () => {
  const found = on(await withPods(pod("a"), pod("b")), "Pod", "*");
  assert.deepEqual(found.map((finding) => [finding.status, finding.observed]), [["ok", "2 of 2"]]);
});

Deno.test("pods: Running and not Ready is critical, however green its phase", async () => {
  const [found] = on(await withPods(pod("a", { ready: false })), "Pod", "a");
  assert.equal(found?.reason, "NotReady");
  assert.equal(found?.status, "critical");
});

Deno.test("pods: CrashLoopBackOff says how the last run ended", async () => {
  const container = {
    ...waiting("CrashLoopBackOff"),
    restartCount: 7,
    lastState: { terminated: { exitCode: 3, reason: "Error" } },
  };
  const [found] = on(await withPods(pod("a", { ready: false, container })), "Pod", "a");
  assert.equal(found?.reason, "CrashLoopBackOff");
  assert.match(found?.message ?? "", /exit code 3 and was restarted 7 times/);
});

Deno.test("pods: a crash loop by lack of memory is OOMKilled", async () => {
  const container = {
    ...waiting("CrashLoopBackOff"),
    lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
  };
  const [found] = on(await withPods(pod("a", { ready: false, container })), "Pod", "a");
  assert.equal(found?.reason, "OOMKilled");
});

Deno.test("pods: succeeded pods, young pods and pods of finished Jobs are no fault", async () => {
  const job = { kind: "Job", name: "job" };
  const diagnosis = await withPods(
    pod("done", { phase: "Succeeded", ready: false }),
    pod("failed-run", { phase: "Failed", ready: false, owner: job }),
    pod("young", {
      phase: "Pending",
      ready: false,
      createdAt: "2026-01-01T11:59:30Z",
      container: waiting("ContainerCreating"),
    }),
  );
  assert.deepEqual(
    diagnosis.findings.filter((finding) => finding.object.kind === "Pod" && finding.status !== "ok"),
    [],
  );
});

Deno.test("pods: one that no node takes says what the scheduler says", async () => {
  const scheduled = { status: "False", reason: "Unschedulable", message: "0/1 nodes are available" };
  const [found] = on(
    await withPods(
      pod("a", { phase: "Pending", ready: false, scheduled, status: { containerStatuses: [] } }),
    ),
    "Pod",
    "a",
  );
  assert.equal(found?.reason, "Unschedulable");
});

Deno.test("pods: none may be listed: unknown, never ok", async () => {
  const diagnosis = await look({ failures: { [PODS]: { kind: "forbidden", message: "cannot list pods" } } });
  const found = diagnosis.findings.filter((finding) => finding.check === "pods.ready");
  assert.deepEqual(found.map((finding) => finding.status), ["unknown"]);
});

Deno.test("a missing Secret is the root of CreateContainerConfigError", async () => {
  const diagnosis = await withPods(
    pod("a", {
      ready: false,
      phase: "Pending",
      spec: wantsKey("s3", "k"),
      container: waiting("CreateContainerConfigError", 'secret "s3" not found'),
    }),
  );
  assert.deepEqual(rootsOf(diagnosis), ["Secret s3 Missing"]);
  assert.deepEqual(on(diagnosis, "Pod", "a")[0]?.chain?.map((step) => step.via), ["env secretKeyRef"]);
});

Deno.test("a missing Secret does not explain an OOM kill", async () => {
  const container = {
    ...waiting("CrashLoopBackOff"),
    lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
  };
  const diagnosis = await withPods(pod("a", { ready: false, spec: wantsKey("s3", "k"), container }));
  assert.ok(rootsOf(diagnosis).includes("Pod a OOMKilled"));
});

Deno.test("a Secret without the key that a pod wants is the root", async () => {
  const diagnosis = await look({
    lists: {
      [SECRETS]: [secret("s3", "AccessKey")],
      [PODS]: [
        pod("a", {
          ready: false,
          phase: "Pending",
          spec: wantsKey("s3", "access-key"),
          container: waiting("CreateContainerConfigError", "couldn't find key"),
        }),
      ],
    },
  });
  assert.deepEqual(rootsOf(diagnosis), ["Secret s3 MissingKey"]);
});

Deno.test("a node that is gone explains its pods", async () => {
  const diagnosis = await look({
    lists: { [NODES]: [node("node-1", "Unknown"), node("node-2")], [PODS]: [pod("a", { ready: false })] },
  });
  assert.deepEqual(rootsOf(diagnosis), ["Node node-1 NodeNotReady"]);
});

Deno.test("pods of one Deployment that crash alike have one root, their Deployment", async () => {
  const container = { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 1 } } };
  const owner = { kind: "Deployment", name: "api" };
  const diagnosis = await look({
    lists: {
      [DEPLOYMENTS]: [deployment("api", 2, 0)],
      [PODS]: [
        pod("api-1", { ready: false, owner, container }),
        pod("api-2", { ready: false, owner, container }),
      ],
    },
  });
  assert.deepEqual(rootsOf(diagnosis), ["Deployment api NoneReady"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /exit code 1/);
});

Deno.test("pods that wait for one image have one root, the image", async () => {
  const container = waiting("ImagePullBackOff", "manifest unknown");
  const diagnosis = await withPods(
    pod("a", { ready: false, container }),
    pod("b", { ready: false, container }),
  );
  assert.deepEqual(rootsOf(diagnosis), ["Image app:1 ImagePullFailed"]);
});

Deno.test("a Deployment whose pods a quota refuses is explained by the quota", async () => {
  const message = 'pods "api-1" is forbidden: exceeded quota: small, requested: pods=1';
  const object = deployment("api", 1, 0) as { status: Record<string, unknown> };
  object.status.conditions = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }];
  const diagnosis = await look({
    lists: {
      [DEPLOYMENTS]: [object],
      "/api/v1/resourcequotas": [{
        metadata: { name: "small", namespace: "data-platform" },
        status: { hard: { pods: "0" }, used: { pods: "0" } },
      }],
      [EVENTS]: [{
        metadata: { name: "e", namespace: "data-platform", creationTimestamp: LONG_AGO },
        involvedObject: { kind: "ReplicaSet", namespace: "data-platform", name: "api-x" },
        reason: "FailedCreate",
        message,
      }],
    },
  });
  assert.deepEqual(rootsOf(diagnosis), ["ResourceQuota small QuotaExceeded"]);
});

/** A Job that a quota refuses the pods of, as its event says. */
function refusedJob(name: string, rest: { spec?: object; status?: object } = {}) {
  const message = `pods "${name}-1" is forbidden: exceeded quota: small, requested: pods=1`;
  return {
    job: {
      metadata: { name, namespace: "data-platform", creationTimestamp: LONG_AGO },
      spec: { template: { spec: { containers: [] } }, ...rest.spec },
      status: rest.status ?? {},
    },
    event: {
      metadata: { name: `${name}.1`, namespace: "data-platform", creationTimestamp: LONG_AGO },
      involvedObject: { kind: "Job", namespace: "data-platform", name },
      reason: "FailedCreate",
      message,
      lastTimestamp: "2026-01-01T11:59:00Z",
    },
  };
}

const withJob = ({ job, event }: ReturnType<typeof refusedJob>) =>
  look({
    lists: {
      "/apis/batch/v1/jobs": [job],
      "/api/v1/resourcequotas": [{
        metadata: { name: "small", namespace: "data-platform" },
        status: { hard: { pods: "0" }, used: { pods: "0" } },
      }],
      [EVENTS]: [event],
    },
  });

Deno.test("a Job whose pods a quota refuses is explained by the quota", async () => {
  const diagnosis = await withJob(refusedJob("load"));
  assert.deepEqual(rootsOf(diagnosis), ["ResourceQuota small QuotaExceeded"]);
  assert.deepEqual(on(diagnosis, "Job", "load").map(({ reason, role }) => [reason, role]), [[
    "FailedCreate",
    "symptom",
  ]]);
});

Deno.test("a Job that is done, suspended or has a pod is well, whatever an event said once", async () => {
  const cases = [
    { status: { conditions: [{ type: "Complete", status: "True" }] } },
    { spec: { suspend: true } },
    { status: { active: 1 } },
  ];
  for (const rest of cases) {
    const found = on(await withJob(refusedJob("load", rest)), "Job", "*");
    assert.deepEqual(found.map(({ status, observed }) => [status, observed]), [["ok", "1 of 1"]]);
  }
});

Deno.test("a Job that failed for good says so, and its quota refuses nothing any more", async () => {
  const message = "Job has reached the specified backoff limit: exceeded quota: small, requested: pods=1";
  const conditions = [{ type: "Failed", status: "True", message, lastTransitionTime: LONG_AGO }];
  const diagnosis = await withJob(refusedJob("load", { status: { conditions } }));
  const [found] = on(diagnosis, "Job", "load");
  assert.deepEqual([found?.status, found?.reason], ["warning", "JobFailed"]);
  assert.match(found?.message ?? "", /failed 2 h.* ago .*backoff limit/);
  assert.deepEqual(on(diagnosis, "ResourceQuota", "small").filter(({ status }) => status !== "ok"), []);
});

const service = (name: string, selector: Record<string, string>) => ({
  metadata: { name, namespace: "data-platform" },
  spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
});
const slice = (name: string, ...ready: boolean[]) => ({
  metadata: { name, namespace: "data-platform", labels: { "kubernetes.io/service-name": name } },
  endpoints: ready.map((value) => ({ conditions: { ready: value } })),
});

Deno.test("a Service with a ready endpoint is ok; one whose pods are not ready is their symptom", async () => {
  const well = await look({
    lists: { [SERVICES]: [service("api", { app: "api" })], [SLICES]: [slice("api", true)] },
  });
  assert.equal(on(well, "Service", "*")[0]?.status, "ok");
  const ill = await look({
    lists: {
      [SERVICES]: [service("api", { app: "api" })],
      [SLICES]: [slice("api", false)],
      [PODS]: [pod("a", { ready: false, labels: { app: "api" } })],
    },
  });
  assert.deepEqual(rootsOf(ill), ["Pod a NotReady"]);
});

Deno.test("a Service whose selector matches no pod is the root itself", async () => {
  const diagnosis = await look({
    lists: { [SERVICES]: [service("api", { app: "apl" })], [PODS]: [pod("a", { labels: { app: "api" } })] },
  });
  assert.deepEqual(rootsOf(diagnosis), ["Service api NoEndpoints"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /matches no pod/);
});

const withAddress = (object: unknown, podIP: string | undefined): object => {
  const { status, ...rest } = object as { status: object };
  return { ...rest, status: { ...status, podIP } };
};

/** A Service whose endpoints somebody wrote: ready they are always. */
const given = (podIP: string | undefined, ready: boolean, more: object[] = []) => ({
  lists: {
    [SERVICES]: [service("store", {})],
    [SLICES]: [{ ...slice("store"), endpoints: [{ addresses: ["10.1.0.9"], conditions: { ready: true } }] }],
    [PODS]: [
      withAddress(pod("a", { ready }), podIP),
      ...more,
    ],
  },
});

Deno.test("a Service without a selector is answered by the pod that has its address, or by nobody", async () => {
  assert.deepEqual(rootsOf(await look(given("10.1.0.9", true))), []);
  const ill = await look(given("10.1.0.9", false));
  assert.deepEqual(rootsOf(ill), ["Pod a NotReady"]);
  const [told] = on(ill, "Service", "store");
  assert.equal(told?.reason, "NoEndpoints");
  assert.match(told?.message ?? "", /Pod a, which has its address, is not ready/);
});

Deno.test("a Service without a selector whose address a workload asks for needs that workload", async () => {
  const { lists } = given("10.1.0.8", true);
  const asks = (ip: string) => ({
    ...(deployment("gateway", 0, 0) as object),
    spec: {
      replicas: 0,
      template: { metadata: { annotations: { "cni.projectcalico.org/ipAddrsNoIpam": `["${ip}"]` } } },
    },
  });
  const gone = await look({ lists: { ...lists, [DEPLOYMENTS]: [asks("10.1.0.9")] } });
  assert.equal(on(gone, "Service", "store")[0]?.reason, "NoEndpoints");
  assert.match(on(gone, "Service", "store")[0]?.message ?? "", /which Deployment gateway asks for/);
  const other = await look({ lists: { ...lists, [DEPLOYMENTS]: [asks("10.1.0.7")] } });
  assert.deepEqual(on(other, "Service", "store"), []);
});

Deno.test("an address that no pod has, or that several have, says nothing of its Service", async () => {
  for (const at of [given("10.1.0.8", false), given(undefined, false)]) {
    assert.deepEqual(on(await look(at), "Service", "store"), []);
  }
  const shared = given("10.1.0.9", false, [withAddress(pod("b", { ready: false }), "10.1.0.9")]);
  assert.deepEqual(on(await look(shared), "Service", "store"), []);
});

Deno.test("a crashing pod whose configuration names a Service without endpoints is likely its symptom", async () => {
  const container = { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 1 } } };
  const spec = {
    containers: [{
      name: "app",
      image: "app:1",
      env: [{ name: "DB", value: "jdbc:postgresql://db.data-platform.svc:5432/x" }],
    }],
  };
  const diagnosis = await look({
    lists: {
      [PODS]: [pod("a", { ready: false, spec, container })],
      [SERVICES]: [service("db", { app: "db" })],
      "/api/v1/namespaces": [{ metadata: { name: "data-platform" } }],
    },
  });
  assert.deepEqual(rootsOf(diagnosis), ["Service db NoEndpoints"]);
  assert.equal(on(diagnosis, "Pod", "a")[0]?.confidence, "likely");
});

Deno.test("what other tenants of the cluster break is not ours", async () => {
  const diagnosis = await withPods(pod("theirs", { ready: false, namespace: "games" }));
  assert.deepEqual(on(diagnosis, "Pod", "theirs"), []);
});
