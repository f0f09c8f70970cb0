/** Platforms of published charts: what is well is healthy, the parts are told, and what broke is the root. */
import assert from "node:assert/strict";
import { replay } from "../../lab/faults/replay.ts";
import { recognise } from "../../lib/platform/mod.ts";
import { refText } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";
import { FAULTS, PLATFORMS } from "./installations.ts";
import { factsOf, release } from "./installed.ts";

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
    "argo-cd-argocd-application-controller": "argo-application-controller",
    "argo-cd-argocd-repo-server": "argo-repo-server",
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
