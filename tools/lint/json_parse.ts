/** JSON comes from outside: it is parsed in one place, which knows how deep it may be. */

const MESSAGE = "JSON of any depth is parsed here, and what walks it comes to the end of the stack";
const HINT = "Use parseJson of lib/untrusted/json.ts.";

/** The name of a member or of a destructured property, when it stands there. */
function nameOf({ computed, node }: { computed: boolean; node: Deno.lint.Node }): unknown {
  if (node.type === "Literal") return node.value;
  return node.type === "Identifier" && !computed ? node.name : undefined;
}

function isJson(node: Deno.lint.Node | null | undefined): boolean {
  return node?.type === "Identifier" && node.name === "JSON";
}

/** `JSON.parse` and `response.json()` outside lib/untrusted/json.ts are rejected; tests, tools and the lab are free. */
export const jsonParse: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)(?:lib|scripts)\//.test(path) || path.endsWith("/lib/untrusted/json.ts")) return {};
    const report = (node: Deno.lint.Node) => context.report({ node, message: MESSAGE, hint: HINT });
    return {
      MemberExpression(node) {
        const name = nameOf({ computed: node.computed, node: node.property });
        if (isJson(node.object) && (name === "parse" || name === undefined)) report(node);
      },
      VariableDeclarator(node) {
        if (!isJson(node.init) || node.id.type !== "ObjectPattern") return;
        const taken = node.id.properties.map((one) =>
          one.type === "Property" ? nameOf({ computed: one.computed, node: one.key }) : undefined
        );
        if (taken.some((name) => name === "parse" || name === undefined)) report(node);
      },
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || node.arguments.length > 0) return;
        if (nameOf({ computed: callee.computed, node: callee.property }) === "json") report(node);
      },
    };
  },
};
