/** The parts of the platform: each workload that fills a role, or should, and the Services before it. */
import {
  isAbsent,
  type ObjectRef,
  refKey,
  refText,
  type ShellCommand,
  type Table,
  type World,
} from "../../engine/model.ts";
import { matches, perWorld, refOf } from "../common/mod.ts";
import {
  DECLARED,
  declaredRole,
  endpointsOf,
  filling,
  type Service,
  services,
  type Workload,
} from "../kubernetes/mod.ts";
import {
  ALL_ROLES,
  isJudgedByComponent,
  isPartOfLakehouse,
  recognise,
  type Role,
} from "../../platform/mod.ts";
import { workloadsWanted } from "../gitops/mod.ts";
import { otherDatabases } from "../postgresql/mod.ts";
import { outsideHosts } from "./outside_hosts.ts";
import { own } from "../../untrusted/lookup.ts";
import { command, words } from "../../untrusted/shell.ts";

export interface Part {
  /** Present or absent. */
  workload: ObjectRef;
  object?: Workload;
  /** What told the role, or what wants it: `label app.kubernetes.io/name=nessie`. */
  by: string;
  /** What speaks against it. */
  doubt?: string;
  /** What leads to it; one that should and does not exist is not here. */
  services: Service[];
  /** The first of them, or the one that should be there. */
  service: ObjectRef;
}

const indexes = perWorld(() => new Map<Role, Part[]>());

/**
 * The parts that fill a role. When there is none: those that a release of its chart or a Service for it wants.
 */
export function partsOf(world: World, role: Role): Part[] {
  const index = indexes(world);
  const known = index.get(role) ?? findParts(world, role);
  index.set(role, known);
  return known;
}

function findParts(world: World, role: Role): Part[] {
  const missing = missingNamed(world, role);
  const found = filling(world, role).map(({ ref, object, by, doubt }): Part => {
    const all = servicesFor(world, ref, object);
    return {
      workload: ref,
      object,
      by,
      ...doubt === undefined ? {} : { doubt },
      services: all,
      service: all[0] ? refOf("Service", all[0]) : { ...ref, kind: "Service" },
    };
  });
  const all = [...found, ...missing];
  return all.length > 0 || declaredRole(world, role)?.need === "absent" ? all : wanted(world, role);
}

/** Those that the declaration of the platform names, and that do not exist. */
function missingNamed(world: World, role: Role): Part[] {
  const named = declaredRole(world, role)?.objects ?? [];
  return named.filter((ref) => isAbsent(world, ref)).map((workload) => ({
    workload,
    by: DECLARED,
    services: servicesOfName(world, workload),
    service: { ...workload, kind: "Service" },
  }));
}

/** The Services that select its pods, or bear its name and select something else. */
function servicesFor(world: World, ref: ObjectRef, object: Workload): Service[] {
  const labels = object.spec?.template?.metadata?.labels;
  const near = servicesByNamespace(world).get(ref.namespace) ?? [];
  const selecting = near.filter(({ spec }) => matches(spec?.selector, labels));
  return selecting.length > 0 ? selecting : servicesOfName(world, ref);
}

const servicesByNamespace = perWorld((world) =>
  Map.groupBy(world.list(services), ({ metadata }) => metadata?.namespace)
);

function servicesOfName(world: World, { namespace, name }: ObjectRef): Service[] {
  const found = world.get(services, namespace, name);
  return found ? [found] : [];
}

/** The Services that select what would fill a role. */
const frontsByRole = perWorld((world) =>
  Map.groupBy(
    world.list(services),
    ({ metadata, spec }) =>
      spec?.selector && recognise({ name: metadata?.name ?? "", labels: spec.selector, images: [] })?.role,
  )
);

function wanted(world: World, role: Role): Part[] {
  const fronts = frontsByRole(world).get(role) ?? [];
  const all = [
    ...workloadsWanted(world, role),
    ...fronts.map((service) => refOf("Service", service)).map((ref) => ({
      workload: { ...ref, kind: "Deployment" },
      by: `wanted by ${refText(ref)}`,
    })),
  ];
  const first = new Map(all.toReversed().map((one) => [refKey(one.workload), one]));
  return [...first.values()].map(({ workload, by }): Part => ({
    workload,
    by,
    services: fronts.filter(({ metadata }) => metadata?.namespace === workload.namespace),
    service: { ...workload, kind: "Service" },
  }));
}

/** The first Service before a part that has ready endpoints. */
export function servedBy({ services: fronts }: Part, world: World): ObjectRef | undefined {
  return fronts.map((one) => refOf("Service", one)).find(({ namespace, name }) =>
    endpointsOf(world, namespace ?? "", name).ready > 0
  );
}

/** The parts of the lakehouse that no check of a component judges, by the workloads that they are. */
export const otherParts = perWorld((world): ReadonlyMap<Workload, Part> =>
  new Map(
    ALL_ROLES.filter(([role]) => isPartOfLakehouse(role) && !isJudgedByComponent(role)).flatMap(([role]) =>
      partsOf(world, role).flatMap((part) => part.object ? [[part.object, part]] : [])
    ),
  )
);

/** Which objects the parts of the platform are, and what told it. */
export function partsTable(world: World): Table {
  const rows = ALL_ROLES.flatMap(([role]) =>
    partsOf(world, role).map((part) => {
      const serving = part.object ? undefined : servedBy(part, world);
      if (serving) {
        return [role, refText(serving), "ready endpoints, of what no Deployment or StatefulSet makes"];
      }
      const doubt = part.doubt ? `, although ${part.doubt} is of another role` : "";
      return [role, refText(part.workload) + (part.object ? "" : " (missing)"), part.by + doubt];
    })
  );
  const databases = otherDatabases(world).map(({ engine, object, maker, workloads, users, by }) => [
    "database",
    [object, ...workloads.map(({ ref }) => ref)].map(refText).join(", "),
    `${by}, named by ${users.map(refText).join(", ")}: ${engine}${maker ? ` of ${maker}` : ""}`,
  ]);
  const outside = [...outsideHosts(world)].map(([host, users]) => [
    "outside host",
    host,
    `named by ${users.join(", ")}, not looked at`,
  ]);
  const columns = ["part", "object", "known by"];
  return {
    name: "platform.parts",
    title: "Parts of the platform",
    columns,
    rows: [...rows, ...databases, ...outside],
    verbose: true,
  };
}

/** The end of the logs of a part. */
export function logsOf({ workload: { kind, namespace, name } }: Part): ShellCommand {
  return command`kubectl -n ${namespace} logs ${
    kind === "Deployment" ? "deploy" : "statefulset"
  }/${name} --tail=50`;
}

/** What `kubectl get` shows of a part. */
export function listingOf({ workload: { namespace }, object }: Part): ShellCommand {
  const name = own(object?.spec?.template?.metadata?.labels, "app.kubernetes.io/name");
  const chosen = name === undefined ? words() : words("-l", `app.kubernetes.io/name=${name}`);
  return command`kubectl -n ${namespace} get service,endpointslices,pods ${chosen}`;
}

/** Where these parts are. */
export function namespacesOfParts(parts: readonly Part[]): string[] {
  return parts.flatMap(({ workload }) => workload.namespace ?? []);
}
