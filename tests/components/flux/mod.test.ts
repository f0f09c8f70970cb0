import assert from "node:assert/strict";
import { type Diagnosis } from "../../../lib/engine/diagnose.ts";
import {
  condition,
  held,
  kustomization,
  look,
  PATHS,
  platform,
  type Raw,
  ready,
  the,
  unhealthy,
  without,
  workload,
} from "./gitops.ts";
import { NOW, on, rootsOf } from "../platform.ts";

const NEVER = { kind: "forbidden", message: "kustomizations is forbidden" } as const;
const JUST_NOW = "2026-01-01T11:59:00Z";

/** Checks of the component by id, without those of other components. */
const check = (diagnosis: Diagnosis, id: string) =>
  diagnosis.findings.filter((finding) => finding.check === id);

Deno.test("flux: a whole platform has nothing to report", async () => {
  const diagnosis = await look(platform());
  assert.deepEqual(unhealthy(diagnosis), []);
  assert.equal(on(diagnosis, "Kustomization", "*")[0]?.observed, "5 of 5");
});

Deno.test("flux: without its kinds it does not apply, and says so", async () => {
  const objects = platform();
  objects.deployments = objects.deployments.filter(({ metadata }) => metadata.namespace !== "flux-system");
  const failure = { kind: "not-installed", message: "404" } as const;
  const paths = [PATHS.kustomizations, PATHS.helmReleases, PATHS.ociRepositories].flatMap((path) => [
    path,
    ...["v1beta1", "v1beta2", "v2beta1", "v2beta2"].map((version) =>
      path.replace(/\/v[12]\//, `/${version}/`)
    ),
  ]);
  const diagnosis = await look(objects, {
    failures: Object.fromEntries(paths.map((path) => [path, failure])),
  });
  assert.equal(check(diagnosis, "flux.present")[0]?.status, "skipped");
  assert.equal(check(diagnosis, "flux.kustomize-controller")[0]?.status, "skipped");
});

Deno.test("flux: what may not be read is unknown, never well", async () => {
  const diagnosis = await look(platform(), { failures: { [PATHS.kustomizations]: NEVER } });
  assert.ok(check(diagnosis, "flux.kustomizations").every(({ status }) => status === "unknown"));
  assert.ok(check(diagnosis, "flux.cycles").every(({ status }) => status === "unknown"));
  assert.ok(check(diagnosis, "flux.present").every(({ status }) => status === "unknown"));
});

Deno.test("flux: no Kustomization at all is critical, not zero of zero well", async () => {
  const objects = platform();
  objects.kustomizations = [];
  const [found] = check(await look(objects), "flux.present");
  assert.equal(found?.status, "critical");
});

Deno.test("flux: a suspended Kustomization is named and is no fault", async () => {
  const objects = platform();
  const nessie = the(objects, "kustomizations", "nessie");
  nessie.spec = { ...nessie.spec, suspend: true };
  ready(nessie, "False", "HealthCheckFailed");
  const diagnosis = await look(objects);
  assert.deepEqual(unhealthy(diagnosis), []);
  assert.match(check(diagnosis, "flux.suspended")[0]?.message ?? "", /nessie .*2 h ago/);
});

Deno.test("flux: a Kustomization on its way is well inside its timeout and critical after it", async () => {
  const within = platform();
  ready(the(within, "kustomizations", "nessie"), "Unknown", "Progressing", "x", JUST_NOW);
  assert.deepEqual(unhealthy(await look(within)), []);
  const after = platform();
  ready(the(after, "kustomizations", "nessie"), "Unknown", "Progressing");
  assert.deepEqual(rootsOf(await look(after)), ["Kustomization nessie ProgressingTooLong"]);
});

Deno.test("flux: a Kustomization that is on its way again and again is a symptom of what it waits for", async () => {
  const objects = platform();
  ready(
    the(objects, "kustomizations", "nessie"),
    "Unknown",
    "Progressing",
    "running health checks",
    JUST_NOW,
  );
  the(objects, "deployments", "catalog").status = { observedGeneration: 1, replicas: 1, readyReplicas: 0 };
  const [found] = on(await look(objects), "Kustomization", "nessie");
  assert.equal(found?.reason, "HealthCheckWaiting");
  assert.equal(found?.chain?.at(-1)?.object.kind, "Deployment");
});

Deno.test("flux: one that waits for another that is on its way is well; for one that failed it is a symptom", async () => {
  const waiting = platform();
  ready(the(waiting, "kustomizations", "postgres"), "Unknown", "Progressing", "x", JUST_NOW);
  ready(the(waiting, "kustomizations", "nessie"), "False", "DependencyNotReady");
  assert.deepEqual(unhealthy(await look(waiting)), []);
  const failed = platform();
  ready(the(failed, "kustomizations", "postgres"), "False", "BuildFailed", "mapping key already defined");
  ready(the(failed, "kustomizations", "nessie"), "False", "DependencyNotReady");
  assert.deepEqual(rootsOf(await look(failed)), ["Kustomization postgres BuildFailed"]);
});

Deno.test("flux: a dependency of the right name in another namespace is a wrong reference, not a missing object", async () => {
  const objects = platform();
  const postgres = the(objects, "kustomizations", "postgres");
  postgres.spec = { ...postgres.spec, dependsOn: [{ name: "secrets", namespace: "data-platform" }] };
  ready(postgres, "False", "DependencyNotReady");
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Kustomization postgres WrongDependency"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /flux-system\/secrets does/);
});

Deno.test("flux: a mistyped dependency is a wrong reference; one that nothing resembles is missing", async () => {
  const typed = platform();
  typed.kustomizations = [
    ...typed.kustomizations,
    held("jobs", ["postgers"], "data-platform/jobs", "DependencyNotReady", "not found"),
  ];
  assert.deepEqual(rootsOf(await look(typed)), ["Kustomization jobs WrongDependency"]);
  const gone = platform();
  gone.kustomizations.push(
    held("jobs", ["warehouse"], "data-platform/jobs", "DependencyNotReady", "not found"),
  );
  assert.deepEqual(rootsOf(await look(gone)), ["Kustomization warehouse Missing"]);
});

Deno.test("flux: a source of another namespace that was not named is a wrong reference", async () => {
  const objects = platform();
  const nessie = held("nessie", [], "data-platform/nessie", "ArtifactFailed", "OCIRepository not found");
  nessie.metadata.namespace = "data-platform";
  objects.kustomizations = [
    ...objects.kustomizations.filter(({ metadata }) => metadata.name !== "nessie"),
    nessie,
  ];
  assert.deepEqual(rootsOf(await look(objects)), ["Kustomization nessie WrongSource"]);
});

Deno.test("flux: a circle of dependencies has one root that shows the whole way round", async () => {
  const objects = platform();
  const secrets = the(objects, "kustomizations", "secrets");
  secrets.spec = { ...secrets.spec, dependsOn: [{ name: "nessie" }] };
  for (const name of ["secrets", "postgres", "nessie"]) {
    ready(the(objects, "kustomizations", name), "False", "DependencyNotReady");
  }
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Kustomization secrets DependencyCycle"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /secrets → nessie → postgres → secrets/);
});

Deno.test("flux: what was never applied is a symptom of the Kustomization that could not apply it", async () => {
  const objects = platform();
  const message = "kustomize build failed: accumulating resources";
  objects.kustomizations = objects.kustomizations.filter(({ metadata }) =>
    !["postgres", "nessie"].includes(metadata.name)
  );
  objects.kustomizations.push(held("postgres", [], "data-platform/postgres", "BuildFailed", message));
  without(objects, "clusters", "nessie-postgres");
  without(objects, "pods", "nessie-postgres-1");
  without(objects, "services", "nessie-postgres-rw");
  assert.deepEqual(rootsOf(await look(objects)), ["Kustomization postgres BuildFailed"]);
});

Deno.test("flux: objects that somebody deleted are explained by the suspended Kustomization that applied them", async () => {
  const objects = platform();
  without(objects, "deployments", "onepassword-connect");
  without(objects, "services", "onepassword-connect");
  without(objects, "pods", "onepassword-connect-1");
  const owner = the(objects, "kustomizations", "onepassword-connect");
  owner.spec = { ...owner.spec, suspend: true };
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "no such host",
  );
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Kustomization onepassword-connect InventoryMissing"]);
  assert.match(diagnosis.roots[0]?.next[0] ?? "", /flux resume kustomization onepassword-connect/);
});

Deno.test("flux: a namespace that is gone explains everything that was applied to it", async () => {
  const objects = platform();
  without(objects, "namespaces", "external-secrets");
  without(objects, "deployments", "onepassword-connect");
  without(objects, "services", "onepassword-connect");
  without(objects, "pods", "onepassword-connect-1");
  objects.deployments = objects.deployments.filter(({ metadata }) =>
    metadata.namespace !== "external-secrets"
  );
  objects.kustomizations.push(
    kustomization("namespaces", [], "namespaces", ["_external-secrets__Namespace"]),
  );
  const roots = rootsOf(await look(objects));
  assert.ok(roots.includes("Namespace external-secrets Missing"), roots.join());
  assert.ok(!roots.some((root) => root.startsWith("Kustomization")), roots.join());
});

Deno.test("flux: an apply that a missing webhook Service refuses points at that Service", async () => {
  const objects = platform();
  const url = "https://external-secrets-webhook.external-secrets.svc:443/validate";
  ready(
    the(objects, "kustomizations", "secrets"),
    "False",
    "ReconciliationFailed",
    `dry-run failed: failed calling webhook "validate.externalsecret": failed to call webhook: Post "${url}": no endpoints`,
  );
  assert.deepEqual(rootsOf(await look(objects)), ["Service external-secrets-webhook Missing"]);
});

Deno.test("flux: a stopped controller explains what it has not looked at", async () => {
  const objects = platform();
  const controller = the(objects, "deployments", "kustomize-controller");
  controller.status = { observedGeneration: 1, replicas: 1, readyReplicas: 0 };
  const fresh = kustomization("fresh", [], "data-platform/fresh");
  objects.kustomizations.push({ ...fresh, status: {} });
  const roots = rootsOf(await look(objects));
  assert.deepEqual(roots, ["Deployment kustomize-controller NoneReady"]);
});

function release(status: Record<string, unknown>): Raw {
  return {
    metadata: { name: "nessie", namespace: "data-platform", generation: 1, creationTimestamp: NOW },
    spec: {
      timeout: "5m",
      chart: {
        spec: {
          chart: "nessie",
          sourceRef: { kind: "HelmRepository", name: "charts", namespace: "flux-system" },
        },
      },
      values: {
        jdbc: {
          secret: { name: "db" },
          url: "jdbc:postgresql://nessie-postgres-rw.data-platform.svc:5432/nessie",
        },
      },
    },
    status: { observedGeneration: 1, ...status },
  };
}

const RETRIES = {
  conditions: [
    { type: "Ready", status: "False", reason: "InstallFailed", message: "context deadline exceeded" },
    {
      type: "Stalled",
      status: "True",
      reason: "RetriesExceeded",
      message: "Failed to install after 4 attempt(s)",
    },
  ],
};

Deno.test("flux: a change of a moment ago is being acted on, an older one is not", async () => {
  const changed = async (managedFields?: object[]) => {
    const objects = platform();
    const made = release({ conditions: [{ type: "Ready", status: "True", reason: "UpgradeSucceeded" }] });
    const metadata = { ...made.metadata, generation: 2, ...managedFields ? { managedFields } : {} };
    objects.helmReleases.push({ ...made, metadata } as Raw);
    return on(await look(objects), "HelmRelease", "nessie").map(({ status, reason }) =>
      `${status} ${reason}`
    );
  };
  const long = { manager: "kustomize-controller", time: "2026-01-01T11:00:00Z" };
  const now = { manager: "kustomize-controller", time: JUST_NOW };
  assert.deepEqual(await changed([long, now]), ["ok Progressing"]);
  assert.deepEqual(await changed([now, long]), ["ok Progressing"]);
  assert.deepEqual(await changed([long, { ...now, subresource: "status" }]), ["warning NotObserved"]);
  assert.deepEqual(await changed(), ["warning NotObserved"]);
});

Deno.test("flux: a release that used up its retries is itself the root when its cause is gone, and says how to reset it", async () => {
  const objects = platform();
  objects.helmReleases.push(release(RETRIES));
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["HelmRelease nessie RetriesExceeded"]);
  assert.match(diagnosis.roots[0]?.next[0] ?? "", /--reset/);
});

Deno.test("flux: while its workload fails, a release that used up its retries is a symptom of that", async () => {
  const objects = platform();
  objects.helmReleases.push(release(RETRIES));
  const made = workload("catalog", "data-platform");
  made.metadata.labels = {
    "helm.toolkit.fluxcd.io/name": "nessie",
    "helm.toolkit.fluxcd.io/namespace": "data-platform",
  };
  made.status = { observedGeneration: 1, replicas: 1, readyReplicas: 0 };
  objects.deployments = [...objects.deployments.filter(({ metadata }) => metadata.name !== "catalog"), made];
  const [found] = on(await look(objects), "HelmRelease", "nessie");
  assert.equal(found?.role, "symptom");
  assert.match(found?.next?.[0] ?? "", /--reset/);
});

Deno.test("flux: a release that was rolled back is still explained by the Secret that its values name", async () => {
  const objects = platform();
  objects.helmReleases.push(release(RETRIES));
  without(objects, "deployments", "catalog");
  without(objects, "pods", "catalog-1");
  without(objects, "services", "catalog");
  without(objects, "secrets", "db");
  ready(the(objects, "externalSecrets", "db"), "False", "SecretSyncedError");
  const diagnosis = await look(objects);
  assert.equal(on(diagnosis, "HelmRelease", "nessie")[0]?.role, "symptom");
});

Deno.test("flux: a release inside its timeout is no fault", async () => {
  const objects = platform();
  objects.helmReleases.push(
    release(condition("Unknown", "Progressing", "Running 'install' action", JUST_NOW)),
  );
  assert.deepEqual(unhealthy(await look(objects)), []);
});

Deno.test("flux: a chart that cannot be had explains the release that wants it", async () => {
  const objects = platform();
  objects.helmReleases.push(release(condition("False", "SourceNotReady", "HelmChart is not ready")));
  objects.helmCharts.push({
    metadata: { name: "data-platform-nessie", namespace: "flux-system", generation: 1 },
    spec: { sourceRef: { kind: "HelmRepository", name: "charts" } },
    status: condition("False", "ChartPullError", "chart version not found"),
  });
  assert.deepEqual(rootsOf(await look(objects)), ["HelmChart data-platform-nessie ChartPullError"]);
});

Deno.test("flux: a source that cannot be refreshed is a warning while its artifact is served, else critical", async () => {
  const objects = platform();
  const source = the(objects, "ociRepositories", "lakecheck");
  ready(source, "False", "OCIArtifactPullFailed", "connection refused");
  const [served] = on(await look(objects), "OCIRepository", "lakecheck");
  assert.equal(served?.status, "warning");
  source.status = condition("False", "OCIArtifactPullFailed");
  const [bare] = on(await look(objects), "OCIRepository", "lakecheck");
  assert.equal(bare?.status, "critical");
});

Deno.test("flux: a deletion that a finalizer holds for long is stuck", async () => {
  const objects = platform();
  const nessie = the(objects, "kustomizations", "nessie");
  nessie.metadata.deletionTimestamp = "2026-01-01T11:00:00Z";
  nessie.metadata.finalizers = ["finalizers.fluxcd.io"];
  const [found] = on(await look(objects), "Kustomization", "nessie");
  assert.equal(found?.reason, "TerminatingStuck");
  assert.match(found?.message ?? "", /finalizers\.fluxcd\.io/);
});

Deno.test("flux: while nothing was ever applied, the source of the first Kustomization is the one root", async () => {
  const objects = platform();
  const empty = platform();
  for (const kind of Object.keys(empty) as (keyof typeof empty)[]) empty[kind] = [];
  empty.deployments = objects.deployments.filter(({ metadata }) => metadata.namespace !== "data-platform");
  empty.namespaces = objects.namespaces;
  empty.kustomizations = [held("cluster-apps", [], "flux", "ArtifactFailed", "Source artifact not found")];
  const source = the(objects, "ociRepositories", "lakecheck");
  source.status = condition("False", "OCIArtifactPullFailed", "connection refused");
  empty.ociRepositories = [source];
  assert.deepEqual(rootsOf(await look(empty)), ["OCIRepository lakecheck OCIArtifactPullFailed"]);
});

Deno.test("flux: without any Kustomization, what the platform lacks is explained by that", async () => {
  const objects = platform();
  const deployments = objects.deployments.filter(({ metadata }) => metadata.namespace !== "data-platform");
  for (const kind of Object.keys(objects) as (keyof typeof objects)[]) objects[kind] = [];
  objects.deployments = deployments;
  assert.deepEqual(rootsOf(await look(objects)), ["Kustomization * NotFound"]);
});

Deno.test("flux: a Kustomization that builds to nothing and pruned what was there is the root of it", async () => {
  const objects = platform();
  const emptied = kustomization("cluster-apps", [], "flux");
  without(objects, "clusters", "nessie-postgres");
  objects.kustomizations = [emptied];
  const diagnosis = await look(objects);
  assert.ok(
    rootsOf(diagnosis).includes("Kustomization cluster-apps AppliesNothing"),
    rootsOf(diagnosis).join(),
  );
  assert.ok(!rootsOf(diagnosis).some((root) => root.startsWith("Cluster")), rootsOf(diagnosis).join());
});

Deno.test("flux: while the platform comes up, what waits is a symptom of what it waits for, not silent", async () => {
  const objects = platform();
  without(objects, "clusters", "nessie-postgres");
  without(objects, "pods", "nessie-postgres-1", "catalog-1");
  without(objects, "services", "nessie-postgres-rw", "catalog");
  without(objects, "deployments", "catalog");
  const first = held("secrets", ["onepassword-store"], "data-platform/secrets", "Progressing", "x");
  first.status = condition("Unknown", "Progressing", "Running health checks", JUST_NOW);
  const waiting = (name: string, on: string) =>
    held(name, [on], `data-platform/${name}`, "DependencyNotReady", "not ready");
  objects.kustomizations = [
    ...objects.kustomizations.filter(({ metadata }) => metadata.name.startsWith("onepassword")),
    first,
    waiting("postgres", "secrets"),
    waiting("nessie", "postgres"),
  ];
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Kustomization secrets FirstApply"]);
  assert.equal(on(diagnosis, "Kustomization", "nessie")[0]?.role, "symptom");
});

Deno.test("flux: two that wait for the same one on its way are both well", async () => {
  const objects = platform();
  ready(the(objects, "kustomizations", "secrets"), "Unknown", "Progressing", "x", JUST_NOW);
  for (const name of ["postgres", "nessie"]) {
    ready(the(objects, "kustomizations", name), "False", "DependencyNotReady");
  }
  const nessie = the(objects, "kustomizations", "nessie");
  nessie.spec = { ...nessie.spec, dependsOn: [{ name: "secrets" }, { name: "postgres" }] };
  objects.kustomizations.push(kustomization("spark", ["postgres", "nessie"], "data-platform/spark"));
  ready(the(objects, "kustomizations", "spark"), "False", "DependencyNotReady");
  assert.deepEqual(unhealthy(await look(objects)), []);
});

Deno.test("flux: while the platform lacks parts, one that is Ready, or on its way out, is not being applied for the first time", async () => {
  const objects = platform();
  without(objects, "deployments", "catalog");
  // Ready, by a controller that keeps no revision; and one that is being deleted.
  const well = held("tools", [], "tools", "ReconciliationSucceeded", "applied");
  const entries = [{ id: "data-platform_db_external-secrets.io_ExternalSecret", v: "v1" }];
  well.status = {
    ...condition("True", "ReconciliationSucceeded"),
    observedGeneration: 1,
    inventory: { entries },
  };
  const going = held("old-tools", [], "old-tools", "Progressing", "x");
  going.metadata = { ...going.metadata, deletionTimestamp: JUST_NOW };
  going.status = condition("Unknown", "Progressing", "x", JUST_NOW);
  objects.kustomizations.push(well, going);
  const diagnosis = await look(objects);
  assert.ok(unhealthy(diagnosis).length > 0, "the platform lacks nothing");
  assert.deepEqual(on(diagnosis, "Kustomization", "tools").filter(({ status }) => status !== "ok"), []);
  assert.deepEqual(on(diagnosis, "Kustomization", "old-tools").filter(({ status }) => status !== "ok"), []);
});

Deno.test("flux: what is suspended while something waits for it is the cause, also when it was Ready before", async () => {
  for (const [status, generation] of [["False", 1], ["True", 2]] as const) {
    const objects = platform();
    const store = the(objects, "kustomizations", "onepassword-connect");
    store.spec = { ...store.spec, suspend: true };
    store.metadata = { ...store.metadata, generation };
    ready(store, status, "x");
    const waiter = kustomization("waiter", ["onepassword-connect"], "waiter");
    objects.kustomizations.push(waiter);
    ready(waiter, "False", "DependencyNotReady", "dependency 'flux-system/onepassword-connect' is not ready");
    const diagnosis = await look(objects);
    assert.deepEqual(rootsOf(diagnosis), ["Kustomization onepassword-connect Suspended"]);
    assert.equal(diagnosis.roots[0]?.status, "critical");
    assert.match(
      diagnosis.roots[0]?.message ?? "",
      /is suspended, and Kustomization flux-system\/waiter waits for it$/,
    );
    assert.deepEqual(diagnosis.roots[0]?.next, [
      "flux resume kustomization onepassword-connect -n flux-system",
    ]);
  }
});

Deno.test("flux: a suspended source is the cause of what has no artifact, and no fault while it serves one", async () => {
  const suspended = async (artifact: object | undefined) => {
    const objects = platform();
    const [source] = objects.ociRepositories;
    assert.ok(source);
    source.spec = { ...source.spec, suspend: true };
    source.status = { ...source.status, artifact };
    ready(the(objects, "kustomizations", "nessie"), "False", "ArtifactFailed", "Source artifact not found");
    return rootsOf(await look(objects));
  };
  assert.deepEqual(await suspended(undefined), ["OCIRepository lakecheck Suspended"]);
  assert.deepEqual(await suspended({ revision: "a" }), ["Kustomization nessie ArtifactFailed"]);
});
