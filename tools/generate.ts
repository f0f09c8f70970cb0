/** Writes what is generated from the code: the report's JSON schema, the list of checks, the rights they need. */
import { z } from "zod";
import { partsTable } from "./architecture.ts";
import { components } from "../lib/components/mod.ts";
import { checkpoints } from "../lib/checkpoints/mod.ts";
import { doctor } from "../lib/procedures/onepassword/status/mod.ts";
import type { Component, ListSource, Source } from "../lib/engine/model.ts";
import { reportSchema } from "../lib/engine/report_schema.ts";
import { declarationSchema } from "./pages/declaration_schema.ts";
import { goalsSchema, goalsText } from "./pages/goals.ts";
import { type Tool, toolArguments } from "../lib/cli/tool.ts";
import { rbac1PasswordText } from "./pages/rbac_1password.ts";
import { trialsText } from "./pages/trials.ts";
import { faultsText, HEADER, partsText, readmeText } from "./pages/lab.ts";
import { platformText } from "./pages/platform.ts";
import { securityText } from "./pages/rights.ts";
import { wordsText } from "./pages/words.ts";
import { vendored } from "./vendored.ts";
import { firstLine, SCRIPTS, withFirstLine, withTasks } from "./tasks.ts";

/** Every generated file with its text, by path. */
export async function generated(): Promise<Map<string, string>> {
  const known = new Set(components.map(({ name }) => name));
  return new Map([
    ["deno.json", withTasks(await Deno.readTextFile("deno.json"))],
    ["docs/schema/report.v1.json", schemaText(reportSchema)],
    ["docs/schema/platform.v1.json", schemaText(declarationSchema)],
    ["docs/schema/goals.v1.json", schemaText(goalsSchema)],
    ["docs/data-platform/goals.json", goalsText(HEADER)],
    ["docs/checks.md", checksText([...components, ...doctor.filter(({ name }) => !known.has(name))])],
    ["docs/trials.md", trialsText(HEADER)],
    ["lib/components/platform/other_checks.ts", otherChecksText()],
    ["docs/rbac.yaml", rbacText(components)],
    ["docs/rbac-1password.yaml", await rbac1PasswordText(HEADER)],
    ["docs/lab-faults.md", faultsText()],
    ["docs/lab-parts.md", partsText()],
    ["docs/platform.md", await platformText()],
    ["docs/security.md", await securityText()],
    ["README.md", await readmeText()],
    ["ARCHITECTURE.md", await architectureText()],
    ...await Promise.all(Object.keys(SCRIPTS).map(scriptText)),
    ...await vendored(),
  ]);
}

/** The ids of the checks that health does not run: a declaration can mute them, too. */
function otherChecksText(): string {
  const ids = (all: readonly Component[]) =>
    all.flatMap(({ kinds, checks }) => [...kinds, ...checks].map(({ id }) => id));
  const known = new Set(ids(components));
  const others = new Set(ids([...doctor, ...checkpoints.flatMap(({ reported }) => reported())]));
  const lines = [...others].filter((id) => !known.has(id)).toSorted().map((id) => `  "${id}",`);
  return [
    `// ${HEADER}`,
    "/** The checks of the commands that are not health, which a declaration can mute as well. */",
    "export const OTHER_CHECKS: readonly string[] = [",
    ...lines,
    "];",
    "",
  ].join("\n");
}

const PARTS = /(<!-- parts: .* -->\n)[^]*?(<!-- end of parts -->)/;

async function architectureText(): Promise<string> {
  return (await Deno.readTextFile("ARCHITECTURE.md")).replace(
    PARTS,
    (_, from, to) => `${from}\n${partsTable()}\n\n${to}`,
  );
}

async function scriptText(path: string): Promise<[string, string]> {
  return [path, withFirstLine(await Deno.readTextFile(path), firstLine(path))];
}

function schemaText(described: z.ZodType): string {
  const schema = z.toJSONSchema(described, { io: "input" });
  return JSON.stringify({ $comment: HEADER, ...schema }, null, 2) + "\n";
}

/** The checks as a page: a section a component, an entry a check. */
export function checksText(all: readonly Component[]): string {
  const total = all.flatMap((component) => [...component.kinds, ...component.checks]).length;
  const lines = [
    `<!-- ${HEADER} -->`,
    "# What is checked",
    "",
    `${total} checks of ${all.length} components. A check that cannot read what it needs is \`unknown\`, never \`ok\`.`,
    "What objects need of each other is in `edges` of the same components: it tells causes from symptoms.",
  ];
  for (const component of all) {
    lines.push("", `## ${component.title} (\`${component.name}\`)`, "");
    if (component.dependsOn.length > 0) {
      lines.push(`Stands on ${component.dependsOn.map((name) => `\`${name}\``).join(", ")}.`, "");
    }
    for (const check of component.kinds) {
      const reads = readText([check.source, ...check.also ?? []]);
      lines.push(
        `- **${check.title}** (\`${check.id}\`, every ${check.source.kind}): ${check.explain} ${reads}`,
      );
    }
    for (const check of component.checks) {
      lines.push(
        `- **${check.title}** (\`${check.id}\`): ${check.explain} ${readText(check.needs)}`.trimEnd(),
      );
    }
  }
  return lines.join("\n") + "\n" + wordsText(all) + pathsText(all);
}

function readText(sources: readonly Source[]): string {
  const names = [...new Set(sources.map((source) => "kind" in source ? source.kind : source.id))];
  return names.length > 0 ? `Reads ${names.join(", ")}.` : "";
}

function pathsText(all: readonly Component[]): string {
  const rows = listSources(all).map((source) =>
    `| ${source.kind} | \`${source.path}\` | ${
      source.metadataOnly ? "metadata only" : "the fields that are kept"
    } |`
  );
  const probes = [
    ...new Set(all.flatMap((c) => c.sources).filter((s) => !("kind" in s)).map((source) => source.id)),
  ];
  return [
    "",
    "## What a run reads",
    "",
    "Each list once, cluster-wide. `rbac.yaml` beside this page grants exactly this.",
    "",
    "| kind | path | kept |",
    "|---|---|---|",
    ...rows,
    "",
    `And these GETs, through the API server: ${probes.map((id) => `\`${id}\``).join(", ")}.`,
    "",
  ].join("\n");
}

function listSources(all: readonly Component[]): ListSource[] {
  const lists = all.flatMap((component) => component.sources).filter((source): source is ListSource =>
    "kind" in source
  );
  return [...new Map(lists.map((source) => [source.id, source])).values()].toSorted((a, b) =>
    a.path < b.path ? -1 : 1
  );
}

/** A ClusterRole with what a health run asks for and no more, and its binding to a group. */
export function rbacText(all: readonly Component[]): string {
  const groups = new Map<string, Set<string>>();
  for (const source of listSources(all)) {
    for (const path of [source.path, ...source.fallbacks ?? []]) {
      const { group, resource } = resourceOf(path);
      groups.set(group, (groups.get(group) ?? new Set()).add(resource));
    }
  }
  const rules = [...groups].toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([group, resources]) =>
    rule(`apiGroups: [${JSON.stringify(group)}]`, [...resources].toSorted(), "list")
  );
  const metadata = listSources(all).filter((source) => source.metadataOnly).map((source) => source.kind).join(
    ", ",
  );
  return [
    `# ${HEADER}`,
    "# What `deno task data-platform:health` may do: read, and nothing else.",
    `# Of these only metadata is asked for: ${metadata}. Kubernetes cannot grant that alone; the audit log shows it.`,
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRole",
    "metadata:",
    "  name: lakecheck-health",
    "rules:",
    ...rules,
    "  # Nessie, Connect and the object store are asked through the API server's service proxy.",
    ...rule('apiGroups: [""]', ["services/proxy"], "get"),
    "  # A pod is asked itself where somebody wrote the endpoints of its Service, as Rook does for external gateways.",
    ...rule('apiGroups: [""]', ["pods/proxy"], "get"),
    "  # The last lines of what fails are searched for known words; no line is kept.",
    ...rule('apiGroups: [""]', ["pods/log"], "get"),
    '  - nonResourceURLs: ["/livez", "/readyz", "/version"]',
    "    verbs: [get]",
    "---",
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRoleBinding",
    "metadata:",
    "  name: lakecheck-health",
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    "  kind: ClusterRole",
    "  name: lakecheck-health",
    "subjects:",
    "  - apiGroup: rbac.authorization.k8s.io",
    "    kind: Group",
    "    name: lakecheck-health",
    "",
  ].join("\n");
}

function rule(groups: string, resources: readonly string[], verb: string): string[] {
  return [
    `  - ${groups}`,
    "    resources:",
    ...resources.map((name) => `      - ${name}`),
    `    verbs: [${verb}]`,
  ];
}

function resourceOf(path: string): { group: string; resource: string } {
  const match = /^\/(?:api|apis\/([^/]+))\/v[^/]+\/(?:namespaces\/[^/]+\/)?([^/?]+)/.exec(path);
  if (!match?.[2]) throw new Error(`${path} is not the path of a list`);
  return { group: match[1] ?? "", resource: match[2] };
}

async function isFresh(path: string, text: string): Promise<boolean> {
  return await Deno.readTextFile(path).then((found) => found === text, () => false);
}

const GENERATE: Tool = {
  name: "generate",
  summary: "Writes what is generated: pages and tables, the tasks of deno.json, first lines of scripts.",
  flags: { check: { help: "write nothing; say what is not as the code says" } },
  exits: { "1": "--check: something is not as the code says" },
};

if (import.meta.main) {
  const { given } = await toolArguments(GENERATE, Deno.args);
  let stale = 0;
  for (const [path, text] of await generated()) {
    if (await isFresh(path, text)) continue;
    if (given.has("check")) {
      stale++;
      console.error(`${path} is not what the code says. Next: deno task generate`);
      continue;
    }
    if (path.includes("/")) await Deno.mkdir(path.replace(/\/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text);
    console.log(`wrote ${path}`);
  }
  Deno.exit(stale > 0 ? 1 : 0);
}
