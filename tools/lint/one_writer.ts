/**
 * Only lib/cli/terminal.ts writes to stdout and stderr: it cleans what it writes, and keeps the report on one stream and all
 * that is said about the run on the other.
 */
const WRITER = /(?:^|\/)lib\/cli\/terminal\.ts$/;
const STREAMS = new Set(["stdout", "stderr"]);
/** What writes to a stream by itself. */
const WRITING = new Set(["console", "alert", "confirm", "prompt"]);
const HINT = "Use note, progress, print or confirmed of lib/cli/terminal.ts.";

function nameOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : undefined;
}

/** `Deno`, `globalThis.Deno`, `process`. */
function hasStreams(node: Deno.lint.Node): boolean {
  const name = node.type === "MemberExpression" ? nameOf(node.property) : nameOf(node);
  return name === "Deno" || name === "process";
}

/** Whether the name is used as a global is: called, or asked for a member. Where it is declared, it is neither. */
function isUse(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  if (parent.type === "MemberExpression") return parent.object === node;
  return parent.type === "CallExpression" && parent.callee === node;
}

/** A key or member of that name is no declaration. */
function isKey(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  return parent.type === "MemberExpression" ||
    parent.type === "Property" && parent.key === node && parent.value !== node && !parent.shorthand;
}

export const oneWriter: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)(?:lib|scripts)\//.test(path) || WRITER.test(path)) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `${what} writes past lib/cli/terminal.ts, which cleans what is shown`,
        hint: HINT,
      });
    const used: Deno.lint.Identifier[] = [];
    const declared = new Set<string>();
    return {
      MemberExpression(node) {
        const stream = nameOf(node.property);
        if (!stream || !STREAMS.has(stream) || !hasStreams(node.object)) return;
        const { parent } = node;
        const asked = parent.type === "MemberExpression" && parent.object === node && nameOf(parent.property);
        if (asked !== "isTerminal") report(node, `${nameOf(node.object) ?? "Deno"}.${stream}`);
      },
      VariableDeclarator(node) {
        if (node.id.type !== "ObjectPattern" || !node.init || !hasStreams(node.init)) return;
        for (const property of node.id.properties) {
          const name = property.type === "Property" ? nameOf(property.key) : undefined;
          if (name && STREAMS.has(name)) report(property, name);
        }
      },
      Identifier(node) {
        if (!WRITING.has(node.name)) return;
        if (isUse(node)) used.push(node);
        else if (!isKey(node)) declared.add(node.name);
      },
      "Program:exit"() {
        for (const node of used) if (!declared.has(node.name)) report(node, node.name);
      },
    };
  },
};
