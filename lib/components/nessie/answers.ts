/** What is said of the answers of every catalog, whichever it is. */
import { IN_PROGRESS, type Judgement, refText, type World } from "../../engine/model.ts";
import { services } from "../kubernetes/mod.ts";
import { changingCluster } from "../postgresql/mod.ts";
import { listingOf, type Part, serviceCheck } from "../workloads/mod.ts";

/** The catalog could not be asked, since its Service does not exist or has no ready endpoints. */
export function unreached(part: Part, title: string, world: World): Judgement {
  const { service } = part;
  const there = world.get(services, service.namespace, service.name);
  const judged = there && world.judge(serviceCheck, there);
  return {
    status: "critical",
    reason: judged?.reason ?? (there ? "NoAnswer" : "Missing"),
    message: there
      ? `${refText(service)} ${judged?.message ?? "has no ready endpoints"}, so ${title} cannot be reached`
      : `${refText(service)} does not exist`,
    observed: there ? "no answer" : "absent",
    expected: there ? "HTTP 200" : "present",
    next: [listingOf(part)],
  };
}

/** An error of the catalog while its database changes the primary ends with the change. */
export function whileChanging(title: string, httpStatus: number, world: World): Judgement | undefined {
  const cluster = httpStatus >= 500 ? changingCluster(world) : undefined;
  if (!cluster) return undefined;
  const message =
    `${title} answers HTTP ${httpStatus} while its database, Cluster ${cluster}, changes its primary`;
  return { status: "ok", reason: IN_PROGRESS, message };
}
