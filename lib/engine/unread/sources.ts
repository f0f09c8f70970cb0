/**
 * What could not be read is one fault, however many checks it keeps from looking: a finding for every source that could
 * not be read, and groups of findings that speak of the same failure. Pure.
 */
import { unreadable } from "../check.ts";
import { isNotInstalled } from "./failure_reason.ts";
import type { Component, Facts, Failure, Finding, Source } from "../model.ts";
import { ENGINE_CHECKS, isList } from "../model.ts";

/** Of findings that no check makes. */
const CHECK = ENGINE_CHECKS.unread;

interface Unread {
  source: Source;
  failure: Failure;
  component: Component;
}

/**
 * The sources that were asked for and could not be read, by id, without kinds that are not installed; each belongs to the
 * first component that reads it.
 */
function unreadSources(components: readonly Component[], facts: Facts): Map<string, Unread> {
  const unread = new Map<string, Unread>();
  for (const component of components) {
    for (const source of component.sources) {
      const result = facts.sources[source.id];
      if (!result || result.ok || unread.has(source.id) || isNotInstalled(source, result.failure)) continue;
      unread.set(source.id, { source, failure: result.failure, component });
    }
  }
  return unread;
}

const textOf = ({ kind, message }: Failure): string => `${kind} ${message}`;

/** Whether the finding is about all that the source lists, and not about one object. */
function isAboutAll({ object }: Finding, source: Source): boolean {
  return isList(source) && object.kind === source.kind && object.name === "*";
}

/**
 * The findings that no check made: of every list that could not be read one about its kind as a whole, of every other
 * source one unless a finding speaks of the same failure.
 */
export function unsaidSources(
  components: readonly Component[],
  facts: Facts,
  judged: readonly Finding[],
): Finding[] {
  const unread = unreadSources(components, facts);
  const blind = judged.flatMap((finding) => {
    const one = finding.unread === undefined ? undefined : unread.get(finding.unread);
    return one ? [{ finding, ...one }] : [];
  });
  const alike = new Set(blind.map(({ failure }) => textOf(failure)));
  return [...unread.values()].flatMap(({ source, failure, component }) => {
    const said = isList(source)
      ? blind.some((one) => one.source.id === source.id && isAboutAll(one.finding, source))
      : alike.has(textOf(failure));
    if (said) return [];
    const object = isList(source) ? { kind: source.kind, name: "*" } : { kind: "Source", name: source.id };
    return [unreadable(CHECK, component.name, object, { source, failure })];
  });
}

/** The indexes of findings that speak of the same failure, those about a kind as a whole first in each group. */
export function groupsAlike(
  components: readonly Component[],
  facts: Facts,
  findings: readonly Finding[],
): number[][] {
  const unread = unreadSources(components, facts);
  const groups = new Map<string, { first: number[]; rest: number[] }>();
  findings.forEach((finding, index) => {
    const one = finding.unread === undefined ? undefined : unread.get(finding.unread);
    if (!one) return;
    const key = textOf(one.failure);
    const group = groups.get(key) ?? { first: [], rest: [] };
    groups.set(key, group);
    (isAboutAll(finding, one.source) ? group.first : group.rest).push(index);
  });
  return [...groups.values()].map(({ first, rest }) => [...first, ...rest]);
}
