/** The declaration of this platform: the file that was given, or the ConfigMap that is labelled as one. */
import { type Failure, type Muting, type ObjectRef, refText, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import {
  type Declaration,
  type DeclaredRole,
  readDeclaration,
  type RoleName,
  type ThresholdName,
  THRESHOLDS,
} from "../../platform/mod.ts";
import { ShapeError } from "../../engine/decode.ts";
import { listed } from "../../engine/sentence.ts";
import { quote } from "../../redact/mod.ts";
import { type ConfigMap, configMaps } from "./kinds.ts";

/** The object of what is said of a declaration that was given as a file. */
const FILE = "File";

export type Declared =
  /** There is none. */
  | { state: "none" }
  /** It could not be looked for. */
  | { state: "unread"; failure: Failure }
  /** There is one, or there are several, and none can be used. */
  | { state: "unusable"; object: ObjectRef; why: string }
  | { state: "used"; object: ObjectRef; declaration: Declaration; unused: ObjectRef[] };

/** The declaration that holds for this platform, and where it stands. */
export const declared = perWorld((world): Declared => {
  const inCluster = world.list(configMaps).filter(({ declaration }) => declaration !== undefined);
  if (world.declared) {
    const { from, document } = world.declared;
    return understood({ kind: FILE, name: from }, document, inCluster.map(refOfMap));
  }
  const failure = world.failure(configMaps);
  // Every cluster serves ConfigMaps; one that does not has no declaration.
  if (failure && failure.kind !== "not-installed") return { state: "unread", failure };
  const read = inCluster.map((map) => readMap(map));
  const own = read.filter((one) => isOf(one, world.namespace));
  const [first, ...more] = own.length > 0 ? own : read;
  if (!first) return { state: "none" };
  if (more.length === 0) return first;
  const names = listed([first, ...more].map(({ object }) => refText(object)));
  const why = `is one of several: ${names}. Choose with --namespace or --config`;
  return { state: "unusable", object: first.object, why };
});

type Read = Exclude<Declared, { state: "none" | "unread" }>;

/** The one that speaks of this namespace; else, of those that name none, the one that stands in it. */
function isOf(read: Read, namespace: string): boolean {
  const said = read.state === "used" ? read.declaration.namespace : undefined;
  return (said ?? read.object.namespace) === namespace;
}

const refOfMap = (map: ConfigMap) => refOf("ConfigMap", map);

function readMap(map: ConfigMap): Read {
  const { why, document } = map.declaration ?? {};
  const object = refOfMap(map);
  return why === undefined
    ? understood(object, document, [])
    : { state: "unusable", object, why: `cannot be used: ${why}` };
}

function understood(object: ObjectRef, document: unknown, unused: ObjectRef[]): Read {
  try {
    return { state: "used", object, declaration: readDeclaration(document), unused };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { state: "unusable", object, why: `cannot be used: ${error.message.trim()}` };
  }
}

/** The declaration, when there is one that can be used. */
export function declaration(world: World): Declaration | undefined {
  const found = declared(world);
  return found.state === "used" ? found.declaration : undefined;
}

/** The platform's own namespace, where that is declared. */
export function declaredHome(world: World): string | undefined {
  return declaration(world)?.namespace;
}

/** What is declared of a role. */
export function declaredRole(world: World, role: RoleName): DeclaredRole | undefined {
  return declaration(world)?.roles.get(role);
}

/** The time that a check allows here, in seconds. */
export function threshold(world: World, name: ThresholdName): number {
  return declaration(world)?.thresholds.get(name) ?? THRESHOLDS[name].seconds;
}

/** UTF-16 units of the reason why something is muted. */
const LONGEST_REASON = 200;

/** What is declared to be known, in every report that is made of this cluster. */
export function mutings(world: World): Muting[] {
  return (declaration(world)?.muted ?? []).map(({ check, object = "*", reason, until }) => ({
    check,
    object,
    reason: quote(reason, [], LONGEST_REASON),
    until,
  }));
}
