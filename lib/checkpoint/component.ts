/** A component of the report that judges trials. */
import type { Check, Component, Edge, ObjectRef, RecordSource } from "../engine/model.ts";
import { OUT_OF_ORDER } from "../engine/unread/failure_reason.ts";
import type { SeenRecord } from "./trial.ts";

/** What the trials of a checkpoint have in common in a report. */
export interface TrialFamily {
  /** What their ids begin with: `s3`. */
  area: string;
  /** The kind of the objects that they speak of: `S3Trial`. */
  kind: string;
  source: RecordSource<SeenRecord>;
  /** What is tried, and the component that judges it. */
  service: ObjectRef;
  dependsOn: string;
  /** How they need it, for people: `object store`. */
  via: string;
}

/** What a trial speaks of, unless it names another object: each has its own, so that two faults stay two. */
export const trialRef = ({ area, kind }: TrialFamily, id: string): ObjectRef => ({
  kind,
  name: id.startsWith(`${area}.`) ? id.slice(area.length + 1) : id,
});

/** What stands in the way of the service explains what could not be tried of it, and what failed with it. */
export const fromService = ({ service, via }: TrialFamily, from: ObjectRef): Edge => ({
  from,
  to: service,
  via,
  explains: OUT_OF_ORDER,
  unknown: true,
});

export function trialComponent(
  family: TrialFamily,
  name: string,
  title: string,
  checks: readonly Check[],
  more: Partial<Component> = {},
): Component {
  return {
    name,
    title,
    dependsOn: [family.dependsOn],
    sources: [family.source],
    namespaces: () => [],
    kinds: [],
    checks: checks.map((check) => ({ ...check, object: () => trialRef(family, check.id) })),
    edges: () => checks.map(({ id }) => fromService(family, trialRef(family, id))),
    ...more,
  };
}
