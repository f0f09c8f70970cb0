/**
 * Databases that configuration leads to and that CloudNativePG does not make: those of other operators and charts, known by
 * the labels of their Services and workloads, and those outside the cluster, which nobody looks at.
 */
import { count, listed } from "../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type ObjectJudgement,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { matches, perWorld, type PodSpec, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import {
  configMaps,
  configuredHosts,
  deployments,
  endpointsOf,
  isOutside,
  type NamedHost,
  type Service,
  services,
  servicesNamed,
  statefulSets,
  type Workload,
} from "../kubernetes/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { command } from "../../untrusted/shell.ts";
import { clusters } from "./kinds.ts";
import { clusterOf } from "./names.ts";

/** Databases that catalogs keep their state in, by the port at which they listen. */
const ENGINES: ReadonlyMap<number, string> = new Map([
  [5432, "PostgreSQL"],
  [3306, "MySQL or MariaDB"],
  [27017, "MongoDB"],
]);

interface Maker {
  title: string;
  /** A label that its Services and workloads bear, with the value when it is not the name of the database. */
  sign: readonly [label: string, value?: string];
  /** The label with the name of the database, which ties a Service without a selector to its workloads. */
  name: string;
}

/** Of two that share a sign the first that fits counts. */
const MAKERS: readonly Maker[] = [
  {
    title: "the Percona Operator for PostgreSQL",
    sign: ["app.kubernetes.io/managed-by", "percona-postgresql-operator"],
    name: "postgres-operator.crunchydata.com/cluster",
  },
  {
    title: "Crunchy Postgres for Kubernetes, or an operator made of it",
    sign: ["postgres-operator.crunchydata.com/cluster"],
    name: "postgres-operator.crunchydata.com/cluster",
  },
  { title: "Zalando's Postgres Operator", sign: ["application", "spilo"], name: "cluster-name" },
  { title: "StackGres", sign: ["stackgres.io/cluster-name"], name: "stackgres.io/cluster-name" },
  {
    title: "KubeDB",
    sign: ["app.kubernetes.io/managed-by", "kubedb.com"],
    name: "app.kubernetes.io/instance",
  },
];

export interface OtherDatabase {
  /** `PostgreSQL` */
  engine: string;
  /** The Service that leads to it, or the host outside. */
  object: ObjectRef;
  outside: boolean;
  /** Who makes it, as far as labels tell. */
  maker?: string;
  workloads: readonly { ref: ObjectRef; object: Workload }[];
  /** What names it. */
  users: readonly ObjectRef[];
  /** What told: `label application=spilo`, `the port 5432`. */
  by: string;
}

/** The databases that the platform's configuration leads to, without those of CloudNativePG. */
export const otherDatabases = perWorld((world): readonly OtherDatabase[] => {
  const found = configuredHosts(world).flatMap((named) => {
    const database = databaseAt(named, world);
    return database ? [{ database, user: named.by }] : [];
  });
  const groups = Map.groupBy(found, ({ database }) => refKey(database.object));
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    const users = [...new Map(all.map(({ user }) => [refKey(user), user])).values()];
    return first ? [{ ...first.database, users }] : [];
  });
});

function databaseAt(named: NamedHost, world: World): Omit<OtherDatabase, "users"> | undefined {
  const { host, port, to } = named;
  const engine = port === undefined ? undefined : ENGINES.get(port);
  if (!to) {
    if (!engine || !isOutside(named)) return undefined;
    const object = { kind: "Host", name: `${host}:${port}` };
    return { engine, object, outside: true, workloads: [], by: `the port ${port}` };
  }
  const service = world.get(services, to.namespace, to.name);
  const cluster = clusterOf(to);
  if (!service || cluster && world.get(clusters, cluster.namespace, cluster.name)) return undefined;
  // The instances of a Cluster, and the poolers before them.
  if (Object.keys(service.spec?.selector ?? {}).some((key) => key.startsWith("cnpg.io/"))) return undefined;
  const signs = { ...service.spec?.selector, ...service.metadata?.labels };
  const maker = MAKERS.find(({ sign: [label, value] }) =>
    value === undefined ? own(signs, label) !== undefined : own(signs, label) === value
  );
  const listens = engine ?? (service.spec?.ports ?? []).flatMap((one) => ENGINES.get(one.port ?? 0) ?? [])[0];
  if (!maker && !listens) return undefined;
  const by = maker ? `label ${maker.sign[0]}=${own(signs, maker.sign[0])}` : "its port";
  return {
    engine: listens ?? "PostgreSQL",
    object: to,
    outside: service.spec?.type === "ExternalName",
    ...maker ? { maker: maker.title } : {},
    workloads: workloadsBehind(service, maker && own(signs, maker.name), maker, world),
    by,
  };
}

/** The Services of databases that a pod spec in `namespace` names: by their port, by who makes them, or by their name. */
export function databasesNamed(
  spec: PodSpec | undefined,
  namespace: string,
  world: World,
): { to: ObjectRef; via: string }[] {
  const others = new Set(otherDatabases(world).map(({ object }) => refKey(object)));
  return servicesNamed(spec, namespace, world).filter(({ to, port }) =>
    clusterOf(to) !== undefined || ENGINES.has(port ?? 0) || others.has(refKey(to))
  );
}

/** What runs behind it: what its selector finds, or what bears the same name of a database. */
function workloadsBehind(
  { metadata, spec }: Service,
  name: string | undefined,
  maker: Maker | undefined,
  world: World,
): OtherDatabase["workloads"] {
  const near = [deployments, statefulSets].flatMap((source) =>
    world.list(source).filter((object) => object.metadata?.namespace === metadata?.namespace)
      .map((object) => ({ object, ref: refOf(source.kind, object) }))
  );
  const selected = near.filter(({ object }) =>
    matches(spec?.selector, object.spec?.template?.metadata?.labels)
  );
  if (selected.length > 0 || !maker || name === undefined) return selected;
  return near.filter(({ ref, object }) =>
    ref.kind === "StatefulSet" && own(object.metadata?.labels, maker.name) === name
  );
}

/** What names a database is of the platform, and so is the database; its Service needs what runs behind it. */
export const otherDatabaseEdges = perWorld((world): Edge[] =>
  otherDatabases(world).flatMap(({ object, workloads, users }) => [
    ...users.map((from): Edge => ({
      from,
      to: object,
      via: "database in its configuration",
      explains: [],
      optional: true,
    })),
    ...workloads.map(({ ref }): Edge => ({
      from: object,
      to: ref,
      via: "the database behind it",
      explains: [...SERVICE_ERRORS],
    })),
  ])
);

export const otherDatabasesCheck: Check = {
  id: "postgresql.other-databases",
  title: "databases of others",
  explain:
    "A database that the platform's configuration leads to and that CloudNativePG does not make has a running workload: one of " +
    "Zalando's, Crunchy's or Percona's operator, of StackGres, of KubeDB or of a chart. A database outside the cluster is " +
    "named and not looked at.",
  needs: [deployments, statefulSets, services, configMaps],
  okNeeds: [clusters],
  object: (world) => otherDatabases(world)[0]?.object ?? { kind: "Host", name: "*" },
  run(world) {
    const all = otherDatabases(world);
    if (all.length > 0) return all.map((database) => judge(database, world));
    const message = "No configuration here leads to a database of another kind";
    return [{ status: "skipped", reason: "NotFound", message }];
  },
};

function judge(database: OtherDatabase, world: World): ObjectJudgement {
  const { object, engine, outside, maker, workloads, users } = database;
  const named = `${listed(users.map(refText))} ${users.length === 1 ? "leads" : "lead"} to ${engine}`;
  const base = { object, evidence: database.by };
  if (outside) {
    const message = `${named} outside this cluster, at ${object.name}, which was not looked at`;
    return { ...base, status: "skipped", reason: "OutsideCluster", message };
  }
  const what = `${named}${maker ? ` of ${maker}` : ""}, at ${refText(object)}`;
  if (workloads.length === 0) {
    const { ready } = endpointsOf(world, object.namespace ?? "", object.name);
    const message = `${what}; it has ${
      count(ready, "ready endpoint")
    }, and which workload runs it could not be told`;
    return { ...base, status: "skipped", reason: "WorkloadUnknown", message };
  }
  const refs = workloads.map(({ ref }) => ref);
  const stopped = workloads.filter(({ object: { spec } }) => spec?.replicas === 0);
  const behind = listed(refs.map(refText));
  if (stopped.length === workloads.length) {
    const [first] = refs;
    const next = [
      command`kubectl -n ${first?.namespace} describe ${first?.kind.toLowerCase()} ${first?.name}`,
    ];
    const message = `${what}, and ${behind} behind it is scaled to zero, so the database is stopped`;
    return { ...base, object: first ?? object, status: "critical", reason: "ScaledToZero", message, next };
  }
  const bad = refs.filter((ref) =>
    world.judged(ref).some(({ status }) => status === "critical" || status === "warning")
  );
  if (bad.length > 0) {
    const message = `${what}; ${listed(bad.map(refText))} behind it has a finding of its own`;
    return { ...base, status: "skipped", reason: "JudgedAlready", message };
  }
  return { ...base, status: "ok", reason: "Ready", message: `${what}, which ${behind} runs` };
}
