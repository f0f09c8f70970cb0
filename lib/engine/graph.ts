/** The graph of objects that need each other, with the objects that should be there and are not. */
import { isNotInstalled } from "./unread/failure_reason.ts";
import { isList } from "./model.ts";
import { listed } from "./sentence.ts";
import type { Component, Edge, Facts, Finding, ListSource, ObjectRef, ShellCommand, World } from "./model.ts";
import { refKey, refText } from "./model.ts";
import { command } from "../untrusted/shell.ts";
import { own } from "../untrusted/lookup.ts";

export interface Graph {
  /** What an object needs, by its key. */
  needs: Map<string, Edge[]>;
  /** Keys of objects whose kind could not be listed: they may be the cause, nobody can say. */
  unreadable: Set<string>;
  /** One finding for every object that something needs and that does not exist. */
  missing: Finding[];
}

interface Listed {
  source: ListSource;
  component: Component;
}

/** Builds the graph from the edges of all components. */
export function buildGraph(
  components: readonly Component[],
  world: World,
  facts: Facts,
  findings: readonly Finding[],
): Graph {
  const needs = new Map<string, Edge[]>();
  const wanted = new Map<string, Edge[]>();
  for (const edge of distinctEdges(components, world)) {
    push(needs, refKey(edge.from), edge);
    push(wanted, refKey(edge.to), edge);
  }
  const listed = listedKinds(components);
  const malformed = malformedKeys(facts);
  const judged = new Set(findings.map((finding) => refKey(finding.object)));
  const unreadable = new Set<string>();
  const absent: Absent[] = [];
  for (const [key, edges] of wanted) {
    const object = edges[0]?.to;
    const kind = object && listed.get(object.kind);
    if (!object || !kind || judged.has(key)) continue;
    const failure = world.failure(kind.source);
    const needy = edges.filter((edge) => !edge.optional);
    if ((failure && !isNotInstalled(kind.source, failure)) || malformed.has(key)) unreadable.add(key);
    else if (needy.length > 0 && (failure || !world.get(kind.source, object.namespace, object.name))) {
      absent.push({ key, object, needy, component: kind.component, kindMissing: failure !== undefined });
    }
  }
  return { needs, unreadable, missing: describeAbsent(absent, findings) };
}

/** Whether this edge can explain that finding, if what it points to is unhealthy. */
export function explains(edge: Edge, finding: Finding): boolean {
  return edge.explains === "any" || edge.explains.includes(finding.reason) ||
    (edge.unknown === true && finding.status === "unknown");
}

function distinctEdges(components: readonly Component[], world: World): Edge[] {
  const seen = new Set<string>();
  return components.flatMap((component) => component.edges(world)).filter((edge) => {
    const from = refKey(edge.from);
    const to = refKey(edge.to);
    const identity = `${from}\n${to}\n${edge.via}`;
    if (from === to || seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** A kind that several components list belongs to the first of them. */
function listedKinds(components: readonly Component[]): Map<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const component of components) {
    for (const source of component.sources.filter(isList)) {
      if (!listed.has(source.kind)) listed.set(source.kind, { source, component });
    }
  }
  return listed;
}

function malformedKeys(facts: Facts): Set<string> {
  return new Set(
    Object.values(facts.sources).flatMap((result) =>
      result.ok && "items" in result ? (result.malformed ?? []).map(({ object }) => refKey(object)) : []
    ),
  );
}

interface Absent {
  key: string;
  object: ObjectRef;
  /** The edges of those that cannot do without it. */
  needy: Edge[];
  component: Component;
  kindMissing: boolean;
}

/** As bad as what it hurts, also through another absent object; a warning while it hurts nothing yet. */
function describeAbsent(absent: readonly Absent[], findings: readonly Finding[]): Finding[] {
  const unhealthy = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.status === "critical" || finding.status === "warning") {
      push(unhealthy, refKey(finding.object), finding);
    }
  }
  const gone = new Map<string, Finding>();
  for (const entry of absent) gone.set(entry.key, describe(entry, entry.needy, undefined));
  // An absent object hurts when what needs it is unwell; each pass carries that one absent object further.
  for (let changed = true; changed;) {
    changed = false;
    for (const entry of absent) {
      const known = gone.get(entry.key);
      if (known?.status === "critical") continue;
      const hurt = entry.needy.flatMap((edge) => {
        const from = refKey(edge.from);
        const further = gone.get(from);
        const felt = [...unhealthy.get(from) ?? [], ...further?.status === "critical" ? [further] : []];
        return felt.filter((finding) => explains(edge, finding)).map(({ status }) => ({ edge, status }));
      });
      const worst = hurt.some(({ status }) => status === "critical") ? "critical" : "warning";
      if (hurt.length === 0) continue;
      const found = describe(
        entry,
        hurt.filter(({ status }) => status === worst).map(({ edge }) => edge),
        worst,
      );
      if (found.status === known?.status && found.message === known.message) continue;
      gone.set(entry.key, found);
      changed = true;
    }
  }
  return [...gone.values()];
}

function describe(entry: Absent, edges: readonly Edge[], hurts: "critical" | "warning" | undefined): Finding {
  const users = [...new Set(edges.map((edge) => refText(edge.from)))].sort();
  const named = listed(users);
  const verb = users.length > 1 ? "need" : "needs";
  const what = `${refText(entry.object)} ${
    entry.kindMissing
      ? `does not exist because the cluster does not serve the kind ${entry.object.kind}`
      : "does not exist"
  }`;
  return {
    check: "graph.missing",
    component: entry.component.name,
    object: entry.object,
    status: hurts ?? "warning",
    reason: "Missing",
    message: `${what}, and ${named} ${verb} it${hurts ? "" : ", although nothing fails yet"}`,
    observed: "absent",
    expected: "present",
    evidence: [...new Set(edges.map((edge) => edge.via))].join(", "),
    next: own(entry.component.whenMissing, entry.object.kind)?.(entry.object) ?? lookFor(entry.object),
  };
}

/** Who should have made it, is the question. */
function lookFor({ kind, namespace }: ObjectRef): ShellCommand[] {
  const word = kind.toLowerCase();
  return [
    namespace ? command`kubectl -n ${namespace} get ${word}` : command`kubectl get ${word}`,
    command`flux get kustomizations -A`,
  ];
}

function push<K, V>(into: Map<K, V[]>, key: K, value: V): void {
  const known = into.get(key);
  if (known) known.push(value);
  else into.set(key, [value]);
}
