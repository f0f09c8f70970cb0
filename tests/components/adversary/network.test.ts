/** Faults between workloads that stand in no list: policies, logs that acquit, and what was scaled away. */
import assert from "node:assert/strict";
import { adversary } from "./case.ts";
import {
  crash,
  fail,
  NESSIE_HEALTH,
  NESSIE_ICEBERG,
  noPods,
  podsOf,
  POLICIES,
  put,
  the,
  without,
} from "../healthy.ts";
import { DEPLOYMENTS, on, SECRETS, waiting } from "../platform.ts";

adversary(
  "a policy cuts the catalog from its database",
  ["NetworkPolicy closed NetworkPolicyDenies"],
  (small) => {
    put(small, POLICIES, {
      metadata: { name: "closed", namespace: "data-platform" },
      spec: {
        podSelector: { matchLabels: { app: "database" } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "nesie" } } }] }],
      },
    });
    fail(small, "nessie", crash());
  },
);

adversary(
  "a policy cuts something, but the pods fail for want of a Secret",
  ["Secret s3 Missing"],
  (small) => {
    put(small, POLICIES, {
      metadata: { name: "closed", namespace: "data-platform" },
      spec: { podSelector: { matchLabels: { app: "database" } }, policyTypes: ["Ingress"], ingress: [] },
    });
    without(small, SECRETS, "s3");
    fail(small, "nessie", waiting("CreateContainerConfigError", 'secret "s3" not found'));
  },
  (d) => assert.equal(on(d, "NetworkPolicy", "closed")[0]?.status, "warning"),
);

adversary(
  "two workloads crash, but the log of one tells of its own fault",
  ["Deployment database NoneReady"],
  (small) => {
    const log = "/api/v1/namespaces/data-platform/pods/database-abc-1/log";
    small.answers[log] = { status: 200, body: "FATAL: could not write: No space left on device" };
    for (const object of podsOf(small, "database")) {
      object.spec.containers[0].env = [{
        name: "PEER",
        value: "http://nessie.data-platform.svc:19120",
      }];
    }
    fail(small, "database", crash());
    fail(small, "nessie", crash());
  },
  (d) => assert.match(d.roots[0]?.message ?? "", /the disk is full/),
);

adversary("the warehouse is down while the catalog runs", [
  "Warehouse default warehouse of nessie WarehouseDown",
], (small) => {
  small.answers[NESSIE_ICEBERG] = { status: 500 };
  small.answers[NESSIE_HEALTH] = {
    status: 503,
    body: { status: "DOWN", checks: [{ name: "Warehouses", status: "DOWN" }] },
  };
});

adversary("the catalog is scaled to zero", ["Deployment nessie ScaledToZero"], (small) => {
  noPods(small, "nessie");
  the(small, DEPLOYMENTS, "nessie").spec.replicas = 0;
  fail(small, "spark-client", crash());
});

adversary(
  "an app of the platform is scaled to zero: its Service says so",
  ["Service database NoEndpoints"],
  (small) => {
    noPods(small, "database");
    the(small, DEPLOYMENTS, "database").spec.replicas = 0;
    fail(small, "nessie", crash());
  },
  (d) => assert.match(d.roots[0]?.message ?? "", /scaled to zero/),
);
