/** Catalogs other than Nessie: what each answer of `/v1/config` means. */
import assert from "node:assert/strict";
import type { Answer } from "../../../lib/engine/model.ts";
import { icebergConfig } from "../../../lib/components/nessie/iceberg_rest.ts";
import { addApp, fail, healthy, look, noPods, podsOf, type Small, the, without } from "../healthy.ts";
import { DEPLOYMENTS, PODS, rootsOf, SERVICES, SLICES, waiting } from "../platform.ts";

const CONFIG = "/api/v1/namespaces/data-platform/services/polaris:8181/proxy/api/catalog/v1/config";

/** The small platform with Polaris in the place of Nessie; it answers this. */
function polaris(answer: Answer): Small {
  const small = healthy();
  for (const app of ["nessie", "spark-client"]) {
    noPods(small, app);
    without(small, DEPLOYMENTS, app);
  }
  without(small, SERVICES, "nessie");
  addApp(small, "polaris", { ports: [{ name: "polaris-http", port: 8181, targetPort: 8181 }] });
  small.answers[CONFIG] = answer;
  return small;
}

/** What is said of the API, with the roots. */
async function said(small: Small): Promise<{ api: string[]; message: string; roots: string[] }> {
  const diagnosis = await look(small);
  const found = diagnosis.findings.filter(({ check }) => check === "nessie.api-answers");
  return {
    api: found.map(({ object, status, reason }) => `${status} ${object.kind} ${object.name} ${reason}`),
    message: found[0]?.message ?? "",
    roots: rootsOf(diagnosis),
  };
}

const error = (message: string) => ({ error: { message, type: "BadRequestException", code: 400 } });

const WELL: Readonly<Record<string, [Answer, RegExp]>> = {
  "its configuration": [{ status: 200, body: { defaults: {}, overrides: {} } }, /its configuration$/],
  "only what it overrides": [{ status: 200, body: { overrides: { prefix: "p" } } }, /its configuration$/],
  "that a login is needed": [{ status: 401 }, /wants a login$/],
  "that nobody may ask": [{ status: 403, body: error("no") }, /wants a login$/],
  "that Polaris needs a warehouse": [
    { status: 400, body: error("Malformed request: Please specify a warehouse") },
    /wants a warehouse to be named$/,
  ],
  "that Unity Catalog needs a warehouse": [
    { status: 400, body: error("Must supply a proper catalog in warehouse property.") },
    /wants a warehouse to be named$/,
  ],
};

for (const [title, [answer, message]] of Object.entries(WELL)) {
  Deno.test(`a catalog that answers ${title} works`, async () => {
    const found = await said(polaris(answer));
    assert.deepEqual(found.api, ["ok Service polaris Answers"]);
    assert.match(found.message, message);
    assert.deepEqual(found.roots, []);
  });
}

const NOT_UNDERSTOOD: Readonly<Record<string, Answer>> = {
  "HTTP 404": { status: 404, body: error("no warehouse here") },
  "HTTP 200 with something else": { status: 200, body: { hello: "world" } },
  "HTTP 200 with a page": { status: 200, body: "<html>warehouse</html>" },
  "HTTP 200 with lists": { status: 200, body: { defaults: [], overrides: [] } },
  "HTTP 400 that speaks of no warehouse": { status: 400, body: error("plain HTTP to an HTTPS port") },
  "a redirect": { status: 302 },
};

for (const [title, answer] of Object.entries(NOT_UNDERSTOOD)) {
  Deno.test(`a catalog that answers ${title} is unknown, not ok and not broken`, async () => {
    const found = await said(polaris(answer));
    assert.deepEqual(found.api, ["unknown Service polaris NotUnderstood"]);
    assert.match(found.message, /^Apache Polaris answers HTTP \d+ .* \/api\/catalog\/v1\/config, /);
  });
}

Deno.test("an error of a catalog is critical, and its own root", async () => {
  const found = await said(polaris({ status: 500, body: error("boom") }));
  assert.deepEqual(found.api, ["critical Service polaris ErrorAnswer"]);
  assert.deepEqual(found.roots, ["Service polaris ErrorAnswer"]);
});

/** Polaris with the database in its configuration, which has no ready pod; it answers this. */
function withoutDatabase(status: number, name: string, value: string): Small {
  const small = polaris({ status, body: error("could not connect") });
  const [pod] = podsOf(small, "polaris");
  assert.ok(pod);
  const containers = [{ name: "app", image: "apache/polaris:1", env: [{ name, value }] }];
  Object.assign(pod.spec, { containers });
  Object.assign(the(small, DEPLOYMENTS, "polaris").spec.template.spec, { containers });
  fail(small, "database", waiting("CrashLoopBackOff"));
  return small;
}

Deno.test("a catalog that answers an error is led to the database that its configuration names", async () => {
  const url = "jdbc:postgresql://database.data-platform.svc:5432/polaris";
  for (const status of [500, 503]) {
    const found = await said(withoutDatabase(status, "QUARKUS_DATASOURCE_JDBC_URL", url));
    assert.match(found.api[0] ?? "", /^critical Service polaris (?:Error|No)Answer$/);
    assert.deepEqual(found.roots, ["Deployment database NoneReady"], String(status));
  }
  const other = await said(withoutDatabase(500, "OTHER", "http://somewhere.data-platform.svc:8080/"));
  assert.deepEqual(other.roots.toSorted(), ["Deployment database NoneReady", "Service polaris ErrorAnswer"]);
});

Deno.test("a catalog that answers an error while its database is up is its own root", async () => {
  const url = "jdbc:postgresql://database.data-platform.svc:5432/polaris";
  const small = withoutDatabase(500, "QUARKUS_DATASOURCE_JDBC_URL", url);
  const well = healthy();
  for (const path of [DEPLOYMENTS, PODS, SLICES]) {
    const others = (small.lists[path] ?? []).filter(({ metadata }) => !metadata.name.startsWith("database"));
    const mine = (well.lists[path] ?? []).filter(({ metadata }) => metadata.name.startsWith("database"));
    small.lists[path] = [...others, ...mine];
  }
  assert.deepEqual((await said(small)).roots, ["Service polaris ErrorAnswer"]);
});

Deno.test("a catalog that nobody reaches is a symptom of its pods", async () => {
  const small = polaris({ status: 503, body: { reason: "no endpoints available" } });
  fail(small, "polaris", waiting("CrashLoopBackOff"));
  const found = await said(small);
  assert.deepEqual(found.api.map((one) => one.split(" ")[0]), ["critical"]);
  assert.match(found.message, /so Apache Polaris cannot be reached$/);
  assert.deepEqual(found.roots, ["Deployment polaris NoneReady"]);
});

Deno.test("a 503 while the endpoints are ready is no answer", async () => {
  const found = await said(polaris({ status: 503 }));
  assert.deepEqual(found.api, ["critical Service polaris NoAnswer"]);
});

Deno.test("a catalog without its Service cannot be reached, and the Service is the root", async () => {
  const small = polaris({ status: 401 });
  without(small, SERVICES, "polaris");
  const found = await said(small);
  assert.deepEqual([found.api, found.roots], [
    ["critical Service polaris Missing"],
    ["Service polaris Missing"],
  ]);
});

Deno.test("a Service that leads elsewhere is not asked, and the catalog is a workload", async () => {
  const small = polaris({ status: 500 });
  Object.assign(the(small, SERVICES, "polaris").spec, {
    ports: [{ name: "http", port: 80, targetPort: 8090 }],
  });
  const found = await said(small);
  assert.deepEqual([found.api, found.roots], [["skipped Service polaris NotAsked"], []]);
  assert.match(found.message, /has no port that leads to 8181, where Apache Polaris speaks Iceberg REST/);
});

Deno.test("a catalog that could not be asked is unknown, also beside a Nessie that answers", async () => {
  const failed = (small: Small) => {
    small.failures[CONFIG] = { kind: "timeout", message: "no answer within 10 s" };
    return small;
  };
  const alone = await said(failed(polaris({ status: 200 })));
  assert.deepEqual(alone.api, ["unknown Service polaris NotReadable"]);
  assert.equal(alone.message, "Apache Polaris could not be asked: no answer within 10 s");
  const small = healthy();
  addApp(small, "polaris", { ports: [{ name: "polaris-http", port: 8181, targetPort: 8181 }] });
  const beside = await said(failed(small));
  assert.deepEqual(beside.api, ["ok Service nessie Answers", "unknown Service polaris NotReadable"]);
});

Deno.test("of the configuration of a catalog nothing is kept, for it may hold keys", () => {
  const body = { defaults: { "s3.secret-access-key": "hidden" }, overrides: {} };
  assert.equal(icebergConfig.read(body), "configuration");
});
