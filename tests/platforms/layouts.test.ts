/** The same faults on other people's platforms: whatever the parts are called, what is well is healthy, and what broke is the root. */
import assert from "node:assert/strict";
import { plainText, replay } from "../../lab/faults/replay.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import { components } from "../../lib/components/mod.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { type Facts, isProbe, refText } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import type { Report } from "../../lib/engine/report.ts";
import { ARGO_CD } from "./argo_cd.ts";
import { laidOut, LAYOUTS, MOVED, renamed } from "./layouts.ts";

const FAULTS = {
  "a Secret is missing": "nessie-secret-name-wrong",
  "the gateway is down": "rgw-stopped",
  "the database is down": "postgres-hibernated",
  "an image is wrong": "nessie-image-tag-wrong",
  "a policy cuts the catalog off": "network-policy-cut",
};

const recorded = (name: string) =>
  loadFacts(new URL(`../scenarios/${name}/facts.json.gz`, import.meta.url).pathname);
const rootsOf = ({ roots }: Report) => roots.map(({ object, reason }) => `${refText(object)} ${reason}`);

/** What would be asked of services there, by the source and the name of the answer. */
function asked(facts: Facts): string[] {
  const world = openWorld(facts, components);
  return sourcesOf(components).filter(isProbe).flatMap((source) =>
    Object.keys(source.targets(world)).map((name) => `${source.id} ${name}`)
  );
}

function answered(facts: Facts): string[] {
  return sourcesOf(components).filter(isProbe).flatMap(({ id }) => {
    const found = facts.sources[id];
    return found?.ok && "answers" in found ? Object.keys(found.answers).map((name) => `${id} ${name}`) : [];
  });
}

for (const [name, layout] of Object.entries({ ...LAYOUTS, ...ARGO_CD, ...MOVED })) {
  Deno.test(`${name}: what is well is healthy, and everything is asked that was asked there`, async () => {
    const facts = laidOut(await recorded("healthy"), layout);
    const report = replay(facts);
    assert.deepEqual(report.issues, []);
    assert.equal(report.status, "healthy");
    assert.deepEqual(asked(facts), answered(facts));
  });
}

for (const [name, layout] of Object.entries({ ...LAYOUTS, ...ARGO_CD })) {
  for (const [fault, scenario] of Object.entries(FAULTS)) {
    Deno.test(`${name}: ${fault}, and that is the root`, async () => {
      const facts = await recorded(scenario);
      const expected = renamed(rootsOf(replay(facts)), layout.names ?? {});
      assert.deepEqual(rootsOf(replay(laidOut(facts, layout))), expected);
    });
  }
}

Deno.test("a namespace that does not exist is one fault, and says where the parts are", async () => {
  const facts = { ...await recorded("healthy"), namespace: "lake" };
  const report = replay(facts);
  assert.deepEqual(rootsOf(report), ["Namespace lake Missing"]);
  assert.deepEqual(report.issues, [
    "Namespace lake does not exist here; parts of a lakehouse are in data-platform",
  ]);
});

Deno.test("a catalog whose API has no Service any more is told apart from one whose Service leads elsewhere", async () => {
  const facts = laidOut(await recorded("healthy"), LAYOUTS["the published chart of Nessie"] ?? {});
  const { services } = facts.sources;
  assert.ok(services?.ok && "items" in services);
  const items = services.items as { metadata: { name: string }; spec: { ports: object[] } }[];
  const nessie = items.find(({ metadata }) => metadata.name === "nessie");
  assert.ok(nessie);
  for (const source of ["nessie.api", "nessie.health"]) facts.sources[source] = { ok: true, answers: {} };
  nessie.spec.ports = [{ name: "web", port: 80, targetPort: 8080 }];
  assert.deepEqual(rootsOf(replay(facts)), ["Service data-platform/nessie NoPort"]);
  services.items = items.filter((one) => one !== nessie);
  assert.deepEqual(rootsOf(replay(facts)), ["Service data-platform/nessie Missing"]);
});

Deno.test("of two catalogs in one namespace each is asked, and the one that does not answer is the fault", async () => {
  const facts = structuredClone(await recorded("healthy"));
  const one = JSON.stringify(
    ["deployments", "services", "endpointslices", "pods", "replicasets"].map((source) => {
      const found = facts.sources[source];
      assert.ok(found?.ok && "items" in found);
      const own = found.items.filter((item) =>
        /"name":"nessie(-7c649d49cb[^"]*|-7v9tq)?"/.test(JSON.stringify(item))
      );
      return [source, own.filter((item) => !JSON.stringify(item).includes("nessie-postgres-rw-"))];
    }),
  );
  const other = one.replaceAll(
    /"(app.kubernetes.io\/instance|name|kubernetes.io\/service-name)":"nessie/g,
    '"$1":"archive',
  );
  for (const [source, items] of JSON.parse(other) as [string, { metadata: { name: string } }[]][]) {
    const found = facts.sources[source];
    assert.ok(found?.ok && "items" in found);
    found.items.push(...items.filter(({ metadata }) => metadata.name.startsWith("archive")));
  }
  const names = asked(facts).filter((name) => name.startsWith("nessie"));
  assert.deepEqual(names.toSorted(), [
    "nessie.api config",
    "nessie.api config of data-platform/archive",
    "nessie.health health",
    "nessie.health health of data-platform/archive",
    "nessie.health iceberg",
    "nessie.health iceberg of data-platform/archive",
  ]);
  const found = facts.sources["nessie.api"];
  assert.ok(found?.ok && "answers" in found);
  found.answers["config of data-platform/archive"] = { status: 500 };
  const [api] = replay(facts).details.components.flatMap(({ checks }) => checks)
    .filter(({ check, status }) => check === "nessie.api-answers" && status !== "ok");
  assert.deepEqual([api?.object.name, api?.reason], ["archive", "ErrorAnswer"]);
});

Deno.test("where another catalog was not asked, as older releases did not, it is not called ok for its answer", async () => {
  const facts = laidOut(await recorded("healthy"), MOVED["another catalog"] ?? {});
  delete facts.sources["catalog.iceberg-config"];
  const report = replay(facts);
  const [api] = report.details.components.flatMap(({ checks }) => checks)
    .filter(({ check }) => check === "nessie.api-answers");
  assert.deepEqual([report.status, api?.status, api?.reason], ["healthy", "skipped", "NotAsked"]);
});

Deno.test("the report tells which objects the parts are, and what told it", async () => {
  const layout = LAYOUTS["labels of nobody"] ?? {};
  const facts = laidOut(await recorded("healthy"), layout);
  const { deployments } = facts.sources;
  assert.ok(deployments?.ok && "items" in deployments);
  deployments.items = deployments.items.filter((one) =>
    (one as { metadata: { name: string } }).metadata.name !== "nessie"
  );
  const { endpointslices } = facts.sources;
  assert.ok(endpointslices?.ok && "items" in endpointslices);
  endpointslices.items = [];
  const [table] = (replay(facts).details.tables ?? []).filter(({ name }) => name === "platform.parts");
  const told = new Map(table?.rows.map(([part, ...rest]) => [part, rest]));
  assert.deepEqual(told.get("nessie"), [
    "Deployment data-platform/nessie (missing)",
    "wanted by HelmRelease data-platform/nessie",
  ]);
  assert.deepEqual(told.get("spark-client"), [
    "Deployment data-platform/spark-client",
    "name spark-client",
  ]);
  assert.equal(told.get("cnpg-operator")?.[1], "image ghcr.io/cloudnative-pg/cloudnative-pg:1.26.0");
});

Deno.test("a component of which nothing is there says so on the screen", async () => {
  const facts = laidOut(await recorded("healthy"), MOVED["the database in a namespace of its own"] ?? {});
  assert.match(await plainText(replay(facts)), /^ +skipped +network +This cluster has nothing of it\.$/m);
});

/** With a catalog of another tenant, of which nothing runs. */
function withAnotherCatalog(facts: Facts): Facts {
  const copy = structuredClone(facts);
  const found = copy.sources.deployments;
  assert.ok(found?.ok && "items" in found);
  const containers = [{ name: "nessie", image: "ghcr.io/projectnessie/nessie:0.104.1" }];
  found.items.push({
    metadata: { name: "nessie", namespace: "dev", labels: { "app.kubernetes.io/name": "nessie" } },
    spec: { replicas: 0, template: { metadata: { labels: { app: "nessie" } }, spec: { containers } } },
  });
  return copy;
}

Deno.test("a catalog of another tenant is nobody's fault, and one in the platform's namespace is", async () => {
  const facts = withAnotherCatalog(await recorded("healthy"));
  assert.equal(replay(facts).status, "healthy");
  assert.deepEqual(rootsOf(replay({ ...facts, namespace: "dev" })).slice(0, 1), [
    "Deployment dev/nessie ScaledToZero",
  ]);
});

Deno.test("where there is no part of a lakehouse at all, nothing is ok and nothing is broken", async () => {
  const facts = await recorded("healthy");
  for (const source of ["deployments", "statefulsets", "services", "pods", "helmreleases", "configmaps"]) {
    facts.sources[source] = { ok: true, items: [] };
  }
  for (const source of ["kustomizations", "externalsecrets", "cnpg.clusters", "objectbucketclaims"]) {
    facts.sources[source] = { ok: true, items: [] };
  }
  const { details } = replay({ ...facts, namespace: "lake" });
  const [nessie] = details.components.filter(({ name }) => name === "nessie");
  assert.equal(nessie?.status, "unknown");
  const namespace = details.components.flatMap(({ checks }) => checks).find(({ check }) =>
    check === "kubernetes.platform-namespace"
  );
  assert.deepEqual([namespace?.status, namespace?.reason], ["unknown", "NotFound"]);
});
