/**
 * A status that nobody writes any more says what was, not what is: what a check calls ok by it is then unknown, and
 * explained by who should write it.
 */
import { IN_PROGRESS, refKey, refText } from "../model.ts";
import type { Component, Edge, Finding, ObjectRef, World } from "../model.ts";

/** The reason of a finding that was ok by a status which nobody writes any more. */
export const OUTDATED = "Outdated";

/** By check: who should write the status that it believes, and does not run. */
export type Silence = ReadonlyMap<string, ObjectRef>;

export function silenceOf(components: readonly Component[], world: World): Silence {
  const all = components.flatMap((component) => component.silent?.(world) ?? []);
  return new Map(all.flatMap(({ checks, by }) => checks.map((id) => [id, by] as const)));
}

/** What is said in place of ok. */
export function outdated<T extends Pick<Finding, "status" | "reason" | "message">>(
  said: T,
  by: ObjectRef | undefined,
): T {
  if (!by || said.status !== "ok" || said.reason === IN_PROGRESS) return said;
  const message = `${said.message} as far as was last reported, but ${
    refText(by)
  }, which reports it, does not run`;
  return { ...said, status: "unknown", reason: OUTDATED, message };
}

/** From what may be out of date to who should have kept it. That it may be absent is said by the check of its operator. */
export function silenceEdges(silence: Silence, findings: readonly Finding[]): Edge[] {
  return findings.filter(({ reason }) => reason === OUTDATED).flatMap(({ check, object }): Edge[] => {
    const to = silence.get(check);
    if (!to || refKey(to) === refKey(object)) return [];
    return [{ from: object, to, via: "its status is written by", explains: [OUTDATED], optional: true }];
  });
}
