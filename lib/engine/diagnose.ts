/** Tells the faults from their symptoms: a finding is a symptom if an edge leads to something that explains it. */
import { platformNamespaces } from "./check.ts";
import { buildGraph, explains, type Graph } from "./graph.ts";
import type { ChainStep, Component, Confidence, Facts, Finding, Status, World } from "./model.ts";
import { IN_PROGRESS, refKey } from "./model.ts";
import { insteadOf } from "./missing/nearest.ts";
import type { Root } from "./report.ts";
import { groupsAlike, unsaidSources } from "./unread/sources.ts";

export interface Diagnosis {
  findings: Finding[];
  roots: Root[];
}

/** A step from a finding to one that explains it, over the objects that could not be read in between. */
interface Arc {
  to: number;
  via: ChainStep[];
  likely: boolean;
}

/** Gives every finding its role, its confidence and its shortest chain, and ranks the roots. */
export function diagnose(
  components: readonly Component[],
  world: World,
  facts: Facts,
  judged: readonly Finding[],
): Diagnosis {
  const said = [...judged, ...unsaidSources(components, facts, judged)];
  const graph = buildGraph(components, world, said);
  const scope = platformNamespaces(components, world);
  const all = withinReach([...said, ...graph.missing], graph, scope);
  const unhealthy = all.filter(isUnwell);
  const inProgress = new Set(
    all.filter(({ status, reason }) => status === "ok" && reason === IN_PROGRESS).map(({ object }) =>
      refKey(object)
    ),
  );
  const alike = groupsAlike(components, facts, unhealthy);
  const arcs = joinAlike(unhealthy, connect(unhealthy, graph, inProgress), alike);
  const roots = rootsOf(unhealthy, arcs);
  const unread = new Set(alike.flat());
  const paths = shortestPaths(arcs, roots);
  const explained = new Map<number, Explained[]>();
  const placed = unhealthy.map((finding, index): Finding => {
    const path = paths[index];
    if (roots.has(index) || !path) return finding;
    const confidence = path.likely ? "likely" : "proven";
    const entry = { finding, distance: path.steps.length, likely: path.likely };
    explained.set(path.root, [...explained.get(path.root) ?? [], entry]);
    return { ...finding, role: "symptom", confidence, chain: path.steps };
  });
  for (const index of roots) {
    const finding = placed[index];
    if (!finding) continue;
    const hurt = explained.get(index) ?? [];
    const alone = hurt.length === 0 && finding.status !== "critical" && !unread.has(index);
    placed[index] = {
      ...finding,
      status: asBadAs(finding, hurt),
      role: alone ? "independent" : "root",
      confidence: "proven",
    };
  }
  tellInstead([...roots], placed, (ref) => insteadOf(ref, components, world, scope));
  const findings = [...all.filter((finding) => !isUnwell(finding)), ...placed];
  return { findings, roots: rankRoots(placed, explained) };
}

/** So many faults are asked what is there in place of the missing object. */
const MOST_ASKED = 50;

/** Adds to the messages of faults what is there in place of what is missing. */
function tellInstead(
  roots: readonly number[],
  placed: Finding[],
  instead: (ref: Finding["object"]) => string | undefined,
): void {
  for (const index of roots.slice(0, MOST_ASKED)) {
    const finding = placed[index];
    const told = finding && instead(finding.object);
    if (told && !finding.message.includes(told)) {
      placed[index] = { ...finding, message: `${finding.message}; ${told}` };
    }
  }
}

/** A warning that broke something critical is critical. */
function asBadAs(finding: Finding, hurt: readonly Explained[]): Status {
  const worse = finding.status === "warning" && hurt.some((entry) => entry.finding.status === "critical");
  return worse ? "critical" : finding.status;
}

function isUnwell(finding: Finding): boolean {
  return finding.status === "critical" || finding.status === "warning" || finding.status === "unknown";
}

/** Findings of the platform's namespaces, of cluster-wide objects, and of whatever those need elsewhere. */
function withinReach(findings: readonly Finding[], graph: Graph, scope: ReadonlySet<string>): Finding[] {
  const reached = new Set<string>();
  const open: string[] = [];
  const reach = (key: string) => {
    if (reached.has(key)) return;
    reached.add(key);
    open.push(key);
  };
  for (const [key, edges] of graph.needs) {
    const from = edges[0]?.from;
    if (from?.namespace && scope.has(from.namespace)) reach(key);
  }
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const edge of graph.needs.get(key) ?? []) reach(refKey(edge.to));
  }
  return findings.filter(({ object }) =>
    !object.namespace || scope.has(object.namespace) || reached.has(refKey(object))
  );
}

/** What the edges of a path through the graph were, so far. */
interface PathSoFar {
  likely: boolean;
  /** An edge on it is decisive. */
  decisive: boolean;
}

/**
 * For every finding, the findings that can explain it, also through objects that are on their way or unreadable.
 * A warning explains what is critical only over a decisive edge, and only when nothing worse does.
 */
function connect(findings: readonly Finding[], graph: Graph, inProgress: ReadonlySet<string>): Arc[][] {
  const byObject = new Map<string, number[]>();
  findings.forEach((finding, index) => {
    const key = refKey(finding.object);
    byObject.set(key, [...byObject.get(key) ?? [], index]);
  });
  return findings.map((finding, self) => {
    const arcs: Arc[] = [];
    const lesser: Arc[] = [];
    const visited = new Set<string>();
    const follow = (
      key: string,
      current: Finding,
      via: ChainStep[],
      { likely, decisive }: PathSoFar,
    ) => {
      for (const edge of graph.needs.get(key) ?? []) {
        if (!explains(edge, current)) continue;
        const to = refKey(edge.to);
        const unsure = likely || edge.inferred === true;
        const whole = decisive || edge.decisive === true;
        for (const index of byObject.get(to) ?? []) {
          const cause = findings[index];
          if (index === self || !cause) continue;
          if (edge.because && !edge.because.includes(cause.reason)) continue;
          const step = { object: cause.object, via: edge.via, reason: cause.reason };
          const arc = { to: index, via: [...via, step], likely: unsure || cause.status === "unknown" };
          if (cause.status !== "warning" || finding.status !== "critical") arcs.push(arc);
          else if (whole) lesser.push(arc);
        }
        const passed = inProgress.has(to) ? IN_PROGRESS : graph.unreadable.has(to) ? "Missing" : undefined;
        if (!passed || visited.has(to)) continue;
        visited.add(to);
        // What cannot be read may be absent, so it needs what an absent object needs.
        const reason = passed === "Missing" ? "Unreadable" : IN_PROGRESS;
        const step = { object: edge.to, via: edge.via, reason };
        follow(
          to,
          { ...current, object: edge.to, reason: passed },
          [...via, step],
          { likely: unsure || passed === "Missing", decisive: whole },
        );
      }
    };
    follow(refKey(finding.object), finding, [], { likely: false, decisive: false });
    return arcs.length > 0 ? arcs : lesser;
  });
}

/** Of findings that speak of the same failure, the first that nothing else explains is the cause of the others. */
function joinAlike(
  findings: readonly Finding[],
  arcs: readonly Arc[][],
  groups: readonly (readonly number[])[],
): Arc[][] {
  const joined = [...arcs];
  for (const group of groups) {
    const [cause, ...others] = group.filter((index) => arcs[index]?.length === 0);
    const finding = cause === undefined ? undefined : findings[cause];
    if (cause === undefined || !finding) continue;
    const { object, reason, evidence: via = "" } = finding;
    for (const index of others) {
      joined[index] = [{ to: cause, via: [{ object, via, reason }], likely: false }];
    }
  }
  return joined;
}

/**
 * The findings that nothing outside their own circle explains. A circle of things that wait for each other
 * has one representative: the one most others lead to.
 */
function rootsOf(findings: readonly Finding[], arcs: readonly Arc[][]): Set<number> {
  const group = circles(arcs);
  const leaves = new Map<number, number[]>();
  findings.forEach((_, index) => {
    const mine = group[index] ?? index;
    leaves.set(mine, [...leaves.get(mine) ?? [], index]);
  });
  const roots = new Set<number>();
  const incoming = findings.map(() => 0);
  for (const list of arcs) for (const arc of list) incoming[arc.to] = (incoming[arc.to] ?? 0) + 1;
  for (const members of leaves.values()) {
    const within = new Set(members);
    if (members.some((index) => (arcs[index] ?? []).some((arc) => !within.has(arc.to)))) continue;
    const chosen = members.toSorted((a, b) =>
      (incoming[b] ?? 0) - (incoming[a] ?? 0) || compareFindings(findings[a], findings[b])
    )[0];
    if (chosen !== undefined) {
      roots.add(chosen);
    }
  }
  return roots;
}

function compareFindings(a: Finding | undefined, b: Finding | undefined): number {
  const keyOf = (finding: Finding | undefined) => finding ? `${refKey(finding.object)} ${finding.check}` : "";
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

/** Strongly connected components (Tarjan, without recursion): the same number for findings in one circle. */
function circles(arcs: readonly Arc[][]): number[] {
  const order: number[] = [];
  const low: number[] = [];
  const group: number[] = [];
  const stack: number[] = [];
  const onStack = new Set<number>();
  let counter = 0;
  for (let start = 0; start < arcs.length; start++) {
    if (order[start] !== undefined) continue;
    const work: { node: number; next: number }[] = [{ node: start, next: 0 }];
    while (work.length > 0) {
      const frame = work[work.length - 1];
      if (!frame) break;
      const { node } = frame;
      if (frame.next === 0) {
        order[node] = low[node] = counter++;
        stack.push(node);
        onStack.add(node);
      }
      const arc = arcs[node]?.[frame.next++];
      if (arc) {
        if (order[arc.to] === undefined) work.push({ node: arc.to, next: 0 });
        else if (onStack.has(arc.to)) low[node] = Math.min(low[node] ?? 0, order[arc.to] ?? 0);
        continue;
      }
      if (low[node] === order[node]) {
        for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
          onStack.delete(member);
          group[member] = node;
          if (member === node) break;
        }
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent) low[parent.node] = Math.min(low[parent.node] ?? 0, low[node] ?? 0);
    }
  }
  return group;
}

interface Path {
  root: number;
  steps: ChainStep[];
  likely: boolean;
}

/** From every finding the shortest way to a root, found backwards from the roots; proven ways come first. */
function shortestPaths(arcs: readonly Arc[][], roots: ReadonlySet<number>): (Path | undefined)[] {
  const paths: (Path | undefined)[] = arcs.map(() => undefined);
  const reverse: { from: number; arc: Arc }[][] = arcs.map(() => []);
  arcs.forEach((list, from) => list.forEach((arc) => reverse[arc.to]?.push({ from, arc })));
  for (const proven of [true, false]) {
    let edge = [...roots, ...paths.flatMap((path, index) => path ? [index] : [])];
    while (edge.length > 0) {
      const next: number[] = [];
      for (const to of edge) {
        for (const { from, arc } of reverse[to] ?? []) {
          if (paths[from] || roots.has(from) || (proven && arc.likely)) continue;
          const rest = paths[to];
          const likely = arc.likely || (rest?.likely ?? false);
          paths[from] = { root: rest?.root ?? to, steps: [...arc.via, ...rest?.steps ?? []], likely };
          next.push(from);
        }
      }
      edge = next;
    }
  }
  return paths;
}

interface Explained {
  finding: Finding;
  distance: number;
  likely: boolean;
}

/** One root per object; what explains most comes first, critical before the rest. */
function rankRoots(placed: readonly Finding[], explained: ReadonlyMap<number, Explained[]>): Root[] {
  const byObject = new Map<string, { finding: Finding; entries: Explained[] }>();
  placed.forEach((finding, index) => {
    if (finding.role !== "root") return;
    const key = refKey(finding.object);
    const known = byObject.get(key);
    const entries = [...known?.entries ?? [], ...explained.get(index) ?? []];
    const chosen = known && known.finding.status === "critical" ? known.finding : finding;
    byObject.set(key, { finding: chosen, entries });
  });
  const weight = (finding: Finding) =>
    finding.status === "critical" ? 0 : finding.status === "unknown" ? 1 : 2;
  return [...byObject.values()]
    .toSorted((a, b) =>
      weight(a.finding) - weight(b.finding) || b.entries.length - a.entries.length ||
      compareFindings(a.finding, b.finding)
    )
    .map(({ finding, entries }) => toRoot(finding, entries));
}

function toRoot(finding: Finding, entries: readonly Explained[]): Root {
  const nearest = entries.toSorted((a, b) =>
    a.distance - b.distance || compareFindings(a.finding, b.finding)
  );
  const objects = new Map(nearest.map(({ finding }) => [refKey(finding.object), finding.object]));
  objects.delete(refKey(finding.object));
  const confidence: Confidence = entries.length > 0 && entries.every((entry) => entry.likely)
    ? "likely"
    : "proven";
  return {
    check: finding.check,
    component: finding.component,
    object: finding.object,
    status: finding.status,
    reason: finding.reason,
    message: finding.message,
    confidence,
    explains: [...objects.values()],
    next: finding.next ?? [],
  };
}
