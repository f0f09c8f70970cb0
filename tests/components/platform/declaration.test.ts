import assert from "node:assert/strict";
import { configMaps, endpointSlices } from "../../../lib/components/kubernetes/mod.ts";
import { clusters } from "../../../lib/components/postgresql/mod.ts";
import { checkpoints } from "../../../lib/checkpoints/mod.ts";
import { collect, sourcesOf } from "../../../lib/engine/collect.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import type { Component, Facts, Finding } from "../../../lib/engine/model.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { doctor } from "../../../lib/procedures/onepassword/status/mod.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { bad, healthy, itemsOf, judged, withConfigMap, withFile, without, workload } from "./facts.ts";

function found(report: Report, check: string): Finding[] {
  return report.details.components.flatMap(({ checks }) => checks).filter((one) => one.check === check);
}

function role(report: Report, name: string) {
  return report.platform?.roles.find((one) => one.role === name);
}

Deno.test("without a declaration what is found is judged, and the report says how to declare", () => {
  const report = judged(healthy());
  assert.deepEqual(bad(report), []);
  const [said] = found(report, "platform.declaration");
  assert.deepEqual([said?.status, said?.reason, said?.next], ["skipped", "NotDeclared", [
    "deno task data-platform:discover",
  ]]);
  assert.equal(report.platform?.declaration, undefined);
});

Deno.test("the report's field platform names what fills each role, and how that is known", () => {
  const report = judged(healthy());
  reportSchema.parse(JSON.parse(JSON.stringify(report)));
  assert.equal(report.platform?.namespace, "data-platform");
  assert.deepEqual(role(report, "database")?.objects, [{
    object: { kind: "Cluster", namespace: "data-platform", name: "nessie-postgres" },
    by: "Service data-platform/nessie-postgres-rw in the configuration of the catalog",
  }]);
});

Deno.test("a required role that nothing fills is critical, whoever judges its workloads", () => {
  const required = {
    roles: { lakekeeper: "required", "spark-client": "required", "object-store": "required" },
  };
  const facts = withFile(without(healthy(), "spark-client"), required);
  itemsOf(facts, { id: "cephobjectstores" }).splice(0);
  for (const name of ["kustomizations", "helmreleases"]) itemsOf(facts, { id: name }).splice(0);
  const lines = bad(judged(facts)).filter((line) => line.includes("PlatformRole"));
  assert.deepEqual(lines, [
    "critical spark-client.pods-ready PlatformRole spark-client Missing: The declaration of the platform requires Spark client, and nothing here is recognised as it",
    "critical platform.roles PlatformRole object-store Missing: The declaration of the platform requires the object store, and nothing here is recognised as it",
    "critical platform.roles PlatformRole lakekeeper Missing: The declaration of the platform requires lakekeeper, and nothing here is recognised as it",
  ]);
});

Deno.test("a required role is not missing where its kind could not be listed", () => {
  const facts = withFile(healthy(), { roles: { database: "required" } });
  facts.sources[clusters.id] = {
    ok: false,
    failure: { kind: "forbidden", message: "may not list clusters" },
  };
  const lines = bad(judged(facts)).filter((line) => line.includes("PlatformRole"));
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["unknown"]);
});

Deno.test("an optional role is not missed, and a catalog may be declared absent", () => {
  for (const need of ["optional", "absent"]) {
    const facts = withFile(without(without(healthy(), "nessie"), "spark"), {
      roles: { catalog: need, nessie: need },
    });
    const [said] = found(judged(facts), "nessie.pods-ready");
    assert.equal(said?.status, "skipped", need);
  }
});

Deno.test("an object that a declaration names fills its role, whatever it is called and labelled", () => {
  const facts = healthy();
  const nessie = workload(facts, "nessie");
  nessie.metadata = { name: "catalogue", namespace: "data-platform" };
  nessie.spec = {
    replicas: 1,
    template: { metadata: { labels: {} }, spec: { containers: [{ image: "acme/web:1" }] } },
  };
  const document = { roles: { nessie: { objects: ["Deployment data-platform/catalogue"] } } };
  assert.deepEqual(role(judged(withFile(facts, document)), "nessie")?.objects, [{
    object: { kind: "Deployment", namespace: "data-platform", name: "catalogue" },
    by: "the declaration",
  }]);
});

Deno.test("an object that a declaration names and that does not exist is missing by that name", () => {
  const document = {
    roles: {
      "spark-client": { objects: ["Deployment data-platform/spk"] },
      database: { objects: ["Cluster data-platform/nessie-postgrez"] },
    },
  };
  const roots = judged(withFile(healthy(), document)).roots.map(({ object, reason }) =>
    `${object.name} ${reason}`
  );
  assert.deepEqual(roots.toSorted(), ["nessie-postgrez Missing", "spk Missing"]);
});

Deno.test("a role that is declared absent and is there is a warning, and not judged as that role", () => {
  const report = judged(withFile(healthy(), { roles: { "spark-client": "absent" } }));
  assert.deepEqual(bad(report), [
    "warning platform.declaration File platform.yaml Contradicted: File platform.yaml declares spark-client absent, but Deployment data-platform/spark-client has label app.kubernetes.io/name=spark-client",
  ]);
  assert.equal(found(report, "spark-client.pods-ready")[0]?.reason, "DeclaredAbsent");
});

Deno.test("two objects of a single role are ambiguous, and a declaration settles it", () => {
  const facts = healthy();
  const second = structuredClone(workload(facts, "nessie"));
  second.metadata.name = "nessie-too";
  itemsOf(facts, { id: "deployments" }).push(second);
  assert.match(
    role(judged(facts), "catalog")?.ambiguous ?? "",
    /^there are 2 Iceberg catalogs: Deployment data-platform\/nessie and Deployment data-platform\/nessie-too\. Name/,
  );
  const document = { roles: { catalog: { objects: ["Deployment data-platform/nessie"] } } };
  const settled = role(judged(withFile(facts, document)), "catalog");
  assert.deepEqual([settled?.ambiguous, settled?.objects.length], [undefined, 1]);
});

Deno.test("one in another namespace is told as another tenant's", () => {
  const facts = healthy();
  const second = structuredClone(workload(facts, "spark-client"));
  second.metadata.namespace = "elsewhere";
  itemsOf(facts, { id: "deployments" }).push(second);
  const told = role(judged(facts), "spark-client");
  assert.equal(told?.objects.length, 1);
  assert.match(told?.ambiguous ?? "", /^Deployment elsewhere\/spark-client could fill it, too/);
});

Deno.test("a label against which the image speaks is told", () => {
  const facts = healthy();
  workload(facts, "spark-client").spec = {
    replicas: 1,
    template: { spec: { containers: [{ image: "apache/polaris:1.0" }] } },
  };
  const told = role(judged(facts), "spark-client");
  assert.equal(told?.objects[0]?.doubt, "image apache/polaris:1.0");
  assert.match(told?.ambiguous ?? "", /runs image apache\/polaris:1\.0: name what fills it/);
});

/** The healthy platform with the catalog's labels, and its image, as given. */
function catalogWith(labels: Record<string, string>, image?: string): Facts {
  const facts = healthy();
  const { metadata, spec } = workload(facts, "nessie") as unknown as {
    metadata: { labels: Record<string, string> };
    spec: { template: { spec: { containers: { image?: string }[] } } };
  };
  metadata.labels = labels;
  const [main] = spec.template.spec.containers;
  assert.ok(main);
  if (image) main.image = image;
  return facts;
}

Deno.test("a chart or an image of a version that nobody knows fills its role, and nothing is wrong with it", () => {
  const name = { "app.kubernetes.io/name": "nessie" };
  const known: Record<string, string>[] = [
    { ...name, "app.kubernetes.io/version": "999.0.0" },
    { ...name, "app.kubernetes.io/version": "not-a-version" },
    { ...name, "app.kubernetes.io/version": "" },
    { ...name, "helm.sh/chart": "nessie-999.1.2-rc.1_build.7" },
    { ...name, "helm.sh/chart": "nessie-nightly" },
    { ...name, "helm.sh/chart": "nessie" },
    { ...name, "helm.sh/chart": "somebody-elses-chart-0.0.1" },
    { "helm.sh/chart": "nessie-999.1.2" },
    { "helm.sh/chart": "nessie-v0.0.0-dev" },
  ];
  const healthyRoles = judged(healthy()).platform?.roles.map(({ role, objects }) => [role, objects.length]);
  for (const labels of known) {
    for (
      const image of [
        "ghcr.io/projectnessie/nessie:999.0.0-unheard-of",
        "ghcr.io/projectnessie/nessie@sha256:00",
      ]
    ) {
      const report = judged(catalogWith(labels, image));
      const said = JSON.stringify(labels);
      assert.deepEqual([report.status, bad(report)], ["healthy", []], said);
      assert.deepEqual(
        report.platform?.roles.map(({ role, objects }) => [role, objects.length]),
        healthyRoles,
        said,
      );
      const [first] = role(report, "catalog")?.objects ?? [];
      const chart = labels["helm.sh/chart"];
      const by = labels["app.kubernetes.io/name"] ? "label app.kubernetes.io/name=nessie" : `chart ${chart}`;
      assert.deepEqual([first?.by, first?.doubt], [by, undefined], said);
    }
  }
});

Deno.test("a chart whose name ends in no version tells nothing: what then is known by nothing else is not guessed", () => {
  const facts = catalogWith({ "helm.sh/chart": "nessie-nightly" }, "registry.example/a-catalog:latest");
  workload(facts, "nessie").metadata.name = "apps";
  const report = judged(facts);
  assert.ok(!role(report, "catalog")?.objects.some(({ object }) => object.name === "apps"));
});

Deno.test("thresholds hold where they are declared", () => {
  const facts = healthy();
  facts.collectedAt = "2026-11-21T06:29:57.000Z";
  const pods = itemsOf(facts, { id: "pods" }) as unknown as Record<string, Record<string, unknown>>[];
  const pod = pods.find(({ metadata }) => String(metadata?.name).startsWith("spark-client"));
  assert.ok(pod);
  pod.status = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] };
  pod.metadata = { ...pod.metadata, creationTimestamp: "2026-11-21T06:26:57.000Z" };
  const isLate = (report: Report) => bad(report).some((line) => line.includes("pods.ready"));
  assert.equal(isLate(judged(facts)), true);
  assert.equal(isLate(judged(withFile(facts, { thresholds: { podStart: "10m" } }))), false);
});

Deno.test("what is muted is in one place of the report, and not in its status", () => {
  const broken = without(healthy(), "spark-client");
  const mutes = (until: string) => ({
    roles: { "spark-client": { objects: ["Deployment data-platform/spark-client"] } },
    muted: [{ check: "*", object: "* *spark-client*", reason: "OPS-1", until }],
  });
  const report = judged(withFile(broken, mutes("2027-01-01")));
  assert.deepEqual([report.status, report.roots.length], ["healthy", 0], bad(report).join("\n"));
  reportSchema.parse(JSON.parse(JSON.stringify(report)));
  assert.ok(bad(report).length > 0);
  const late = judged(withFile(broken, mutes("2026-01-01")));
  assert.equal(late.status, "critical");
  assert.ok(bad(late).some((line) => line.includes("MuteExpired")));
});

Deno.test("a muted check that does not exist is a warning with the nearest one", () => {
  const muted = [{ check: "pod.ready", reason: "x", until: "2027-01-01" }];
  assert.match(
    bad(judged(withFile(healthy(), { muted })))[0] ?? "",
    /mutes pod\.ready, which is no check; did you mean pods\.ready\?/,
  );
});

Deno.test("what is muted holds in the reports of the other commands, too", () => {
  const muted = [{ check: "*", object: "* *kube-dns*", reason: "OPS-2", until: "2027-01-01" }];
  const broken = healthy();
  const slices = itemsOf(broken, endpointSlices).filter(({ metadata }) =>
    metadata.name.startsWith("kube-dns")
  );
  assert.ok(slices.length > 0);
  for (const slice of slices) Object.assign(slice, { endpoints: [] });
  const commands: [string, readonly Component[]][] = [
    ["1p:status", doctor],
    ...checkpoints.map((
      { task, reported },
    ): [string, readonly Component[]] => [task, reported()]),
  ];
  for (const [command, judges] of commands) {
    const said = (facts: Facts) =>
      evaluate(command, judges, facts).details.components.flatMap(({ checks }) => checks)
        .filter(({ object, status }) => object.name.includes("kube-dns") && status === "critical");
    const loud = said(broken);
    assert.ok(loud.length > 0, command);
    assert.ok(loud.every((one) => one.muted === undefined), command);
    const inFile = said(withFile(broken, { muted }));
    const inCluster = said(withConfigMap(structuredClone(broken), "data-platform", { document: { muted } }));
    for (const quiet of [inFile, inCluster]) {
      assert.deepEqual(quiet.map(({ muted }) => muted?.reason), loud.map(() => "OPS-2"), command);
    }
    const status = (facts: Facts) => evaluate(command, judges, facts).roots.map(({ object }) => object.name);
    assert.ok(status(broken).includes("kube-dns"), command);
    assert.ok(!status(withFile(broken, { muted })).includes("kube-dns"), command);
  }
});

Deno.test("what every command judges reads the declaration of the platform", () => {
  for (const judges of [doctor, ...checkpoints.map(({ reported }) => reported())]) {
    assert.ok(sourcesOf(judges).some(({ id }) => id === configMaps.id));
  }
});

Deno.test("a check of another command can be muted, and is known by its name", () => {
  const judges = [doctor, ...checkpoints.map(({ reported }) => reported())].flat();
  const ids = judges.flatMap(({ kinds, checks }) => [...kinds, ...checks].map(({ id }) => id));
  assert.ok(ids.length > 100);
  const muted = [...new Set(ids)].map((check) => ({ check, reason: "x", until: "2027-01-01" }));
  assert.deepEqual(bad(judged(withFile(healthy(), { muted }))), []);
});

Deno.test("a ConfigMap declares as a file does; the file goes before it", () => {
  const inCluster = withConfigMap(healthy(), "data-platform", {
    document: { roles: { lakekeeper: "required" } },
  });
  const report = judged(inCluster);
  assert.equal(report.platform?.declaration, "ConfigMap data-platform/platform");
  assert.equal(report.status, "critical");
  const both = judged(withFile(inCluster, {}));
  assert.deepEqual([both.status, both.platform?.declaration], ["healthy", "File platform.yaml"]);
  assert.match(
    found(both, "platform.declaration")[0]?.message ?? "",
    /in place of ConfigMap data-platform\/platform/,
  );
});

Deno.test("a ConfigMap that cannot be used is unknown, and says why; nothing of it holds", () => {
  const cases = [
    {
      held: { why: "in its key platform.yaml, line 3 is not valid YAML" },
      said: /cannot be used: in its key platform\.yaml, line 3/,
    },
    {
      held: { document: { roles: { nesie: "required" } } },
      said: /\.roles\.nesie is not known here; did you mean nessie\?/,
    },
    { held: { document: { apiVersion: "lakecheck.dev/v2" } }, said: /of a newer lakecheck/ },
  ];
  for (const { held, said } of cases) {
    const report = judged(withConfigMap(healthy(), "data-platform", held));
    const [finding] = found(report, "platform.declaration");
    assert.equal(report.status, "error");
    assert.deepEqual([finding?.status, finding?.reason], ["unknown", "DeclarationUnusable"]);
    assert.match(finding?.message ?? "", said);
  }
});

Deno.test("of several ConfigMaps the one of the platform's namespace holds; of several there, none", () => {
  const elsewhere = withConfigMap(healthy(), "other", { document: { roles: { lakekeeper: "required" } } });
  const two = withConfigMap(elsewhere, "data-platform", { document: {} });
  assert.equal(judged(two).platform?.declaration, "ConfigMap data-platform/platform");
  const named = withConfigMap(healthy(), "flux-system", { document: { namespace: "data-platform" } });
  assert.equal(judged(named).platform?.declaration, "ConfigMap flux-system/platform");
  const three = judged(withConfigMap(two, "other", { document: { namespace: "data-platform" } }));
  assert.match(found(three, "platform.declaration")[0]?.message ?? "", /is one of several: .* Choose with/);
});

Deno.test("without the right to list ConfigMaps a declaration is not known, and that is told as such", () => {
  const facts = healthy();
  facts.sources[configMaps.id] = { ok: false, failure: { kind: "forbidden", message: "may not list" } };
  const [finding] = found(judged(facts), "platform.declaration");
  assert.equal(finding?.status, "unknown");
  const declared = found(judged(withFile(facts, {})), "platform.declaration");
  assert.equal(declared[0]?.status, "ok");
});

async function listed(data: unknown, labels: Record<string, string>) {
  const body = { items: [{ metadata: { name: "p", namespace: "lake", labels }, data }] };
  const facts = await collect({ context: "test", get: () => Promise.resolve({ status: 200, body }) }, [
    configMaps,
  ], {
    namespace: "lake",
  });
  return itemsOf(facts, configMaps)[0] as unknown as { declaration?: { document?: unknown; why?: string } };
}

Deno.test("of a ConfigMap its declaration is kept only where the label says that it is one", async () => {
  const label = { "lakecheck.dev/platform": "" };
  const text = "apiVersion: lakecheck.dev/v1\nkind: Platform\nroles: {nessie: required}\n";
  assert.deepEqual((await listed({ "platform.yaml": text }, label)).declaration, {
    document: { apiVersion: "lakecheck.dev/v1", kind: "Platform", roles: { nessie: "required" } },
  });
  assert.equal((await listed({ "platform.yaml": text }, { app: "x" })).declaration, undefined);
  const why = async (data: unknown) => (await listed(data, label)).declaration?.why;
  assert.equal(await why({}), "it has no key platform.yaml");
  assert.equal(await why({ "platform.yaml": "a: [" }), "in its key platform.yaml, line 1 is not valid YAML");
  const unusable = await listed({ "platform.yaml": `${text}password: hunter2-hunter2\n` }, label);
  assert.match(unusable.declaration?.why ?? "", /^in its key platform\.yaml, \.password is not known here/);
  assert.doesNotMatch(JSON.stringify(unusable), /hunter2/);
  assert.equal(
    await why({ "platform.yaml": "a".repeat(70_000) }),
    "its key platform.yaml is longer than 64 KiB",
  );
});
