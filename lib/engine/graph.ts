/** The graph of objects that need each other, with the objects that should be there and are not. */
import { listed } from "./sentence.ts";
import { makerEdges } from "./missing/absent.ts";
import { isNotInstalled } from "./unread/failure_reason.ts";
import { ENGINE_CHECKS, isList } from "./model.ts";
import { silenceEdges, silenceOf } from "./unread/outdated.ts";
import type { Component, Edge, Finding, ObjectRef, ShellCommand, World } from "./model.ts";
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

/** Builds the graph from the edges of all components, and those to the makers of what is not there. */
export function buildGraph(
  components: readonly Component[],
  world: World,
  findings: readonly Finding[],
): Graph {
  const needs = new Map<string, Edge[]>();
  const wanted = new Map<string, Edge[]>();
  const seen = new Set<string>();
  const add = (edge: Edge) => {
    const from = refKey(edge.from);
    const to = refKey(edge.to);
    const identity = `${from}\n${to}\n${edge.via}`;
    if (from === to || seen.has(identity)) return;
    seen.add(identity);
    push(needs, from, edge);
    push(wanted, to, edge);
  };
  for (const component of components) component.edges(world).forEach(add);
  const needed = [...wanted.values()].flatMap(([edge]) => edge ? edge.to : []);
  makerEdges(components, world, needed, findings).forEach(add);
  silenceEdges(silenceOf(components, world), findings).forEach(add);
  const judged = new Set(findings.map((finding) => refKey(finding.object)));
  const unreadable = new Set<string>();
  const absent: Absent[] = [];
  for (const [key, edges] of wanted) {
    const object = edges[0]?.to;
    const source = object && world.kinds.get(object.kind);
    const presence = object && world.presence(object);
    if (!source || presence === "present" || judged.has(key)) continue;
    const failure = world.failure(source);
    const kindMissing = failure !== undefined && isNotInstalled(source, failure);
    const needy = edges.filter((edge) => !edge.optional);
    if (presence === "unread" && !kindMissing) unreadable.add(key);
    else if (needy.length > 0) absent.push({ key, object, needy, kindMissing });
  }
  return { needs, unreadable, missing: describeAbsent(components, world, absent, findings) };
}

/** Whether this edge can explain that finding, if what it points to is unhealthy. */
export function explains(edge: Edge, finding: Finding): boolean {
  return edge.explains === "any" || edge.explains.includes(finding.reason) ||
    (edge.unknown === true && finding.status === "unknown");
}

interface Absent {
  key: string;
  object: ObjectRef;
  /** The edges of those that cannot do without it. */
  needy: Edge[];
  kindMissing: boolean;
}

/** As bad as what it hurts, also through another absent object; a warning while it hurts nothing yet. */
function describeAbsent(
  components: readonly Component[],
  world: World,
  absent: readonly Absent[],
  findings: readonly Finding[],
): Finding[] {
  const owners = ownersOfKinds(components);
  const shown = components.flatMap((component) => component.makersShown?.(world) ?? []);
  const described = (entry: Absent, edges: readonly Edge[], hurts?: "critical" | "warning") => {
    const { object } = entry;
    const owner = owners.get(object.kind);
    const known = own(owner?.whenMissing, object.kind)?.(object, world);
    return describe(entry, edges, hurts, owner?.name ?? "", known ?? [lookFor(object), ...shown]);
  };
  const unhealthy = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.status === "critical" || finding.status === "warning") {
      push(unhealthy, refKey(finding.object), finding);
    }
  }
  const gone = new Map<string, Finding>();
  for (const entry of absent) gone.set(entry.key, described(entry, entry.needy));
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
      const found = described(
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

/** A kind that several components list belongs to the first of them. */
function ownersOfKinds(components: readonly Component[]): Map<string, Component> {
  const owners = new Map<string, Component>();
  for (const component of components) {
    for (const { kind } of component.sources.filter(isList)) {
      if (!owners.has(kind)) owners.set(kind, component);
    }
  }
  return owners;
}

function describe(
  entry: Absent,
  edges: readonly Edge[],
  hurts: "critical" | "warning" | undefined,
  component: string,
  next: ShellCommand[],
): Finding {
  const users = [...new Set(edges.map((edge) => refText(edge.from)))].sort();
  const named = listed(users);
  const verb = users.length > 1 ? "need" : "needs";
  const what = `${refText(entry.object)} ${
    entry.kindMissing
      ? `does not exist because the cluster does not serve the kind ${entry.object.kind}`
      : "does not exist"
  }`;
  return {
    check: ENGINE_CHECKS.missing,
    component,
    object: entry.object,
    status: hurts ?? "warning",
    reason: "Missing",
    message: `${what}, and ${named} ${verb} it${hurts ? "" : ", although nothing fails yet"}`,
    observed: "absent",
    expected: "present",
    evidence: [...new Set(edges.map((edge) => edge.via))].join(", "),
    next,
  };
}

/** Who should have made it, is the question. */
function lookFor({ kind, namespace }: ObjectRef): ShellCommand {
  const word = kind.toLowerCase();
  return namespace ? command`kubectl -n ${namespace} get ${word}` : command`kubectl get ${word}`;
}

function push<K, V>(into: Map<K, V[]>, key: K, value: V): void {
  const known = into.get(key);
  if (known) known.push(value);
  else into.set(key, [value]);
}
