/** Keeps paths of HTTP APIs from being put together anywhere but in lib/untrusted/api_path.ts, which refuses hostile names. */

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** Whether the rule applies to this file. */
export function isGuarded(file: string): boolean {
  const path = file.replaceAll("\\", "/");
  const inside = path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\/+/, "");
  return /^(?:lib|scripts)\//.test(inside) && inside !== "lib/untrusted/api_path.ts";
}

/** Beginnings of paths, and of their parts, in the APIs of Kubernetes, 1Password Connect, Nessie and Iceberg. */
const PART =
  /^\/(?:apis?|v\d\w*|namespaces|pods|services|secrets|configmaps|deployments|externalsecrets|(?:cluster)?secretstores|trees|iceberg|vaults|items|tables|views)(?:[/?]|$)/;

/** Whether a template with these texts around its values makes a path: what has spaces in it is said to people. */
export function makesPath(texts: readonly string[]): boolean {
  return !texts.some((text) => /\s/.test(text)) && texts.some((text) => PART.test(text));
}

/** Whether a template with these texts, given to a client as a path, is one that is put together. */
function isGivenPath(texts: readonly string[]): boolean {
  const [first = "", second = ""] = texts;
  return !texts.some((text) => /\s/.test(text)) &&
    (/^\//.test(first) || (first === "" && /^(?:[/?]|$)/.test(second)));
}

/** Methods of clients that take a path. `get` is a Map's too, whose keys may look so: only a leading slash tells. */
const SENDS = new Set(["send", "raw", "ask", "list", "apply", "merge", "remove"]);

const MESSAGE = "a path is put together here, and a name in it may lead elsewhere";
const HINT =
  "Use kubePath`...` or restPath`...` of lib/untrusted/api_path.ts: they check and escape every value.";

/** The texts around the values of an untagged template (String.raw is none that checks); undefined for the rest. */
function textsOf(node: Deno.lint.Node | undefined): string[] | undefined {
  if (node?.type !== "TemplateLiteral" || node.expressions.length === 0) return undefined;
  const { parent } = node;
  if (parent.type === "TaggedTemplateExpression" && parent.tag.type === "Identifier") return undefined;
  return node.quasis.map(({ cooked, raw }) => cooked ?? raw);
}

function nameOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression") return undefined;
  return node.property.type === "Identifier" ? node.property.name : undefined;
}

function literalOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  return node.type === "TemplateLiteral" ? node.quasis[0]?.cooked ?? undefined : undefined;
}

/** See the head of this file. */
export const apiPath: Deno.lint.Rule = {
  create(context) {
    if (!isGuarded(context.filename)) return {};
    const report = (node: Deno.lint.Node, message = MESSAGE) => context.report({ node, message, hint: HINT });
    const joins = (node: Deno.lint.Node, ...operands: Deno.lint.Node[]) => {
      const texts = operands.flatMap((one) => literalOf(one) ?? []);
      if (makesPath(texts)) report(node);
    };
    return {
      TemplateLiteral(node) {
        const texts = textsOf(node);
        if (texts && makesPath(texts)) report(node);
      },
      BinaryExpression(node) {
        if (node.operator === "+") joins(node, node.left, node.right);
      },
      AssignmentExpression(node) {
        if (node.operator === "+=") joins(node, node.right);
      },
      CallExpression(node) {
        const name = node.callee.type === "MemberExpression" ? nameOf(node.callee) ?? "" : "";
        if (name === "concat") joins(node, ...node.arguments);
        for (const argument of node.arguments) {
          const texts = textsOf(argument);
          if (!texts || makesPath(texts)) continue;
          if (SENDS.has(name) ? isGivenPath(texts) : name === "get" && /^\/\S*$/.test(texts[0] ?? "")) {
            report(argument);
          }
        }
      },
      Property(node) {
        const texts = textsOf(node.value);
        if (nameOf(node.key) === "path" && texts && isGivenPath(texts) && !makesPath(texts)) {
          report(node.value);
        }
      },
      Identifier(node) {
        if (/^encodeURI(?:Component)?$/.test(node.name)) {
          report(node, `${node.name} leaves "." and ".." as they are, and signatures want more escaped`);
        }
      },
    };
  },
};
