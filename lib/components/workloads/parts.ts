/** The parts of the platform: each workload that fills a role, or should, and the Services before it. */
import { type ObjectRef, refKey, type ShellCommand, type World } from "../../engine/model.ts";
import { matches, perWorld, refOf } from "../common/mod.ts";
import { filling, type Service, services, type Workload } from "../kubernetes/mod.ts";
import { helmReleases } from "../flux/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { command, words } from "../../untrusted/shell.ts";
import { isChartOf, recognise, type Role } from "../../platform/mod.ts";

export interface Part {
  /** Present or absent. */
  workload: ObjectRef;
  object?: Workload;
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
  const found = filling(world, role).map(({ ref, object }): Part => {
    const all = servicesFor(world, ref, object);
    return {
      workload: ref,
      object,
      services: all,
      service: all[0] ? refOf("Service", all[0]) : { ...ref, kind: "Service" },
    };
  });
  return found.length > 0 ? found : wanted(world, role);
}

/** The Services that select its pods, or bear its name and select something else. */
function servicesFor(world: World, ref: ObjectRef, object: Workload): Service[] {
  const labels = object.spec?.template?.metadata?.labels;
  const near = world.list(services).filter(({ metadata }) => metadata?.namespace === ref.namespace);
  const selecting = near.filter(({ spec }) => matches(spec?.selector, labels));
  return selecting.length > 0 ? selecting : near.filter(({ metadata }) => metadata?.name === ref.name);
}

function wanted(world: World, role: Role): Part[] {
  const releases = world.list(helmReleases).flatMap(({ metadata, spec }): ObjectRef[] => {
    const chart = spec?.chart?.spec?.chart ?? "";
    if (!isChartOf(chart, role)) return [];
    const release = spec?.releaseName ?? metadata?.name ?? "";
    const namespace = spec?.targetNamespace ?? metadata?.namespace;
    // As charts name what they make.
    return [{
      kind: "Deployment",
      namespace,
      name: release.includes(chart) ? release : `${release}-${chart}`,
    }];
  });
  const fronts = world.list(services).filter(({ metadata, spec }) =>
    spec?.selector &&
    recognise({ name: metadata?.name ?? "", labels: spec.selector, images: [] })?.role === role
  );
  const behind = fronts.map((service): ObjectRef => ({ ...refOf("Service", service), kind: "Deployment" }));
  const refs = new Map([...releases, ...behind].map((ref) => [refKey(ref), ref]));
  return [...refs.values()].map((workload): Part => ({
    workload,
    services: fronts.filter(({ metadata }) => metadata?.namespace === workload.namespace),
    service: { ...workload, kind: "Service" },
  }));
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
