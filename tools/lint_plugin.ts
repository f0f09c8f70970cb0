/**
 * The architecture as lint rules: which way imports go, and which rooms may touch the world outside.
 * ARCHITECTURE.md says why. lab/, tools/ and tests/ are free.
 */
import { apiPath } from "./lint/api_path.ts";
import { cutAfterRedact } from "./lint/cut_after_redact.ts";
import { expressionSource } from "./lint/expression_source.ts";
import { jsonParse } from "./lint/json_parse.ts";
import { nessieOwnReference } from "./lint/nessie_own_reference.ts";
import { oneWriter } from "./lint/one_writer.ts";
import { ownLookup } from "./lint/own_lookup.ts";
import { patientTests } from "./lint/patient_tests.ts";
import { writtenComments } from "./lint/written_comments.ts";
import { s3Deletes } from "./lint/s3_deletes.ts";
import { shellCommands } from "./lint/shell_commands.ts";

interface Room {
  name: string;
  /** Files of the room, as paths from the root of the repository. */
  files: RegExp;
  /** Rooms whose values may be imported; types may come from `types` too. */
  uses: readonly string[];
  types?: readonly string[];
  /** Packages and node: modules may be imported, and files, processes and the network be touched. */
  outside?: boolean;
}

/** The first room whose pattern fits is the room of a file. */
const ROOMS: readonly Room[] = [
  { name: "errors", files: /^lib\/errors\.ts$/, uses: [], types: ["model"] },
  { name: "path", files: /^lib\/api_path\.ts$/, uses: ["errors"] },
  { name: "model", files: /^lib\/model\.ts$/, uses: [] },
  { name: "shell", files: /^lib\/shell\.ts$/, uses: [], types: ["model"] },
  { name: "shape", files: /^lib\/shape\.ts$/, uses: [], types: ["model"] },
  /** What every room may use: pure, and of no subject. */
  { name: "basics", files: /^lib\/(?:(?:text|json|lookup|written|code)\.ts$|redact\/)/, uses: ["basics"] },
  { name: "report", files: /^lib\/report\.ts$/, uses: ["model"] },
  { name: "schema", files: /^lib\/report_schema\.ts$/, uses: ["report", "model"], outside: true },
  {
    name: "disk",
    files: /^lib\/(?:facts_file|atomic_file|terminal)\.ts$/,
    uses: ["disk", "errors", "model"],
    outside: true,
  },
  {
    name: "cli",
    files: /^lib\/(?:cli|flags|rights)\.ts$/,
    uses: ["cli", "engine", "world", "render", "clients", "disk", "report", "shell", "errors", "model"],
    outside: true,
  },
  {
    name: "clients",
    files: /^lib\/clients\//,
    uses: ["clients", "shape", "shell", "errors", "model", "path"],
    types: ["engine"],
    outside: true,
  },
  { name: "world", files: /^lib\/world\.ts$/, uses: ["shape", "model"] },
  { name: "iceberg", files: /^lib\/iceberg\//, uses: ["iceberg", "shape", "errors", "model"] },
  {
    name: "components",
    files: /^lib\/components\//,
    uses: ["components", "shape", "shell", "errors", "model", "path"],
    types: ["clients"],
  },
  {
    name: "procedures",
    files: /^lib\/onepassword\//,
    uses: [
      "procedures",
      "components",
      "clients",
      "engine",
      "world",
      "cli",
      "disk",
      "report",
      "path",
      "shape",
      "shell",
      "errors",
      "model",
    ],
    outside: true,
  },
  {
    name: "checkpoints",
    files: /^lib\/checkpoints\//,
    uses: [
      "checkpoints",
      "components",
      "clients",
      "iceberg",
      "parquet",
      "engine",
      "world",
      "cli",
      "disk",
      "report",
      "path",
      "shape",
      "shell",
      "errors",
      "model",
    ],
    outside: true,
  },
  { name: "parquet", files: /^lib\/parquet\//, uses: [] },
  { name: "render", files: /^lib\/render\//, uses: ["render", "report", "errors", "model"] },
  {
    name: "engine",
    files: /^lib\//,
    uses: ["engine", "world", "report", "shape", "shell", "errors", "model"],
  },
  { name: "scripts", files: /^scripts\//, uses: ["cli", "components", "procedures", "checkpoints"] },
];

const ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname);

/** Members of Deno that neither read nor change anything outside the process. */
const HARMLESS = new Set(["errors", "build", "version", "args"]);
const REACHING = new Set([
  "Deno",
  "globalThis",
  "fetch",
  "WebSocket",
  "EventSource",
  "Worker",
  "console",
  "process",
]);

function pathOf(file: string): string {
  const path = file.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\/+/, "");
}

function roomOf(path: string): Room | undefined {
  return ROOMS.find((room) => room.files.test(path));
}

/** Why this import may not stand in this room; undefined when it may. */
export function objection(from: string, specifier: string, typeOnly: boolean): string | undefined {
  const room = roomOf(from);
  if (!room) return undefined;
  if (!specifier.startsWith(".")) {
    return room.outside ? undefined : `${room.name} imports no packages, and ${specifier} is one`;
  }
  const to = new URL(specifier, `file:///${from}`).pathname.slice(1);
  const target = roomOf(to);
  if (!target) return `${room.name} does not import ${to}, which is no part of lib`;
  const allowed = [room.name, "basics", ...room.uses, ...typeOnly ? room.types ?? [] : []];
  if (allowed.includes(target.name) && !(room.name === "scripts" && target.name === "scripts")) {
    return undefined;
  }
  const kind = typeOnly ? "types" : "values";
  return `${room.name} does not import ${kind} from ${target.name} (${to})`;
}

const HINT = "Imports go one way: scripts → cli → engine, render → model → errors (ARCHITECTURE.md).";

const importDirection: Deno.lint.Rule = {
  create(context) {
    const from = pathOf(context.filename);
    const look = (node: Deno.lint.Node, source: unknown, typeOnly: boolean) => {
      const message = typeof source === "string" ? objection(from, source, typeOnly) : undefined;
      if (message) context.report({ node, message, hint: HINT });
    };
    return {
      ImportDeclaration(node) {
        const inlineTypes = node.specifiers.length > 0 &&
          node.specifiers.every((one) => one.type === "ImportSpecifier" && one.importKind === "type");
        look(node, node.source.value, node.importKind === "type" || inlineTypes);
      },
      ExportNamedDeclaration(node) {
        if (node.source) look(node, node.source.value, node.exportKind === "type");
      },
      ExportAllDeclaration(node) {
        look(node, node.source.value, node.exportKind === "type");
      },
      ImportExpression(node) {
        if (node.source.type === "Literal") look(node, node.source.value, false);
        else if (roomOf(from)) {
          context.report({
            node,
            message: "an import whose source is computed cannot be judged",
            hint: HINT,
          });
        }
      },
    };
  },
};

const outsideWorld: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(pathOf(context.filename));
    if (!room || room.outside) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `${room.name} does no I/O, and ${what} is I/O`,
        hint: "Only lib/clients, and the cli for its own files and streams, touch the world outside.",
      });
    return {
      Identifier(node) {
        if (!REACHING.has(node.name) || !isReference(node)) return;
        const { parent } = node;
        const member = parent.type === "MemberExpression" && parent.object === node
          ? memberName(parent)
          : undefined;
        if (node.name === "globalThis" && !(member && REACHING.has(member))) return;
        if (node.name === "Deno" && member && HARMLESS.has(member)) return;
        report(node, member ? `${node.name}.${member}` : node.name);
      },
    };
  },
};

/** Whether the name stands for a value, and is not a key, a member's name or part of a type. */
function isReference(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.value === node || parent.computed;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSQualifiedName":
    case "TSTypeReference":
      return false;
    default:
      return true;
  }
}

function memberName({ property }: Deno.lint.MemberExpression): string | undefined {
  if (property.type === "Identifier") return property.name;
  return property.type === "Literal" ? String(property.value) : undefined;
}

const plugin: Deno.lint.Plugin = {
  name: "lakecheck",
  rules: {
    "import-direction": importDirection,
    "outside-world": outsideWorld,
    "expression-source": expressionSource,
    "shell-commands": shellCommands,
    "written-comments": writtenComments,
    "api-path": apiPath,
    "s3-deletes": s3Deletes,
    "json-parse": jsonParse,
    "nessie-own-reference": nessieOwnReference,
    "own-lookup": ownLookup,
    "patient-tests": patientTests,
    "one-writer": oneWriter,
    "cut-after-redact": cutAfterRedact,
  },
};

export default plugin;
