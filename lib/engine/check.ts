/** Runs every check over the facts. A check always says something: ok, bad, skipped, or that it could not look. */
import type {
  Check,
  Component,
  Facts,
  Failure,
  Finding,
  KindCheck,
  Malformed,
  ObjectJudgement,
  Source,
  World,
} from "./model.ts";
import { failureReason, isNotInstalled, nextSteps } from "./unread/failure_reason.ts";
import { outdated, silenceOf } from "./unread/outdated.ts";
import { isList, isRecord, refKey, refText } from "./model.ts";
import { about, are, count, plural } from "./sentence.ts";

/** Findings of all components; bad ones are per object, good ones one per check and component. */
export function runChecks(components: readonly Component[], world: World, facts: Facts): Finding[] {
  const scope = platformNamespaces(components, world);
  const silence = silenceOf(components, world);
  const found = components.flatMap((component) => [
    ...component.kinds.flatMap((check) => runKind(component, check, world, facts, scope)),
    ...component.checks.flatMap((check) => runCheck(component, check, world, facts)),
  ]);
  return silence.size === 0 ? found : found.map((finding) => outdated(finding, silence.get(finding.check)));
}

/** The namespaces that belong to the platform: its own and those its components name. */
export function platformNamespaces(components: readonly Component[], world: World): Set<string> {
  return new Set([world.namespace, ...components.flatMap((component) => component.namespaces(world))]);
}

function runKind(
  component: Component,
  check: KindCheck,
  world: World,
  facts: Facts,
  scope: ReadonlySet<string>,
): Finding[] {
  const blind = blocked([check.source], world) ?? unseen(check.also, world);
  if (blind) {
    return [unreadable(check.id, component.name, { kind: check.source.kind, name: "*" }, blind)];
  }
  const findings = malformedObjects([check.source], facts).map((entry): Finding => ({
    ...oddly(entry),
    check: check.id,
    component: component.name,
    evidence: evidenceOf(check.source),
  }));
  const good = new Map<string, number>();
  const dim = unseen(check.okNeeds, world);
  for (const object of world.list(check.source)) {
    if (check.concerns && !check.concerns(object, world)) continue;
    const ref = check.ref(object);
    const judgement = check.saidElsewhere?.(object, world)
      ? undefined
      : guarded(() => world.judge(check, object));
    const said = judgement && about(ref, judgement);
    if (!said && ref.namespace && !scope.has(ref.namespace)) continue;
    const place = check.component(object, world);
    const judged = dim && said?.status === "ok" ? unreadable(check.id, place, ref, dim) : said;
    if (judged) findings.push({ ...worded(judged), check: check.id, component: place, object: ref });
    else good.set(place, (good.get(place) ?? 0) + 1);
  }
  const bad = new Set(findings.filter(({ status }) => status !== "ok").map((finding) => finding.component));
  for (const [place, all] of good) {
    if (bad.has(place)) continue;
    const object = { kind: check.source.kind, name: "*" };
    if (dim) {
      findings.push(unreadable(check.id, place, object, dim));
      continue;
    }
    findings.push({
      check: check.id,
      component: place,
      object,
      status: "ok",
      reason: "AllWell",
      message: `${count(all, check.source.kind)} ${are(all)} healthy`,
      observed: `${all} of ${all}`,
    });
  }
  return findings;
}

function runCheck(component: Component, check: Check, world: World, facts: Facts): Finding[] {
  const place = { check: check.id, component: component.name };
  const object = check.object(world);
  const blind = blocked(check.needs, world);
  if (blind && notInstalled(blind) && check.whenNotInstalled === "critical") {
    const message = `The cluster does not serve the kind ${
      sourceName(blind.source)
    }, which the platform needs`;
    return [{
      ...place,
      object,
      status: "critical",
      reason: "NotInstalled",
      message,
      observed: blind.failure.message,
    }];
  }
  if (blind) return [unreadable(check.id, component.name, object, blind)];
  const judged = guarded(() => check.run(world));
  const all = Array.isArray(judged) ? judged : [about(object, judged)];
  if (all.length === 0) throw new Error(`check ${check.id} said nothing`);
  const odd = new Map(malformedObjects(check.needs, facts).map((entry) => [refKey(entry.object), entry]));
  const dim = unseen(check.okNeeds, world);
  return all.map((judgement) => {
    const finding: Finding = { object, ...worded(judgement), ...place };
    if (dim && finding.status === "ok") return unreadable(check.id, component.name, finding.object, dim);
    const entry = odd.get(refKey(finding.object));
    return entry ? { ...oddly(entry), ...place } : finding;
  });
}

/** A check that trips over a value it did not expect could not look; that is unknown, not a crash. */
function guarded<T>(run: () => T): T | Pick<Finding, "status" | "reason" | "message"> {
  try {
    return run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      status: "unknown",
      reason: "CheckFailed",
      message: `could not be judged because the check failed: ${why}`,
    };
  }
}

/** Reasons come from the cluster, too: in a report each is one PascalCase word. */
function worded<T extends { reason: string }>(judged: T): T {
  if (/^[A-Z][A-Za-z0-9]{0,63}$/.test(judged.reason)) return judged;
  const words = String(judged.reason).slice(0, 1000).split(/[^A-Za-z0-9]+/);
  const word = words.map((one) => one.charAt(0).toUpperCase() + one.slice(1)).join("").replace(/^\d+/, "");
  const capital = word.charAt(0).toUpperCase() + word.slice(1, 64);
  return { ...judged, reason: capital || "Unknown" };
}

/** A source that could not be read. */
interface Blind {
  source: Source;
  failure: Failure;
}

/** The first source that could not be read; a failure that hides more than a missing kind comes first. */
function blocked(sources: readonly Source[], world: World): Blind | undefined {
  const blind = sources.flatMap((source) => {
    const failure = world.failure(source);
    return failure ? [{ source, failure }] : [];
  });
  return blind.find((one) => !notInstalled(one)) ?? blind[0];
}

/** What a check says when a source that it needs could not be read. */
export function unreadable(
  check: string,
  component: string,
  object: Finding["object"],
  { source, failure }: Blind,
): Finding {
  const place = {
    check,
    component,
    object,
    reason: failureReason(failure.kind),
    evidence: evidenceOf(source),
  };
  if (notInstalled({ source, failure })) {
    const message = `${sourceName(source)} is not installed in this cluster`;
    return { ...place, status: "skipped", message };
  }
  return {
    ...place,
    status: "unknown",
    message: `${unreadName(source)}: ${failure.message}`,
    next: nextSteps(source, failure.kind),
    unread: source.id,
  };
}

/** The first of these that could not be read; a kind that is not installed is known to have no objects. */
function unseen(sources: readonly Source[] = [], world: World): Blind | undefined {
  const blind = blocked(sources, world);
  return blind && !notInstalled(blind) ? blind : undefined;
}

function notInstalled({ source, failure }: Blind): boolean {
  return isNotInstalled(source, failure);
}

function sourceName(source: Source): string {
  if (isRecord(source)) return source.records;
  return isList(source) ? source.kind : source.id;
}

function unreadName(source: Source): string {
  if (isList(source)) return `${plural(source.kind)} could not be read`;
  return isRecord(source) ? `The ${source.records} could not be read` : `Probe ${source.id} failed`;
}

function evidenceOf(source: Source): string {
  return isList(source) ? `GET ${source.path}` : source.id;
}

function malformedObjects(sources: readonly Source[], facts: Facts): Malformed[] {
  return sources.flatMap((source) => {
    const result = facts.sources[source.id];
    return result?.ok && "items" in result ? result.malformed ?? [] : [];
  });
}

/** An object that cannot be read is neither healthy nor missing. */
function oddly({ object, message }: Malformed): ObjectJudgement {
  return {
    object,
    status: "unknown",
    reason: "Malformed",
    message: `${
      refText(object)
    } could not be judged because it does not have the shape of its kind: ${message}`,
  };
}
