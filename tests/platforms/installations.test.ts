/** Platforms of published charts: what is well is healthy, the parts are told, and what broke is the root. */
import assert from "node:assert/strict";
import { replay } from "../../lab/faults/replay.ts";
import { recognise } from "../../lib/platform/mod.ts";
import { refText } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";
import { FAULTS, PLATFORMS } from "./installations.ts";
import { factsOf, podOf, release, service, the } from "./installed.ts";

const rootsOf = ({ roots }: Report) => roots.map(({ object, reason }) => `${refText(object)} ${reason}`);

/** The objects that fill each role, of the table. */
function parts({ details }: Report): Map<string, string[]> {
  const rows = details.tables?.find(({ name }) => name === "platform.parts")?.rows ?? [];
  const groups = Map.groupBy(rows, ([role]) => String(role));
  return new Map([...groups].map(([role, all]) => [role, all.map(([, object]) => String(object))]));
}

for (const [name, made] of Object.entries(PLATFORMS)) {
  const platform = await made();

  Deno.test(`${name}: what is well is healthy, and its parts are told`, async () => {
    const report = replay(await factsOf({ objects: platform.objects, ill: new Map() }));
    assert.deepEqual([report.issues, rootsOf(report)], [[], []]);
    assert.equal(report.status, "healthy");
    const told = parts(report);
    for (const [role, object] of Object.entries(platform.roles)) {
      assert.ok(told.get(role)?.includes(object), role);
    }
    assert.doesNotMatch([...told.values()].flat().join("\n"), /missing|mirror|exporter/);
  });

  for (const [title, fault] of Object.entries(FAULTS)) {
    if (!fault.applies(platform)) continue;
    Deno.test(`${name}: ${title}, and that is the root`, async () => {
      const installation = { objects: structuredClone(platform.objects), ill: new Map() };
      const root = fault.break(platform, installation);
      const report = replay(await factsOf(installation));
      assert.deepEqual(rootsOf(report), [root]);
      assert.equal(report.status, "critical");
    });
  }
}

/** Where catalogs other than Nessie speak Iceberg REST, by a platform that has one. */
const ICEBERG_REST: Readonly<Record<string, [path: string, service: string]>> = {
  "Polaris and MinIO, a namespace for each": ["/api/catalog/v1/config", "polaris/polaris"],
  "Lakekeeper and Trino, kept by Argo CD": ["/catalog/v1/config", "lake/lakekeeper"],
  "Gravitino of default values, and SeaweedFS": ["/iceberg/v1/config", "lake/gravitino-iceberg-rest-server"],
};

for (const [name, [path, service]] of Object.entries(ICEBERG_REST)) {
  Deno.test(`${name}: the catalog is asked at ${path}, and an error there is the root`, async () => {
    const made = await PLATFORMS[name]?.();
    assert.ok(made);
    const { objects } = made;
    const asked = (report: Report) =>
      report.details.components.flatMap(({ checks }) => checks)
        .filter(({ check }) => check === "nessie.api-answers")
        .map(({ object, status, reason }) => `${status} ${refText(object)} ${reason}`);
    const well = replay(await factsOf({ objects, ill: new Map() }));
    assert.deepEqual(asked(well), [`ok Service ${service} Answers`]);
    const answers = { [path]: { status: 500 } };
    const report = replay(await factsOf({ objects, ill: new Map(), answers }));
    assert.deepEqual(rootsOf(report), [`Service ${service} ErrorAnswer`]);
    assert.equal(report.status, "critical");
  });
}

Deno.test("an error of another catalog while its database changes the primary ends with the change", async () => {
  const made = await PLATFORMS["Polaris and MinIO, a namespace for each"]?.();
  assert.ok(made);
  const installation = {
    objects: made.objects,
    ill: new Map(),
    answers: { "/api/catalog/v1/config": { status: 500 } },
  };
  the(installation, made.database ?? "").status.targetPrimaryTimestamp = "2026-01-01T11:59:30Z";
  const report = replay(await factsOf(installation));
  assert.deepEqual([report.status, rootsOf(report)], ["healthy", []]);
});

const crashing = { log: "panic: runtime error" };

/** A part that fails alone, by the platform it is of. */
const FAILING: Readonly<Record<string, string>> = {
  "Deployment trino/trino-worker": "Polaris, Trino and the Spark operator on Ozone, a namespace for each",
  "Deployment airflow/airflow-scheduler": "Nessie and Airflow",
  "Deployment seaweedfs/seaweedfs-s3": "Nessie and Trino on SeaweedFS",
  "Deployment monitoring/prometheus-server": "Nessie with External Secrets and Prometheus",
};

for (const [part, name] of Object.entries(FAILING)) {
  Deno.test(`${part} is judged in whatever namespace it runs`, async () => {
    const made = await PLATFORMS[name]?.();
    assert.ok(made);
    const report = replay(await factsOf({ objects: made.objects, ill: new Map([[part, crashing]]) }));
    assert.deepEqual(rootsOf(report), [`${part} NoneReady`]);
  });
}

Deno.test("what fails in a namespace without a part is another tenant's, also beside a sidecar of monitoring", async () => {
  const made = await PLATFORMS["Nessie and Airflow"]?.();
  assert.ok(made);
  const [shop] = service("Deployment", "shop", "shop", { image: "shop:1", ports: { http: 8080 } });
  assert.ok(shop);
  shop.spec.template.spec.containers.push({ name: "agent", image: "quay.io/prometheus/prometheus:v3.5.0" });
  const ill = new Map([["Deployment shop/shop", crashing]]);
  const report = replay(await factsOf({ objects: [...made.objects, shop], ill }));
  assert.deepEqual([report.status, parts(report).get("prometheus")], ["healthy", undefined]);
});

Deno.test("an object store that is a DaemonSet is told by its Service, and not missing", async () => {
  const made = await PLATFORMS["Nessie with External Secrets and Prometheus"]?.();
  assert.ok(made);
  const labels = { "app.kubernetes.io/name": "garage" };
  const [workload, front] = service("Deployment", "garage", "garage", {
    image: "dxflrs/garage:v2.0.0",
    labels,
    ports: { "s3-api": 3900 },
  });
  assert.ok(workload && front);
  const pod = podOf({ ...workload, kind: "DaemonSet" }, "garage-x7k2p", workload.spec.template);
  const report = replay(await factsOf({ objects: [...made.objects, front, pod], ill: new Map() }));
  assert.deepEqual(parts(report).get("garage"), ["Service garage/garage"]);
  const nobody = replay(await factsOf({ objects: [...made.objects, front], ill: new Map() }));
  assert.deepEqual(parts(nobody).get("garage"), ["Deployment garage/garage (missing)"]);
});

/** The roles of the workloads of each chart, by their names; those that are not here have none. */
const CHARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nessie: { nessie: "nessie" },
  polaris: { polaris: "polaris" },
  lakekeeper: { lakekeeper: "lakekeeper" },
  "gravitino-iceberg-rest-server": {
    "gravitino-iceberg-rest-server-gravitino-iceberg-rest-server-hel": "gravitino",
  },
  trino: { "trino-coordinator": "trino-coordinator", "trino-worker": "trino-worker" },
  "spark-operator": {
    "spark-operator-controller": "spark-operator",
    "spark-operator-webhook": "spark-operator",
  },
  airflow: {
    "airflow-scheduler": "airflow-scheduler",
    "airflow-triggerer": "airflow-triggerer",
    "airflow-web": "airflow-api-server",
  },
  seaweedfs: {
    "seaweedfs-filer": "seaweedfs",
    "seaweedfs-master": "seaweedfs",
    "seaweedfs-s3": "seaweedfs",
    "seaweedfs-volume": "seaweedfs",
  },
  versitygw: { versitygw: "versitygw" },
  ozone: { "ozone-datanode": "ozone", "ozone-om": "ozone", "ozone-s3g": "ozone", "ozone-scm": "ozone" },
  "cloudnative-pg": { "cloudnative-pg": "cnpg-operator" },
  "external-secrets": {
    "external-secrets": "external-secrets",
    "external-secrets-cert-controller": "external-secrets-cert-controller",
    "external-secrets-webhook": "external-secrets-webhook",
  },
  "argo-cd": {
    "argo-cd-argocd-application-controller": "argocd-application-controller",
    "argo-cd-argocd-applicationset-controller": "argocd-applicationset-controller",
    "argo-cd-argocd-repo-server": "argocd-repo-server",
  },
  prometheus: { "prometheus-server": "prometheus" },
};

for (const [chart, expected] of Object.entries(CHARTS)) {
  Deno.test(`the workloads of the published chart ${chart} are taken for what they are, and no other for one`, async () => {
    const workloads = (await release(chart, "lake")).filter(({ kind }) =>
      /^(Deployment|StatefulSet)$/.test(kind)
    );
    const found = workloads.flatMap(({ metadata: { name, labels = {} }, spec }) => {
      const [{ image }] = spec.template.spec.containers;
      const told = recognise({ name, labels, images: [image] });
      return told ? [[name, told.role]] : [];
    });
    assert.deepEqual(Object.fromEntries(found), expected);
  });
}
