/**
 * The words of the whole tool: what was read (Facts), what was found (Finding), and how objects need
 * each other (Edge). Plain data and function types only; nothing here does I/O.
 */

/** From best to worst for reading; `unknown` means "could not look", `skipped` means "does not apply". */
export type Status = "ok" | "skipped" | "warning" | "unknown" | "critical";

/** The overall words users pipe into alerting, with their exit codes 0, 1, 2, 3. */
export type Verdict = "healthy" | "warning" | "critical" | "error";

/** An object, present or absent, in Kubernetes or outside it (S3Bucket, Warehouse, APIServer ...). */
export interface ObjectRef {
  kind: string;
  /** Absent for cluster-scoped and outside objects. */
  namespace?: string;
  name: string;
}

/** The identity of an object in the graph: `Kind/namespace/name`. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace ?? ""}/${ref.name}`;
}

/** The object as people write it: `Secret data-platform/s3-credentials`. */
export function refText(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ""}${ref.name}`;
}

/** Why something could not be read. `not-installed`: the API server does not serve that kind. */
export type FailureKind =
  | "forbidden"
  | "unauthorized"
  | "not-installed"
  | "timeout"
  | "unreachable"
  | "certificate"
  | "malformed"
  | "server-error";

/** A read that failed; `message` is one line for people and holds no secret. */
export interface Failure {
  kind: FailureKind;
  message: string;
}

/** An object that was listed but does not have the shape its API promises. */
export interface Malformed {
  object: ObjectRef;
  message: string;
}

/** An HTTP answer of a probe. A status of 500 is an answer, not a failure to look. */
export interface Answer {
  status: number;
  body?: unknown;
}

/** What one source gave. Every source that was asked for has an entry, also when it failed. */
export type SourceResult =
  | { ok: true; items: unknown[]; malformed?: Malformed[] }
  | { ok: true; answers: Record<string, Answer> }
  | { ok: false; failure: Failure };

/** A connection that facts came over, and whether somebody on the way could have read or changed them. */
export interface Connection {
  /** What it leads to: `the API server`, `the object store`. */
  to: string;
  /** Its origin, without a user, a path or a query. */
  url: string;
  /** `unverified`: TLS with a certificate that nobody looked at. `none`: plain http. */
  tls: "verified" | "unverified" | "none";
  /** What turned the verification off. */
  why?: string;
}

/** Everything a report is made from; what `--save-facts` writes and `--facts` reads. */
export interface Facts {
  schema: "lakecheck.facts/v1";
  /** RFC 3339; ages are computed against it, so a replay judges as the first run did. */
  collectedAt: string;
  context: string;
  /** The namespace of the platform's own components. */
  namespace: string;
  /** Connections of its own, so without those through port-forwards. Absent in facts of older releases. */
  connections?: Connection[];
  /** What was given as `--config`. */
  declared?: DeclaredFile;
  /** No cluster was asked, because what was asked for needs none: what is told of a cluster is skipped. */
  noCluster?: true;
  sources: Record<string, SourceResult>;
}

/** A declaration of the platform that was read from a file. */
export interface DeclaredFile {
  /** The file's own name, without its directories. */
  from: string;
  /** What it holds, as plain values. */
  document: unknown;
}

/** Decodes the fields we keep of a value; undefined when the value is absent; throws ShapeError. */
export type Reader<T> = (value: unknown) => T | undefined;

/** A kind that is listed once, cluster-wide. */
export interface ListSource<T = unknown> {
  id: string;
  kind: string;
  /** API path of the list, with its query. */
  path: string;
  /** Ask for PartialObjectMetadata: no spec, no status, no data. */
  metadataOnly?: boolean;
  /** Other paths to try, in order, when the first answers 404 (older API versions). */
  fallbacks?: string[];
  /** Loads what `read` needs for these items, where it is not loaded for every run. */
  prepare?(items: readonly unknown[]): Promise<void>;
  /** Facts of older releases, which did not ask for it, are still read: without its list it counts as not installed. */
  later?: true;
  read: Reader<T>;
}

/** The definitions of an API group, by the path of a list: they are installed, and lost, together. */
export function definitionOf(source: ListSource): ObjectRef | undefined {
  const [, group] = source.path.match(/^\/apis\/([^/.]+\.[^/]+)\/[^/]+\/[^/?]+/) ?? [];
  if (!group || group.endsWith(".k8s.io")) return undefined;
  return { kind: "CustomResourceDefinition", name: `*.${group}` };
}

/** GETs that are made after the lists named in `after` have arrived. */
export interface ProbeSource<T = unknown> {
  id: string;
  after: ListSource[];
  /** What to ask: a name for each answer, and the API path to GET. Empty: there is nothing to ask. */
  targets(world: World): Record<string, string>;
  /** The answers are text, of which the end counts: so many UTF-16 units of it are read. */
  tail?: number;
  /** Each answer comes from somebody else: one that fails is left out, and the others are not. */
  apart?: true;
  /** Decodes the body of an answer; a body of another shape is dropped, its status kept. */
  read: Reader<T>;
}

/** What a checkpoint adds to the facts by itself: what it tried or measured. Nobody lists it. */
export interface RecordSource<T = unknown> {
  id: string;
  /** What one record is, for messages: `trials of the S3 checkpoint`. */
  records: string;
  /** Decodes one record, also what a checkpoint has just made: a replay sees what the first run saw. */
  read: Reader<T>;
}

export type Source = ListSource | ProbeSource | RecordSource;

export function isList(source: Source): source is ListSource {
  return "kind" in source;
}

export function isProbe(source: Source): source is ProbeSource {
  return "after" in source;
}

export function isRecord(source: Source): source is RecordSource {
  return "records" in source;
}

/** Facts seen by checks and edges: typed, and honest about what could not be read. */
export interface World {
  /** Milliseconds since the epoch at which the facts were collected. */
  now: number;
  namespace: string;
  /** The declaration of the platform that was given as a file. */
  declared?: DeclaredFile;
  /** The objects of a kind; empty when the source failed (then `failure` says why). */
  list<T>(source: ListSource<T>): T[];
  get<T>(source: ListSource<T>, namespace: string | undefined, name: string): T | undefined;
  /** The answers by the names of their targets; empty when the source failed or had nothing to ask. */
  answers<T>(source: ProbeSource<T>): Record<string, { status: number; body?: T }>;
  /** What a checkpoint recorded; empty when it could not (then `failure` says why). */
  records<T>(source: RecordSource<T>): T[];
  failure(source: Source): Failure | undefined;
  /** The lists by the kind of their objects; of a kind that several components list, the first. */
  kinds: ReadonlyMap<string, ListSource>;
  /** What is known of an object; undefined when nobody lists its kind. */
  presence(ref: ObjectRef): Presence | undefined;
  /** What a judge says of an object. It runs once, whoever asks; an object that is being judged is taken to be healthy. */
  judge<T>(check: KindCheck<T>, object: T): Judgement | undefined;
  /** What all judges of its kind say of an object that is there. */
  judged(ref: ObjectRef): Judgement[];
}

/** `unread`: its list could not be read, or it has not the shape that its API promises. */
export type Presence = "present" | "absent" | "unread";

/** Whether the object is known not to exist: its kind could be listed, and it was not there. */
export function isAbsent(world: World, ref: ObjectRef): boolean {
  return world.presence(ref) === "absent";
}

declare const pastable: unique symbol;

/** A line that is safe to paste into a shell. Only the tag `command` of shell.ts makes one; in JSON it is a string. */
export type ShellCommand = string & { readonly [pastable]: true };

/** What a judge says of one object. */
export interface Judgement {
  status: Status;
  /** One PascalCase word, stable across releases. */
  reason: string;
  /** A sentence. Of a KindCheck what follows the object's name: `is scaled to zero`. */
  message: string;
  observed?: string;
  expected?: string;
  /** Where it was read, e.g. `status.conditions[Ready]`. */
  evidence?: string;
  /** Commands, most useful first. */
  next?: ShellCommand[];
  /** The id of the source that could not be read, which is why this could not be looked at. */
  unread?: string;
}

/** A judgement with the object that it is about. */
export interface ObjectJudgement extends Judgement {
  object: ObjectRef;
}

/** `root`: nothing unhealthy explains it. `symptom`: something does. `independent`: neither. */
export type Role = "root" | "symptom" | "independent";

export type Confidence = "proven" | "likely";

/** One step of a chain from a symptom to its root. */
export interface ChainStep {
  object: ObjectRef;
  /** How the object before this one needs it, e.g. `env secretKeyRef`; empty for the first. */
  via: string;
  reason: string;
}

/** A judgement with its place; what every format renders. */
export interface Finding extends ObjectJudgement {
  check: string;
  component: string;
  role?: Role;
  confidence?: Confidence;
  /** The shortest chain to the root that explains it, beginning with this object; symptoms only. */
  chain?: ChainStep[];
  /** The declaration of the platform says that it is known and may wait, or that what explains it may. */
  muted?: Muted;
}

export interface Muted {
  reason: string;
  /** `2026-12-31`: the last day, in UTC. */
  until: string;
}

/** Which findings are muted: of these checks, about these objects; `*` stands for any run of characters. */
export interface Muting extends Muted {
  check: string;
  /** As `refText` writes it. */
  object: string;
}

/** What fills a role of the platform, and what is expected to. */
export interface FilledRole {
  role: string;
  title: string;
  /** As declared; absent where nothing is declared. */
  need?: "required" | "optional" | "absent";
  objects: {
    object: ObjectRef;
    /** What told it: `label app.kubernetes.io/name=nessie`. */
    by: string;
    /** It is wanted or declared, and does not exist. */
    missing?: true;
    /** What speaks against it: `image ghcr.io/acme/web:1`. */
    doubt?: string;
  }[];
  /** What could not be told, and how to settle it. */
  ambiguous?: string;
}

/** What the platform consists of. */
export interface PlatformDescription {
  namespace: string;
  /** Where the declaration that is in use comes from; absent where there is none. */
  declaration?: string;
  roles: FilledRole[];
}

/**
 * `from` needs `to`. The edge explains a finding on `from` only if the finding's reason is in
 * `explains`, and only when `to` itself is unhealthy or absent.
 */
export interface Edge {
  from: ObjectRef;
  to: ObjectRef;
  via: string;
  explains: readonly string[] | "any";
  /** It also explains, whatever the reason, that `from` could not be looked at. */
  unknown?: boolean;
  /** The edge is an inference (a naming rule, a text in a message): chains through it are `likely`. */
  inferred?: boolean;
  /** The need is optional: an absent `to` is not a fault. */
  optional?: boolean;
  /** Only these reasons of `to` explain; default: every reason. */
  because?: readonly string[];
  /** `from` waits for the whole of `to`, so that even a warning there explains what is critical here. */
  decisive?: boolean;
}

/**
 * The reason of an `ok` judgement that says: on its way, inside its time. Such an object is no fault, but what waits
 * for it waits for whatever it waits for, so diagnosis passes through it.
 */
export const IN_PROGRESS = "Progressing";

/** Checks of no component: what something needs is not there, a source or the API server could not be read. */
export const ENGINE_CHECKS = {
  missing: "graph.missing",
  unread: "sources.read",
  api: "kubernetes.api",
} as const;

/** Reasons of objects that are not there. */
export const GONE = ["Missing", "NotFound"] as const;

/** Who makes an object, or would have: an edge from that object, which explains that it is not there. */
export interface Maker extends Omit<Edge, "from" | "explains"> {
  /** Default: that it is not there. */
  explains?: Edge["explains"];
}

/** The words that somebody else writes into a status, and what is said of each. A word that is not in it is unknown. */
export interface WordTable {
  /** Where they stand, e.g. `status.phase`. */
  field: string;
  /** The page that lists them. */
  source: string;
  words: readonly (readonly [word: string, verdict: string])[];
}

/** Judges every object of a kind; `undefined` means it is fine. */
export interface KindCheck<T = unknown> {
  id: string;
  title: string;
  /** One paragraph for docs/checks.md: what is judged and why. */
  explain: string;
  source: ListSource<T>;
  /** Other sources the judge reads; when one failed, this check is unknown. A kind that is not installed has no objects. */
  also?: Source[];
  /** Whether the object is of this platform; of one that is not, nothing is said. Default: all are. */
  concerns?(object: T, world: World): boolean;
  /** Sources without which nothing can be called ok; what is found bad stands without them. */
  okNeeds?: Source[];
  /** The component that the object belongs to. */
  component(object: T, world: World): string;
  /** Whether a check of its component says what the judge says of this object, so that it is not said twice. */
  saidElsewhere?(object: T, world: World): boolean;
  /** Every word that is written into the status of its objects, for docs/checks.md. */
  words?: readonly WordTable[];
  ref(object: T): ObjectRef;
  judge(object: T, world: World): Judgement | undefined;
}

/** A check of a component as a whole: it says ok, bad or skipped, never nothing. */
export interface Check {
  id: string;
  title: string;
  explain: string;
  needs: Source[];
  /** Sources without which nothing can be called ok; what is found bad stands without them. */
  okNeeds?: Source[];
  /** What to answer when a needed kind is not installed; default: skipped. */
  whenNotInstalled?: "skipped" | "critical";
  /** The object the check is about, also when it could not be read. */
  object(world: World): ObjectRef;
  run(world: World): (Judgement & { object?: ObjectRef })[];
}

/** What we know of one part of the platform: its sources, checks and edges. */
export interface Component {
  name: string;
  title: string;
  /** Names of the components it stands on. */
  dependsOn: string[];
  sources: Source[];
  /** Of a part of the lakehouse: where it runs. The first component that knows tells the platform's own namespace. */
  home?(world: World): string[];
  /** The platform's own namespace, where that is declared: it goes before what was found. */
  declaredHome?(world: World): string | undefined;
  /** Namespaces that belong to the platform because this component lives there. */
  namespaces(world: World): string[];
  kinds: KindCheck[];
  checks: Check[];
  /** Commands that help when an object of one of its kinds is needed and does not exist. */
  whenMissing?: Record<string, (ref: ObjectRef, world: World) => ShellCommand[]>;
  /** Commands that show what of its kinds makes objects here; none where it is not in use. */
  makersShown?(world: World): ShellCommand[];
  edges(world: World): Edge[];
  /**
   * Who writes the status that these checks believe, where it does not run: what they call ok is then unknown. `checks`
   * are ids, also of other components.
   */
  silent?(world: World): { checks: readonly string[]; by: ObjectRef }[];
  /**
   * What is there in place of an object that is missing, by its nature and not by its name, as a clause for people: `the
   * default StorageClass is fast`. Asked for faults only.
   */
  instead?(ref: ObjectRef, world: World): string[];
  /** What of its kinds makes this object, or would have, by what it declares or by a rule of names. */
  makers?(ref: ObjectRef, world: World): Maker[];
  /** What is to be read as a table: measurements, capabilities, settings. */
  tables?(world: World, findings: readonly Finding[]): Table[];
  /** What the platform consists of. One component knows. */
  platform?(world: World): PlatformDescription;
  /** Findings that are known and may wait. */
  muted?(world: World): Muting[];
}

/** A table of the report; what it holds was judged by checks, which say what is wrong with it. */
export interface Table {
  /** Stable, e.g. `s3.dialect`. */
  name: string;
  title: string;
  /** Heads with their units: `p95 ms`. */
  columns: string[];
  rows: (string | number)[][];
  /** Shown by `--verbose` only; in JSON always. */
  verbose?: boolean;
}
