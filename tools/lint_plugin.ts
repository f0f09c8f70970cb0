/**
 * The architecture as lint rules: which way imports go, and which parts may touch the world outside (architecture.ts is
 * the table). lab/, tools/ and tests/ are free.
 */
import { objection, partOf } from "./architecture.ts";
import { apiPath } from "./lint/api_path.ts";
import { cutAfterRedact } from "./lint/cut_after_redact.ts";
import { expressionSource } from "./lint/expression_source.ts";
import { localeCompare } from "./lint/locale_compare.ts";
import { jsonParse } from "./lint/json_parse.ts";
import { nessieOwnReference } from "./lint/nessie_own_reference.ts";
import { oneWriter } from "./lint/one_writer.ts";
import { ownLookup } from "./lint/own_lookup.ts";
import { patientTests } from "./lint/patient_tests.ts";
import { writtenNames } from "./lint/written_names.ts";
import { writtenComments } from "./lint/written_comments.ts";
import { s3Deletes } from "./lint/s3_deletes.ts";
import { shellCommands } from "./lint/shell_commands.ts";
import { shortFunctions } from "./lint/short_functions.ts";

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

const HINT = "Imports go one way: see the table in tools/architecture.ts.";

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
        else if (partOf(from)) {
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
    const part = partOf(pathOf(context.filename));
    if (!part || part.outside) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `${part.name} does no I/O, and ${what} is I/O`,
        hint:
          "Only parts that tools/architecture.ts says so of touch the world outside: lib/clients/, for one.",
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
    "written-names": writtenNames,
    "api-path": apiPath,
    "s3-deletes": s3Deletes,
    "json-parse": jsonParse,
    "locale-compare": localeCompare,
    "nessie-own-reference": nessieOwnReference,
    "own-lookup": ownLookup,
    "patient-tests": patientTests,
    "one-writer": oneWriter,
    "cut-after-redact": cutAfterRedact,
    "short-functions": shortFunctions,
  },
};

export default plugin;
