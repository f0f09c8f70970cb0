/**
 * The report as a zod schema: what docs/schema/report.v1.json is generated from and what tests validate with.
 * Nothing on the way of a health run imports it; `schemaAgreesWithTypes` below keeps it and the types of report.ts one.
 */
import { z } from "zod";
import type { ShellCommand } from "./model.ts";
import type { Report } from "./report.ts";

const status = z.enum(["ok", "skipped", "warning", "unknown", "critical"])
  .describe("From best to worst for reading. unknown: could not be read. skipped: does not apply.");
const verdict = z.enum(["healthy", "warning", "critical", "error"])
  .describe("The exit status 0, 1, 2 and 3. error: could not tell.");
const role = z.enum(["root", "symptom", "independent"])
  .describe("symptom: something unhealthy explains it. root: nothing does, and it is a fault.");
const confidence = z.enum(["proven", "likely"])
  .describe("likely: a step of the chain is an inference or could not be read.");
const componentName = z.string().min(1).describe("The name of a component of this report.");
const commands = z.array(z.string()).describe("Commands to run next, most useful first.");

const objectRef = z.strictObject({
  kind: z.string().min(1),
  namespace: z.string().optional().describe(
    "Absent for cluster-scoped objects and those outside Kubernetes.",
  ),
  name: z.string().min(1).describe("* stands for every object of the kind."),
}).meta({ id: "ObjectRef", description: "An object, present or absent, in Kubernetes or outside it." });

const reason = z.string().regex(/^[A-Z][A-Za-z0-9]*$/).describe(
  "One PascalCase word, stable across releases.",
);

const chainStep = z.strictObject({
  object: objectRef,
  via: z.string().describe("How the object before this one needs it, e.g. env secretKeyRef."),
  reason,
}).meta({ id: "ChainStep", description: "One step from a symptom towards its root." });

const finding = z.strictObject({
  check: z.string().min(1),
  component: componentName,
  object: objectRef,
  status,
  reason,
  message: z.string().min(1),
  observed: z.string().optional(),
  expected: z.string().optional(),
  evidence: z.string().optional().describe("Where it was read."),
  next: commands.optional(),
  role: role.optional(),
  confidence: confidence.optional(),
  chain: z.array(chainStep).optional().describe("The shortest chain to the root; symptoms only."),
  unread: z.string().min(1).optional().describe("The source that could not be read, where one could not."),
  muted: z.strictObject({ reason: z.string(), until: z.iso.date() }).optional()
    .describe("It, or what explains it, is known and may wait until that day; it is not in any status."),
}).meta({ id: "Finding", description: "What a check says of one object." });

const root = z.strictObject({
  check: z.string().min(1),
  component: componentName,
  object: objectRef,
  status,
  reason,
  message: z.string().min(1),
  confidence,
  explains: z.array(objectRef).describe("Objects whose findings this root explains, nearest first."),
  next: commands,
}).meta({ id: "Root", description: "A fault that nothing unhealthy explains, and what it explains." });

const component = z.strictObject({
  name: componentName,
  title: z.string().min(1),
  status,
  dependsOn: z.array(componentName),
  checks: z.array(finding),
}).meta({ id: "Component" });

const table = z.strictObject({
  name: z.string().min(1).describe("Stable, e.g. s3.dialect."),
  title: z.string().min(1),
  columns: z.array(z.string()).describe("Heads, with their units."),
  rows: z.array(z.array(z.union([z.string(), z.number()]))),
  verbose: z.boolean().optional().describe("Shown to people only with --verbose."),
}).meta({
  id: "Table",
  description: "Measurements, capabilities or settings; checks say what is wrong with them.",
});

const connection = z.strictObject({
  to: z.string().min(1).describe("What it leads to."),
  url: z.string().describe("Its origin."),
  tls: z.enum(["verified", "unverified", "none"])
    .describe("unverified: TLS with a certificate that was not verified. none: plain http."),
  why: z.string().optional().describe("What turned the verification off."),
}).meta({
  id: "Connection",
  description: "A connection of the run's own, so without those through port-forwards.",
});

const filledRole = z.strictObject({
  role: z.string().min(1),
  title: z.string().min(1),
  need: z.enum(["required", "optional", "absent"]).optional().describe("As declared."),
  objects: z.array(z.strictObject({
    object: objectRef,
    by: z.string().min(1).describe("What told it, e.g. label app.kubernetes.io/name=nessie."),
    missing: z.literal(true).optional().describe("It is wanted or declared, and does not exist."),
    doubt: z.string().optional().describe("What speaks against it."),
  })),
  ambiguous: z.string().optional().describe("What could not be told, and how to settle it."),
}).meta({ id: "FilledRole", description: "A role of the platform, and what fills it." });

const platform = z.strictObject({
  namespace: z.string(),
  declaration: z.string().optional().describe("Where the declaration that is in use comes from."),
  roles: z.array(filledRole),
}).meta({ id: "Platform", description: "What the platform consists of." });

const number = z.int().min(0);

export const reportSchema = z.strictObject({
  schema: z.literal("lakecheck.report/v1"),
  command: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/)
    .describe("Of lakecheck, which judged; what was judged may have been recorded by another."),
  status: verdict,
  timestamp: z.iso.datetime().describe("When the facts were collected."),
  durationMs: number,
  context: z.string().describe("The context of the kubeconfig; empty when it is not known."),
  platform: platform.optional(),
  summary: z.strictObject({
    total: number,
    healthy: number,
    warnings: number,
    critical: number,
    unknown: number,
    skipped: number,
  }).describe("How many components have each status."),
  roots: z.array(root).describe("Ranked: what explains most comes first."),
  details: z.strictObject({
    components: z.array(component),
    tables: z.array(table).optional(),
    connections: z.array(connection).optional()
      .describe("How the API server, and what a checkpoint tried, was connected to."),
  }),
  issues: z.array(z.string()).describe("One line per root."),
}).meta({
  id: "Report",
  title: "Lakecheck report",
  description: "The one JSON document that every command prints.",
});

type Schema = z.infer<typeof reportSchema>;
/** As it stands in JSON, where a command is a string. */
type Written<T> = T extends ShellCommand ? string
  : T extends string | number | boolean | undefined ? T
  : { [K in keyof T]: Written<T[K]> };
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : never : never;

/** Does not compile unless the schema and the types of report.ts and model.ts agree both ways. */
export const schemaAgreesWithTypes: Same<Schema, Written<Report>> = true;
