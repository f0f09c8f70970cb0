import assert from "node:assert/strict";
import {
  fail,
  healthy,
  look,
  NESSIE_CONFIG,
  NESSIE_HEALTH,
  NESSIE_ICEBERG,
  noPods,
  type Small,
  the,
  without,
} from "../healthy.ts";
import { CONFIG_MAPS } from "../healthy.ts";
import { DEPLOYMENTS, on, rootsOf, SERVICES, SLICES, waiting } from "../platform.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};
const found = (d: Awaited<ReturnType<typeof look>>, check: string) => {
  const [first] = d.findings.filter((finding) => finding.check === check);
  return first ? [first.status, first.reason] : [];
};
const WAREHOUSE = "default warehouse of nessie";

Deno.test("nessie: a catalog that answers with its default branch is ok, also when that is empty", async () => {
  const diagnosis = await look(healthy());
  assert.deepEqual(found(diagnosis, "nessie.api-answers"), ["ok", "Answers"]);
  assert.deepEqual(found(diagnosis, "nessie.warehouse-up"), ["ok", "Up"]);
  assert.deepEqual(found(diagnosis, "nessie.pods-ready"), ["ok", "Ready"]);
});

Deno.test("nessie: an answer of 500 is critical, and its own root", async () => {
  const diagnosis = await broken((small) => small.answers[NESSIE_CONFIG] = { status: 500 });
  assert.deepEqual(found(diagnosis, "nessie.api-answers"), ["critical", "ErrorAnswer"]);
  assert.deepEqual(rootsOf(diagnosis), ["Service nessie ErrorAnswer"]);
});

Deno.test("nessie: somebody else who answers 200 is no catalog", async () => {
  const diagnosis = await broken((small) =>
    small.answers[NESSIE_CONFIG] = { status: 200, body: { hello: "world" } }
  );
  assert.deepEqual(found(diagnosis, "nessie.api-answers"), ["critical", "ErrorAnswer"]);
});

Deno.test("nessie: a Service that does not exist is Missing", async () => {
  const diagnosis = await broken((small) => without(small, SERVICES, "nessie"));
  assert.deepEqual(found(diagnosis, "nessie.api-answers"), ["critical", "Missing"]);
  assert.deepEqual(rootsOf(diagnosis), ["Service nessie Missing"]);
});

Deno.test("nessie: with nobody ready behind the Service, warehouse and API are symptoms of the Deployment", async () => {
  const diagnosis = await broken((small) => fail(small, "nessie", waiting("CrashLoopBackOff")));
  assert.deepEqual(rootsOf(diagnosis), ["Deployment nessie NoneReady"]);
  const [warehouse] = on(diagnosis, "Warehouse", WAREHOUSE);
  assert.equal(warehouse?.reason, "NoAnswer");
  assert.deepEqual(warehouse?.chain?.map((step) => step.object.kind), ["Service", "Deployment"]);
});

Deno.test("nessie: no Deployment is critical and the root of all that asks it", async () => {
  const diagnosis = await broken((small) => {
    noPods(small, "nessie");
    without(small, DEPLOYMENTS, "nessie");
    for (const path of [NESSIE_CONFIG, NESSIE_HEALTH, NESSIE_ICEBERG]) delete small.answers[path];
  });
  assert.deepEqual(rootsOf(diagnosis), ["Deployment nessie Missing"]);
});

Deno.test("nessie: Services that cannot be read leave the API unknown, never ok", async () => {
  const diagnosis = await broken((small) => small.failures[SERVICES] = { kind: "forbidden", message: "no" });
  assert.deepEqual(found(diagnosis, "nessie.api-answers"), ["unknown", "Forbidden"]);
  assert.deepEqual(found(diagnosis, "nessie.warehouse-up"), ["unknown", "Forbidden"]);
});

Deno.test("nessie: a warehouse that is down names its parts, though the pods run", async () => {
  const diagnosis = await broken((small) => {
    const checks = [{ name: "Warehouses", status: "DOWN" }, { name: "Database", status: "UP" }];
    small.answers[NESSIE_HEALTH] = { status: 503, body: { status: "DOWN", checks } };
  });
  const [warehouse] = on(diagnosis, "Warehouse", WAREHOUSE);
  assert.equal(warehouse?.reason, "WarehouseDown");
  assert.match(warehouse?.message ?? "", /reports that Warehouses is down/);
});

Deno.test("nessie: a warehouse whose object store has no endpoints is that Service's symptom", async () => {
  const diagnosis = await broken((small) => {
    const object = the(small, CONFIG_MAPS, "nessie") as unknown as { data: Record<string, string> };
    object.data.s3 = "endpoint=http://database.data-platform.svc:5432";
    small.answers[NESSIE_ICEBERG] = { status: 500 };
    (the(small, SLICES, "database-1")).endpoints = [];
    the(small, SERVICES, "database").spec.selector = { app: "databse" };
  });
  assert.deepEqual(rootsOf(diagnosis), ["Service database NoEndpoints"]);
  assert.match(on(diagnosis, "Warehouse", WAREHOUSE)[0]?.chain?.[0]?.via ?? "", /ConfigMap nessie/);
});

Deno.test("nessie: a warehouse whose object store has a wrong name is the missing Service's symptom", async () => {
  const diagnosis = await broken((small) => {
    const object = the(small, CONFIG_MAPS, "nessie") as unknown as { data: Record<string, string> };
    object.data.s3 = "endpoint=http://ceph-objectstore.data-platform.svc:80";
    small.answers[NESSIE_ICEBERG] = { status: 500 };
  });
  assert.deepEqual(rootsOf(diagnosis), ["Service ceph-objectstore Missing"]);
});
