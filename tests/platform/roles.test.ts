import assert from "node:assert/strict";
import fc from "fast-check";
import { type Described, isChartOf, recognise } from "../../lib/platform/roles.ts";

function told(object: Partial<Described>): string {
  const found = recognise({ name: "thing", labels: {}, images: [], ...object });
  return found ? `${found.role} by ${found.by}` : "none";
}

Deno.test("a workload is recognised by its label before its chart, its image and its name", () => {
  const name = "spark-client";
  const images = ["ghcr.io/projectnessie/nessie:0.104.1"];
  const chart = { "helm.sh/chart": "spark-operator-2.1.0" };
  const label = { "app.kubernetes.io/name": "cloudnative-pg", ...chart };
  assert.equal(
    told({ name, images, labels: label }),
    "cnpg-operator by label app.kubernetes.io/name=cloudnative-pg",
  );
  assert.equal(told({ name, images, labels: chart }), "spark-operator by chart spark-operator-2.1.0");
  assert.equal(told({ name, images }), "nessie by image ghcr.io/projectnessie/nessie:0.104.1");
  assert.equal(told({ name }), "spark-client by name spark-client");
  assert.equal(told({}), "none");
});

Deno.test("the name of a release before the usual name does not hide it, one behind it does", () => {
  assert.equal(told({ name: "eso-external-secrets" }), "external-secrets by name eso-external-secrets");
  assert.equal(told({ name: "a-b-nessie" }), "nessie by name a-b-nessie");
  assert.equal(told({ name: "nessie-gc" }), "none");
  assert.equal(told({ name: "mynessie" }), "none");
});

Deno.test("Deployments that share chart and image are told apart by the ends of their names", () => {
  const labels = { "app.kubernetes.io/name": "eso", "helm.sh/chart": "external-secrets-0.17.0" };
  for (const [name, role] of [["eso", "external-secrets"], ["eso-webhook", "external-secrets-webhook"]]) {
    assert.match(told({ name, labels }), new RegExp(`^${role} by chart`));
    assert.match(
      told({ name, images: ["oci.external-secrets.io/external-secrets/external-secrets:v1"] }),
      new RegExp(`^${role} by image`),
    );
  }
});

Deno.test("an image is known by its repository, whatever registry, tag and digest it has", () => {
  for (
    const image of [
      "nessie",
      "nessie:1",
      "localhost:5000/a/nessie",
      "r.example/nessie:1@sha256:abc",
      "x/nessie@sha256:a",
    ]
  ) assert.equal(told({ images: [image] }), `nessie by image ${image}`, image);
  assert.equal(told({ images: ["projectnessie/nessie-gc:1", "nessie/other"] }), "none");
});

Deno.test("of workloads that share label, chart and image each is told by the label of its job, or by its name", () => {
  const trino = { "app.kubernetes.io/name": "trino", "helm.sh/chart": "trino-1.42.2" };
  const job = (value: string) => ({ ...trino, "app.kubernetes.io/component": value });
  assert.match(told({ labels: job("coordinator") }), /^trino-coordinator by label/);
  assert.match(told({ labels: job("worker") }), /^trino-worker by label/);
  assert.match(told({ name: "sql-worker", images: ["trinodb/trino:480"] }), /^trino-worker by image/);
  assert.match(told({ name: "trino", images: ["trinodb/trino:480"] }), /^trino-coordinator by name/);
  const apache = { tier: "airflow", component: "dag-processor", release: "prod", chart: "airflow-1.19.0" };
  assert.match(told({ labels: apache }), /^airflow-dag-processor by label tier=airflow/);
  for (const component of ["api-server", "webserver"]) {
    assert.match(told({ labels: { ...apache, component } }), /^airflow-api-server by/);
  }
});

Deno.test("what an operator makes is told by its image or by the label that the operator gives it", () => {
  const image = "quay.io/prometheus/prometheus:v3.5.0";
  const made: [Partial<Described>, RegExp][] = [
    [{ name: "prometheus-kps-kube-prometheus-stack-prometheus", images: [image] }, /^prometheus by image/],
    [{ name: "kps-kube-prometheus-stack-operator" }, /^prometheus-operator by name/],
    [{ name: "lake-pool-0", images: ["quay.io/minio/minio:RELEASE.2024"] }, /^minio by image/],
    [{ labels: { "app.kubernetes.io/name": "vmsingle" } }, /^victoria-metrics by label/],
    [{ images: ["victoriametrics/vmagent:v1.150.0"] }, /^victoria-metrics-agent by image/],
    [{ images: ["grafana/grafana-oss:12.0.0"] }, /^grafana by image/],
    [{ images: ["dxflrs/amd64_garage:v1.0.1"] }, /^garage by image/],
  ];
  for (const [object, expected] of made) assert.match(told(object), expected);
});

Deno.test("what bears a label or an image of a part and has another job is not taken for it", () => {
  const of = (name: string, component: string) => ({
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/component": component,
  });
  const others: Partial<Described>[] = [
    { name: "trino-exporter", labels: of("trino", "exporter"), images: ["quay.io/x/trino-exporter:1"] },
    { name: "prometheus", labels: of("prometheus", "exporter") },
    { name: "minio-console", labels: of("minio", "console") },
    { name: "sql", images: ["trinodb/trino:480"] },
    { name: "minio-setup", images: ["quay.io/minio/mc:latest"] },
    { name: "airflow-statsd", labels: { tier: "airflow", component: "statsd" } },
    {
      name: "airflow-sync-users",
      labels: { app: "airflow", component: "sync-users" },
      images: ["apache/airflow:2"],
    },
    { name: "argocd-server", labels: of("argocd-server", "server"), images: ["quay.io/argoproj/argocd:v3"] },
    { name: "node-exporter", labels: of("prometheus-node-exporter", "metrics") },
    { name: "csi", images: ["chrislusf/seaweedfs-csi-driver:v1"] },
  ];
  for (const other of others) assert.equal(told(other), "none", JSON.stringify(other));
});

Deno.test("a release of a chart that makes several workloads does not say which of them there must be", () => {
  assert.ok(isChartOf("minio", "minio"));
  assert.ok(isChartOf("external-secrets", "external-secrets"));
  for (const role of ["trino-coordinator", "trino-worker"] as const) assert.ok(!isChartOf("trino", role));
  assert.ok(!isChartOf("argo-cd", "argocd-repo-server"));
  assert.ok(!isChartOf("external-secrets", "external-secrets-webhook"));
});

Deno.test("whatever a workload is called and bears, recognising it ends, also where names are those of every object", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("constructor", "__proto__", "-", "--", "nessie-", "a-nessie"),
  );
  fc.assert(fc.property(word, fc.dictionary(word, word), fc.array(word), (name, labels, images) => {
    const found = recognise({ name, labels, images });
    assert.ok(found === undefined || found.by.length > 0);
  }));
});
