/**
 * CronJobs that are suspended. That is no fault, unless a pod waits for an object that is not there and that, by its name,
 * the CronJob makes: the pull secret of a registry whose tokens expire, a report, a copy of a certificate.
 */
import {
  isAbsent,
  type KindCheck,
  type Maker,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../engine/model.ts";
import { listed } from "../../engine/sentence.ts";
import { isReady, namesFit, perWorld, refOf } from "../common/mod.ts";
import { type CronJob, cronJobs, placeOf, pods, wantsOf } from "../kubernetes/mod.ts";
import { command } from "../../untrusted/shell.ts";

const MADE = new Set(["Secret", "ConfigMap"]);

/** Whether it would have made the object: their names fit, and it does not need the object itself. */
function wouldMake(object: CronJob, ref: ObjectRef): boolean {
  const { namespace, name = "" } = object.metadata ?? {};
  if (namespace !== ref.namespace || !namesFit(ref.name, name)) return false;
  const own = wantsOf(object.spec?.jobTemplate?.spec?.template?.spec);
  return !own.some((want) => want.kind === ref.kind && want.name === ref.name);
}

const suspended = perWorld((world) => world.list(cronJobs).filter(({ spec }) => spec?.suspend));

/** What pods that are not Ready want and is known not to exist. */
const missing = perWorld((world): readonly ObjectRef[] => {
  const found = world.list(pods).filter((pod) => !isReady(pod) && pod.status?.phase !== "Succeeded")
    .flatMap((pod) =>
      wantsOf(pod.spec).filter(({ optional }) => !optional)
        .map(({ kind, name }): ObjectRef => ({ kind, namespace: pod.metadata?.namespace, name }))
    );
  const once = new Map(found.map((ref) => [refKey(ref), ref]));
  return [...once.values()].filter((ref) => isAbsent(world, ref));
});

export const cronJobCheck: KindCheck<CronJob> = {
  id: "cronjobs.suspended",
  title: "cron jobs",
  explain:
    "A suspended CronJob is no fault, unless a pod waits for a Secret or a ConfigMap that does not exist and that, by its " +
    "name, the CronJob makes.",
  source: cronJobs,
  also: [pods],
  component: placeOf,
  ref: (object) => refOf("CronJob", object),
  judge(object, world) {
    if (!object.spec?.suspend) return undefined;
    const waited = missing(world).filter((ref) => wouldMake(object, ref));
    if (waited.length === 0) return undefined;
    const { namespace, name } = object.metadata ?? {};
    return {
      status: "warning",
      reason: "Suspended",
      message: `is suspended, and ${listed(waited.map(refText))}, which it likely makes, ${
        waited.length > 1 ? "do" : "does"
      } not exist`,
      observed: "spec.suspend true",
      expected: "resumed, or nothing that waits for what it makes",
      evidence: "spec.suspend",
      next: [
        command`kubectl -n ${namespace} patch cronjob ${name} -p '{"spec":{"suspend":false}}'`,
        command`kubectl -n ${namespace} create job ${`${name}-now`} --from=cronjob/${name}`,
      ],
    };
  },
};

/** The suspended CronJobs that would have made an object that does not exist. */
export function cronJobMakers(ref: ObjectRef, world: World): Maker[] {
  if (!MADE.has(ref.kind) || suspended(world).length === 0 || !isAbsent(world, ref)) return [];
  return suspended(world).filter((object) => wouldMake(object, ref)).map((object) => ({
    to: refOf("CronJob", object),
    via: "probably made by",
    because: ["Suspended"],
    optional: true,
    inferred: true,
    decisive: true,
  }));
}
