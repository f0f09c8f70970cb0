/** The Nessie catalog: its pods, its API, its warehouse. */
import { refText } from "../../engine/model.ts";
import { are } from "../../engine/sentence.ts";
import {
  type Check,
  type Component,
  type Edge,
  IN_PROGRESS,
  type Judgement,
  type ObjectRef,
  type ProbeSource,
  type World,
} from "../../engine/model.ts";
import { list, num, obj, str } from "../../engine/decode.ts";
import { refOf, SERVICE_ERRORS } from "../common/mod.ts";
import {
  bucketOfHost,
  deployments,
  endpointSlices,
  proxyTargets,
  serviceOfHost,
  services,
  wantsOf,
} from "../kubernetes/mod.ts";
import { hostsNamed, requiredDeployment, serviceCheck } from "../workloads/mod.ts";
import { changingCluster } from "../postgresql/mod.ts";
import { cephClusters } from "../rook_ceph/mod.ts";
import { command } from "../../untrusted/shell.ts";

const API_PORT = 19120;
const MANAGEMENT_PORT = 9000;

/** Answers of Nessie's API, through the API server's service proxy. */
export const nessieApi: ProbeSource<
  { defaultBranch?: string; maxSupportedApiVersion?: number; specVersion?: string }
> = {
  id: "nessie.api",
  after: [services, endpointSlices],
  targets: (world) => proxyTargets(world, { config: ["nessie", API_PORT, "/api/v2/config"] }),
  read: obj({ defaultBranch: str, maxSupportedApiVersion: num, specVersion: str }),
};

/** What the catalog says of its default warehouse, and its own health by parts. */
export const nessieHealth: ProbeSource<{ status?: string; checks?: { name?: string; status?: string }[] }> = {
  id: "nessie.health",
  after: [services, endpointSlices],
  targets: (world) =>
    proxyTargets(world, {
      iceberg: ["nessie", API_PORT, "/iceberg/v1/config"],
      health: ["nessie", MANAGEMENT_PORT, "/q/health"],
    }),
  read: obj({ status: str, checks: list(obj({ name: str, status: str })) }),
};

const service = (world: World): ObjectRef => ({
  kind: "Service",
  namespace: world.namespace,
  name: "nessie",
});
const warehouse: ObjectRef = { kind: "Warehouse", name: "default warehouse of nessie" };

/** No answer was asked for: the Service is missing or has no ready endpoints. */
function unasked(world: World): Judgement {
  const there = world.get(services, world.namespace, "nessie");
  const judged = there && world.judge(serviceCheck, there);
  return {
    status: "critical",
    reason: judged?.reason ?? (there ? "NoAnswer" : "Missing"),
    message: there
      ? `${refText(service(world))} ${
        judged?.message ?? "has no ready endpoints"
      }, so Nessie cannot be reached`
      : `${refText(service(world))} does not exist`,
    observed: there ? "no answer" : "absent",
    expected: there ? "HTTP 200" : "present",
    next: [
      command`kubectl -n ${world.namespace} get service,endpointslices,pods -l app.kubernetes.io/name=nessie`,
    ],
  };
}

/** An error of the catalog while its database changes the primary ends with the change. */
function whileChanging(httpStatus: number, world: World): Judgement | undefined {
  const cluster = httpStatus >= 500 ? changingCluster(world) : undefined;
  if (!cluster) return undefined;
  const message =
    `Nessie answers HTTP ${httpStatus} while its database, Cluster ${cluster}, changes its primary`;
  return { status: "ok", reason: IN_PROGRESS, message };
}

const apiCheck: Check = {
  id: "nessie.api-answers",
  title: "Nessie API",
  explain:
    "GET /api/v2/config answers 200 with a default branch. A catalog with an empty main branch is healthy.",
  needs: [services, endpointSlices, nessieApi],
  object: service,
  run(world) {
    const answer = world.answers(nessieApi).config;
    if (!answer) return [unasked(world)];
    const base = { observed: `HTTP ${answer.status}`, expected: "HTTP 200", evidence: "GET /api/v2/config" };
    if (answer.status === 200 && answer.body?.defaultBranch) {
      const { specVersion, defaultBranch } = answer.body;
      const message = `Nessie's API answers (spec ${
        specVersion ?? "unknown"
      }, default branch ${defaultBranch})`;
      return [{ ...base, status: "ok", reason: "Answers", message }];
    }
    const changing = whileChanging(answer.status, world);
    if (changing) return [{ ...base, ...changing }];
    const message = answer.status === 200
      ? "Nessie's API answers HTTP 200 without a default branch, as no Nessie does"
      : `Nessie's API answers HTTP ${answer.status}`;
    return [{
      ...base,
      status: "critical",
      reason: answer.status === 503 ? "NoAnswer" : "ErrorAnswer",
      message,
      next: [command`kubectl -n ${world.namespace} logs deploy/nessie --tail=50`],
    }];
  },
};

const warehouseCheck: Check = {
  id: "nessie.warehouse-up",
  title: "Nessie warehouse",
  explain:
    "GET /iceberg/v1/config answers 200 and no part of /q/health is DOWN: the object store answers with the " +
    "credentials that Nessie has, and the database is reachable. A running pod says nothing of either.",
  needs: [services, endpointSlices, nessieHealth],
  object: () => warehouse,
  run(world) {
    const { iceberg, health } = world.answers(nessieHealth);
    if (!iceberg && !health) return [{ ...unasked(world), reason: "NoAnswer" }];
    const down = (health?.body?.checks ?? []).filter((part) => part.status === "DOWN").map((part) =>
      part.name
    );
    const observed = `/iceberg/v1/config ${httpText(iceberg?.status)}, /q/health ${
      health?.body?.status ?? httpText(health?.status)
    }`;
    const base = {
      observed,
      expected: "HTTP 200 and UP",
      evidence: "GET /iceberg/v1/config, GET :9000/q/health",
    };
    if (iceberg?.status === 200 && down.length === 0 && (!health || health.status === 200)) {
      return [{ ...base, status: "ok", reason: "Up", message: "Nessie serves its warehouse" }];
    }
    const changing = whileChanging(Math.max(iceberg?.status ?? 0, health?.status ?? 0), world);
    if (changing) return [{ ...base, ...changing }];
    const unreachable = iceberg?.status === 503 && !health?.body;
    return [{
      ...base,
      status: "critical",
      reason: unreachable ? "NoAnswer" : "WarehouseDown",
      message: down.length > 0
        ? `Nessie reports that ${down.join(", ")} ${are(down.length)} down`
        : `Nessie does not serve its warehouse (${observed})`,
      next: [command`kubectl -n ${world.namespace} logs deploy/nessie --tail=50`],
    }];
  },
};

const httpText = (status: number | undefined): string =>
  status === undefined ? "no answer" : `HTTP ${status}`;

/** A warehouse needs the catalog, and the Services and buckets that the catalog's configuration names. */
function warehouseEdges(world: World): Edge[] {
  const edges: Edge[] = [{
    from: warehouse,
    to: service(world),
    via: "served by",
    explains: ["NoAnswer", "Missing", "WarehouseDown"],
    because: SERVICE_ERRORS,
  }];
  const deployment = world.get(deployments, world.namespace, "nessie");
  const deploymentRef = { kind: "Deployment", namespace: world.namespace, name: "nessie" };
  edges.push({ from: service(world), to: deploymentRef, via: "served by", explains: [...SERVICE_ERRORS] });
  const spec = deployment?.spec?.template?.spec;
  // Its health asks the object store, and gets no answer in time when that gets none from its disks.
  const explains = ["WarehouseDown", "Timeout"];
  for (const { host, via } of hostsNamed(spec, world.namespace, world)) {
    const to = serviceOfHost(host, world.namespace, world);
    if (to) edges.push({ from: warehouse, to, via, explains, because: SERVICE_ERRORS });
    for (const ceph of world.list(cephClusters).filter((one) => one.metadata?.namespace === to?.namespace)) {
      edges.push({
        from: warehouse,
        to: refOf("CephCluster", ceph),
        via: "object store",
        explains: ["Timeout"],
        inferred: true,
      });
    }
    const bucket = bucketOfHost(host);
    if (bucket) edges.push({ from: warehouse, to: { kind: "S3Bucket", name: bucket }, via, explains });
  }
  for (const { kind, name, via } of wantsOf(spec)) {
    const to = { kind, namespace: world.namespace, name };
    edges.push({ from: warehouse, to, via: `Deployment nessie, ${via}`, explains, optional: true });
  }
  return edges;
}

export const nessie: Component = {
  name: "nessie",
  title: "Nessie catalog",
  dependsOn: ["postgresql", "s3-user", "rook-ceph", "external-secrets", "flux"],
  sources: [nessieApi, nessieHealth],
  namespaces: () => [],
  kinds: [],
  checks: [requiredDeployment("nessie"), apiCheck, warehouseCheck],
  edges: warehouseEdges,
};
