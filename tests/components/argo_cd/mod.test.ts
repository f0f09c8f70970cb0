/** Applications of Argo CD: each word is judged by its harm, and what they hold and what is absent lead to each other. */
import assert from "node:assert/strict";
import { argoCd } from "../../../lib/components/argo_cd/mod.ts";
import { flux } from "../../../lib/components/flux/mod.ts";
import { components } from "../../../lib/components/mod.ts";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import type { Failure, Finding } from "../../../lib/engine/model.ts";
import {
  COMPONENTS,
  fault,
  PATHS,
  type Platform,
  platform,
  type Raw,
  unhealthy,
  wantingPod,
  without,
} from "../flux/gitops.ts";
import { examined, LONG_AGO, on, rootsOf, waiting } from "../platform.ts";

const APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications";
const PROJECTS = "/apis/argoproj.io/v1alpha1/appprojects";
const SETS = "/apis/argoproj.io/v1alpha1/applicationsets";
const STATEFUL_SETS = "/apis/apps/v1/statefulsets";

const resource = (
  group: string,
  kind: string,
  name: string,
  namespace: string | undefined = "data-platform",
) => ({
  group,
  kind,
  name,
  namespace,
  version: "v1",
  status: "Synced",
});

const CATALOG = [resource("apps", "Deployment", "catalog"), resource("", "Service", "catalog")];

/** Healthy and Synced, unless said otherwise. */
function application(
  name: string,
  status: Record<string, unknown> = {},
  spec: Record<string, unknown> = {},
): Raw {
  return {
    metadata: { name, namespace: "argocd", creationTimestamp: LONG_AGO },
    spec: {
      destination: { server: "https://kubernetes.default.svc", namespace: "data-platform" },
      syncPolicy: { automated: {} },
      ...spec,
    },
    status: {
      health: { status: "Healthy" },
      sync: { status: "Synced" },
      reconciledAt: "2026-01-01T11:59:00Z",
      operationState: { phase: "Succeeded", startedAt: LONG_AGO, finishedAt: LONG_AGO },
      resources: CATALOG,
      ...status,
    },
  };
}

interface Argo {
  projects?: unknown[];
  applications?: Raw[];
  sets?: Raw[];
  objects?: Platform;
  failures?: Record<string, Failure>;
}

function look(
  { applications = [], sets = [], projects = [], objects = platform(), failures = {} }: Argo,
): Promise<Diagnosis> {
  const namespaces = [...objects.namespaces, { metadata: { name: "argocd" } }];
  const lists = Object.fromEntries(
    Object.entries({ ...objects, namespaces }).map(([kind, items]) => [PATHS[kind as keyof Platform], items]),
  );
  const connect = "/api/v1/namespaces/external-secrets/services/onepassword-connect:8080/proxy";
  const health = { version: "1.7.3", dependencies: [{ service: "sync", status: "TOKEN_NEEDED" }] };
  return examined([argoCd, ...COMPONENTS.filter((component) => component !== flux)], {
    lists: { ...lists, [APPLICATIONS]: applications, [SETS]: sets, [PROJECTS]: projects },
    answers: {
      [`${connect}/heartbeat`]: { status: 200, body: "." },
      [`${connect}/health`]: { status: 200, body: health },
    },
    failures,
  });
}

/** What is said of one Application with this status. */
async function said(status: Record<string, unknown>, spec: Record<string, unknown> = {}): Promise<string> {
  const found = on(
    await look({ applications: [application("catalog", status, spec)] }),
    "Application",
    "catalog",
  )
    .find(({ check }) => check === "argo-cd.applications");
  return found ? `${found.status} ${found.reason}` : "nothing";
}

async function check(id: string, argo: Argo): Promise<Finding | undefined> {
  return (await look(argo)).findings.find((one) => one.check === id);
}

Deno.test("an Application that is Healthy and Synced is counted as healthy, and nothing else is said of it", async () => {
  assert.equal(await said({}), "nothing");
  const seen = await check("argo-cd.applications", { applications: [application("catalog")] });
  assert.deepEqual([seen?.status, seen?.message], ["ok", "1 Application is healthy"]);
});

Deno.test("every word of an Application's status is judged on purpose", async () => {
  const condition = (type: string) => ({ conditions: [{ type, message: "some words" }] });
  const operation = (phase: string, startedAt = LONG_AGO, more = {}) => ({
    operationState: { phase, message: "some words", startedAt, ...more },
  });
  const judged: [Record<string, unknown>, string][] = [
    [{ health: { status: "Suspended" } }, "ok Suspended"],
    [{ health: { status: "Progressing", lastTransitionTime: "2026-01-01T11:55:00Z" } }, "ok Progressing"],
    [{ health: { status: "Progressing", lastTransitionTime: LONG_AGO } }, "warning ProgressingTooLong"],
    [{ health: { status: "Degraded" } }, "warning Degraded"],
    [{ health: { status: "Missing" }, resources: [] }, "warning NotApplied"],
    [{ health: { status: "Unknown" } }, "unknown HealthUnknown"],
    [{ sync: { status: "OutOfSync" } }, "ok OutOfSync"],
    [{ sync: { status: "Unknown" } }, "unknown SyncUnknown"],
    [operation("Running", "2026-01-01T11:59:00Z"), "ok Progressing"],
    [operation("Running", "2026-01-01T11:59:00Z", { retryCount: 2 }), "warning SyncFailed"],
    [operation("Running", "2026-01-01T08:00:00Z"), "warning SyncStuck"],
    [operation("Terminating", "2026-01-01T08:00:00Z"), "warning SyncStuck"],
    [operation("Failed"), "warning SyncFailed"],
    [operation("Error"), "warning SyncFailed"],
    [condition("InvalidSpecError"), "warning InvalidSpec"],
    [condition("ComparisonError"), "warning ComparisonFailed"],
    [condition("SyncError"), "warning SyncFailed"],
    [condition("UnknownError"), "warning ControllerError"],
    [condition("DeletionError"), "warning DeletionFailed"],
    [condition("SharedResourceWarning"), "warning SharedResource"],
    [condition("RepeatedResourceWarning"), "warning RepeatedResource"],
    [condition("ExcludedResourceWarning"), "warning ExcludedResource"],
    [condition("OrphanedResourceWarning"), "nothing"],
  ];
  for (const [status, expected] of judged) assert.equal(await said(status), expected, JSON.stringify(status));
});

Deno.test("a word of Argo CD that nobody knows is neither healthy nor broken", async () => {
  const odd = [
    { health: { status: "Dreaming" } },
    { sync: { status: "Dreaming" } },
    { operationState: { phase: "Dreaming" } },
    { conditions: [{ type: "DreamError", message: "x" }] },
  ];
  for (const status of odd) assert.equal(await said(status), "unknown NotUnderstood", JSON.stringify(status));
});

Deno.test("an Application that nobody has looked at is young, or a fault", async () => {
  const empty = { health: undefined, sync: undefined, operationState: undefined, resources: undefined };
  assert.equal(await said(empty), "critical NotReconciled");
  const young = application("catalog", empty);
  young.metadata.creationTimestamp = "2026-01-01T11:59:30Z";
  assert.equal(fault(await look({ applications: [young] }), "Application", "catalog"), undefined);
});

Deno.test("automated sync that is off is a state; it is the cause of what is absent and waited for", async () => {
  const manual = { syncPolicy: {} };
  assert.equal(await said({ sync: { status: "OutOfSync" } }, manual), "ok OutOfSync");
  assert.equal(
    await said({ sync: { status: "OutOfSync" } }, { syncPolicy: { automated: { enabled: false } } }),
    "ok OutOfSync",
  );
  const objects = platform();
  without(objects, "externalSecrets", "db");
  without(objects, "secrets", "db");
  without(objects, "pods", "catalog-1");
  const container = waiting("CreateContainerConfigError", 'secret "db" not found');
  objects.pods.push(wantingPod("catalog-1", "db", { ready: false, container }));
  const resources = [...CATALOG, resource("external-secrets.io", "ExternalSecret", "db")];
  const held = application("lake", { sync: { status: "OutOfSync" }, resources }, manual);
  held.metadata.name = "lake";
  const seen = await look({ applications: [held], objects });
  const found = fault(seen, "Application", "lake");
  assert.deepEqual([found?.status, found?.reason, found?.role], ["critical", "NotApplied", "root"]);
  assert.match(
    found?.message ?? "",
    /ExternalSecret data-platform\/db, and Argo CD does not make them because automated sync is off/,
  );
  assert.equal(fault(seen, "ExternalSecret", "db")?.role, "symptom");
  assert.deepEqual(found?.next?.[0], "argocd app sync argocd/lake");
});

Deno.test("a sync that failed is the root of what it did not make, and says what Argo CD says", async () => {
  const objects = platform();
  without(objects, "deployments", "catalog");
  const failed = application("lake", {
    sync: { status: "OutOfSync" },
    operationState: { phase: "Failed", message: 'quota "lake" exceeded', startedAt: LONG_AGO },
  });
  const seen = await look({ applications: [failed], objects });
  const found = fault(seen, "Application", "lake");
  assert.deepEqual([found?.status, found?.reason, found?.role], ["critical", "SyncFailed", "root"]);
  assert.match(found?.message ?? "", /cannot apply what is in Git: quota "lake" exceeded/);
  assert.equal(fault(seen, "Deployment", "catalog")?.role, "symptom");
});

Deno.test("what nothing accounts for is likely of an Application that could not be compared, if name or namespace fits", async () => {
  const objects = platform();
  without(objects, "secrets", "db");
  without(objects, "externalSecrets", "db");
  const blind = (namespace: string) =>
    application("lake", {
      health: { status: "Unknown" },
      sync: { status: "Unknown" },
      resources: [],
      conditions: [{ type: "ComparisonError", message: "rpc error: repository not accessible" }],
    }, { destination: { server: "https://kubernetes.default.svc", namespace } });
  const near = await look({ applications: [blind("data-platform")], objects });
  assert.deepEqual(rootsOf(near), ["Application lake ComparisonFailed"]);
  assert.equal(fault(near, "Secret", "db")?.confidence, "likely");
  const elsewhere = await look({ applications: [blind("elsewhere")], objects });
  assert.equal(fault(elsewhere, "Secret", "db")?.role, "independent");
});

Deno.test("an Application is a symptom of what it holds and what fails", async () => {
  const objects = platform();
  const [catalog] = objects.deployments.filter(({ metadata }) => metadata.name === "catalog");
  Object.assign(catalog?.status ?? {}, { readyReplicas: 0 });
  const seen = await look({
    applications: [application("lake", { health: { status: "Degraded" } })],
    objects,
  });
  const found = fault(seen, "Application", "lake");
  assert.deepEqual([found?.status, found?.reason, found?.role], ["critical", "Degraded", "symptom"]);
  assert.equal(found?.chain?.[0]?.object.name, "catalog");
});

Deno.test("Applications of other namespaces and of other clusters are nobody's concern here", async () => {
  const status = {
    health: { status: "Degraded" },
    resources: [resource("apps", "Deployment", "web", "shop")],
  };
  const shop = application("shop", status, {
    destination: { server: "https://kubernetes.default.svc", namespace: "shop" },
  });
  const far = application("far", { health: { status: "Degraded" } }, {
    destination: { server: "https://10.0.0.1", namespace: "data-platform" },
  });
  const seen = await look({ applications: [shop, far] });
  assert.deepEqual(unhealthy(seen), []);
  assert.equal(seen.findings.find(({ check }) => check === "argo-cd.present")?.reason, "NotUsed");
});

Deno.test("an Application that holds the platform's Applications is the platform's, also one that holds itself", async () => {
  const root = application("root", {
    conditions: [{ type: "SyncError", message: "no" }],
    resources: [
      resource("argoproj.io", "Application", "root", "argocd"),
      resource("argoproj.io", "Application", "catalog", "argocd"),
    ],
  }, { destination: { name: "in-cluster", namespace: "argocd" } });
  const seen = await look({ applications: [root, application("catalog")] });
  assert.deepEqual(unhealthy(seen), ["Application root SyncFailed"]);
});

Deno.test("an Application that its root holds and that does not exist is missed, and its root is the cause", async () => {
  const root = application("root", {
    resources: [...CATALOG, resource("argoproj.io", "Application", "gone", "argocd")],
  });
  const seen = await look({ applications: [root] });
  assert.deepEqual(unhealthy(seen).toSorted(), ["Application gone Missing", "Application root NotApplied"]);
  assert.deepEqual(rootsOf(seen), ["Application root NotApplied"]);
});

Deno.test("a controller that does not run is told, and one that works from elsewhere is not missed", async () => {
  const controller = {
    metadata: { name: "argocd-application-controller", namespace: "argocd" },
    spec: { replicas: 0, template: { metadata: {}, spec: { containers: [] } } },
    status: {},
  };
  const applications = [application("catalog")];
  const id = "argo-cd.application-controller";
  assert.equal((await check(id, { applications }))?.status, "skipped");
  const old = [application("catalog", { reconciledAt: LONG_AGO })];
  assert.equal((await check(id, { applications: old }))?.reason, "Missing");
  const seen = await examined(components, {
    lists: { [APPLICATIONS]: applications, [STATEFUL_SETS]: [controller] },
  });
  const found = seen.findings.find((one) => one.check === id);
  assert.deepEqual([found?.status, found?.reason], ["critical", "ScaledToZero"]);
  assert.deepEqual(
    found?.next?.[0],
    "kubectl -n argocd scale statefulset argocd-application-controller --replicas=1",
  );
});

Deno.test("Argo CD that is not installed does not apply, and one that may not be read is unknown", async () => {
  const notInstalled = { kind: "not-installed", message: "404" } as const;
  const forbidden = { kind: "forbidden", message: "no" } as const;
  const id = "argo-cd.applications";
  assert.equal(
    (await check(id, { failures: { [APPLICATIONS]: notInstalled, [SETS]: notInstalled } }))?.status,
    "skipped",
  );
  assert.equal((await check(id, { failures: { [APPLICATIONS]: forbidden } }))?.status, "unknown");
});

Deno.test("an ApplicationSet that cannot make its Applications is a warning, and in words that nobody knows unknown", async () => {
  const set = (type: string, status: string) => ({
    metadata: { name: "lake", namespace: "argocd", creationTimestamp: LONG_AGO },
    status: { conditions: [{ type, status, message: "no" }] },
  });
  const judged = {
    "ErrorOccurred True": "warning GenerationFailed",
    "ErrorOccurred False": "ok AllWell",
    "InvalidRolloutConfig True": "warning InvalidRollout",
    "ParametersGenerated False": "ok AllWell",
    "Dreaming True": "unknown NotUnderstood",
    "ErrorOccurred Perhaps": "unknown NotUnderstood",
  };
  for (const [words, expected] of Object.entries(judged)) {
    const [type = "", status = ""] = words.split(" ");
    const found = await check("argo-cd.applicationsets", {
      applications: [application("catalog")],
      sets: [set(type, status)],
    });
    assert.equal(`${found?.status} ${found?.reason}`, expected, words);
  }
});

Deno.test("a sync that does not end is the cause of what it has not made yet", async () => {
  const objects = platform();
  without(objects, "deployments", "catalog");
  const stuck = application("lake", {
    sync: { status: "OutOfSync" },
    operationState: { phase: "Running", message: "waiting for a hook", startedAt: "2026-01-01T08:00:00Z" },
  });
  const seen = await look({ applications: [stuck], objects });
  assert.deepEqual(rootsOf(seen), ["Application lake SyncStuck"]);
  assert.equal(fault(seen, "Deployment", "catalog")?.role, "symptom");
});

Deno.test("an Application of another cluster made nothing here, whatever it holds", async () => {
  const objects = platform();
  without(objects, "services", "catalog");
  without(objects, "slices", "catalog");
  const far = application("far", { conditions: [{ type: "SyncError", message: "no" }] }, {
    destination: { server: "https://10.0.0.1", namespace: "data-platform" },
  });
  const near = application("near", { resources: CATALOG });
  const seen = await look({ applications: [far, near], objects });
  assert.deepEqual(unhealthy(seen).toSorted(), ["Application near NotApplied", "Service catalog Missing"]);
});

Deno.test("a sync that failed on a kind that is not served is a symptom of that, and says which object failed", async () => {
  const message =
    'The Kubernetes API could not find postgresql.cnpg.io/Cluster for requested resource db/lake. Make sure the "Cluster" CRD is installed on the destination cluster.';
  const failed = application("lake", {
    sync: { status: "OutOfSync" },
    operationState: {
      phase: "Failed",
      message: "one or more synchronization tasks are not valid",
      startedAt: LONG_AGO,
      syncResult: {
        resources: [
          { kind: "Cluster", namespace: "db", name: "lake", status: "SyncFailed", message },
          { kind: "Service", namespace: "db", name: "fine", status: "Synced", message: "created" },
        ],
      },
    },
  });
  const objects = platform();
  objects.clusters = [];
  const seen = await look({
    applications: [failed],
    objects,
    failures: { [PATHS.clusters]: { kind: "not-installed", message: "404" } },
  });
  const found = fault(seen, "Application", "lake");
  assert.match(
    found?.message ?? "",
    /tasks are not valid; Cluster db\/lake \(The Kubernetes API could not find/,
  );
  assert.doesNotMatch(found?.message ?? "", /fine/);
  assert.deepEqual([found?.role, found?.chain?.[0]?.object.name], ["symptom", "*.postgresql.cnpg.io"]);
});

/** An Application of a project, of which Argo CD says this, and which has made nothing. */
const kept = (message: string) =>
  application("catalog", {
    conditions: [{ type: "InvalidSpecError", message }],
    health: { status: "Missing" },
    sync: { status: "Unknown" },
    resources: [],
  }, { project: "lake" });

const project = (name: string) => ({
  metadata: { name, namespace: "argocd", creationTimestamp: LONG_AGO },
  spec: {
    destinations: [{ namespace: "shop", server: "https://kubernetes.default.svc" }],
    sourceRepos: ["*"],
  },
});

Deno.test("a project that forbids what an Application would apply is its cause", async () => {
  const words = [
    "application destination server 'https://kubernetes.default.svc' and namespace 'data-platform' do not match any of the " +
    "allowed destinations in project 'lake'",
    "application repo https://git.example/lake.git is not permitted in project 'lake'",
    "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project lake",
  ];
  for (const message of words) {
    const projects = [project("lake"), project("other")];
    const diagnosis = await look({ applications: [kept(message)], projects });
    assert.deepEqual(rootsOf(diagnosis), ["AppProject lake Forbids"], message);
    const [found] = on(diagnosis, "AppProject", "lake");
    assert.match(
      found?.message ?? "",
      /^AppProject argocd\/lake forbids what Application argocd\/catalog would apply: /,
    );
    assert.match(found?.observed ?? "", /shop of https:\/\/kubernetes\.default\.svc/);
    assert.equal(on(diagnosis, "Application", "catalog")[0]?.role, "symptom");
  }
});

Deno.test("a project that does not exist is the cause of its Application", async () => {
  const message = "Application referencing project lake which does not exist";
  const diagnosis = await look({ applications: [kept(message)], projects: [project("other")] });
  assert.deepEqual(rootsOf(diagnosis), ["AppProject lake Missing"]);
});

Deno.test("a project is no cause of what it does not forbid, and another project's words are not its own", async () => {
  for (
    const message of [
      "spec.source.path is required",
      "application repo x is not permitted in project 'other'",
    ]
  ) {
    const diagnosis = await look({ applications: [kept(message)], projects: [project("lake")] });
    assert.deepEqual(rootsOf(diagnosis), [], message);
    assert.deepEqual(on(diagnosis, "Application", "catalog").map(({ reason, role }) => [reason, role]), [[
      "InvalidSpec",
      "independent",
    ]]);
  }
});

Deno.test("projects that are not served or cannot be listed are no fault of an Application", async () => {
  const gone = { [PROJECTS]: { kind: "not-installed", message: "no" } } as const;
  assert.deepEqual(rootsOf(await look({ applications: [application("catalog")], failures: gone })), []);
});
