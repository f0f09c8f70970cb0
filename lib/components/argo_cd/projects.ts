/**
 * AppProjects: what Applications may apply, and where. That one forbids what an Application wants is said by the
 * Application alone, in the words of https://github.com/argoproj/argo-cd/blob/master/util/argo/argo.go
 */
import type { KindCheck, ObjectRef, World } from "../../engine/model.ts";
import { refText } from "../../engine/model.ts";
import { listed } from "../../engine/sentence.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { judgeApplication } from "./judge.ts";
import { type Application, type AppProject, appProjects } from "./kinds.ts";
import { platformApplications } from "./resources.ts";
import { command } from "../../untrusted/shell.ts";

/** A repository, a destination or a kind that its project does not allow. */
const FORBIDDEN =
  /\b(?:not permitted|not allowed|do(?:es)? not match any of the allowed destinations) in project '?([a-z0-9.-]{1,253})'?/;

/** Destinations that are named in a message. */
const MOST_NAMED = 3;

/** Its project, present or absent: that of its own namespace, or the only one of its name, as Argo CD keeps them in its own. */
export function projectOf({ metadata, spec }: Application, world: World): ObjectRef {
  const name = spec?.project || "default";
  const own = world.get(appProjects, metadata?.namespace, name);
  const [other] = own ? [] : world.list(appProjects).filter((one) => one.metadata?.name === name);
  return { kind: "AppProject", namespace: (own ?? other)?.metadata?.namespace ?? metadata?.namespace, name };
}

/** Why its project forbids what it wants, in Argo CD's words. */
function forbiddenIn({ spec, status }: Application): string | undefined {
  const failures = status?.operationState?.syncResult?.resources ?? [];
  const said = [...status?.conditions ?? [], status?.operationState, ...failures]
    .flatMap((one) => one?.message ?? []);
  return said.find((message) => FORBIDDEN.exec(message)?.[1] === (spec?.project || "default"));
}

const forbidden = perWorld((world) =>
  Map.groupBy(
    platformApplications(world).filter((object) => forbiddenIn(object) !== undefined),
    (object) => {
      const { namespace, name } = projectOf(object, world);
      return `${namespace}/${name}`;
    },
  )
);

function keptOut({ metadata }: AppProject, world: World): readonly Application[] {
  return forbidden(world).get(`${metadata?.namespace}/${metadata?.name}`) ?? [];
}

export const projectCheck: KindCheck<AppProject> = {
  id: "argo-cd.projects",
  title: "AppProjects",
  explain:
    "An AppProject allows what the platform's Applications of it apply, and where. One that forbids it is as bad as what its " +
    "Applications leave undone.",
  source: appProjects,
  concerns: (object, world) =>
    platformApplications(world).some((one) => {
      const { namespace, name } = projectOf(one, world);
      return namespace === object.metadata?.namespace && name === object.metadata?.name;
    }),
  component: () => "argo-cd",
  ref: (object) => refOf("AppProject", object),
  judge(object, world) {
    const [first, ...others] = keptOut(object, world);
    if (!first) return undefined;
    const { namespace, name } = object.metadata ?? {};
    const all = [first, ...others];
    const isCritical = all.some((one) => judgeApplication(one, world)?.status === "critical");
    const allowed = (object.spec?.destinations ?? []).slice(0, MOST_NAMED)
      .map((one) => `${one.namespace ?? "*"} of ${one.server ?? one.name ?? "*"}`);
    return {
      status: isCritical ? "critical" : "warning",
      reason: "Forbids",
      message: `forbids what ${listed(all.map((one) => refText(refOf("Application", one))))} would apply: ${
        forbiddenIn(first)
      }`,
      observed: `allowed destinations: ${listed(allowed) || "none"}`,
      expected: "the repositories, destinations and kinds of its Applications",
      evidence: "spec.destinations, spec.sourceRepos, and the conditions of its Applications",
      next: [command`kubectl -n ${namespace} get appprojects.argoproj.io ${name} -o yaml`],
    };
  },
};
