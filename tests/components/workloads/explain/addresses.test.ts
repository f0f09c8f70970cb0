import assert from "node:assert/strict";
import { routesIn } from "../../../../lib/components/common/mod.ts";
import { storage } from "../../../../lib/components/storage/mod.ts";
import { workloads } from "../../../../lib/components/workloads/mod.ts";
import {
  type Cluster,
  deployment,
  DEPLOYMENTS,
  examined,
  on,
  pod,
  PODS,
  rootsOf,
  SERVICES,
  SLICES,
} from "../../platform.ts";

const NS = "data-platform";
const MAPS = "/api/v1/configmaps";
const QUOTAS = "/api/v1/resourcequotas";
const CLAIMS = "/api/v1/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";

const look = (lists: Cluster["lists"] = {}) => examined([workloads, storage], { lists });

const service = (name: string, port: number, more: object = {}) => ({
  metadata: { name, namespace: NS },
  spec: { selector: { app: name }, ports: [{ port, targetPort: port, ...more }] },
});
const served = (name: string) => ({
  metadata: { name: `${name}-1`, namespace: NS, labels: { "kubernetes.io/service-name": name } },
  endpoints: [{ conditions: { ready: true }, targetRef: { kind: "Pod", name } }],
});
const runs = (name: string, containerPort: number) =>
  pod(name, {
    labels: { app: name },
    spec: { containers: [{ name: "app", image: "a:1", ports: [{ containerPort }] }] },
  });

/** A cache with its Service, and a shop that is given an address. */
const asking = (value: string, name = "CACHE_ADDR") => ({
  [DEPLOYMENTS]: [
    deployment("shop", 1, 1, { containers: [{ name: "app", image: "a:1", env: [{ name, value }] }] }),
    deployment("cache-store", 1, 1),
  ],
  [PODS]: [runs("cache-store", 6379)],
  [SERVICES]: [service("cache-store", 6379)],
  [SLICES]: [served("cache-store")],
});

Deno.test("addresses: a port that the named Service has not is told of the workload that names it", async () => {
  const diagnosis = await look(asking("cache-store:6380"));
  assert.deepEqual(rootsOf(diagnosis), ["Deployment shop WrongAddress"]);
  assert.match(
    diagnosis.roots[0]?.message ?? "",
    /names port 6380 of Service data-platform\/cache-store.*it has 6379/,
  );
});

Deno.test("addresses: a name a letter away from a Service with that port is told, one that is like nothing is not", async () => {
  const diagnosis = await look(asking("cache-stores:6379"));
  assert.deepEqual(rootsOf(diagnosis), ["Deployment shop WrongAddress"]);
  assert.match(
    diagnosis.roots[0]?.message ?? "",
    /Service cache-stores .*does not exist; Service data-platform\/cache-store does/,
  );
  for (const other of ["cache-store:6379", "assistant:80", "cache-stores:80", "localhost:6380"]) {
    assert.deepEqual(rootsOf(await look(asking(other))), [], other);
  }
});

Deno.test("addresses: what only looks like an address is not kept", async () => {
  assert.deepEqual(rootsOf(await look(asking("cache-store:6380", "DB_LOGIN"))), []);
});

Deno.test("addresses: a workload that is named and has no Service is the missing Service's fault", async () => {
  const { [SERVICES]: _, ...rest } = asking("cache-store:6379");
  const diagnosis = await look(rest);
  assert.deepEqual(rootsOf(diagnosis), ["Service cache-store Missing"]);
});

const quota = (hard: Record<string, string>, used: Record<string, string>) => ({
  metadata: { name: "limits", namespace: NS },
  status: { hard, used },
});

Deno.test("quotas: a full one explains the Service that is missing, one with room does not", async () => {
  const { [SERVICES]: _, ...rest } = asking("cache-store:6379");
  const full = await look({ ...rest, [QUOTAS]: [quota({ services: "3" }, { services: "3" })] });
  assert.deepEqual(rootsOf(full), ["ResourceQuota limits QuotaExceeded"]);
  assert.match(full.roots[0]?.message ?? "", /of services, 3 of 3 are used/);
  const room = await look({ ...rest, [QUOTAS]: [quota({ services: "3" }, { services: "2" })] });
  assert.deepEqual(rootsOf(room), ["Service cache-store Missing"]);
  assert.deepEqual(rootsOf(await look({ [QUOTAS]: [quota({ services: "3" }, { services: "3" })] })), []);
});

Deno.test("quotas: one for storage explains a claim that is missing when it is nearly full", async () => {
  const spec = { volumes: [{ persistentVolumeClaim: { claimName: "data" } }], nodeName: undefined };
  const message = 'persistentvolumeclaim "data" not found';
  const scheduled = { status: "False", reason: "Unschedulable", message };
  const lists = { [PODS]: [pod("a", { phase: "Pending", ready: false, spec, scheduled })] };
  const of = (used: string) =>
    look({ ...lists, [QUOTAS]: [quota({ "requests.storage": "10Gi" }, { "requests.storage": used })] });
  assert.deepEqual(rootsOf(await of("9Gi")), ["ResourceQuota limits QuotaExceeded"]);
  assert.deepEqual(rootsOf(await of("1Gi")), ["PersistentVolumeClaim data Missing"]);
});

Deno.test("ports: a target port that nobody declares, where the Service's own port is declared, is a fault", async () => {
  const lists = (targetPort: number, more: object = {}) => ({
    [PODS]: [runs("api", 5050)],
    [SERVICES]: [service("api", 5050, { targetPort, ...more })],
    [SLICES]: [served("api")],
  });
  const diagnosis = await look(lists(5051));
  assert.deepEqual(rootsOf(diagnosis), ["Service api NoPort"]);
  assert.match(
    diagnosis.roots[0]?.message ?? "",
    /port 5050 to targetPort 5051, which no container behind it declares/,
  );
  assert.deepEqual(rootsOf(await look(lists(5050))), []);
  assert.match(
    (await look(lists(5050, { protocol: "UDP" }))).roots[0]?.message ?? "",
    /over the protocol UDP/,
  );
});

Deno.test("ports: metrics beside a port that another Service leads to are no fault", async () => {
  const metrics = { ...service("api", 9102), metadata: { name: "api-metrics", namespace: NS } };
  const lists = {
    [PODS]: [runs("api", 5050)],
    [SERVICES]: [service("api", 5050), metrics],
    [SLICES]: [served("api"), served("api-metrics")],
  };
  assert.deepEqual(on(await look(lists), "Service", "api-metrics"), []);
});

Deno.test("services: one that selects nothing and that nobody asks for is a warning", async () => {
  const [found] = on(await look({ [SERVICES]: [service("flags", 8013)] }), "Service", "flags");
  assert.equal(found?.status, "warning");
  assert.match(found?.message ?? "", /nothing here asks for it/);
  const asked = { ...asking("flags:8013"), [SERVICES]: [service("flags", 8013)] };
  assert.equal(on(await look(asked), "Service", "flags")[0]?.status, "critical");
});

const ROUTES = (host: string) => `
spring.cloud.gateway.routes:
  - id: orders
    uri: lb://\${ORDERS_HOST:shop-order-service}
    predicates:
      - Path=/api/v1/orderservice/**
  - id: prices
    uri: lb://${host}
    predicates:
      - Path=/api/v1/priceservice/**
`;

Deno.test("routes: Spring's and nginx's are read, and nothing else of a text", () => {
  assert.deepEqual(routesIn(ROUTES("shop-price-service")).map(({ host }) => host), [
    "shop-order-service",
    "shop-price-service",
  ]);
  const nginx = "server {\n location /api/orders/ {\n  proxy_pass http://orders:8080/;\n }\n}";
  assert.deepEqual(routesIn(nginx), [{ path: "/api/orders/", host: "orders" }]);
  assert.deepEqual(routesIn("password=Path=/x uri: lb://y"), []);
});

Deno.test("routes: one that leads a Service's requests to another is told of the Service that gets none", async () => {
  const lists = (host: string) => ({
    [DEPLOYMENTS]: [deployment("gateway", 1, 1, { volumes: [{ configMap: { name: "routes" } }] })],
    [MAPS]: [{ metadata: { name: "routes", namespace: NS }, data: { "application.yml": ROUTES(host) } }],
    [SERVICES]: ["shop-order-service", "shop-price-service"].map((name) => service(name, 80)),
    [PODS]: ["shop-order-service", "shop-price-service"].map((name) => runs(name, 80)),
    [SLICES]: ["shop-order-service", "shop-price-service"].map((name) => served(name)),
  });
  const diagnosis = await look(lists("shop-order-service"));
  assert.deepEqual(rootsOf(diagnosis), ["Service shop-price-service Misrouted"]);
  assert.match(
    diagnosis.roots[0]?.message ?? "",
    /routes \/api\/v1\/priceservice\/\*\* to shop-order-service/,
  );
  assert.deepEqual(rootsOf(await look(lists("shop-price-service"))), []);
});

Deno.test("volumes: why a claim fits none of them", async () => {
  const claim = {
    metadata: { name: "data", namespace: NS, creationTimestamp: "2026-01-01T10:00:00Z" },
    spec: {
      storageClassName: "",
      accessModes: ["ReadWriteMany"],
      resources: { requests: { storage: "3Gi" } },
      selector: { matchLabels: { disk: "ssd" } },
    },
    status: { phase: "Pending" },
  };
  const volume = (spec: object, labels = { disk: "ssd" }) => ({
    metadata: { name: "pv", labels },
    spec: { accessModes: ["ReadWriteMany"], capacity: { storage: "5Gi" }, ...spec },
    status: { phase: "Available" },
  });
  const why = async (...all: unknown[]) =>
    on(
      await look({
        [CLAIMS]: [claim],
        [VOLUMES]: all,
        [PODS]: [pod("a", { spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] } })],
      }),
      "PersistentVolumeClaim",
      "data",
    )[0]
      ?.message ?? "";
  assert.match(
    await why(volume({ capacity: { storage: "1Gi" } })),
    /is too small: it has 1Gi, and the claim requests 3Gi/,
  );
  assert.match(
    await why(volume({ accessModes: ["ReadWriteOnce"] })),
    /lacks the access mode ReadWriteMany: it has ReadWriteOnce/,
  );
  assert.match(
    await why(volume({ claimRef: { namespace: NS, name: "other" } })),
    /is bound to another claim, data-platform\/other/,
  );
  assert.match(await why(volume({ storageClassName: "fast" })), /is of class fast, not of \(none\)/);
  assert.match(
    await why(volume({}, { disk: "hdd" })),
    /has not the labels that the claim's selector asks for/,
  );
  assert.match(await why(), /there is no PersistentVolume/);
  assert.doesNotMatch(await why(volume({})), /fits it/);
});
