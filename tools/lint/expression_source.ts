/** Regular expressions are written down; none is made of text from elsewhere, unless it is escaped. */

/** Methods that make an expression of a string they are given. */
const MAKERS = new Set(["match", "matchAll", "search"]);

function isConstant(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name);
}

/** A part of a source that can hold nothing but what the code says, or that is escaped. */
function isSafe(node: Deno.lint.Expression | Deno.lint.SpreadElement | undefined): boolean {
  switch (node?.type) {
    case "Literal":
      return true;
    case "Identifier":
      return isConstant(node.name);
    case "MemberExpression":
      return node.property.type === "Identifier" && node.property.name === "source";
    case "TemplateLiteral":
      return node.expressions.every(isSafe);
    case "CallExpression":
      return node.callee.type === "MemberExpression" && node.callee.object.type === "Identifier" &&
        node.callee.object.name === "RegExp" && node.callee.property.type === "Identifier" &&
        node.callee.property.name === "escape";
    default:
      return false;
  }
}

function isExpression(node: Deno.lint.Expression | Deno.lint.SpreadElement | undefined): boolean {
  return node?.type === "Literal" && "regex" in node && node.regex !== undefined ||
    node?.type === "Identifier" && isConstant(node.name);
}

const MESSAGE = "a regular expression made of text can be made to hang, or to mean something else";

/** `new RegExp(text)`, `RegExp(text)`, `text.match(text)`, `.matchAll(text)` and `.search(text)` are rejected. */
export const expressionSource: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)(?:lib|scripts)\//.test(path)) return {};
    const report = (node: Deno.lint.Node) =>
      context.report({
        node,
        message: MESSAGE,
        hint: "Write the expression down, put RegExp.escape around what is inserted, or use indexOf.",
      });
    const constructed = (node: Deno.lint.NewExpression | Deno.lint.CallExpression) => {
      if (node.callee.type !== "Identifier" || node.callee.name !== "RegExp") return;
      if (!isSafe(node.arguments[0])) report(node);
    };
    return {
      NewExpression: constructed,
      CallExpression(node) {
        constructed(node);
        const { callee } = node;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (
          MAKERS.has(callee.property.name) && node.arguments.length > 0 && !isExpression(node.arguments[0])
        ) {
          report(node);
        }
      },
    };
  },
};
