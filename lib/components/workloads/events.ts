/** The events that tell of an object as it is now. Kubernetes keeps them for an hour, also those of what is over. */
import type { World } from "../../engine/model.ts";
import { newestFirst, perWorld } from "../common/mod.ts";
import { events, type WarningEvent } from "../kubernetes/mod.ts";

/** What tells an object from another one that had its name before. */
interface Identified {
  metadata?: { namespace?: string; name?: string; uid?: string; creationTimestamp?: string };
}

/** Newest first, by the object they speak of. */
const eventsByObject = perWorld((world) =>
  Map.groupBy(
    newestFirst(world.list(events), timeOf),
    ({ involvedObject: at }) => `${at?.kind}/${at?.namespace ?? ""}/${at?.name}`,
  )
);

/** The telling events about an object, newest first, without those of a predecessor that had its name. */
export function eventsOf(world: World, kind: string, object: Identified): WarningEvent[] {
  const { namespace = "", name } = object.metadata ?? {};
  const all = eventsByObject(world).get(`${kind}/${namespace}/${name}`) ?? [];
  return all.filter((event) => isAbout(object, event));
}

/** As the API server makes them; a node's agent speaks of its own pods by other ids. */
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By the id where both have one, else by the time: nothing is told of an object before it is made. */
function isAbout(
  { metadata: { uid = "", creationTimestamp } = {} }: Identified,
  event: WarningEvent,
): boolean {
  const meant = event.involvedObject?.uid ?? "";
  if (UID.test(uid) && UID.test(meant)) return uid === meant;
  return !(Date.parse(timeOf(event)) < Date.parse(creationTimestamp ?? ""));
}

/** Seconds that the times of an event and of the condition that was set with it may differ. */
const SAME_MOMENT_SECONDS = 10;

/**
 * The telling events about an object since its condition changed last, newest first. What was told before is of another
 * fault: after many failures Kubernetes keeps no new event of an object for minutes.
 */
export function eventsSince(
  world: World,
  kind: string,
  object: Identified,
  changed: string | undefined,
): WarningEvent[] {
  const since = Date.parse(changed ?? "") - SAME_MOMENT_SECONDS * 1000;
  return eventsOf(world, kind, object).filter((event) => !(Date.parse(timeOf(event)) < since));
}

function timeOf(event: WarningEvent): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ??
    event.metadata?.creationTimestamp ??
    "";
}
