/** PostgreSQL on CloudNativePG: its instances, its primary, and the Service that leads to it. */
import { refText } from "../../engine/model.ts";
import { count } from "../../engine/sentence.ts";
import { type Check, type Component, IN_PROGRESS, type ObjectRef, type World } from "../../engine/model.ts";
import { isApplied, makersShown } from "../gitops/mod.ts";
import { conditionOf, refOf, servedCheck, unreadAmong } from "../common/mod.ts";
import {
  configMaps,
  deployments,
  endpointSlices,
  namespacesOf,
  type OperatorCheck,
  operatorCheck,
  pods,
  services,
  silentWithout,
  statefulSets,
} from "../kubernetes/mod.ts";
import { operatorsOf, postgresqlEdges } from "./edges.ts";
import { clusterCheck, judgeRunning } from "./judge.ts";
import { makersOf } from "./makers.ts";
import { type Cluster, clusters } from "./kinds.ts";
import { usualPart } from "../../platform/mod.ts";
import { isChangingPrimary } from "./change.ts";
import { HEALTHY } from "./phases.ts";
import { otherDatabaseEdges, otherDatabasesCheck } from "./other_databases.ts";
import { missingClusters, platformClusters } from "./platform_clusters.ts";
import { command } from "../../untrusted/shell.ts";

export { changingCluster, isChangingPrimary } from "./change.ts";
export { operatorsOf, postgresqlEdges } from "./edges.ts";
export { clusterCheck } from "./judge.ts";
export * from "./kinds.ts";
export { clusterOf } from "./names.ts";
export { catalogDatabases } from "./platform_clusters.ts";
export { databasesNamed, otherDatabases } from "./other_databases.ts";

const NAME = "postgresql";

/** The cluster of the platform: the first, or one that configuration leads to and that does not exist. */
function wanted(world: World): ObjectRef {
  const first = platformClusters(world)[0];
  return first ? refOf("Cluster", first) : missingClusters(world)[0] ?? { kind: "Cluster", name: "*" };
}

const instancesCheck: Check = {
  id: "postgresql.instances",
  title: "PostgreSQL instances",
  explain:
    "Every Cluster in the platform's namespaces, and every one that the configuration of its parts leads to, has the ready " +
    "instances of its spec, and its primary is known; one that the catalog's configuration leads to exists. One instance " +
    "is enough when the spec asks for one.",
  needs: [clusters, services],
  object: wanted,
  run(world) {
    const all = platformClusters(world);
    const missing = missingClusters(world).map((ref): Found => ({
      object: ref,
      status: "critical",
      reason: "Missing",
      message: `${refText(ref)} does not exist, and the catalog's configuration leads to it`,
      observed: "absent",
      expected: "present",
      evidence: `GET ${clusters.path}`,
      next: [
        ...makersShown(world),
        command`kubectl -n ${ref.namespace} get clusters.postgresql.cnpg.io`,
      ],
    }));
    if (all.length + missing.length === 0) {
      const blind = unreadAmong([deployments, statefulSets, configMaps], world);
      if (blind) return [blind];
      const message =
        "No PostgreSQL Cluster is in the platform's namespaces, and no configuration leads to one";
      return [{ status: "skipped", reason: "NotFound", message }];
    }
    const found = all.map((object): Found => {
      const { instances = 1 } = object.spec ?? {};
      const { readyInstances = 0, phase = "none", currentPrimary } = object.status ?? {};
      const place = {
        object: refOf("Cluster", object),
        observed: `${readyInstances} of ${instances} ready, primary ${
          currentPrimary ?? "none"
        }, phase "${phase}"`,
        expected: `${instances} of ${instances} ready, a primary`,
        evidence: "status",
      };
      const judged = world.judge(clusterCheck, object);
      if (judged && judged.status !== "ok") {
        const message = `${refText(place.object)} has a finding of its own`;
        return { ...place, status: "skipped", reason: "JudgedAlready", message };
      }
      const reason = readyInstances < instances ? "Changing" : "Ready";
      const message =
        `${refText(place.object)} has ${readyInstances} of ${
          count(instances, "instance")
        } ready, and its primary is ${currentPrimary ?? "not set yet"}` +
        (reason === "Changing" ? `; a change is in progress (phase "${phase}")` : "");
      return { ...place, status: "ok", reason, message };
    });
    return [...missing, ...found];
  },
};

const primaryCheck: Check = {
  id: "postgresql.primary-service",
  title: "PostgreSQL primary's Service",
  explain:
    "The Service NAME-rw exists and its endpoint is the primary, which is Ready, for that is where writes go.",
  needs: [clusters, services, endpointSlices, pods],
  object: (world) => ({ ...wanted(world), kind: "Service", name: `${wanted(world).name}-rw` }),
  run(world) {
    const all = platformClusters(world).filter((object) => object.status?.phase);
    if (all.length === 0) {
      return [{
        status: "skipped",
        reason: "NoCluster",
        message: "No Cluster has been set up yet",
      }];
    }
    return all.map((object) => judgePrimary(object, world));
  },
};

type Found = ReturnType<Check["run"]>[number];

function judgePrimary(object: Cluster, world: World): Found {
  const cluster = refOf("Cluster", object);
  const service = { kind: "Service", namespace: cluster.namespace, name: `${cluster.name}-rw` };
  const primary = object.status?.currentPrimary;
  const behind = targetsOf(service, world);
  const pod = primary ? world.get(pods, cluster.namespace, primary) : undefined;
  const ready = conditionOf(pod ?? {}, "Ready")?.status === "True";
  const base = {
    object: service,
    observed: `ready endpoints ${behind.join(", ") || "none"}, primary ${primary ?? "none"} ${
      ready ? "Ready" : "not Ready"
    }`,
    expected: "the primary as endpoint, Ready",
    evidence: "EndpointSlice, status.currentPrimary",
  };
  if (primary && behind.includes(primary)) {
    return {
      ...base,
      status: "ok",
      reason: "Ready",
      message: `${refText(service)} has the primary ${primary} as its endpoint`,
    };
  }
  // A switchover or a first start takes a while; the Cluster's own check knows how long it may.
  const settled = object.status?.phase === HEALTHY && ready;
  const healthy = (judgeRunning(object, world)?.status ?? "ok") === "ok";
  if (healthy && (isChangingPrimary(object, world) || (behind.length === 0 && !settled))) {
    const message = `${refText(service)} has ${
      behind.length > 0 ? `endpoint ${behind.join(", ")}` : "no ready endpoints"
    } while the primary changes (phase "${object.status?.phase}")`;
    return { ...base, status: "ok", reason: IN_PROGRESS, message };
  }
  const next = [
    command`kubectl -n ${cluster.namespace} get endpointslices -l kubernetes.io/service-name=${service.name}`,
  ];
  const bad = { ...base, status: "critical" as const, next };
  if (!world.get(services, service.namespace, service.name)) {
    return { ...bad, reason: "Missing", message: `${refText(service)} does not exist` };
  }
  if (behind.length === 0) {
    const message = `${refText(service)} has no ready endpoints because no primary is ready`;
    return { ...bad, reason: "NoEndpoints", message };
  }
  const message = `${refText(service)} has endpoint ${behind.join(", ")}, but the primary is ${
    primary ?? "not known"
  }`;
  return { ...bad, object: cluster, reason: "NoPrimary", message };
}

/** The pods that are a Service's ready endpoints now. */
function targetsOf(service: ObjectRef, world: World): string[] {
  return world.list(endpointSlices)
    .filter((slice) =>
      slice.metadata?.namespace === service.namespace &&
      slice.metadata?.labels?.["kubernetes.io/service-name"] === service.name
    )
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.targetRef?.name ?? []);
}

const OPERATOR: OperatorCheck = {
  id: "postgresql.operator",
  title: "CloudNativePG operator",
  needs: [clusters, deployments],
  used: (world) => world.list(clusters).length > 0,
  found: operatorsOf,
  fallback: (world) => usualPart(NAME, "Deployment", world.namespace),
  stands: "no instance is made or replaced, and no failover happens",
};

export const postgresql: Component = {
  name: NAME,
  title: "PostgreSQL (CloudNativePG)",
  dependsOn: ["storage", "external-secrets", "flux", "kubernetes"],
  sources: [clusters],
  namespaces: (world) => [
    ...namespacesOf(operatorsOf(world), "cnpg-system"),
    ...platformClusters(world).flatMap(({ metadata }) => metadata?.namespace ?? []),
  ],
  kinds: [clusterCheck],
  checks: [
    servedCheck(
      NAME,
      "CloudNativePG",
      [clusters],
      (world, source) => isApplied(world, source) || operatorsOf(world).length > 0,
    ),
    operatorCheck(OPERATOR),
    instancesCheck,
    primaryCheck,
    otherDatabasesCheck,
  ],
  silent: silentWithout(OPERATOR, clusterCheck.id, instancesCheck.id),
  edges: (world) => [...postgresqlEdges(world), ...otherDatabaseEdges(world)],
  makers: makersOf,
};
